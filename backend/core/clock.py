"""Two clocks behind one face: the computer's, and the chain's (a demonstration moves months in minutes by moving the node's clock).

Legal dates are Moscow time (MSK, UTC+3 all year); everything inside is aware UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Protocol

from sqlalchemy import func, select
from sqlmodel import Session, col

from indexer.models import ChainBlock

MSK = timezone(timedelta(hours=3), "МСК")


class Clock(Protocol):
    """Business time."""

    def now(self, session: Session) -> datetime:
        """Aware UTC."""
        ...


class SystemClock:
    """The computer's clock, kept right by NTP."""

    def now(self, session: Session) -> datetime:
        """Aware UTC."""
        del session
        return datetime.now(UTC)


class ChainClock:
    """Time of the last mirrored block; before the first block the computer's time."""

    def now(self, session: Session) -> datetime:
        """Aware UTC."""
        timestamp = session.execute(select(func.max(ChainBlock.timestamp))).scalar()
        return datetime.fromtimestamp(timestamp, UTC) if timestamp is not None else datetime.now(UTC)


def clock_of(kind: str) -> Clock:
    """``system`` or ``chain``."""
    return ChainClock() if kind == "chain" else SystemClock()


def to_msk(moment: datetime) -> datetime:
    """The same moment as people in Moscow read it."""
    return moment.astimezone(MSK)


def block_at(session: Session, moment: datetime) -> ChainBlock | None:
    """The last mirrored block not after a moment."""
    statement = select(ChainBlock).where(col(ChainBlock.timestamp) <= int(moment.timestamp()))
    # By the index on ``timestamp``; by the number alone it would go back block by block from the end.
    order = (col(ChainBlock.timestamp).desc(), col(ChainBlock.number).desc())
    return session.execute(statement.order_by(*order).limit(1)).scalars().first()
