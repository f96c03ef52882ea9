"""Compile the lock files from requirements*.in and package.json: every package pinned by hash, no index address inside.

Run by `make lock`. Two things of npm need a hand:

- `npm ci` accepts a lock file without download addresses, but npm writes a correct one only with them, so they are cut out after;
- an optional package for another platform that the registry in use doesn't carry is left out of the lock, and `npm ci`
  then calls the lock stale. Such a package gets an entry with its version and platform, without integrity: it is never
  installed on the platforms whose packages are locked.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
OLDEST_PYTHON = "3.11"
SYSTEMS = {"darwin", "linux", "win32"}
PROCESSORS = {"amd64": "x64", "arm64": "arm64"}


def main() -> int:
    """Write requirements*.txt and package-lock.json anew."""
    for name in ("requirements", "requirements-dev", "requirements-node", "requirements-audit"):
        lock_python(name, sys.argv[1:])
    lock_python("requirements-ops", ["--no-deps", *sys.argv[1:]])  # lists all that it needs
    lock_npm()
    return 0


def lock_python(name: str, arguments: list[str]) -> None:
    """Compile `<name>.in` to `<name>.txt` for every Python from the oldest supported one on."""
    flags = ["--universal", "--python-version", OLDEST_PYTHON, "--generate-hashes"]
    silent = ["--quiet", "--no-header", "--no-emit-index-url", "--no-emit-find-links"]
    command = [".venv/bin/uv", "pip", "compile", *flags, *silent, f"{name}.in", "-o", f"{name}.txt", *arguments]
    cache = {"UV_CACHE_DIR": str(ROOT / "build/cache/uv")}
    subprocess.run(command, cwd=ROOT, check=True, env={**cache, **os.environ})


def lock_npm() -> None:
    """Resolve package.json and write package-lock.json without addresses."""
    flags = [
        "--package-lock-only",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--omit-lockfile-registry-resolved=false",
    ]
    subprocess.run(["npm", "install", *flags], cwd=ROOT, check=True)
    path = ROOT / "package-lock.json"
    lock = json.loads(path.read_text())
    complete(lock["packages"])
    path.write_text(json.dumps(lock, indent=2, ensure_ascii=False) + "\n")


def complete(packages: dict[str, dict[str, Any]]) -> None:
    """Cut the addresses and add the platform packages that the registry in use lacks."""
    for entry in list(packages.values()):
        entry.pop("resolved", None)
        for name, version in entry.get("optionalDependencies", {}).items():
            place = f"node_modules/{name}"
            rest, _, processor = name.rpartition("-")
            system = rest.rpartition("-")[2]
            if place not in packages and system in SYSTEMS:
                packages[place] = platform_entry(version, system, processor)
                packages[place] |= {"dev": True} if entry.get("dev") else {}
    ordered = dict(sorted(packages.items()))
    packages.clear()
    packages.update(ordered)


def platform_entry(version: str, system: str, processor: str) -> dict[str, Any]:
    """What npm would write for a package made for one operating system and processor."""
    return {"version": version, "cpu": [PROCESSORS[processor]], "optional": True, "os": [system]}


if __name__ == "__main__":
    sys.exit(main())
