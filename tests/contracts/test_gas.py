"""Gas of the main acts: each within its budget and where the committed snapshot has it.

`make bench-gas` shows the figures and writes them to build/bench/gas.json; `GAS_SNAPSHOT=write make bench-gas` renews the snapshot.
"""

from __future__ import annotations

import json
import os

import pytest

from tests.contracts import gas_figures
from tests.contracts.gas_figures import BUDGETS, GROUPS, SNAPSHOT, TOLERANCE, snapshot
from tests.contracts.system import System


@pytest.mark.parametrize("group", GROUPS)
def test_gas_is_within_the_budget_and_that_of_the_snapshot(system: System, group: str) -> None:
    figures = GROUPS[group](system)
    gas_figures.record(figures)
    for key, gas in figures.items():
        print(f"gas: {key}: {gas:,}" + (f" of {BUDGETS[key]:,}" if key in BUDGETS else ""))
    if os.environ.get("GAS_SNAPSHOT") == "write":
        SNAPSHOT.write_text(json.dumps(dict(sorted({**snapshot(), **figures}.items())), indent=1) + "\n")

    assert {key: gas for key, gas in figures.items() if gas > BUDGETS.get(key, gas)} == {}
    known = snapshot()
    moved = {
        key: (gas, known.get(key)) for key, gas in figures.items() if abs(gas - known.get(key, 0)) > TOLERANCE * gas
    }
    assert moved == {}, "(measured, snapshot): a better figure belongs into the snapshot, a worse one wants a reason"


def test_every_budget_is_measured() -> None:
    assert BUDGETS.keys() <= snapshot().keys()
