"""Everything together: node (or network) -> tables -> officers -> contracts -> indexer, worker, web. Any of them may be killed; it comes back."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import httpx

from scripts.besu.find import find
from scripts.besu.generate import read as read_network
from scripts.besu.processes import Running, running_pids
from scripts.stack import officers
from scripts.stack.children import Child
from scripts.stack.ending import Ending
from scripts.stack.home import ROOT, Home, tool_environment
from scripts.stack.officers import OfficerLogin

START_WITHIN_S = 180.0


class PlatformFailedError(RuntimeError):
    """The platform didn't come up; the message carries the end of the log."""


@dataclass(slots=True)
class Platform:
    """The processes of one installation."""

    home: Home
    genesis: datetime
    say: Callable[[str], None] = print
    children: dict[str, Child] = field(default_factory=dict)
    logins: dict[str, OfficerLogin] = field(default_factory=dict)
    ending: Ending = field(default_factory=Ending)
    besu: Running | None = None

    def start(self) -> None:
        """Bring everything up; can be repeated after any interruption."""
        self.home.prepare()
        if self.home.network is None:
            self._start_embedded()
        else:
            self._start_besu(self.home.network)
        self._once("migrate", [sys.executable, "-m", "backend.migrate"])
        self.logins = officers.make_officers(self.home)
        if not self.home.deployment_file.exists():
            os.environ.update(tool_environment())
            officers.deploy(self.home)
        self.say("  contracts deployed")
        environment = self.home.environment_of_processes()
        self._run("indexer", [sys.executable, "-m", "indexer", "run"], environment)
        web = ["-m", "uvicorn", "backend.main:app", "--host", "127.0.0.1", "--port", str(self.home.web_port)]
        self._run("web", [sys.executable, *web, "--no-access-log", "--log-level", "warning"], environment)
        self._run("worker", [sys.executable, "-m", "backend.worker"], environment)
        self._wait("web", self._web_answers)
        self.home.write("pids.json", {name: child.pid for name, child in self.children.items()})
        self.say(f"  portals: {self.home.url}")

    def tend(self) -> list[str]:
        """Start again what has died; the names of those."""
        with self.ending.shield():
            fallen = [name for name, child in self.children.items() if child.tend()]
            if self.besu is not None:
                fallen += self.besu.tend()
        if fallen:
            self.home.write("pids.json", {name: child.pid for name, child in self.children.items()})
        return fallen

    def stop(self) -> None:
        """End everything that was started, the node last, and wait for it; signals don't interrupt that."""
        self.ending.ignore()
        for name in reversed(list(self.children)):
            self.children[name].stop()
        if self.besu is not None:
            self.besu.stop()

    def _start_embedded(self) -> None:
        (self.home.node_dir / "rpc-url").unlink(missing_ok=True)
        node = [sys.executable, "-m", "scripts.node", "--dir", str(self.home.node_dir)]
        self._run(
            "node",
            [*node, "--timestamp", str(int(self.genesis.timestamp()))],
            {**tool_environment(), "PYTHONUNBUFFERED": "1"},
        )
        self._wait("node", (self.home.node_dir / "rpc-url").exists)
        self.say("  node runs")

    def _start_besu(self, folder: Path) -> None:
        """Run the nodes of the network, unless somebody runs them already."""
        network = read_network(folder)
        if watcher := running_pids(network).get("watcher"):
            self.say(f"  the network is run by process {watcher}")
            return
        besu = find()
        self.say(f"  {besu.text}")
        if besu.warning:
            self.say(f"  {besu.warning}")
        self.besu = Running(network, besu, self.say, self.ending)
        self.besu.start()
        self.say(f"  {len(network.validators)} validators seal blocks")

    def _run(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        child = Child(name, command, self.home.logs / f"{name}.log", environment)
        with self.ending.shield():
            self.children[name] = child
            child.start()

    def _wait(self, name: str, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + START_WITHIN_S
        while not ready():
            if time.monotonic() > deadline:
                raise PlatformFailedError(f"{name} did not come up:\n{self.children[name].tail()}")
            self.tend()
            time.sleep(0.05)

    def _web_answers(self) -> bool:
        try:
            return httpx.get(f"{self.home.url}/healthz", timeout=2, trust_env=False).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def _once(self, name: str, command: list[str]) -> None:
        done = subprocess.run(
            command, cwd=ROOT, env=self.home.environment_of_processes(), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise PlatformFailedError(f"{name} failed:\n{(done.stdout + done.stderr)[-3000:]}")
