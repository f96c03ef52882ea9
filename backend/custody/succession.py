"""A new key for an owner whose address is replaced: made beforehand, put in the old one's place when the chain has replaced it."""

from __future__ import annotations

from datetime import UTC, datetime

from backend.core.context import Context
from backend.custody import repository
from backend.custody.errors import WalletMissing
from backend.custody.service import create_wallet

SUCCESSOR = "successor"


def prepare_successor(ctx: Context, act_id: str) -> str:
    """Make the key that an act waits for; its address."""
    return create_wallet(ctx, SUCCESSOR, act_id)


def succeed(ctx: Context, old: str, new: str) -> bool:
    """The old key retires, the new one is its owner's from now on; False when that was done already. Raises :class:`WalletMissing`."""
    before, after = repository.wallet(ctx, old), repository.wallet(ctx, new)
    if before is None or after is None:
        raise WalletMissing
    if before.retired_at is not None:
        return False
    before.retired_at = datetime.now(UTC)
    after.owner_kind, after.owner_id = before.owner_kind, before.owner_id
    ctx.session.add_all([before, after])
    ctx.session.flush()
    return True
