"""Tools of operators' files; a missing one is a skip with the command that installs it, and a failure with CI=true."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.ops import tools

ROOT = Path(__file__).resolve().parents[2]
NETWORK = ROOT / "besu-network"


def wanted(tool: Callable[[], Path]) -> Path:
    try:
        return tool()
    except tools.ToolMissingError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def helm() -> Path:
    return wanted(tools.helm)


@pytest.fixture(scope="session")
def ops_python() -> Path:
    return wanted(tools.python)


@pytest.fixture(scope="session")
def promtool() -> Path:
    return wanted(tools.promtool)
