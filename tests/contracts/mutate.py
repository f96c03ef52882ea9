"""Mutation testing of the contracts: small faults put in one at a time, and whether the tests notice.

    python -m tests.contracts.mutate --sample 300 --seed 1    300 faults drawn by seed, those already tried left out
    python -m tests.contracts.mutate --only Rubles            all faults of the sources whose path has that word
    python -m tests.contracts.mutate                          all faults
    python -m tests.contracts.mutate --report                 the table and the survivors of what was tried

A fault is shown to the tests that pass its place (known from `make coverage`, so run that first), the most special of them first, until
one fails. Verdicts are kept in build/mutation.json as they come: a run that was ended goes on. What survives is compiled with the
optimiser as well: where the code is the same, the fault is none.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from scripts import compile as project
from scripts.assurance import coverage
from scripts.assurance.instrument import parsed
from scripts.assurance.mutants import Mutant, mutants
from scripts.deployment_plan import ROOMS
from tests.contracts.mutation_bench import ASSET, Bench, Compiler, RefusedError

RESULTS = project.ROOT / "build" / "mutation.json"
LEFT_OUT = ("contracts/interfaces/",)
GOVERNED = "contracts/access/Governed.sol"

Verdicts = dict[str, dict[str, Any]]


def main(arguments: list[str] | None = None) -> int:
    """Try faults and report; 0 when more than 95 % of what was tried is noticed."""
    parser = argparse.ArgumentParser(prog="python -m tests.contracts.mutate", description="mutation testing")
    parser.add_argument("--sample", type=int, help="how many faults, drawn by seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="a word of the source's path")
    parser.add_argument("--minutes", type=float, default=600, help="stop after so many minutes")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--worker", type=int, help="used by the program itself: the number of this process")
    parser.add_argument("--again", action="store_true", help="try survivors again, for tests were added")
    parser.add_argument("--report", action="store_true", help="report only")
    options = parser.parse_args(arguments)
    if options.worker is not None:
        work(options)
        return 0
    if not options.report:
        command = [sys.executable, "-m", "tests.contracts.mutate", *(arguments or sys.argv[1:])]
        running = [subprocess.Popen([*command, "--worker", str(number)]) for number in range(options.workers)]
        for process in running:
            process.wait()
    return report(gathered())


# --- trying ----------------------------------------------------------------------------------------------------------


def work(options: argparse.Namespace) -> None:
    """One of several processes: try every so-manieth fault of those chosen, until the time is up."""
    deadline = time.monotonic() + 60 * options.minutes
    texts, faults = all_mutants()
    known = gathered()
    chosen = [one for one in faults if options.only in one.source]
    random.Random(options.seed).shuffle(chosen)
    chosen = [one for one in chosen[: options.sample] if not tried(known, one, again=options.again)][
        options.worker :: options.workers
    ]
    trial = Trial(texts)
    with Bench() as bench, results_of(options.worker).open("a", encoding="utf-8") as results:
        for mutant in chosen:
            if time.monotonic() > deadline:
                break
            verdict = trial.verdict(bench, mutant)
            results.write(json.dumps({"name": mutant.name, **mutant._asdict(), "verdict": verdict}) + "\n")
            results.flush()
    trial.compiler.close()


def tried(known: Verdicts, mutant: Mutant, *, again: bool) -> bool:
    """Is there a verdict already that needn't be asked for again?"""
    verdict = known.get(mutant.name, {}).get("verdict")
    return verdict is not None and not (again and verdict in {"survived", "never run"})


class Trial:
    """Everything that decides how a fault is tried: what to compile, which tests to run."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.texts = texts
        self.compiler = Compiler()
        names = [project.source_name(path) for path in sorted(project.CONTRACTS.rglob("*.sol"))]
        self.points = coverage.with_marks(project.compiler_input(names), names).points
        self.seen = coverage.passed()
        self.homes = {name: source for source, name in deployed()}
        self.imports = {name: set(project.compiler_input([source])["sources"]) for name, source in self.homes.items()}

    def verdict(self, bench: Bench, mutant: Mutant) -> str:
        """killed, survived, same code, never run (no test comes by) or no contract (does not compile)."""
        names = [name for name, sources in self.imports.items() if mutant.source in sources]
        if ASSET in names and mutant.source != self.homes["IssueRegistry"] and "IssueRegistry" in names:
            names = self._without_registry(names, mutant)
        texts = {**self.texts, mutant.source: mutant.applied(self.texts[mutant.source])}
        wanted = {name: self.homes[name] for name in names}
        needed = set().union(*(self.imports[name] for name in names))
        sources = {name: text for name, text in texts.items() if name in needed}
        artifacts = self.compiler.artifacts(sources, wanted)
        if artifacts is None:
            return "no contract"
        tests = self.tests(mutant)
        if not tests:
            return "never run"
        try:
            survived = bench.survives(artifacts, tests)
        except RefusedError:
            return "killed"
        if not survived:
            return "killed"
        return "same code" if self._same(sources, wanted, mutant) else "survived"

    def _without_registry(self, names: list[str], mutant: Mutant) -> list[str]:
        """The registry carries the token's code in its constructor alone; what only the token imports leaves the registry as it is."""
        own = {
            "contracts/libraries/IssueTerms.sol",
            "contracts/libraries/CodeStore.sol",
            "contracts/libraries/Roles.sol",
        }
        shared = own | {"contracts/libraries/AccessClass.sol", "contracts/access/Governed.sol"}
        return names if mutant.source in shared else [name for name in names if name != "IssueRegistry"]

    def _same(self, sources: dict[str, str], wanted: dict[str, str], mutant: Mutant) -> bool:
        """Does the optimiser make the same code with and without the fault?"""
        faulty = self.compiler.artifacts(sources, wanted, optimised=True)
        sound = self.compiler.artifacts({**sources, mutant.source: self.texts[mutant.source]}, wanted, optimised=True)
        if faulty is None or sound is None:
            return False
        return all(faulty[name]["bytecode"] == sound[name]["bytecode"] for name in wanted)

    def tests(self, mutant: Mutant) -> list[str]:
        """Tests that pass the place of a fault, those that pass the fewest places first."""
        marks = self._marks(mutant)
        found = [test for test, numbers in self.seen.items() if test and marks & numbers]
        return sorted(found, key=lambda test: (len(self.seen[test]), test))

    def _marks(self, mutant: Mutant) -> set[int]:
        """The statement around a fault; where there is none (a constant), every statement of the source. Whom a modifier refuses comes by
        no statement of the source: then it is every refusal of a role."""
        if mutant.operator == "modifier deleted":
            return {point.number for point in self.points if point.source == GOVERNED and point.kind == "true"}
        own = [point for point in self.points if point.source == mutant.source and point.kind == "statement"]
        around = [point for point in own if point.start <= mutant.start and mutant.end <= point.end]
        if around:
            return {min(around, key=lambda point: point.end - point.start).number}
        # Constants alone have no statements: whoever imports the source passes them.
        return {point.number for point in own or self.points if own or point.kind == "statement"}


def all_mutants() -> tuple[dict[str, str], list[Mutant]]:
    """Texts of all sources, and every fault for ours."""
    names = [project.source_name(path) for path in sorted(project.CONTRACTS.rglob("*.sol"))]
    request = project.compiler_input(names)
    texts = {name: str(source["content"]) for name, source in request["sources"].items()}
    syntax = parsed(request)
    ours = [name for name in names if not name.startswith(LEFT_OUT)]
    return texts, [one for name in ours for one in mutants(name, texts[name], syntax[name])]


def deployed() -> list[tuple[str, str]]:
    """Source and name of each contract of ours that is deployed."""
    files = sorted(project.CONTRACTS.rglob("*.sol"))
    return [(project.source_name(path), path.stem) for path in files if path.stem in {*ROOMS, ASSET}]


# --- results ---------------------------------------------------------------------------------------------------------


def results_of(worker: int) -> Path:
    """Where a worker writes its verdicts as they come, one line each."""
    return RESULTS.with_name(f"mutation-{worker}.jsonl")


def gathered() -> Verdicts:
    """All verdicts so far, by the fault's name; build/mutation.json brought up to date."""
    known: Verdicts = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    for path in sorted(RESULTS.parent.glob("mutation-*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            one = json.loads(line)
            known[one.pop("name")] = one
    project.replace(RESULTS, known)
    return known


def report(known: Verdicts) -> int:
    """Print the table by source and the survivors; 1 unless more than 95 % of the faults that count are noticed."""
    present = {one.name for one in all_mutants()[1]}
    current = [one for name, one in known.items() if name in present]
    rows = Counter((one["source"], one["verdict"]) for one in current)
    print(f"{'':40} {'killed':>7} {'survived':>9} {'never run':>10} {'same code':>10} {'no contract':>12}")
    for source in sorted({source for source, _ in rows}):
        counts = [rows[source, verdict] for verdict in ("killed", "survived", "never run", "same code", "no contract")]
        print(f"{source:40} {counts[0]:7} {counts[1]:9} {counts[2]:10} {counts[3]:10} {counts[4]:12}")
    for one in sorted(current, key=lambda one: (one["source"], one["line"])):
        if one["verdict"] in {"survived", "never run"}:
            print(f"{one['source']}:{one['line']}: {one['verdict']}: {one['operator']}: {one['original'][:80]}")
    killed = sum(one["verdict"] == "killed" for one in current)
    counted = killed + sum(one["verdict"] in {"survived", "never run"} for one in current)
    print(
        f"{killed} of {counted} faults noticed ({100 * killed / max(counted, 1):.1f} %), {len(present)} faults in all"
    )
    return int(killed <= 0.95 * counted)


if __name__ == "__main__":
    sys.exit(main())
