"""Static analysis of the contracts by slither; exit code 1 for a finding above "informational".

    python -m scripts.assurance.slither           skipped when the same sources have passed before
    python -m scripts.assurance.slither --fresh   always

A finding is mended, or switched off where it stands by a comment that says why it is harmless:

    // slither-disable-next-line divide-before-multiply -- whole years are counted, the rest follows as dayOfYear

A comment without a reason is a finding, and so is one that switches nothing off any more. The whole answer is in
build/audit/slither.json, informational findings included.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import sys
from collections import Counter
from typing import Any

from scripts import compile as project
from scripts.assurance import tools

FOLDER = project.ROOT / "build" / "audit"
ANSWER = FOLDER / "slither.json"
PASSED = FOLDER / "slither.passed"
HARMLESS = "Informational"
DISABLED = re.compile(r"slither-disable-(?:start|next-line)\b(?P<rest>.*)")
REASONED = re.compile(r" [a-z0-9,-]+ -- \S+ \S+ \S+")


class AnalysisError(Exception):
    """Slither itself failed; the message is its last words."""


def main(arguments: list[str] | None = None) -> int:
    """Analyse and report; 0 when nothing is left above informational."""
    parser = argparse.ArgumentParser(prog="python -m scripts.assurance.slither", description="static analysis")
    parser.add_argument("--fresh", action="store_true", help="analyse though these sources have passed before")
    request = analysed_input()
    digest = hashlib.sha256(json.dumps(request).encode() + tools.REQUIREMENTS.read_bytes()).hexdigest()
    if not parser.parse_args(arguments).fresh and PASSED.exists() and PASSED.read_text() == digest:
        print("slither: these sources have passed")
        return 0
    try:
        findings = analyse(request)
    except AnalysisError as error:
        print(error, file=sys.stderr)
        return 1
    problems = [*unreasoned(request), *serious(findings), *unused(findings)]
    counts = Counter(f"{found['impact']}: {found['check']}" for found in findings)
    print("\n".join([*(f"{count:4} {kind}" for kind, count in sorted(counts.items())), *problems]))
    if not problems:
        PASSED.write_text(digest)
    return int(bool(problems))


def analysed_input() -> dict[str, Any]:
    """Standard JSON of all contracts of ours, with the outputs that the analysis wants."""
    request = project.compiler_input([project.source_name(path) for path in sorted(project.CONTRACTS.rglob("*.sol"))])
    outputs = ["abi", "metadata", "devdoc", "userdoc", "evm.bytecode", "evm.deployedBytecode"]
    request["settings"]["outputSelection"] = {"*": {"*": outputs, "": ["ast"]}}
    return request


def analyse(request: dict[str, Any]) -> list[dict[str, Any]]:
    """All findings in sources of ours; AnalysisError when slither could not work."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    source = FOLDER / "input.json"
    source.write_text(json.dumps(request), encoding="utf-8")
    ANSWER.unlink(missing_ok=True)
    version = str(project.configuration()["version"])
    command = [str(tools.program("slither")), str(source), "--compile-force-framework", "solc-json"]
    command += ["--solc", str(project.SOLCX / f"solc-v{version}"), "--json", str(ANSWER)]
    command += ["--filter-paths", "@openzeppelin", "--exclude-dependencies", "--warn-unused-ignores"]
    done = subprocess.run(command, cwd=project.ROOT, capture_output=True, text=True, check=False)
    answer = json.loads(ANSWER.read_text(encoding="utf-8")) if ANSWER.exists() else {}
    if not answer.get("success"):
        raise AnalysisError(f"slither failed: {answer.get('error') or done.stderr[-2000:]}")
    return list(answer["results"].get("detectors", []))


def serious(findings: list[dict[str, Any]]) -> list[str]:
    """What is above informational, in slither's words."""
    return [f"{found['impact']}: {found['description'].strip()}" for found in findings if found["impact"] != HARMLESS]


def unused(findings: list[dict[str, Any]]) -> list[str]:
    """Comments in our sources that switch nothing off."""
    comments = [one for found in findings for one in found.get("unused_ignores", [])]
    ours = sorted({(str(one["file"]), int(one["line"])) for one in comments if "node_modules" not in str(one["file"])})
    return [f"{file}:{line}: slither-disable without effect" for file, line in ours]


def unreasoned(request: dict[str, Any]) -> list[str]:
    """Comments that switch a finding off and don't say why."""
    return [
        f"{name}:{number}: slither-disable without a reason (` -- why`)"
        for name, source in request["sources"].items()
        if not name.startswith("@")
        for number, line in enumerate(source["content"].splitlines(), 1)
        if (found := DISABLED.search(line)) and not REASONED.match(found["rest"])
    ]


if __name__ == "__main__":
    sys.exit(main())
