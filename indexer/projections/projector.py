"""All projections behind the one face that the loop knows, and deriving everything again from the raw facts."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import delete, select, update
from sqlmodel import Session

from indexer.chain.addresses import AddressBook
from indexer.models import (
    DERIVED,
    SCHEMA_VERSION,
    ChainBlock,
    ChainBlockDigest,
    ChainCursor,
    ChainLog,
    ChainTransaction,
)
from indexer.projections import access, audit, cash, identity, issues, payouts, settlement
from indexer.projections.store import Store
from indexer.sync.checkpoint import GENESIS_DIGEST, Cursor, load_cursor
from indexer.sync.facts import Fact, Row, decode_logs, facts_of
from indexer.sync.verify import verify_stored

_PAGE = 200

APPLIED: dict[str, Callable[[Store, Fact], None]] = {
    key: module.apply
    for module in (identity, access, issues, cash, settlement, payouts, audit)
    for key in module.EVENTS
}
"""Who applies an event, by contract and name. Events not listed stand in chain_logs only (allowances, labels, …)."""


class Projections:
    """Derives rows within one database transaction; see `indexer.sync.loop.Projector`."""

    def __init__(self, session: Session) -> None:
        self._store = Store(session)

    def apply(self, block: Row, facts: Sequence[Fact], digest: str) -> str:
        """Apply the facts of one block in order; returns the running digest after it."""
        for fact in facts:
            applied = APPLIED.get(fact.key)
            if applied:
                applied(self._store, fact)
        sealed = self._store.seal(digest, block["hash"])
        self._store.put(ChainBlockDigest, block_number=block["number"], digest=sealed)
        self._store.forget_block()
        return sealed

    def flush(self) -> None:
        """Write what has changed."""
        self._store.flush()


def rebuild(session: Session, book: AddressBook) -> tuple[Cursor, str]:
    """Empty the derived tables and derive them again from the raw facts, which are proved once more on the way.

    Returns the cursor as it was and the digest now; they agree unless the projections have changed or a derived row had been tampered
    with. All in the caller's transaction: readers see the old rows until it ends. Raises ProofFailed when a raw row has been changed.
    """
    before = load_cursor(session, any_version=True)
    connection = session.connection()
    for model in DERIVED:
        connection.execute(delete(_table(model)))
    digest, parent, undecoded = GENESIS_DIGEST, None, 0
    for blocks, transactions, logs in _pages(session, before.height):
        projections = Projections(session)
        undecoded += _decode_again(session, logs, book)
        by_block_tx, by_block_log = _by_block(transactions), _by_block(logs)
        for block in blocks:
            its_txs, its_logs = by_block_tx.get(block["number"], []), by_block_log.get(block["number"], [])
            verify_stored(parent, block, its_txs, its_logs)
            senders = {row["hash"]: row["sender"] for row in its_txs}
            digest = projections.apply(block, facts_of(block, senders, its_logs), digest)
            parent = block["hash"]
        projections.flush()
    cursor = _table(ChainCursor)
    connection.execute(update(cursor).values(digest=digest, undecoded_logs=undecoded, schema_version=SCHEMA_VERSION))
    return before, digest


def _pages(session: Session, height: int) -> Iterator[tuple[list[Row], list[Row], list[Row]]]:
    for start in range(0, height + 1, _PAGE):
        end = min(start + _PAGE - 1, height)
        yield (
            _between(session, ChainBlock, "number", start, end),
            _between(session, ChainTransaction, "block_number", start, end, "tx_index"),
            _between(session, ChainLog, "block_number", start, end, "log_index"),
        )


def _between(session: Session, model: Any, column: str, start: int, end: int, *order: str) -> list[Row]:
    table = _table(model)
    wanted = table.c[column].between(start, end)
    found = session.connection().execute(
        select(table).where(wanted).order_by(table.c[column], *(table.c[name] for name in order))
    )
    return [dict(row) for row in found.mappings()]


def _by_block(rows: list[Row]) -> dict[int, list[Row]]:
    return {number: list(group) for number, group in groupby(rows, key=lambda row: row["block_number"])}


def _decode_again(session: Session, logs: list[Row], book: AddressBook) -> int:
    """Decode with today's ABIs: an event that nobody knew when it was read may have a name now."""
    before = [(row["contract"], row["event"], row["args"]) for row in logs]
    undecoded = decode_logs(logs, book)
    table = _table(ChainLog)
    for row, old in zip(logs, before, strict=True):
        if (row["contract"], row["event"], row["args"]) != old:
            place = (table.c.block_number == row["block_number"]) & (table.c.log_index == row["log_index"])
            values = {name: row[name] for name in ("contract", "event", "args")}
            session.connection().execute(update(table).where(place).values(**values))
    return undecoded


def _table(model: Any) -> Any:
    return model.__table__
