"""The story's calendar over a network whose clock nobody can move: seven months in about twenty minutes (backend/core/pace.py).

Every planned moment that the story or a contract waits for gets a real one. The pairs are written down before the first issue is
approved, for its terms on chain hold for good; those of the second placement are fitted into the gap that was left for it, when it is
approved in its turn. ``pace`` stretches everything on slow machines.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from backend.core.pace import parse_pairs, real_moment
from scripts.besu import files
from scripts.demo.bank import MSK
from scripts.demo.expected import coupon_dates, following

# How long the story needs for what it does between two moments, seconds at pace 1.
APPROVAL_S, FACTORY_ORDERS_S, RETAIL_ORDERS_S = 75, 150, 180
SECOND_ISSUE_S = 480  # approval, placement and settlement of the second issue
CREDITING_S = 8
TRADES_S = 150  # transfers and the sale after the lock-up, before the first record date
FUNDING_S, PAYING_S, REST_S = 45, 40, 30  # from record date to payment day, in it, and until the next record date
SECOND = timedelta(seconds=1)
RETAIL_WINDOW = datetime(2027, 1, 7, tzinfo=MSK)


class TooSlowError(RuntimeError):
    """The story came too late for its calendar."""


@dataclass(slots=True)
class Calendar:
    """Pairs of planned and real moments in a file that the platform reads too."""

    path: Path
    pace: float = 1.0

    def real(self, planned: datetime) -> datetime:
        """The real moment of a planned one."""
        return real_moment(parse_pairs(self._rows()), planned)

    def begin(self, factory: dict[str, Any], now: datetime) -> None:
        """Lay everything out from now on, once; ``factory``: the decision of the first issue."""
        if self._rows():
            return
        rows = _Rows(now, self.pace)
        starts, ends = (datetime.fromisoformat(factory["placement"][key]) for key in ("starts", "ends"))
        rows.add(starts, APPROVAL_S)
        rows.add(starts + timedelta(minutes=5), 2)
        rows.add(ends, FACTORY_ORDERS_S)
        lock = datetime.fromisoformat(factory["lock"]["until"])
        rows.add(lock, SECOND_ISSUE_S)
        rows.add(lock + 10 * 3600 * SECOND, 3)
        rows.add(RETAIL_WINDOW, TRADES_S)
        for number, planned in enumerate(coupon_dates(factory)):
            day = following(planned)
            if number:
                rows.add(_at(day) - SECOND, REST_S)
            else:
                rows.add_in_the_same_second(_at(day) - SECOND)
            rows.add(_at(day), FUNDING_S)
            rows.add(_at(day + timedelta(days=1)) - SECOND, PAYING_S)
        self._write(rows.rows)

    def fit_retail(self, retail: dict[str, Any], now: datetime) -> None:
        """Put the second placement into its gap, once. Raises TooSlowError when it doesn't fit any more."""
        starts, ends = (datetime.fromisoformat(retail["placement"][key]) for key in ("starts", "ends"))
        crediting = _at(date.fromisoformat(retail["crediting"])) + 9 * 3600 * SECOND
        kept = self._rows()
        if any(row[0] == starts.isoformat() for row in kept):
            return
        rows = _Rows(now, self.pace)
        rows.add(starts, APPROVAL_S)
        rows.add(starts + timedelta(minutes=5), 2)
        rows.add(ends, RETAIL_ORDERS_S)
        rows.add(crediting, CREDITING_S)
        earlier = [row for row in kept if datetime.fromisoformat(row[0]) < starts]
        later = [row for row in kept if datetime.fromisoformat(row[0]) >= starts]
        every = [*earlier, *rows.rows, *later]
        try:
            parse_pairs(every)
        except ValueError as error:
            raise TooSlowError(
                "the second placement doesn't fit into its time: begin anew with --fresh --pace 2"
            ) from error
        self._write(every)

    def _rows(self) -> list[list[str]]:
        found: list[list[str]] = json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else []
        return found

    def _write(self, rows: list[list[str]]) -> None:
        parse_pairs(rows)
        files.write_json(self.path, rows)


class _Rows:
    """Pairs laid end to end."""

    def __init__(self, now: datetime, pace: float) -> None:
        self._at, self._pace, self.rows = now.replace(microsecond=0), pace, list[list[str]]()

    def add(self, planned: datetime, after_s: float) -> None:
        """A planned moment so many seconds (times the pace) after the one before."""
        self._at += timedelta(seconds=max(1, round(after_s * self._pace)))
        self.rows.append([planned.isoformat(), self._at.isoformat()])

    def add_in_the_same_second(self, planned: datetime) -> None:
        """A planned moment that falls into the real second of the one before.

        The first record dates of both issues: their first payments share a day, and taxes in whole rubles depend on which is calculated
        first. Where time is moved both dates pass at once; here they do too.
        """
        self.rows.append([planned.isoformat(), (self._at + timedelta(milliseconds=500)).isoformat()])


def _at(day: date) -> datetime:
    return datetime.combine(day, time(0), MSK)
