"""The dated rules as those see them who must know by which numbers the system judges today."""

from __future__ import annotations

from dataclasses import dataclass

from backend.core.clock import to_msk
from backend.core.context import Context
from backend.core.permissions import Permission
from backend.core.rules import RuleBook, RuleRow, read_rules


@dataclass(frozen=True, slots=True)
class RuleState:
    """A rule on the day of business time: the row in force (None before its first day), those that come, those that held before."""

    name: str
    now: RuleRow | None
    coming: tuple[RuleRow, ...]
    past: tuple[RuleRow, ...]


def rules_today(ctx: Context, book: RuleBook | None = None) -> list[RuleState]:
    """Every rule by name. They change by a release of the product, never by a click: a row of law has to be reviewed."""
    ctx.require(Permission.SETTINGS_READ)
    rules, today = book or read_rules(), to_msk(ctx.now()).date()
    found = []
    for name in rules.names():
        rows = rules.history(name)
        held = [row for row in rows if row.effective_from <= today]
        coming = tuple(row for row in rows if row.effective_from > today)
        found.append(RuleState(name, held[-1] if held else None, coming, tuple(held[:-1])))
    return found
