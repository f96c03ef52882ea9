"""Business days of the Russian Federation and the rules that move a payment date.

The calendar is our own table (``data/ru_calendar.yaml``): days off moved by decree and working Saturdays. For a year
that the table doesn't carry yet, weekends and the standing holidays of ТК РФ ст. 112 are used instead, and
:attr:`Adjusted.calendar_known` is False: the date may still move when the decree is published.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Final

import yaml

__all__ = [
    "Adjusted",
    "BusinessDayRule",
    "ProductionCalendar",
    "add_working_days",
    "adjust",
    "adjust_checked",
    "is_working_day",
    "russian_calendar",
]

_DAY: Final = timedelta(days=1)
_STANDING_HOLIDAYS: Final = frozenset(
    {(1, day) for day in range(1, 9)} | {(2, 23), (3, 8), (5, 1), (5, 9), (6, 12), (11, 4)}
)


class BusinessDayRule(StrEnum):
    """What happens to a payment whose date is not a working day (ISDA 2006 Definitions, section 4.12)."""

    FOLLOWING = "FOLLOWING"
    """The next working day."""
    MODIFIED_FOLLOWING = "MODIFIED_FOLLOWING"
    """The next working day, unless it falls into the next month: then the working day before."""
    PRECEDING = "PRECEDING"
    """The working day before."""
    NONE = "NONE"
    """The date stays."""


@dataclass(frozen=True, slots=True)
class Adjusted:
    """A date after a rule was applied; ``calendar_known`` is False when a year outside the table was consulted."""

    day: date
    calendar_known: bool


@dataclass(frozen=True, slots=True)
class ProductionCalendar:
    """Days off and working weekends of the years in ``years``."""

    years: frozenset[int]
    days_off: frozenset[date]
    working_weekends: frozenset[date]

    def knows(self, day: date) -> bool:
        """Tell whether the table carries the year of ``day``."""
        return day.year in self.years

    def is_working(self, day: date) -> bool:
        """Tell whether banks and courts work on ``day``."""
        if day in self.working_weekends:
            return True
        if day.weekday() >= 5 or day in self.days_off:
            return False
        return self.knows(day) or (day.month, day.day) not in _STANDING_HOLIDAYS

    def adjust(self, day: date, rule: BusinessDayRule) -> Adjusted:
        """Return the working day that ``rule`` gives for ``day``."""
        if rule is BusinessDayRule.NONE:
            return Adjusted(day, True)
        step = -_DAY if rule is BusinessDayRule.PRECEDING else _DAY
        moved = self._walk(day, step)
        if rule is BusinessDayRule.MODIFIED_FOLLOWING and moved.month != day.month:
            back = self._walk(day, -_DAY)
            return Adjusted(back, self.knows(day) and self.knows(moved) and self.knows(back))
        return Adjusted(moved, self.knows(day) and self.knows(moved))

    def add_working_days(self, day: date, count: int) -> date:
        """Return the ``count``-th working day after ``day`` (before it when negative; ``day`` itself for zero)."""
        step = _DAY if count > 0 else -_DAY
        for _ in range(abs(count)):
            day = self._walk(day + step, step)
        return day

    def _walk(self, day: date, step: timedelta) -> date:
        while not self.is_working(day):
            day += step
        return day


def _read_calendar(table: Mapping[int, Mapping[str, list[str]]]) -> ProductionCalendar:
    def collect(key: str) -> frozenset[date]:
        return frozenset(date.fromisoformat(text) for year in table.values() for text in year[key])

    return ProductionCalendar(frozenset(table), collect("days_off"), collect("working_weekends"))


@cache
def russian_calendar() -> ProductionCalendar:
    """Return the production calendar that comes with the product."""
    text = files("backend.core").joinpath("data/ru_calendar.yaml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return _read_calendar(content["years"])


def is_working_day(day: date) -> bool:
    """Tell whether ``day`` is a working day in Russia."""
    return russian_calendar().is_working(day)


def adjust(day: date, rule: BusinessDayRule) -> date:
    """Return ``day`` moved by ``rule``."""
    return russian_calendar().adjust(day, rule).day


def adjust_checked(day: date, rule: BusinessDayRule) -> Adjusted:
    """Return ``day`` moved by ``rule`` and whether the calendar of those years is known."""
    return russian_calendar().adjust(day, rule)


def add_working_days(day: date, count: int) -> date:
    """Return the ``count``-th Russian working day after ``day``."""
    return russian_calendar().add_working_days(day, count)
