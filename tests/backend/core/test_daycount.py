"""Day counts: conventions against the published examples, and their exactness."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.core.daycount import DayCount, accrued_days, year_fraction

DATES = st.dates(date(2000, 1, 1), date(2100, 1, 1))


@pytest.mark.parametrize(
    ("start", "end", "convention", "days"),
    [
        ("2026-02-28", "2026-03-31", DayCount.THIRTY_E_360, 32),
        ("2026-02-28", "2026-03-31", DayCount.THIRTY_360_US, 30),
        ("2026-02-28", "2026-03-31", DayCount.ACT_360, 31),
        ("2024-02-29", "2025-02-28", DayCount.THIRTY_360_US, 360),
        ("2026-01-30", "2026-01-31", DayCount.THIRTY_360_US, 0),
        ("2026-01-29", "2026-01-31", DayCount.THIRTY_360_US, 2),
        ("2026-01-15", "2026-04-15", DayCount.ACT_365F, 90),
    ],
)
def test_days(start: str, end: str, convention: DayCount, days: int) -> None:
    assert accrued_days(date.fromisoformat(start), date.fromisoformat(end), convention) == days


def test_calendar_year_splits_at_new_year() -> None:
    assert year_fraction(date(2027, 11, 15), date(2028, 2, 15), DayCount.ACT_ACT) == Fraction(47, 365) + Fraction(
        45, 366
    )


def test_issuers_spellings_are_understood() -> None:
    assert DayCount("ACT/365") is DayCount.ACT_365F
    assert DayCount("30/360 US") is DayCount.THIRTY_360_US
    with pytest.raises(ValueError, match="ACT/364"):
        DayCount("ACT/364")


@given(DATES, DATES, st.sampled_from(list(DayCount)))
def test_time_does_not_run_backwards(first: date, second: date, convention: DayCount) -> None:
    if second < first:
        with pytest.raises(ValueError, match="before it starts"):
            year_fraction(first, second, convention)
    else:
        assert year_fraction(first, second, convention) >= 0


@given(DATES, DATES, DATES, st.sampled_from([DayCount.ACT_365F, DayCount.ACT_360, DayCount.ACT_ACT]))
def test_actual_conventions_add_up_over_neighbouring_periods(a: date, b: date, c: date, convention: DayCount) -> None:
    start, middle, end = sorted((a, b, c))
    parts = year_fraction(start, middle, convention) + year_fraction(middle, end, convention)
    assert parts == year_fraction(start, end, convention)
