"""What every holder is due and the tax withheld; the index of a floating payment; the check by officers."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from backend.core.clock import MSK
from backend.core.context import Context
from backend.core.errors import Invalid
from backend.core.journal import record
from backend.core.money import MICRO, micro_to_kopeks
from backend.core.pace import planned_to_real
from backend.core.permissions import Permission
from backend.core.tax import TaxStatus, income_tax
from backend.issues import service as issues
from backend.issues.decision_terms import FloatingIncome
from backend.issues.schedule import fix_price, fix_rate
from backend.payouts import execution, repository
from backend.payouts.errors import AmountKnown, AmountUnknown, RunUnknown, SameOfficer
from backend.payouts.models import PayoutCheck, PayoutIndex, PayoutLine, PayoutRun
from backend.payouts.planning import payment_of
from backend.payouts.states import CALCULABLE, RUN_MOVES, Part, RunState
from indexer.models import ChainPayoutRule

_BPS = 10_000


def calculate_fixed(ctx: Context) -> None:
    """Tick: calculate every run whose register is fixed and whose amount is known."""
    for run in repository.in_states(ctx, {RunState.RECORD_FIXED}):
        if run.micro_kopeks_per_unit is not None and run.error_ru is None:
            _calculate(ctx, run)
            if run.state == RunState.CALCULATED and ctx.settings.payout_checkers == 0:
                _checked(ctx, run)


def recalculate(ctx: Context, run_id: str) -> PayoutRun:
    """Calculate anew by hand, on the same register; another officer than this one must check it."""
    ctx.require(Permission.PAYOUT_MANAGE)
    run = _locked(ctx, run_id)
    if run.state not in CALCULABLE:
        RUN_MOVES.check(run.state, RunState.CALCULATED)
        execution.require_no_pending(ctx, execution.DECLARE_REF, run.id)
    if run.micro_kopeks_per_unit is None:
        raise AmountUnknown
    run.launched_by = ctx.actor.user_id
    _calculate(ctx, run)
    return run


def check(ctx: Context, run_id: str) -> PayoutRun:
    """Confirm a calculation; with enough officers it is declared on chain in the operator's name."""
    ctx.require(Permission.PAYOUT_CHECK)
    run = _locked(ctx, run_id)
    if run.state != RunState.CALCULATED:
        RUN_MOVES.check(run.state, RunState.CHECKED)
    user_id = ctx.actor.user_id
    done = repository.checks(ctx, run)
    if user_id is None or user_id == run.launched_by or user_id in {one.user_id for one in done}:
        raise SameOfficer
    ctx.session.add(PayoutCheck(run_id=run.id, calculation=run.calculation, user_id=user_id, at=ctx.now()))
    ctx.session.flush()
    details = {"calculation": run.calculation, "gross_kopeks": run.gross_kopeks, "tax_kopeks": run.tax_kopeks}
    record(ctx, action="payouts.checked", entity="payout", entity_id=run.id, details=details)
    if len(done) + 1 >= max(1, ctx.settings.payout_checkers):
        _checked(ctx, run)
    return run


def enter_index(ctx: Context, run_id: str, value: str, source: str, on_date: date) -> PayoutIndex:
    """Enter the value that a floating or indexed payment follows: percents a year or rubles. Another officer confirms it."""
    ctx.require(Permission.PAYOUT_MANAGE)
    run = _locked(ctx, run_id)
    if run.micro_kopeks_per_unit is not None:
        raise AmountKnown
    number = _decimal(value)
    if not source.strip():
        raise Invalid("Укажите источник значения.", "State the source of the value.", field="source")
    row = ctx.session.get(PayoutIndex, run.id) or PayoutIndex(
        run_id=run.id, value="", source="", on_date=on_date, entered_by="", entered_at=ctx.now()
    )
    row.value, row.source, row.on_date = f"{number:f}", source.strip(), on_date
    row.entered_by, row.entered_at = ctx.actor.author, ctx.now()
    ctx.session.add(row)
    ctx.session.flush()
    details = {"value": row.value, "source": row.source, "on": on_date.isoformat()}
    record(ctx, action="payouts.index_entered", entity="payout", entity_id=run.id, details=details)
    return row


def confirm_index(ctx: Context, run_id: str) -> PayoutRun:
    """Confirm the entered value as another officer: the amount of a unit is fixed by it."""
    ctx.require(Permission.PAYOUT_CHECK)
    run = _locked(ctx, run_id)
    row = ctx.session.get(PayoutIndex, run.id)
    if row is None:
        raise AmountUnknown
    if run.micro_kopeks_per_unit is not None:
        raise AmountKnown
    if row.entered_by == ctx.actor.user_id:
        raise SameOfficer
    run.micro_kopeks_per_unit = _amount(ctx, run, Decimal(row.value))
    row.confirmed_by, row.confirmed_at = ctx.actor.user_id, ctx.now()
    ctx.session.add_all([row, run])
    ctx.session.flush()
    details = {"value": row.value, "micro_kopeks": run.micro_kopeks_per_unit}
    record(ctx, action="payouts.index_confirmed", entity="payout", entity_id=run.id, details=details)
    return run


def _amount(ctx: Context, run: PayoutRun, value: Decimal) -> int:
    issue = issues.by_asset(ctx, run.asset)
    if issue is None:
        raise RunUnknown
    decision = issues.validate_decision(issue.content)
    payment = payment_of(decision, run)
    if isinstance(decision.income, FloatingIncome):
        found = fix_rate(decision, payment, value).income_micro
    else:
        found = fix_price(decision, payment, value).principal_micro
    if not found:
        ru, en = "По этому значению выплаты нет.", "By this value nothing is paid."
        raise Invalid(ru, en, field="value")
    return found


def _decimal(value: str) -> Decimal:
    try:
        number = Decimal(value.strip().replace(",", "."))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number < 0 or number > 1_000_000_000:
        raise Invalid("Укажите число, например 16.50.", "Give a number such as 16.50.", field="value")
    return number


def _calculate(ctx: Context, run: PayoutRun) -> None:
    micro, rule = run.micro_kopeks_per_unit or 0, repository.tax_rule(ctx)
    found = repository.lines(ctx, run.id)
    base = _base(ctx, run) if run.part is Part.INCOME else {}
    for line in found:
        line.gross_kopeks = gross_kopeks(run.rounding, line.units, micro)
        line.base_before_kopeks = base.get(line.holder, 0)
        line.tax_kopeks = _tax(run, line, line.gross_kopeks) if run.part is Part.INCOME else 0
        if line.tax_kopeks > withheld_at_most(line.gross_kopeks, rule):
            run.error_ru = (
                "Правило удержания налога в реестре не задано или меньше нужного: казначей должен его изменить."
            )
            run.error_en = "The register's tax rule is not set or too low: the treasurer must change it."
            ctx.session.add(run)
            return
        ctx.session.add(line)
    run.gross_kopeks = sum(line.gross_kopeks or 0 for line in found)
    run.tax_kopeks = sum(line.tax_kopeks or 0 for line in found)
    run.required_kopeks = required_kopeks(run.rounding, run.units, micro, run.holders)
    run.calculation, run.calculated_at = run.calculation + 1, ctx.now()
    run.error_ru = run.error_en = None
    run.state = RUN_MOVES.check(run.state, RunState.CALCULATED)
    ctx.session.add(run)
    ctx.session.flush()
    details = {"calculation": run.calculation, "gross_kopeks": run.gross_kopeks, "tax_kopeks": run.tax_kopeks}
    record(ctx, action="payouts.calculated", entity="payout", entity_id=run.id, details=details)


def _base(ctx: Context, run: PayoutRun) -> dict[str, int]:
    year = run.payment_date.year
    since, until = (planned_to_real(ctx, datetime(one, 1, 1, tzinfo=MSK)) for one in (year, year + 1))
    return repository.income_before(ctx, run, since.astimezone(UTC), until.astimezone(UTC))


def _tax(run: PayoutRun, line: PayoutLine, gross: int) -> int:
    status = TaxStatus(line.tax_status)
    return income_tax(gross, status, run.payment_date, base_before_kopeks=line.base_before_kopeks).tax_kopeks


def gross_kopeks(rounding: str, units: int, micro: int) -> int:
    """What a holder is due before tax, by the rounding of the decision; the same rule as contracts/payouts/PayoutMath.sol."""
    return micro_to_kopeks(units * micro) if rounding == "PER_HOLDER" else units * micro_to_kopeks(micro)


def required_kopeks(rounding: str, units: int, micro: int, holders: int) -> int:
    """What the contract demands at funding: exact per unit; per holder a bound, the rest of which comes back."""
    if rounding == "PER_UNIT":
        return gross_kopeks(rounding, units, micro)
    return -(-units * micro // MICRO) + holders


def withheld_at_most(gross: int, rule: ChainPayoutRule | None) -> int:
    """The most that the contract lets be withheld: the set share, or that share in whole rubles where rounding gives more."""
    if rule is None or rule.maximum_withheld_bps is None:
        return 0
    product = gross * rule.maximum_withheld_bps
    rubles = (product + _BPS * 100 // 2) // (_BPS * 100)
    return min(gross, max(product // _BPS, rubles * 100))


def _checked(ctx: Context, run: PayoutRun) -> None:
    run.state = RUN_MOVES.check(run.state, RunState.CHECKED)
    ctx.session.add(run)
    ctx.session.flush()
    if repository.chain_run(ctx, run) is None:  # a call or a put was declared before its record date
        execution.promise_declaration(ctx, run)


def _locked(ctx: Context, run_id: str) -> PayoutRun:
    run = repository.locked(ctx, run_id)
    if run is None:
        raise RunUnknown
    return run
