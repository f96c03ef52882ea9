"""Which installation is looked at: a folder of ``make up`` or ``make demo``, or the settings of the environment (containers)."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from backend.network.nodes import Network, NetworkNode, network_of
from backend.settings import Settings
from scripts.stack.home import Home


class NoInstallationError(Exception):
    """There is nothing to look at; the message says what to start."""


@dataclass(frozen=True, slots=True)
class House:
    """Settings, the folder where there is one, the nodes, and the processes that its script started."""

    settings: Settings
    folder: Path | None
    network: Network | None
    nodes: tuple[NetworkNode, ...]
    pids: dict[str, int | None]

    @property
    def start(self) -> str:
        """How the processes of this installation are started again."""
        if self.folder is None:
            return "as its containers or services are started"
        parts = [f"--dir {self.folder}"]
        if self.network is not None:
            parts.append(f"--network-dir {self.network.folder}")
        demo = (self.folder / "environment").is_file() and (self.folder / "environment").read_text().strip() == "demo"
        return f'`make {"demo" if demo else "up"}{" NETWORK=besu" if self.network else ""} ARGS="{" ".join(parts)}"`'

    def portal(self, path: str) -> str:
        """Address of a page."""
        return f"{self.settings.public_url.rstrip('/')}{path}"

    def log_of(self, process: str) -> str:
        """Where a process of this installation writes."""
        return f"{self.folder}/logs/{process}.log" if self.folder is not None else f"the log of {process}"

    @property
    def embedded(self) -> bool:
        """One node without permission lists."""
        return self.network is None


EMBEDDED_NODE = "node"
_NOBODY = "0x" + "00" * 19 + "01"


def open_house(folder: Path | None, network: Path | None = None) -> House:
    """From a folder, or from the environment without one; nothing is made. Raises :class:`NoInstallationError` and what settings raise."""
    if folder is not None:
        _take_environment(folder, network)
    elif network is not None:
        os.environ["KAPITAL_BESU_NODES_FILE"] = str(network / "nodes.json")
    settings = Settings()
    found = network_of(settings)
    nodes = found.nodes if found else (_embedded(settings.rpc_url),)
    pids: dict[str, int | None] = {}
    if folder is not None and (folder / "pids.json").exists():
        pids = json.loads((folder / "pids.json").read_text(encoding="utf-8"))
    return House(settings, folder, found, nodes, pids)


def _take_environment(folder: Path, network: Path | None) -> None:
    if not (folder / "kek.hex").exists() or not (folder / "web-port").exists():
        raise NoInstallationError(
            f"{folder} holds no installation: start one with `make up` or `make demo`, or name another with --dir"
        )
    network = network or _network_of(folder)
    if network is None and not (folder / "node" / "rpc-url").exists():
        raise NoInstallationError(f"the node of {folder} doesn't run: start it with `make up` or `make demo`")
    home = Home(folder) if network is None else Home(folder, network=network)
    for name, value in home.environment_of_processes().items():
        if name.startswith("KAPITAL_"):
            os.environ[name] = value


def _network_of(folder: Path) -> Path | None:
    kept = folder / "register"
    named = kept.read_text(encoding="utf-8").strip() if kept.is_file() else ""
    return Path(named) if (Path(named) / "nodes.json").is_file() else None


def _embedded(rpc_url: str) -> NetworkNode:
    return NetworkNode(
        name=EMBEDDED_NODE, role="rpc", address=_NOBODY, enode=f"enode://{'0' * 128}@127.0.0.1:1", rpc_url=rpc_url
    )
