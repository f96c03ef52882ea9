"""Nodes that start at different moments find each other at once: Besu itself tries a missing peer once a minute, while rounds without a
quorum double their length.

``admin_addPeer`` opens no door: a node connects only to whom its list of nodes admits. The token that it needs is signed by jwt/private.pem.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from scripts.besu.generate import Network
from scripts.besu.nodes import Node
from scripts.besu.rpc import NodeRefusesError, NodeSilentError, call, height, peers, token

EVERY_S = 4.0
POLL_S = 0.5
WITHIN_S = 180.0
STRAGGLERS_S = 15.0
"""How long the last nodes are waited for once blocks come."""


def introduce(network: Network, wanted: Sequence[Node]) -> None:
    """Let nodes that miss peers try to connect now; one that is silent or refuses is passed over."""
    bearer = token(network.folder / "jwt" / "private.pem", ["admin:*"])
    for node in wanted:
        try:
            if peers(node.rpc_url) < len(wanted) - 1:
                for other in (one for one in wanted if one != node):
                    call(node.rpc_url, "admin_addPeer", other.enode, bearer=bearer)
        except (NodeSilentError, NodeRefusesError):
            continue


def gather(network: Network, say: Callable[[str], None] = print, *, within_s: float = WITHIN_S) -> bool:
    """Introduce all nodes until each has the others for peers, or blocks come and the stragglers were waited for.

    False when neither came true in time; where there is no key for the token nothing is done.
    """
    if not (network.folder / "jwt" / "private.pem").exists():
        say("nodes are left to find each other: no jwt/private.pem in the folder of the network")
        return False
    began = introduced = time.monotonic()
    first, moving_since = _height(network.entry), None
    introduce(network, network.nodes)
    while True:
        missing = [one.name for one in network.nodes if not _connected(one, len(network.nodes) - 1)]
        now = time.monotonic()
        head = _height(network.entry)
        first = head if first is None else first
        if moving_since is None and head is not None and first is not None and head > first:
            moving_since = now
        if not missing or (moving_since is not None and now - moving_since > STRAGGLERS_S):
            say("every node has its peers" if not missing else f"blocks come; without all peers: {', '.join(missing)}")
            return True
        if now - began > within_s:
            say(f"after {within_s:.0f} s still without all peers: {', '.join(missing)}; see their logs")
            return False
        if now - introduced > EVERY_S:
            introduced = now
            introduce(network, network.nodes)
        time.sleep(POLL_S)


def _connected(node: Node, others: int) -> bool:
    try:
        return peers(node.rpc_url) >= others
    except (NodeSilentError, NodeRefusesError):
        return False


def _height(node: Node) -> int | None:
    try:
        return height(node.rpc_url)
    except (NodeSilentError, NodeRefusesError):
        return None
