"""A plain model of payouts: a list of runs, who was paid what, who tendered how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.contracts.market import (
    CANCELLED,
    DECLARED,
    DEFAULTED,
    DONE,
    EARLY_CALL,
    EARLY_PUT,
    EXECUTING,
    FUNDED,
    ISSUE_CIRCULATION,
    ISSUE_REDEEMED,
    OVERDUE,
    PER_UNIT,
    REDEMPTION,
)
from tests.contracts.model_markets import Sale
from tests.contracts.model_participants import Participants, need
from tests.contracts.model_rubles import Rubles
from tests.contracts.model_token import Token
from tests.contracts.system import ACTIVE, LIMIT, ORDER

MICRO = 1_000_000
RUBLE = 100


def half_up(micro: int) -> int:
    """Whole kopeks nearest to millionths, a half going up."""
    return (micro + MICRO // 2) // MICRO


@dataclass
class Tender:
    """What a holder has offered into a put."""

    units: int
    lot: int


@dataclass
class Run:
    """One payout run."""

    sale: Sale
    kind: int
    rounding: int
    record: int
    due_at: int
    micro: int
    state: int = DECLARED
    escrow: int = 0
    units_due: int = 0
    units_paid: int = 0
    kopeks_paid: int = 0
    ended_before: int = 0
    grace_ends_at: int = 0
    tenders: dict[str, Tender] = field(default_factory=dict)
    marked: set[int] = field(default_factory=set)  # numbers of participants

    @property
    def token(self) -> Token:
        return self.sale.token

    @property
    def redeems_all(self) -> bool:
        return self.kind in {REDEMPTION, EARLY_CALL}

    @property
    def burns(self) -> bool:
        return self.redeems_all or self.kind == EARLY_PUT

    def gross(self, units: int) -> int:
        """What so many units of one holder are due."""
        return units * half_up(self.micro) if self.rounding == PER_UNIT else half_up(units * self.micro)


@dataclass
class Payouts:
    """All runs, numbered from 1."""

    participants: Participants
    rubles: Rubles
    address: str
    operators: set[str]
    tax_account: str
    share_bps: int
    grace: int
    runs: list[Run] = field(default_factory=list)
    refs: set[bytes] = field(default_factory=set)

    @property
    def now(self) -> int:
        return self.participants.now

    def declare(
        self, sale: Sale, who: str, kind: int, rounding: int, record: int, micro: int, due_at: int, ref: bytes
    ) -> None:
        token = sale.token
        need(sale.issue_state == ISSUE_CIRCULATION, "RunTermsInvalid")
        need(who in {token.issuer, *self.operators}, "RunNotIssuer")
        run = Run(sale, kind, rounding, record, due_at, micro)
        need(ref not in self.refs and run.gross(1) + rounding > 0, "RunTermsInvalid")
        recorded = token.record_at(record)
        need(due_at >= recorded, "RunTermsInvalid")
        need(recorded == token.ends_at if kind == REDEMPTION else recorded <= token.ends_at, "RunTermsInvalid")
        if run.redeems_all:
            others = [one for one in self.runs if one.token is token and one.redeems_all]
            need(all(one.state == CANCELLED for one in others[-1:]), "RunTermsInvalid")
        if kind == EARLY_CALL:
            run.ended_before = token.dates.index(token.ends_at) + 1
            token.end_circulation(record)
        self.refs.add(ref)
        self.runs.append(run)

    def required(self, run: Run) -> int:
        """What `fund` demands; the record date has passed."""
        units = self._due(run)
        if run.rounding == PER_UNIT:
            return run.gross(units)
        holders = len(run.tenders) if run.kind == EARLY_PUT else run.token.records[run.record].holders
        return -(-units * run.micro // MICRO) + holders

    def _due(self, run: Run) -> int:
        if run.kind == EARLY_PUT:
            return sum(tender.units for tender in run.tenders.values())
        return run.token.supply if run.redeems_all else run.token.records[run.record].supply

    def fund(self, number: int, who: str, kopeks: int) -> None:
        run = self.runs[number - 1]
        need(who in {run.token.issuer, *self.operators}, "RunNotIssuer")
        need(run.state in {DECLARED, OVERDUE, DEFAULTED}, "RunWrongState")
        self.participants.require(run.token.issuer)
        recorded = run.token.dates[run.record - 1]
        need(self.now > (max(recorded, run.token.ends_at) if run.redeems_all else recorded), "RunRecordDateAhead")
        need(kopeks >= self.required(run), "RunUnderfunded")
        run.units_due, run.escrow, run.state = self._due(run), kopeks, FUNDED
        if kopeks:
            self.rubles.hold(run.token.issuer, kopeks, self.address)
        if run.units_due == 0:
            self._complete(run)

    def cancel(self, number: int, who: str) -> None:
        run = self.runs[number - 1]
        if who != run.token.issuer or self.now > run.due_at:
            need(who in self.operators, "RoleRequired")
        need(run.state not in {EXECUTING, DONE, CANCELLED}, "RunWrongState")
        run.state = CANCELLED
        self.rubles.release(run.token.issuer, run.escrow, self.address)
        run.escrow = 0
        if run.kind == EARLY_CALL and run.token.dates[run.ended_before - 1] >= self.now:
            run.token.end_circulation(run.ended_before)

    def tender(self, number: int, who: str, units: int) -> None:
        run = self.runs[number - 1]
        need(run.kind == EARLY_PUT, "RunTermsInvalid")
        need(run.state == DECLARED, "RunWrongState")
        need(self.now <= run.token.dates[run.record - 1], "RunTenderClosed")
        need(units > 0, "RunTermsInvalid")
        self.participants.require(who)
        own = run.tenders.pop(who, None)
        if own:
            run.token.reduce(own.lot, own.units)
            units += own.units
        run.tenders[who] = Tender(units, run.token.encumber(who, ORDER, units, 0, self.address))
        run.units_due = self._due(run)

    def return_tender(self, number: int, who: str, holder: str) -> None:
        run = self.runs[number - 1]
        may = run.state == CANCELLED or (run.state == DEFAULTED and who in {holder, *self.operators})
        need(may, "RunWrongState")
        need(holder in run.tenders, "RunTenderMissing")
        tender = run.tenders.pop(holder)
        run.units_due -= tender.units
        run.token.reduce(tender.lot, tender.units)

    # --- distribution ------------------------------------------------------------------------------------------------

    def units_of(self, run: Run, who: str) -> int:
        """What a holder is paid for."""
        if not run.burns:
            return run.token.records[run.record].units.get(who, 0)
        if run.redeems_all:
            return run.token.of(who)
        return run.tenders[who].units if who in run.tenders else 0

    def tax_at_most(self, gross: int) -> int:
        """The share, or the share rounded to whole rubles where that is more (НК РФ ст. 52 п. 6)."""
        share = self.share_bps if self.tax_account else 0
        rubles = (gross * share + 5_000 * RUBLE) // (10_000 * RUBLE)
        return min(gross, max(gross * share // 10_000, rubles * RUBLE))

    def distribute(self, number: int, holders: Sequence[str], withheld: Sequence[int]) -> None:
        run = self.runs[number - 1]
        need(run.state in {FUNDED, EXECUTING}, "RunWrongState")
        need(self.now >= run.due_at, "RunNotDue")
        units = [self.units_of(run, who) for who in holders]
        for who, own, tax in zip(holders, units, withheld, strict=True):
            self._pay_one(run, who, own, tax)
        if holders:
            issuer, tax = run.token.issuer, sum(withheld)
            if tax:
                self.rubles.pay(issuer, self.tax_account, tax, self.address)
            gross = sum(run.gross(own) for own in units)
            run.state, run.escrow = EXECUTING, run.escrow - gross
            run.units_paid, run.kopeks_paid = run.units_paid + sum(units), run.kopeks_paid + gross
        if run.burns:
            self._burn(run, holders, units)
        if run.token.supply == 0 if run.redeems_all else run.units_paid == run.units_due:
            self._complete(run)

    def _pay_one(self, run: Run, who: str, units: int, tax: int) -> None:
        number = self.participants.of(who).number
        need(number not in run.marked, "RunAlreadyPaid")
        run.marked.add(number)
        need(units > 0, "RunHolderWithoutUnits")
        gross = run.gross(units)
        need(tax <= self.tax_at_most(gross), "RunWithheldTooMuch")
        if run.burns and run.token.access_class == LIMIT:
            self.participants.restore(who, gross)
        self.rubles.take_held(run.token.issuer, gross - tax, self.address)
        self.rubles.add(who, gross - tax, frozen=self.participants.of(who).status != ACTIVE)

    def _burn(self, run: Run, holders: Sequence[str], units: Sequence[int]) -> None:
        if run.kind == EARLY_PUT:
            for who, own in zip(holders, units, strict=True):
                run.token.reduce(run.tenders[who].lot, own)
        for who, own in zip(holders, units, strict=True):
            run.token.redeem(who, own)

    def _complete(self, run: Run) -> None:
        self.rubles.release(run.token.issuer, run.escrow, self.address)
        run.state, run.escrow = DONE, 0
        if run.burns and run.token.supply == 0 and run.sale.issue_state == ISSUE_CIRCULATION:
            run.sale.issue_state = ISSUE_REDEEMED

    # --- default -----------------------------------------------------------------------------------------------------

    def mark_overdue(self, number: int) -> None:
        run = self.runs[number - 1]
        need(run.state == DECLARED, "RunWrongState")
        need(self.now > run.due_at, "RunNotDue")
        need(run.kind != EARLY_PUT or run.units_due != 0, "RunTermsInvalid")
        run.state, run.grace_ends_at = OVERDUE, run.due_at + self.grace

    def mark_defaulted(self, number: int) -> None:
        run = self.runs[number - 1]
        need(run.state == OVERDUE, "RunWrongState")
        need(self.now > run.grace_ends_at, "RunNotDue")
        run.state = DEFAULTED
