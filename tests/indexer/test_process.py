"""The indexer as a process: started, stopped and refused by its exit code; and the parts that stand between it and the world."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, Table, create_engine, select
from sqlalchemy.exc import OperationalError, StatementError

from indexer.chain.client import RpcClient
from indexer.chain.errors import AnswerIncomplete, AnswerTooLarge, NodeRefused, NodeUnavailable, RpcError
from indexer.db import UtcDateTime, create_database_engine, metadata, session_scope
from indexer.models import ChainCursor, moment
from indexer.models.fields import checksum
from indexer.settings import Settings
from tests.indexer.fake_node import FakeChain, FakeNode, credit, served, write_deployment

UNTIL_S = 120.0
ALICE = "0x" + "a" * 40


def environment(database_url: str, url: str, deployment: Path) -> dict[str, str]:
    """What a process of the indexer needs to know."""
    chosen = {
        "DATABASE_URL": database_url,
        "RPC_URL": url,
        "DEPLOYMENT_FILE": str(deployment),
        "POLL_INTERVAL_S": "0.02",
    }
    return {**os.environ, **{f"KAPITAL_{name}": value for name, value in chosen.items()}}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "indexer", *arguments]


def height(engine: Engine) -> int:
    with session_scope(engine, write=False) as session:
        row = session.execute(select(ChainCursor)).scalar_one_or_none()
        return row.height if row else -1


def wait_until(holds: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(int(UNTIL_S / 0.03)):
        if holds():
            return
        pause.wait(0.03)
    raise AssertionError("it has not come about")


def test_it_follows_the_chain_until_it_is_told_to_stop(sqlite_engine: Engine, tmp_path: Path) -> None:
    node = FakeNode(FakeChain())
    with served(node) as url:
        known = environment(str(sqlite_engine.url), url, write_deployment(tmp_path / "d.json"))
        with subprocess.Popen(command(), env=known, stderr=subprocess.PIPE) as process:
            try:
                wait_until(lambda: height(sqlite_engine) == 0)
                node.chain.add([credit(ALICE, 5, 1)])
                wait_until(lambda: height(sqlite_engine) == 1)
            finally:
                process.send_signal(signal.SIGTERM)
            _, words = process.communicate(timeout=UNTIL_S)
    assert process.returncode == 0, words


def test_a_halt_is_told_by_exit_code_3(sqlite_engine: Engine, tmp_path: Path) -> None:
    node = FakeNode(FakeChain())
    node.chain.add([credit(ALICE, 5, 1)])
    node.chain.receipts[1][0]["logs"] = []
    with served(node) as url:
        known = environment(str(sqlite_engine.url), url, write_deployment(tmp_path / "d.json"))
        done = subprocess.run(command(), env=known, capture_output=True, text=True, timeout=UNTIL_S, check=False)
    assert done.returncode == 3
    assert "HALTED. block 1: receiptsRoot" in done.stderr


@pytest.mark.parametrize("what", ["run", "rebuild", "verify"])
def test_a_database_without_tables_is_told_by_exit_code_2(tmp_path: Path, what: str) -> None:
    known = environment(f"sqlite:///{tmp_path / 'empty.db'}", "http://127.0.0.1:9", tmp_path / "d.json")
    done = subprocess.run(command(what), env=known, capture_output=True, text=True, timeout=UNTIL_S, check=False)
    assert done.returncode == 2
    assert "python -m backend.migrate" in done.stderr
    assert "Traceback" not in done.stderr


# --- the client ------------------------------------------------------------------------------------------------------


def answering(status: int, content: Any) -> RpcClient:
    def handle(_: httpx.Request) -> httpx.Response:
        return (
            httpx.Response(status, json=content)
            if not isinstance(content, str)
            else httpx.Response(status, text=content)
        )

    return RpcClient("http://node", transport=httpx.MockTransport(handle), sleep=lambda _: None)


@pytest.mark.parametrize(
    ("status", "content", "error"),
    [
        (503, {}, NodeUnavailable),
        (413, {}, NodeUnavailable),
        (401, {}, NodeRefused),
        (403, {}, NodeRefused),
        (200, "<html>", AnswerIncomplete),
        (200, [], AnswerIncomplete),
        (200, {"id": 1}, AnswerIncomplete),
        (200, {"error": {"code": -32008, "message": "syncing"}}, NodeUnavailable),
        (200, {"error": {"code": 3, "message": "execution reverted", "data": "0x1234"}}, RpcError),
    ],
)
def test_what_a_node_says_is_sorted_by_what_to_do_about_it(status: int, content: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        answering(status, content).call("eth_call")


def test_revert_data_is_kept_and_one_refused_call_spoils_no_batch() -> None:
    answers = [
        {"id": 2, "error": {"code": 3, "message": "execution reverted", "data": "0x1234"}},
        {"id": 1, "result": "0x1"},
    ]
    first, second = answering(200, answers).batch_with_errors([("a", []), ("b", [])])
    assert first == "0x1"
    assert isinstance(second, RpcError)
    assert second.data == "0x1234"
    with pytest.raises(RpcError):
        answering(200, answers).batch([("a", []), ("b", [])])


def test_a_call_is_repeated_while_the_node_is_away() -> None:
    asked: list[int] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(1)
        if len(asked) < 3:
            raise httpx.ReadTimeout("slow", request=request)
        return httpx.Response(200, json={"id": 1, "result": "0x2"})

    client = RpcClient("http://node", transport=httpx.MockTransport(handle), sleep=lambda _: None)
    assert client.call("eth_blockNumber", attempts=3) == "0x2"
    assert len(asked) == 3


# --- database helpers ------------------------------------------------------------------------------------------------


def test_times_come_back_aware_and_a_naive_one_is_refused(database_url: str) -> None:
    engine = create_database_engine(database_url)
    table = Table("times", MetaData(), Column("id", Integer, primary_key=True), Column("at", UtcDateTime))
    table.metadata.create_all(engine)
    moscow = timezone(timedelta(hours=3))
    noon = datetime(2026, 1, 1, 12, 0, 0, 123_456, tzinfo=moscow)
    with engine.begin() as connection:
        connection.execute(table.insert(), [{"id": 1, "at": noon}, {"id": 2, "at": None}])
        found = connection.execute(select(table.c.at).order_by(table.c.id)).scalars().all()
    assert found == [noon, None]
    assert found[0] is not None
    assert found[0].tzinfo == UTC
    with pytest.raises(StatementError, match="without a zone"), engine.begin() as connection:
        connection.execute(table.insert(), {"id": 3, "at": datetime(2026, 1, 1)})  # noqa: DTZ001 - the point
    engine.dispose()


def test_a_writer_waits_for_no_stale_snapshot_and_readers_go_on(sqlite_engine: Engine) -> None:
    impatient = create_engine(sqlite_engine.url, connect_args={"timeout": 0.01})
    with session_scope(sqlite_engine) as first, session_scope(sqlite_engine, write=False) as reader:
        assert (
            first.execute(select(ChainCursor)).first() is None
        )  # a first statement that only reads takes the lock too
        assert reader.execute(select(ChainCursor)).first() is None
        with pytest.raises(OperationalError, match="locked"), impatient.connect() as second:
            second.exec_driver_sql("BEGIN IMMEDIATE")
    impatient.dispose()


def test_moments_that_no_calendar_holds_are_still_moments() -> None:
    assert moment(0) is None
    assert moment(1) == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert moment(2**40 - 1) == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_addresses_are_shown_with_their_checksum() -> None:
    assert checksum("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed") == "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAPITAL_CHAIN_ID", "7")
    assert Settings().chain_id == 7
    assert all(field.description for field in Settings.model_fields.values())


def test_every_table_of_the_indexer_is_named_as_such() -> None:
    from indexer import models

    tables = {
        getattr(models, name).__tablename__ for name in models.__all__ if hasattr(getattr(models, name), "__table__")
    }
    assert all(name.startswith("chain_") for name in tables)
    assert tables <= set(metadata.tables)


def test_only_a_batch_can_be_too_large() -> None:
    with pytest.raises(AnswerTooLarge):
        answering(413, {}).batch([("a", []), ("b", [])])
