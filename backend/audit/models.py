"""Tables of audit."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, BigInteger
from sqlmodel import Field, SQLModel

from backend.core.db import UtcDateTime


class AuditKey(SQLModel, table=True):
    """The operator's Ed25519 key (RFC 8032) that signs exports; the private half is sealed, the public one published."""

    __tablename__ = "audit_keys"

    name: str = Field(primary_key=True)
    sealed: bytes
    public_key: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class BlockSegment(SQLModel, table=True):
    """Counts of mirrored blocks ``first``..``last``, made at ``counted_at`` and anew from time to time (:mod:`backend.audit.segments`).

    ``days``: start of each Moscow day that had transactions (seconds since 1970) and how many.
    """

    __tablename__ = "audit_block_segments"

    first: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    last: int = Field(sa_type=BigInteger)
    blocks: int = 0
    unproven: int = 0
    sealed: int = 0
    below_all: int = 0
    fewest: int | None = None
    transactions: int = Field(default=0, sa_type=BigInteger)
    refused: int = Field(default=0, sa_type=BigInteger)
    events: int = Field(default=0, sa_type=BigInteger)
    days: list[list[int]] = Field(default_factory=list, sa_type=JSON)
    counted_at: datetime = Field(sa_type=UtcDateTime, index=True)


class JournalAnchor(SQLModel, table=True):
    """A root that was sent to the chain; whether it is there, chain_anchors tells. One row a first entry."""

    __tablename__ = "journal_anchors"

    first_entry: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    last_entry: int = Field(sa_type=BigInteger)
    root: str
    requested_at: datetime = Field(sa_type=UtcDateTime)
