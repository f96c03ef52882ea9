"""A calendar run through in minutes, for demonstrations over a network whose clock nobody can move.

Business time stays real. What changes is where the *planned* moments of issues lie: placement, crediting, lock-up, record dates, payment
days and maturity of a decision are looked up in a table of pairs (moment of the calendar, real moment), and terms on chain get the real
ones. Between two pairs the time is shared out evenly; outside the table it passes at its usual pace. Amounts, day counts, taxes and the
dates that people read stay those of the decision. Only for tests: production refuses the setting.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from backend.core.context import Context

Pairs = tuple[tuple[float, float], ...]


def planned_to_real(ctx: Context, moment: datetime) -> datetime:
    """The real moment, aware UTC or as given, of a planned one; the same one where no table is set or there is none yet."""
    return real_moment(_table(ctx), moment)


def real_to_planned(ctx: Context, moment: datetime) -> datetime:
    """Where in the calendar of the issues a real moment lies: for periods of notice, which are counted in the calendar's days."""
    return real_moment(tuple((real, planned) for planned, real in _table(ctx)), moment)


def real_moment(pairs: Pairs, moment: datetime) -> datetime:
    """Look a planned moment up in a table; whole seconds, rounded down. Empty tables change nothing."""
    if not pairs:
        return moment
    planned = moment.timestamp()
    place = bisect_right([one for one, _ in pairs], planned)
    if place == 0 or place == len(pairs):
        known, real = pairs[min(place, len(pairs) - 1)]
        found = real + planned - known
    else:
        (before, start), (after, end) = pairs[place - 1], pairs[place]
        found = start + (end - start) * (planned - before) / (after - before)
    return datetime.fromtimestamp(int(found), moment.tzinfo)


def parse_pairs(rows: Sequence[Sequence[str]]) -> Pairs:
    """A table of ISO moments; ValueError unless both columns ascend."""
    pairs = tuple(
        (datetime.fromisoformat(one).timestamp(), datetime.fromisoformat(real).timestamp()) for one, real in rows
    )
    for (before, start), (after, end) in pairwise(pairs):
        if not (before < after and start < end):
            raise ValueError("moments of a calendar must ascend, planned and real ones")
    return pairs


def _table(ctx: Context) -> Pairs:
    path = ctx.settings.calendar_file
    if path is None or not path.exists():
        return ()
    return _pairs(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _pairs(path: Path, _changed_ns: int) -> Pairs:
    return parse_pairs(json.loads(path.read_text(encoding="utf-8")))
