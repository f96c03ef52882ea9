"""``make up`` ends when it is asked to, however far it has come, and leaves nothing running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.stack.ending import Ended, Ending

ROOT = Path(__file__).resolve().parents[2]
WITHIN_S = 120


def processes_of(folder: Path) -> list[str]:
    """Command lines of running processes that name a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # it has ended meanwhile
            continue
        if str(folder) in words:
            found.append(words)
    return found


def until(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert process.poll() is None, "it ended by itself"
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("moment", ["the node is being started", "the node runs, the database is being made"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_during_the_start_ends_what_was_started(tmp_path: Path, moment: str, number: signal.Signals) -> None:
    folder = tmp_path / "var"
    command = [sys.executable, "-m", "scripts.up", "--dir", str(folder)]
    with (tmp_path / "out").open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, env={**os.environ})
    try:
        if moment.startswith("the node is"):
            until(lambda: any("scripts.node" in words for words in processes_of(folder)), process)
        else:
            until((folder / "node" / "rpc-url").exists, process)
        process.send_signal(number)
        assert process.wait(WITHIN_S) == 0, (tmp_path / "out").read_text()
        assert processes_of(folder) == [], "waited for: nothing is left when it has ended"
        assert "Traceback" not in (tmp_path / "out").read_text()
    finally:
        process.kill()


def interrupted(ending: Ending, steps: list[str]) -> None:
    with ending.shield():
        signal.raise_signal(signal.SIGTERM)
        steps.append("the block went to its end")


def test_a_signal_is_never_lost_nor_between_a_process_and_its_name() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    ending, steps = Ending(), list[str]()
    try:
        ending.listen()
        with pytest.raises(Ended):
            interrupted(ending, steps)
        with pytest.raises(Ended):
            signal.raise_signal(signal.SIGINT)
        ending.ignore()
        signal.raise_signal(signal.SIGTERM)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert steps == ["the block went to its end"]
