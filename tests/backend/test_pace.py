"""A calendar run through in minutes: planned moments lie where the table says, in order, and nowhere in production."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.core.clock import MSK
from backend.core.pace import parse_pairs, planned_to_real, real_moment
from backend.settings import Settings
from tests.backend.conftest import ContextMaker

T0 = datetime(2026, 11, 21, 12, tzinfo=UTC)
ROWS = [
    ["2026-12-01T10:00:00+03:00", "2026-11-21T12:01:00+00:00"],
    ["2026-12-04T15:00:00+03:00", "2026-11-21T12:03:00+00:00"],
    ["2027-06-04T00:00:00+03:00", "2026-11-21T12:23:00+00:00"],
]
SECONDS = st.integers(min_value=0, max_value=400 * 86_400)


def test_moments_of_the_table_are_met_exactly_and_keep_their_zone() -> None:
    for planned, real in ROWS:
        found = real_moment(parse_pairs(ROWS), datetime.fromisoformat(planned))
        assert found == datetime.fromisoformat(real)
        assert found.utcoffset() == timedelta(hours=3)


def test_outside_the_table_time_passes_at_its_usual_pace() -> None:
    pairs = parse_pairs(ROWS)
    first, last = (datetime.fromisoformat(ROWS[place][0]) for place in (0, -1))
    assert real_moment(pairs, first - timedelta(hours=2)) == datetime(2026, 11, 21, 10, 1, tzinfo=UTC)
    assert real_moment(pairs, last + timedelta(days=2)) == datetime(2026, 11, 23, 12, 23, tzinfo=UTC)


@given(SECONDS, SECONDS)
def test_order_is_kept(one: int, other: int) -> None:
    pairs, start = parse_pairs(ROWS), datetime(2026, 11, 1, tzinfo=MSK)
    first, second = (real_moment(pairs, start + timedelta(seconds=shift)) for shift in sorted((one, other)))
    assert first <= second


@given(SECONDS)
def test_a_real_moment_is_found_again_in_the_calendar(shift: int) -> None:
    pairs = parse_pairs(ROWS)
    planned = datetime(2026, 11, 1, tzinfo=MSK) + timedelta(seconds=shift)
    back = real_moment(tuple((real, one) for one, real in pairs), real_moment(pairs, planned))
    second_of_the_table = timedelta(days=182) / (20 * 60)  # a real second holds so much of the calendar
    assert planned - second_of_the_table - timedelta(seconds=1) <= back <= planned


@pytest.mark.parametrize("rows", [[ROWS[1], ROWS[0]], [ROWS[0], ROWS[0]], [ROWS[0], [ROWS[1][0], ROWS[0][1]]]])
def test_a_table_that_does_not_ascend_is_refused(rows: list[list[str]]) -> None:
    with pytest.raises(ValueError, match="must ascend"):
        parse_pairs(rows)


def test_without_a_table_moments_are_what_they_are(ctx_for: ContextMaker, tmp_path: Path) -> None:
    ctx = ctx_for(system="worker")
    assert planned_to_real(ctx, T0) == T0
    path = tmp_path / "calendar.json"
    paced = replace(ctx, settings=ctx.settings.model_copy(update={"calendar_file": path}))
    assert planned_to_real(paced, T0) == T0, "the table isn't written yet"
    path.write_text(json.dumps(ROWS))
    assert planned_to_real(paced, datetime.fromisoformat(ROWS[0][0])) == datetime.fromisoformat(ROWS[0][1])


def test_production_keeps_the_calendar(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="in production issues keep their calendar"):
        Settings(environment="production", jwt_secret="x" * 40, kek="00" * 32, calendar_file=tmp_path / "calendar.json")
