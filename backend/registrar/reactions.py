"""What the desk does when the chain has moved on."""

from __future__ import annotations

from collections.abc import Callable

from backend.core.context import Context
from backend.custody.models import Intent
from backend.registrar import succession

REACTIONS: dict[str, Callable[[Context, Intent], None]] = {}
TICKS: list[Callable[[Context], None]] = [succession.follow_replacements]
