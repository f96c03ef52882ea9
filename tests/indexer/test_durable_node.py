"""The embedded node killed and started again under a running indexer: nothing is lost, nothing is undone, no alarm."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from indexer.chain.client import RpcClient
from indexer.db import create_database_engine, metadata, session_scope
from indexer.models import ChainAlarm, ChainRubleEntry
from indexer.projections import Projections
from indexer.settings import Settings
from indexer.sync.loop import Indexer
from indexer.sync.reconciler import reconcile
from tests.contracts.system import ROOMS, START, People, System, build_system
from tests.indexer.signing import CHAIN_ID, ROOT, SigningEvm

UNTIL_S = 120.0


class KilledNode:
    """`python -m scripts.node` over one folder, which can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Start it; returns its address as soon as it answers."""
        command = [sys.executable, "-m", "scripts.node", "--dir", str(self.folder), "--timestamp", str(START - 60)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        wait_until(lambda: bool(self.url()) and answers(self.url()))
        return self.url()

    def url(self) -> str:
        """Where it listens."""
        place = self.folder / "rpc-url"
        return place.read_text(encoding="utf-8").strip() if place.exists() else ""

    def kill(self) -> None:
        """End it without a word, anvil with it."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(UNTIL_S)

    def stop(self) -> None:
        """End it properly."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(UNTIL_S)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[KilledNode]:
    folder = tmp_path / "node"
    folder.mkdir()
    node = KilledNode(folder)
    yield node
    node.stop()


def test_the_indexer_outlives_a_killed_node(node: KilledNode, tmp_path: Path, sqlite_engine: Engine) -> None:
    url = node.start()
    system = build_system(SigningEvm(url), People(), made(tmp_path / "artifacts"))
    settings = Settings(
        database_url=str(sqlite_engine.url),
        rpc_url=url,
        chain_id=CHAIN_ID,
        deployment_file=written(tmp_path, system),
        durable_head_file=node.folder / "durable-head",
        poll_interval_s=0.02,
    )
    client = RpcClient(url)
    indexer = Indexer(settings, sqlite_engine, client, Projections)
    indexer.start()
    follower = threading.Thread(target=indexer.run)
    follower.start()
    try:
        system.admit(system.people.alice)
        for turn in range(1, 3):
            system.credit(system.people.alice, 1_000, f"payment {turn}")
            wait_until(lambda turn=turn: entries(sqlite_engine) == turn)  # type: ignore[misc]
            node.kill()
            assert node.start() == url
        system.credit(system.people.alice, 1_000, "payment 3")
        wait_until(lambda: entries(sqlite_engine) == 3)
    finally:
        indexer.stop.set()
        follower.join(UNTIL_S)
        indexer.close()
    assert not follower.is_alive()
    report = reconcile(sqlite_engine, client, indexer.book)
    client.close()
    assert report.mismatches == []
    with session_scope(sqlite_engine, write=False) as session:
        assert session.execute(select(ChainAlarm)).first() is None
    assert fresh(settings, tmp_path) == indexer.cursor.digest


def fresh(settings: Settings, tmp_path: Path) -> str:
    """Digest of an indexer that reads the restarted node from the first block on."""
    engine = create_database_engine(f"sqlite:///{tmp_path / 'fresh.db'}")
    metadata.create_all(engine)
    with RpcClient(settings.rpc_url) as client:
        indexer = Indexer(settings, engine, client, Projections)
        indexer.start()
        while indexer.step():
            pass
        indexer.close()
    engine.dispose()
    return indexer.cursor.digest


def entries(engine: Engine) -> int:
    with session_scope(engine, write=False) as session:
        return session.execute(select(func.count()).select_from(ChainRubleEntry)).scalar_one()


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def written(tmp_path: Path, system: System) -> Path:
    """The deployment file of a system."""
    path = tmp_path / "deployment.json"
    content: dict[str, Any] = {
        "chain_id": CHAIN_ID,
        "contracts": {name: system.contract(name).address for name in ROOMS},
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def answers(url: str) -> bool:
    with RpcClient(url) as client:
        try:
            client.call("eth_blockNumber")
        except Exception:  # noqa: BLE001 - whatever it is, it doesn't answer yet
            return False
    return True


def wait_until(holds: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(int(UNTIL_S / 0.03)):
        if holds():
            return
        pause.wait(0.03)
    raise AssertionError("it has not come about")
