"""The main job: two ЦФА live their lives through the HTTP API and everybody has what an independent calculation says, killed processes or not."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
AGREED = "reconciled: chain = SQL = statement"
LONGEST_S = 900
pytestmark = [pytest.mark.slow, pytest.mark.timeout(LONGEST_S * 2)]
SEEDS = [int(seed) for seed in os.environ.get("KAPITAL_TEST_KILL_SEEDS", "20260904").split()]
"""One by default; ``make chaos SEEDS="1 2 3"`` gives others."""
VICTIMS = ("web", "worker", "indexer", "anvil", "node")


def start(folder: Path) -> subprocess.Popen[str]:
    """The demonstration as a user starts it, ending by itself."""
    command = [sys.executable, "-m", "scripts.demo", "--exit", "--dir", str(folder)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KAPITAL_")}
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )


def table_of(output: str) -> list[str]:
    """The lines of the table, without frames."""
    return [re.sub(r"\s+", " ", line) for line in output.splitlines() if line.startswith("│")]


def pid_of(folder: Path, victim: str) -> int | None:
    """Number of a running process of the installation."""
    try:
        if victim == "anvil":
            return int((folder / "node" / "anvil.pid").read_text().split()[0])
        return int(json.loads((folder / "pids.json").read_text())[victim])
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None


class Killer(threading.Thread):
    """Kills a process of the installation every few steps of the story, chosen by the seed; counts what it killed."""

    def __init__(self, folder: Path, seed: int) -> None:
        super().__init__(daemon=True)
        self.folder, self.random = folder, random.Random(seed)
        self.killed: list[str] = []
        self.stop = threading.Event()

    def run(self) -> None:
        """Until told to stop: wait until the story has gone some steps further, then kill."""
        next_at = 4
        while not self.stop.wait(0.05):
            if steps_done(self.folder) < next_at:
                continue
            next_at += self.random.randint(4, 9)
            victim = self.random.choice(VICTIMS)
            pid = pid_of(self.folder, victim)
            if pid is None:
                continue
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            self.killed.append(victim)


def steps_done(folder: Path) -> int:
    """How many steps of the story are written down."""
    try:
        return len(json.loads((folder / "progress.json").read_text())["done"])
    except (OSError, ValueError, KeyError):
        return 0


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Output of a demonstration that nobody disturbs."""
    process = start(tmp_path_factory.mktemp("demo") / "var")
    output, _ = process.communicate(timeout=LONGEST_S)
    assert process.returncode == 0, output[-4000:]
    return output


def test_everybody_has_what_an_independent_calculation_says(undisturbed: str) -> None:
    rows = table_of(undisturbed)
    assert AGREED in undisturbed
    assert len(rows) == 6
    assert all("✓" in row for row in rows)


@pytest.mark.parametrize("seed", SEEDS)
def test_killing_any_process_at_any_moment_changes_nothing(undisturbed: str, tmp_path: Path, seed: int) -> None:
    folder = tmp_path / "var"
    killer = Killer(folder, seed)
    killer.start()
    process = start(folder)
    try:
        output, _ = process.communicate(timeout=LONGEST_S)
    finally:
        killer.stop.set()
        process.kill()
        process.communicate()
    assert process.returncode == 0, f"killed {killer.killed}\n{output[-4000:]}"
    assert len(killer.killed) >= 5
    assert table_of(output) == table_of(undisturbed)


def test_killing_the_whole_platform_and_starting_again_ends_with_the_same_table(
    undisturbed: str, tmp_path: Path
) -> None:
    folder = tmp_path / "var"
    process = start(folder)
    deadline = time.monotonic() + LONGEST_S
    while steps_done(folder) < 40 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    process.kill()
    process.communicate()
    again = start(folder)
    output, _ = again.communicate(timeout=LONGEST_S)
    assert again.returncode == 0, output[-4000:]
    assert table_of(output) == table_of(undisturbed)
