"""Try random lives of the contracts for as long as there is time: ``make fuzz`` or ``python -m scripts.fuzz --minutes 60 --seed 7``.

Rounds take turns, each with the next seed: lives of the whole system and of one asset (Hypothesis on anvil), the
invariants of forge.
Each round prints its seed and the command that repeats it. The first failure ends the run; Hypothesis has made it small by then.
"""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTEST = ("-m", "pytest", "-q", "-x", "-p", "no:xdist", "--timeout", "0")


@dataclass(frozen=True)
class Round:
    """A kind of fuzzing: what runs, and the variables that carry size and seed."""

    name: str
    test: str
    seed: str
    size: dict[str, str] = field(default_factory=dict)

    def command(self) -> list[str]:
        """The program."""
        return [sys.executable, *PYTEST, self.test]

    def variables(self, seed: int) -> dict[str, str]:
        """Environment of a round with this seed."""
        return {**self.size, self.seed: str(seed)}


ROUNDS = (
    Round("system", "tests/contracts/test_system_stateful.py", "FUZZ_SEED", {"FUZZ_LIVES": "20", "FUZZ_STEPS": "50"}),
    Round("asset", "tests/contracts/test_digital_asset_stateful.py", "ASSET_SEED", {"ASSET_EXAMPLES": "20"}),
    Round("forge", "tests/contracts/test_forge.py", "FORGE_SEED", {"FORGE_RUNS": "64", "FORGE_DEPTH": "100"}),
)


def fuzz(minutes: float, seed: int, only: str | None) -> int:
    """Rounds until the time is over; exit code of the first that failed."""
    chosen = [one for one in ROUNDS if only in {None, one.name}]
    deadline, number = time.monotonic() + minutes * 60, 0
    print(f"fuzz: {minutes:g} minutes from seed {seed}", flush=True)
    while number < len(chosen) or time.monotonic() < deadline:
        one, now = chosen[number % len(chosen)], seed + number // len(chosen)
        started = time.monotonic()
        done = subprocess.run(one.command(), cwd=ROOT, env={**os.environ, **one.variables(now)}, check=False)
        spent = time.monotonic() - started
        print(f"fuzz: {one.name} seed {now}: {'FAILED' if done.returncode else 'passed'} in {spent:.0f} s", flush=True)
        if done.returncode:
            words = " ".join(f"{key}={value}" for key, value in one.variables(now).items())
            print(f"fuzz: repeat with {words} make test ARGS={one.test}", flush=True)
            return done.returncode
        number += 1
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60, help="how long; every kind runs at least once")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="where chance begins")
    parser.add_argument("--only", choices=[one.name for one in ROUNDS], help="one kind alone")
    options = parser.parse_args(arguments)
    return fuzz(options.minutes, options.seed, options.only)


if __name__ == "__main__":
    sys.exit(main())
