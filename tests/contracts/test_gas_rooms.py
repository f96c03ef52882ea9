"""What the rooms' own acts cost; the figures are printed (`-s`), the limits are those of a block shared with everybody else."""

import pytest

from scripts.deployment_plan import ROOMS
from tests.contracts import compiled
from tests.contracts.system import COMPLIANCE, DAY, FREE, digest

CODE_LIMIT = 24_576  # EIP-170
INITCODE_LIMIT = 49_152  # EIP-3860
CARRIED_LIMIT = 24_575  # what one data contract of the registry can hold


@pytest.mark.parametrize("name", [*ROOMS, "DigitalAsset"])
def test_every_contract_fits_the_limits_of_code(name):
    made = compiled.artifact(name)

    assert len(bytes.fromhex(made["deployedBytecode"][2:])) < CODE_LIMIT
    assert len(bytes.fromhex(made["bytecode"][2:])) < INITCODE_LIMIT


def test_acts_of_cash_and_officers_stay_within_their_budgets(system, evm, people, rubles, participants):
    system.admit(people.alice, people.bob, classes=FREE)
    system.make_venue()
    system.credit(people.alice, 10_000)
    rubles.hold(people.alice, 1_000, sender=people.venue)
    costs = {
        "credit again": (system.credit(people.alice, 10).gas, 75_000),
        "hold again": (rubles.hold(people.alice, 10, sender=people.venue).gas, 50_000),
        "pay from escrow": (rubles.pay(people.alice, people.bob, 10, True, sender=people.venue).gas, 80_000),
        "block": (system.block(people.bob).gas, 40_000),
        "reserve the limit": (participants.reserveLimit(people.alice, 1, sender=people.venue).gas, 45_000),
    }
    data = participants.unblock.data(people.bob)
    proposed = system.contract("FourEyes").propose(
        participants, data, digest("r"), digest("d"), evm.now() + DAY, sender=people.pair(COMPLIANCE)[0]
    )
    costs["propose"] = (proposed.gas, 165_000)

    for act, (gas, budget) in costs.items():
        print(f"gas: {act}: {gas} of {budget}")
    assert [act for act, (gas, budget) in costs.items() if gas > budget] == []


def test_the_code_of_a_token_fits_into_what_the_registry_carries():
    assert len(bytes.fromhex(compiled.artifact("DigitalAsset")["bytecode"][2:])) <= CARRIED_LIMIT
