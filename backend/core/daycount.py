"""Day counts: the share of a year between two dates, as an exact fraction.

Names and rules follow ISDA 2006 Definitions, section 4.16. «ACT/ACT» is the calendar-year kind that Russian issues use:
days that fall into a leap year are divided by 366, the others by 365. ``ACT/365`` is written by issuers for ``ACT/365F``.
"""

from calendar import isleap, monthrange
from datetime import date
from enum import StrEnum
from fractions import Fraction

__all__ = ["DayCount", "accrued_days", "add_months", "year_fraction"]


class DayCount(StrEnum):
    """Day count conventions, by the name that a decision gives them."""

    ACT_365F = "ACT/365F"
    ACT_360 = "ACT/360"
    ACT_ACT = "ACT/ACT"
    THIRTY_360_US = "30/360"
    THIRTY_E_360 = "30E/360"

    @classmethod
    def _missing_(cls, value: object) -> "DayCount | None":
        aliases = {"ACT/365": cls.ACT_365F, "30/360 US": cls.THIRTY_360_US}
        return aliases.get(value) if isinstance(value, str) else None


def accrued_days(start: date, end: date, convention: DayCount) -> int:
    """Return the days counted from ``start`` to ``end``: one of the two end days is excluded.

    Raises ValueError when ``end`` is before ``start``.
    """
    if end < start:
        raise ValueError(f"accrual ends on {end} before it starts on {start}")
    if convention is DayCount.THIRTY_360_US:
        return _days_30_360_us(start, end)
    if convention is DayCount.THIRTY_E_360:
        return _days_360(start, end, min(start.day, 30), min(end.day, 30))
    return (end - start).days


def year_fraction(start: date, end: date, convention: DayCount) -> Fraction:
    """Return the share of a year between two dates, exact."""
    if convention is DayCount.ACT_ACT and start < end:
        return _actual_by_calendar_year(start, end)
    base = 365 if convention is DayCount.ACT_365F else 360
    return Fraction(accrued_days(start, end, convention), base)


def _actual_by_calendar_year(start: date, end: date) -> Fraction:
    total = Fraction(0)
    cursor = start
    while cursor < end:
        stop = min(end, date(cursor.year + 1, 1, 1))
        total += Fraction((stop - cursor).days, 366 if isleap(cursor.year) else 365)
        cursor = stop
    return total


def _days_30_360_us(start: date, end: date) -> int:
    first, last = start.day, end.day
    if _ends_february(start):
        if _ends_february(end):
            last = 30
        first = 30
    if last == 31 and first >= 30:
        last = 30
    return _days_360(start, end, min(first, 30), last)


def _ends_february(day: date) -> bool:
    return day.month == 2 and day.day == monthrange(day.year, 2)[1]


def _days_360(start: date, end: date, first: int, last: int) -> int:
    return 360 * (end.year - start.year) + 30 * (end.month - start.month) + last - first


def add_months(day: date, months: int) -> date:
    """Return the same day ``months`` later, or the month's last day where there is no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
