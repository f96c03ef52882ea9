"""What follows when the chain has answered, and what time asks for."""

from __future__ import annotations

from collections.abc import Callable

from backend.core.context import Context
from backend.custody.models import Intent
from backend.identity import participants, retention

REACTIONS: dict[str, Callable[[Context, Intent], None]] = {participants.ADMIT_REF: participants.on_admitted}
TICKS: list[Callable[[Context], None]] = [participants.follow_chain, retention.erase_due]
