"""Symbolic proofs of the contracts by halmos; exit code 1 when a property has a counterexample or was not decided in time.

    python -m scripts.assurance.prove                 all proofs of tests/contracts/proofs
    python -m scripts.assurance.prove Forced Rubles   only those contracts whose name begins so

A proof is a function `check_…` whose NatSpec says the property in a sentence. It starts from any state (symbolic storage), takes any
arguments and any caller, and fails when an assertion can. Times go to build/prove/times.json. Bounds: a loop whose end depends on
the state is followed LOOP times; `bytes` arguments have the lengths BYTES; other bounds stand above the proofs they concern.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from scripts import compile as project
from scripts.assurance import tools

FOLDER = project.ROOT / "build" / "prove"
LOOP = 2
BYTES = "0,4,36"
SOLVER_S = 300


class Proof(NamedTuple):
    """The verdict on one property."""

    contract: str
    name: str
    passed: bool
    paths: int
    seconds: float


def main(arguments: list[str] | None = None) -> int:
    """Prove and print a table; 0 when every property holds."""
    parser = argparse.ArgumentParser(prog="python -m scripts.assurance.prove", description="symbolic proofs")
    parser.add_argument("contracts", nargs="*", help="beginnings of the names of proof contracts")
    parser.add_argument("--property", default="", help="only properties whose name matches this pattern")
    options = parser.parse_args(arguments)
    contracts = "|".join(f"^{name}" for name in options.contracts) or "Proof$"
    done, output = run(project.ROOT, FOLDER, contracts, options.property)
    for proof in done:
        verdict = "holds" if proof.passed else "NOT PROVED"
        print(f"{verdict:10} {proof.seconds:8.1f} s {proof.paths:6} paths  {proof.contract}.{proof.name}")
    if not done or not all(proof.passed for proof in done):
        print(output[-20_000:], file=sys.stderr)
        return 1
    times = {f"{proof.contract}.{proof.name}": round(proof.seconds, 1) for proof in done}
    project.replace(FOLDER / "times.json", times)
    return 0


def run(root: Path, folder: Path, contracts: str, properties: str = "") -> tuple[list[Proof], str]:
    """Verdicts on the proofs of the project at `root` whose contract and name match, and what halmos said."""
    folder.mkdir(parents=True, exist_ok=True)
    answer = folder / "answer.json"
    answer.unlink(missing_ok=True)
    halmos = tools.program("halmos")
    command = [str(halmos), "--root", str(root), "--forge-build-out", os.path.relpath(folder / "out", root)]
    command += [
        "--match-contract",
        contracts,
        "--match-test",
        properties,
        "--json-output",
        str(answer),
        "--no-status",
        "--loop",
        str(LOOP),
    ]
    command += ["--default-bytes-lengths", BYTES, "--solver-timeout-assertion", f"{SOLVER_S}s"]
    path = os.pathsep.join([str(project.ROOT / "build/bin"), str(halmos.parent), os.environ.get("PATH", os.defpath)])
    environment = {**os.environ, "PATH": path, "FOUNDRY_CONFIG": str(root / "tests/contracts/proofs/foundry.toml")}
    with (folder / "log.txt").open("w") as log:
        subprocess.run(command, cwd=root, env=environment, stdout=log, stderr=subprocess.STDOUT, check=False)
    results = json.loads(answer.read_text(encoding="utf-8"))["test_results"] if answer.exists() else {}
    return verdicts(results), (folder / "log.txt").read_text(encoding="utf-8")


def verdicts(results: dict[str, list[dict[str, Any]]]) -> list[Proof]:
    """What halmos' answer says of each property; one that explored no path to its end proves nothing."""
    return [
        Proof(
            contract.rpartition(":")[2],
            one["name"].partition("(")[0],
            one["exitcode"] == 0 and one["num_paths"][1] > 0,
            one["num_paths"][0],
            one["time"][0],
        )
        for contract, tests in results.items()
        for one in tests
    ]


if __name__ == "__main__":
    sys.exit(main())
