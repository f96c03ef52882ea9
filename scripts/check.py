"""Every static check of the project in one command, each with its own verdict; the exit code tells whether all passed.

python -m scripts.check           everything
python -m scripts.check ruff mypy only the named ones
"""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv" / "bin"

CHECKS: dict[str, list[str]] = {
    "ruff": [str(VENV / "ruff"), "check", "."],
    "format": [str(VENV / "ruff"), "format", "--check", "."],
    "mypy": [str(VENV / "mypy")],
    "imports": [str(VENV / "lint-imports"), "--no-logo"],
    "solhint": [
        str(ROOT / "build/bin/node"),
        str(ROOT / "node_modules/solhint/solhint.js"),
        "--noPoster",
        "--disc",
        "--max-warnings=0",
        "contracts/**/*.sol",
    ],
    "slither": [str(VENV / "python"), "-m", "scripts.assurance.slither"],
    "djlint": [str(VENV / "djlint"), "--quiet", "--lint", "backend/web/templates"],
    "architecture": [str(VENV / "python"), "-m", "pytest", "-q", "tests/architecture"],
}


def main(names: list[str]) -> int:
    """Run the named checks (all when none is named); 0 when every one passed, 2 for an unknown name."""
    unknown = set(names) - set(CHECKS)
    if unknown:
        print(f"no such check: {', '.join(sorted(unknown))}; there are {', '.join(CHECKS)}", file=sys.stderr)
        return 2
    failed = [name for name in (names or CHECKS) if not passes(name)]
    print(f"check: {'failed: ' + ', '.join(failed) if failed else 'all passed'}")
    return int(bool(failed))


def passes(name: str) -> bool:
    """Run one check; its output is shown only when it fails."""
    started = time.monotonic()
    result = subprocess.run(CHECKS[name], cwd=ROOT, capture_output=True, text=True, check=False)
    verdict = "passed" if result.returncode == 0 else "FAILED"
    print(f"check: {name} {verdict} ({time.monotonic() - started:.1f} s)", flush=True)
    if result.returncode:
        print(result.stdout + result.stderr, flush=True)
    return result.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
