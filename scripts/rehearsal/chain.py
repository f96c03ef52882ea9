"""Files of a node, copied while it runs, and a node started over the copy.

The embedded node appends to a journal and replaces checkpoints: its files are copied until nothing was replaced meanwhile. A Besu node is held
(SIGSTOP) while its files are copied, which leaves what a power failure would leave, and its database recovers from that by itself; the others
go on. The node over the copy of Besu has another key and no peers: it answers for the past and can never seal a block a second time.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from scripts.besu import files
from scripts.besu.find import find
from scripts.besu.generate import read
from scripts.besu.processes import running_pids
from scripts.rehearsal.database import BackupFailedError
from scripts.stack.home import ROOT, free_port, tool_environment

EMBEDDED_FILES = ("durable-head", "chain.json", "clock.json", "state-*.json", "blocks-*.log")
"""In this order: what is announced is copied before what must hold it."""
NETWORK_FILES = (
    "network.yaml",
    "genesis.json",
    "nodes.json",
    "accounts.json",
    "jwt",
    "accounts",
    "rpc-users.toml",
    "rpc-passwords.json",
)
OF_NODE = ("key", "key.pub", "config.toml", "static-nodes.json", "permissions.toml")
ATTEMPTS = 20
STARTS_WITHIN_S = 300.0
HELD_WITHIN_S = 10.0


def back_up_embedded(node: Path, target: Path) -> None:
    """Copy the embedded node's folder. Raises BackupFailedError when it is never still for so long."""
    for _ in range(ATTEMPTS):
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(mode=0o700)
        before = _names(node)
        try:
            for pattern in EMBEDDED_FILES:
                for one in sorted(node.glob(pattern)):
                    shutil.copy2(one, target / one.name)
        except FileNotFoundError:
            continue
        if _names(node) == before:
            return
    raise BackupFailedError(f"{node} was rewritten during each of {ATTEMPTS} copies")


def back_up_network(folder: Path, target: Path) -> str:
    """Copy keys, genesis and lists of all nodes and the data of one, held meanwhile; answers which one."""
    network = read(folder)
    target.mkdir(mode=0o700)
    for name in NETWORK_FILES:
        source = folder / name
        if source.is_dir():
            shutil.copytree(source, target / name)
        elif source.exists():
            shutil.copy2(source, target / name)
    for node in network.nodes:
        place = target / "nodes" / node.name
        place.mkdir(parents=True)
        for name in OF_NODE:
            shutil.copy2(folder / "nodes" / node.name / name, place / name)
    rpc = [node.name for node in network.nodes if node.role == "rpc"]
    validators = [node.name for node in network.nodes if node.role == "validator"]
    name = rpc[-1] if len(rpc) > 1 else validators[-1]  # the platform speaks to the first RPC node
    data = folder / "nodes" / name / "data"
    with held(running_pids(network).get(name)):
        shutil.copytree(data, target / "nodes" / name / "data", ignore=shutil.ignore_patterns("*.ipc", "LOCK"))
    return name


@contextmanager
def held(pid: int | None) -> Iterator[None]:
    """Stop a process for a moment; nothing when it doesn't run."""
    if pid is None:
        yield
        return
    os.kill(pid, signal.SIGSTOP)
    try:
        _until_stopped(pid)
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def embedded_over(folder: Path, log: Path) -> Iterator[str]:
    """An embedded node over restored files, on a port of its own; gives its address."""
    command = [sys.executable, "-m", "scripts.node", "--dir", str(folder), "--port", str(free_port())]
    with _running(command, log, ROOT) as process:
        _wait(process, log, (folder / "rpc-url").exists)
        yield (folder / "rpc-url").read_text().strip()


@contextmanager
def besu_over(folder: Path, name: str, log: Path) -> Iterator[str]:
    """A Besu node over restored data: no peers, another key; gives its address."""
    place, port = folder / "nodes" / name, free_port()
    files.private_key(place / "reader.key")
    settings = tomllib.loads((place / "config.toml").read_text(encoding="utf-8"))
    kept: dict[str, files.TomlValue] = {
        key: settings[key]
        for key in ("data-storage-format", "sync-mode", "tx-pool", "min-gas-price", "revert-reason-enabled")
        if key in settings
    }
    options: dict[str, files.TomlValue] = {
        "genesis-file": str(folder / "genesis.json"),
        "data-path": str(place / "data"),
        "node-private-key-file": str(place / "reader.key"),
        "p2p-enabled": False,
        "discovery-enabled": False,
        "rpc-http-enabled": True,
        "rpc-http-host": "127.0.0.1",
        "rpc-http-port": port,
        "rpc-http-api": ["ETH", "NET", "WEB3", "QBFT"],
    }
    config = place / "reader.toml"
    files.write(config, files.toml({**kept, **options}))
    url = f"http://127.0.0.1:{port}"
    with _running([str(find().program), f"--config-file={config}"], log, place) as process:
        _wait(process, log, lambda: _answers(url))
        yield url


def _names(node: Path) -> set[str]:
    return {one.name for pattern in EMBEDDED_FILES for one in node.glob(pattern)}


def _until_stopped(pid: int) -> None:
    deadline = time.monotonic() + HELD_WITHIN_S
    status = Path(f"/proc/{pid}/status")
    while status.exists() and "T (stopped)" not in status.read_text():
        if time.monotonic() > deadline:
            raise BackupFailedError(f"process {pid} doesn't stop")
        time.sleep(0.01)


@contextmanager
def _running(command: list[str], log: Path, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, env=tool_environment(), stdout=output, stderr=output)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], log: Path, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_S
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise BackupFailedError(f"the node over the copy did not start:\n{log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.1)


def _answers(url: str) -> bool:
    call = {"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": []}
    try:
        return "result" in httpx.post(url, json=call, timeout=5, trust_env=False).json()
    except (httpx.HTTPError, json.JSONDecodeError):
        return False
