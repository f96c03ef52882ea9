"""Child processes that are started again when they die, and that die with us."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

RESTART_PAUSE_S = 0.3
STOP_WITHIN_S = 8.0
_PR_SET_PDEATHSIG = 1


@dataclass(slots=True)
class Child:
    """One process and how to start it."""

    name: str
    command: list[str]
    log: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0
    started_at: float = field(default=0.0)
    stop_within_s: float = STOP_WITHIN_S

    def start(self) -> None:
        """Start it; its output goes to its log."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.environment,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - one call, no locks
            )
        self.starts += 1
        self.started_at = time.monotonic()

    @property
    def pid(self) -> int | None:
        """Number of the running process."""
        return self.process.pid if self.process and self.process.poll() is None else None

    def tend(self) -> bool:
        """Start it again when it has died; True when that was needed."""
        if self.pid is not None or time.monotonic() - self.started_at < RESTART_PAUSE_S:
            return False
        self.start()
        return True

    def stop(self) -> None:
        """Ask it to end, and end it when it doesn't."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(self.stop_within_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def tail(self, lines: int = 15) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
