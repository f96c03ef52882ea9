"""What follows when the chain has answered, and what time asks for."""

from __future__ import annotations

from collections.abc import Callable

from backend.core.context import Context
from backend.custody.models import Intent
from backend.orders import primary, secondary, settlement

REACTIONS: dict[str, Callable[[Context, Intent], None]] = {
    primary.ORDER_REF: primary.on_ordered,
    secondary.WISH_REF: secondary.on_wish,
}
TICKS: list[Callable[[Context], None]] = [
    settlement.run_placements,
    settlement.drop_blocked,
    settlement.expire_offers,
]
