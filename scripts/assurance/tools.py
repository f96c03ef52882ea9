"""The environment of slither and halmos, build/audit-venv: made on demand, apart from `.venv`, whose ape wants another web3.

Every package of requirements-audit.txt is verified by its hash. A stamp holds the digest of that file, so a repeat costs nothing.
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


def program(name: str) -> Path:
    """A program of the environment (`slither`, `halmos`), installed first where the lock file changed."""
    setup.BUILD.mkdir(exist_ok=True)
    with (setup.BUILD / "audit-venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two checks at once must not install twice
        install()
    return HOME / "bin" / name


def install() -> None:
    """Make the environment unless its stamp is that of the lock file; CalledProcessError when a package can't be had."""
    stamp = HOME / "stamp"
    digest = hashlib.sha256(f"{sys.version} {ROOT}".encode() + REQUIREMENTS.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(HOME)], check=True)
    python = HOME / "bin/python"
    environment = setup.tool_environment()
    try:
        flags = ["--quiet", "--require-hashes", "--index-strategy", "unsafe-best-match"]
        settings = {**setup.uv_settings(setup.VENV / "bin/python"), **environment, "VIRTUAL_ENV": str(HOME)}
        setup.run([setup.VENV / "bin/uv", "pip", "sync", *flags, REQUIREMENTS], settings)
    except (subprocess.CalledProcessError, FileNotFoundError):
        print("audit: uv did not manage; pip takes over (slower)", flush=True)
        flags = ["--quiet", "--no-deps", "--require-hashes", "-r", str(REQUIREMENTS)]
        setup.run([setup.VENV / "bin/python", "-m", "pip", "--python", python, "install", *flags], environment)
    stamp.write_text(digest)
