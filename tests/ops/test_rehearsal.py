"""A running installation is backed up, restored into a new folder, and proved to be the same; damage is noticed."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, text

from scripts import rehearse_restore
from scripts.rehearsal import chain, checks, database
from tests.factories.postgres import new_database
from tests.ops.conftest import ROOT

UNTIL_S = 600.0


def wait_until(holds: Callable[[], bool], process: subprocess.Popen[bytes] | None = None) -> None:
    pause, deadline = threading.Event(), time.monotonic() + UNTIL_S
    while not holds():
        assert process is None or process.poll() is None, "the platform has ended"
        assert time.monotonic() < deadline, "it has not come about"
        pause.wait(0.1)


@contextmanager
def platform(folder: Path, url: str | None) -> Iterator[None]:
    """`make up` over the embedded node, until the portals answer and the mirror has the deployment."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("KAPITAL_")}
    if url is not None:
        environment["KAPITAL_DATABASE_URL"] = url
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "scripts.up", "--dir", str(folder / "home")]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        wait_until((folder / "home/pids.json").exists, process)
        home = rehearse_restore.home_of(folder / "home")
        wait_until(lambda: ready(home.url), process)
        wait_until(lambda: mirrored(url or f"sqlite:///{home.folder / 'kapital.db'}"), process)
        (home.folder / "files").mkdir(exist_ok=True)
        (home.folder / "files/document.bin").write_bytes(b"sealed bytes")
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz").status_code == 200
    except httpx.TransportError:  # its process is there before it listens
        return False


def mirrored(url: str) -> bool:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return bool(connection.execute(text("SELECT count(*) FROM chain_role_members")).scalar())
    finally:
        engine.dispose()


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_a_running_installation_is_restored_elsewhere_and_is_the_same(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    databases = new_database(request.getfixturevalue("pg_url")) if kind == "postgres" else iter([None])
    url = next(databases)
    for name in [name for name in os.environ if name.startswith("KAPITAL_")]:
        monkeypatch.delenv(name)
    if url is not None:
        monkeypatch.setenv("KAPITAL_DATABASE_URL", url)
    with platform(tmp_path, url):
        home = rehearse_restore.home_of(tmp_path / "home")
        running = home.environment_of_processes()["KAPITAL_DATABASE_URL"]
        report = rehearse_restore.rehearse(home, running, tmp_path / "work")
        assert [one.name for one in report.checks] == ["digest", "contracts", "proofs", "rebuild", "keys", "documents"]
        assert report.good, rehearse_restore.told(report)
        assert report.height > 0
        assert httpx.get(f"{home.url}/readyz").status_code == 200  # the running one has noticed nothing
        (tmp_path / "work/restored/files/document.bin").write_bytes(b"other bytes")
        assert not checks.same_files(home.folder / "files", tmp_path / "work/restored/files").good
        (tmp_path / "work/restored/kek.hex").write_text("00" * 32)
        assert not checks.keys_open(running, tmp_path / "work/restored/kek.hex").good
    next(databases, None)


def test_nothing_to_back_up_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert rehearse_restore.main(["--dir", str(tmp_path)]) == 2
    assert "make up" in capsys.readouterr().err


def test_sqlite_is_copied_whole_while_others_write(tmp_path: Path) -> None:
    source, backup = tmp_path / "source.db", tmp_path / "backup"
    backup.mkdir()
    with closing(sqlite3.connect(source, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("CREATE TABLE t (x)")
        writer.execute("INSERT INTO t VALUES (1)")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO t VALUES (2)")
        copy = database.back_up(f"sqlite:///{source}", backup)
        writer.execute("COMMIT")
    with closing(sqlite3.connect(copy)) as reader:
        assert reader.execute("SELECT x FROM t").fetchall() == [(1,)]
    assert copy.stat().st_mode & 0o077 == 0


def test_a_checkpoint_that_is_replaced_during_the_copy_is_copied_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node, target = tmp_path / "node", tmp_path / "copy"
    node.mkdir()
    for name in ("durable-head", "chain.json", "clock.json", "state-00000001.json", "blocks-00000001.log"):
        (node / name).write_text("1")
    real, replaced = chain.shutil.copy2, []

    def copying(source: Path, place: Path) -> Path:
        if source.name == "chain.json" and not replaced:
            replaced.append(True)
            (node / "state-00000001.json").rename(node / "state-00000002.json")
            (node / "blocks-00000001.log").rename(node / "blocks-00000002.log")
        return real(source, place)

    monkeypatch.setattr(chain.shutil, "copy2", copying)
    chain.back_up_embedded(node, target)
    assert sorted(one.name for one in target.iterdir()) == sorted(one.name for one in node.iterdir())


def test_a_process_is_held_while_its_files_are_copied_and_goes_on_after() -> None:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    state = Path(f"/proc/{process.pid}/status")
    try:
        with chain.held(process.pid):
            assert "T (stopped)" in state.read_text()
        wait_until(lambda: "T (stopped)" not in state.read_text())
    finally:
        process.kill()
        process.wait()
