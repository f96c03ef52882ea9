"""Dated numbers of law and of the system's rules: which value held on a given day, and why.

The table is ``data/rules.yaml``. Every number that a decision of the product depends on is a row with the day from
which it holds and its source, so an operation of the past is always judged by the number of its own day.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

__all__ = ["RuleBook", "RuleError", "RuleRow", "load_rules", "read_rules", "rule_decimal", "rule_int", "rule_text"]


class RuleError(LookupError):
    """A rule is unknown, not yet in force on the asked day, or written wrongly in the table."""


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One dated value of a rule. ``value`` is an int (kopeks, days, months), or text for words and percents."""

    name: str
    effective_from: date
    value: int | str
    source: str


@dataclass(frozen=True, slots=True)
class RuleBook:
    """All rows by name, each list in order of ``effective_from``."""

    rows: Mapping[str, tuple[RuleRow, ...]]

    def names(self) -> list[str]:
        """Return the names of all rules, sorted."""
        return sorted(self.rows)

    def history(self, name: str) -> tuple[RuleRow, ...]:
        """Return every row of a rule, oldest first."""
        try:
            return self.rows[name]
        except KeyError:
            raise RuleError(f"no rule is called {name}") from None

    def at(self, name: str, on: date) -> RuleRow:
        """Return the row that holds on ``on``, a Moscow date; raise :class:`RuleError` when none does."""
        held = [row for row in self.history(name) if row.effective_from <= on]
        if not held:
            raise RuleError(f"rule {name} is not in force on {on}")
        return held[-1]


def load_rules(text: str) -> RuleBook:
    """Read a table of rules; refuse a row without a source, a repeated day, or a value that isn't int or text."""
    content = yaml.safe_load(text)
    if not isinstance(content, dict):
        raise RuleError("the table of rules must be a mapping of names to rows")
    return RuleBook({name: _read_rows(name, rows) for name, rows in content.items()})


def _read_rows(name: str, rows: list[dict[str, Any]]) -> tuple[RuleRow, ...]:
    read = tuple(sorted((_read_row(name, row) for row in rows), key=lambda row: row.effective_from))
    if not read or len({row.effective_from for row in read}) != len(read):
        raise RuleError(f"rule {name} needs rows with different days")
    return read


def _read_row(name: str, row: dict[str, Any]) -> RuleRow:
    value, source = row.get("value"), row.get("source")
    if isinstance(value, bool) or not isinstance(value, int | str) or not isinstance(source, str) or not source:
        raise RuleError(f"rule {name}: a row needs a whole or text value and a source")
    return RuleRow(name, date.fromisoformat(row["effective_from"]), value, source)


@cache
def read_rules() -> RuleBook:
    """Return the rules that come with the product."""
    return load_rules(files("backend.core").joinpath("data/rules.yaml").read_text(encoding="utf-8"))


def rule_int(name: str, on: date, book: RuleBook | None = None) -> int:
    """Return a whole number (kopeks, days, months) that holds on ``on``."""
    row = (book or read_rules()).at(name, on)
    if not isinstance(row.value, int):
        raise RuleError(f"rule {name} is not a whole number")
    return row.value


def rule_text(name: str, on: date, book: RuleBook | None = None) -> str:
    """Return a word that holds on ``on``."""
    return str((book or read_rules()).at(name, on).value)


def rule_decimal(name: str, on: date, book: RuleBook | None = None) -> Decimal:
    """Return an exact decimal (a percent) that holds on ``on``."""
    try:
        return Decimal((book or read_rules()).at(name, on).value)
    except InvalidOperation:
        raise RuleError(f"rule {name} is not a number") from None
