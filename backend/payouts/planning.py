"""A run for each planned payment, and the register of holders fixed at the record date.

Two ticks: :func:`plan` when an issue enters circulation, :func:`fix_registers` once the mirror has a block beyond the record second, so
that nothing can be added to that second any more.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from backend.core.clock import MSK, to_msk
from backend.core.context import Context
from backend.core.ids import bytes32_of, new_id
from backend.core.journal import record
from backend.core.pace import planned_to_real
from backend.core.rules import rule_text
from backend.core.tax import TaxStatus
from backend.identity import service as identity
from backend.identity.service import Participant
from backend.issues import service as issues
from backend.issues.service import Decision, Issue, PlannedPayment
from backend.payouts import repository
from backend.payouts.models import PayoutLine, PayoutRun
from backend.payouts.states import RUN_MOVES, Part, RunState
from indexer.models import ChainIssue, ChainParticipant, moment

log = logging.getLogger(__name__)

BATCH = 200
"""Holders in one transaction (docs: gas of a batch)."""


def plan(ctx: Context) -> None:
    """Tick: make the runs of every issue that has entered circulation."""
    for chain in repository.unplanned_issues(ctx):
        issue = issues.by_asset(ctx, chain.asset)
        if issue is not None:
            plan_issue(ctx, issue, chain)


def plan_issue(ctx: Context, issue: Issue, chain: ChainIssue) -> list[PayoutRun]:
    """Make the runs of one issue: income and principal of a payment apart."""
    decision = issues.validate_decision(issue.content)
    numbers = repository.record_numbers(ctx, chain.asset)
    runs: list[PayoutRun] = []
    for payment in issues.planned_payments(decision):
        planned_at = payment.record_at
        record_at = planned_to_real(ctx, planned_at) if planned_at else moment(chain.circulation_ends_at)
        number = numbers.get(int(record_at.timestamp())) if record_at else None
        if record_at is None or number is None:
            log.error("issue %s: payment %s has no record date in the register", issue.number, payment.number)
            continue
        runs += [_new_run(ctx, issue, chain, payment, part, record_at, number) for part in _parts(payment)]
    for run in runs:
        run.tax_agent = decision.tax_agent
        ctx.session.add(run)
    ctx.session.flush()
    if runs:
        details = {"runs": len(runs), "number": issue.number}
        record(ctx, action="payouts.planned", entity="issue", entity_id=issue.id, details=details)
    return runs


def plan_again(ctx: Context, run: PayoutRun) -> PayoutRun:
    """A new run in place of a cancelled one."""
    issue = issues.by_asset(ctx, run.asset)
    chain = issues.chain_issue(ctx, issue) if issue else None
    if issue is None or chain is None:
        raise LookupError(run.asset)
    decision = issues.validate_decision(issue.content)
    payment = payment_of(decision, run)
    again = _new_run(ctx, issue, chain, payment, run.part, run.record_at, run.record_number, run.attempt + 1)
    again.tax_agent, again.micro_kopeks_per_unit = run.tax_agent, run.micro_kopeks_per_unit
    ctx.session.add(again)
    ctx.session.flush()
    return again


@dataclass(frozen=True, slots=True)
class RunTerms:
    """What is paid when, and who is paid: the holders at a record date, or (put) those who presented units until it."""

    kind: str
    payment_number: int
    payment_date: date
    record_at: datetime
    record_number: int


def early_run(ctx: Context, issue: Issue, terms: RunTerms, micro: int, attempt: int = 1) -> PayoutRun:
    """A run outside the schedule, ``micro`` millionths of a kopek a unit."""
    chain = issues.chain_issue(ctx, issue)
    if chain is None:
        raise LookupError(issue.id)
    run = _run(ctx, issue, chain.asset, terms, Part.PRINCIPAL, attempt)
    run.micro_kopeks_per_unit, run.tax_agent = micro, issues.validate_decision(issue.content).tax_agent
    ctx.session.add(run)
    ctx.session.flush()
    return run


def payment_of(decision: Decision, run: PayoutRun) -> PlannedPayment:
    """The payment of the schedule that a run pays."""
    return next(one for one in issues.planned_payments(decision) if one.number == run.payment_number)


def _parts(payment: PlannedPayment) -> list[Part]:
    parts = [] if payment.income_micro == 0 else [Part.INCOME]
    return parts + ([] if payment.principal_micro == 0 else [Part.PRINCIPAL])


def _new_run(
    ctx: Context,
    issue: Issue,
    chain: ChainIssue,
    payment: PlannedPayment,
    part: Part,
    record_at: datetime,
    record_number: int,
    attempt: int = 1,
) -> PayoutRun:
    kind = "COUPON" if part is Part.INCOME else payment.kind.chain_kind
    terms = RunTerms(kind, payment.number, payment.payment_date, record_at, record_number)
    run = _run(ctx, issue, chain.asset, terms, part, attempt)
    run.accrual_start, run.accrual_end = payment.accrual_start, payment.accrual_end
    run.calendar_known, run.fixing_date = payment.calendar_known, payment.fixing_date
    if part is Part.INCOME:  # a share of the nominal is whole kopeks a unit; only income may be rounded per holder
        run.rounding = payment.rounding.value
    run.micro_kopeks_per_unit = payment.income_micro if part is Part.INCOME else payment.principal_micro
    return run


def _run(ctx: Context, issue: Issue, asset: str, terms: RunTerms, part: Part, attempt: int) -> PayoutRun:
    run_id = new_id()
    return PayoutRun(
        id=run_id,
        number=identity.next_number(ctx, "KPT-PAY"),
        chain_ref=bytes32_of(run_id),
        issue_id=issue.id,
        issue_number=issue.number,
        issuer_id=issue.participant_id,
        asset=asset,
        payment_number=terms.payment_number,
        part=part,
        attempt=attempt,
        kind=terms.kind,
        rounding="PER_UNIT",
        payment_date=terms.payment_date,
        record_at=terms.record_at,
        record_number=terms.record_number,
        due_at=max(_due_on(ctx, terms.payment_date), terms.record_at + timedelta(seconds=1)),
        tax_agent="ISSUER",
        created_at=ctx.now(),
    )


def _due_on(ctx: Context, day: date) -> datetime:
    clock = time.fromisoformat(rule_text("payout_due_time", to_msk(ctx.now()).date()))
    return planned_to_real(ctx, datetime.combine(day, clock, MSK).astimezone(UTC))


def fix_registers(ctx: Context) -> None:
    """Tick: fix the register of every run whose record second is over in the mirror."""
    until = repository.mirror_time(ctx)
    if until is None:
        return
    for run in repository.record_passed(ctx, until):
        _fix(ctx, run)


def _fix(ctx: Context, run: PayoutRun) -> None:
    second = int(run.record_at.timestamp())
    if run.kind == "EARLY_PUT":
        register, supply = repository.tenders(ctx, run)
        if supply == 0:
            return  # nobody presented units: completed with nothing
    else:
        register, supply = issues.holdings_at(ctx, run.asset, second), repository.supply_at(ctx, run.asset, second)
    total = sum(units for _, units in register)
    if total != supply:
        run.error_ru = f"Реестр не сходится: у держателей {total}, выпущено {supply}."
        run.error_en = f"The register does not add up: holders have {total}, issued are {supply}."
        log.error("run %s: holders have %s units, supply is %s", run.number, total, supply)
        ctx.session.add(run)
        return
    on_chain = repository.participants_on_chain(ctx, run.asset)
    known = identity.participants_by_wallets(ctx, [holder for holder, _ in register])
    # In the order of participants' numbers: the contract's bitmap of the paid is then written once in 256 holders.
    register.sort(key=lambda one: (on_chain[one[0]].number if one[0] in on_chain else 0, one[0]))
    for place, (holder, units) in enumerate(register):
        owner = known.get(holder)
        line = PayoutLine(
            run_id=run.id,
            holder=holder,
            place=place,
            batch=place // BATCH,
            participant_id=owner.id if owner else None,
            units=units,
            tax_status=_tax_status(owner, on_chain.get(holder)).value,
        )
        ctx.session.add(line)
    run.units, run.holders, run.error_ru, run.error_en = total, len(register), None, None
    run.register_hash = register_hash(register)
    run.state = RUN_MOVES.check(run.state, RunState.RECORD_FIXED)
    ctx.session.add(run)
    ctx.session.flush()
    details = {"holders": run.holders, "units": run.units, "register": run.register_hash}
    record(ctx, action="payouts.record_fixed", entity="payout", entity_id=run.id, details=details)


def register_hash(register: list[tuple[str, int]]) -> str:
    """SHA-256 of the register: lines ``address units`` in the order of addresses."""
    text = "".join(f"{holder} {units}\n" for holder, units in sorted(register))
    return hashlib.sha256(text.encode()).hexdigest()


def _tax_status(owner: Participant | None, chain: ChainParticipant | None) -> TaxStatus:
    """By the register of participants; for an address that only the chain knows, by its kind."""
    if owner is not None:
        return TaxStatus(owner.tax_status) if owner.kind == "PERSON" else TaxStatus.SELF_TAXED
    return TaxStatus.RESIDENT if chain is not None and chain.kind == "PERSON" else TaxStatus.SELF_TAXED
