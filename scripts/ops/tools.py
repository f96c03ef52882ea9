"""helm, kubernetes-validate and promtool: where they are, or why not.

The helm program comes inside a Python package (for Linux on x86-64); elsewhere the one on the search path is taken. promtool is part of Debian's
package ``prometheus``.
"""

from __future__ import annotations

import fcntl
import platform
import shutil
import subprocess
import tarfile
import zipfile
from io import BytesIO
from pathlib import Path

from scripts import setup
from scripts.assurance import tools

HOME = setup.BUILD / "ops-venv"
REQUIREMENTS = setup.ROOT / "requirements-ops.txt"
PACKED = "aws_cdk/*/_jsii/*.jsii.tgz"
INSIDE = "package/lib/layer.zip"


class ToolMissingError(RuntimeError):
    """A program can't be had; the message says how to install it."""


def python() -> Path:
    """Python of the environment with kubernetes_validate and jsonschema."""
    try:
        return tools.program("python", HOME, REQUIREMENTS)
    except (subprocess.CalledProcessError, OSError) as error:
        raise ToolMissingError(f"packages of requirements-ops.txt can't be installed: {error}") from error


def helm() -> Path:
    """The helm program. Raises ToolMissingError."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        return on_path("helm", "helm has no package for this machine: install it and put it on the search path")
    python()
    program = HOME / "bin/helm"
    with (setup.BUILD / "ops-venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            _unpack(program)
    return program


def promtool() -> Path:
    """The promtool program. Raises ToolMissingError."""
    return on_path("promtool", "promtool is missing; install it with: apt-get install -y prometheus")


def on_path(name: str, hint: str) -> Path:
    """A program of the machine. Raises ToolMissingError with the hint."""
    found = shutil.which(name)
    if found is None:
        raise ToolMissingError(hint)
    return Path(found)


def _unpack(program: Path) -> None:
    packed = next(HOME.glob(f"lib/python*/site-packages/{PACKED}"), None)
    if packed is None:
        raise ToolMissingError("the package with helm is not in build/ops-venv; remove that folder and try again")
    with tarfile.open(packed) as archive:
        layer = archive.extractfile(INSIDE)
        if layer is None:
            raise ToolMissingError(f"{packed.name} has no {INSIDE}")
        content = zipfile.ZipFile(BytesIO(layer.read())).read("helm/helm")
    draft = program.with_suffix(".new")
    draft.write_bytes(content)
    draft.chmod(0o755)
    draft.rename(program)
