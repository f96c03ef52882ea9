"""The folder of an installation: made once, found again at every start. Secrets are made here and never leave the folder."""

from __future__ import annotations

import json
import os
import secrets
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.besu.accounts import DEPLOYER, key_file
from scripts.besu.generate import read as read_network

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Home:
    """Paths and settings of one installation."""

    folder: Path
    environment: str = "demo"
    network: Path | None = None
    """Folder of a Besu network (``make network``); without one the embedded node is the register."""

    @property
    def node_dir(self) -> Path:
        """Files of the node."""
        return self.folder / "node"

    @property
    def deployments(self) -> Path:
        """Folder of the deployment file."""
        return self.folder / "deployments"

    @property
    def deployment_file(self) -> Path:
        """Addresses of the contracts."""
        return self.deployments / "local.json"

    @property
    def logs(self) -> Path:
        """Logs of the processes."""
        return self.folder / "logs"

    @property
    def rpc_url(self) -> str:
        """Address of the node, once it runs."""
        if self.network is not None:
            return read_network(self.network).entry.rpc_url
        return (self.node_dir / "rpc-url").read_text().strip()

    @property
    def web_port(self) -> int:
        """Port of the portals: chosen free at the first start, the same ever after (unless somebody took it)."""
        return int(self._kept("web-port", lambda: str(free_port())))

    @property
    def calendar_file(self) -> Path:
        """Planned and real moments of a demonstration over a clock that can't be moved."""
        return self.folder / "calendar.json"

    @property
    def url(self) -> str:
        """Address of the portals."""
        return f"http://127.0.0.1:{self.web_port}"

    def prepare(self) -> None:
        """Make folders and secrets that are missing."""
        for one in (self.folder, self.node_dir, self.deployments, self.logs):
            one.mkdir(parents=True, exist_ok=True)
        self._kept("environment", lambda: self.environment)
        self._refuse_other_network()
        self._kept("kek.hex", lambda: secrets.token_hex(32))
        self._kept("jwt-secret", lambda: secrets.token_urlsafe(48))
        self._kept("deployer.hex", self._deployer_key)
        if not port_is_free(self.web_port):
            (self.folder / "web-port").unlink()

    def environment_of_processes(self) -> dict[str, str]:
        """Settings of indexer, web and worker, over this process's environment."""
        kind = self._kept("environment", lambda: self.environment)  # a demonstration stays one, whoever starts it again
        extra = {
            "KAPITAL_ENVIRONMENT": kind,
            "KAPITAL_DATABASE_URL": os.environ.get("KAPITAL_DATABASE_URL", f"sqlite:///{self.folder / 'kapital.db'}"),
            "KAPITAL_RPC_URL": self.rpc_url,
            "KAPITAL_DEPLOYMENT_FILE": str(self.deployment_file),
            "KAPITAL_KEK_FILE": str(self.folder / "kek.hex"),
            "KAPITAL_JWT_SECRET": (self.folder / "jwt-secret").read_text().strip(),
            "KAPITAL_FILES_DIR": str(self.folder / "files"),
            "KAPITAL_CLOCK": "chain" if kind == "demo" else "system",
            "KAPITAL_PUBLIC_URL": self.url,
            "PYTHONUNBUFFERED": "1",
        }
        return {**tool_environment(), **extra, **self._network_environment()}

    def write(self, name: str, content: Any) -> None:
        """Write a JSON file whole or not at all, readable by the owner alone."""
        temporary = self.folder / f"{name}.tmp"
        temporary.touch(mode=0o600)
        temporary.write_text(json.dumps(content, ensure_ascii=False, indent=1))
        temporary.rename(self.folder / name)

    def read(self, name: str) -> Any:
        """A JSON file, or None."""
        path = self.folder / name
        return json.loads(path.read_text()) if path.exists() else None

    def _network_environment(self) -> dict[str, str]:
        """What differs between the embedded node and a network of validators."""
        if self.network is None:
            return {"KAPITAL_DURABLE_HEAD_FILE": str(self.node_dir / "durable-head")}
        network = read_network(self.network)
        return {
            "KAPITAL_RPC_FALLBACK_URLS": ",".join(one.rpc_url for one in network.fallbacks),
            "KAPITAL_CHAIN_ID": str(network.chain_id),
            "KAPITAL_QBFT_EPOCH_LENGTH": str(network.epoch_blocks),
            "KAPITAL_BESU_NODES_FILE": str(self.network / "nodes.json"),
            **({"KAPITAL_CALENDAR_FILE": str(self.calendar_file)} if self.environment == "demo" else {}),
        }

    def _deployer_key(self) -> str:
        if self.network is None:
            return "0x" + secrets.token_hex(32)
        return key_file(self.network, DEPLOYER).read_text(encoding="utf-8").strip()

    def _refuse_other_network(self) -> None:
        """An installation stays on the chain that it was made on. Raises RuntimeError."""
        wanted = str(self.network) if self.network else "embedded"
        default = "embedded" if (self.folder / "deployer.hex").exists() else wanted  # made before there was a choice
        present = self._kept("register", lambda: default)
        if present != wanted:
            raise RuntimeError(
                f"{self.folder} is an installation over {present}, not over {wanted}: choose another folder (--dir)"
            )

    def _kept(self, name: str, make: Any) -> str:
        path = self.folder / name
        if not path.exists():
            temporary = path.with_suffix(".new")
            temporary.touch(mode=0o600)
            temporary.write_text(make())
            temporary.rename(path)
        return path.read_text().strip()


def tool_environment() -> dict[str, str]:
    """What the tools need to find each other, also when ``make`` didn't start us."""
    bins = [str(ROOT / "build/bin"), str(Path(sys.executable).parent), str(ROOT / "node_modules/.bin")]
    return {
        **os.environ,
        "PATH": ":".join([*bins, os.environ.get("PATH", "")]),
        "SOLCX_BINARY_PATH": str(ROOT / "build/solcx"),
        "APE_DATA_FOLDER": str(ROOT / "build/ape"),
        "ETH_HASH_BACKEND": "pysha3",
    }


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_is_free(port: int) -> bool:
    """Whether the port can be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
