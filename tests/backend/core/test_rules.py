"""Dated rules: which number held on a day, and what a bad table is refused for."""

from datetime import date
from decimal import Decimal

import pytest

from backend.core import rules
from backend.core.rules import RuleError


def test_yearly_limit_of_an_unqualified_person_is_600_000_rubles() -> None:
    assert rules.rule_int("limit_class_yearly_kopeks", date(2026, 11, 21)) == 60_000_000


def test_number_of_the_day_is_used() -> None:
    assert rules.rule_int("records_storage_years", date(2026, 8, 31)) == 5
    assert rules.rule_int("records_storage_years", date(2026, 9, 1)) == 10


def test_rule_is_not_known_before_it_came_into_force() -> None:
    with pytest.raises(RuleError, match="not in force"):
        rules.rule_int("aml_travel_rule_kopeks", date(2026, 8, 31))
    with pytest.raises(RuleError, match="no rule"):
        rules.rule_int("unheard_of", date(2026, 8, 31))


def test_every_row_names_its_source() -> None:
    book = rules.read_rules()
    assert all(row.source for name in book.names() for row in book.history(name))


def test_words_and_percents_are_typed() -> None:
    assert rules.rule_text("limit_class_scope", date(2026, 1, 1)) == "OPERATOR"
    assert rules.rule_decimal("beneficial_owner_share_percent", date(2026, 1, 1)) == Decimal(25)
    with pytest.raises(RuleError, match="not a number"):
        rules.rule_decimal("limit_class_scope", date(2026, 1, 1))
    with pytest.raises(RuleError, match="whole number"):
        rules.rule_int("limit_class_scope", date(2026, 1, 1))


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        'a: [{effective_from: "2026-01-01", value: 1}]',
        'a: [{effective_from: "2026-01-01", value: 1.5, source: s}]',
        'a: [{effective_from: "2026-01-01", value: 1, source: s}, {effective_from: "2026-01-01", value: 2, source: s}]',
    ],
)
def test_bad_table_is_refused(text: str) -> None:
    with pytest.raises(RuleError):
        rules.load_rules(text)
