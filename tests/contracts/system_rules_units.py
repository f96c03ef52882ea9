"""What may happen in a life to units: the secondary market, transfers, encumbrances, the powers of officers."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.contracts.market import (
    OFFER_OPEN,
    PRICE,
)
from tests.contracts.system import (
    ARREST,
    COMPLIANCE,
    DAY,
    FREEZE,
    LOCKUP,
    ORDER,
    PLEDGE,
    REGISTRAR,
)
from tests.contracts.system_life import DOCUMENT, REASON, Deed
from tests.contracts.system_rules_people import PeopleRules, chance, few, officers, rarely

DATES_AT_MOST = 8


class UnitRules(PeopleRules):
    """Holders, venues and officers move or bind units."""

    # --- secondary market --------------------------------------------------------------------------------------------

    @rule(
        data=chance,
        units=few,
        price=st.sampled_from([1, PRICE - 1, PRICE, 2 * PRICE]),
        minimum=st.sampled_from([1, 1, 5]),
        hours=st.sampled_from([24 * 30, 24 * 30, 48, 1]),
        addressed=rarely,
    )
    def offer(self, data: Any, units: int, price: int, minimum: int, hours: int, addressed: bool) -> None:
        address, _ = self.token(data)
        who, until = self.holder(data, address), self.now + hours * 3_600
        buyer = self.seats[0] if addressed else "0x" + "0" * 40
        deed: Deed = lambda w: w.exchange.offer(w.tokens[address], who, units, price, minimum, until, buyer)  # noqa: E731  # as above
        facts = (address, units, price, minimum, buyer, until, DOCUMENT)
        self.act(deed, self.system.exchange.offer, *facts, sender=who)

    @rule(data=chance, units=st.integers(1, 6), price=st.sampled_from([1, PRICE - 1, PRICE]))
    def trade(self, data: Any, units: int, price: int) -> None:
        """An offer that is accepted in part at once: by chance alone the two would hardly meet."""
        address, _ = self.token(data)
        seller, until, known = self.holder(data, address), self.now + 30 * DAY, len(self.world.exchange.offers)
        nobody, room = "0x" + "0" * 40, self.system.exchange
        facts = (address, units, price, 1, nobody, until, DOCUMENT)
        made: Deed = lambda w: w.exchange.offer(w.tokens[address], seller, units, price, 1, until)  # noqa: E731  # as above
        self.act(made, room.offer, *facts, sender=seller)
        if len(self.world.exchange.offers) > known:
            number, buyer = known + 1, self.seated(data)
            taken = (units + 1) // 2
            accepted: Deed = lambda w: w.exchange.accept(number, buyer, taken)  # noqa: E731  # as above
            self.act(accepted, room.accept, number, taken, DOCUMENT, sender=buyer)

    @precondition(lambda self: any(one.state == OFFER_OPEN for one in self.world.exchange.offers))
    @rule(data=chance, units=st.one_of(st.just(0), few), all_of_it=st.booleans())
    def accept(self, data: Any, units: int, all_of_it: bool) -> None:
        known = [n for n, one in enumerate(self.world.exchange.offers, start=1) if one.state == OFFER_OPEN]
        number, who = data.draw(st.sampled_from(known)), self.seated(data)
        taken = self.world.exchange.offers[number - 1].units if all_of_it else units
        deed: Deed = lambda w: w.exchange.accept(number, who, taken)  # noqa: E731  # as above
        self.act(deed, self.system.exchange.accept, number, taken, DOCUMENT, sender=who)

    @precondition(lambda self: self.world.exchange.offers)
    @rule(data=chance, expire=st.booleans(), mine=st.booleans())
    def end_offer(self, data: Any, expire: bool, mine: bool) -> None:
        number = data.draw(st.integers(1, len(self.world.exchange.offers)))
        room = self.system.exchange
        who = self.world.exchange.offers[number - 1].seller if mine else self.people.stranger
        if expire:
            self.act(lambda w: w.exchange.expire(number), room.expire, number, sender=who)
        else:
            self.act(lambda w: w.exchange.withdraw(number, who), room.withdraw, number, sender=who)

    # --- holders and officers ----------------------------------------------------------------------------------------

    @rule(data=chance, units=few)
    def transfer(self, data: Any, units: int) -> None:
        address, contract = self.token(data)
        source, to = self.holder(data, address), self.seated(data)
        self.act(lambda w: w.tokens[address].transfer(source, to, units), contract.transfer, to, units, sender=source)

    @rule(
        data=chance,
        units=few,
        kind=st.sampled_from([ORDER, PLEDGE, LOCKUP, LOCKUP, ARREST, FREEZE]),
        days=st.integers(-1, 20),
    )
    def encumber(self, data: Any, units: int, kind: int, days: int) -> None:
        address, contract = self.token(data)
        holder, until = self.holder(data, address), self.now + days * DAY
        facts = (holder, kind, units, until, DOCUMENT)
        by = {LOCKUP: holder, FREEZE: self.people.compliance1}.get(kind, self.people.stranger)

        def deed(w: Any) -> None:
            if kind == ORDER:
                w.tokens[address].encumber(holder, kind, units, until, by) if not units else w.role(by, REGISTRAR)
            else:
                w.tokens[address].encumber(holder, kind, units, until, by)

        if kind in {PLEDGE, ARREST}:
            by = self.system.contract("FourEyes").address
            self.eyes(REGISTRAR, deed, contract, contract.encumber, *facts)
        else:
            self.act(deed, contract.encumber, *facts, sender=by)

    @precondition(lambda self: any(token.lots for token in self.world.tokens.values()))
    @rule(data=chance, units=few, how=officers)
    def release(self, data: Any, units: int, how: str) -> None:
        address = data.draw(st.sampled_from([at for at, token in self.world.tokens.items() if token.lots]))
        token, contract = self.world.tokens[address], self.chain.token(address)
        number = data.draw(st.sampled_from(sorted(token.lots)))
        kind, facts = token.lots[number].kind, (number, units)
        release: Deed = lambda w: w.tokens[address].release(*facts)  # noqa: E731  # as above
        if kind == FREEZE:
            unfreeze: Deed = lambda w: w.tokens[address].unfreeze(*facts)  # noqa: E731  # as above
            self.eyes(COMPLIANCE, unfreeze, contract, contract.unfreeze, *facts, how=how)
        elif kind in {PLEDGE, ARREST}:
            self.eyes(REGISTRAR, release, contract, contract.release, *facts, how=how)
        elif kind == LOCKUP:
            self.act(release, contract.release, *facts, sender=self.people.stranger)

    @rule(data=chance, units=few, bypass=st.booleans(), burn=st.sampled_from([False, False, True]), how=officers)
    def force(self, data: Any, units: int, bypass: bool, burn: bool, how: str) -> None:
        address, contract = self.token(data)
        source, to = self.anybody(data), "0x" + "0" * 40 if burn else self.anybody(data)
        deed: Deed = lambda w: w.tokens[address].force(source, to, units, bypass=bypass)  # noqa: E731  # as above
        if burn:
            self.eyes(REGISTRAR, deed, contract, contract.forcedBurn, source, units, REASON, DOCUMENT, how=how)
        else:
            function = contract.overload("forcedTransfer(address,address,uint64,bool,bytes32,bytes32)")
            self.eyes(REGISTRAR, deed, contract, function, source, to, units, bypass, REASON, DOCUMENT, how=how)

    @rule(data=chance, units=few)
    def freeze_amount(self, data: Any, units: int) -> None:
        address, contract = self.token(data)
        holder = data.draw(st.sampled_from(self.seats))
        deed: Deed = lambda w: w.tokens[address].freeze_amount(holder, units)  # noqa: E731  # as above
        if units < self.world.tokens[address].frozen.get(holder, 0):
            self.eyes(COMPLIANCE, deed, contract, contract.setFrozenTokens, holder, units)
        else:
            self.act(deed, contract.setFrozenTokens, holder, units, sender=self.people.compliance2)

    @rule(data=chance, how=officers, now=rarely)
    def pause_or_resume(self, data: Any, how: str, now: bool) -> None:
        address, contract = self.token(data)
        paused = now and not self.world.tokens[address].paused
        deed: Deed = lambda w: setattr(w.tokens[address], "paused", paused)  # noqa: E731  # as above
        self.eyes(REGISTRAR, deed, contract, contract.setPaused, paused, how=how)

    @rule(data=chance, days=st.integers(0, 30))
    def append_record_date(self, data: Any, days: int) -> None:
        address, contract = self.token(data)
        moment = self.now + days * DAY
        if len(self.world.tokens[address].dates) < DATES_AT_MOST:
            deed: Deed = lambda w: w.tokens[address].append_record_date(moment)  # noqa: E731  # as above
            self.eyes(REGISTRAR, deed, contract, contract.appendRecordDate, moment)
