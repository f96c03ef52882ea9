"""The anvil process: find the program, start it, end it, and let none outlive its supervisor unseen."""

import contextlib
import ctypes
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from scripts.node_rpc import NodeRefusedError, NodeRpc, NodeUnreachableError

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
BLOCK_GAS_LIMIT = 100_000_000
STATES_IN_MEMORY = 32
"""How many blocks back `eth_call` reaches. More costs memory: each is a full copy of the contracts' storage."""
START_TIMEOUT_S = 60.0
END_TIMEOUT_S = 10.0
PORT_PATIENCE_S = 2.0
PR_SET_PDEATHSIG = 1  # linux/prctl.h


class ProcessError(Exception):
    """Anvil can't be started; the message says why and what to do."""


def find_anvil() -> Path:
    """The native program: the variable ANVIL, else the npm package, else PATH. Raises ProcessError."""
    named = os.environ.get("ANVIL")
    if named:
        if Path(named).is_file():
            return Path(named)
        raise ProcessError(f"ANVIL names {named}, which is no file")
    # The package's bin/anvil is a Node.js wrapper: killing it would leave the real process behind.
    machine = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    packages = ROOT / "node_modules" / "@foundry-rs"
    native = packages / f"anvil-{sys.platform}-{machine}" / "bin" / "anvil"
    on_path = shutil.which("anvil")
    if native.is_file():
        return native
    if on_path and Path(on_path).resolve().suffix != ".mjs":
        return Path(on_path)
    raise ProcessError("anvil is not installed: run `make setup`, or set ANVIL to the path of the program")


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def port_is_free(port: int) -> bool:
    """Whether a server can listen on the loopback port; the threads of a dying node are given time to let go of it."""
    deadline = time.monotonic() + PORT_PATIENCE_S
    while not _can_bind(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _can_bind(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a connection of a dead node may linger
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


class AnvilProcess:
    """One running anvil. It mines nothing until told so by `evm_setAutomine` or `evm_setIntervalMining`."""

    def __init__(self, folder: Path, port: int, chain_id: int, timestamp: int, state: Path | None) -> None:
        """`folder` marks the process as ours and takes its log; `timestamp` is chain time at the start, seconds.

        Raises ProcessError when it doesn't come up, NodeUnreachableError when somebody kills it before that.
        """
        if not port_is_free(port):
            raise ProcessError(f"port {port} is taken by another program: end it or choose another with --port")
        self.port = port
        self.log = folder / "anvil.log"
        arguments = _arguments(folder, port, chain_id, timestamp, state)
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in a terminal reaches the supervisor alone
                preexec_fn=_die_with_parent(),  # noqa: PLW1509 -- the supervisor has one thread
            )
        (folder / "anvil.pid").write_text(f"{self._process.pid}\n")
        self.rpc = NodeRpc(f"http://{HOST}:{port}")
        self._wait_until_up()

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_running(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """End it at once; nothing is asked of it, for what counts is on disk already."""
        self.rpc.close()
        self._process.kill()
        self._process.wait()

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline and self.is_running():
            try:
                self.rpc.call("eth_blockNumber")
            except NodeUnreachableError:
                time.sleep(0.01)
            except NodeRefusedError as error:
                self.kill()
                raise ProcessError(f"what answers on port {self.port} is no node: {error}") from error
            else:
                return
        killed = (self._process.poll() or 0) < 0
        self.kill()
        if killed:
            raise NodeUnreachableError("anvil was killed while starting")
        said = self.log.read_text(errors="replace").strip()[-600:]
        raise ProcessError(f"anvil did not start on port {self.port}: {said or 'it said nothing'}")


def end_orphan(folder: Path) -> None:
    """Wait for the end of the anvil that a killed supervisor of this folder left, and bring it about where needed.

    Returns when its port is free again. Raises ProcessError when it doesn't end within END_TIMEOUT_S.
    """
    try:
        pid = int((folder / "anvil.pid").read_text())
    except (OSError, ValueError):
        return
    if str(_marker(folder)) in _command_line(pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    # A dying process loses its command line before its sockets, so an empty one isn't the end yet.
    deadline = time.monotonic() + END_TIMEOUT_S
    while _is_alive(pid) and (str(_marker(folder)) in (line := _command_line(pid)) or not line):
        if time.monotonic() > deadline:
            raise ProcessError(f"process {pid} of an earlier run doesn't end")
        time.sleep(0.01)


def _is_alive(pid: int) -> bool:
    """Whether the process still holds its files and sockets: one that has ended and isn't collected doesn't."""
    if Path("/proc/self/stat").exists():
        try:
            state = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
        except (OSError, IndexError):
            return False
        return state not in {"Z", "X"}
    return bool(_command_line(pid).strip())


def _arguments(folder: Path, port: int, chain_id: int, timestamp: int, state: Path | None) -> list[str]:
    options: dict[str, object] = {
        "host": HOST,
        "port": port,
        "chain-id": chain_id,
        "timestamp": timestamp,
        "hardfork": "prague",
        "gas-limit": BLOCK_GAS_LIMIT,
        "gas-price": 0,
        "block-base-fee-per-gas": 0,
        "accounts": 0,
        "order": "fifo",
        # Without it anvil writes a copy of the whole state for every block into the home folder.
        "prune-history": STATES_IN_MEMORY,
        "cache-path": _marker(folder),
    }
    if state is not None:
        options["load-state"] = state
    pairs = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    return [str(find_anvil()), *pairs, "--no-mining", "--quiet", "--no-request-size-limit"]


def _marker(folder: Path) -> Path:
    return folder.resolve() / "anvil-cache"


def _command_line(pid: int) -> str:
    """The command line of a process; empty when there is none (also for one that has ended and isn't collected)."""
    listing = Path("/proc") / str(pid) / "cmdline"
    if Path("/proc/self/cmdline").exists():
        try:
            return listing.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    answer = subprocess.run(
        ["ps", "-ww", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False
    )
    return answer.stdout


def _die_with_parent() -> Callable[[], None] | None:
    """What the child runs so that the kernel kills it with its parent (prctl(2)); None where there is no such thing."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    parent = os.getpid()

    def ask_kernel() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # the parent was killed before the request
            os._exit(1)

    return ask_kernel
