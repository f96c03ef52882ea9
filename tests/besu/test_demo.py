"""The demonstration over four validators: the same table to the kopek and the same reconciliation, in a calendar of minutes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.besu.find import find

ROOT = Path(__file__).resolve().parents[2]
AGREED = "reconciled: chain = SQL = statement"
LONGEST_S = 4_000
pytestmark = [pytest.mark.besu, pytest.mark.slow, pytest.mark.timeout(LONGEST_S + 200)]


def test_two_assets_live_their_lives_over_a_real_network(tmp_path: Path) -> None:
    find()  # says what is missing
    folders = ["--dir", str(tmp_path / "demo"), "--network-dir", str(tmp_path / "network")]
    command = [sys.executable, "-m", "scripts.demo", "--network", "besu", "--exit", "--pace", "1.3", *folders]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KAPITAL_")}
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env=environment, timeout=LONGEST_S, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert AGREED in done.stdout
    assert "✗" not in done.stdout
