"""How far the database has read which chain, and that only one process writes it.

The cursor moves in the transaction that writes the rows, and only from the height and hash that the writer believes in: rows are
neither lost nor written twice, whatever happens to the process or to its lock.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, inspect, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col

from indexer.chain.errors import IndexerError, SchemaOutdated, TablesMissing, WriterBusy
from indexer.chain.proofs import QBFT_MIX_HASH
from indexer.chain.validators import ValidatorTally
from indexer.db import is_sqlite, metadata, session_scope
from indexer.models import SCHEMA_VERSION, ChainAlarm, ChainBlock, ChainCursor
from indexer.models.fields import ZERO_HASH

GENESIS_DIGEST = ZERO_HASH
_ADVISORY_LOCK = 0x6B617069  # "kapi"


class CursorMoved(IndexerError):
    """Another process has written blocks: this one must read the cursor again."""


@dataclass(frozen=True)
class Cursor:
    """Last block written. ``height`` -1: nothing yet."""

    height: int
    hash: str | None
    timestamp: int
    digest: str
    undecoded: int
    chain_id: int
    genesis_hash: str


EMPTY = Cursor(-1, None, 0, GENESIS_DIGEST, 0, 0, "")


def require_tables(engine: Engine) -> None:
    """Raise TablesMissing, with the command that makes them, unless all tables of the indexer exist."""
    present = set(inspect(engine).get_table_names())
    missing = sorted(name for name in metadata.tables if name.startswith("chain_") and name not in present)
    if missing:
        raise TablesMissing(
            f"the database lacks {len(missing)} tables of the indexer (first: {missing[0]}); "
            "make them with: python -m backend.migrate"
        )


def load_cursor(session: Session, *, any_version: bool = False) -> Cursor:
    """The cursor; raises SchemaOutdated when the derived tables are of another version (unless ``any_version``)."""
    row = session.execute(select(ChainCursor)).scalar_one_or_none()
    if row is None:
        return EMPTY
    if row.schema_version != SCHEMA_VERSION and not any_version:
        raise SchemaOutdated(
            f"derived tables are of version {row.schema_version}, this program writes {SCHEMA_VERSION}; "
            "derive them again with: python -m indexer rebuild"
        )
    return Cursor(row.height, row.hash, row.timestamp, row.digest, row.undecoded_logs, row.chain_id, row.genesis_hash)


def load_tally(session: Session, cursor: Cursor, epoch_length: int) -> ValidatorTally:
    """Validators after the cursor's block, counted from the stored headers since the last epoch block; nothing on another consensus."""
    tally = ValidatorTally(epoch_length)
    header = select(ChainBlock.header).where(col(ChainBlock.number) == cursor.height)  # type: ignore[call-overload]  # a column
    last = session.execute(header).scalar_one_or_none()
    if last is None or last["mixHash"].lower() != QBFT_MIX_HASH:
        return tally
    start = cursor.height - cursor.height % epoch_length
    headers = (
        select(ChainBlock.header)  # type: ignore[call-overload]  # a column
        .where(col(ChainBlock.number).between(start, cursor.height))
        .order_by(ChainBlock.number)
        .execution_options(yield_per=500)
    )
    for found in session.execute(headers).scalars():
        tally.replay(found)
    return tally


def save_cursor(session: Session, before: Cursor, after: Cursor, head: int) -> None:
    """Move the cursor from ``before`` to ``after``. Raises CursorMoved when it isn't at ``before``."""
    values: dict[str, Any] = {
        "height": after.height,
        "hash": after.hash,
        "timestamp": after.timestamp,
        "digest": after.digest,
        "undecoded_logs": after.undecoded,
        "head_seen": head,
        "schema_version": SCHEMA_VERSION,
        "updated_at": datetime.now(UTC),
    }
    if before.hash is None:
        session.add(ChainCursor(id=1, chain_id=after.chain_id, genesis_hash=after.genesis_hash, **values))
        session.flush()
        return
    table = ChainCursor.__table__  # type: ignore[attr-defined]  # SQLModel sets it
    moved = session.connection().execute(
        update(table).where(table.c.height == before.height, table.c.hash == before.hash).values(**values)
    )
    if moved.rowcount != 1:
        raise CursorMoved(f"the cursor is no longer at block {before.height}")


def record_alarm(engine: Engine, block_number: int, check: str, detail: str) -> None:
    """Write an alarm once; the same finding after a restart adds no second row."""
    with session_scope(engine) as session:
        same = select(ChainAlarm).where(
            col(ChainAlarm.block_number) == block_number,
            col(ChainAlarm.check) == check,
            col(ChainAlarm.detail) == detail,
        )
        if session.execute(same).first() is None:
            session.add(ChainAlarm(at=datetime.now(UTC), block_number=block_number, check=check, detail=detail))


@contextmanager
def writer_lock(engine: Engine) -> Iterator[None]:
    """Hold the right to write for this process; raises WriterBusy when another has it. The system frees it when the process dies."""
    if is_sqlite(engine):
        with _file_lock(Path(engine.url.database or "indexer")):
            yield
        return
    with engine.connect() as connection:
        held = connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _ADVISORY_LOCK}).scalar()
        connection.commit()
        if not held:
            raise WriterBusy("another indexer writes into this database; stop it first")
        try:
            yield
        finally:
            if not connection.invalidated:
                try:
                    connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _ADVISORY_LOCK})
                    connection.commit()
                except DBAPIError:
                    connection.invalidate()  # the server frees it together with the connection


@contextmanager
def _file_lock(database: Path) -> Iterator[None]:
    path = database.with_name(database.name + ".indexer.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise WriterBusy(f"another indexer writes into this database ({path} is locked); stop it first") from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
