"""The invariants in Solidity (tests/contracts/forge) under forge's fuzzer, with the compiler settings of the project.

`FORGE_RUNS`, `FORGE_DEPTH` and `FORGE_SEED` set how many sequences are tried, how long they are and where chance begins.
"""

from __future__ import annotations

import os
import subprocess
import tomllib
from pathlib import Path

import pytest

from scripts import compile as project

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = ROOT / "tests" / "contracts" / "forge" / "foundry.toml"
FORGE = ROOT / "build" / "bin" / "forge"
INVARIANTS = 10


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_the_invariants_hold_under_forge() -> None:
    """Compiling takes most of it: the compiler is WebAssembly, and the rooms are compiled once more with their handler."""
    variables = {
        "FOUNDRY_CONFIG": str(CONFIGURATION),
        "FOUNDRY_INVARIANT_RUNS": os.environ.get("FORGE_RUNS", "16"),
        "FOUNDRY_INVARIANT_DEPTH": os.environ.get("FORGE_DEPTH", "60"),
        "FOUNDRY_DISABLE_NIGHTLY_WARNING": "1",
        "NO_COLOR": "1",
    }
    seed = os.environ.get("FORGE_SEED", "7")
    done = subprocess.run(
        [FORGE, "test", "--fuzz-seed", seed],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("[PASS] invariant_") == INVARIANTS


def test_forge_compiles_as_the_project_does() -> None:
    theirs = tomllib.loads(CONFIGURATION.read_text(encoding="utf-8"))["profile"]["default"]
    ours = project.configuration()
    assert theirs["solc"].endswith(f"solc-v{ours['version']}")
    assert theirs["evm_version"] == ours["evm_version"]
    assert theirs["optimizer"] == ours["optimize"]
    assert theirs["optimizer_runs"] == ours["optimization_runs"]
    assert theirs["via_ir"] == ours["via_ir"]
