"""The sender's figures in Prometheus text: outbox by state and age, stopped wallets, numbers given and not yet mined."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func
from sqlmodel import col, select

from backend.core.context import Context
from backend.custody import desk, work
from backend.custody.models import Intent, Wallet
from backend.custody.signing import SigningFigures
from backend.custody.states import IN_FLIGHT


class OutboxCollector(Collector):
    """Read at the moment of the request, in the caller's transaction."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def collect(self) -> Iterable[Metric]:
        """All metrics; names and help are part of the interface."""
        count = GaugeMetricFamily("kapital_outbox_intents", "Intents that are not final.", labels=["state"])
        age = GaugeMetricFamily("kapital_outbox_oldest_seconds", "Age of the oldest of them.", labels=["state"])
        now = work.wall()
        for one in desk.standing(self._ctx):
            count.add_metric([one.state.value], one.count)
            age.add_metric([one.state.value], max(0.0, (now - one.oldest).total_seconds()) if one.oldest else 0.0)
        yield count
        yield age
        session = self._ctx.session
        stopped = session.exec(select(func.count()).where(col(Wallet.stopped_reason).is_not(None))).one()
        yield GaugeMetricFamily(
            "kapital_wallets_stopped", "Wallets that sign nothing until a person has looked.", stopped
        )
        flying = session.exec(select(func.count()).where(col(Intent.state).in_(IN_FLIGHT))).one()
        yield GaugeMetricFamily("kapital_outbox_in_flight", "Numbers given that no block holds yet.", flying)


class SigningCollector(Collector):
    """What the key stores have done for this process: counts and the time that it took."""

    def __init__(self, figures: SigningFigures) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        """All metrics; names and help are part of the interface."""
        found = self._figures
        yield CounterMetricFamily("kapital_signatures", "Signatures made.", value=found.made)
        yield CounterMetricFamily("kapital_signature_errors", "Signatures that could not be had.", value=found.failed)
        yield CounterMetricFamily(
            "kapital_signature_seconds", "Time that key stores took, seconds.", value=found.seconds
        )


def text(ctx: Context) -> bytes:
    """The figures as Prometheus reads them (version 0.0.4)."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(OutboxCollector(ctx))
    return generate_latest(registry)
