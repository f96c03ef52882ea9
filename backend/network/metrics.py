"""Figures of permissioning for Prometheus: drift, deliveries, alarms, foreign senders, the age of the last comparison."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from backend.core.context import Context
from backend.network import repository
from backend.network.states import AlarmKind, DeliveryState, Kind


class NetworkCollector(Collector):
    """Read at the moment of the request, in the caller's transaction; without a network there are no series."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def collect(self) -> Iterable[Metric]:
        """All metrics; names and help are part of the interface."""
        job = repository.job(self._ctx)
        if job is None:
            return
        yield from self._nodes()
        yield from self._deliveries()
        alarms = GaugeMetricFamily("kapital_network_alarms_open", "Alarms that nobody has closed.", labels=["kind"])
        counts = repository.alarm_counts(self._ctx)
        for kind in AlarmKind:
            alarms.add_metric([kind.value], counts.get(kind, 0))
        yield alarms
        found = "Transactions in blocks whose sender was outside the wanted list."
        yield GaugeMetricFamily("kapital_network_foreign_senders", found, value=repository.foreign_senders(self._ctx))
        if job.checked_at is not None:
            age = (repository.wall() - job.checked_at).total_seconds()
            yield GaugeMetricFamily(
                "kapital_network_check_age_seconds", "Since all nodes were last compared.", value=max(age, 0.0)
            )
        behind = max(repository.height(self._ctx) - job.looked_up_to, 0)
        yield GaugeMetricFamily(
            "kapital_network_senders_behind_blocks",
            "Mirrored blocks whose senders weren't looked at yet.",
            value=behind,
        )

    def _nodes(self) -> Iterable[Metric]:
        away = GaugeMetricFamily("kapital_network_node_unreachable", "1: the node told no lists.", labels=["node"])
        drift = GaugeMetricFamily(
            "kapital_network_drift",
            "Entries that a node lacks (missing) or that nobody wanted (extra).",
            labels=["node", "kind", "side"],
        )
        for name, row in sorted(repository.node_states(self._ctx).items()):
            away.add_metric([name], int(not row.reachable))
            drift.add_metric([name, Kind.ACCOUNT.value.lower(), "missing"], len(row.accounts_missing))
            drift.add_metric([name, Kind.ACCOUNT.value.lower(), "extra"], len(row.accounts_extra))
            drift.add_metric([name, Kind.NODE.value.lower(), "missing"], len(row.nodes_missing))
            drift.add_metric([name, Kind.NODE.value.lower(), "extra"], len(row.nodes_extra))
        yield from (away, drift)

    def _deliveries(self) -> Iterable[Metric]:
        told = GaugeMetricFamily(
            "kapital_network_deliveries", "Changes on their way to a node.", labels=["node", "state"]
        )
        for node, state, many in repository.delivery_counts(self._ctx):
            if state in {DeliveryState.PENDING, DeliveryState.FAILED}:
                told.add_metric([node, state.value.lower()], many)
        yield told


def text(ctx: Context) -> bytes:
    """The figures as Prometheus reads them (version 0.0.4)."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(NetworkCollector(ctx))
    return generate_latest(registry)
