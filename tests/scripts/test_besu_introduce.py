"""Nodes that have just started are made to connect at once, by nobody who couldn't change their lists anyway."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.besu import generate, introduce
from scripts.besu.generate import Network
from tests.backend.network.fake_besu import FakeBesu, FakeNetwork, besu_network, keys


class Peers:
    """Connections as the nodes make them: a node that is told of another one connects when that one runs."""

    def __init__(self, besu: FakeNetwork) -> None:
        self.pairs, self.besu, self.head, self.quorum = set[frozenset[str]](), besu, 0, 99
        for one in besu.nodes:
            one.extra |= {
                "net_peerCount": lambda _params, node=one: hex(self.count(node.name)),
                "admin_addPeer": lambda params, node=one: self.told(node, params[0]),
                "eth_blockNumber": lambda _params: hex(self.height()),
            }

    def count(self, name: str) -> int:
        return sum(name in pair for pair in self.pairs)

    def told(self, node: FakeBesu, enode: str) -> bool:
        other = next(one for one in self.besu.nodes if one.enode == enode)
        if other.server is not None:
            self.pairs.add(frozenset({node.name, other.name}))
        return True

    def height(self) -> int:
        self.head += len({name for pair in self.pairs for name in pair}) >= self.quorum
        return self.head


@pytest.fixture
def besu(tmp_path: Path) -> Iterator[FakeNetwork]:
    with besu_network(tmp_path / "besu", keys()) as made:
        yield made


@pytest.fixture
def network(besu: FakeNetwork, monkeypatch: pytest.MonkeyPatch) -> Network:
    """As prepare reads it from nodes.json."""
    monkeypatch.setattr(introduce, "EVERY_S", 0.05)
    monkeypatch.setattr(introduce, "POLL_S", 0.01)
    ports: dict[str, Any] = {"host": "127.0.0.1", "rpc_port": 1, "metrics_port": 1}
    content = json.loads(besu.file.read_text())
    content |= {"request_timeout_s": 2, "epoch_blocks": 30_000, "heap": "512m"}
    content["nodes"] = [{**ports, **one} for one in content["nodes"]]
    besu.file.write_text(json.dumps(content))
    return generate.read(besu.folder)


def test_nodes_are_introduced_until_each_has_all_others(besu: FakeNetwork, network: Network) -> None:
    peers, said = Peers(besu), list[str]()
    late = besu.node("validator-4")
    late.stop()
    timer = threading.Timer(0.3, late.start)
    timer.start()
    assert introduce.gather(network, said.append)
    timer.join()
    assert {peers.count(one.name) for one in besu.nodes} == {4}
    assert said == ["every node has its peers"]


def test_a_connected_network_is_left_alone(besu: FakeNetwork, network: Network) -> None:
    names = [one.name for one in besu.nodes]
    Peers(besu).pairs |= {frozenset({one, other}) for one in names for other in names if one != other}
    assert introduce.gather(network, lambda _: None)
    assert not [method for node in besu.nodes for method, _ in node.asked if method.startswith("admin_")]


def test_a_network_that_makes_blocks_is_not_held_up_by_a_node_that_is_down(
    besu: FakeNetwork, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(introduce, "STRAGGLERS_S", 0.1)
    Peers(besu).quorum = 3
    besu.node("validator-4").stop()
    said: list[str] = []
    assert introduce.gather(network, said.append)
    assert said[0].startswith("blocks come; without all peers: ")


def test_without_a_quorum_it_says_who_is_missing_and_lets_the_caller_decide(
    besu: FakeNetwork, network: Network
) -> None:
    Peers(besu)
    for name in ("validator-3", "validator-4"):
        besu.node(name).stop()
    said: list[str] = []
    assert not introduce.gather(network, said.append, within_s=0.3)
    assert "validator-3, validator-4" in said[0]


def test_a_key_that_the_nodes_don_t_know_opens_nothing(besu: FakeNetwork, network: Network) -> None:
    peers = Peers(besu)
    (besu.folder / "jwt" / "private.pem").write_text(keys()[0])
    assert not introduce.gather(network, lambda _: None, within_s=0.2)
    assert peers.pairs == set()


def test_without_the_key_nodes_are_left_to_themselves(besu: FakeNetwork, network: Network) -> None:
    Peers(besu)
    (besu.folder / "jwt" / "private.pem").unlink()
    assert not introduce.gather(network, lambda _: None)
    assert all(not node.asked for node in besu.nodes)
