"""Catching up with the help of a second process: the same rows, whatever becomes of the helper."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Engine, select

from indexer.chain.client import RpcClient
from indexer.chain.errors import NodePruned, ProofFailed
from indexer.db import session_scope
from indexer.models import ChainAlarm, ChainBlockDigest
from indexer.projections import Projections
from indexer.settings import Settings
from indexer.sync import ahead
from indexer.sync.loop import Indexer
from indexer.sync.reader import CHUNK_BYTES, fitting, next_size
from tests.indexer.fake_node import CHAIN_ID, FakeChain, FakeNode, credit, served, write_deployment

ALICE = "0x" + "a" * 40
BLOCKS = 60


@pytest.fixture
def node() -> Iterator[tuple[FakeNode, str]]:
    chain = FakeChain()
    for number in range(1, BLOCKS):
        chain.add([credit(ALICE, 10, number)])
    node = FakeNode(chain)
    with served(node) as url:
        yield node, url


@pytest.fixture
def start(node: tuple[FakeNode, str], engine: Engine, tmp_path: Path) -> Iterator[Callable[..., Indexer]]:
    """Start an indexer of the node; by default it asks for help from ten blocks on."""
    opened: list[Indexer] = []
    client = RpcClient(node[1])

    def starter(**changes: Any) -> Indexer:
        known: dict[str, Any] = {
            "database_url": str(engine.url),
            "rpc_url": node[1],
            "chain_id": CHAIN_ID,
            "deployment_file": write_deployment(tmp_path / "d.json"),
            "poll_interval_s": 0.005,
            "start_grace_s": 0.0,
            "chunk_blocks": 7,
            "read_ahead_blocks": 10,
        }
        indexer = Indexer(Settings(**{**known, **changes}), engine, client, Projections)
        opened.append(indexer)
        indexer.start()
        return indexer

    yield starter
    for indexer in opened:
        indexer.close()
    client.close()


def finish(indexer: Indexer) -> Indexer:
    while indexer.step():
        pass
    return indexer


def digests(engine: Engine) -> list[tuple[int, str]]:
    with session_scope(engine, write=False) as session:
        rows = session.execute(select(ChainBlockDigest).order_by(ChainBlockDigest.block_number)).scalars()  # type: ignore[arg-type]
        return [(row.block_number, row.digest) for row in rows]


def test_with_help_and_without_the_digests_are_the_same(start: Callable[..., Indexer], engine: Engine) -> None:
    helped = start()
    helped.step()
    assert helped._ahead is not None
    finish(helped).close()
    assert helped._ahead is None
    found = digests(engine)
    assert [number for number, _ in found] == list(range(BLOCKS))
    with session_scope(engine) as session:
        for model in reversed(ChainAlarm.metadata.sorted_tables):
            session.execute(model.delete())
    alone = finish(start(read_ahead_blocks=0))
    assert alone.cursor == helped.cursor
    assert digests(engine) == found


def test_a_helper_that_is_killed_is_done_without(start: Callable[..., Indexer], engine: Engine) -> None:
    indexer = start(chunk_blocks=2)
    indexer.step()
    assert indexer._ahead is not None
    os.kill(indexer._ahead[0]._process.pid, signal.SIGKILL)
    finish(indexer)
    assert indexer.cursor.height == BLOCKS - 1


def test_a_contradiction_that_the_helper_meets_is_read_again_and_halts(
    start: Callable[..., Indexer], engine: Engine, node: tuple[FakeNode, str]
) -> None:
    node[0].chain.receipts[40][0]["logs"] = []
    with pytest.raises(ProofFailed, match="receiptsRoot"):
        finish(start())
    with session_scope(engine, write=False) as session:
        alarm = session.execute(select(ChainAlarm)).scalar_one()
        assert (alarm.block_number, alarm.check) == (40, "receiptsRoot")
    assert len(digests(engine)) <= 40


def test_a_chunk_that_does_not_fit_the_cursor_is_not_believed(
    start: Callable[..., Indexer], monkeypatch: pytest.MonkeyPatch
) -> None:
    take = ahead.ReadAhead.take

    def skewed(self: ahead.ReadAhead, stop: Any) -> Any:
        chunk = take(self, stop)
        if chunk is not None:
            del chunk.blocks[0]
        return chunk

    monkeypatch.setattr(ahead.ReadAhead, "take", skewed)
    assert finish(start()).cursor.height == BLOCKS - 1


def test_chunks_are_cut_to_a_size_that_is_good_for_the_memory() -> None:
    assert next_size(10, CHUNK_BYTES // 100, 100) == 20
    assert next_size(10, 2 * CHUNK_BYTES, 100) == 5
    assert next_size(1, 9 * CHUNK_BYTES, 100) == 1
    assert next_size(80, 1, 100) == 100


@pytest.mark.parametrize(
    ("counts", "last"),
    [
        (["0x0"] * 60, 59),
        # nine blocks of a hundred are a chunk
        (["0x0"] * 20 + ["0x64"] * 40, 28),
        (["0x3e8"] * 60, 0),
        ([None, "nonsense", {"code": 1}] * 20, 59),  # the blocks themselves will be judged
    ],
)
def test_a_burst_after_quiet_blocks_is_not_one_huge_answer(counts: list[Any], last: int) -> None:
    class Node:
        def batch_with_errors(self, calls: list[Any]) -> list[Any]:
            assert {method for method, _ in calls} == {"eth_getBlockTransactionCountByNumber"}
            return [counts[int(number, 16)] for _, (number,) in calls]

    assert fitting(cast("RpcClient", Node()), 0, 59) == last


def test_a_few_blocks_are_asked_for_without_counting() -> None:
    assert fitting(cast("RpcClient", None), 5, 12) == 12


def test_a_node_without_old_receipts_is_told_from_one_that_is_late(
    start: Callable[..., Indexer], node: tuple[FakeNode, str]
) -> None:
    def pruned(calls: list[Any], answers: list[Any]) -> list[Any]:
        for call, answer in zip(calls, answers, strict=True):
            if call["method"] == "eth_getBlockReceipts":
                answer["result"] = None
        return answers

    indexer = start(read_ahead_blocks=0, absence_s=0.0)
    node[0].fault = pruned
    with pytest.raises(NodePruned, match="whole history"):
        indexer.run()
