"""The worker: ``python -m backend.worker``. Wires the domains' reactions and ticks to the outbox; one of the two files that wire.

One round:

    outbox      give nonces, sign, store, send; settle what the mirror shows          (backend.custody.outbox)
    reactions   for each finished intent, what its domain does next, exactly once     (REACTIONS of the domains)
    ticks       what time or new chain facts ask for; safe to repeat at any moment    (TICKS of the domains)

With ``KAPITAL_BESU_NODES_FILE`` a thread of its own keeps the network's permission lists (backend.network.jobs), and wallets that the nodes
don't admit yet wait. With ``KAPITAL_WORKER_METRICS_PORT`` it answers ``/metrics`` (outbox, signatures, rounds) and ``/health`` (the rounds go on).

Every reaction and tick runs in a transaction of its own; one that raises is logged and comes again, and holds up nobody else. The process may be
killed at any line.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine
from sqlmodel import col, select

from backend.accounts import reactions as accounts
from backend.audit import reactions as audit
from backend.cash import reactions as cash
from backend.core.clock import Clock, clock_of
from backend.core.context import Actor, Context
from backend.core.db import unit_of_work
from backend.core.watching import watched
from backend.custody import metrics
from backend.custody.keys.chosen import KeyStores
from backend.custody.lanes import Lanes
from backend.custody.models import Intent
from backend.custody.node import Node
from backend.custody.outbox import Outbox
from backend.custody.states import FINAL
from backend.custody.work import Limits
from backend.identity import reactions as identity
from backend.issues import reactions as issues
from backend.network import metrics as network_metrics
from backend.network import service as network
from backend.network.jobs import NetworkJobs
from backend.notifications import reactions as notifications
from backend.orders import reactions as orders
from backend.payouts import reactions as payouts
from backend.registrar import reactions as registrar
from backend.reports import reactions as reports
from backend.settings import Settings, get_settings
from indexer.chain.endpoints import endpoints_of
from indexer.db import create_database_engine
from indexer.models import ChainCursor

log = logging.getLogger("backend.worker")

Reaction = Callable[[Context, Intent], None]
Tick = Callable[[Context], None]

WIRED = (accounts, identity, cash, issues, orders, payouts, registrar, audit, notifications, reports)
REACTIONS: dict[str, Reaction] = {kind: act for domain in WIRED for kind, act in domain.REACTIONS.items()}
TICKS: list[Tick] = [tick for domain in WIRED for tick in domain.TICKS]

TICK_AT_LEAST_EVERY_S = 1.0
RETRY_AFTER_S = 2.0
SILENT_S = 120.0
"""A worker that hasn't come round for so long hangs; the longest wait for a node is shorter."""


class Worker:
    """Rounds over one database and one node."""

    def __init__(self, engine: Engine, settings: Settings, node: Node, *, name: str | None = None) -> None:
        self._engine = engine
        self._settings = settings
        self._clock: Clock = clock_of(settings.clock)
        self.name = name or f"{socket.gethostname()}-{os.getpid()}"
        limits = Limits(settings.sender_window, settings.sender_in_flight, settings.sender_batch)
        keys = KeyStores(settings)
        chain_id, gate = settings.chain_id, network.not_admitted if settings.besu_nodes_file else None
        self._outbox = Outbox(
            self._unit,
            node,
            keys,
            chain_id=chain_id,
            worker=self.name,
            limits=limits,
            gate=gate,
            reading=partial(self._unit, write=False),
        )
        self.lanes = Lanes(self._outbox, settings.sender_lanes - 1)
        self.jobs = NetworkJobs(self._unit, settings, name=self.name) if settings.besu_nodes_file else None
        self._height: int | None = None
        self._ticked_at = 0.0
        self._retry_at: dict[str, float] = {}
        self._last_sign = time.monotonic()
        self.rounds = self.failures = 0

    def round(self) -> int:
        """One round; the number of things done."""
        self._last_sign = time.monotonic()
        self.rounds += 1
        moves = self._outbox.round()
        reactions = self._react()
        # What the sender moves on its way concerns no domain; what has ended does.
        if reactions or self._new_height() or time.monotonic() - self._ticked_at > TICK_AT_LEAST_EVERY_S:
            self._tick()
        return moves + reactions

    def stop(self) -> None:
        """Give the wallets back: another worker need not wait for the leases to end."""
        self._outbox.release()
        if self.jobs is not None:
            self.jobs.release()

    @property
    def silent_s(self) -> float:
        """Seconds since the last round began."""
        return time.monotonic() - self._last_sign

    def figures(self) -> bytes:
        """What an operator watches, as Prometheus reads it (version 0.0.4)."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(RoundCollector(self))
        registry.register(DiskCollector(self._settings.files_dir))
        registry.register(metrics.SigningCollector(self._outbox.signing))
        with unit_of_work(self._engine, write=False) as session:
            ctx = Context(session=session, clock=self._clock, actor=Actor.system("worker"), settings=self._settings)
            for collector in COLLECTORS:
                registry.register(collector(ctx))
            return generate_latest(registry)

    def _react(self) -> int:
        with unit_of_work(self._engine, write=False) as session:
            statement = select(Intent.id, Intent.ref_kind).where(
                col(Intent.handled).is_(False), col(Intent.state).in_(FINAL)
            )
            waiting = list(session.exec(statement.order_by(col(Intent.created_at))))
        done = 0
        for intent_id, ref_kind in waiting:
            done += self._attempt(intent_id, partial(self._handle, intent_id=intent_id, ref_kind=ref_kind))
        return done

    @staticmethod
    def _handle(ctx: Context, intent_id: str, ref_kind: str) -> None:
        intent = ctx.session.exec(select(Intent).where(Intent.id == intent_id).with_for_update()).one()
        if intent.handled:
            return
        reaction = REACTIONS.get(ref_kind)
        if reaction is not None:
            reaction(ctx, intent)
        intent.handled = True
        ctx.session.add(intent)

    def _tick(self) -> None:
        self._ticked_at = time.monotonic()
        for tick in TICKS:
            self._attempt(f"{tick.__module__}.{tick.__name__}", tick)

    def _attempt(self, name: str, act: Callable[[Context], None]) -> int:
        if time.monotonic() < self._retry_at.get(name, 0.0):
            return 0
        try:
            with self._unit() as ctx:
                act(ctx)
        except Exception:
            # One domain's fault must not hold up the others; it is logged whole and tried again.
            log.exception("%s failed; it comes again in %s s", name, RETRY_AFTER_S)
            self.failures += 1
            self._retry_at[name] = time.monotonic() + RETRY_AFTER_S
            return 0
        self._retry_at.pop(name, None)
        return 1

    def _new_height(self) -> bool:
        with unit_of_work(self._engine, write=False) as session:
            height = session.exec(select(ChainCursor.height)).first()
        changed, self._height = height != self._height, height
        return changed

    @contextmanager
    def _unit(self, *, write: bool = True) -> Iterator[Context]:
        with unit_of_work(self._engine, write=write) as session:
            yield Context(session=session, clock=self._clock, actor=Actor.system("worker"), settings=self._settings)


class RoundCollector(Collector):
    """How the rounds go."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def collect(self) -> Iterable[Metric]:
        """All metrics; names and help are part of the interface."""
        silent = "Seconds since the worker last came round."
        yield GaugeMetricFamily("kapital_worker_silent_seconds", silent, value=self._worker.silent_s)
        yield CounterMetricFamily("kapital_worker_rounds", "Rounds begun.", value=self._worker.rounds)
        failed = "Rounds, reactions and ticks that failed and came again."
        yield CounterMetricFamily("kapital_worker_failures", failed, value=self._worker.failures)


class DiskCollector(Collector):
    """Room on the disk that holds the encrypted documents; on one machine it holds the nodes and the database too."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        """All metrics; names and help are part of the interface. Nothing where the disk can't be asked."""
        place = next((one for one in (self._folder, *self._folder.absolute().parents) if one.exists()), None)
        if place is None:
            return
        usage = shutil.disk_usage(place)
        yield GaugeMetricFamily("kapital_disk_free_bytes", "Bytes free for us on the disk of files.", value=usage.free)
        yield GaugeMetricFamily("kapital_disk_size_bytes", "Size of that disk.", value=usage.total)


COLLECTORS: list[Callable[[Context], Collector]] = [metrics.OutboxCollector, network_metrics.NetworkCollector]
"""Figures of the domains, read from the database at the moment of the request."""


def main() -> int:
    """Run until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    settings = get_settings()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    engine = create_database_engine(settings.database_url)
    node = Node(endpoints_of(settings), timeout_s=settings.rpc_timeout_s)
    worker = Worker(engine, settings, node)
    log.info("worker %s runs", worker.name)
    host, port = settings.metrics_host, settings.worker_metrics_port
    with (
        watched(host, port, worker.figures, lambda: worker.silent_s, SILENT_S),
        beside(worker, stop),
        worker.lanes.running(),
    ):
        run(worker, stop, settings.worker_interval_s)
    worker.stop()
    node.close()
    engine.dispose()
    return 0


@contextmanager
def beside(worker: Worker, stop: threading.Event) -> Iterator[None]:
    """The network's jobs in a thread of their own while the block runs, where there is a network."""
    if worker.jobs is None:
        yield
        return
    thread = threading.Thread(target=worker.jobs.run, args=(stop,), name="network", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)


def run(worker: Worker, stop: threading.Event, interval_s: float) -> None:
    """Round after round until told to stop."""
    while not stop.is_set():
        try:
            done = worker.round()
        except Exception:
            log.exception("round failed")
            worker.failures += 1
            done = 0
            stop.wait(RETRY_AFTER_S)
        stop.wait(0.0 if done else interval_s)


if __name__ == "__main__":
    raise SystemExit(main())
