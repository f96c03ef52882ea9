"""Statement and branch coverage of the contracts by their tests; exit code 1 below 100 %.

    python -m scripts.assurance.coverage             run the tests of tests/contracts, then report
    python -m scripts.assurance.coverage --report    report what the last run saw
    python -m scripts.assurance.coverage PATH...     run only these tests (for work on one contract)

The contracts carry marks (`scripts/assurance/instrument.py`); tests of gas and of interrupted deployments are left out, for marks cost
gas and a deployment runs before each test anyway. The report, with every gap by line, is in build/coverage/report.txt.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
from collections import defaultdict
from typing import Any

from scripts import compile as project
from scripts.assurance.instrument import Instrumented, Point, instrument, parsed

FOLDER = project.ROOT / "build" / "coverage"
BUILD = FOLDER / "build.json"
REPORT = FOLDER / "report.txt"
TESTS = project.ROOT / "tests" / "contracts"
LEFT_OUT = ("gas", "deploy", "many", "stateful", "proofs")


def main(arguments: list[str] | None = None) -> int:
    """Run and report; 0 when the tests passed and every mark was passed."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.assurance.coverage", description="coverage of the contracts"
    )
    parser.add_argument("tests", nargs="*", help="run only these tests")
    parser.add_argument("--report", action="store_true", help="report the last run")
    options = parser.parse_args(arguments)
    points = build()
    failed = 0 if options.report else run(options.tests or chosen_tests())
    text, whole = report(points, set().union(*passed().values()))
    REPORT.write_text(text, encoding="utf-8")
    print(text, end="")
    return int(failed or not whole)


def build() -> list[Point]:
    """Compile the contracts with marks, unless that was done with these sources; what the marks stand for."""
    names = [project.source_name(path) for path in sorted(project.CONTRACTS.rglob("*.sol"))]
    request = project.compiler_input(names)
    tools = [project.ROOT / "scripts/assurance/instrument.py", project.ROOT / "scripts/compile.py"]
    key = json.dumps(request, sort_keys=True).encode() + b"".join(path.read_bytes() for path in tools)
    digest = hashlib.sha256(key).hexdigest()
    made = json.loads(BUILD.read_text(encoding="utf-8")) if BUILD.exists() else {}
    if made.get("digest") != digest:
        made = {"digest": digest, **compile_marked(request, names)}
        FOLDER.mkdir(parents=True, exist_ok=True)
        project.replace(BUILD, made)
    return [Point(*values) for values in made["points"]]


def compile_marked(request: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """Artifacts of our contracts with marks, by name, and the points."""
    marked = with_marks(request, names)
    sources = {name: {"content": text} for name, text in marked.sources.items()}
    output = project.run_compiler({**request, "sources": sources})
    artifacts = {
        name: project.artifact(source, name, compiled)
        for source, contracts in output["contracts"].items()
        for name, compiled in contracts.items()
    }
    return {"artifacts": artifacts, "points": marked.points}


def with_marks(request: dict[str, Any], names: list[str]) -> Instrumented:
    """The sources of a compiler input with marks in those of ours."""
    return instrument(names, parsed(request), {name: source["content"] for name, source in request["sources"].items()})


def chosen_tests() -> list[str]:
    """All tests of the contracts but those that marks disturb."""
    return [str(path) for path in sorted(TESTS.glob("test_*.py")) if not any(word in path.name for word in LEFT_OUT)]


def run(tests: list[str]) -> int:
    """Run tests on the contracts with marks; pytest's exit code."""
    for path in FOLDER.glob("passed-*.json"):
        path.unlink()
    workers = ["-n", os.environ.get("WORKERS", "2"), "--dist", "loadfile"]
    # Marks make the token's creation code larger than a contract may be.
    settings = {"KAPITAL_COVERAGE": str(FOLDER), "KAPITAL_TEST_ANVIL": "--disable-code-size-limit"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.contracts.marks", *workers, *tests]
    return subprocess.run(command, cwd=project.ROOT, env={**os.environ, **settings}, check=False).returncode


def passed() -> dict[str, set[int]]:
    """Numbers of the marks that each test of the last run passed; under no name those of the deployment."""
    seen: dict[str, set[int]] = defaultdict(set)
    for path in FOLDER.glob("passed-*.json"):
        for test, numbers in json.loads(path.read_text(encoding="utf-8")).items():
            seen[test].update(numbers)
    return seen


def report(points: list[Point], seen: set[int]) -> tuple[str, bool]:
    """A table by source, and the gaps; is everything covered?"""
    rows: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    gaps = []
    for point in points:
        row, column = rows[point.source], 0 if point.kind == "statement" else 2
        row[column] += point.number in seen
        row[column + 1] += 1
        if point.number not in seen:
            what = "never runs" if point.kind == "statement" else f"never {point.kind}"
            gaps.append(f"{point.source}:{point.line}: {what}: {point.text}")
    rows["all"] = [sum(column) for column in zip(*rows.values(), strict=True)]
    lines = [f"{'':44} statements          outcomes of conditions"]
    lines += [f"{name:44} {share(a, b)}   {share(c, d)}" for name, (a, b, c, d) in rows.items()]
    return "\n".join([*lines, *gaps]) + "\n", not gaps


def share(covered: int, total: int) -> str:
    """Covered of total and the percentage, rounded down so that 100 means all."""
    percent = 100 * covered // total if total else 100
    return f"{covered:5} of {total:5} {percent:3} %"


if __name__ == "__main__":
    sys.exit(main())
