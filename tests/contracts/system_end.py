"""How every life ends: whatever has happened, all that is open can be brought to its end, and nobody's money or units stay behind."""

from __future__ import annotations

from tests.contracts.market import (
    CANCELLED,
    DECLARED,
    DEFAULTED,
    DONE,
    EARLY_PUT,
    EXECUTING,
    FUNDED,
    ISSUE_CIRCULATION,
    OFFER_OPEN,
    OPEN,
    OVERDUE,
    PRICE,
    REDEMPTION,
    SUSPENDED,
)
from tests.contracts.model_payouts import Run
from tests.contracts.model_token import Token
from tests.contracts.system import BLOCKED, COMPLIANCE, DAY, REGISTRAR
from tests.contracts.system_life import SystemLife

UNFUNDED = (DECLARED, OVERDUE, DEFAULTED)
STRANGER = "0x000000000000000000000000000000000000dEaD"


class SystemEnd(SystemLife):
    """The winding-up: sales, offers, runs, redemption, all by the acts that are open to anybody where they are."""

    def wind_up(self) -> None:
        self.clear_the_way()
        self.end_sales()
        self.jump(
            max([self.now, *(max(t.maturity, t.ends_at, *t.dates) for t in self.world.tokens.values())]) + 5 * DAY
        )
        self.end_offers()
        self.move_along()
        for redeeming in (False, True):
            for number, run in enumerate(self.world.payouts.runs, start=1):
                if run.redeems_all == redeeming:
                    self.end_run(number)
        self.redeem_what_is_left()
        self.compare(everything=True)
        self.nothing_is_left()

    def clear_the_way(self) -> None:
        """The issuer may act, nothing is paused: what only officers can do."""
        issuer, room = self.people.issuer, self.system.participants
        if self.world.participants.of(issuer).status == BLOCKED:
            self.eyes(
                COMPLIANCE, lambda w: w.participants.change_status(issuer, BLOCKED, 1), room, room.unblock, issuer
            )
        for address, token in self.world.tokens.items():
            if token.paused:
                contract = self.chain.token(address)
                self.eyes(REGISTRAR, lambda w, a=address: unpause(w.tokens[a]), contract, contract.setPaused, False)

    def end_sales(self) -> None:
        room = self.system.placement
        for issue, sale in list(self.world.placement.sales.items()):
            if sale.state in {OPEN, SUSPENDED}:
                self.jump(sale.ends_at + 1)
                self.act(lambda w, i=issue: w.placement.close(i), room.close, issue, sender=STRANGER)
            self.jump(sale.crediting_at + 3 * DAY + 1)
            while self.world.placement.sales[issue].demand:
                deed = lambda w, i=issue: w.placement.settle(i, 3, STRANGER)  # noqa: E731  # one line beside its call reads best
                assert self.act(deed, room.settle, issue, 3, sender=STRANGER), "7: a sale can't be brought to its end"

    def end_offers(self) -> None:
        for number, offer in enumerate(self.world.exchange.offers, start=1):
            if offer.state == OFFER_OPEN:
                self.act(lambda w, n=number: w.exchange.expire(n), self.system.exchange.expire, number, sender=STRANGER)

    # --- runs --------------------------------------------------------------------------------------------------------

    def end_run(self, number: int) -> None:
        run = self.world.payouts.runs[number - 1]
        room, issuer = self.system.payouts, self.people.issuer
        if run.state in UNFUNDED:
            self.jump(run.due_at)
            wanted = self.world.payouts.required(run)
            if wanted:
                self.credit(issuer, wanted)
            self.act(lambda w: w.payouts.fund(number, issuer, wanted), room.fund, number, wanted, sender=issuer)
        if self.world.payouts.runs[number - 1].state in {FUNDED, EXECUTING}:
            self.jump(run.due_at)
            self.pay_everybody(number)
        for who in list(self.world.payouts.runs[number - 1].tenders):
            if self.world.payouts.runs[number - 1].state == CANCELLED:
                deed = lambda w, h=who: w.payouts.return_tender(number, STRANGER, h)  # noqa: E731  # as above
                self.act(deed, room.returnTender, number, who, sender=STRANGER)

    def unpaid(self, run: Run) -> list[str]:
        """Who still has something coming, one a participant."""
        cards, found = self.world.participants, {}
        for who, card in cards.cards.items():
            if self.world.payouts.units_of(run, who) and card.number not in run.marked:
                found.setdefault(card.number, who)
        return list(found.values())

    def pay_everybody(self, number: int) -> None:
        run = self.world.payouts.runs[number - 1]
        while holders := self.unpaid(self.world.payouts.runs[number - 1])[:3]:
            self.distribute(number, holders)
        if self.world.payouts.runs[number - 1].state != DONE:
            self.distribute(number, [])
        done = self.world.payouts.runs[number - 1].state == DONE
        assert done or self.split(run), "8: a funded run can't be completed"

    def split(self, run: Run) -> bool:
        """Has a participant units under two addresses? The registrar had not moved them when the run was paid."""
        numbers = [
            c.number for who, c in self.world.participants.cards.items() if self.world.payouts.units_of(run, who)
        ]
        return bool(set(numbers) & run.marked)

    def distribute(self, number: int, holders: list[str]) -> None:
        deed = lambda w: w.payouts.distribute(number, holders, [0] * len(holders))  # noqa: E731  # as above
        facts = (number, holders, [0] * len(holders))
        self.act(deed, self.system.payouts.distribute, *facts, sender=STRANGER)

    def redeem_what_is_left(self) -> None:
        for sale in self.world.placement.sales.values():
            running = [
                r for r in self.world.payouts.runs if r.token is sale.token and r.redeems_all and r.state != CANCELLED
            ]
            if sale.issue_state == ISSUE_CIRCULATION and not running:
                self.declare_redemption(sale.token.address)
                self.end_run(len(self.world.payouts.runs))

    def declare_redemption(self, address: str) -> None:
        issuer, ref, due_at = self.people.issuer, self.fresh("redemption"), self.now + DAY
        token = self.world.tokens[address]
        number = token.dates.index(token.ends_at) + 1
        terms = (REDEMPTION, 0, number, PRICE * 1_000_000, due_at, ref)
        issue = next(issue for issue, sale in self.world.placement.sales.items() if sale.token is token)
        self.act(
            lambda w: w.payouts.declare(w.placement.sales[issue], issuer, *terms),
            self.system.payouts.declare,
            address,
            *terms,
            sender=issuer,
        )

    def nothing_is_left(self) -> None:
        """Invariant 7, and 8 to the last kopek."""
        world = self.world
        assert not any(sale.demand for sale in world.placement.sales.values())
        assert not any(offer.state == OFFER_OPEN for offer in world.exchange.offers)
        open_runs = [run for run in world.payouts.runs if run.state not in {DONE, CANCELLED}]
        assert all(self.split(run) for run in open_runs), "7: a run stays open"
        assert world.rubles.escrow(world.payouts.address) == sum(run.escrow for run in open_runs)
        for run in world.payouts.runs:
            if run.state == DONE and run.kind != EARLY_PUT and not run.redeems_all:
                record = run.token.records[run.record]
                assert run.units_paid == record.supply
                assert run.kopeks_paid == sum(run.gross(units) for units in record.units.values())


def unpause(token: Token) -> None:
    """Transfers go on."""
    token.paused = False
