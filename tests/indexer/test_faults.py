"""What may go wrong between the node and the database: nothing is lost, nothing is written twice, nothing unproved gets in."""

from __future__ import annotations

import itertools
import json
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from sqlmodel import col

from indexer.chain.client import RpcClient
from indexer.chain.errors import (
    AnswerIncomplete,
    Misconfigured,
    NodeBehind,
    NodeUnavailable,
    ProofFailed,
    SchemaOutdated,
    TablesMissing,
    WriterBusy,
    WrongChain,
    WrongDeployment,
)
from indexer.db import create_database_engine, metadata, session_scope
from indexer.models import (
    ChainAlarm,
    ChainBlock,
    ChainCursor,
    ChainLog,
    ChainRubleAccount,
    ChainRubleEntry,
    ChainTransaction,
)
from indexer.projections import Projections
from indexer.settings import Settings
from indexer.sync.checkpoint import CursorMoved, load_cursor, save_cursor
from indexer.sync.loop import Indexer
from indexer.sync.reconciler import snapshot
from tests.indexer.fake_node import CHAIN_ID, SENDER, FakeChain, FakeNode, credit, served, write_deployment

Json = dict[str, Any]
Fault = Callable[[list[Json], list[Json]], list[Json]]
ALICE = "0x" + "a" * 40
BLOCKS = 12
UNTIL_S = 120.0
KILLED = 137


@pytest.fixture
def node() -> FakeNode:
    """A chain of twelve blocks, two payments of ten kopeks in each."""
    chain = FakeChain()
    for number in range(1, BLOCKS):
        chain.add([credit(ALICE, 10, 2 * number)], [credit(ALICE, 10, 2 * number + 1)])
    return FakeNode(chain)


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    return Settings(
        database_url=database_url,
        rpc_url="http://node",
        chain_id=CHAIN_ID,
        deployment_file=write_deployment(tmp_path / "deployment.json"),
        poll_interval_s=0.005,
        start_grace_s=0.0,
        chunk_blocks=5,
    )


@pytest.fixture
def start(settings: Settings, engine: Engine, node: FakeNode) -> Iterator[Callable[..., Indexer]]:
    """Start an indexer on the node; what it holds is given back at the end."""
    open_ones: list[Indexer] = []

    def starter(**changes: Any) -> Indexer:
        client = RpcClient("http://node", transport=node.transport)
        indexer = Indexer(settings.model_copy(update=changes), engine, client, Projections)
        open_ones.append(indexer)
        indexer.start()
        return indexer

    yield starter
    for indexer in open_ones:
        indexer.close()


def finish(indexer: Indexer) -> Indexer:
    while indexer.step():
        pass
    return indexer


def once(match: str, number: int, spoil: Callable[[Any], Any], *, times: int = 1) -> Fault:
    """Spoil the answer about one block, the first ``times`` times it is asked for."""
    left = times

    def fault(calls: list[Json], answers: list[Json]) -> list[Json]:
        nonlocal left
        for call, answer in zip(calls, answers, strict=True):
            if left and call["method"] == match and call["params"][0] == hex(number):
                left -= 1
                answer["result"] = spoil(answer["result"])
        return answers

    return fault


def counted(engine: Engine) -> tuple[int, int, int, int]:
    """Blocks, transactions, logs and Alice's kopeks in the database, at one moment."""
    with snapshot(engine) as session:
        rows = [
            session.execute(select(func.count()).select_from(model)).scalar_one()
            for model in (ChainBlock, ChainTransaction, ChainLog)
        ]
        account = session.get(ChainRubleAccount, ALICE)
        entries = session.execute(select(func.coalesce(func.sum(col(ChainRubleEntry.free_delta)), 0))).scalar_one()
        assert entries == (account.free_kopeks if account else 0)
    return rows[0], rows[1], rows[2], int(entries)


ALL_OF_IT = (BLOCKS, 2 * (BLOCKS - 1), 2 * (BLOCKS - 1), 20 * (BLOCKS - 1))


def test_everything_is_read_once_and_in_order(start: Callable[..., Indexer], engine: Engine) -> None:
    indexer = finish(start())
    assert counted(engine) == ALL_OF_IT
    assert indexer.step() == 0
    assert counted(engine) == ALL_OF_IT


# --- answers that contradict themselves ------------------------------------------------------------------------------


def without_receipt(receipts: list[Json]) -> list[Json]:
    return receipts[:1]


def with_other_sum(receipts: list[Json]) -> list[Json]:
    receipts[0]["logs"][0]["data"] = receipts[0]["logs"][0]["data"].replace("0a", "ff", 1)
    return receipts


def without_logs(receipts: list[Json]) -> list[Json]:
    receipts[1]["logs"] = []
    return receipts


def misnumbered(receipts: list[Json]) -> list[Json]:
    receipts[1]["logs"][0]["logIndex"] = "0x7"
    return receipts


def swapped(receipts: list[Json]) -> list[Json]:
    return receipts[::-1]


def of_other_parent(block: Json) -> Json:
    return {**block, "parentHash": "0x" + "5" * 64}


def of_other_sender(block: Json) -> Json:
    block["transactions"][0]["from"] = "0x" + "6" * 40
    return block


def without_transaction(block: Json) -> Json:
    return {**block, "transactions": block["transactions"][:1]}


def with_other_hash(block: Json) -> Json:
    return {**block, "hash": "0x" + "7" * 64}


def without_field(block: Json) -> Json:
    del block["stateRoot"]
    return block


SPOILT = [
    ("eth_getBlockReceipts", without_receipt, "receipts"),
    ("eth_getBlockReceipts", lambda _: [], "receipts"),
    ("eth_getBlockReceipts", with_other_sum, "receiptsRoot"),
    ("eth_getBlockReceipts", without_logs, "receiptsRoot"),
    ("eth_getBlockReceipts", swapped, "receiptsRoot"),
    ("eth_getBlockReceipts", misnumbered, "log place"),
    ("eth_getBlockByNumber", of_other_parent, "parent"),
    ("eth_getBlockByNumber", of_other_sender, "signer"),
    ("eth_getBlockByNumber", without_transaction, "transactionsRoot"),
    ("eth_getBlockByNumber", with_other_hash, "header"),
    ("eth_getBlockByNumber", without_field, "format"),
]


@pytest.mark.parametrize(
    ("method", "spoil", "check"), SPOILT, ids=[f"{check}-{n}" for n, (_, _, check) in enumerate(SPOILT)]
)
def test_a_lasting_contradiction_halts_with_an_alarm_and_loses_nothing(
    start: Callable[..., Indexer], engine: Engine, node: FakeNode, method: str, spoil: Callable[[Any], Any], check: str
) -> None:
    node.fault = once(method, 7, spoil, times=1_000)
    indexer = start()
    with pytest.raises(ProofFailed) as halted:
        finish(indexer)
    assert (halted.value.check, halted.value.block_number) == (check, 7)
    assert counted(engine)[0] == 5  # the chunk before the spoilt one
    with session_scope(engine, write=False) as session:
        alarm = session.execute(select(ChainAlarm)).scalar_one()
        assert (alarm.block_number, alarm.check) == (7, check)
    indexer.close()
    node.fault = None
    finish(start())
    assert counted(engine) == ALL_OF_IT


@pytest.mark.parametrize(("method", "spoil", "check"), SPOILT[:4], ids=["missing", "empty", "changed", "no logs"])
def test_a_contradiction_that_passes_is_read_again(
    start: Callable[..., Indexer], engine: Engine, node: FakeNode, method: str, spoil: Callable[[Any], Any], check: str
) -> None:
    node.fault = once(method, 7, spoil)
    finish(start())
    assert counted(engine) == ALL_OF_IT
    with session_scope(engine, write=False) as session:
        assert session.execute(select(ChainAlarm)).first() is None


def test_reordered_answers_of_a_batch_are_matched_by_id(
    start: Callable[..., Indexer], engine: Engine, node: FakeNode
) -> None:
    node.fault = lambda _, answers: answers[::-1]
    finish(start())
    assert counted(engine) == ALL_OF_IT


def test_a_dropped_answer_is_asked_for_again(start: Callable[..., Indexer], engine: Engine, node: FakeNode) -> None:
    indexer = start()
    node.fault = lambda calls, answers: answers[:-1] if len(calls) > 1 else answers
    with pytest.raises(AnswerIncomplete):
        indexer.step()
    assert counted(engine)[0] == 0
    node.fault = None
    finish(indexer)
    assert counted(engine) == ALL_OF_IT


def test_a_block_whose_receipts_are_not_there_yet_is_waited_for(
    start: Callable[..., Indexer], engine: Engine, node: FakeNode
) -> None:
    indexer = start()
    node.fault = once("eth_getBlockReceipts", 3, lambda _: None)
    with pytest.raises(AnswerIncomplete):
        indexer.step()
    finish(indexer)
    assert counted(engine) == ALL_OF_IT


def test_chunks_shrink_when_the_node_finds_them_too_large(
    start: Callable[..., Indexer], engine: Engine, node: FakeNode
) -> None:
    def refuse(calls: list[Json], answers: list[Json]) -> list[Json]:
        if len(calls) > 4:
            return [
                {"id": call["id"], "error": {"code": -32005, "message": "Exceeds max RPC batch size"}} for call in calls
            ]
        return answers

    node.fault = refuse
    indexer = start()
    for _ in range(40):
        indexer.step()
    assert counted(engine) == ALL_OF_IT


# --- heads that move the wrong way -----------------------------------------------------------------------------------


def test_a_head_that_goes_back_is_waited_for_and_nothing_is_undone(
    start: Callable[..., Indexer], engine: Engine, node: FakeNode
) -> None:
    indexer = finish(start())
    whole = node.chain.blocks
    node.chain.blocks = whole[:6]
    with pytest.raises(AnswerIncomplete, match="behind"):
        indexer.step()
    assert counted(engine) == ALL_OF_IT
    node.chain.blocks = whole
    assert indexer.step() == 0


def test_another_chain_under_the_same_head_halts(start: Callable[..., Indexer], engine: Engine, node: FakeNode) -> None:
    indexer = finish(start())
    other = FakeChain()
    for _ in range(BLOCKS):
        other.add([credit(ALICE, 99, 1)])
    node.chain = other
    with pytest.raises(ProofFailed, match="parent"):
        finish(indexer)
    assert counted(engine) == ALL_OF_IT


def test_nothing_above_the_durable_head_is_read(
    start: Callable[..., Indexer], engine: Engine, node: FakeNode, tmp_path: Path
) -> None:
    durable = tmp_path / "durable-head"
    indexer = start(durable_head_file=durable)
    with pytest.raises(AnswerIncomplete, match="durable head"):
        indexer.step()
    durable.write_text(json.dumps({"number": 8, "hash": node.chain.blocks[8]["hash"]}))
    finish(indexer)
    assert indexer.cursor.height == 8
    durable.write_text(json.dumps({"number": BLOCKS - 1, "hash": node.chain.blocks[-1]["hash"]}))
    finish(indexer)
    assert counted(engine) == ALL_OF_IT


def test_a_durable_head_of_another_branch_halts(
    start: Callable[..., Indexer], engine: Engine, node: FakeNode, tmp_path: Path
) -> None:
    durable = tmp_path / "durable-head"
    durable.write_text(json.dumps({"number": 3, "hash": "0x" + "3" * 64}))
    with pytest.raises(ProofFailed, match="durable head"):
        start(durable_head_file=durable).step()
    assert counted(engine)[0] == 0


# --- starts that make no sense ---------------------------------------------------------------------------------------


def test_a_node_of_another_chain_is_refused(start: Callable[..., Indexer], node: FakeNode) -> None:
    node.chain_id = 1
    with pytest.raises(WrongChain, match="KAPITAL_RPC_URL"):
        start()


def test_a_node_of_another_genesis_is_refused(start: Callable[..., Indexer], node: FakeNode) -> None:
    finish(start()).close()
    node.chain.blocks = FakeChain().blocks
    node.chain.blocks[0] = {**node.chain.blocks[0], "hash": "0x" + "8" * 64}
    with pytest.raises(WrongChain, match="began with"):
        start()


def test_a_node_that_stays_behind_the_database_is_refused(start: Callable[..., Indexer], node: FakeNode) -> None:
    finish(start()).close()
    node.chain.blocks = node.chain.blocks[:4]
    with pytest.raises(NodeBehind, match="restore its data"):
        start()


def test_contracts_that_are_not_there_are_refused(start: Callable[..., Indexer], node: FakeNode) -> None:
    node.code = "0x"
    with pytest.raises(WrongDeployment, match="deploy on this network"):
        start()


@pytest.mark.parametrize(
    "content",
    ["", "{}", json.dumps({"chain_id": CHAIN_ID, "contracts": {"Rubles": "0x1"}}), json.dumps({"contracts": 5})],
)
def test_a_deployment_file_that_is_no_use_is_refused(
    start: Callable[..., Indexer], settings: Settings, content: str
) -> None:
    settings.deployment_file.write_text(content)
    with pytest.raises(WrongDeployment, match="deploy again"):
        start()


def test_a_deployment_of_another_network_is_refused(start: Callable[..., Indexer], settings: Settings) -> None:
    write_deployment(settings.deployment_file, chain_id=1)
    with pytest.raises(WrongDeployment, match="chain 1"):
        start()
    write_deployment(settings.deployment_file, genesis_hash="0x" + "9" * 64)
    with pytest.raises(WrongDeployment, match="began with"):
        start()
    settings.deployment_file.unlink()
    with pytest.raises(WrongDeployment, match="KAPITAL_DEPLOYMENT_FILE"):
        start()


def test_a_database_without_tables_is_refused(settings: Settings, engine: Engine, node: FakeNode) -> None:
    metadata.drop_all(engine)
    client = RpcClient("http://node", transport=node.transport)
    with pytest.raises(TablesMissing, match=r"python -m backend\.migrate"):
        Indexer(settings, engine, client, Projections).start()


def test_tables_of_another_version_are_refused(start: Callable[..., Indexer], engine: Engine) -> None:
    finish(start()).close()
    with session_scope(engine) as session:
        row = session.get(ChainCursor, 1)
        assert row is not None
        row.schema_version = 0
    with pytest.raises(SchemaOutdated, match="rebuild"):
        start()


def test_a_second_writer_is_refused(start: Callable[..., Indexer]) -> None:
    start()
    with pytest.raises(WriterBusy):
        start()


def test_every_refusal_to_start_is_a_misconfiguration() -> None:
    assert all(
        issubclass(kind, Misconfigured) for kind in (WrongChain, WrongDeployment, NodeBehind, TablesMissing, WriterBusy)
    )


def test_a_writer_without_the_lock_can_not_move_the_cursor(start: Callable[..., Indexer], engine: Engine) -> None:
    indexer = start()
    indexer.step()
    before = indexer.cursor
    indexer.step()
    with pytest.raises(CursorMoved), session_scope(engine) as session:
        save_cursor(session, before, indexer.cursor, 0)


# --- nodes that go and come back, processes that die -----------------------------------------------------------------


def test_a_node_that_goes_down_is_waited_for(start: Callable[..., Indexer], engine: Engine, node: FakeNode) -> None:
    indexer = start()
    indexer.step()
    node.down = True
    with pytest.raises(NodeUnavailable):
        indexer.step()
    runner = threading.Thread(target=indexer.run)
    runner.start()
    try:
        asked = threading.Event()
        assert not asked.wait(0.05)
        node.down = False
        wait_until(lambda: counted(engine)[0] == BLOCKS)
    finally:
        indexer.stop.set()
        runner.join(UNTIL_S)
    assert not runner.is_alive()
    assert counted(engine) == ALL_OF_IT


def wait_until(holds: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(int(UNTIL_S / 0.02)):
        if holds():
            return
        pause.wait(0.02)
    raise AssertionError("it has not come about")


def run_and_die(settings: Settings, when: str, count: int) -> None:
    """In a process of its own: follow the chain, and be gone right before or after the n-th commit, as by SIGKILL."""
    engine = create_database_engine(settings.database_url)
    commit = engine.dialect.do_commit
    commits = itertools.count(1)

    def do_commit(connection: Any) -> None:
        number = next(commits)
        if number == count and when == "before":
            os._exit(KILLED)
        commit(connection)
        if number == count:
            os._exit(KILLED)

    engine.dialect.do_commit = do_commit  # type: ignore[method-assign]
    indexer = Indexer(settings, engine, RpcClient(settings.rpc_url), Projections)
    indexer.start()
    indexer.run()


@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_around_any_commit_it_goes_on_to_the_same_digest(
    settings: Settings, engine: Engine, node: FakeNode, tmp_path: Path, when: str, count: int
) -> None:
    engine.dispose()  # a forked process must not share connections
    with served(node) as url:
        dying = settings.model_copy(update={"rpc_url": url, "chunk_blocks": 2})
        process = multiprocessing.get_context("fork").Process(target=run_and_die, args=(dying, when, count))
        process.start()
        process.join(UNTIL_S)
    assert process.exitcode == KILLED
    client = RpcClient("http://node", transport=node.transport)
    indexer = Indexer(settings, engine, client, Projections)
    indexer.start()
    finish(indexer).close()
    assert counted(engine) == ALL_OF_IT
    assert indexer.cursor.digest == undisturbed(node, tmp_path, settings)


def undisturbed(node: FakeNode, tmp_path: Path, settings: Settings) -> str:
    """Digest of an indexer that nothing happened to."""
    engine = create_database_engine(f"sqlite:///{tmp_path / 'quiet.db'}")
    metadata.create_all(engine)
    indexer = Indexer(settings, engine, RpcClient("http://node", transport=node.transport), Projections)
    indexer.start()
    finish(indexer).close()
    with session_scope(engine, write=False) as session:
        digest = load_cursor(session).digest
    engine.dispose()
    return digest


def test_the_sender_is_the_one_who_signed(start: Callable[..., Indexer], engine: Engine) -> None:
    finish(start())
    with session_scope(engine, write=False) as session:
        assert set(session.execute(select(ChainTransaction.sender).distinct()).scalars()) == {SENDER}
