"""Nodes as processes: checked before the start, waited for, started again, ended. A small program stands in for Besu."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import namedtuple
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts import network as command
from scripts.besu import generate, processes
from scripts.besu.find import find
from scripts.besu.generate import Network
from scripts.besu.processes import Running, StartRefusedError, running_pids
from tests.scripts.fake_besu import install

ROOT = Path(__file__).resolve().parents[2]
WITHIN_S = 120.0


@pytest.fixture
def network(tmp_path: Path) -> Network:
    return generate.generate(ROOT / "besu-network" / "network.yaml", tmp_path / "net", 1)


@pytest.fixture
def running(network: Network, tmp_path: Path) -> Iterator[Running]:
    one = Running(network, find(install(tmp_path / "programs")))
    yield one
    one.stop()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_nodes_are_started_waited_for_and_ended(running: Running, network: Network) -> None:
    running.start()
    pids = running_pids(network)
    assert pids["watcher"] == os.getpid()
    assert {pids["validator-1"], pids["rpc-1"]} == {running.pid("validator-1"), running.pid("rpc-1")}
    running.stop()
    assert running_pids(network) == {}
    for name in ("validator-1", "rpc-1"):
        pid = pids[name]
        assert pid is not None
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_node_that_dies_is_started_again_and_one_that_was_ended_is_not(running: Running) -> None:
    running.start()
    pid = running.pid("rpc-1")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    again: list[str] = []
    until(lambda: bool(again.extend(running.tend()) or again))
    assert again == ["rpc-1"]
    running.kill_node("validator-1")
    assert running.tend() == []
    assert running.pid("validator-1") is None
    running.start_node("validator-1")
    running.wait_ready()


def test_a_node_that_ends_again_and_again_is_reported_with_its_log(running: Running, network: Network) -> None:
    (network.folder / "nodes" / "rpc-1" / "data" / "broken").touch()
    with pytest.raises(StartRefusedError, match=r"rpc-1 ends again and again(.|\n)*the database is broken"):
        running.start()


def test_a_port_of_somebody_else_is_told_before_anything_starts(running: Running, network: Network) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", network.nodes[1].rpc_port))
        other.listen()
        with pytest.raises(
            StartRefusedError, match=rf"port {network.nodes[1].rpc_port} \(rpc of rpc-1\) is taken by another process"
        ):
            running.start()
    assert running.nodes == {}


def test_a_full_disk_is_told_before_anything_starts(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")  # noqa: PYI024 - the shape of shutil.disk_usage
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(10**12, 10**12 - 10**6, 10**6))
    with pytest.raises(StartRefusedError, match=r"no room: .* has 0 MB free, 2 nodes need 1,024 MB"):
        running.start()
    assert running.nodes == {}


def test_missing_files_are_told(running: Running, network: Network) -> None:
    (network.folder / "nodes" / "rpc-1" / "permissions.toml").unlink()
    with pytest.raises(StartRefusedError, match=r"rpc-1: permissions\.toml missing"):
        running.start()


def test_two_runners_of_one_network_are_refused(running: Running, network: Network) -> None:
    running.start()
    with pytest.raises(StartRefusedError, match=rf"run by another process \({os.getpid()}\)"):
        Running(network, running.besu).start()


def test_a_network_that_does_not_become_ready_is_told_with_the_reason(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "peers", lambda _url: 0)
    running.start(wait=False)
    with pytest.raises(StartRefusedError, match=r"(doesn't answer|has 0 of 1 peers)"):
        running.wait_ready(2.0)


def test_the_command_starts_in_the_background_and_stops(
    network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in install(tmp_path / "programs").items():
        monkeypatch.setenv(name, value)
    folder = ["--dir", str(network.folder)]
    assert command.main(["start", "--detach", *folder]) == 0
    assert f"ready: {network.entry.rpc_url}" in capsys.readouterr().out
    try:
        watcher = running_pids(network)["watcher"]
        assert watcher not in {None, os.getpid()}
        assert command.main(["start", "--detach", *folder]) == 1
        assert f"run by another process ({watcher})" in capsys.readouterr().err
        assert "ready: " in (network.folder / "network.log").read_text(), "the log is that of the one that runs"
        in_front = [sys.executable, "-m", "scripts.network", "start", *folder]
        assert subprocess.run(in_front, cwd=ROOT, capture_output=True, check=False).returncode == 1
        assert running_pids(network)["watcher"] == watcher, "a start that was refused takes nothing away"
    finally:
        assert command.main(["stop", *folder]) == 0
    assert "ended" in capsys.readouterr().out
    assert running_pids(network) == {}
    assert command.main(["stop", *folder]) == 0
    assert "no nodes run" in capsys.readouterr().out


def test_the_command_generates_by_default_and_refuses_with_the_line(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text((ROOT / "besu-network" / "network.yaml").read_text().replace("validators: 4 ", "validators: 0 "))
    arguments = ["--config", str(bad), "--dir", str(tmp_path / "net")]
    done = subprocess.run(
        [sys.executable, "-m", "scripts.network", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"{bad}:10: validators: from one to 100 validators are needed, found 0")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "net").exists()


def test_a_start_without_besu_says_what_is_missing(
    network: Network, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("BESU_HOME", raising=False)
    monkeypatch.setenv("PATH", "/nonexistent")
    assert command.main(["start", "--dir", str(network.folder)]) == 1
    said = capsys.readouterr().err
    assert "was not found" in said
    assert not (network.folder / "run.json").exists()


def test_status_of_a_silent_network_is_a_failure(network: Network) -> None:
    assert command.main(["status", "--dir", str(network.folder)]) == 1
