"""Bank statements of the nominal account: one canonical form, whatever the bank sends.

    parse_statement(bytes) ── camt.053.001.08 (ISO 20022) ──┐
                           └─ 1CClientBankExchange ─────────┴─> Statement, checked

Refused with the element's name: another currency than rubles, a reference that stands twice, sums that don't lead from
the opening to the closing balance, entries that aren't booked. ``write_camt053`` makes what ``parse_camt053`` reads.
"""

from backend.cash.statement_1c import HEADER, parse_1c
from backend.cash.statement_camt import parse_camt053, write_camt053
from backend.cash.statement_model import Direction, Entry, Statement, StatementInvalid, day_bounds

__all__ = [
    "Direction",
    "Entry",
    "Statement",
    "StatementInvalid",
    "day_bounds",
    "parse_1c",
    "parse_camt053",
    "parse_statement",
    "write_camt053",
]


def parse_statement(content: bytes) -> Statement:
    """Return the statement of a file in either format, told apart by its first bytes."""
    start = content[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    return parse_1c(content) if start.startswith(HEADER.encode()) else parse_camt053(content)
