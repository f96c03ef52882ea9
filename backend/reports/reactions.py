"""What time asks for: registers frozen at the end of a month."""

from __future__ import annotations

from collections.abc import Callable

from backend.core.context import Context
from backend.custody.models import Intent
from backend.reports import snapshots

REACTIONS: dict[str, Callable[[Context, Intent], None]] = {}
TICKS: list[Callable[[Context], None]] = [snapshots.freeze_month]
