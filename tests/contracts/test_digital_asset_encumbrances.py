"""Encumbrances: who makes and releases which, what stays free, and the traps that other tokens fell into."""

from __future__ import annotations

import pytest

from tests.contracts import tokens
from tests.contracts.evm import refused
from tests.contracts.system import (
    ARREST,
    COMPLIANCE,
    DAY,
    FOUR_EYES,
    FREEZE,
    LOCKUP,
    NO_HASH,
    ORDER,
    PLEDGE,
    VENUE,
    System,
)
from tests.contracts.tokens import BASIS, BOARD, in_days, make_token


@pytest.fixture
def ready(system: System) -> System:
    tokens.prepare(system)
    return system


def maker(system: System, kind: int) -> str:
    """Who makes an encumbrance of that kind of alice's units."""
    people = system.people
    return {ORDER: people.venue, LOCKUP: people.alice, FREEZE: people.compliance1}.get(kind, BOARD)


@pytest.mark.parametrize("kind", [ORDER, PLEDGE, LOCKUP, ARREST, FREEZE])
def test_an_encumbrance_takes_from_what_is_free(ready: System, kind: int) -> None:
    people, token = ready.people, make_token(ready)
    by, until = maker(ready, kind), in_days(ready, 5)
    receipt = token.encumber(people.alice, kind, 60, until, BASIS, sender=by)
    wanted = {"holder": people.alice, "units": 60, "kind": kind, "until": until, "by": by, "basis": BASIS}
    assert token.encumbrance(1) == wanted
    assert dict(receipt.event("UnitsEncumbered")) == {"id": 1, **wanted}
    assert (token.balanceOf(people.alice), token.freeUnits(people.alice), token.encumberedUnits(people.alice)) == (
        100,
        40,
        60,
    )
    with refused("UnitsInsufficient", holder=people.alice, free=40, wanted=41):
        token.transfer(people.bob, 41, sender=people.alice)
    with refused("UnitsInsufficient", holder=people.alice, free=40, wanted=41):
        token.encumber(people.alice, kind, 41, until, BASIS, sender=by)
    token.transfer(people.bob, 40, sender=people.alice)


@pytest.mark.parametrize(
    ("kind", "role"), [(ORDER, VENUE), (PLEDGE, FOUR_EYES), (ARREST, FOUR_EYES), (FREEZE, COMPLIANCE)]
)
def test_each_kind_belongs_to_its_role(ready: System, kind: int, role: int) -> None:
    people, token = ready.people, make_token(ready)
    with refused("RoleRequired", who=people.registrar1, role=role):
        token.encumber(people.alice, kind, 1, 0, BASIS, sender=people.registrar1)


def test_a_lock_up_is_the_holders_own_and_has_an_end(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    until = in_days(ready, 5)
    for by in (people.bob, people.venue, BOARD):
        with refused("EncumbranceInvalid", holder=people.alice, kind=LOCKUP, units=1, until=until):
            token.encumber(people.alice, LOCKUP, 1, until, BASIS, sender=by)
    for wrong in (0, ready.evm.now()):
        with refused("EncumbranceInvalid", until=wrong):
            token.encumber(people.alice, LOCKUP, 1, wrong, BASIS, sender=people.alice)


def test_an_encumbrance_of_nothing_is_refused(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    with refused("EncumbranceInvalid", holder=people.alice, kind=ORDER, units=0):
        token.encumber(people.alice, ORDER, 0, 0, BASIS, sender=people.venue)


def test_a_holder_cannot_make_lock_ups_without_end(ready: System) -> None:
    """Each lock-up is eaten one by one in a forced move, which must stay possible; the court's arrest is never crowded out."""
    people, token = ready.people, make_token(ready)
    until = in_days(ready, 5)
    for _ in range(64):
        token.encumber(people.alice, LOCKUP, 1, until, BASIS, sender=people.alice)
    with refused("EncumbranceInvalid", kind=LOCKUP):
        token.encumber(people.alice, LOCKUP, 1, until, BASIS, sender=people.alice)
    token.encumber(people.alice, ARREST, 36, 0, BASIS, sender=BOARD)
    receipt = tokens.force(token, BOARD, people.alice, people.bob, 100)
    assert token.encumberedUnits(people.alice) == 0
    assert receipt.gas < 2_000_000


# --- release ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [PLEDGE, ARREST])
def test_pledge_and_arrest_are_released_by_four_eyes(ready: System, kind: int) -> None:
    people, token = ready.people, make_token(ready)
    token.encumber(people.alice, kind, 60, 0, BASIS, sender=BOARD)
    with refused("RoleRequired", who=people.alice, role=FOUR_EYES):
        token.release(1, 1, sender=people.alice)
    receipt = token.release(1, 20, sender=BOARD)
    assert dict(receipt.event("EncumbranceReduced")) == {"id": 1, "holder": people.alice, "units": 20, "left": 40}
    assert (token.encumbrance(1).units, token.freeUnits(people.alice)) == (40, 60)
    token.release(1, 40, sender=BOARD)
    assert (token.encumbrance(1).basis, token.freeUnits(people.alice)) == (NO_HASH, 100)
    with refused("EncumbranceUnknown", id=1):
        token.release(1, 1, sender=BOARD)


def test_an_expired_lock_up_is_released_by_anyone_and_never_before(ready: System) -> None:
    """A lock-up must not go stale: what is over can be freed without its holder."""
    people, token = ready.people, make_token(ready)
    until = in_days(ready, 5)
    token.encumber(people.alice, LOCKUP, 60, until, BASIS, sender=people.alice)
    for by in (people.alice, BOARD):
        with refused("EncumbranceNotReleasable", id=1):
            token.release(1, 60, sender=by)
    ready.evm.next_at(until + 1)
    token.release(1, 60, sender=people.stranger)
    assert token.freeUnits(people.alice) == 100


def test_a_lock_up_holds_through_its_last_second(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    until = in_days(ready, 5)
    token.encumber(people.alice, LOCKUP, 60, until, BASIS, sender=people.alice)
    ready.evm.next_at(until)
    with refused("EncumbranceNotReleasable", id=1):
        token.release(1, 60, sender=people.alice)


def test_a_freeze_is_made_by_one_officer_and_lifted_by_four_eyes_alone(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    token.encumber(people.alice, FREEZE, 60, 0, BASIS, sender=people.compliance1)
    with refused("EncumbranceNotReleasable", id=1):
        token.release(1, 60, sender=BOARD)
    with refused("RoleRequired", who=people.compliance1, role=FOUR_EYES):
        token.unfreeze(1, 60, sender=people.compliance1)
    token.unfreeze(1, 60, sender=BOARD)
    assert token.freeUnits(people.alice) == 100


def test_unfreeze_lifts_nothing_but_a_freeze(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    token.encumber(people.alice, ARREST, 60, 0, BASIS, sender=BOARD)
    with refused("EncumbranceNotReleasable", id=1):
        token.unfreeze(1, 60, sender=BOARD)
    with refused("EncumbranceUnknown", id=2):
        token.unfreeze(2, 60, sender=BOARD)


def test_release_of_more_than_there_is(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    token.encumber(people.alice, ARREST, 60, 0, BASIS, sender=BOARD)
    with refused("EncumbranceTooSmall", id=1, units=60, wanted=61):
        token.release(1, 61, sender=BOARD)


def test_releases_in_any_order_keep_the_list_right(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    for _ in range(4):
        token.encumber(people.alice, PLEDGE, 10, 0, BASIS, sender=BOARD)
    for number in (2, 4, 1):
        token.release(number, 10, sender=BOARD)
    assert (token.encumberedUnits(people.alice), token.encumbrance(3).units) == (10, 10)
    tokens.force(token, BOARD, people.alice, people.bob, 100)
    assert (token.encumberedUnits(people.alice), token.encumbrance(3).units) == (0, 0)


# --- ERC-7943's frozen amount ----------------------------------------------------------------------------------------


def test_a_frozen_amount_holds_back_also_units_to_come(ready: System) -> None:
    people, token = ready.people, make_token(ready, bob=50)
    receipt = token.setFrozenTokens(people.alice, 120, sender=people.compliance1)
    assert dict(receipt.event("Frozen")) == {"account": people.alice, "amount": 120}
    assert (token.getFrozenTokens(people.alice), token.freeUnits(people.alice)) == (120, 0)
    assert token.encumberedUnits(people.alice) == 100
    token.transfer(people.alice, 50, sender=people.bob)
    assert (token.freeUnits(people.alice), token.encumberedUnits(people.alice)) == (30, 120)
    with refused("UnitsInsufficient", holder=people.alice, free=30, wanted=31):
        token.transfer(people.bob, 31, sender=people.alice)


def test_who_has_more_frozen_than_units_may_still_transfer_nothing(ready: System) -> None:
    """EIP-20: a transfer of 0 is a transfer like any other; question and deed agree on it."""
    people, token = ready.people, make_token(ready)
    token.setFrozenTokens(people.alice, 120, sender=people.compliance1)
    assert token.canTransfer(people.alice, people.bob, 0)
    assert token.transfer(people.bob, 0, sender=people.alice).event("Transfer").value == 0
    with refused("UnitsInsufficient", holder=people.alice, free=0, wanted=1):
        token.transfer(people.bob, 1, sender=people.alice)


def test_a_frozen_amount_is_raised_by_one_officer_and_lowered_by_four_eyes(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    with refused("RoleRequired", who=people.registrar1, role=COMPLIANCE):
        token.setFrozenTokens(people.alice, 10, sender=people.registrar1)
    token.setFrozenTokens(people.alice, 10, sender=people.compliance1)
    with refused("RoleRequired", who=people.compliance1, role=FOUR_EYES):
        token.setFrozenTokens(people.alice, 9, sender=people.compliance1)
    token.setFrozenTokens(people.alice, 0, sender=BOARD)
    assert token.freeUnits(people.alice) == 100


def test_a_frozen_amount_beyond_64_bits_is_refused(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    token.setFrozenTokens(people.alice, 2**64 - 1, sender=people.compliance1)
    with refused("UnitsOverflow", wanted=2**64):
        token.setFrozenTokens(people.alice, 2**64, sender=people.compliance1)


def test_encumbrances_and_a_frozen_amount_add_up(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    token.encumber(people.alice, ORDER, 30, 0, BASIS, sender=people.venue)
    token.setFrozenTokens(people.alice, 60, sender=people.compliance1)
    assert (token.freeUnits(people.alice), token.encumberedUnits(people.alice)) == (10, 90)
    token.release(1, 30, sender=people.venue)
    assert token.freeUnits(people.alice) == 40


def test_time_alone_frees_nothing(ready: System) -> None:
    """What is over is freed by a call that everyone sees, so units and lock never tell two stories."""
    people, token = ready.people, make_token(ready)
    token.encumber(people.alice, LOCKUP, 60, in_days(ready, 5), BASIS, sender=people.alice)
    ready.evm.wait(6 * DAY)
    assert token.freeUnits(people.alice) == 40
    assert token.canTransfer(people.alice, people.bob, 41) is False
