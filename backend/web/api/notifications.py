"""Messages to the signed-in user."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel

from backend.notifications import service as notifications
from backend.notifications.service import Message
from backend.web.api.money import PageOut, page_out
from backend.web.deps import Ctx, Listing
from backend.web.routing import RowNumber, api_router

router = api_router("/notifications", "notifications")


class MessageOut(BaseModel):
    """A message in the reader's language; ``link`` is a path inside the user's portal."""

    seq: int
    kind: str
    title: str
    text: str
    link: str
    tone: str
    at: datetime
    read_at: datetime | None


class CountOut(BaseModel):
    """How many."""

    count: int


def message_out(message: Message) -> MessageOut:
    """The answer about a message."""
    row, words = message.row, message.words
    return MessageOut(
        seq=row.seq,
        kind=row.kind,
        title=words.title,
        text=words.text,
        link=words.link,
        tone=words.tone,
        at=row.at,
        read_at=row.read_at,
    )


@router.get("", summary="My messages")
def messages(ctx: Ctx, listing: Listing, unread: bool = False) -> PageOut[MessageOut]:
    """The latest first."""
    return page_out(notifications.my_messages(ctx, listing, unread=unread), message_out)


@router.get("/unread", summary="How many I haven't read")
def unread(ctx: Ctx) -> CountOut:
    """For the bell."""
    return CountOut(count=notifications.unread_count(ctx))


@router.post("/read", summary="Mark all as read")
def read_all(ctx: Ctx) -> CountOut:
    """How many there were."""
    return CountOut(count=notifications.mark_all_read(ctx))


@router.post("/{seq}/read", summary="Mark one as read")
def read(ctx: Ctx, seq: RowNumber) -> MessageOut:
    """Again changes nothing."""
    return message_out(notifications.mark_read(ctx, seq))
