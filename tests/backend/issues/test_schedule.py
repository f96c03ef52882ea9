"""Schedules: dates, registers and amounts of the shared decisions, and the shared payout vectors."""

import csv
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.core.business_days import BusinessDayRule, adjust
from backend.core.money import MICRO, split_by_weights
from backend.core.tax import TaxStatus, income_tax
from backend.issues.decision import Decision, read_decision_yaml, validate_decision
from backend.issues.schedule import (
    PaymentKind,
    accrued_income_micro,
    cash_flow_preview,
    fix_price,
    fix_rate,
    holder_amount_kopeks,
    planned_payments,
)

CASES = Path(__file__).parents[2] / "cases"


def _data(name: str) -> dict[str, Any]:
    return read_decision_yaml((CASES / "decisions" / name).read_bytes())


def _monthly(**changes: Any) -> Decision:
    data = _data("01-monthly-coupon.yaml")
    income = data["income"] | {k: v for k, v in changes.items() if k in data["income"]}
    return validate_decision(data | {k: v for k, v in changes.items() if k not in income} | {"income": income})


def _one_period(rate: str, start: str, end: str, day_count: str, rounding: str = "PER_UNIT") -> Decision:
    """An issue of nominal 1000 with one payment at redemption."""
    data = _data("02-thirty-day-discount.yaml")
    opened = date.fromisoformat(start)
    placement = data["placement"] | {
        "starts": f"{opened - timedelta(days=2)}T09:00+03:00",
        "ends": f"{opened - timedelta(days=1)}T18:00+03:00",
    }
    income = data["income"] | {"rate": rate, "day_count": day_count, "rounding": rounding, "business_days": "NONE"}
    changes: dict[str, Any] = {
        "nominal": "1000.00",
        "price": "1000.00",
        "units": {"maximum": 1000, "minimum_to_issue": 0, "order_min": 1, "order_max": 1000},
        "placement": placement,
        "crediting": start,
        "income": income,
        "record_date": {"rule": "AT_REDEMPTION_WINDOW", "window_opens": f"{end}T00:00+03:00"},
        "redemption": data["redemption"] | {"date": end, "business_days": "NONE"},
    }
    return validate_decision(data | changes)


def _coupon(units: int, *terms: str) -> str:
    payment = planned_payments(_one_period(*terms))[0]
    assert payment.principal_micro == 100_000 * MICRO
    return f"{Decimal(holder_amount_kopeks(units, payment) - 100_000 * units) / 100:.2f}"


def _rubles(kopeks: int) -> str:
    return f"{Decimal(kopeks) / 100:.2f}"


def _moved(day: str, rule: BusinessDayRule) -> str:
    return adjust(date.fromisoformat(day), rule).isoformat()


SPRING = ("21", "2026-01-15", "2026-04-15")
WINTER = ("18", "2027-11-15", "2028-02-15")
MARCH = ("24", "2026-02-28", "2026-03-31")
PAID = date(2026, 4, 15)
COMPUTED = {
    "P1": lambda: _coupon(1, *SPRING, "ACT/365F"),
    "P2": lambda: _coupon(137, *SPRING, "ACT/365F"),
    "P3": lambda: _coupon(137, *SPRING, "ACT/365F", "PER_HOLDER"),
    "P4": lambda: _coupon(1, *SPRING, "ACT/360"),
    "P5": lambda: _coupon(1, *WINTER, "ACT/ACT"),
    "P6": lambda: _coupon(1, *WINTER, "ACT/365F"),
    "P7": lambda: _coupon(1, *MARCH, "30E/360"),
    "P8": lambda: _coupon(1, *MARCH, "30/360"),
    "P9": lambda: _coupon(1, *MARCH, "ACT/360"),
    "P10": lambda: _rubles(income_tax(709_386, TaxStatus.RESIDENT, PAID).tax_kopeks),
    "P11": lambda: _rubles(income_tax(709_386, TaxStatus.RESIDENT, PAID).net_kopeks),
    "P12": lambda: _rubles(income_tax(709_386, TaxStatus.NON_RESIDENT, PAID).tax_kopeks),
    "P13": lambda: _rubles(income_tax(500_000, TaxStatus.RESIDENT, PAID, base_before_kopeks=239_900_000).tax_kopeks),
    "P14": lambda: _moved("2027-01-02", BusinessDayRule.FOLLOWING),
    "P15": lambda: _moved("2026-05-31", BusinessDayRule.MODIFIED_FOLLOWING),
    "P16": lambda: _moved("2027-02-20", BusinessDayRule.FOLLOWING),
    "P17": lambda: _moved("2026-12-31", BusinessDayRule.FOLLOWING),
    "P18": lambda: _moved("2026-12-31", BusinessDayRule.MODIFIED_FOLLOWING),
    "P19": lambda: "; ".join(_rubles(part) for part in split_by_weights(10_000, [1, 1, 1])),
}


def _vectors() -> list[dict[str, str]]:
    with (CASES / "payouts.tsv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@pytest.mark.parametrize("row", _vectors(), ids=lambda row: row["id"])
def test_shared_vector(row: dict[str, str]) -> None:
    assert COMPUTED[row["id"]]() == row["expected"]


def test_every_vector_is_computed() -> None:
    assert {row["id"] for row in _vectors()} == set(COMPUTED)


def test_monthly_issue_pays_six_coupons_and_the_nominal_with_the_last() -> None:
    payments = planned_payments(_monthly())
    assert [p.planned_date.isoformat() for p in payments] == [f"2027-{month:02d}-04" for month in range(1, 7)]
    assert [p.payment_date.isoformat() for p in payments] == [
        "2027-01-11",
        "2027-02-04",
        "2027-03-04",
        "2027-04-05",
        "2027-05-04",
        "2027-06-04",
    ]
    assert [p.kind for p in payments] == [PaymentKind.COUPON] * 5 + [PaymentKind.COUPON_AND_REDEMPTION]
    assert [p.income_micro for p in payments] == [kopeks * MICRO for kopeks in (1784, 1784, 1611, 1784, 1726, 1784)]
    assert [p.principal_micro for p in payments] == [0] * 5 + [100_000 * MICRO]
    assert all(p.calendar_known for p in payments)


def test_accrual_periods_touch_and_do_not_follow_the_shift() -> None:
    payments = planned_payments(_monthly())
    assert payments[0].accrual_start == date(2026, 12, 4)
    assert [p.accrual_end for p in payments[:-1]] == [p.accrual_start for p in payments[1:]]
    assert payments[0].accrual_end == date(2027, 1, 4)


def test_accrual_follows_the_shift_when_the_decision_says_so() -> None:
    shifted = planned_payments(_monthly(accrue_on_shift=True))
    assert (shifted[0].accrual_end, shifted[1].accrual_start) == (date(2027, 1, 11), date(2027, 1, 11))
    assert shifted[0].income_micro == 2186 * MICRO


def test_register_is_taken_at_the_end_of_the_day_before_the_payment() -> None:
    records = [p.record_at for p in planned_payments(_monthly())]
    assert records[0] == datetime(2027, 1, 10, 20, 59, 59, tzinfo=UTC)
    assert records[3] == datetime(2027, 4, 4, 20, 59, 59, tzinfo=UTC)


def test_thirty_days_are_paid_once_to_those_who_hold_when_the_window_opens() -> None:
    (payment,) = planned_payments(validate_decision(_data("02-thirty-day-discount.yaml")))
    assert (payment.kind, payment.payment_date) == (PaymentKind.COUPON_AND_REDEMPTION, date(2027, 1, 11))
    assert (payment.accrual_start, payment.accrual_end) == (date(2026, 12, 9), date(2027, 1, 8))
    assert payment.record_at == datetime(2027, 1, 6, 21, tzinfo=UTC)
    assert (payment.income_micro, payment.principal_micro) == (1_602_740, 100 * MICRO)
    assert holder_amount_kopeks(1_000_000, payment) == 101_602_740
    assert payment.kind.burns
    assert payment.kind.chain_kind == "REDEMPTION"


def test_floating_coupon_is_unknown_until_its_rate_is_fixed_within_floor_and_cap() -> None:
    decision = validate_decision(_data("03-key-rate-floater.yaml"))
    payments = planned_payments(decision)
    first = payments[0]
    assert not first.known
    assert first.fixing_date == date(2026, 12, 16)
    with pytest.raises(ValueError, match="not fixed"):
        holder_amount_kopeks(1, first)
    fixed = fix_rate(decision, first, Decimal("16.50"))
    assert holder_amount_kopeks(3, fixed) == 1_421_096  # 3 x 100000.00 x 19 % x 91/365
    assert fix_rate(decision, first, Decimal(40)) == fix_rate(decision, first, Decimal("27.50"))
    assert fix_rate(decision, first, Decimal(-20)).income_micro == 0


def test_amortised_nominal_bears_no_more_income_and_adds_up_to_the_whole() -> None:
    decision = validate_decision(_data("03-key-rate-floater.yaml"))
    payments = planned_payments(decision)
    assert [p.nominal_before_kopeks for p in payments] == [10_000_000] * 4 + [7_000_000] * 2 + [4_000_000] * 2
    assert sum(p.principal_micro or 0 for p in payments) == 10_000_000 * MICRO
    assert [p.number for p in payments if p.kind is PaymentKind.COUPON_AND_AMORTISATION] == [4, 6]
    assert [p.calendar_known for p in payments] == [True] * 4 + [False] * 4


def test_redemption_at_the_price_of_gold_is_fixed_by_that_price() -> None:
    decision = validate_decision(_data("04-gold-linked.yaml"))
    (payment,) = planned_payments(decision)
    assert (payment.kind, payment.known, payment.record_at) == (PaymentKind.REDEMPTION, False, None)
    assert payment.fixing_date == date(2029, 12, 27)
    assert holder_amount_kopeks(2, fix_price(decision, payment, Decimal("10123.455"))) == 2_024_692


def test_fixing_what_is_not_open_is_refused() -> None:
    decision = _monthly()
    payment = planned_payments(decision)[0]
    with pytest.raises(TypeError, match="floating"):
        fix_rate(decision, payment, Decimal(1))
    with pytest.raises(ValueError, match="formula"):
        fix_price(decision, payment, Decimal(1))
    with pytest.raises(TypeError, match="fixed rate"):
        accrued_income_micro(validate_decision(_data("03-key-rate-floater.yaml")), date(2027, 1, 1))


def test_accrued_income_grows_by_the_day_and_starts_again_after_a_period() -> None:
    decision = _monthly()
    assert accrued_income_micro(decision, date(2026, 12, 4)) == 0
    assert accrued_income_micro(decision, date(2026, 12, 5)) == 58 * MICRO
    assert accrued_income_micro(decision, date(2027, 1, 4)) == 1784 * MICRO
    assert accrued_income_micro(decision, date(2027, 1, 5)) == 58 * MICRO
    assert accrued_income_micro(decision, date(2027, 6, 5)) == 0


def test_preview_starts_with_the_purchase_and_ends_with_the_nominal() -> None:
    lines = cash_flow_preview(_monthly(), 10)
    assert (lines[0].kind, lines[0].day, lines[0].total_kopeks) == ("PURCHASE", date(2026, 12, 4), -1_000_000)
    assert (lines[-1].income_kopeks, lines[-1].principal_kopeks, lines[-1].total_kopeks) == (
        17_840,
        1_000_000,
        1_017_840,
    )
    unknown = cash_flow_preview(validate_decision(_data("04-gold-linked.yaml")), 10)
    assert [line.total_kopeks for line in unknown] == [None, None]


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_rounding_per_unit_makes_amounts_additive(a: int, b: int) -> None:
    for payment in planned_payments(_PER_UNIT):
        parts = holder_amount_kopeks(a, payment) + holder_amount_kopeks(b, payment)
        assert parts == holder_amount_kopeks(a + b, payment)


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_rounding_per_holder_is_off_by_at_most_one_kopek_a_split(a: int, b: int) -> None:
    for payment in planned_payments(_PER_HOLDER):
        parts = holder_amount_kopeks(a, payment) + holder_amount_kopeks(b, payment)
        assert abs(parts - holder_amount_kopeks(a + b, payment)) <= 1


@given(st.sampled_from(list(BusinessDayRule)), st.booleans())
def test_principal_always_adds_up_to_the_nominal(rule: BusinessDayRule, on_shift: bool) -> None:
    payments = planned_payments(_monthly(business_days=rule.value, accrue_on_shift=on_shift))
    assert sum(p.principal_micro or 0 for p in payments) == 100_000 * MICRO
    assert all(p.accrual_start < p.accrual_end for p in payments if p.accrual_start and p.accrual_end)


_PER_UNIT = _monthly()
_PER_HOLDER = _monthly(rounding="PER_HOLDER")
