"""Several nodes of one network: one is kept until it fails, the next is looked at before it is used, and blocks never come from two chains."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from indexer.chain.client import RpcClient
from indexer.chain.endpoints import AHEAD_BLOCKS, STALL_S, Endpoints, endpoints_of
from indexer.chain.errors import NodeUnavailable, ProofFailed, Retryable, WrongChain
from indexer.projections import Projections
from indexer.settings import Settings
from indexer.sync.loop import Indexer
from tests.indexer.fake_node import CHAIN_ID, FakeChain, FakeNode, credit, write_deployment

ALICE = "0x" + "a1" * 20


def chain(blocks: int, start: int = 1) -> FakeChain:
    """So many blocks above the genesis block."""
    made = FakeChain()
    for number in range(start, start + blocks):
        made.add([credit(ALICE, 10, number)])
    return made


def foreign() -> FakeNode:
    """A node of a network that began otherwise."""
    made = chain(2)
    made.blocks[0] = {**made.blocks[0], "hash": "0x" + "ff" * 32}
    return FakeNode(made)


class Nodes:
    """Nodes by host name behind one transport; ``asked``: host and method of every call."""

    def __init__(self, **nodes: FakeNode) -> None:
        self.nodes, self.asked, self.status = nodes, list[tuple[str, str]](), dict[str, int]()

    @property
    def transport(self) -> httpx.MockTransport:
        def handle(request: httpx.Request) -> httpx.Response:
            host, body = request.url.host, json.loads(request.content)
            calls = body if isinstance(body, list) else [body]
            self.asked += [(host, call["method"]) for call in calls]
            if self.nodes[host].down:
                raise httpx.ConnectError("connection refused", request=request)
            if host in self.status:
                return httpx.Response(self.status[host], text="no")
            return httpx.Response(200, json=self.nodes[host].answer(body))

        return httpx.MockTransport(handle)

    def client(self, **known: Any) -> RpcClient:
        urls = [f"http://{host}" for host in self.nodes]
        return RpcClient(Endpoints(urls, **{"chain_id": CHAIN_ID, **known}), transport=self.transport)

    def hosts(self, method: str = "eth_blockNumber") -> list[str]:
        return [host for host, asked in self.asked if asked == method]


@pytest.fixture
def pair() -> Nodes:
    whole = chain(6)
    return Nodes(a=FakeNode(whole), b=FakeNode(whole))


def test_one_node_alone_is_asked_nothing_more_than_before() -> None:
    nodes = Nodes(a=FakeNode(chain(1)))
    nodes.client().call("eth_blockNumber")
    assert nodes.asked == [("a", "eth_blockNumber")]


def test_a_node_is_kept_until_it_fails_and_the_next_one_after_it(pair: Nodes) -> None:
    client = pair.client()
    client.call("eth_blockNumber")
    pair.nodes["a"].down = True
    with pytest.raises(NodeUnavailable):
        client.call("eth_blockNumber")
    client.call("eth_blockNumber")
    pair.nodes["a"].down = False
    client.call("eth_blockNumber")
    assert pair.hosts() == ["a", "a", "b", "b"], "the one that came back is not wanted while the other answers"
    pair.nodes["b"].down = True
    with pytest.raises(NodeUnavailable):
        client.call("eth_blockNumber")
    client.call("eth_blockNumber")
    assert client.url == "http://a"


def test_each_node_is_looked_at_once_before_it_is_used(pair: Nodes) -> None:
    client = pair.client()
    for _ in range(3):
        client.call("eth_blockNumber")
    assert pair.asked[:2] == [("a", "eth_chainId"), ("a", "eth_getBlockByNumber")]
    assert pair.hosts("eth_chainId") == ["a"]


@pytest.mark.parametrize("status", [401, 403, 404, 500, 503])
def test_a_node_that_turns_us_away_is_left(pair: Nodes, status: int) -> None:
    client = pair.client()
    client.call("eth_blockNumber")
    pair.status["a"] = status
    with pytest.raises(NodeUnavailable):
        client.call("eth_blockNumber")
    assert client.call("eth_blockNumber") == "0x6"
    assert client.url == "http://b"


def test_a_refused_call_is_no_reason_to_leave_a_node(pair: Nodes) -> None:
    client = pair.client()
    assert len(client.batch_with_errors([("eth_nonsense", []), ("eth_blockNumber", [])])) == 2
    assert client.url == "http://a"


def test_a_node_of_another_network_is_passed_over() -> None:
    whole = chain(2)
    nodes = Nodes(a=FakeNode(whole), foreign_id=FakeNode(whole), foreign_genesis=foreign(), b=FakeNode(whole))
    nodes.nodes["foreign_id"].chain_id = 1
    client = nodes.client()
    client.call("eth_blockNumber")
    nodes.nodes["a"].down = True
    with pytest.raises(NodeUnavailable):
        client.call("eth_blockNumber")
    client.call("eth_blockNumber")
    assert client.url == "http://b"
    assert set(nodes.hosts()) == {"a", "b"}


def test_the_first_node_is_held_to_the_deployments_genesis_too() -> None:
    right = chain(2)
    nodes = Nodes(a=foreign(), b=FakeNode(right))
    client = nodes.client(genesis_hash=right.blocks[0]["hash"])
    assert client.call("eth_blockNumber") == "0x2"
    assert client.url == "http://b"


def test_nodes_that_are_all_of_another_network_are_no_outage(pair: Nodes) -> None:
    with pytest.raises(WrongChain, match="KAPITAL_RPC_FALLBACK_URLS"):
        pair.client(chain_id=1).call("eth_blockNumber")


def test_when_no_node_answers_every_one_is_named_and_the_first_to_return_is_used(pair: Nodes) -> None:
    client = pair.client()
    for node in pair.nodes.values():
        node.down = True
    with pytest.raises(NodeUnavailable, match=r"http://a: .*http://b: "):
        client.call("eth_blockNumber")
    pair.nodes["b"].down = False
    client.call("eth_blockNumber")
    assert client.url == "http://b"


def test_threads_that_met_the_same_failure_move_on_once(pair: Nodes) -> None:
    nodes, http = Endpoints(["http://a", "http://b"]), httpx.Client(transport=pair.transport)
    nodes.usable(http)
    threads = [threading.Thread(target=nodes.failed, args=("http://a", "down")) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert nodes.usable(http) == "http://b"


def test_a_node_that_gets_no_new_blocks_is_left_for_one_that_is_ahead() -> None:
    nodes, now = Nodes(a=FakeNode(chain(4)), b=FakeNode(chain(4 + AHEAD_BLOCKS))), [0.0]
    client = nodes.client(clock=lambda: now[0])
    for _ in range(2):
        now[0] += STALL_S
        assert client.call("eth_blockNumber") == hex(4)
    now[0] += STALL_S
    with pytest.raises(NodeUnavailable, match="http://a stays at block 4, http://b is ahead of it"):
        client.call("eth_blockNumber")
    assert client.call("eth_blockNumber") == hex(4 + AHEAD_BLOCKS)
    assert client.url == "http://b"


def used_after_a_while(nodes: Nodes) -> str:
    """The node that is spoken to after five looks at the head."""
    now = [0.0]
    client = nodes.client(clock=lambda: now[0])
    for _ in range(5):
        client.call("eth_blockNumber")
        now[0] += STALL_S
    return client.url


def test_a_network_that_stands_still_is_no_reason_to_change_the_node(pair: Nodes) -> None:
    assert used_after_a_while(pair) == "http://a"


def test_a_node_that_goes_on_is_kept_and_the_others_are_not_asked(pair: Nodes) -> None:
    now = [0.0]
    client = pair.client(clock=lambda: now[0])
    for number in range(7, 12):
        client.call("eth_blockNumber")
        pair.nodes["a"].chain.add([credit(ALICE, 10, number)])
        now[0] += STALL_S
    assert set(pair.hosts()) == {"a"}


def test_a_stalled_node_is_not_left_for_one_of_another_network_or_one_that_is_down() -> None:
    ahead = foreign()
    for number in range(9):
        ahead.chain.add([credit(ALICE, 10, 50 + number)])
    nodes = Nodes(a=FakeNode(chain(2)), b=ahead, c=FakeNode(chain(9)))
    nodes.nodes["c"].down = True
    assert used_after_a_while(nodes) == "http://a"


def test_the_settings_name_the_nodes_in_their_order(tmp_path: Path) -> None:
    settings = Settings(
        rpc_url="http://a", rpc_fallback_urls=" http://b, ,http://a,http://c", deployment_file=tmp_path / "none.json"
    )
    assert settings.rpc_urls == ("http://a", "http://b", "http://c")
    assert endpoints_of(settings).several
    assert not endpoints_of(Settings(rpc_url="http://a", deployment_file=tmp_path / "none.json")).several


# --- the indexer -----------------------------------------------------------------------------------------------------


@pytest.fixture
def start(sqlite_engine: Engine, tmp_path: Path) -> Callable[[Nodes], Indexer]:
    settings = Settings(
        rpc_url="http://a",
        chain_id=CHAIN_ID,
        deployment_file=write_deployment(tmp_path / "deployment.json"),
        poll_interval_s=0.001,
        start_grace_s=0.0,
        chunk_blocks=2,
    )

    def starter(nodes: Nodes) -> Indexer:
        indexer = Indexer(settings, sqlite_engine, nodes.client(), Projections)
        indexer.start()
        return indexer

    return starter


def steps(indexer: Indexer, wanted: int) -> None:
    """As `run` does it: what may pass by itself is tried again."""
    for _ in range(20):
        try:
            indexer.step()
        except Retryable:
            continue
        if indexer.cursor.height >= wanted:
            return
    raise AssertionError(f"at {indexer.cursor.height}, wanted {wanted}")


def test_the_indexer_goes_on_with_the_next_node_where_it_stood(pair: Nodes, start: Callable[[Nodes], Indexer]) -> None:
    indexer = start(pair)
    indexer.step()
    assert 0 < indexer.cursor.height < 6
    pair.nodes["a"].down = True
    steps(indexer, 6)
    indexer.close()
    assert indexer.cursor.hash == pair.nodes["b"].chain.blocks[6]["hash"]


def test_a_head_of_one_node_is_never_joined_with_blocks_of_another(
    pair: Nodes, start: Callable[[Nodes], Indexer]
) -> None:
    indexer = start(pair)

    def dies(calls: list[dict[str, Any]], answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if calls[0]["method"] == "eth_blockNumber":  # its last words are a head
            pair.nodes["a"].down = True
        return answers

    pair.nodes["a"].fault = dies
    pair.asked.clear()
    with pytest.raises(NodeUnavailable):
        indexer.step()
    assert not [one for one in pair.asked if one[0] == "b"]
    steps(indexer, 6)
    indexer.close()
    asked_b = [method for host, method in pair.asked if host == "b"]
    assert asked_b.index("eth_blockNumber") < asked_b.index("eth_getBlockReceipts")


def test_a_next_node_on_a_fork_halts_the_indexer(start: Callable[[Nodes], Indexer]) -> None:
    one = chain(3)
    fork = chain(7, 100)
    assert fork.blocks[0] == one.blocks[0], "both begin alike"
    nodes = Nodes(a=FakeNode(one), b=FakeNode(fork))
    indexer = start(nodes)
    while indexer.step():
        pass
    assert indexer.cursor.height == 3
    nodes.nodes["a"].down = True
    with pytest.raises(NodeUnavailable):
        indexer.step()
    with pytest.raises(ProofFailed):
        indexer.step()
    indexer.close()
    assert indexer.cursor.height == 3
    assert indexer.status.alarms == 1


def test_a_next_node_that_is_behind_is_left_for_one_that_is_not(start: Callable[[Nodes], Indexer]) -> None:
    whole, behind = chain(6), chain(3)
    nodes = Nodes(a=FakeNode(whole), b=FakeNode(behind), c=FakeNode(whole))
    indexer = start(nodes)
    while indexer.step():
        pass
    whole.add([credit(ALICE, 10, 7)])
    nodes.nodes["a"].down = True
    steps(indexer, 7)
    assert indexer.client.url == "http://c"
    indexer.close()
