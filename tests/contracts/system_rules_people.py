"""What may happen in a life to participants, to rubles and in the primary market."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.contracts.market import (
    OPEN,
    PRICE,
    SETTLING,
    SUSPENDED,
)
from tests.contracts.model_markets import Sale
from tests.contracts.system import (
    ACTIVE,
    BLOCKED,
    COMPLIANCE,
    DAY,
    FREE,
    LIMIT,
    QUAL,
)
from tests.contracts.system_end import SystemEnd
from tests.contracts.system_life import DOCUMENT, REASON, Deed

ISSUES_AT_MOST = 3

seats = st.integers(0, 3)
some = st.one_of(st.integers(1, 40), st.sampled_from([100, 300, 600, 601]))
few = st.one_of(st.integers(1, 20), st.integers(0, 120))
officers = st.sampled_from(["right"] * 8 + ["same", "wrong approver", "wrong proposer"])
rarely = st.sampled_from([False, False, False, True])
chance = st.data()


class PeopleRules(SystemEnd):
    """Participants, rubles, sales; and the helpers of all rules."""

    # --- helpers -----------------------------------------------------------------------------------------------------

    def terms(self, access_class: int, allocation: int, burns: bool, locked: int, maximum: int) -> Any:
        """Terms of an issue whose sale ends in five days and whose record dates are 15, 30 and 60 days off."""
        now = self.now
        dates = [now + days * DAY for days in (15, 30, 60)]
        terms = {
            "maximumUnits": maximum,
            "accessClass": access_class,
            "lockedUntil": now + locked * DAY if locked else 0,
            "maturity": dates[-1] + DAY,
            "burnOnIssuerAcquire": burns,
            "recordDates": dates,
        }
        sale = {
            "minimumUnits": 5,
            "orderMax": maximum,
            "startsAt": now,
            "endsAt": now + 5 * DAY,
            "creditingAt": now + 6 * DAY,
            "allocation": allocation,
        }
        return terms, sale

    def sale(self, number: int) -> tuple[bytes, Sale]:
        known = list(self.world.placement.sales.items())
        return known[number % len(known)]

    def place(self, number: int, seat: int, units: int) -> None:
        issue, who = self.sale(number)[0], self.seats[seat]
        deed: Deed = lambda w: w.placement.order(issue, who, units)  # noqa: E731  # one line beside its call reads best
        self.act(deed, self.system.placement.order, issue, units, DOCUMENT, sender=who)

    def settle(self, number: int, count: int, who: str) -> None:
        issue = self.sale(number)[0]
        deed: Deed = lambda w: w.placement.settle(issue, count, who)  # noqa: E731  # as above
        self.act(deed, self.system.placement.settle, issue, count, sender=who)

    def allocate(self, number: int, who: str, units: list[int]) -> None:
        issue, sale = self.sale(number)
        wanted = {n: min(u, o.units + 1) for n, (o, u) in enumerate(zip(sale.orders, units, strict=False), start=1)}
        deed: Deed = lambda w: w.placement.allocate(issue, who, wanted)  # noqa: E731  # as above
        self.act(deed, self.system.placement.allocate, issue, list(wanted), list(wanted.values()), sender=who)

    def close(self, number: int) -> None:
        issue = self.sale(number)[0]
        self.act(lambda w: w.placement.close(issue), self.system.placement.close, issue, sender=self.people.stranger)

    def finish_sale(self, number: int) -> None:
        _, sale = self.sale(number)
        self.jump(sale.ends_at + 1)
        self.close(number)
        self.jump(sale.crediting_at)
        self.allocate(number, self.people.issuer, [order.units // 2 for order in sale.orders])
        self.settle(number, 10, self.people.issuer)

    def token(self, data: Any) -> tuple[str, Any]:
        address = data.draw(st.sampled_from(list(self.world.tokens)))
        return address, self.chain.token(address)

    def anybody(self, data: Any) -> str:
        """Whoever has, had or never had a seat."""
        everybody = [*self.seats, *(old for old, _ in self.lineage), self.people.issuer, self.people.stranger]
        return data.draw(st.sampled_from(everybody))

    def holder(self, data: Any, address: str) -> str:
        """Somebody with free units where there is one, most of the time."""
        token = self.world.tokens[address]
        able = [who for who in self.seats if token.free(who) and not self.world.participants.obstacle(who)]
        return data.draw(st.sampled_from(able)) if able and not data.draw(rarely) else self.anybody(data)

    def seated(self, data: Any) -> str:
        """One of the four as they are now, most of the time."""
        return self.anybody(data) if data.draw(rarely) else data.draw(st.sampled_from(self.seats))

    # --- participants ------------------------------------------------------------------------------------------------

    @rule(seat=seats, how=officers, now=rarely)
    def block_or_unblock(self, seat: int, how: str, now: bool) -> None:
        self.turn(self.seats[seat], how, now)

    @rule(now=rarely)
    def block_or_unblock_the_issuer(self, now: bool) -> None:
        self.turn(self.people.issuer, "right", now)

    def turn(self, who: str, how: str, now: bool) -> None:
        room = self.system.participants
        if self.world.participants.of(who).status == BLOCKED:
            deed: Deed = lambda w: w.participants.change_status(who, BLOCKED, ACTIVE)  # noqa: E731  # as above
            self.eyes(COMPLIANCE, deed, room, room.unblock, who, how=how)
        elif now:
            officer = self.people.compliance1 if how != "wrong approver" else self.people.registrar1
            self.act(
                lambda w: (w.role(officer, COMPLIANCE), w.participants.change_status(who, ACTIVE, BLOCKED)),
                room.block_,
                who,
                REASON,
                DOCUMENT,
                sender=officer,
            )

    @rule(
        seat=seats,
        classes=st.sampled_from([FREE | LIMIT, 15, 15, 15, FREE, FREE | QUAL]),
        days=st.sampled_from([2_000, 2_000, 2_000, 40, 3]),
    )
    def update(self, seat: int, classes: int, days: int) -> None:
        who, until, room = self.seats[seat], self.now + days * DAY, self.system.participants
        deed: Deed = lambda w: w.participants.update(who, classes, until)  # noqa: E731  # as above
        self.act(deed, room.update, who, classes, until, DOCUMENT, sender=self.people.compliance1)

    @precondition(lambda self: len(self.lineage) < 3)
    @rule(seat=seats)
    def lose_access(self, seat: int) -> None:
        self.replace(seat)

    @precondition(lambda self: self.lineage)
    @rule()
    def registrar_moves_what_was_left(self) -> None:
        self.move_along()

    @rule(kopeks=st.sampled_from([300 * PRICE, 600 * PRICE]), days=st.integers(-1, 20), how=officers)
    def set_limit(self, kopeks: int, days: int, how: str) -> None:
        start, room = self.now + days * DAY, self.system.participants
        deed: Deed = lambda w: w.participants.set_limit(start, kopeks)  # noqa: E731  # as above
        self.eyes(COMPLIANCE, deed, room, room.setLimit, start, kopeks, how=how)

    # --- rubles ------------------------------------------------------------------------------------------------------

    @rule(data=chance, kopeks=st.sampled_from([0, 1, 77, PRICE, 50 * PRICE]), again=st.booleans())
    def bank_payment(self, data: Any, kopeks: int, again: bool) -> None:
        used = sorted(self.world.rubles.credited_refs)
        self.credit(self.anybody(data), kopeks, used[0] if again and used else None)

    @rule(data=chance, kopeks=st.sampled_from([0, 1, 3 * PRICE, 2_000 * PRICE]))
    def withdraw(self, data: Any, kopeks: int) -> None:
        who, number = self.anybody(data), self.fresh("withdrawal")
        deed: Deed = lambda w: w.rubles.request(who, number, kopeks)  # noqa: E731  # as above
        self.act(deed, self.system.rubles.requestWithdrawal, number, kopeks, DOCUMENT, sender=who)

    @precondition(lambda self: self.world.rubles.withdrawals)
    @rule(data=chance, paid=st.booleans(), again=st.booleans())
    def bank_answers(self, data: Any, paid: bool, again: bool) -> None:
        number = data.draw(st.sampled_from(list(self.world.rubles.withdrawals)))
        used, room = sorted(self.world.rubles.paid_refs), self.system.rubles
        ref = used[0] if again and used else self.fresh("debit")
        deed: Deed = (lambda w: w.rubles.confirm(number, ref)) if paid else (lambda w: w.rubles.cancel(number))
        function = room.confirmWithdrawal if paid else room.cancelWithdrawal
        self.act(deed, function, number, ref, sender=self.people.treasurer1)

    @rule(data=chance, kopeks=st.sampled_from([0, 50 * PRICE, 200 * PRICE]), lift=st.booleans(), how=officers)
    def freeze_rubles(self, data: Any, kopeks: int, lift: bool, how: str) -> None:
        who, room = self.anybody(data), self.system.rubles
        if lift:
            deed: Deed = lambda w: w.rubles.unfreeze(who, kopeks)  # noqa: E731  # as above
            self.eyes(COMPLIANCE, deed, room, room.unfreeze, who, kopeks, DOCUMENT, how=how)
        else:
            officer = self.people.compliance2
            self.act(lambda w: w.rubles.freeze(who, kopeks), room.freeze, who, kopeks, DOCUMENT, sender=officer)

    # --- primary market ----------------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.world.placement.sales) < ISSUES_AT_MOST)
    @rule(
        access_class=st.sampled_from([LIMIT, FREE, QUAL]),
        allocation=st.integers(0, 2),
        burns=st.booleans(),
        locked=st.sampled_from([0, 12]),
    )
    def new_issue(self, access_class: int, allocation: int, burns: bool, locked: int) -> None:
        issuer = self.people.issuer
        if self.world.participants.of(issuer).status == ACTIVE:
            self.issue(*self.terms(access_class, allocation, burns, locked, 400))

    @rule(number=st.integers(0, 2), seat=seats, units=some)
    def order(self, number: int, seat: int, units: int) -> None:
        self.place(number, seat, units)

    @rule(data=chance, number=st.integers(0, 2), by_officer=st.booleans(), mine=st.sampled_from([True, True, False]))
    def recall_or_cancel(self, data: Any, number: int, by_officer: bool, mine: bool) -> None:
        issue, sale = self.sale(number)
        if sale.orders:
            place, room = data.draw(st.integers(1, len(sale.orders))), self.system.placement
            who = sale.orders[place - 1].investor if mine else self.people.stranger
            if by_officer:
                officer = self.people.compliance1
                self.act(
                    lambda w: w.placement.cancel(issue, place), room.cancelOrder, issue, place, REASON, sender=officer
                )
            else:
                self.act(lambda w: w.placement.recall(issue, place, who), room.recall, issue, place, sender=who)

    @precondition(lambda self: any(s.state in {OPEN, SUSPENDED} for s in self.world.placement.sales.values()))
    @rule(number=st.integers(0, 2), stop=st.booleans())
    def suspend(self, number: int, stop: bool) -> None:
        issue, room = self.sale(number)[0], self.system.placement
        officer = self.people.moderator1
        self.act(lambda w: w.placement.suspend(issue, stop), room.suspend, issue, stop, sender=officer)

    @precondition(lambda self: any(s.state in {OPEN, SUSPENDED, SETTLING} for s in self.world.placement.sales.values()))
    @rule(number=st.integers(0, 2), count=st.integers(0, 3), units=st.tuples(few, few, few), data=chance)
    def settle_step(self, number: int, count: int, units: Any, data: Any) -> None:
        _, sale = self.sale(number)
        if sale.state in {OPEN, SUSPENDED}:
            self.jump(sale.ends_at + data.draw(st.integers(0, 1)))
            self.close(number)
        else:
            self.jump(sale.crediting_at + data.draw(st.sampled_from([-1, 0, 4 * DAY])))
            who = data.draw(st.sampled_from([self.people.issuer, self.people.operator, self.people.stranger]))
            self.allocate(number, who, list(units))
            self.settle(number, count, who)
