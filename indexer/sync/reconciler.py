"""The comparison with the contracts as a job beside the loop: one snapshot of the database, the node asked in batches, the outcome kept.

A mismatch becomes an alarm. A node that has lost the state of the block meanwhile proves nothing: then the comparison is dropped and made
again later, at a newer block.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import structlog
from sqlalchemy import Engine, select
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from indexer.chain.addresses import AddressBook
from indexer.chain.client import RpcClient, client_of
from indexer.chain.errors import IndexerError
from indexer.db import is_sqlite, session_scope
from indexer.models import ChainIssue
from indexer.settings import Settings
from indexer.sync.checkpoint import Cursor, record_alarm
from indexer.sync.reconcile import Report, verify_at
from indexer.sync.status import Status

log = structlog.get_logger("indexer")

_SHARE = 20
"""The job rests this many times as long as it has worked, so that a large register doesn't keep the node busy."""
_DROPPED = 3
"""Comparisons dropped in a row for want of answers, before one is kept all the same."""


@contextmanager
def snapshot(engine: Engine) -> Iterator[Session]:
    """One consistent view of the database for reading, however long it takes; writers aren't held up."""
    bound = engine if is_sqlite(engine) else engine.execution_options(isolation_level="REPEATABLE READ")
    with session_scope(bound, write=False) as session:
        yield session


def add_assets(session: Session, book: AddressBook) -> None:
    """Put every asset that the database knows into the book."""
    for asset in session.execute(select(ChainIssue.asset)).scalars():  # type: ignore[call-overload]  # a column
        book.add_asset(asset)


def reconcile(engine: Engine, client: RpcClient, book: AddressBook, *, keep: bool = True) -> Report:
    """One comparison on one snapshot, kept in chain_reconciliations."""
    with snapshot(engine) as session:
        add_assets(session, book)
        report = verify_at(session, client, book, store=False)
    if keep:
        store(engine, report)
    return report


def store(engine: Engine, report: Report) -> None:
    """Keep the outcome, with an alarm when SQL and contracts differ."""
    with session_scope(engine) as session:
        session.add(report.row())
    if len(report.mismatches) > report.unanswered:
        mismatch = report.mismatches[0]
        detail = f"{len(report.mismatches)} mismatches, first {mismatch['table']} {mismatch['key']}"
        record_alarm(engine, report.block_number, "reconciliation", detail)


class Reconciler:
    """Called by the loop whenever it has nothing to do; compares in a thread of its own from time to time."""

    def __init__(self, settings: Settings, engine: Engine, status: Status, book: Callable[[], AddressBook]) -> None:
        self._settings, self._engine, self._status, self._book = settings, engine, status, book
        self._due = time.monotonic() + settings.reconcile_interval_s
        self._height = -1
        self._dropped = 0
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for a comparison that is under way."""
        if self._thread is not None:
            self._thread.join(self._settings.rpc_timeout_s)

    def __call__(self, cursor: Cursor) -> None:
        """Begin a comparison when it is time, blocks have come since, and none is under way."""
        working = self._thread is not None and self._thread.is_alive()
        early = time.monotonic() < self._due or cursor.height == self._height
        if not self._settings.reconcile_interval_s or early or working:
            return
        self._thread = threading.Thread(target=self._work, name="reconciliation", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        began = time.monotonic()
        known = self._book()
        book = AddressBook(known.chain_id, known.genesis_hash, dict(known.names))
        try:
            with client_of(self._settings) as client:
                self._take(reconcile(self._engine, client, book, keep=False))
        except (IndexerError, DBAPIError) as error:
            log.warning("reconciliation put off", reason=str(error))
        now = time.monotonic()
        self._due = now + max(self._settings.reconcile_interval_s, _SHARE * (now - began))

    def _take(self, report: Report) -> None:
        if report.unanswered and self._dropped < _DROPPED:
            self._dropped += 1
            log.warning("reconciliation dropped", block=report.block_number, unanswered=report.unanswered)
            return
        self._dropped, self._height = 0, report.block_number
        store(self._engine, report)
        self._status.reconciled(report.block_number, report.compared, len(report.mismatches))
        self._status.alarms += len(report.mismatches) > report.unanswered
        log.info("reconciled", block=report.block_number, compared=report.compared, mismatches=len(report.mismatches))
