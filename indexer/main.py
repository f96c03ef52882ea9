"""``python -m indexer [run|rebuild|verify]``: the only file that wires the indexer together.

run      follow the chain (the default)
rebuild  derive all derived tables again from the raw facts, in one transaction
verify   compare SQL with the contracts at the cursor's block

Exit codes: 0 all is well · 1 SQL and chain differ (verify, rebuild) · 2 can't start like this, the message says what to do ·
3 halted by a contradiction in the chain's data, see table chain_alarms.
"""

import argparse
import signal
import sys
import threading
import time
from collections.abc import Callable

import structlog
from sqlalchemy import Engine, select

from indexer.chain.addresses import AddressBook, load_deployment
from indexer.chain.client import RpcClient
from indexer.chain.errors import IndexerError, Misconfigured, ProofFailed, Retryable
from indexer.db import create_database_engine, session_scope
from indexer.models import ChainIssue
from indexer.projections import Projections
from indexer.projections.projector import rebuild
from indexer.settings import Settings
from indexer.sync.checkpoint import Cursor, record_alarm, require_tables, writer_lock
from indexer.sync.loop import Indexer
from indexer.sync.reconcile import Report, verify_at

log = structlog.get_logger("indexer")

OK, DIFFERS, MISCONFIGURED, HALTED = 0, 1, 2, 3


def main(arguments: list[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m indexer", description="mirror the chain into SQL")
    parser.add_argument("command", nargs="?", choices=["run", "rebuild", "verify"], default="run")
    command = parser.parse_args(arguments).command
    settings = Settings()
    engine = create_database_engine(settings.database_url)
    try:
        return _COMMANDS[command](settings, engine)
    except Misconfigured as error:
        print(f"indexer: {error}", file=sys.stderr)
        return MISCONFIGURED
    except ProofFailed as error:
        print(f"indexer: HALTED. {error}. Nothing was lost; see table chain_alarms", file=sys.stderr)
        return HALTED
    except IndexerError as error:
        print(f"indexer: {error}", file=sys.stderr)
        return MISCONFIGURED
    finally:
        engine.dispose()


def run(settings: Settings, engine: Engine) -> int:
    """Follow the chain until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with RpcClient(settings.rpc_url, timeout_s=settings.rpc_timeout_s) as client:
        indexer = Indexer(settings, engine, client, Projections, stop=stop)
        indexer.on_idle = Reconciler(settings, engine, client, indexer)
        try:
            indexer.start()
            indexer.run()
        except Retryable:
            if not stop.is_set():
                raise
        finally:
            indexer.close()
    return OK


def rebuild_all(settings: Settings, engine: Engine) -> int:
    """Derive everything again and tell whether the digest is the same."""
    require_tables(engine)
    book = load_deployment(settings.deployment_file)
    with writer_lock(engine):
        try:
            with session_scope(engine) as session:
                before, digest = rebuild(session, book)
        except ProofFailed as error:
            record_alarm(engine, error.block_number, error.check, error.detail)
            raise
    same = digest == before.digest
    print(f"rebuilt blocks 0..{before.height}: digest {digest}" + ("" if same else f", was {before.digest}"))
    return OK if same else DIFFERS


def verify(settings: Settings, engine: Engine) -> int:
    """Compare and print; the outcome is kept in chain_reconciliations too."""
    require_tables(engine)
    with RpcClient(settings.rpc_url, timeout_s=settings.rpc_timeout_s) as client:
        report = reconcile(engine, client, load_deployment(settings.deployment_file))
    print(f"block {report.block_number} {report.block_hash}")
    for table, count in sorted(report.counts.items()):
        print(f"  {table:24} {count:8}")
    for mismatch in report.mismatches:
        print(f"  MISMATCH {mismatch['table']} {mismatch['key']}: SQL {mismatch['sql']}, chain {mismatch['chain']}")
    print(f"{report.compared} compared, {len(report.mismatches)} mismatches")
    return OK if report.agrees else DIFFERS


def reconcile(engine: Engine, client: RpcClient, book: AddressBook) -> Report:
    """One comparison on one snapshot of the database. SQLite's writers are not held up while the node answers."""
    with session_scope(engine, write=False) as session:
        for asset in session.execute(select(ChainIssue.asset)).scalars():  # type: ignore[call-overload]  # a column
            book.add_asset(asset)
        report = verify_at(session, client, book, store=False)
    with session_scope(engine) as session:
        session.add(report.row())
    return report


class Reconciler:
    """Compares from time to time while there is nothing to read; a mismatch becomes an alarm."""

    def __init__(self, settings: Settings, engine: Engine, client: RpcClient, indexer: Indexer) -> None:
        self._settings, self._engine, self._client, self._indexer = settings, engine, client, indexer
        self._due = time.monotonic() + settings.reconcile_interval_s
        self._height = -1

    def __call__(self, cursor: Cursor) -> None:
        """Compare when it is time and blocks have come since."""
        if not self._settings.reconcile_interval_s or time.monotonic() < self._due or cursor.height == self._height:
            return
        report = reconcile(self._engine, self._client, self._indexer.book)
        self._due, self._height = time.monotonic() + self._settings.reconcile_interval_s, report.block_number
        log.info("reconciled", block=report.block_number, compared=report.compared, mismatches=len(report.mismatches))
        if len(report.mismatches) > report.unanswered:  # a node that has lost old state is no contradiction
            mismatch = report.mismatches[0]
            detail = f"{len(report.mismatches)} mismatches, first {mismatch['table']} {mismatch['key']}"
            record_alarm(self._engine, report.block_number, "reconciliation", detail)


_COMMANDS: dict[str, Callable[[Settings, Engine], int]] = {"run": run, "rebuild": rebuild_all, "verify": verify}
