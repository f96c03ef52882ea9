"""What happened, told upwards: a lower domain emits, a higher one (notifications, a bank's feed) reads in order.

Rows are written in the transaction of the act and never changed; readers keep their own position. Payloads hold identifiers and sums, no personal data.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Integer
from sqlmodel import Field, SQLModel

from backend.core.context import Context
from backend.core.db import JsonColumn, UtcDateTime


class DomainEvent(SQLModel, table=True):
    """One event; ``seq`` rises in the order of writing."""

    __tablename__ = "domain_events"

    seq: int | None = Field(
        default=None,
        sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    )
    at: datetime = Field(sa_type=UtcDateTime)
    kind: str = Field(index=True)
    participant_id: str | None = Field(default=None, index=True)
    user_id: str | None = Field(default=None, index=True)
    payload: dict[str, Any] = Field(default_factory=dict, sa_type=JsonColumn)


def emit(
    ctx: Context,
    kind: str,
    *,
    participant_id: str | None = None,
    user_id: str | None = None,
    payload: dict[str, Any] | None = None,
) -> None:
    """Tell that something happened, to a participant, to a user, or to the operator alone."""
    ctx.session.add(
        DomainEvent(at=ctx.now(), kind=kind, participant_id=participant_id, user_id=user_id, payload=payload or {})
    )
    ctx.session.flush()
