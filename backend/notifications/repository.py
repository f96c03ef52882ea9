"""Queries of notifications; the one that limits to the asker's own is :func:`own`."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func
from sqlmodel import col, select

from backend.core.context import Context
from backend.core.events import DomainEvent
from backend.core.pagination import Page, PageRequest, paginate
from backend.notifications.models import Notification, NotificationCursor


def cursor_locked(ctx: Context) -> NotificationCursor:
    """The reader's position, locked."""
    statement = select(NotificationCursor).where(NotificationCursor.id == 1).with_for_update()
    row = ctx.session.exec(statement).first()
    if row is None:
        row = NotificationCursor(id=1, seq=0)
        ctx.session.add(row)
        ctx.session.flush()
    return row


def events_after(ctx: Context, seq: int, limit: int) -> list[DomainEvent]:
    """The next events."""
    statement = select(DomainEvent).where(col(DomainEvent.seq) > seq).order_by(col(DomainEvent.seq))
    return list(ctx.session.exec(statement.limit(limit)))


def events_of(ctx: Context, numbers: Sequence[int]) -> list[DomainEvent]:
    """Events by number."""
    statement = select(DomainEvent).where(col(DomainEvent.seq).in_(numbers)).order_by(col(DomainEvent.seq))
    return list(ctx.session.exec(statement))


def own(ctx: Context, request: PageRequest, *, unread: bool) -> Page[Notification]:
    """Messages to the asker, the latest first."""
    statement = select(Notification).where(Notification.user_id == ctx.actor.user_id)
    if unread:
        statement = statement.where(col(Notification.read_at).is_(None))
    return paginate(ctx.session, statement.order_by(col(Notification.seq).desc()), request)


def unread_of(ctx: Context) -> list[Notification]:
    """Messages that the asker hasn't read."""
    statement = select(Notification).where(Notification.user_id == ctx.actor.user_id)
    return list(ctx.session.exec(statement.where(col(Notification.read_at).is_(None))))


def unread_count(ctx: Context) -> int:
    """How many messages the asker hasn't read."""
    statement = select(func.count()).where(
        col(Notification.user_id) == ctx.actor.user_id, col(Notification.read_at).is_(None)
    )
    return ctx.session.exec(statement).one()
