"""For every test: the project's own tools are found, and what they write stays inside the project."""

import os
from pathlib import Path

from tests.factories.postgres import database_url, pg_url

__all__ = ["database_url", "pg_url"]

ROOT = Path(__file__).resolve().parent.parent


def pytest_configure() -> None:
    """The environment that the Makefile gives its commands, for a pytest started by hand too."""
    folders = [str(ROOT / "build/bin"), str(ROOT / ".venv/bin"), str(ROOT / "node_modules/.bin")]
    known = os.environ.get("PATH", os.defpath).split(os.pathsep)
    os.environ["PATH"] = os.pathsep.join([*(folder for folder in folders if folder not in known), *known])
    os.environ.setdefault("SOLCX_BINARY_PATH", str(ROOT / "build/solcx"))
    os.environ.setdefault("APE_DATA_FOLDER", str(ROOT / "build/ape"))
    os.environ.setdefault("ETH_HASH_BACKEND", "pysha3")
