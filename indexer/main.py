"""``python -m indexer [run|rebuild|verify]``: the only file that wires the indexer together.

run      follow the chain (the default)
rebuild  derive all derived tables again from the raw facts, in one transaction
verify   compare SQL with the contracts at the cursor's block
verify --from N --to M   prove stored blocks once more, from the database alone and against the node's hashes

Exit codes: 0 all is well · 1 SQL and chain differ (verify, rebuild) · 2 can't start like this, the message says what to do ·
3 halted by a contradiction in the chain's data, see table chain_alarms.
"""

import argparse
import signal
import sys
import threading
from collections.abc import Callable

from sqlalchemy import Engine

from indexer.chain.addresses import load_deployment
from indexer.chain.client import client_of
from indexer.chain.errors import IndexerError, Misconfigured, ProofFailed, Retryable
from indexer.db import create_database_engine, session_scope
from indexer.metrics import serving
from indexer.projections import Projections
from indexer.projections.projector import rebuild
from indexer.settings import Settings
from indexer.sync.checkpoint import load_cursor, record_alarm, require_tables, writer_lock
from indexer.sync.consensus import Watch
from indexer.sync.loop import Indexer
from indexer.sync.reconciler import Reconciler, add_assets, reconcile, snapshot
from indexer.sync.stored import recheck

OK, DIFFERS, MISCONFIGURED, HALTED = 0, 1, 2, 3


def main(arguments: list[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m indexer", description="mirror the chain into SQL")
    parser.add_argument("command", nargs="?", choices=["run", "rebuild", "verify"], default="run")
    parser.add_argument("--from", dest="first", type=int, metavar="N", help="verify: prove stored blocks again, from N")
    parser.add_argument("--to", dest="last", type=int, metavar="M", help="verify: … up to M (default: the last stored)")
    chosen = parser.parse_args(arguments)
    if chosen.command != "verify" and (chosen.first is not None or chosen.last is not None):
        parser.error("--from and --to belong to verify")
    settings = Settings()
    engine = create_database_engine(settings.database_url)
    try:
        if chosen.first is not None or chosen.last is not None:
            return verify_history(settings, engine, chosen.first or 0, chosen.last)
        return _COMMANDS[chosen.command](settings, engine)
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
    with client_of(settings) as client:
        indexer = Indexer(settings, engine, client, Projections, stop=stop)
        reconciler = Reconciler(settings, engine, indexer.status, lambda: indexer.book)
        indexer.on_idle = reconciler
        with serving(settings.metrics_host, settings.metrics_port, indexer.status, Watch(engine)), reconciler:
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
                before, digest = rebuild(session, book, settings.qbft_epoch_length)
        except ProofFailed as error:
            record_alarm(engine, error.block_number, error.check, error.detail)
            raise
    same = digest == before.digest
    print(f"rebuilt blocks 0..{before.height}: digest {digest}" + ("" if same else f", was {before.digest}"))
    return OK if same else DIFFERS


def verify(settings: Settings, engine: Engine) -> int:
    """Compare and print; the outcome is kept in chain_reconciliations too."""
    require_tables(engine)
    with client_of(settings) as client:
        report = reconcile(engine, client, load_deployment(settings.deployment_file))
    print(f"block {report.block_number} {report.block_hash}")
    for table, count in sorted(report.counts.items()):
        print(f"  {table:24} {count:8}")
    for mismatch in report.mismatches:
        print(f"  MISMATCH {mismatch['table']} {mismatch['key']}: SQL {mismatch['sql']}, chain {mismatch['chain']}")
    print(f"{report.compared} compared, {len(report.mismatches)} mismatches")
    return OK if report.agrees else DIFFERS


def verify_history(settings: Settings, engine: Engine, first: int, last: int | None) -> int:
    """Prove stored blocks once more and compare their hashes with the node's; a fault is printed and recorded as an alarm."""
    require_tables(engine)
    book = load_deployment(settings.deployment_file)
    with client_of(settings) as client, snapshot(engine) as session:
        add_assets(session, book)
        height = load_cursor(session).height
        if not 0 <= first <= height:
            raise Misconfigured(f"blocks 0 to {height} are stored: there is none from {first} on")
        wanted = height if last is None else min(last, height)
        found = recheck(session, book, first, wanted, settings.qbft_epoch_length, client)
    for fault in found.faults:
        print(f"  FAULT {fault}")
        record_alarm(engine, fault.block_number, fault.check, fault.detail)
    print(
        f"blocks {found.first} to {found.last}: {found.blocks} blocks ({found.sealed} with seals), "
        f"{found.transactions} transactions, {found.logs} logs checked, {len(found.faults)} faults"
    )
    return DIFFERS if found.faults else OK


_COMMANDS: dict[str, Callable[[Settings, Engine], int]] = {"run": run, "rebuild": rebuild_all, "verify": verify}
