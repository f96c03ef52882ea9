"""Gas of the token's moves against their budgets: whole transactions, every rule in force. `pytest -rP` shows the figures."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts import compiled, tokens
from tests.contracts.system import DAY, LIMIT, ORDER, System
from tests.contracts.tokens import BASIS, make_token

TRANSFER_BUDGET = 46_000
DEPLOYED_LIMIT = 24_576  # EIP-170
CARRIED_LIMIT = 24_575  # what one data contract of the registry can hold


@pytest.fixture
def ready(system: System) -> System:
    tokens.prepare(system)
    return system


def test_transfer_between_existing_holders(ready: System) -> None:
    """Access class, burn on issuer, lock-up over, twelve record dates to come: what an ordinary issue has."""
    people, start = ready.people, ready.evm.now()
    dates = [start + 30 * DAY * month for month in range(1, 13)]
    rules: dict[str, Any] = {
        "accessClass": LIMIT,
        "burnOnIssuerAcquire": True,
        "lockedUntil": start + 60,
        "recordDates": dates,
    }
    token = make_token(ready, bob=100, **rules)
    ready.evm.wait(120)
    gas = token.transfer(people.bob, 10, sender=people.alice).gas
    print(f"{gas} gas")
    assert gas <= TRANSFER_BUDGET


def test_delivery_costs_little_more_than_a_transfer(ready: System) -> None:
    people, token = ready.people, make_token(ready, bob=100)
    token.encumber(people.alice, ORDER, 100, 0, BASIS, sender=people.venue)
    gas = token.deliver(1, people.bob, 50, sender=people.venue).gas
    print(f"{gas} gas")
    assert gas <= 65_000


def test_issue_to_a_new_holder(ready: System) -> None:
    """The token's part of settling an order; a batch saves the 21,000 of the transaction itself."""
    people, token = ready.people, make_token(ready)
    gas = token.issueUnits(people.bob, 50, sender=people.venue).gas
    print(f"{gas} gas")
    assert gas - 21_000 <= 45_000


def test_the_code_fits_where_it_must() -> None:
    made = compiled.artifact("DigitalAsset")
    assert len(made["deployedBytecode"]) // 2 - 1 <= DEPLOYED_LIMIT
    assert len(made["bytecode"]) // 2 - 1 <= CARRIED_LIMIT
