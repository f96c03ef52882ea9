"""The process that reads ahead, started before anybody knows whether it is wanted: its imports take as long as ours, so both go on at once.

Imports nothing of the indexer, so that it can be the first thing that ``python -m indexer`` does.
"""

import contextlib
import subprocess
import sys
from pathlib import Path

Process = subprocess.Popen[bytes]

_waiting: list[Process] = []


def prepare() -> None:
    """Start one that waits for its job. It ends with its pipe, whatever becomes of this process."""
    _waiting.append(_start())


def take() -> Process:
    """The one that waits, or a new one."""
    return _waiting.pop() if _waiting else _start()


def dismiss() -> None:
    """End the one that waits: there is nothing to catch up with."""
    while _waiting:
        end(_waiting.pop())


def end(process: Process) -> None:
    """End a process, whatever it does."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def _start() -> Process:
    return subprocess.Popen(
        [sys.executable, "-m", "indexer.sync.ahead"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).resolve().parents[2],
        start_new_session=True,  # Ctrl-C in a terminal is for the indexer alone
    )
