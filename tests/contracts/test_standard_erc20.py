"""EIP-20 as its text has it, on a token of the register; refusals of EIP-6093 where they belong to the standard."""

from __future__ import annotations

import pytest

from tests.contracts import tokens
from tests.contracts.evm import Contract, refused
from tests.contracts.system import NO_ADDRESS, System
from tests.contracts.tokens import make_token

UNLIMITED = 2**256 - 1


@pytest.fixture
def token(system: System) -> Contract:
    tokens.prepare(system)
    return make_token(system, alice=100, bob=50)


def test_supply_is_the_sum_of_balances(token: Contract, system: System) -> None:
    people = system.people
    assert token.totalSupply() == sum(token.balanceOf(who) for who in (people.alice, people.bob)) == 150
    assert token.balanceOf(people.stranger) == 0


def test_transfer_moves_fires_the_event_and_answers_true(token: Contract, system: System) -> None:
    """Transfers units `_value` to `_to`, and MUST fire the Transfer event; callers MUST be able to rely on the answer."""
    people = system.people
    assert token.transfer.call(people.bob, 30, sender=people.alice) is True
    event = token.transfer(people.bob, 30, sender=people.alice).event("Transfer")
    assert dict(event) == {"from": people.alice, "to": people.bob, "value": 30}
    assert (token.balanceOf(people.alice), token.balanceOf(people.bob)) == (70, 80)


def test_transfer_of_more_than_there_is_is_refused(token: Contract, system: System) -> None:
    """The function SHOULD throw if the caller's balance does not have enough tokens."""
    with refused("UnitsInsufficient", holder=system.people.alice, free=100, wanted=101):
        token.transfer(system.people.bob, 101, sender=system.people.alice)


def test_transfer_of_nothing_is_a_normal_transfer(token: Contract, system: System) -> None:
    """Transfers of 0 values MUST be treated as normal transfers and fire the Transfer event."""
    people = system.people
    assert token.transfer(people.bob, 0, sender=people.alice).event("Transfer").value == 0
    assert token.transferFrom(people.alice, people.bob, 0, sender=people.carol).event("Transfer").value == 0


def test_new_units_come_from_the_zero_address(token: Contract, system: System) -> None:
    """A token contract which creates new tokens SHOULD trigger a Transfer event with the _from address set to 0x0."""
    event = token.issueUnits(system.people.bob, 5, sender=system.people.venue).event("Transfer")
    assert dict(event) == {"from": NO_ADDRESS, "to": system.people.bob, "value": 5}


def test_approve_is_told_and_overwritten(token: Contract, system: System) -> None:
    """If called again it overwrites the current allowance; MUST trigger on any successful call to approve."""
    people = system.people
    assert token.approve.call(people.carol, 40, sender=people.alice) is True
    for units in (40, 15):
        event = token.approve(people.carol, units, sender=people.alice).event("Approval")
        assert dict(event) == {"owner": people.alice, "spender": people.carol, "value": units}
        assert token.allowance(people.alice, people.carol) == units


def test_transfer_from_spends_the_allowance(token: Contract, system: System) -> None:
    """SHOULD throw unless the _from account has deliberately authorized the sender."""
    people = system.people
    token.approve(people.carol, 40, sender=people.alice)
    assert token.transferFrom.call(people.alice, people.bob, 30, sender=people.carol) is True
    token.transferFrom(people.alice, people.bob, 30, sender=people.carol)
    assert (token.allowance(people.alice, people.carol), token.balanceOf(people.bob)) == (10, 80)
    with refused("ERC20InsufficientAllowance", spender=people.carol, allowance=10, needed=11):
        token.transferFrom(people.alice, people.bob, 11, sender=people.carol)


def test_an_allowance_without_end_stays(token: Contract, system: System) -> None:
    people = system.people
    token.approve(people.carol, UNLIMITED, sender=people.alice)
    token.transferFrom(people.alice, people.bob, 30, sender=people.carol)
    assert token.allowance(people.alice, people.carol) == UNLIMITED


def test_a_refused_transfer_from_spends_nothing(token: Contract, system: System) -> None:
    people = system.people
    token.approve(people.carol, 400, sender=people.alice)
    with refused("UnitsInsufficient"):
        token.transferFrom(people.alice, people.bob, 101, sender=people.carol)
    assert token.allowance(people.alice, people.carol) == 400


def test_nobody_approves_the_zero_address(token: Contract, system: System) -> None:
    with refused("ERC20InvalidSpender", spender=NO_ADDRESS):
        token.approve(NO_ADDRESS, 1, sender=system.people.alice)


def test_nothing_goes_to_the_zero_address(token: Contract, system: System) -> None:
    with refused("ReceiverInvalid", to=NO_ADDRESS):
        token.transfer(NO_ADDRESS, 1, sender=system.people.alice)


# --- what a wallet and an explorer see -------------------------------------------------------------------------------


def test_a_wallet_reads_name_symbol_and_whole_units(token: Contract) -> None:
    assert (token.overload("name()")(), token.symbol(), token.decimals()) == ("Выпуск ЦФА-1", "ЦФА-1", 0)


def test_an_explorer_finds_balances_in_the_logs_alone(token: Contract, system: System) -> None:
    """The topics of EIP-20: an explorer that knows nothing of us still follows the units."""
    people, evm = system.people, system.evm
    token.transfer(people.bob, 30, sender=people.alice)
    token.redeem([people.bob], [20], sender=people.venue)
    topic = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
    logs = evm.rpc("eth_getLogs", {"address": token.address, "fromBlock": "0x0", "topics": [topic]})
    units: dict[str, int] = {}
    for log in logs:
        source, to = (f"0x{one[26:]}" for one in log["topics"][1:])
        units[source] = units.get(source, 0) - int(log["data"], 16)
        units[to] = units.get(to, 0) + int(log["data"], 16)
    assert (units[people.alice.lower()], units[people.bob.lower()]) == (70, 60)
    assert -units[NO_ADDRESS] == token.totalSupply() == 130


def test_burning_for_the_issuer_is_a_transfer_to_the_zero_address(system: System) -> None:
    tokens.prepare(system)
    people, token = system.people, make_token(system, burnOnIssuerAcquire=True)
    events = token.transfer(people.issuer, 10, sender=people.alice).events("Transfer")
    assert [(e["from"], e.to, e.value) for e in events] == [
        (people.alice, people.issuer, 10),
        (people.issuer, NO_ADDRESS, 10),
    ]
