"""Which rules an officer sees in force, which come, which held before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from backend.core.errors import Forbidden
from backend.core.permissions import Role
from backend.core.rules import load_rules, read_rules
from backend.core.rules_view import rules_today
from backend.web.labels import label
from tests.backend.payouts.market import FixedClock

BOOK = load_rules(
    """
    limit_kopeks:
      - {effective_from: "2026-01-01", value: 100, source: "Акт 1"}
      - {effective_from: "2027-01-01", value: 200, source: "Акт 2"}
    ahead_days:
      - {effective_from: "2027-06-01", value: 5, source: "Акт 3"}
    """
)


def test_a_rule_changes_at_moscow_midnight(ctx_for: Any) -> None:
    clock = FixedClock(datetime(2026, 12, 31, 20, 59, 59, tzinfo=UTC))
    ctx = replace(ctx_for(Role.ADMINISTRATOR), clock=clock)
    ahead, limit = rules_today(ctx, BOOK)
    assert ahead.now is None
    assert [row.value for row in ahead.coming] == [5]
    assert limit.now is not None
    assert (limit.now.value, [row.value for row in limit.coming]) == (100, [200])
    clock.moment = datetime(2026, 12, 31, 21, tzinfo=UTC)
    limit = rules_today(ctx, BOOK)[1]
    assert limit.now is not None
    assert (limit.now.value, [row.value for row in limit.past], limit.coming) == (200, [100], ())


def test_every_rule_of_the_product_has_a_name_in_words() -> None:
    assert not [name for name in read_rules().names() if label("rule", name).text == name]


def test_an_investor_does_not_read_settings(ctx_for: Any) -> None:
    with pytest.raises(Forbidden):
        rules_today(ctx_for(Role.INVESTOR))
