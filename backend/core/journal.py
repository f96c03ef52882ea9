"""The audit journal: append-only, each entry carries the hash of the one before, its roots are anchored on chain.

An entry tells by identifiers who did what to which record. It is kept for ever, so it holds no personal data (152-ФЗ ст. 5 ч. 7):
names are looked up when an entry is shown, and are gone with the sealed profile they stand in.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Column
from sqlmodel import Field, SQLModel, col, select

from backend.core.context import Context
from backend.core.db import JsonColumn, Session, UtcDateTime

GENESIS = "0" * 64
READ_AT_ONCE = 2_000


class JournalEntry(SQLModel, table=True):
    """One act. ``hash`` = sha-256 of the canonical entry with ``prev_hash``; ``seq`` has no gaps.

    ``actor`` is the identifier of the user, the name of a process of the operator, or empty before sign-in.
    """

    __tablename__ = "journal_entries"

    seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    at: datetime = Field(sa_type=UtcDateTime)
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    actor_id: str | None = Field(default=None, index=True)
    actor: str
    action: str = Field(index=True)
    entity: str = Field(index=True)
    entity_id: str = Field(index=True)
    details: dict[str, Any] = Field(default_factory=dict, sa_type=JsonColumn)
    prev_hash: str
    hash: str


class JournalHead(SQLModel, table=True):
    """The last number and hash; locked while an entry is appended, so the chain has one end."""

    __tablename__ = "journal_head"

    id: int = Field(default=1, primary_key=True)
    seq: int = Field(sa_type=BigInteger)
    hash: str


def entry_hash(entry: JournalEntry) -> str:
    """Recompute the hash of an entry from its content."""
    content = {
        "seq": entry.seq,
        "at": entry.at.astimezone(UTC).isoformat(),
        "recorded_at": entry.recorded_at.astimezone(UTC).isoformat(),
        "actor_id": entry.actor_id,
        "actor": entry.actor,
        "action": entry.action,
        "entity": entry.entity,
        "entity_id": entry.entity_id,
        "details": entry.details,
        "prev": entry.prev_hash,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def record(
    ctx: Context, *, action: str, entity: str, entity_id: str, details: dict[str, Any] | None = None
) -> JournalEntry:
    """Append an entry in the caller's transaction."""
    head = _locked_head(ctx.session)
    entry = JournalEntry(
        seq=head.seq + 1,
        at=ctx.now(),
        recorded_at=datetime.now(UTC),
        actor_id=ctx.actor.user_id,
        actor=ctx.actor.author,
        action=action,
        entity=entity,
        entity_id=entity_id,
        details=details or {},
        prev_hash=head.hash,
        hash="",
    )
    entry.hash = entry_hash(entry)
    head.seq, head.hash = entry.seq, entry.hash
    ctx.session.add(entry)
    ctx.session.add(head)
    ctx.session.flush()
    return entry


def first_broken(session: Session) -> int | None:
    """Number of the first entry that is missing or whose chain or content doesn't fit, or None when the journal is whole to its head."""
    head = session.exec(select(JournalHead).where(JournalHead.id == 1)).first()
    previous, expected = GENESIS, 1
    entries = select(JournalEntry).order_by(col(JournalEntry.seq)).limit(READ_AT_ONCE)
    while found := session.exec(entries.where(col(JournalEntry.seq) >= expected)).all():
        for entry in found:
            if entry.seq != expected or entry.prev_hash != previous or entry.hash != entry_hash(entry):
                return expected
            if head is not None and entry.seq == head.seq and entry.hash != head.hash:
                return expected
            previous, expected = entry.hash, expected + 1
    return expected if head is not None and head.seq >= expected else None


def _locked_head(session: Session) -> JournalHead:
    head = session.exec(select(JournalHead).where(JournalHead.id == 1).with_for_update()).first()
    if head is None:
        head = JournalHead(id=1, seq=0, hash=GENESIS)
        session.add(head)
        session.flush()
    return head
