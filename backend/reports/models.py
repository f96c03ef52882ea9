"""Tables of reports."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from backend.core.db import UtcDateTime


class IssuedDocument(SQLModel, table=True):
    """A statement as it was given out: its content sealed, its SHA-256 clear, so that anybody who has the paper can check it."""

    __tablename__ = "issued_documents"

    id: str = Field(primary_key=True)
    number: str = Field(unique=True)
    kind: str
    participant_id: str = Field(index=True)
    sha256: str = Field(index=True)
    content: bytes
    block_number: int
    block_hash: str
    made_by: str | None = None
    made_at: datetime = Field(sa_type=UtcDateTime)


class RegisterSnapshot(SQLModel, table=True):
    """A register frozen on the last day of a month (Moscow). Numbers and addresses only, no personal data."""

    __tablename__ = "register_snapshots"
    __table_args__ = (UniqueConstraint("month", "kind", name="uq_register_snapshots_month"),)

    id: str = Field(primary_key=True)
    month: str
    kind: str
    rows: int
    sha256: str
    content: bytes
    made_at: datetime = Field(sa_type=UtcDateTime)
