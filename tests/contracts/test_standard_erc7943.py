"""ERC-7943 (uRWA, fungible) as its text has it: questions that never revert, frozen units, forced transfers.

Ours is a permissioned context of several parties: four eyes stand before `forcedTransfer`, so it passes what is frozen, and says so first.
"""

from __future__ import annotations

import pytest

from tests.contracts import tokens
from tests.contracts.evm import Contract, refused
from tests.contracts.system import NO_ADDRESS, System
from tests.contracts.tokens import BOARD, make_token

HUGE = 2**256 - 1


@pytest.fixture
def token(system: System) -> Contract:
    tokens.prepare(system)
    return make_token(system, alice=100, bob=50)


def seize(token: Contract, source: str, to: str, units: int, sender: str = BOARD):
    return token.overload("forcedTransfer(address,address,uint256)")(source, to, units, sender=sender)


# --- canSend, canReceive, canTransfer, getFrozenTokens ---------------------------------------------------------------


def test_questions_never_revert(token: Contract, system: System) -> None:
    people = system.people
    for who in (people.alice, people.stranger, NO_ADDRESS, token.address, BOARD):
        assert token.canSend(who) is (who == people.alice)
        assert token.canReceive(who) is (who == people.alice)
        assert token.getFrozenTokens(who) == 0
        assert token.canTransfer(people.alice, who, HUGE) is False
        assert token.canTransfer(who, people.bob, HUGE) is False


def test_eligibility_asks_for_no_amount_and_no_counterparty(token: Contract, system: System) -> None:
    """MUST NOT encode quantitative rules: who has nothing, or everything frozen, is still eligible."""
    people = system.people
    token.setFrozenTokens(people.alice, 1_000, sender=people.compliance1)
    assert token.canSend(people.alice) is True
    assert token.canSend(people.carol) is True


def test_can_transfer_counts_frozen_units(token: Contract, system: System) -> None:
    """MUST validate that the amount doesn't exceed the unfrozen amount."""
    people = system.people
    token.setFrozenTokens(people.alice, 70, sender=people.compliance1)
    assert token.canTransfer(people.alice, people.bob, 30) is True
    assert token.canTransfer(people.alice, people.bob, 31) is False


def test_can_transfer_asks_both_parties(token: Contract, system: System) -> None:
    """MUST perform a canSend check on `from` and a canReceive check on `to`."""
    people = system.people
    system.block(people.bob)
    assert (token.canSend(people.bob), token.canReceive(people.bob)) == (False, False)
    assert token.canTransfer(people.alice, people.bob, 1) is False
    assert token.canTransfer(people.bob, people.alice, 1) is False


def test_can_transfer_is_false_for_any_permissioned_rule(token: Contract, system: System) -> None:
    """A pausing mechanism, for one."""
    token.setPaused(True, sender=BOARD)
    assert token.canTransfer(system.people.alice, system.people.bob, 1) is False


@pytest.mark.parametrize("obstacle", ["pause", "block", "freeze"])
def test_public_transfers_never_pass_what_the_question_denies(token: Contract, system: System, obstacle: str) -> None:
    people = system.people
    token.approve(people.carol, 10, sender=people.alice)
    if obstacle == "pause":
        token.setPaused(True, sender=BOARD)
    elif obstacle == "block":
        system.block(people.alice)
    else:
        token.setFrozenTokens(people.alice, 100, sender=people.compliance1)
    assert token.canTransfer(people.alice, people.bob, 10) is False
    error = {"pause": "AssetIsPaused", "block": "ParticipantIsBlocked", "freeze": "UnitsInsufficient"}[obstacle]
    with refused(error):
        token.transfer(people.bob, 10, sender=people.alice)
    with refused(error):
        token.transferFrom(people.alice, people.bob, 10, sender=people.carol)


# --- setFrozenTokens -------------------------------------------------------------------------------------------------


def test_freezing_is_told_overwrites_and_may_exceed_the_balance(token: Contract, system: System) -> None:
    people = system.people
    for units in (40, 1_000):
        receipt = token.setFrozenTokens(people.alice, units, sender=people.compliance1)
        assert dict(receipt.event("Frozen")) == {"account": people.alice, "amount": units}
        assert token.getFrozenTokens(people.alice) == units
    assert token.setFrozenTokens.call(people.alice, 1_001, sender=people.compliance1) is True


def test_freezing_holds_back_units_to_come(token: Contract, system: System) -> None:
    people = system.people
    token.setFrozenTokens(people.alice, 120, sender=people.compliance1)
    token.transfer(people.alice, 30, sender=people.bob)
    assert token.canTransfer(people.alice, people.bob, 10) is True
    assert token.canTransfer(people.alice, people.bob, 11) is False


def test_freezing_is_restricted(token: Contract, system: System) -> None:
    for who in (system.people.alice, system.people.stranger, system.people.registrar1):
        with refused("RoleRequired"):
            token.setFrozenTokens(system.people.alice, 1, sender=who)


# --- forcedTransfer --------------------------------------------------------------------------------------------------


def test_a_forced_transfer_fires_both_events_and_answers_true(token: Contract, system: System) -> None:
    people = system.people
    function = token.overload("forcedTransfer(address,address,uint256)")
    assert function.call(people.alice, people.bob, 10, sender=BOARD) is True
    receipt = seize(token, people.alice, people.bob, 10)
    assert dict(receipt.event("Transfer")) == {"from": people.alice, "to": people.bob, "value": 10}
    assert dict(receipt.event("ForcedTransfer")) == {"from": people.alice, "to": people.bob, "amount": 10}


def test_frozen_units_are_unfrozen_before_they_are_taken(token: Contract, system: System) -> None:
    """MUST unfreeze the assets first and emit Frozen before the transfer's event."""
    people = system.people
    token.setFrozenTokens(people.alice, 90, sender=people.compliance1)
    receipt = seize(token, people.alice, people.bob, 30)
    assert [event.name for event in receipt.logs][:3] == ["Frozen", "Transfer", "ForcedTransfer"]
    assert receipt.event("Frozen").amount == 70
    assert (token.getFrozenTokens(people.alice), token.balanceOf(people.alice)) == (70, 70)


def test_units_not_frozen_are_taken_first(token: Contract, system: System) -> None:
    people = system.people
    token.setFrozenTokens(people.alice, 90, sender=people.compliance1)
    assert seize(token, people.alice, people.bob, 10).events("Frozen") == []
    assert token.getFrozenTokens(people.alice) == 90


def test_a_forced_transfer_is_restricted_and_validated(token: Contract, system: System) -> None:
    """MUST be restricted in access, check the balance, and revert where canReceive is false."""
    people = system.people
    for who in (people.alice, people.registrar1, people.venue):
        with refused("RoleRequired"):
            seize(token, people.alice, people.bob, 1, sender=who)
    with refused("UnitsInsufficient", holder=people.alice, free=100, wanted=101):
        seize(token, people.alice, people.bob, 101)
    with refused("ParticipantNotAdmitted", who=people.stranger):
        seize(token, people.alice, people.stranger, 1)
    with refused("UnitsOverflow"):
        seize(token, people.alice, people.bob, 2**64)


# --- minting and burning in a permissioned context -------------------------------------------------------------------


def test_new_units_reach_only_those_who_can_receive(token: Contract, system: System) -> None:
    with refused("ParticipantNotAdmitted", who=system.people.stranger):
        token.issueUnits(system.people.stranger, 1, sender=system.people.venue)


def test_a_burn_of_frozen_units_lowers_the_frozen_amount_first(token: Contract, system: System) -> None:
    people = system.people
    token.setFrozenTokens(people.alice, 100, sender=people.compliance1)
    receipt = token.redeem([people.alice], [100], sender=people.venue)
    assert [event.name for event in receipt.logs] == ["Frozen", "Transfer"]
    assert (token.getFrozenTokens(people.alice), token.totalSupply()) == (0, 50)
