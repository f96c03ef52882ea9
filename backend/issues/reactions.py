"""What follows when the chain has answered."""

from __future__ import annotations

from collections.abc import Callable

from backend.core.context import Context
from backend.custody.models import Intent
from backend.issues import moderation

REACTIONS: dict[str, Callable[[Context, Intent], None]] = {
    moderation.PROPOSE_REF: moderation.on_proposed,
    moderation.DEPLOY_REF: moderation.on_deployed,
    moderation.CANCEL_REF: moderation.on_cancelled,
}
TICKS: list[Callable[[Context], None]] = [moderation.follow_chain]
