"""Live pages: a stream that says "something changed", whereupon the page asks for its fragment again.

A topic is a cheap question answered by a short text (a stamp); a new stamp is an event. Streams carry no data, so they leak none.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from fastapi import Query
from sqlalchemy import func
from sqlmodel import col, select
from sse_starlette import EventSourceResponse
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from backend.core.context import Actor, Context
from backend.core.errors import NotFound
from backend.custody.models import Intent
from backend.web.deps import Page, open_context
from backend.web.routing import page_router
from indexer.models import ChainBlock

router = page_router()

POLL_S = 0.5
LONGEST_S = 600


def chain_stamp(ctx: Context, key: str) -> str:
    """Changes with every mirrored block."""
    del key
    return str(ctx.session.exec(select(func.max(ChainBlock.number))).first())


def record_stamp(ctx: Context, key: str) -> str:
    """Changes when an intent of the record (``kind:id``) changes."""
    kind, _, record_id = key.partition(":")
    statement = select(func.max(col(Intent.updated_at)), func.count()).where(
        Intent.ref_kind == kind, Intent.ref_id == record_id
    )
    return str(ctx.session.exec(statement).first())


TOPICS: dict[str, Callable[[Context, str], str]] = {"chain": chain_stamp, "record": record_stamp}
"""Domains add their own. The key comes from the address and is given to the question as it is."""


@router.get("/{portal}/events")
def events(request: Request, page: Page, portal: str, topic: str = Query(max_length=120)) -> EventSourceResponse:
    """Events ``change`` of a topic such as ``chain`` or ``record:orders.order:0190…``."""
    name, _, key = topic.partition(":")
    if name not in TOPICS:
        raise NotFound
    return EventSourceResponse(_changes(request, page.actor, name, key), ping=15)


async def _changes(request: Request, actor: Actor, name: str, key: str) -> AsyncIterator[dict[str, str]]:
    def look() -> str:
        with open_context(request, actor, write=False) as ctx:
            return TOPICS[name](ctx, key)

    last = ""  # the first look is an event too: what changed between the page and the stream is not missed
    for _ in range(int(LONGEST_S / POLL_S)):  # the browser connects again, which checks the session anew
        if await request.is_disconnected():
            return
        stamp = await run_in_threadpool(look)
        if stamp != last:
            last = stamp
            yield {"event": "change", "data": stamp}
        await asyncio.sleep(POLL_S)
