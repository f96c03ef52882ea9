"""What time asks for: messages from events."""

from __future__ import annotations

from collections.abc import Callable

from backend.core.context import Context
from backend.custody.models import Intent
from backend.notifications import service

REACTIONS: dict[str, Callable[[Context, Intent], None]] = {}
TICKS: list[Callable[[Context], None]] = [service.deliver]
