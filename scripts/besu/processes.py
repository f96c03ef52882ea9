"""Nodes as processes of this machine: checked before the start, waited for, watched, ended.

Files of a running network: ``run.json`` (process ids), ``nodes/NAME/besu.log``, ``.lock`` (held by whoever runs the nodes).
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from io import TextIOWrapper

from scripts.besu import files
from scripts.besu.find import Besu
from scripts.besu.generate import Network
from scripts.besu.introduce import introduce
from scripts.besu.nodes import Node, folder_of
from scripts.besu.rpc import NodeRefusesError, NodeSilentError, call, height, peers
from scripts.stack.children import Child
from scripts.stack.ending import Ending
from scripts.stack.home import port_is_free

DISK_OF_NODE = 512 * 1024**2
"""Least free bytes for each node at a start; a week of empty blocks takes about a tenth of it."""
READY_WITHIN_S = 600.0
POLL_S = 0.25
INTRODUCE_EVERY_S = 5.0
"""Besu itself tries missing peers once a minute, while rounds without a quorum double their length."""
STOP_WITHIN_S = 45.0
"""Besu writes its transaction pool down and closes its database."""
FALLS_AT_START = 3
LONG_LIFE_S = 60.0
LONGEST_PAUSE_S = 60.0


class StartRefusedError(Exception):
    """The network can't be started here and now; the message says why and what to do."""


@dataclass(slots=True)
class Process:
    """A node's process, and when it may be started again: at once after a long life, later and later after short ones."""

    node: Node
    child: Child
    falls: int = 0
    wanted: bool = True

    def tend(self) -> bool:
        """Start it again when it has died and its pause is over; True when that was done."""
        if not self.wanted or self.child.pid is not None:
            return False
        lived = time.monotonic() - self.child.started_at
        pause = min(2.0**self.falls, LONGEST_PAUSE_S)
        if lived < pause:
            return False
        self.falls = 0 if lived > LONG_LIFE_S else self.falls + 1
        self.child.start()
        return True


@dataclass(slots=True)
class Running:
    """The nodes of one network that this process runs."""

    network: Network
    besu: Besu
    say: Callable[[str], None] = print
    ending: Ending = field(default_factory=Ending)
    nodes: dict[str, Process] = field(default_factory=dict)
    _lock: TextIOWrapper | None = None

    def start(self, names: Sequence[str] | None = None, *, wait: bool = True) -> None:
        """Check, start the named nodes (all), and wait until the chain moves. Raises StartRefusedError."""
        wanted = [self.network.node(name) for name in names] if names else list(self.network.nodes)
        self._take()
        refuse_what_cannot_work(self.network, [one for one in wanted if self.pid(one.name) is None])
        for node in wanted:
            self.start_node(node.name)
        if wait:
            self.wait_ready()

    def start_node(self, name: str) -> None:
        """Start one node, without waiting for it."""
        node = self.network.node(name)
        process = self.nodes.get(name) or Process(node, self._child(node))
        with self.ending.shield():
            self.nodes[name] = process
            process.wanted, process.falls = True, 0
            if process.child.pid is None:
                process.child.start()
        self._write()

    def stop_node(self, name: str) -> None:
        """End one node and leave it ended."""
        process = self.nodes[name]
        process.wanted = False
        process.child.stop()
        self._write()

    def kill_node(self, name: str) -> None:
        """End one node the hard way (SIGKILL) and leave it ended."""
        process = self.nodes[name]
        process.wanted = False
        if process.child.process is not None:
            process.child.process.kill()
            process.child.process.wait()
        self._write()

    def pid(self, name: str) -> int | None:
        """Process of a node, when it runs."""
        return self.nodes[name].child.pid if name in self.nodes else None

    def tend(self) -> list[str]:
        """Start again what has died; names of those."""
        with self.ending.shield():
            fallen = [name for name, one in self.nodes.items() if one.tend()]
        if fallen:
            self._write()
        return fallen

    def wait_ready(self, within_s: float = READY_WITHIN_S) -> None:
        """Until every wanted node answers, has the others for peers, and the chain has moved beyond where it stood. StartRefusedError."""
        deadline = time.monotonic() + within_s
        wanted = [one for one in self.nodes.values() if one.wanted]
        first: int | None = None
        introduced = 0.0
        while True:
            self._refuse_falling(wanted)
            missing = [reason for one in wanted if (reason := _not_ready(one.node, len(wanted) - 1))]
            if not missing:
                now = height(wanted[0].node.rpc_url)
                first = now if first is None else first
                if now > first or self._sealers() < self._quorum():
                    return
                missing = [f"block {now} is still the newest"]
            if time.monotonic() > deadline:
                raise StartRefusedError(
                    f"the network isn't ready after {within_s:.0f} s: {'; '.join(missing)}\n{self._tails()}"
                )
            self.tend()
            if time.monotonic() - introduced > INTRODUCE_EVERY_S:
                introduced = time.monotonic()
                introduce(self.network, [one.node for one in wanted])
            time.sleep(POLL_S)

    def stop(self) -> None:
        """End all nodes, RPC nodes first, and wait for them."""
        self.ending.ignore()
        running = [one for one in reversed(list(self.nodes.values())) if one.child.process is not None]
        for one in running:
            one.wanted = False
            if one.child.pid is not None and one.child.process is not None:
                one.child.process.terminate()
        for one in running:
            one.child.stop()
        if self._lock is not None:  # else it is another process's, which goes on
            (self.network.folder / "run.json").unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    def _child(self, node: Node) -> Child:
        folder = folder_of(self.network.folder, node.name)
        options = f"-Xmx{self.network.heap} {os.environ.get('BESU_OPTS', '')}".strip()
        environment = {**os.environ, "BESU_OPTS": options}
        command = [str(self.besu.program), f"--config-file={folder.resolve() / 'config.toml'}"]
        return Child(node.name, command, folder / "besu.log", environment, stop_within_s=STOP_WITHIN_S)

    def _take(self) -> None:
        """Nobody else runs this network. StartRefusedError."""
        if self._lock is not None:
            return
        lock = (self.network.folder / ".lock").open("a+", encoding="utf-8")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise run_by_another(self.network) from error
        self._lock = lock

    def _write(self) -> None:
        pids = {name: one.child.pid for name, one in self.nodes.items()}
        files.write_json(self.network.folder / "run.json", {"watcher": os.getpid(), "nodes": pids})

    def _refuse_falling(self, wanted: Sequence[Process]) -> None:
        for one in wanted:
            if one.falls >= FALLS_AT_START and one.child.pid is None:
                raise StartRefusedError(
                    f"{one.node.name} ends again and again; the end of {one.child.log}:\n{one.child.tail()}"
                )

    def _sealers(self) -> int:
        return sum(one.node.role == "validator" and one.wanted for one in self.nodes.values())

    def _quorum(self) -> int:
        return -(-2 * len(self.network.validators) // 3)

    def _tails(self) -> str:
        return "\n".join(f"--- {one.child.log}\n{one.child.tail(5)}" for one in self.nodes.values())


def refuse_what_cannot_work(network: Network, starting: Sequence[Node]) -> None:
    """StartRefusedError for a full disk, missing files and ports that others hold: before anything starts."""
    problems = []
    free, needed = shutil.disk_usage(network.folder).free, DISK_OF_NODE * len(starting)
    if free < needed:
        problems.append(
            f"no room: {network.folder} has {free // 1024**2:,} MB free, {len(starting)} nodes need {needed // 1024**2:,} MB"
        )
    for node in starting:
        folder = folder_of(network.folder, node.name)
        if missing := [name for name in ("key", "config.toml", "permissions.toml") if not (folder / name).exists()]:
            problems.append(f"{node.name}: {', '.join(missing)} missing in {folder}; run `make network`")
        problems += [
            f"port {port} ({kind.removesuffix('_port')} of {node.name}) is taken by another process; end it, or set {kind} in network.yaml"
            for kind, port in node.ports.items()
            if not port_is_free(port)
        ]
    if problems:
        raise StartRefusedError("\n".join(problems))


def run_by_another(network: Network) -> StartRefusedError:
    """The refusal for a network that another process runs."""
    who = running_pids(network).get("watcher")
    return StartRefusedError(
        f"the nodes in {network.folder} are run by another process{f' ({who})' if who else ''}; "
        'end it, or `make network ARGS="stop"`'
    )


def running_pids(network: Network) -> dict[str, int | None]:
    """Processes by run.json: ``watcher`` and the nodes' names; empty when nobody runs the network."""
    path = network.folder / "run.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        os.kill(found["watcher"], 0)
    except (OSError, ValueError, KeyError):
        return {}
    return {"watcher": found["watcher"], **found["nodes"]}


def _not_ready(node: Node, others: int) -> str:
    """Why a node isn't ready yet; empty when it is."""
    try:
        connected = peers(node.rpc_url)
        if call(node.rpc_url, "eth_syncing") is not False:
            return f"{node.name} is still reading the chain"
    except NodeSilentError:
        return f"{node.name} doesn't answer"
    except NodeRefusesError as error:
        return f"{node.name}: {error}"
    return "" if connected >= others else f"{node.name} has {connected} of {others} peers"
