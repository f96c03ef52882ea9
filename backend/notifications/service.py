"""Messages: made from domain events by a tick, read by their users."""

from __future__ import annotations

import time
from dataclasses import dataclass

from backend.accounts import service as accounts
from backend.core.context import Context
from backend.core.errors import Lang
from backend.core.events import DomainEvent
from backend.core.pagination import Page, PageRequest
from backend.core.permissions import Permission
from backend.notifications import repository
from backend.notifications.errors import MessageUnknown
from backend.notifications.models import Notification
from backend.notifications.words import TEMPLATES, Words, words

__all__ = ["Message", "Words", "deliver", "mark_all_read", "mark_read", "my_messages", "unread_count"]

BATCH = 200
LOOK_AGAIN_S = 600
"""A missing number may belong to a transaction that hasn't committed yet: it is looked for this long."""
LONGEST_GAP = 1000


@dataclass(frozen=True, slots=True)
class Message:
    """A message in the reader's language."""

    row: Notification
    words: Words


def my_messages(ctx: Context, request: PageRequest, *, unread: bool = False) -> Page[Message]:
    """Messages to the asker, the latest first."""
    ctx.require(Permission.NOTIFICATION_READ)
    page = repository.own(ctx, request, unread=unread)
    items = [Message(row, words(row.kind, row.payload, ctx.lang)) for row in page.items]
    return page.of(items)


def unread_count(ctx: Context) -> int:
    """How many messages the asker hasn't read."""
    ctx.require(Permission.NOTIFICATION_READ)
    return repository.unread_count(ctx)


def mark_read(ctx: Context, seq: int) -> Message:
    """Mark one message as read."""
    ctx.require(Permission.NOTIFICATION_READ)
    row = ctx.session.get(Notification, (ctx.actor.user_id, seq)) if ctx.actor.user_id else None
    if row is None:
        raise MessageUnknown
    _read(ctx, row)
    return Message(row, words(row.kind, row.payload, ctx.lang))


def mark_all_read(ctx: Context) -> int:
    """Mark every message as read; how many there were."""
    ctx.require(Permission.NOTIFICATION_READ)
    found = repository.unread_of(ctx)
    for row in found:
        _read(ctx, row)
    return len(found)


def deliver(ctx: Context) -> None:
    """Tick: turn the next domain events into messages, and letters where the kind asks for one. Each event once."""
    cursor = repository.cursor_locked(ctx)
    clock = int(time.time())
    missing = {seq: noticed for seq, noticed in cursor.missing if clock - noticed < LOOK_AGAIN_S}
    late = repository.events_of(ctx, sorted(missing)) if missing else []
    fresh = repository.events_after(ctx, cursor.seq, BATCH)
    for event in [*late, *fresh]:
        seq = event.seq or 0
        missing.pop(seq, None)
        if seq > cursor.seq:
            missing.update(dict.fromkeys(range(max(cursor.seq + 1, seq - LONGEST_GAP), seq), clock))
            cursor.seq = seq
        for user_id in _recipients(ctx, event):
            _tell(ctx, event, seq, user_id)
    found = [[seq, noticed] for seq, noticed in sorted(missing.items())]
    if found != cursor.missing or fresh:
        cursor.missing = found
        ctx.session.add(cursor)


def _recipients(ctx: Context, event: DomainEvent) -> list[str]:
    if event.user_id is not None:
        return [event.user_id]
    if event.participant_id is None:
        return []
    return [one.id for one in accounts.accounts_of_participant(ctx, event.participant_id)]


def _tell(ctx: Context, event: DomainEvent, seq: int, user_id: str) -> None:
    ctx.session.add(Notification(user_id=user_id, seq=seq, kind=event.kind, payload=event.payload, at=event.at))
    template = TEMPLATES.get(event.kind)
    if template is None or not template.mail:
        return
    user = accounts.row_of(ctx, user_id)
    lang: Lang = "en" if user.lang == "en" else "ru"
    told = words(event.kind, event.payload, lang)
    address = f"{ctx.settings.public_url}/{user.portal.value}{told.link}"
    accounts.write_letter(ctx, user, kind=event.kind, subject=told.title, text=f"{told.text}\n\n{address}\n".lstrip())


def _read(ctx: Context, row: Notification) -> None:
    if row.read_at is None:
        row.read_at = ctx.now()
        ctx.session.add(row)
