"""The interfaces are the documentation of the contracts: nothing in them goes without a word."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

INTERFACES = Path(__file__).resolve().parents[2] / "contracts" / "interfaces"
SAID = re.compile(r"^(function|event|error)\s+(\w+)")


@pytest.mark.parametrize("path", sorted(INTERFACES.glob("*.sol")), ids=lambda path: path.stem)
def test_every_function_event_and_error_is_documented(path: Path) -> None:
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    silent = [
        found.group(2)
        for before, line in itertools.pairwise(lines)
        if (found := SAID.match(line)) and not before.startswith("///")
    ]
    assert silent == []
