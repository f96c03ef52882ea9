"""Tables of notifications."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from backend.core.db import JsonColumn, UtcDateTime


class Notification(SQLModel, table=True):
    """A message to a user. The words are made when it is shown, in the reader's language, from ``kind`` and ``payload``."""

    __tablename__ = "notifications"

    user_id: str = Field(primary_key=True)
    seq: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    kind: str
    payload: dict[str, Any] = Field(default_factory=dict, sa_type=JsonColumn)
    at: datetime = Field(sa_type=UtcDateTime)
    read_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class NotificationCursor(SQLModel, table=True):
    """How far the domain events are turned into messages; ``missing`` are numbers passed over, with the time they were noticed.

    A number may be missing because its transaction was rolled back, or because it hasn't committed yet: it is looked for again for a while.
    """

    __tablename__ = "notification_cursor"

    id: int = Field(default=1, primary_key=True)
    seq: int = Field(default=0, sa_type=BigInteger)
    missing: list[list[int]] = Field(default_factory=list, sa_type=JsonColumn)
