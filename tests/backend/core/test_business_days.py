"""Business days: the Russian production calendar and the moving rules."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.core import business_days
from backend.core.business_days import BusinessDayRule


@pytest.mark.parametrize(
    ("day", "rule", "moved"),
    [
        ("2027-01-02", "FOLLOWING", "2027-01-11"),
        ("2026-05-31", "FOLLOWING", "2026-06-01"),
        ("2026-05-31", "MODIFIED_FOLLOWING", "2026-05-29"),
        ("2027-02-20", "FOLLOWING", "2027-02-20"),
        ("2026-12-31", "FOLLOWING", "2027-01-11"),
        ("2026-12-31", "MODIFIED_FOLLOWING", "2026-12-30"),
        ("2027-01-04", "PRECEDING", "2026-12-30"),
        ("2027-01-04", "NONE", "2027-01-04"),
        ("2027-11-05", "FOLLOWING", "2027-11-08"),
        ("2024-11-02", "FOLLOWING", "2024-11-02"),
    ],
)
def test_payment_date_moves_by_the_rule(day: str, rule: str, moved: str) -> None:
    assert business_days.adjust(date.fromisoformat(day), BusinessDayRule(rule)) == date.fromisoformat(moved)


def test_year_outside_the_table_is_flagged_but_weekends_and_standing_holidays_hold() -> None:
    adjusted = business_days.adjust_checked(date(2030, 1, 1), BusinessDayRule.FOLLOWING)
    assert (adjusted.day, adjusted.calendar_known) == (date(2030, 1, 9), False)
    assert business_days.adjust_checked(date(2026, 6, 1), BusinessDayRule.FOLLOWING).calendar_known


def test_working_days_are_counted_both_ways() -> None:
    assert business_days.add_working_days(date(2026, 12, 30), 1) == date(2027, 1, 11)
    assert business_days.add_working_days(date(2027, 1, 11), -1) == date(2026, 12, 30)
    assert business_days.add_working_days(date(2027, 1, 2), 0) == date(2027, 1, 2)


@given(st.dates(date(2024, 1, 20), date(2027, 12, 1)), st.sampled_from(list(BusinessDayRule)))
def test_moved_date_works_and_a_working_day_stays(day: date, rule: BusinessDayRule) -> None:
    moved = business_days.adjust(day, rule)
    assert rule is BusinessDayRule.NONE or business_days.is_working_day(moved)
    assert moved == day or not business_days.is_working_day(day)
    assert rule is not BusinessDayRule.MODIFIED_FOLLOWING or moved.month == day.month


def test_table_agrees_with_the_published_calendar_of_every_day() -> None:
    holidays = pytest.importorskip(
        "holidays", reason="the calendar library that seeded the table: pip install holidays"
    )
    seed = holidays.RU(years=range(2024, 2028))
    day = date(2024, 1, 1)
    while day.year < 2028:
        assert business_days.is_working_day(day) is seed.is_working_day(day), day
        day += timedelta(days=1)
