"""The mirror of the nominal account: what came by bank is somebody's, once, until the bank has paid it out."""

import pytest

from tests.contracts.evm import Refused, refused
from tests.contracts.system import COMPLIANCE, DAY, FOUR_EYES, REGISTRAR, TREASURER, VENUE, digest

REQUESTED, CONFIRMED, CANCELLED = 1, 2, 3
LARGEST = 2**63 - 1


@pytest.fixture
def rich(system, people):
    """Alice with 1 000.00 rubles, Bob with nothing, two venues."""
    system.admit(people.alice, people.bob)
    system.make_venue(people.venue, people.venue2)
    system.credit(people.alice, 100_000)
    return people.alice


def account(rubles, who):
    one = rubles.accountOf(who)
    return one.free, one.held, one.inTransit, one.frozen


def to_frozen(payment, *, frozen=False):
    who, kopeks = payment
    return int(who, 16) << 96 | frozen << 64 | kopeks


# --- the bank --------------------------------------------------------------------------------------------------------


def test_a_payment_is_credited_once(system, people, rubles):
    system.admit(people.alice)
    event = rubles.credit(people.alice, 500, digest("entry"), sender=people.treasurer1).event("RublesCredited")

    assert event == {"account": people.alice, "kopeks": 500, "bankRef": digest("entry"), "toFrozen": False}
    with refused("RublesAlreadyCredited", bankRef=digest("entry")):
        rubles.credit(people.alice, 500, digest("entry"), sender=people.treasurer2)
    assert account(rubles, people.alice) == (500, 0, 0, 0)
    assert (rubles.totalSupply(), rubles.creditedTotal(), rubles.paidOutTotal()) == (500, 500, 0)


def test_only_the_treasurer_speaks_for_the_bank(people, rubles):
    for who in (people.alice, people.operator, people.compliance1, people.deployer):
        with refused("RoleRequired", who=who, role=TREASURER):
            rubles.credit(people.alice, 1, digest("x"), sender=who)
        with refused("RoleRequired", who=who, role=TREASURER):
            rubles.confirmWithdrawal(digest("x"), digest("y"), sender=who)
        with refused("RoleRequired", who=who, role=TREASURER):
            rubles.cancelWithdrawal(digest("x"), digest("y"), sender=who)


def test_money_for_a_blocked_account_is_frozen_for_an_expired_one_kept_for_a_stranger_refused(
    system, evm, people, rubles
):
    system.admit(people.alice)
    system.admit(people.bob, until=evm.now() + DAY)
    system.block(people.alice)
    evm.wait(2 * DAY)

    assert system.credit(people.alice, 5).event("RublesCredited").toFrozen is True
    assert account(rubles, people.alice) == (0, 0, 0, 5)
    system.credit(people.bob, 6)
    assert account(rubles, people.bob) == (6, 0, 0, 0)
    with refused("ParticipantNotAdmitted", who=people.stranger):
        system.credit(people.stranger, 7)


def test_nothing_and_more_than_a_database_holds_are_refused(system, people, rubles):
    system.admit(people.alice)
    with refused("RublesZeroAmount"):
        system.credit(people.alice, 0)
    with refused("RublesOverflow"):
        system.credit(people.alice, LARGEST + 1)
    system.credit(people.alice, LARGEST)
    with refused("RublesOverflow"):
        system.credit(people.alice, 1)


def test_a_withdrawal_leaves_the_mirror_when_the_bank_has_paid(people, rubles, rich):
    requested = rubles.requestWithdrawal(digest("w"), 30_000, digest("details"), sender=rich)
    assert requested.event("WithdrawalRequested") == {
        "account": rich,
        "id": digest("w"),
        "kopeks": 30_000,
        "detailsHash": digest("details"),
    }
    assert account(rubles, rich) == (70_000, 0, 30_000, 0)
    assert rubles.withdrawal(digest("w")) == {"account": rich, "kopeks": 30_000, "state": REQUESTED}

    confirmed = rubles.confirmWithdrawal(digest("w"), digest("debit"), sender=people.treasurer1)

    assert confirmed.event("WithdrawalConfirmed").bankRef == digest("debit")
    assert account(rubles, rich) == (70_000, 0, 0, 0)
    assert (rubles.totalSupply(), rubles.creditedTotal(), rubles.paidOutTotal()) == (70_000, 100_000, 30_000)
    with refused("WithdrawalNotOpen", id=digest("w"), state=CONFIRMED):
        rubles.confirmWithdrawal(digest("w"), digest("another"), sender=people.treasurer1)
    with refused("WithdrawalNotOpen", id=digest("w"), state=CONFIRMED):
        rubles.cancelWithdrawal(digest("w"), digest("returned"), sender=people.treasurer1)


def test_one_debit_confirms_one_withdrawal(people, rubles, rich):
    rubles.requestWithdrawal(digest("one"), 10, digest("d"), sender=rich)
    rubles.requestWithdrawal(digest("two"), 10, digest("d"), sender=rich)
    rubles.confirmWithdrawal(digest("one"), digest("debit"), sender=people.treasurer1)

    with refused("WithdrawalRefUsed", bankRef=digest("debit")):
        rubles.confirmWithdrawal(digest("two"), digest("debit"), sender=people.treasurer1)


def test_what_the_bank_returns_is_free_again(people, rubles, rich):
    rubles.requestWithdrawal(digest("w"), 30_000, digest("d"), sender=rich)
    receipt = rubles.cancelWithdrawal(digest("w"), digest("wrong account"), sender=people.treasurer1)

    assert receipt.event("WithdrawalCancelled").reason == digest("wrong account")
    assert receipt.events("RublesFrozen") == []
    assert account(rubles, rich) == (100_000, 0, 0, 0)
    assert rubles.withdrawal(digest("w")).state == CANCELLED


def test_what_the_bank_returns_to_a_blocked_account_is_frozen(system, people, rubles, rich):
    rubles.requestWithdrawal(digest("w"), 30_000, digest("d"), sender=rich)
    system.block(rich)
    receipt = rubles.cancelWithdrawal(digest("w"), digest("reason"), sender=people.treasurer1)

    assert receipt.event("RublesFrozen") == {"account": rich, "kopeks": 30_000, "basis": digest("reason")}
    assert account(rubles, rich) == (70_000, 0, 0, 30_000)


def test_a_withdrawal_is_of_own_free_rubles_and_of_an_active_participant(system, people, rubles, rich):
    with refused("RublesInsufficient", account=rich, available=100_000, wanted=100_001):
        rubles.requestWithdrawal(digest("w"), 100_001, digest("d"), sender=rich)
    with refused("RublesZeroAmount"):
        rubles.requestWithdrawal(digest("w"), 0, digest("d"), sender=rich)
    with refused("ParticipantNotAdmitted", who=people.stranger):
        rubles.requestWithdrawal(digest("w"), 1, digest("d"), sender=people.stranger)
    rubles.requestWithdrawal(digest("w"), 1, digest("d"), sender=rich)
    with refused("WithdrawalExists", id=digest("w")):
        rubles.requestWithdrawal(digest("w"), 1, digest("d"), sender=rich)
    system.block(rich)
    with refused("ParticipantIsBlocked", who=rich):
        rubles.requestWithdrawal(digest("v"), 1, digest("d"), sender=rich)


def test_an_unknown_withdrawal_is_neither_confirmed_nor_cancelled(people, rubles):
    with refused("WithdrawalNotOpen", id=digest("?"), state=0):
        rubles.confirmWithdrawal(digest("?"), digest("x"), sender=people.treasurer1)
    with refused("WithdrawalNotOpen", id=digest("?"), state=0):
        rubles.cancelWithdrawal(digest("?"), digest("x"), sender=people.treasurer1)


# --- venues ----------------------------------------------------------------------------------------------------------


def test_a_venue_holds_releases_and_pays(people, rubles, rich):
    held = rubles.hold(rich, 60_000, sender=people.venue).event("RublesHeld")
    assert held == {"account": rich, "venue": people.venue, "kopeks": 60_000}
    assert account(rubles, rich) == (40_000, 60_000, 0, 0)
    assert rubles.escrowOf(people.venue) == 60_000

    rubles.release(rich, 10_000, sender=people.venue)
    paid = rubles.pay(rich, people.bob, 50_000, True, sender=people.venue).event("RublesPaid")

    assert paid == {
        "from": rich,
        "to": people.bob,
        "venue": people.venue,
        "kopeks": 50_000,
        "fromHeld": True,
        "toFrozen": False,
    }
    assert account(rubles, rich) == (50_000, 0, 0, 0)
    assert account(rubles, people.bob) == (50_000, 0, 0, 0)
    assert rubles.escrowOf(people.venue) == 0


def test_a_venue_pays_from_free_rubles(people, rubles, rich):
    rubles.pay(rich, people.bob, 1, False, sender=people.venue)

    assert account(rubles, rich) == (99_999, 0, 0, 0)
    assert account(rubles, people.bob) == (1, 0, 0, 0)


def test_a_payment_to_oneself_changes_nothing(people, rubles, rich):
    rubles.hold(rich, 10, sender=people.venue)
    rubles.pay(rich, rich, 10, True, sender=people.venue)
    rubles.pay(rich, rich, 10, False, sender=people.venue)

    assert account(rubles, rich) == (100_000, 0, 0, 0)


def test_a_venue_touches_only_what_it_holds_itself(people, rubles, rich):
    rubles.hold(rich, 500, sender=people.venue)

    values = {"account": rich, "venue": people.venue2, "held": 0, "wanted": 1}
    with refused("RublesNotHeld", **values):
        rubles.release(rich, 1, sender=people.venue2)
    with refused("RublesNotHeld", **values):
        rubles.pay(rich, people.bob, 1, True, sender=people.venue2)
    with refused("RublesNotHeld", **values):
        rubles.payBatch(rich, [to_frozen((people.bob, 1))], sender=people.venue2)
    with refused("RublesNotHeld", account=rich, venue=people.venue, held=500, wanted=501):
        rubles.release(rich, 501, sender=people.venue)


def test_only_venues_move_rubles(people, rubles, rich):
    for who in (rich, people.treasurer1, people.operator, people.admin1):
        for method, args in (
            ("hold", (rich, 1)),
            ("release", (rich, 1)),
            ("pay", (rich, who, 1, False)),
            ("payBatch", (rich, [])),
        ):
            with refused("RoleRequired", who=who, role=VENUE):
                getattr(rubles, method)(*args, sender=who)


def test_more_than_free_is_neither_held_nor_paid(people, rubles, rich):
    rubles.hold(rich, 99_999, sender=people.venue)

    with refused("RublesInsufficient", account=rich, available=1, wanted=2):
        rubles.hold(rich, 2, sender=people.venue2)
    with refused("RublesInsufficient", account=rich, available=1, wanted=2):
        rubles.pay(rich, people.bob, 2, False, sender=people.venue)
    with refused("RublesZeroAmount"):
        rubles.hold(rich, 0, sender=people.venue)


def test_releasing_or_paying_nothing_does_nothing(people, rubles, rich):
    assert rubles.release(rich, 0, sender=people.venue).logs == ()
    assert rubles.pay(rich, people.bob, 0, True, sender=people.venue).logs == ()


def test_a_blocked_receiver_gets_frozen_rubles_and_a_stranger_none(system, people, rubles, rich):
    rubles.hold(rich, 10, sender=people.venue)
    system.block(people.bob)

    assert rubles.pay(rich, people.bob, 4, True, sender=people.venue).event("RublesPaid").toFrozen is True
    assert account(rubles, people.bob) == (0, 0, 0, 4)
    with refused("ParticipantNotAdmitted", who=people.stranger):
        rubles.pay(rich, people.stranger, 1, True, sender=people.venue)
    system.block(rich)
    assert rubles.release(rich, 6, sender=people.venue).event("RublesReleased").toFrozen is True
    assert account(rubles, rich) == (99_990, 0, 0, 6)


def test_a_batch_pays_many_from_one_escrow(system, people, rubles, rich):
    system.admit(people.carol, people.dave)
    rubles.hold(rich, 1_000, sender=people.venue)
    payments = [
        to_frozen((people.bob, 300)),
        to_frozen((people.carol, 0)),
        to_frozen((people.dave, 200), frozen=True),
    ]

    event = rubles.payBatch(rich, payments, sender=people.venue).event("RublesPaidBatch")

    assert event == {"from": rich, "venue": people.venue, "payments": payments}
    assert [account(rubles, who) for who in (people.bob, people.carol, people.dave)] == [
        (300, 0, 0, 0),
        (0, 0, 0, 0),
        (0, 0, 0, 200),
    ]
    assert account(rubles, rich) == (99_000, 500, 0, 0)
    assert rubles.escrowOf(people.venue) == 500


def test_a_batch_beyond_the_escrow_pays_nobody(people, rubles, rich):
    rubles.hold(rich, 500, sender=people.venue)

    with refused("RublesNotHeld", account=rich, venue=people.venue, held=500, wanted=501):
        rubles.payBatch(rich, [to_frozen((people.bob, 500)), to_frozen((rich, 1))], sender=people.venue)
    with pytest.raises(Refused):
        rubles.payBatch(rich, [to_frozen((people.bob, 2**64 - 1))] * 2, sender=people.venue)
    assert account(rubles, people.bob) == (0, 0, 0, 0)


# --- officers --------------------------------------------------------------------------------------------------------


def test_one_officer_freezes_and_two_unfreeze(system, people, rubles, rich):
    frozen = rubles.freeze(rich, 40_000, digest("order"), sender=people.compliance1).event("RublesFrozen")
    assert frozen == {"account": rich, "kopeks": 40_000, "basis": digest("order")}
    assert account(rubles, rich) == (60_000, 0, 0, 40_000)
    with refused("RoleRequired", who=people.compliance1, role=FOUR_EYES):
        rubles.unfreeze(rich, 1, digest("lifted"), sender=people.compliance1)

    system.four_eyes(rubles, "unfreeze", rich, 15_000, digest("lifted"), by=people.pair(COMPLIANCE))

    assert account(rubles, rich) == (75_000, 0, 0, 25_000)
    with refused("RublesInsufficient", account=rich, available=25_000, wanted=25_001):
        system.four_eyes(rubles, "unfreeze", rich, 25_001, digest("lifted"), by=people.pair(COMPLIANCE))
    with refused("RublesInsufficient", account=rich, available=75_000, wanted=75_001):
        rubles.freeze(rich, 75_001, digest("order"), sender=people.compliance1)


def test_freezing_is_for_compliance_and_of_something(people, rubles, rich, system):
    with refused("RoleRequired", who=people.treasurer1, role=COMPLIANCE):
        rubles.freeze(rich, 1, digest("order"), sender=people.treasurer1)
    with refused("RublesZeroAmount"):
        rubles.freeze(rich, 0, digest("order"), sender=people.compliance1)
    with refused("RublesZeroAmount"):
        system.four_eyes(rubles, "unfreeze", rich, 0, digest("lifted"), by=people.pair(COMPLIANCE))


def test_frozen_rubles_stay_put(people, rubles, rich):
    rubles.freeze(rich, 100_000, digest("order"), sender=people.compliance1)

    with refused("RublesInsufficient", account=rich, available=0, wanted=1):
        rubles.requestWithdrawal(digest("w"), 1, digest("d"), sender=rich)
    with refused("RublesInsufficient", account=rich, available=0, wanted=1):
        rubles.hold(rich, 1, sender=people.venue)


def move_all(system, old, new):
    return system.four_eyes(system.rubles, "moveAll", old, new, by=system.people.pair(REGISTRAR))


def replace(system, old, new):
    return system.four_eyes(system.participants, "replace", old, new, by=system.people.pair(REGISTRAR))


def test_everything_of_a_replaced_address_moves_to_the_new_one(system, people, rubles, rich):
    rubles.freeze(rich, 20_000, digest("order"), sender=people.compliance1)
    replace(system, rich, people.carol)

    event = move_all(system, rich, people.carol).event("RublesMoved")

    assert (event["from"], event.to) == (rich, people.carol)
    assert event.moved == {"free": 80_000, "held": 0, "inTransit": 0, "frozen": 20_000}
    assert account(rubles, people.carol) == (80_000, 0, 0, 20_000)
    assert account(rubles, rich) == (0, 0, 0, 0)
    assert rubles.totalSupply() == 100_000


def test_rubles_move_only_along_a_replacement(system, people, rubles, rich):
    with refused("ParticipantWrongStatus", who=rich, status=1):
        move_all(system, rich, people.bob)
    replace(system, rich, people.carol)
    for other in (people.bob, people.stranger, rich):
        with refused("ParticipantNotAdmitted", who=other):
            move_all(system, rich, other)


def test_holds_and_withdrawals_are_closed_before_the_move(system, people, rubles, rich):
    rubles.hold(rich, 10, sender=people.venue)
    rubles.requestWithdrawal(digest("w"), 7, digest("d"), sender=rich)
    replace(system, rich, people.carol)

    with refused("RublesInUse", account=rich, held=10, inTransit=7):
        move_all(system, rich, people.carol)
    rubles.release(rich, 10, sender=people.venue)
    rubles.cancelWithdrawal(digest("w"), digest("replaced"), sender=people.treasurer1)
    move_all(system, rich, people.carol)
    assert account(rubles, people.carol) == (100_000, 0, 0, 0)
