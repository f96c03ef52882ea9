"""What an operator watches: ``/metrics`` for Prometheus, ``/health`` (the loop is alive), ``/ready`` (the mirror is at the head).

Besides the mirror's own figures (``kapital_indexer_*``), what the mirrored blocks tell of the validators (``kapital_chain_*``), for Besu itself
tells nothing of rounds and seals.

Served by the standard library in a thread, on a port of its own, to whoever can reach it: no secrets are told.
"""

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from indexer.sync.consensus import Agreement, Watch
from indexer.sync.status import Status

SILENT_S = 120.0
"""A loop that hasn't come round for so long hangs; the longest wait for a node is shorter."""
NEAR_BLOCKS = 2
"""Blocks behind the head at which the mirror still counts as ready, as Besu's own readiness."""
_TEXT = "text/plain; version=0.0.4; charset=utf-8"


class StatusCollector(Collector):
    """`Status` as metrics, read at the moment of the request."""

    def __init__(self, status: Status) -> None:
        self._status = status

    def collect(self) -> Iterable[Metric]:
        """All metrics; names and help are part of the interface."""
        status = self._status
        gauges = {
            "height": ("Last block in the database.", status.height),
            "head": ("Last block that the node was seen to have.", status.head),
            "lag_blocks": ("Blocks that the node has and the database hasn't.", status.lag_blocks),
            "lag_seconds": (
                "Age of the last stored block while blocks are missing; 0 at the head.",
                status.lag_seconds,
            ),
            "undecoded_logs": ("Stored events that no ABI names.", status.undecoded_logs),
            "reconciliation_mismatches": ("Differences in the last comparison with the contracts.", status.mismatches),
            "reconciliation_compared": ("Values compared in the last comparison with the contracts.", status.compared),
            "reconciliation_block": ("Block of the last comparison with the contracts.", status.reconciled_block),
            "silent_seconds": ("Seconds since the loop last came round.", status.silent_s),
            "ready": ("1 when the mirror is at the head.", int(ready(status))),
        }
        for name, (text, value) in gauges.items():
            yield GaugeMetricFamily(f"kapital_indexer_{name}", text, value=value)
        verified = "Blocks verified and written since the start of the process."
        yield CounterMetricFamily("kapital_indexer_verified_blocks", verified, value=status.verified_blocks)
        yield CounterMetricFamily("kapital_indexer_alarms", "Alarms in the database.", value=status.alarms)


class ConsensusCollector(Collector):
    """The validators' `Agreement` as metrics; blocks written since the last request are taken in first."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def collect(self) -> Iterable[Metric]:
        """All metrics; names and help are part of the interface. Nothing before the first block."""
        found = self._watch.read()
        if found.height < 0:
            return
        yield GaugeMetricFamily("kapital_chain_height", "Last block that was counted.", value=found.height)
        yield GaugeMetricFamily("kapital_chain_block_age_seconds", "Seconds since the last block.", value=found.age_s)
        yield HistogramMetricFamily(
            "kapital_chain_block_interval_seconds",
            "Seconds between a block and the one before.",
            buckets=found.cumulated(),
            sum_value=found.interval_sum,
        )
        if found.round is not None:
            yield from _of_seals(found)
            yield from _of_validators(found)


def _of_seals(found: Agreement) -> Iterator[Metric]:
    gauges = {
        "round": ("Round at which the last block was agreed on; 0 is the first.", found.round or 0),
        "seals": ("Seals of different validators in the last block.", found.seals),
        "quorum": ("Seals that finality needs.", found.quorum),
        "validators": ("Validators that the last block names.", len(found.validators)),
    }
    for name, (text, value) in gauges.items():
        yield GaugeMetricFamily(f"kapital_chain_{name}", text, value=value)
    late = "Blocks that needed more than the first round."
    yield CounterMetricFamily("kapital_chain_late_blocks", late, value=found.late_blocks)
    yield CounterMetricFamily("kapital_chain_late_rounds", "Rounds beyond the first.", value=found.late_rounds)


def _of_validators(found: Agreement) -> Iterator[Metric]:
    label = ["validator"]
    proposed = CounterMetricFamily("kapital_chain_proposed_blocks", "Blocks that a validator proposed.", labels=label)
    missing = CounterMetricFamily("kapital_chain_missing_seals", "Blocks without a validator's seal.", labels=label)
    share = GaugeMetricFamily("kapital_chain_proposer_share", "Part of the last 100 blocks it proposed.", labels=label)
    silent = GaugeMetricFamily("kapital_chain_silent_blocks", "Blocks since it last took part.", labels=label)
    for validator in found.validators:
        proposed.add_metric([validator], found.proposed[validator])
        missing.add_metric([validator], found.missing[validator])
        share.add_metric([validator], found.share(validator))
        silent.add_metric([validator], found.silent_blocks(validator))
    yield from (proposed, missing, share, silent)


def healthy(status: Status) -> bool:
    """Whether the loop is alive."""
    return status.silent_s < SILENT_S


def ready(status: Status) -> bool:
    """Whether the mirror can be believed to be fresh."""
    return healthy(status) and status.waiting is None and status.height >= 0 and status.lag_blocks <= NEAR_BLOCKS


@contextmanager
def serving(host: str, port: int | None, status: Status, watch: Watch | None = None) -> Iterator[int | None]:
    """Answer while the block runs; gives the port, None when there is none to be. ``watch``: tell of the validators too."""
    if port is None:
        yield None
        return
    server = ThreadingHTTPServer((host, port), _handler(status, watch))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(status: Status, watch: Watch | None) -> type[BaseHTTPRequestHandler]:
    registry = CollectorRegistry()
    registry.register(StatusCollector(status))
    if watch is not None:
        registry.register(ConsensusCollector(watch))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(True, generate_latest(registry), _TEXT)
            elif self.path == "/health":
                self._answer(healthy(status), _told(status), "application/json")
            elif self.path == "/ready":
                self._answer(ready(status), _told(status), "application/json")
            else:
                self.send_error(404)

        def _answer(self, good: bool, content: bytes, kind: str) -> None:
            self.send_response(200 if good else 503)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Requests are not worth a line."""

    return Handler


def _told(status: Status) -> bytes:
    words = {
        "height": status.height,
        "head": status.head,
        "lag_blocks": status.lag_blocks,
        "waiting_for": status.waiting,
        "alarms": status.alarms,
        "mismatches": status.mismatches,
    }
    return json.dumps(words).encode()
