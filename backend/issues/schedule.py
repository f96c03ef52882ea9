"""From a decision to its payments: when, on whose register, how much a unit.

An accrual period starts at the crediting or at the end of the period before; its first day isn't counted, its last day
is. The payment date is the planned date moved by the business day rule; the period ends on the planned date unless
the decision accrues on the shift. «T-1» is the day before the payment date so moved: the day on which the obligation
is to be performed (ГК РФ ст. 193), so that nobody can sell between the register and the payment.

Amounts are millionths of a kopek a unit. PER_UNIT rounds the income of a unit to whole kopeks first; PER_HOLDER rounds
only the product with a holder's units. Principal is always whole kopeks a unit, and what amortisation leaves over by
rounding is paid at redemption, so the parts add up to the nominal exactly.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final

from backend.core.business_days import Adjusted, adjust_checked
from backend.core.clock import MSK
from backend.core.daycount import year_fraction
from backend.core.money import MICRO, micro_to_kopeks, round_half_up, to_micro_kopeks
from backend.issues.decision_terms import (
    Decision,
    FixedIncome,
    FloatingIncome,
    IndexedIncome,
    InvestorPut,
    RecordAtWindow,
    RecordBefore,
    Rounding,
)
from backend.issues.decision_types import parse_formula

__all__ = [
    "CashFlow",
    "PaymentKind",
    "PlannedPayment",
    "accrued_income_micro",
    "cash_flow_preview",
    "fix_price",
    "fix_rate",
    "holder_amount_kopeks",
    "planned_payments",
    "put_closes_at",
]

_DAY: Final = timedelta(days=1)


class PaymentKind(StrEnum):
    """What a payment consists of."""

    COUPON = "COUPON"
    AMORTISATION = "AMORTISATION"
    REDEMPTION = "REDEMPTION"
    COUPON_AND_AMORTISATION = "COUPON_AND_AMORTISATION"
    COUPON_AND_REDEMPTION = "COUPON_AND_REDEMPTION"

    @property
    def chain_kind(self) -> str:
        """The kind under which the payout contract declares it: the part that changes the register decides."""
        return self.value.removeprefix("COUPON_AND_")

    @property
    def burns(self) -> bool:
        """Whether the units are extinguished by this payment."""
        return self.chain_kind == "REDEMPTION"


@dataclass(frozen=True, slots=True)
class PlannedPayment:
    """One payment of an issue. Amounts are micro-kopeks a unit; None until an index is fixed."""

    number: int
    kind: PaymentKind
    accrual_start: date | None
    accrual_end: date | None
    planned_date: date
    payment_date: date
    record_at: datetime | None
    """Aware UTC; a move of units at or before this second counts. None: whoever presents the units is paid."""
    income_micro: int | None
    principal_micro: int | None
    nominal_before_kopeks: int | None
    """Nominal of a unit on which this period's income accrues."""
    rounding: Rounding
    fixing_date: date | None
    """Moscow day on which the index of this payment is taken; None when nothing is to be fixed."""
    calendar_known: bool
    """False when the production calendar of the payment's year isn't published yet, so the date may still move."""

    @property
    def amount_micro(self) -> int | None:
        """Income and principal together; None while either is unknown."""
        if self.income_micro is None or self.principal_micro is None:
            return None
        return self.income_micro + self.principal_micro

    @property
    def known(self) -> bool:
        """Whether the amount is fixed."""
        return self.amount_micro is not None


@dataclass(frozen=True, slots=True)
class CashFlow:
    """A line of the preview for an investor: kopeks, negative when paid by the investor; None when not known yet."""

    day: date
    kind: str
    income_kopeks: int | None
    principal_kopeks: int | None
    total_kopeks: int | None


def planned_payments(decision: Decision) -> list[PlannedPayment]:
    """Return all payments of the decision, numbered from 1, in order of time."""
    if isinstance(decision.income, IndexedIncome):
        return [_indexed_redemption(decision, decision.income)]
    return list(_coupons(decision, decision.income))


def put_closes_at(put: InvestorPut) -> datetime:
    """The last second in which units can be presented, aware UTC: the end of the window's last day in Moscow."""
    return datetime.combine(put.window[1], time(23, 59, 59), MSK).astimezone(UTC)


def holder_amount_kopeks(units: int, payment: PlannedPayment) -> int:
    """Return what a holder of ``units`` is paid, before tax; ValueError while the amount isn't fixed."""
    if payment.amount_micro is None:
        raise ValueError(f"the amount of payment {payment.number} is not fixed yet")
    return micro_to_kopeks(units * payment.amount_micro)


def fix_rate(decision: Decision, payment: PlannedPayment, index_percent: Decimal) -> PlannedPayment:
    """Return a floating payment with its amount, given the index of its period in percents a year."""
    income = decision.income
    if not isinstance(income, FloatingIncome):
        raise TypeError("only floating income is fixed by a rate")
    rate = index_percent + income.spread
    rate = max(rate, income.floor if income.floor is not None else Decimal(0))
    rate = rate if income.cap is None else min(rate, income.cap)
    return replace(payment, income_micro=_income_micro(income, payment, rate))


def fix_price(decision: Decision, payment: PlannedPayment, index_rubles: Decimal) -> PlannedPayment:
    """Return an indexed redemption with its amount, given the price of the index in rubles."""
    if decision.redemption.formula is None:
        raise ValueError("the redemption does not follow a formula")
    _, factor = parse_formula(decision.redemption.formula)
    kopeks = round_half_up(Fraction(index_rubles) * Fraction(factor) * 100)
    return replace(payment, principal_micro=to_micro_kopeks(kopeks), income_micro=0)


def accrued_income_micro(decision: Decision, on: date) -> int:
    """Return income accrued on a unit from the last period's end to ``on`` (counted), for an early redemption.

    Fixed income only (TypeError otherwise); 0 outside the accrual periods.
    """
    income = decision.income
    if not isinstance(income, FixedIncome):
        raise TypeError("accrued income is known in advance only at a fixed rate")
    for payment in planned_payments(decision):
        start, end = payment.accrual_start, payment.accrual_end
        if start is not None and end is not None and start < on <= end:
            return _income_micro(income, replace(payment, accrual_end=on), income.rate)
    return 0


def cash_flow_preview(decision: Decision, units: int) -> list[CashFlow]:
    """Return what an investor in ``units`` pays and receives, before tax, in order of time."""
    price = None if decision.price_kopeks is None else -decision.price_kopeks * units
    bought = decision.crediting or decision.placement.ends.date()
    lines = [CashFlow(bought, "PURCHASE", 0, price, price)]
    return lines + [_flow(payment, units) for payment in planned_payments(decision)]


def _flow(payment: PlannedPayment, units: int) -> CashFlow:
    total = holder_amount_kopeks(units, payment) if payment.known else None
    principal = None if payment.principal_micro is None else payment.principal_micro * units // MICRO
    income = total - principal if total is not None and principal is not None else None
    return CashFlow(payment.payment_date, payment.kind, income, principal, total)


def _coupons(decision: Decision, income: FixedIncome | FloatingIncome) -> Iterator[PlannedPayment]:
    nominal, start = decision.nominal_kopeks, decision.crediting
    if nominal is None or start is None:
        raise ValueError("income in percents needs a nominal and a crediting date")
    shares = {part.date: part.percent for part in decision.amortisation}
    left = nominal
    dates = income.payment_dates or [decision.redemption.date]
    for number, planned in enumerate(dates, start=1):
        last = planned == decision.redemption.date
        moved = _payment_date(decision, income, planned)
        end = moved.day if income.accrue_on_shift else planned
        principal = left if last else round_half_up(Fraction(nominal) * Fraction(shares.get(planned, Decimal(0))) / 100)
        payment = PlannedPayment(
            number=number,
            kind=_kind(last=last, principal=principal),
            accrual_start=start,
            accrual_end=end,
            planned_date=planned,
            payment_date=moved.day,
            record_at=_record_at(decision, moved.day),
            income_micro=None,
            principal_micro=to_micro_kopeks(principal),
            nominal_before_kopeks=left,
            rounding=income.rounding,
            fixing_date=_fixing_date(income, start),
            calendar_known=moved.calendar_known,
        )
        yield _with_known_income(income, payment)
        start, left = end, left - principal


def _with_known_income(income: FixedIncome | FloatingIncome, payment: PlannedPayment) -> PlannedPayment:
    if isinstance(income, FloatingIncome):
        return payment
    return replace(payment, income_micro=_income_micro(income, payment, income.rate))


def _income_micro(income: FixedIncome | FloatingIncome, payment: PlannedPayment, rate: Decimal) -> int:
    """Coupon of a unit = nominal x rate x share of the year."""
    if payment.accrual_start is None or payment.accrual_end is None or payment.nominal_before_kopeks is None:
        raise ValueError(f"payment {payment.number} accrues nothing")
    share = year_fraction(payment.accrual_start, payment.accrual_end, income.day_count)
    kopeks = payment.nominal_before_kopeks * Fraction(rate) / 100 * share
    return to_micro_kopeks(round_half_up(kopeks) if income.rounding is Rounding.PER_UNIT else kopeks)


def _payment_date(decision: Decision, income: FixedIncome | FloatingIncome, planned: date) -> Adjusted:
    at_end = planned == decision.redemption.date
    return adjust_checked(planned, decision.redemption.business_days if at_end else income.business_days)


def _kind(*, last: bool, principal: int) -> PaymentKind:
    if last:
        return PaymentKind.COUPON_AND_REDEMPTION
    return PaymentKind.COUPON_AND_AMORTISATION if principal else PaymentKind.COUPON


def _fixing_date(income: FixedIncome | FloatingIncome, start: date) -> date | None:
    return start - income.fixing.days_before_period * _DAY if isinstance(income, FloatingIncome) else None


def _record_at(decision: Decision, payment_date: date) -> datetime | None:
    record = decision.record_date
    if isinstance(record, RecordBefore):
        return datetime.combine(payment_date - _DAY, record.time).astimezone(UTC)
    if isinstance(record, RecordAtWindow):
        return record.window_opens.astimezone(UTC)
    return None


def _indexed_redemption(decision: Decision, income: IndexedIncome) -> PlannedPayment:
    """One payment at the end: the formula's value, or the nominal where the decision redeems at the nominal."""
    redemption = decision.redemption
    moved = adjust_checked(redemption.date, redemption.business_days)
    fixed = decision.nominal_kopeks if redemption.formula is None else None
    return PlannedPayment(
        number=1,
        kind=PaymentKind.REDEMPTION,
        accrual_start=None,
        accrual_end=None,
        planned_date=redemption.date,
        payment_date=moved.day,
        record_at=_record_at(decision, moved.day),
        income_micro=0 if fixed is not None else None,
        principal_micro=None if fixed is None else to_micro_kopeks(fixed),
        nominal_before_kopeks=decision.nominal_kopeks,
        rounding=Rounding.PER_UNIT,
        fixing_date=None if fixed is not None else moved.day - income.lag_days * _DAY,
        calendar_known=moved.calendar_known,
    )
