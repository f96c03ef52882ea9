"""What time asks for: the journal's root on chain, counts of the mirrored blocks."""

from __future__ import annotations

from collections.abc import Callable

from backend.audit import anchoring, events, segments
from backend.core.context import Context
from backend.custody.models import Intent

REACTIONS: dict[str, Callable[[Context, Intent], None]] = {}
TICKS: list[Callable[[Context], None]] = [events.ensure_key, anchoring.anchor_journal, segments.keep_segments]
