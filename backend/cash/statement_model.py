"""The canonical bank statement, the checks that every format shares, and how a refusal names the element."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from enum import StrEnum
from typing import Final

from backend.core.errors import Invalid, Problem

__all__ = [
    "MAX_BYTES",
    "MSK",
    "Direction",
    "Entry",
    "Statement",
    "StatementInvalid",
    "check_statement",
    "day_bounds",
    "refuse",
]

MSK: Final = timezone(timedelta(hours=3), "MSK")
MAX_BYTES: Final = 10 * 1024 * 1024


class Direction(StrEnum):
    """Which way the money went, seen from the account."""

    CREDIT = "CREDIT"
    DEBIT = "DEBIT"


@dataclass(frozen=True, slots=True)
class Entry:
    """One booked movement. ``bank_ref`` is the bank's own and unique within the account for ever."""

    bank_ref: str
    direction: Direction
    amount_kopeks: int
    end_to_end_id: str | None
    counterparty_name: str | None
    counterparty_inn: str | None
    purpose: str
    booked_on: date


@dataclass(frozen=True, slots=True)
class Statement:
    """Movements of one account between two moments (aware, both included) with the balances around them."""

    account: str
    statement_id: str
    from_at: datetime
    to_at: datetime
    opening_kopeks: int
    closing_kopeks: int
    entries: tuple[Entry, ...]

    def total(self, direction: Direction) -> int:
        """Return the sum of the entries of one direction, kopeks."""
        return sum(entry.amount_kopeks for entry in self.entries if entry.direction is direction)


class StatementInvalid(Invalid):
    """A statement was refused as a whole; ``problems`` name the element of the file."""

    code = "statement_invalid"
    message_ru = "Выписка не принята."
    message_en = "The statement was not accepted."

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems=problems)

    def __str__(self) -> str:
        return "; ".join(f"{problem.field}: {problem.message_en}" for problem in self.problems)


def refuse(element: str, code: str, ru: str, en: str) -> StatementInvalid:
    """Return the refusal of a statement because of one element."""
    return StatementInvalid([Problem(element, code, ru, en)])


def check_statement(statement: Statement, closing_element: str) -> Statement:
    """Return the statement if its references differ and its sums lead to the closing balance."""
    counts = Counter(entry.bank_ref for entry in statement.entries)
    repeated = [ref for ref, count in counts.items() if count > 1]
    if repeated:
        ru = f"Номер операции {repeated[0]} встречается дважды."
        raise refuse("bank_ref", "repeated", ru, f"The reference {repeated[0]} stands twice.")
    expected = statement.opening_kopeks + statement.total(Direction.CREDIT) - statement.total(Direction.DEBIT)
    if expected != statement.closing_kopeks:
        ru = "Входящий остаток, поступления и списания не дают исходящего остатка."
        en = "Opening balance, credits and debits do not give the closing balance."
        raise refuse(closing_element, "balance", ru, en)
    if statement.to_at < statement.from_at:
        raise refuse("period", "period", "Период выписки задан неверно.", "The period ends before it starts.")
    return statement


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """Return the first and the last second of a Moscow day, as a statement's period gives them."""
    return datetime.combine(day, time(), MSK), datetime.combine(day, time(23, 59, 59), MSK)
