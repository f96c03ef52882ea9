"""What an operator can ask of a running indexer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, text

from indexer.chain.client import RpcClient
from indexer.metrics import SILENT_S, serving
from indexer.projections import Projections
from indexer.settings import Settings
from indexer.sync.loop import Indexer
from indexer.sync.reconciler import Reconciler
from indexer.sync.status import Status
from tests.indexer.conftest import Told, index_all
from tests.indexer.fake_node import CHAIN_ID, FakeChain, FakeNode, credit, write_deployment

UNTIL_S = 120.0


def wait_until(holds: Callable[[], bool]) -> None:
    pause, deadline = threading.Event(), time.monotonic() + UNTIL_S
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError("it has not come about")
        pause.wait(0.01)


def metrics(port: int) -> dict[str, float]:
    lines = httpx.get(f"http://127.0.0.1:{port}/metrics").text.splitlines()
    return {line.split()[0]: float(line.split()[1]) for line in lines if line and not line.startswith("#")}


def test_lag_blocks_and_undecoded_logs_are_told_and_readiness_follows(sqlite_engine: Engine, tmp_path: Path) -> None:
    chain = FakeChain()
    for number in range(1, 9):
        stranger = {"address": "0x" + "9" * 40, "topics": ["0x" + "9" * 64], "data": "0x"}
        chain.add([credit("0x" + "a" * 40, 1, number), stranger])
    deployment = write_deployment(tmp_path / "d.json")
    known: dict[str, Any] = {"rpc_url": "http://node", "chain_id": CHAIN_ID, "deployment_file": deployment}
    settings = Settings(database_url=str(sqlite_engine.url), chunk_blocks=3, start_grace_s=0.0, **known)
    client = RpcClient("http://node", transport=FakeNode(chain).transport)
    indexer = Indexer(settings, sqlite_engine, client, Projections)
    with serving("127.0.0.1", 0, indexer.status) as port:
        assert port is not None
        ask = f"http://127.0.0.1:{port}"
        assert httpx.get(f"{ask}/health").status_code == 200
        assert httpx.get(f"{ask}/ready").status_code == 503
        indexer.start()
        indexer.step()
        behind = metrics(port)
        assert behind["kapital_indexer_lag_blocks"] == 6
        assert behind["kapital_indexer_ready"] == 0
        while indexer.step():
            pass
        there = metrics(port)
        assert there["kapital_indexer_lag_blocks"] == there["kapital_indexer_lag_seconds"] == 0
        assert there["kapital_indexer_verified_blocks_total"] == 9
        assert there["kapital_indexer_undecoded_logs"] == 8
        ready = httpx.get(f"{ask}/ready")
        assert (ready.status_code, ready.json()["height"]) == (200, 8)
        assert httpx.get(f"{ask}/other").status_code == 404
        indexer.status.last_sign -= SILENT_S + 1
        assert httpx.get(f"{ask}/health").status_code == 503
    indexer.close()


def test_no_port_no_server() -> None:
    with serving("127.0.0.1", None, Status()) as port:
        assert port is None


@pytest.mark.parametrize("spoilt", [False, True])
def test_the_job_compares_beside_the_loop_and_a_mismatch_alarms(
    told: Told, sqlite_engine: Engine, spoilt: bool
) -> None:
    settings = told.settings(str(sqlite_engine.url), reconcile_interval_s=0.001)
    indexer = index_all(settings, sqlite_engine)
    if spoilt:
        with sqlite_engine.begin() as connection:
            connection.execute(text("UPDATE chain_holdings SET units = units + 1 WHERE units > 0"))
    job = Reconciler(settings, sqlite_engine, indexer.status, lambda: indexer.book)
    with job:
        wait_until(lambda: job(indexer.cursor) or indexer.status.reconciled_block == indexer.cursor.height)
    assert indexer.status.compared > 100
    assert bool(indexer.status.mismatches) is spoilt
    assert indexer.status.alarms == int(spoilt)
