"""Powers of the operator: forced transfer and burn, replacement of an address, pause. Each by four eyes, each leaves its event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.contracts import tokens
from tests.contracts.evm import Contract, refused
from tests.contracts.system import (
    ACTIVE,
    ADMITTED_UNTIL,
    ARREST,
    COMPLIANCE,
    FOUR_EYES,
    FREE,
    FREEZE,
    LOCKUP,
    NO_ADDRESS,
    NO_HASH,
    ORDER,
    PERSON,
    PLEDGE,
    QUAL,
    REGISTRAR,
    REPLACED,
    System,
    account,
)
from tests.contracts.tokens import BASIS, BOARD, DOCUMENT, REASON, force, in_days, make_token, pass_date

NEW_ALICE = account("alice after recovery")


@pytest.fixture
def ready(system: System) -> System:
    tokens.prepare(system)
    return system


def encumber_all(system: System, token: Contract) -> None:
    """Ten units of alice in each kind of encumbrance, number = kind + 1, and ten in the frozen amount; forty stay free."""
    people = system.people
    for kind, by in enumerate((people.venue, BOARD, people.alice, BOARD, people.compliance1)):
        token.encumber(people.alice, kind, 10, in_days(system, 5), BASIS, sender=by)
    token.setFrozenTokens(people.alice, 10, sender=people.compliance1)


def left(token: Contract) -> dict[int, int]:
    """Units left in the encumbrance of each kind."""
    return {kind: token.encumbrance(kind + 1).units for kind in (ORDER, PLEDGE, LOCKUP, ARREST, FREEZE)}


# --- forced transfer -------------------------------------------------------------------------------------------------


def test_a_forced_transfer_tells_reason_and_document(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    receipt = force(token, BOARD, people.alice, people.bob, 30)
    assert dict(receipt.event("UnitsForced")) == {
        "from": people.alice,
        "to": people.bob,
        "units": 30,
        "classBypassed": False,
        "reason": REASON,
        "documentHash": DOCUMENT,
    }
    assert dict(receipt.event("ForcedTransfer")) == {"from": people.alice, "to": people.bob, "amount": 30}
    assert [event.name for event in receipt.logs] == ["Transfer", "ForcedTransfer", "UnitsForced"]
    assert (token.balanceOf(people.alice), token.balanceOf(people.bob)) == (70, 30)


def test_free_units_go_first(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    encumber_all(ready, token)
    force(token, BOARD, people.alice, people.bob, 40)
    assert left(token) == {ORDER: 10, PLEDGE: 10, LOCKUP: 10, ARREST: 10, FREEZE: 10}
    assert token.getFrozenTokens(people.alice) == 10


def test_encumbrances_are_eaten_in_their_order(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    encumber_all(ready, token)
    receipt = force(token, BOARD, people.alice, people.bob, 75)
    assert left(token) == {ORDER: 10, PLEDGE: 10, LOCKUP: 5, ARREST: 0, FREEZE: 0}
    assert dict(receipt.event("Frozen")) == {"account": people.alice, "amount": 0}
    assert [(e.id, e.left) for e in receipt.events("EncumbranceReduced")] == [(5, 0), (4, 0), (3, 5)]
    assert [event.name for event in receipt.logs][-3:] == ["Transfer", "ForcedTransfer", "UnitsForced"]
    assert (token.balanceOf(people.alice), token.encumberedUnits(people.alice)) == (25, 25)
    force(token, BOARD, people.alice, people.bob, 15)
    assert left(token) == {ORDER: 10, PLEDGE: 0, LOCKUP: 0, ARREST: 0, FREEZE: 0}


def test_units_of_an_open_order_are_never_taken(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    encumber_all(ready, token)
    with refused("UnitsInsufficient", holder=people.alice, free=90, wanted=91):
        force(token, BOARD, people.alice, people.bob, 91)
    assert left(token) == {ORDER: 10, PLEDGE: 10, LOCKUP: 10, ARREST: 10, FREEZE: 10}


def test_a_holder_can_move_again_after_locked_units_were_taken(ready: System) -> None:
    """Elsewhere a forced transfer of locked units reverts, or leaves the lock's total behind for ever."""
    people, token = ready.people, make_token(ready)
    token.encumber(people.alice, ARREST, 100, 0, BASIS, sender=BOARD)
    force(token, BOARD, people.alice, people.bob, 100)
    token.transfer(people.alice, 60, sender=people.bob)
    assert (token.freeUnits(people.alice), token.encumberedUnits(people.alice)) == (60, 0)
    token.transfer(people.bob, 60, sender=people.alice)


def test_a_frozen_amount_above_the_balance_shrinks_by_what_was_taken(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    token.setFrozenTokens(people.alice, 130, sender=people.compliance1)
    force(token, BOARD, people.alice, people.bob, 60)
    assert (token.getFrozenTokens(people.alice), token.freeUnits(people.alice)) == (70, 0)


def test_it_works_where_a_transfer_does_not(ready: System) -> None:
    people = ready.people
    token = make_token(ready, lockedUntil=in_days(ready, 30), transferMode=1)
    token.setPaused(True, sender=BOARD)
    ready.block(people.alice)
    force(token, BOARD, people.alice, people.bob, 100)
    assert token.balanceOf(people.bob) == 100


def test_the_receiver_is_always_admitted_and_of_the_class_unless_bypassed(ready: System) -> None:
    people, token = ready.people, make_token(ready, accessClass=QUAL)
    ready.admit(people.dave, classes=FREE)
    with refused("ParticipantClass", who=people.dave, required=QUAL):
        force(token, BOARD, people.alice, people.dave, 10)
    receipt = force(token, BOARD, people.alice, people.dave, 10, bypass=True)
    assert receipt.event("UnitsForced").classBypassed is True
    for stranger in (people.stranger, NO_ADDRESS):
        with refused("ParticipantNotAdmitted", who=stranger):
            force(token, BOARD, people.alice, stranger, 10, bypass=True)
    ready.block(people.bob)
    with refused("ParticipantIsBlocked", who=people.bob):
        force(token, BOARD, people.alice, people.bob, 10, bypass=True)


def test_from_an_address_to_itself_nothing_changes(ready: System) -> None:
    """Elsewhere a forced transfer to oneself lifts the freeze on the way."""
    people, token = ready.people, make_token(ready)
    token.setFrozenTokens(people.alice, 100, sender=people.compliance1)
    with refused("ReceiverInvalid", to=people.alice):
        force(token, BOARD, people.alice, people.alice, 100)
    assert (token.freeUnits(people.alice), token.getFrozenTokens(people.alice)) == (0, 100)


def test_after_circulation_the_list_of_payees_is_final(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    end = token.circulationEndsAt()
    ready.evm.travel(end + 1)
    with refused("AssetNotCirculating", endedAt=end):
        force(token, BOARD, people.alice, people.bob, 10)
    with refused("AssetNotCirculating", endedAt=end):
        token.forcedBurn(people.alice, 10, REASON, DOCUMENT, sender=BOARD)


def test_forced_units_that_reach_the_issuer_are_burnt(ready: System) -> None:
    people, token = ready.people, make_token(ready, burnOnIssuerAcquire=True)
    force(token, BOARD, people.alice, people.issuer, 30)
    assert (token.totalSupply(), token.balanceOf(people.issuer)) == (70, 0)


def test_the_standards_forced_transfer_has_the_same_rules(ready: System) -> None:
    people, token = ready.people, make_token(ready, accessClass=QUAL)
    forced = token.overload("forcedTransfer(address,address,uint256)")
    receipt = forced(people.alice, people.bob, 30, sender=BOARD)
    assert dict(receipt.event("ForcedTransfer")) == {"from": people.alice, "to": people.bob, "amount": 30}
    assert (receipt.event("UnitsForced").reason, receipt.event("UnitsForced").documentHash) == (NO_HASH, NO_HASH)
    with refused("UnitsOverflow", wanted=2**64):
        forced(people.alice, people.bob, 2**64, sender=BOARD)
    ready.admit(people.dave, classes=FREE)
    with refused("ParticipantClass", who=people.dave):
        forced(people.alice, people.dave, 1, sender=BOARD)


def test_a_forced_burn_takes_units_out_of_the_world(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    token.encumber(people.alice, ARREST, 100, 0, BASIS, sender=BOARD)
    receipt = token.forcedBurn(people.alice, 30, REASON, DOCUMENT, sender=BOARD)
    assert (receipt.event("UnitsForced").to, receipt.event("Transfer").to) == (NO_ADDRESS, NO_ADDRESS)
    assert (token.totalSupply(), token.encumberedUnits(people.alice), token.balanceOf(people.alice)) == (70, 70, 70)


def test_powers_are_refused_to_a_single_officer(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    officer = people.registrar1
    standard = token.overload("forcedTransfer(address,address,uint256)")
    calls: list[Callable[[], object]] = [
        lambda: force(token, officer, people.alice, people.bob, 1),
        lambda: standard(people.alice, people.bob, 1, sender=officer),
        lambda: token.forcedBurn(people.alice, 1, REASON, DOCUMENT, sender=officer),
        lambda: token.replaceHolder(people.alice, people.bob, sender=officer),
        lambda: token.setPaused(True, sender=officer),
    ]
    for call in calls:
        with refused("RoleRequired", who=officer, role=FOUR_EYES):
            call()


def test_pause_is_seen_and_lifted(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    assert token.setPaused(True, sender=BOARD).event("AssetPaused").paused is True
    assert token.paused() is True
    token.setPaused(False, sender=BOARD)
    token.transfer(people.bob, 1, sender=people.alice)
    assert (token.paused(), token.circulationEndsAt()) == (False, token.recordDateAt(3))


# --- replacing an address --------------------------------------------------------------------------------------------


def replace(system: System, source: str, to: str) -> None:
    """Participants' part of the replacement."""
    system.participants.replace(source, to, sender=BOARD)
    statuses = [system.participants.participant(who).status for who in (source, to)]
    assert statuses == [REPLACED, ACTIVE]


def test_a_recovered_participant_keeps_the_coupons_of_the_old_address(ready: System) -> None:
    people, token = ready.people, make_token(ready, bob=20)
    pass_date(ready, token, 1)
    token.transfer(people.bob, 30, sender=people.alice)
    pass_date(ready, token, 2)
    replace(ready, people.alice, NEW_ALICE)
    receipt = token.replaceHolder(people.alice, NEW_ALICE, sender=BOARD)
    assert dict(receipt.event("HolderReplaced")) == {"from": people.alice, "to": NEW_ALICE, "units": 70}
    assert dict(receipt.event("Transfer")) == {"from": people.alice, "to": NEW_ALICE, "value": 70}
    token.transfer(people.bob, 70, sender=NEW_ALICE)
    pass_date(ready, token, 3)
    assert [token.unitsAt(NEW_ALICE, n) for n in (1, 2, 3)] == [100, 70, 0]
    assert [token.unitsAt(people.alice, n) for n in (1, 2, 3)] == [0, 0, 0]
    assert [token.unitsAt(people.bob, n) for n in (1, 2, 3)] == [20, 50, 120]
    assert [(token.supplyAt(n), token.holdersAt(n)) for n in (1, 2, 3)] == [(120, 2), (120, 2), (120, 1)]


def test_history_follows_through_two_replacements(ready: System) -> None:
    people, token, newest = ready.people, make_token(ready), account("alice after a second recovery")
    pass_date(ready, token, 1)
    replace(ready, people.alice, NEW_ALICE)
    token.replaceHolder(people.alice, NEW_ALICE, sender=BOARD)
    pass_date(ready, token, 2)
    replace(ready, NEW_ALICE, newest)
    token.replaceHolder(NEW_ALICE, newest, sender=BOARD)
    pass_date(ready, token, 3)
    assert [[token.unitsAt(who, n) for n in (1, 2, 3)] for who in (people.alice, NEW_ALICE, newest)] == [
        [0, 0, 0],
        [0, 0, 0],
        [100, 100, 100],
    ]


def test_units_sent_to_the_new_address_first_do_not_stop_the_recovery(ready: System) -> None:
    people, token = ready.people, make_token(ready, bob=20)
    replace(ready, people.alice, NEW_ALICE)
    token.transfer(NEW_ALICE, 5, sender=people.bob)
    pass_date(ready, token, 1)
    token.replaceHolder(people.alice, NEW_ALICE, sender=BOARD)
    assert (token.unitsAt(NEW_ALICE, 1), token.balanceOf(NEW_ALICE), token.holderCount()) == (105, 105, 2)


def test_who_sold_everything_still_keeps_past_coupons(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    pass_date(ready, token, 1)
    token.transfer(people.bob, 100, sender=people.alice)
    replace(ready, people.alice, NEW_ALICE)
    token.replaceHolder(people.alice, NEW_ALICE, sender=BOARD)
    assert (token.unitsAt(NEW_ALICE, 1), token.balanceOf(NEW_ALICE), token.holderCount()) == (100, 0, 1)


def test_encumbrances_and_the_frozen_amount_move_along(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    encumber_all(ready, token)
    token.release(1, 10, sender=people.venue)
    replace(ready, people.alice, NEW_ALICE)
    token.replaceHolder(people.alice, NEW_ALICE, sender=BOARD)
    assert left(token) == {ORDER: 0, PLEDGE: 10, LOCKUP: 10, ARREST: 10, FREEZE: 10}
    assert {token.encumbrance(number).holder for number in (2, 3, 4, 5)} == {NEW_ALICE}
    assert (token.balanceOf(NEW_ALICE), token.freeUnits(NEW_ALICE)) == (100, 50)
    assert (token.getFrozenTokens(people.alice), token.getFrozenTokens(NEW_ALICE)) == (0, 10)
    assert token.encumberedUnits(people.alice) == 0
    force(token, BOARD, NEW_ALICE, people.bob, 100)
    assert token.encumberedUnits(NEW_ALICE) == 0


def test_open_orders_are_closed_before_a_replacement(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    encumber_all(ready, token)
    replace(ready, people.alice, NEW_ALICE)
    with refused("HolderHasOrders", holder=people.alice, units=10):
        token.replaceHolder(people.alice, NEW_ALICE, sender=BOARD)
    token.release(1, 10, sender=people.venue)
    token.replaceHolder(people.alice, NEW_ALICE, sender=BOARD)


def test_only_a_replaced_participant_and_its_successor(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    wrong: list[tuple[Any, Any]] = [(people.alice, people.bob), (people.alice, NEW_ALICE)]
    for source, to in wrong:
        with refused("HolderNotReplaced", **{"from": source, "to": to}):
            token.replaceHolder(source, to, sender=BOARD)
    replace(ready, people.alice, NEW_ALICE)
    for to in (people.bob, people.alice, NO_ADDRESS):
        with refused("HolderNotReplaced", **{"from": people.alice, "to": to}):
            token.replaceHolder(people.alice, to, sender=BOARD)
    token.replaceHolder(people.alice, NEW_ALICE, sender=BOARD)
    with refused("ReceiverInvalid", to=NEW_ALICE):
        token.replaceHolder(people.alice, NEW_ALICE, sender=BOARD)


def test_a_replaced_address_neither_sends_nor_receives(ready: System) -> None:
    people, token = ready.people, make_token(ready, bob=20)
    replace(ready, people.alice, NEW_ALICE)
    token.replaceHolder(people.alice, NEW_ALICE, sender=BOARD)
    with refused("ParticipantNotAdmitted", who=people.alice):
        token.transfer(people.alice, 1, sender=people.bob)
    with refused("ParticipantNotAdmitted", who=people.alice):
        force(token, BOARD, people.bob, people.alice, 1, bypass=True)


# --- with two real officers ------------------------------------------------------------------------------------------


def test_two_registrars_force_a_transfer_of_a_registered_asset(system: System) -> None:
    people = system.people
    system.make_venue()
    system.admit(people.alice, people.bob, kind=PERSON, classes=FREE, until=ADMITTED_UNTIL)
    token = system.issue()
    token.issueUnits(people.alice, 100, sender=people.venue)
    pair = people.pair(REGISTRAR)
    system.four_eyes(token, "forcedBurn", people.alice, 10, REASON, DOCUMENT, by=pair)
    system.four_eyes(token, "encumber", people.alice, ARREST, 50, 0, BASIS, by=pair)
    system.four_eyes(token, "release", 1, 50, by=pair)
    system.four_eyes(token, "setPaused", True, by=pair)
    assert (token.balanceOf(people.alice), token.freeUnits(people.alice), token.paused()) == (90, 90, True)
    with refused("RoleRequired", who=people.compliance1, role=REGISTRAR):
        system.four_eyes(token, "setPaused", False, by=people.pair(COMPLIANCE))
