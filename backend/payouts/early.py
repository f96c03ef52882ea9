"""Early redemption as the decision grants it: the issuer's call of the whole issue, the investors' put of what they present.

    call   the issuer picks a payment day of the schedule, at least the notice ahead --declared in its name--> ANNOUNCED
    put    the window opens --declared by the tick in the operator's name--> ANNOUNCED, holders present units until it closes

Both are declared before their record date, so that everybody sees them in the register; after it they are fixed, checked, funded and
paid like any run, and the units paid are extinguished in the same transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from fractions import Fraction
from itertools import pairwise

from backend.core.clock import MSK, to_msk
from backend.core.context import Context
from backend.core.errors import Invalid
from backend.core.events import emit
from backend.core.journal import record
from backend.core.money import MICRO, round_half_up
from backend.core.pace import planned_to_real, real_to_planned
from backend.core.permissions import Permission
from backend.custody import service as custody
from backend.custody.models import Intent
from backend.identity import service as identity
from backend.issues import service as issues
from backend.issues.decision_terms import InvestorPut
from backend.issues.schedule import put_closes_at
from backend.issues.service import Decision, Issue
from backend.payouts import execution, planning, repository
from backend.payouts.errors import CallExists, NotCallable, PutClosed, RunUnknown, UnitsShort
from backend.payouts.models import PayoutRun
from backend.payouts.states import RunState
from indexer.models import ChainHolding, ChainIssue, ChainRun, ChainTender

TENDER_REF = "payouts.tender"


@dataclass(frozen=True, slots=True)
class CallDay:
    """A day on which the issuer may redeem the whole issue early. The day's own income is paid by its own run."""

    day: date
    payment_number: int
    record_at: datetime
    record_number: int
    price_kopeks: int
    """Paid for a unit: what is left of its nominal after the payment of that day."""


@dataclass(frozen=True, slots=True)
class Callable:
    """An issue that its issuer may call, the days that are left, and the call that is under way."""

    issue: Issue
    notice_days: int
    units: int
    days: list[CallDay]
    present: PayoutRun | None


@dataclass(frozen=True, slots=True)
class PutView:
    """A put as a holder sees it."""

    run: PayoutRun
    opens_at: datetime
    minimum_units: int
    free_units: int
    presented_units: int
    open: bool
    pending: bool

    @property
    def price_kopeks(self) -> int:
        """Paid for a unit."""
        return (self.run.micro_kopeks_per_unit or 0) // MICRO


# --- the issuer's call ------------------------------------------------------------------------------------------------


def my_calls(ctx: Context) -> list[Callable]:
    """Own issues in circulation whose decision gives the issuer a call."""
    ctx.require(Permission.PAYOUT_READ_OWN)
    owner = identity.own(ctx)
    found = [_callable(ctx, issue, chain) for issue, chain in repository.circulating_of(ctx, owner.id, owner.wallet)]
    return [one for one in found if one is not None]


def declare_call(ctx: Context, issue_id: str, day: date) -> PayoutRun:
    """Redeem the whole issue on a payment day; signed by the issuer with a fresh second factor. Holders are told at once."""
    ctx.require(Permission.PAYOUT_FUND)
    ctx.require_step_up()
    issuer = identity.require_trading(ctx)
    wanted = next((one for one in my_calls(ctx) if one.issue.id == issue_id), None)
    if wanted is None:
        raise NotCallable
    if wanted.present is not None:
        raise CallExists
    chosen = next((one for one in wanted.days if one.day == day), None)
    if chosen is None:
        raise Invalid(
            f"Выберите день выплаты не раньше чем через {wanted.notice_days} дн.",
            f"Choose a payment day at least {wanted.notice_days} days ahead.",
            field="day",
        )
    run = _call_run(ctx, wanted.issue, chosen)
    details = {"day": day.isoformat(), "kopeks_per_unit": chosen.price_kopeks}
    record(ctx, action="payouts.call_declared", entity="payout", entity_id=run.id, details=details)
    execution.promise_declaration(ctx, run, wallet=issuer.wallet)
    return run


def _callable(ctx: Context, issue: Issue, chain: ChainIssue) -> Callable | None:
    decision = issues.validate_decision(issue.content)
    call = decision.early_redemption.issuer_call if decision.early_redemption else None
    if call is None:
        return None
    today = to_msk(real_to_planned(ctx, ctx.now())).date()
    first = max(call.from_date.toordinal(), today.toordinal() + call.notice_days)
    units = repository.supply_at(ctx, chain.asset, int(ctx.now().timestamp()))
    days = [one for one in _days(ctx, decision, chain) if one.day.toordinal() >= first]
    return Callable(issue, call.notice_days, units, days, repository.open_early_call(ctx, chain.asset))


def _days(ctx: Context, decision: Decision, chain: ChainIssue) -> list[CallDay]:
    payments, numbers = issues.planned_payments(decision), repository.record_numbers(ctx, chain.asset)
    found = []
    for payment, later in pairwise(payments):
        record_at = planned_to_real(ctx, payment.record_at) if payment.record_at else None
        number = numbers.get(int(record_at.timestamp())) if record_at else None
        if record_at is not None and number is not None and later.nominal_before_kopeks:
            day, left = payment.payment_date, later.nominal_before_kopeks
            found.append(CallDay(day, payment.number, record_at, number, left))
    return found


def _call_run(ctx: Context, issue: Issue, chosen: CallDay) -> PayoutRun:
    attempt = 1 + repository.attempts(ctx, issue.id, -chosen.payment_number)
    # Numbered minus the payment whose day it shares: the schedule's own runs keep theirs.
    terms = planning.RunTerms("EARLY_CALL", -chosen.payment_number, chosen.day, chosen.record_at, chosen.record_number)
    return planning.early_run(ctx, issue, terms, chosen.price_kopeks * MICRO, attempt)


# --- the investors' put -----------------------------------------------------------------------------------------------


def plan_puts(ctx: Context) -> None:
    """Tick: a run for the put of every issue in circulation whose decision grants one and whose token has its record date."""
    for chain in repository.issues_without_put(ctx):
        issue = issues.by_asset(ctx, chain.asset)
        decision = issues.validate_decision(issue.content) if issue is not None else None
        put = decision.early_redemption.investor_put if decision and decision.early_redemption else None
        if issue is None or decision is None or put is None:
            continue
        record_at = planned_to_real(ctx, put_closes_at(put))
        number = repository.record_numbers(ctx, chain.asset).get(int(record_at.timestamp()))
        if number is None:
            continue  # deployed before decisions' windows became record dates of the token
        terms = planning.RunTerms("EARLY_PUT", 0, put.pay, record_at, number)
        run = planning.early_run(ctx, issue, terms, _put_price(decision, put) * MICRO)
        record(ctx, action="payouts.put_planned", entity="payout", entity_id=run.id, details={"number": issue.number})


def open_puts(ctx: Context) -> None:
    """Tick: declare a put when its window opens; try again after a refusal until it closes."""
    for run in repository.puts(ctx, RunState.PLANNED):
        put = _put_of(ctx, run)
        opens = _opens_at(ctx, put)
        if repository.chain_run(ctx, run) is not None:
            continue
        tried = custody.intents_of(ctx, execution.DECLARE_REF, run.id)
        if opens <= ctx.now() < run.record_at and len(tried) < execution.ATTEMPTS and all(one.handled for one in tried):
            execution.promise_declaration(ctx, run)


def my_puts(ctx: Context) -> list[PutView]:
    """Puts of issues that the asker holds or has presented units of; the ones that take units now come first."""
    ctx.require(Permission.PAYOUT_READ_OWN)
    wallet = identity.own(ctx).wallet
    found = [_put_view(ctx, run, wallet) for run in repository.puts_of_holder(ctx, wallet)]
    return sorted(found, key=lambda one: (not one.open, one.run.record_at))


def my_put(ctx: Context, run_id: str) -> PutView:
    """One of them; raises :class:`RunUnknown`."""
    found = next((one for one in my_puts(ctx) if one.run.id == run_id), None)
    if found is None:
        raise RunUnknown
    return found


def tender(ctx: Context, run_id: str, units: int) -> Intent:
    """Present units of one's own while the window is open; adds to what was presented. They stay encumbered until they are paid."""
    ctx.require(Permission.OFFER_MAKE)
    ctx.require_step_up()
    holder = identity.require_trading(ctx)
    view = my_put(ctx, run_id)
    repository.locked(ctx, run_id)
    chain = repository.chain_run(ctx, view.run)
    reference = f"{run_id}:{holder.id}"
    if chain is None or not view.open:
        raise PutClosed
    execution.require_no_pending(ctx, TENDER_REF, reference)
    if units <= 0 or view.presented_units + units < view.minimum_units:
        least = max(1, view.minimum_units - view.presented_units)
        raise Invalid(f"Не меньше {least} ед.", f"At least {least} units.", field="units")
    if units > view.free_units:
        raise UnitsShort(field="units")
    record(ctx, action="payouts.tendered", entity="payout", entity_id=run_id, details={"units": units})
    return execution.promise(ctx, view.run, holder.wallet, "tender", [chain.id, units], TENDER_REF, reference)


def _put_view(ctx: Context, run: PayoutRun, wallet: str) -> PutView:
    put, chain = _put_of(ctx, run), repository.chain_run(ctx, run)
    held = ctx.session.get(ChainHolding, (run.asset, wallet))
    given = ctx.session.get(ChainTender, (chain.id, wallet)) if chain is not None else None
    is_open = run.state == RunState.ANNOUNCED and chain is not None and chain.state == "DECLARED"
    sent = custody.intents_of(ctx, TENDER_REF, f"{run.id}:{identity.own(ctx).id}")
    return PutView(
        run=run,
        opens_at=_opens_at(ctx, put),
        minimum_units=put.minimum_units,
        free_units=held.free_units if held else 0,
        presented_units=given.units if given and given.state != "RETURNED" else 0,
        open=is_open and ctx.now() <= run.record_at,
        pending=any(not one.handled for one in sent),
    )


def _opens_at(ctx: Context, put: InvestorPut) -> datetime:
    return planned_to_real(ctx, datetime.combine(put.window[0], time(0), MSK).astimezone(UTC))


def _put_of(ctx: Context, run: PayoutRun) -> InvestorPut:
    issue = issues.by_asset(ctx, run.asset)
    early = issues.validate_decision(issue.content).early_redemption if issue is not None else None
    if early is None or early.investor_put is None:
        raise RunUnknown
    return early.investor_put


def _put_price(decision: Decision, put: InvestorPut) -> int:
    """Kopeks a unit: the share of what is left of the nominal on the day of payment, half up."""
    payments = issues.planned_payments(decision)
    later = next((one for one in payments if one.payment_date > put.pay), payments[-1])
    nominal = later.nominal_before_kopeks or decision.nominal_kopeks or 0
    return round_half_up(Fraction(nominal) * Fraction(put.price_percent) / 100)


# --- both -------------------------------------------------------------------------------------------------------------


def announce(ctx: Context) -> None:
    """Tick: what the mirror shows declared is announced to every holder."""
    for run, chain in repository.followed(ctx, {RunState.PLANNED}):
        if chain.state != "DECLARED":
            continue
        execution.move(ctx, run, RunState.ANNOUNCED, chain)
        kind = "payout.called" if run.kind == "EARLY_CALL" else "payout.put_open"
        wallets = [holder for holder, _ in issues.holdings_at(ctx, run.asset, int(ctx.now().timestamp()))]
        payload = {
            "payout": run.id,
            "issue": run.issue_id,
            "issue_number": run.issue_number,
            "kopeks": (run.micro_kopeks_per_unit or 0) // MICRO,
            "payment_date": run.payment_date.isoformat(),
            "until": to_msk(run.record_at).date().isoformat(),
        }
        for owner in identity.participants_by_wallets(ctx, wallets).values():
            emit(ctx, kind, participant_id=owner.id, payload=payload)


def close_unused(ctx: Context) -> None:
    """Tick: a put that nobody used is completed with nothing; a call or put that never reached the register is dropped."""
    mirrored = repository.mirror_time(ctx)
    if mirrored is None:
        return
    for run in repository.early_before(ctx, mirrored, RunState.PLANNED):
        if all(one.handled for one in custody.intents_of(ctx, execution.DECLARE_REF, run.id)):
            execution.move(ctx, run, RunState.CANCELLED)
    for run, chain in repository.followed(ctx, {RunState.ANNOUNCED}):
        unused = run.kind == "EARLY_PUT" and run.record_at < mirrored and chain.units_tendered == 0
        if unused and chain.state == "DECLARED":
            _complete_empty(ctx, run, chain)


def _complete_empty(ctx: Context, run: PayoutRun, chain: ChainRun) -> None:
    tried = custody.intents_of(ctx, execution.FUND_REF, run.id)
    if len(tried) < execution.ATTEMPTS and all(one.handled for one in tried):
        execution.promise(ctx, run, execution.operator_wallet(ctx), "fund", [chain.id, 0], execution.FUND_REF)


def drop_after_call(ctx: Context) -> None:
    """Tick: what the schedule still plans for an issue that was called falls away."""
    for run in repository.planned_after_call(ctx):
        execution.move(ctx, run, RunState.CANCELLED)


def on_tender(ctx: Context, intent: Intent) -> None:
    """The holder is told; units and their state are the mirror's."""
    run_id, _, participant_id = intent.ref_id.partition(":")
    run = repository.locked(ctx, run_id)
    if run is None:
        return
    payload = {
        "payout": run.id,
        "issue": run.issue_id,
        "issue_number": run.issue_number,
        "units": int(intent.args[1]),
        "reason_ru": intent.error_ru or "",
        "reason_en": intent.error_en or "",
    }
    done = intent.state.value == "CONFIRMED"
    emit(ctx, "payout.tendered" if done else "payout.tender_refused", participant_id=participant_id, payload=payload)
