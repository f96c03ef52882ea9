"""Environments of tools, made on demand apart from `.venv`, whose ape wants another web3:

    build/audit-venv   slither and halmos             requirements-audit.txt
    build/ops-venv     helm and schemas of Kubernetes requirements-ops.txt

Every package is verified by its hash. A stamp holds the digest of the lock file, so a repeat costs nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import sys
from pathlib import Path

from scripts import setup

ROOT = setup.ROOT
HOME = setup.BUILD / "audit-venv"
REQUIREMENTS = ROOT / "requirements-audit.txt"


def program(name: str, home: Path = HOME, requirements: Path = REQUIREMENTS) -> Path:
    """A program of an environment (`slither`, `halmos`), installed first where the lock file changed."""
    setup.BUILD.mkdir(exist_ok=True)
    with (setup.BUILD / f"{home.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two checks at once must not install twice
        install(home, requirements)
    return home / "bin" / name


def install(home: Path = HOME, requirements: Path = REQUIREMENTS) -> None:
    """Make an environment unless its stamp is that of the lock file; CalledProcessError when a package can't be had."""
    stamp = home / "stamp"
    digest = hashlib.sha256(f"{sys.version} {ROOT}".encode() + requirements.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(home)], check=True)
    python = home / "bin/python"
    environment = setup.tool_environment()
    try:
        flags = ["--quiet", "--require-hashes", "--index-strategy", "unsafe-best-match"]
        settings = {**setup.uv_settings(setup.VENV / "bin/python"), **environment, "VIRTUAL_ENV": str(home)}
        setup.run([setup.VENV / "bin/uv", "pip", "sync", *flags, requirements], settings)
    except (subprocess.CalledProcessError, FileNotFoundError):
        print(f"{home.name}: uv did not manage; pip takes over (slower)", flush=True)
        flags = ["--quiet", "--no-deps", "--require-hashes", "-r", str(requirements)]
        setup.run([setup.VENV / "bin/python", "-m", "pip", "--python", python, "install", *flags], environment)
    stamp.write_text(digest)
