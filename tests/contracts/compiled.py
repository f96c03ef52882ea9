"""Artifacts for the tests, always fresh: each contract is compiled with the files it imports and cached by their digest.

A broken file elsewhere in contracts/ therefore stops only the tests that need it.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

from scripts import compile as project

CACHE = project.ROOT / "build" / "test-artifacts"
OF_TESTS = project.ROOT / "tests" / "contracts" / "forge"
CompilationError = project.CompilationError


@cache
def artifact(name: str) -> project.Artifact:
    """The artifact of the contract `name`, shaped like those of build/contracts; CompilationError if it does not compile."""
    unit = source_of(name)
    request = project.compiler_input([unit])
    digest = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
    place = CACHE / f"{name}-{digest[:24]}.json"
    if not place.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        output = project.run_compiler(request)
        project.replace(place, project.artifact(unit, name, output["contracts"][unit][name]))
    made: project.Artifact = json.loads(place.read_text(encoding="utf-8"))
    return made


def source_of(name: str) -> str:
    """Source name of the one file `<name>.sol`, of the project or of its tests; CompilationError when there is none."""
    if name == "AccessManager":
        return project.ACCESS_MANAGER
    folders = (project.CONTRACTS, OF_TESTS)
    found = [path for folder in folders for path in folder.rglob(f"{name}.sol") if not hidden(path)]
    if len(found) != 1:
        raise CompilationError(f"{name}.sol: {len(found)} files of that name")
    return project.source_name(found[0])


def hidden(path: Path) -> bool:
    """Does the file lie in a folder that a tool keeps for itself?"""
    return any(part.startswith(".") for part in path.relative_to(project.ROOT).parts)
