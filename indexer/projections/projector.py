"""All projections behind the one face that the loop knows, and deriving everything again from the raw facts."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import delete, update
from sqlmodel import Session

from indexer.chain.addresses import AddressBook
from indexer.chain.validators import EPOCH_LENGTH, ValidatorTally
from indexer.models import (
    DERIVED,
    SCHEMA_VERSION,
    ChainBlockDigest,
    ChainCursor,
    ChainLog,
)
from indexer.projections import access, audit, cash, identity, issues, payouts, settlement
from indexer.projections.store import Store
from indexer.sync.checkpoint import GENESIS_DIGEST, Cursor, load_cursor
from indexer.sync.facts import Fact, Row, decode_logs, facts_of
from indexer.sync.stored import pages
from indexer.sync.verify import verify_stored

APPLIED: dict[str, Callable[[Store, Fact], None]] = {
    key: module.apply
    for module in (identity, access, issues, cash, settlement, payouts, audit)
    for key in module.EVENTS
}
"""Who applies an event, by contract and name. Events not listed stand in chain_logs only (allowances, labels, …)."""


class Projections:
    """Derives rows, one database transaction after the other; see `indexer.sync.loop.Projector`."""

    def __init__(self, session: Session) -> None:
        self._store = Store(session)

    def rebind(self, session: Session) -> None:
        """Go on in the next transaction."""
        self._store.rebind(session)

    def apply(self, block: Row, facts: Sequence[Fact], digest: str) -> str:
        """Apply the facts of one block in order; returns the running digest after it."""
        for fact in facts:
            applied = APPLIED.get(fact.key)
            if applied:
                applied(self._store, fact)
        sealed = self._store.seal(digest, block["hash"])
        self._store.outside_digest(ChainBlockDigest, block_number=block["number"], digest=sealed)
        return sealed

    def flush(self) -> None:
        """Write what has changed."""
        self._store.flush()


def rebuild(session: Session, book: AddressBook, epoch_length: int = EPOCH_LENGTH) -> tuple[Cursor, str]:
    """Empty the derived tables and derive them again from the raw facts, which are proved once more on the way.

    Returns the cursor as it was and the digest now; they agree unless the projections have changed or a derived row had been tampered
    with. All in the caller's transaction: readers see the old rows until it ends. Raises ProofFailed when a raw row has been changed.
    """
    before = load_cursor(session, any_version=True)
    connection = session.connection()
    for model in DERIVED:
        connection.execute(delete(_table(model)))
    digest, parent, undecoded = GENESIS_DIGEST, None, 0
    tally, projections = ValidatorTally(epoch_length), Projections(session)
    for page in pages(session, 0, before.height):
        undecoded += _decode_again(session, page.all_logs, book)
        for block in page.blocks:
            its_txs, its_logs = page.transactions.get(block["number"], []), page.logs.get(block["number"], [])
            verify_stored(parent, block, its_txs, its_logs, tally)
            senders = {row["hash"]: row["sender"] for row in its_txs}
            digest = projections.apply(block, facts_of(block, senders, its_logs), digest)
            parent = block["hash"]
        projections.flush()
    cursor = _table(ChainCursor)
    connection.execute(update(cursor).values(digest=digest, undecoded_logs=undecoded, schema_version=SCHEMA_VERSION))
    return before, digest


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
