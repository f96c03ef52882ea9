"""All jobs of permissioning, one round after another, in a thread of the worker: a node that is slow to answer holds up nobody's transaction.

    lease       one worker at a time (Besu's lists must not be written by two)
    wallets     those that custody has made since are wanted
    changes     told to the nodes that lack them                       (fanout.py)
    votes       kept until the list of validators has changed          (votes.py)
    repairs     carried out                                            (drift.py)
    comparison  every KAPITAL_NETWORK_CHECK_EVERY_S                    (drift.py)
    senders     of the blocks that were mirrored since                 (senders.py)

Each step commits for itself; one that raises is logged and comes again with the next round.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta

from backend.core.context import Context
from backend.network import lists, repository, senders
from backend.network.drift import Drift
from backend.network.fanout import Client, Fanout, Unit
from backend.network.nodes import Network, NetworkNode, network_of
from backend.network.rpc import NodeClient
from backend.network.votes import Votes
from backend.settings import Settings

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
PAUSE_S = 0.5


class NetworkJobs:
    """The jobs over one database; nothing happens without ``KAPITAL_BESU_NODES_FILE``. The waits are what tests shorten."""

    def __init__(
        self,
        unit: Unit,
        settings: Settings,
        *,
        name: str,
        client: Client | None = None,
        first_wait_s: float = 1.0,
        vote_again_s: float = 5.0,
    ) -> None:
        self._unit = unit
        self._settings = settings
        self._name = name
        opener = client or open_client
        self._fanout = Fanout(unit, opener, first_wait_s=first_wait_s)
        self._votes = Votes(unit, opener, again_s=vote_again_s)
        self._drift = Drift(unit, opener, first_wait_s=first_wait_s)

    def round(self) -> int:
        """One round; how many things were done. 0 also when another worker has the lease."""
        network = self._network()
        if network is None or not self._may(network):
            return 0
        done = self._step("wallets", lambda: self._in_unit(lambda ctx: lists.admit_wallets(ctx, network)))
        done += self._step("changes", lambda: self._fanout.round(network))
        done += self._step("votes", lambda: self._votes.round(network))
        done += self._step("repairs", lambda: self._drift.repair(network))
        done += self._step("comparison", lambda: self._compare(network))
        return done + self._step("senders", lambda: self._in_unit(senders.look))

    def check(self) -> None:
        """Compare now, for a person."""
        network = self._network()
        if network is not None:
            self._drift.check(network, asked=True)

    def run(self, stop: threading.Event) -> None:
        """Round after round until told to stop."""
        while not stop.is_set():
            try:
                self.round()
            except Exception:
                log.exception("jobs of the network failed; they come again")
                stop.wait(2.0)
            stop.wait(PAUSE_S)

    def release(self) -> None:
        """Give the lease back: another worker need not wait for its end."""
        with self._unit() as ctx:
            row = repository.job(ctx, locked=True)
            if row is not None and row.owner == self._name:
                row.owner = row.until = None
                ctx.session.add(row)

    def _network(self) -> Network | None:
        return network_of(self._settings)

    def _may(self, network: Network) -> bool:
        with self._unit() as ctx:
            lists.seed(ctx, network)
        with self._unit() as ctx:
            return repository.take_lease(ctx, self._name, LEASE)

    def _in_unit(self, act: Callable[[Context], int]) -> int:
        with self._unit() as ctx:
            return act(ctx)

    def _compare(self, network: Network) -> int:
        with self._unit() as ctx:
            row = repository.job(ctx)
            pause = timedelta(seconds=self._settings.network_check_every_s)
            due = row is not None and (row.checked_at is None or repository.wall() - row.checked_at >= pause)
        if not due:
            return 0
        return len(self._drift.check(network))

    @staticmethod
    def _step(name: str, act: Callable[[], int]) -> int:
        try:
            return act()
        except Exception:
            log.exception("%s failed; it comes again", name)
            return 0


def open_client(network: Network, node: NetworkNode) -> NodeClient:
    """A client with a connection of its own."""
    return NodeClient(network, node)
