"""Is the platform up, and what time is it in it: for programs that wait, and for monitoring."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel

from backend.core.errors import DomainError
from backend.web.deps import OpenCtx
from backend.web.routing import api_router
from indexer.models import ChainCursor

router = api_router("/status", "status")


class NotReady(DomainError):
    """The mirror has no block yet."""

    status = 503
    code = "not_ready"
    message_ru = "Реестр ещё не прочитан."
    message_en = "The register has not been read yet."


class StatusOut(BaseModel):
    """The last mirrored block and business time."""

    business_time: datetime
    height: int
    block_hash: str


@router.get("", summary="Height of the mirror and business time")
def status(ctx: OpenCtx) -> StatusOut:
    """503 until the first block is mirrored."""
    cursor = ctx.session.get(ChainCursor, 1)
    if cursor is None or cursor.height < 0:
        raise NotReady
    return StatusOut(business_time=ctx.now(), height=cursor.height, block_hash=cursor.hash)
