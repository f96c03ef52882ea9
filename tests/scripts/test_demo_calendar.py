"""The demonstration's calendar over a real clock: everything in its order, the second placement in its gap, or a refusal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from scripts.demo.calendar import Calendar, TooSlowError

DECISIONS = Path(__file__).resolve().parents[2] / "examples" / "decisions"
FACTORY, RETAIL = (
    yaml.safe_load((DECISIONS / name).read_text()) for name in ("01-monthly-coupon.yaml", "02-thirty-day-discount.yaml")
)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
STORY = [
    "2026-12-01T10:00:00+03:00",
    "2026-12-04T15:00:00+03:00",
    "2026-12-07T09:05:00+03:00",
    "2026-12-08T18:00:05+03:00",
    "2026-12-09T09:00:00+03:00",
    "2026-12-31T23:59:59+03:00",
    "2027-01-01T10:00:00+03:00",
    "2027-01-07T00:00:00+03:00",
    "2027-01-11T00:00:00+03:00",
    "2027-02-03T23:59:59+03:00",
    "2027-06-04T00:00:00+03:00",
]


def test_the_story_takes_about_twenty_minutes_in_its_order(tmp_path: Path) -> None:
    calendar = Calendar(tmp_path / "calendar.json")
    calendar.begin(FACTORY, NOW)
    calendar.fit_retail(RETAIL, NOW + timedelta(seconds=300))
    found = [calendar.real(datetime.fromisoformat(one)) for one in STORY]
    assert found == sorted(found)
    assert len(set(found)) == len(found)
    first_record = datetime.fromisoformat("2027-01-10T23:59:59+03:00")
    assert calendar.real(first_record) == calendar.real(datetime.fromisoformat("2027-01-07T00:00:00+03:00"))
    assert timedelta(minutes=15) < found[-1] - NOW < timedelta(minutes=30)


def test_what_was_laid_out_stays_after_an_interruption(tmp_path: Path) -> None:
    calendar = Calendar(tmp_path / "calendar.json")
    calendar.begin(FACTORY, NOW)
    calendar.fit_retail(RETAIL, NOW + timedelta(seconds=300))
    before = calendar.path.read_text()
    again = Calendar(tmp_path / "calendar.json", pace=3)
    again.begin(FACTORY, NOW + timedelta(hours=1))
    again.fit_retail(RETAIL, NOW + timedelta(hours=1))
    assert calendar.path.read_text() == before


def test_a_story_that_is_too_late_is_told_to_slow_its_calendar(tmp_path: Path) -> None:
    calendar = Calendar(tmp_path / "calendar.json")
    calendar.begin(FACTORY, NOW)
    with pytest.raises(TooSlowError, match="--pace 2"):
        calendar.fit_retail(RETAIL, NOW + timedelta(seconds=600))
    slow = Calendar(tmp_path / "slow.json", pace=2)
    slow.begin(FACTORY, NOW)
    slow.fit_retail(RETAIL, NOW + timedelta(seconds=600))
