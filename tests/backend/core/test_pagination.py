"""Lists say how long they are, and of very long ones that they are longer than anybody counts."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import col, select

from backend.core import pagination
from backend.core.journal import JournalEntry, record
from backend.core.pagination import PageRequest, paginate
from backend.core.permissions import Role

ACTION = "payouts.calculated"
OWN = select(JournalEntry).where(JournalEntry.action == ACTION).order_by(col(JournalEntry.seq))


@pytest.fixture
def seven(ctx_for: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A context with seven entries of one act, where lists are counted up to five."""
    monkeypatch.setattr(pagination, "COUNTED_TO", 5)
    ctx = ctx_for(Role.AUDITOR)
    for number in range(7):
        record(ctx, action=ACTION, entity="payout", entity_id=str(number))
    return ctx


def test_a_list_that_is_longer_than_what_is_counted_says_so_and_goes_on(seven: Any) -> None:
    first = paginate(seven.session, OWN, PageRequest(size=2))
    assert (len(first.items), first.total, first.pages, first.more) == (2, 5, 3, True)
    last = paginate(seven.session, OWN, PageRequest(page=4, size=2))
    assert [one.entity_id for one in last.items] == ["6"]
    assert first.of(["a"]).more


@pytest.mark.parametrize(("shorter", "total", "more"), [("5", 5, False), ("6", 5, True), ("3", 3, False)])
def test_a_shorter_list_is_counted_to_its_end(seven: Any, shorter: str, total: int, more: bool) -> None:
    page = paginate(seven.session, OWN.where(JournalEntry.entity_id < shorter), PageRequest())
    assert (page.total, page.more, len(page.items)) == (total, more, int(shorter))
