"""Addresses of nodes of one network, and which of them is spoken to: one, until it fails; then the next that proves to be of the network.

A request that failed is not repeated on another node by itself: whoever asked begins anew, so that what is concluded from several answers
comes from one node. Before a node is used its chain id and its genesis hash are compared; one that was left is compared again when its turn
comes. One that answers but gets no new blocks (cut off from its peers) is left for one that is ahead of it. With a single address there is
nothing to choose and nothing is asked.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import httpx

from indexer.chain.addresses import load_deployment
from indexer.chain.errors import Misconfigured, NodeUnavailable, WrongChain, WrongDeployment
from indexer.settings import Settings

log = logging.getLogger(__name__)

CHECK_S = 3.0
"""Longest wait for a node that is looked at before it is used."""
STALL_S = 15.0
"""How long the head of a node may stay where it is before the others are asked for theirs; several blocks of the network."""
AHEAD_BLOCKS = 3
"""By how much another one must be ahead to be preferred: more than nodes differ while a block travels."""


class Endpoints:
    """Nodes in the order in which they are preferred. Safe to share between threads.

    ``chain_id`` and ``genesis_hash`` are what each must answer; without a known genesis hash that of the first node used binds the others.
    """

    def __init__(
        self,
        urls: Sequence[str],
        *,
        chain_id: int | None = None,
        genesis_hash: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not urls:
            raise ValueError("at least one node is needed")
        self._urls = tuple(dict.fromkeys(urls))
        self._chain_id = chain_id
        self._genesis = genesis_hash.lower() if genesis_hash else None
        self._place = 0
        self._trusted = len(self._urls) == 1
        self._lock = threading.Lock()
        self._clock = clock
        self._head: int | None = None
        self._look_at = 0.0

    @property
    def url(self) -> str:
        """The node that is spoken to, or will be tried first."""
        return self._urls[self._place]

    @property
    def several(self) -> bool:
        """Whether there is another node to move on to."""
        return len(self._urls) > 1

    def usable(self, http: httpx.Client) -> str:
        """Address of the node to ask; ``http`` carries the questions about chain id and genesis where one must be looked at first.

        Raises NodeUnavailable when none can be used now, or when the one in use was left just now for one that is ahead; WrongChain when every
        one answers and none is of this network.
        """
        with self._lock:
            if self._trusted:
                self._leave_if_stalled(http)
                return self.url
            troubles: list[Exception] = []
            for step in range(len(self._urls)):
                place = (self._place + step) % len(self._urls)
                try:
                    self._check(http, self._urls[place])
                except (NodeUnavailable, WrongChain) as error:
                    troubles.append(error)
                    continue
                if step:
                    log.warning("speaking to %s now: %s", self._urls[place], "; ".join(str(one) for one in troubles))
                self._use(place)
                return self.url
        if all(isinstance(one, Misconfigured) for one in troubles):
            raise troubles[0]
        raise NodeUnavailable("no node can be used: " + "; ".join(str(one) for one in troubles))

    def failed(self, url: str, why: str) -> None:
        """Leave this node; the next question begins with the one after it. Nothing where another thread has left it already."""
        with self._lock:
            if self.several and self._trusted and url == self.url:
                log.warning("leaving %s: %s", url, why)
                self._place, self._trusted = (self._place + 1) % len(self._urls), False

    def _use(self, place: int) -> None:
        self._place, self._trusted = place, True
        self._head, self._look_at = None, self._clock() + STALL_S

    def _leave_if_stalled(self, http: httpx.Client) -> None:
        if not self.several or self._clock() < self._look_at:
            return
        self._look_at = self._clock() + STALL_S
        before, self._head = self._head, _head(http, self.url)
        if self._head is None or before is None or self._head > before:
            return  # a node that gives no answer is left by the question that follows
        for place, url in enumerate(self._urls):
            if place == self._place or (_head(http, url) or 0) < self._head + AHEAD_BLOCKS:
                continue
            try:
                self._check(http, url)
            except (NodeUnavailable, WrongChain):
                continue
            why = f"{self.url} stays at block {self._head}, {url} is ahead of it"
            log.warning("leaving a node: %s", why)
            self._use(place)
            raise NodeUnavailable(why)

    def _check(self, http: httpx.Client, url: str) -> None:
        chain_id = _ask(http, url, "eth_chainId", [])
        block = _ask(http, url, "eth_getBlockByNumber", ["0x0", False])
        try:
            found, genesis = int(chain_id, 16), str(block["hash"]).lower()
        except (TypeError, ValueError, KeyError) as error:
            raise NodeUnavailable(f"{url}: no chain id or no genesis block") from error
        if self._chain_id not in {None, found}:
            raise WrongChain(f"{url} serves chain {found}, not {self._chain_id}: check KAPITAL_RPC_FALLBACK_URLS")
        if self._genesis not in {None, genesis}:
            raise WrongChain(
                f"{url} is of a network that began with {genesis}, not with {self._genesis}: check KAPITAL_RPC_FALLBACK_URLS"
            )
        self._genesis = genesis


def endpoints_of(settings: Settings) -> Endpoints:
    """The nodes of an installation; their genesis hash must be that of the deployment, once there is one."""
    genesis = None
    with contextlib.suppress(WrongDeployment):
        genesis = load_deployment(settings.deployment_file).genesis_hash
    return Endpoints(settings.rpc_urls, chain_id=settings.chain_id, genesis_hash=genesis)


def _head(http: httpx.Client, url: str) -> int | None:
    try:
        return int(_ask(http, url, "eth_blockNumber", []), 16)
    except (NodeUnavailable, TypeError, ValueError):
        return None


def _ask(http: httpx.Client, url: str, method: str, params: list[Any]) -> Any:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    try:
        return http.post(url, json=body, timeout=CHECK_S).raise_for_status().json()["result"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise NodeUnavailable(f"{url}: {error or type(error).__name__}") from error
