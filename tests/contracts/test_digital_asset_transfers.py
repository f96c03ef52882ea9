"""Transfers of a holder: what passes, every refusal with its values, and the question that gives the same answer as the deed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.contracts import tokens
from tests.contracts.evm import Contract, Refused, refused
from tests.contracts.system import ADMITTED_UNTIL, FREE, NO_ADDRESS, QUAL, YEAR, System, account
from tests.contracts.tokens import BOARD, make_token

UNLIMITED = 2**256 - 1


@pytest.fixture
def ready(system: System) -> System:
    tokens.prepare(system)
    return system


def test_transfer_moves_units_and_tells(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    receipt = token.transfer(people.bob, 30, sender=people.alice)
    assert (token.balanceOf(people.alice), token.balanceOf(people.bob)) == (70, 30)
    assert dict(receipt.event("Transfer")) == {"from": people.alice, "to": people.bob, "value": 30}
    assert (token.totalSupply(), token.holderCount()) == (100, 2)


def test_transfer_of_the_last_unit_ends_being_a_holder(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    token.transfer(people.bob, 100, sender=people.alice)
    assert (token.balanceOf(people.alice), token.holderCount()) == (0, 1)


def test_transfer_of_nothing_changes_nothing(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    receipt = token.transfer(people.bob, 0, sender=people.alice)
    assert receipt.event("Transfer").value == 0
    assert (token.balanceOf(people.bob), token.holderCount(), token.totalSupply()) == (0, 1, 100)


@pytest.mark.parametrize("units", [0, 40, 100])
def test_transfer_to_oneself_changes_nothing(ready: System, units: int) -> None:
    alice, token = ready.people.alice, make_token(ready)
    token.transfer(alice, units, sender=alice)
    assert (token.balanceOf(alice), token.freeUnits(alice), token.holderCount()) == (100, 100, 1)


def test_allowance_is_spent_by_transfer_from(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    assert dict(token.approve(people.carol, 50, sender=people.alice).event("Approval")) == {
        "owner": people.alice,
        "spender": people.carol,
        "value": 50,
    }
    token.transferFrom(people.alice, people.bob, 20, sender=people.carol)
    assert (token.balanceOf(people.bob), token.allowance(people.alice, people.carol)) == (20, 30)
    with refused("ERC20InsufficientAllowance", spender=people.carol, allowance=30, needed=31):
        token.transferFrom(people.alice, people.bob, 31, sender=people.carol)


def test_unlimited_allowance_stays(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    token.approve(people.carol, UNLIMITED, sender=people.alice)
    token.transferFrom(people.alice, people.bob, 20, sender=people.carol)
    assert token.allowance(people.alice, people.carol) == UNLIMITED


def test_nobody_can_be_approved_at_the_zero_address(ready: System) -> None:
    token = make_token(ready)
    with refused("ERC20InvalidSpender", spender=NO_ADDRESS):
        token.approve(NO_ADDRESS, 1, sender=ready.people.alice)


def test_an_allowance_passes_no_rule(ready: System) -> None:
    """A second entry must not skip the checks of the first."""
    people, token = ready.people, make_token(ready)
    token.approve(people.carol, UNLIMITED, sender=people.alice)
    ready.block(people.bob)
    with refused("ParticipantIsBlocked", who=people.bob):
        token.transferFrom(people.alice, people.bob, 1, sender=people.carol)


# --- refusals: each breaks one rule; the asker names its code, the deed its error ------------------------------------


def pause(system: System, token: Contract) -> None:
    token.setPaused(True, sender=BOARD)


def end_circulation(system: System, token: Contract) -> None:
    system.evm.travel(token.circulationEndsAt() + 1)


def block_sender(system: System, token: Contract) -> None:
    system.block(system.people.alice)


def block_receiver(system: System, token: Contract) -> None:
    system.block(system.people.bob)


def let_admission_run_out(system: System, token: Contract) -> None:
    system.evm.travel(ADMITTED_UNTIL + 1)


def take_class(system: System, token: Contract) -> None:
    people = system.people
    system.participants.update(people.bob, FREE, ADMITTED_UNTIL, tokens.BASIS, sender=people.compliance1)


def pledge(system: System, token: Contract) -> None:
    token.encumber(system.people.alice, 1, 95, 0, tokens.BASIS, sender=BOARD)


def freeze(system: System, token: Contract) -> None:
    token.setFrozenTokens(system.people.alice, 95, sender=system.people.compliance1)


def nothing(system: System, token: Contract) -> None:
    """The terms alone refuse."""


LATE = {"maturity": 2 * ADMITTED_UNTIL, "recordDates": [2 * ADMITTED_UNTIL]}
RULES: list[tuple[str, Callable[[System, Contract], None], dict[str, Any], int]] = [
    ("AssetIsPaused", pause, {}, tokens.PAUSED),
    ("AssetNotCirculating", end_circulation, {}, tokens.NOT_CIRCULATING),
    ("AssetLocked", nothing, {"lockedUntil": ADMITTED_UNTIL}, tokens.LOCKED),
    ("AssetVenuesOnly", nothing, {"transferMode": 1}, tokens.VENUES_ONLY),
    ("ParticipantIsBlocked", block_sender, {}, tokens.IS_BLOCKED),
    ("ParticipantIsBlocked", block_receiver, {}, tokens.IS_BLOCKED),
    ("ParticipantExpired", let_admission_run_out, LATE, tokens.EXPIRED),
    ("ParticipantClass", take_class, {"accessClass": QUAL}, tokens.CLASS),
    ("UnitsInsufficient", pledge, {}, tokens.INSUFFICIENT_FREE),
    ("UnitsInsufficient", freeze, {}, tokens.INSUFFICIENT_FREE),
]


@pytest.mark.parametrize(("error", "act", "terms", "code"), RULES, ids=[f"{r[0]}-{r[1].__name__}" for r in RULES])
def test_a_broken_rule_is_named_by_question_and_deed_alike(
    ready: System, error: str, act: Callable[[System, Contract], None], terms: dict[str, Any], code: int
) -> None:
    people, token = ready.people, make_token(ready, **terms)
    act(ready, token)
    assert token.detectTransferRestriction(people.alice, people.bob, 10) == code
    assert token.canTransfer(people.alice, people.bob, 10) is False
    with refused(error):
        token.transfer(people.bob, 10, sender=people.alice)
    assert token.balanceOf(people.alice) == 100


def test_refusals_carry_their_values(ready: System) -> None:
    people = ready.people
    token = make_token(ready, lockedUntil=ready.evm.now() + YEAR // 2)
    with refused("AssetLocked", until=token.terms().lockedUntil):
        token.transfer(people.bob, 1, sender=people.alice)
    token = make_token(ready, accessClass=QUAL)
    ready.evm.travel(token.circulationEndsAt() + 1)
    with refused("AssetNotCirculating", endedAt=token.circulationEndsAt()):
        token.transfer(people.bob, 1, sender=people.alice)
    token = make_token(ready, accessClass=QUAL)
    take_class(ready, token)
    with refused("ParticipantClass", who=people.bob, required=QUAL):
        token.transfer(people.bob, 1, sender=people.alice)
    with refused("ParticipantNotAdmitted", who=people.stranger):
        token.transfer(people.stranger, 1, sender=people.alice)
    with refused("ReceiverInvalid", to=NO_ADDRESS):
        token.transfer(NO_ADDRESS, 1, sender=people.alice)
    pledge(ready, token)
    with refused("UnitsInsufficient", holder=people.alice, free=5, wanted=6):
        token.transfer(people.carol, 6, sender=people.alice)


def test_strangers_and_the_zero_address_have_codes(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    stranger = account("nobody")
    assert token.detectTransferRestriction(people.alice, stranger, 1) == tokens.NOT_ADMITTED
    assert token.detectTransferRestriction(stranger, people.alice, 0) == tokens.NOT_ADMITTED
    assert token.detectTransferRestriction(people.alice, NO_ADDRESS, 1) == tokens.RECEIVER_INVALID
    assert token.detectTransferRestriction(people.alice, people.bob, 101) == tokens.INSUFFICIENT_FREE
    assert token.detectTransferRestriction(people.alice, people.bob, UNLIMITED) == tokens.INSUFFICIENT_FREE
    assert token.canTransfer(people.alice, people.bob, 100) is True


@pytest.mark.parametrize("units", [101, 2**64 + 1, 2**128, UNLIMITED])
def test_too_much_is_refused_however_large(ready: System, units: int) -> None:
    people, token = ready.people, make_token(ready)
    with refused("UnitsInsufficient", holder=people.alice, free=100, wanted=units):
        token.transfer(people.bob, units, sender=people.alice)


def test_a_class_lost_later_does_not_stop_selling(ready: System) -> None:
    people, token = ready.people, make_token(ready, accessClass=QUAL, bob=10)
    take_class(ready, token)
    token.transfer(people.carol, 10, sender=people.bob)
    assert token.balanceOf(people.carol) == 10


def test_the_last_second_of_lock_up_and_of_circulation(ready: System) -> None:
    people = ready.people
    locked_until = ready.evm.now() + 1_000
    token = make_token(ready, lockedUntil=locked_until)
    ready.evm.next_at(locked_until)
    with refused("AssetLocked", until=locked_until):
        token.transfer(people.bob, 1, sender=people.alice)
    ready.evm.next_at(locked_until + 1)
    token.transfer(people.bob, 1, sender=people.alice)
    ready.evm.next_at(token.circulationEndsAt())
    token.transfer(people.bob, 1, sender=people.alice)
    ready.evm.next_at(token.circulationEndsAt() + 1)
    with refused("AssetNotCirculating"):
        token.transfer(people.bob, 1, sender=people.alice)


def test_what_reaches_the_issuer_is_burnt_in_the_same_move(ready: System) -> None:
    people, token = ready.people, make_token(ready, burnOnIssuerAcquire=True)
    receipt = token.transfer(people.issuer, 30, sender=people.alice)
    moves = [(e["from"], e.to, e.value) for e in receipt.events("Transfer")]
    assert moves == [(people.alice, people.issuer, 30), (people.issuer, NO_ADDRESS, 30)]
    assert (token.totalSupply(), token.balanceOf(people.issuer), token.holderCount()) == (70, 0, 1)


def test_the_issuer_keeps_what_it_buys_where_the_terms_say_so(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    token.transfer(people.issuer, 30, sender=people.alice)
    assert (token.totalSupply(), token.balanceOf(people.issuer)) == (100, 30)


def test_eligibility_of_an_account(ready: System) -> None:
    people, token = ready.people, make_token(ready, accessClass=QUAL)
    take_class(ready, token)
    ask = ("canSend", "canReceive", "canTransact")
    assert [getattr(token, q)(people.alice) for q in ask] == [True, True, True]
    assert [getattr(token, q)(people.bob) for q in ask] == [True, False, True]
    assert [getattr(token, q)(people.stranger) for q in ask] == [False, False, False]
    ready.block(people.alice)
    assert [getattr(token, q)(people.alice) for q in ask] == [False, False, False]


def test_the_question_is_right_whenever_the_deed_is_done(ready: System) -> None:
    """The check that a caller can ask and the gate that a transfer passes agree for every pair and amount."""
    people = ready.people
    token = make_token(ready, bob=10, carol=5)
    ready.block(people.carol)
    token.encumber(people.alice, 1, 60, 0, tokens.BASIS, sender=BOARD)
    parties = (people.alice, people.bob, people.carol, people.issuer, people.stranger)
    for sender in parties:
        for receiver in (*parties, NO_ADDRESS):
            for units in (0, 5, 10, 40, 41):
                assert token.canTransfer(sender, receiver, units) == done(token, sender, receiver, units)


def done(token: Contract, sender: str, receiver: str, units: int) -> bool:
    """Would the deed itself pass? Nothing is mined."""
    try:
        return bool(token.transfer.call(receiver, units, sender=sender))
    except Refused:
        return False
