"""Who may hold: admission, classes, expiry, blocking, replacement, and the yearly limit of unqualified persons."""

from datetime import UTC, datetime

import pytest

from tests.contracts.evm import refused
from tests.contracts.system import (
    ACTIVE,
    ADMITTED_UNTIL,
    BLOCKED,
    COMPLIANCE,
    DAY,
    FOUR_EYES,
    FREE,
    LIMIT,
    NO_ADDRESS,
    ORGANISATION,
    PERSON,
    QUAL,
    REGISTRAR,
    REPLACED,
    TEST,
    VENUE,
    YEAR,
    digest,
)

NONE = 0
NOT_ADMITTED, EXPIRED, IS_BLOCKED, CLASS = 5, 6, 7, 8
LIMIT_KOPEKS = 60_000_000
UNLIMITED = 2**256 - 1


def moscow_new_year(year):
    return int(datetime(year - 1, 12, 31, 21, tzinfo=UTC).timestamp())


# --- admission -------------------------------------------------------------------------------------------------------


def test_a_batch_admits_with_running_numbers(system, people, participants):
    before = participants.count()

    receipt = system.admit(people.alice, people.bob, classes=FREE | LIMIT)

    first, second = receipt.events("ParticipantAdmitted")
    assert (first.who, first.number, second.who, second.number) == (people.alice, before + 1, people.bob, before + 2)
    assert (first.kind, first.classes, first.admittedUntil) == (PERSON, FREE | LIMIT, ADMITTED_UNTIL)
    assert first.profileHash == digest("profile" + people.alice)
    kept = participants.participant(people.bob)
    assert (kept.status, kept.kind, kept.classes, kept.number) == (ACTIVE, PERSON, FREE | LIMIT, before + 2)
    assert participants.count() == before + 2


def test_only_compliance_admits_updates_and_blocks(people, participants):
    for who in (people.alice, people.admin1, people.operator, people.deployer):
        with refused("RoleRequired", who=who, role=COMPLIANCE):
            participants.admit([people.alice], [PERSON], [FREE], [ADMITTED_UNTIL], [digest("x")], sender=who)
        with refused("RoleRequired", who=who, role=COMPLIANCE):
            participants.update(people.alice, FREE, ADMITTED_UNTIL, digest("x"), sender=who)
        with refused("RoleRequired", who=who, role=COMPLIANCE):
            participants.block_(people.alice, digest("x"), digest("y"), sender=who)


def test_nobody_is_admitted_twice_not_even_in_one_batch(system, people):
    system.admit(people.alice)

    with refused("ParticipantExists", who=people.alice):
        system.admit(people.bob, people.alice)
    with refused("ParticipantExists", who=people.bob):
        system.admit(people.bob, people.bob)


@pytest.mark.parametrize("changes", [{"kind": 0}, {"classes": 16}, {"until": 0}, {"until": 1_700_000_000}], ids=str)
def test_terms_that_make_no_sense_are_refused(system, people, changes):
    with refused("ParticipantTermsInvalid", who=people.alice):
        system.admit(people.alice, **changes)


def test_no_officer_admits_himself_and_nobody_the_zero_address(system, people):
    with refused("ParticipantTermsInvalid", who=people.compliance1):
        system.admit(people.compliance1)
    with refused("ParticipantTermsInvalid", who=NO_ADDRESS):
        system.admit(NO_ADDRESS)


def test_columns_of_unequal_length_are_refused(people, participants):
    with refused("ParticipantTermsInvalid", who=NO_ADDRESS):
        participants.admit(
            [people.alice, people.bob], [PERSON], [FREE], [ADMITTED_UNTIL], [digest("x")], sender=people.compliance1
        )


def test_an_update_renews_and_qualifies(system, people, participants):
    system.admit(people.alice)
    later = ADMITTED_UNTIL + YEAR

    receipt = participants.update(people.alice, FREE | QUAL, later, digest("new"), sender=people.compliance1)

    assert receipt.event("ParticipantUpdated") == {
        "who": people.alice,
        "classes": FREE | QUAL,
        "admittedUntil": later,
        "profileHash": digest("new"),
    }
    assert participants.restriction(people.alice, QUAL) == NONE


def test_an_update_of_a_blocked_participant_leaves_it_blocked(system, people, participants):
    system.admit(people.alice)
    system.block(people.alice)
    participants.update(people.alice, FREE, ADMITTED_UNTIL + 1, digest("new"), sender=people.compliance1)

    assert participants.restriction(people.alice, 0) == IS_BLOCKED


def test_a_stranger_is_not_updated(people, participants):
    with refused("ParticipantWrongStatus", who=people.bob, status=NONE):
        participants.update(people.bob, FREE, ADMITTED_UNTIL, digest("x"), sender=people.compliance1)


# --- restrictions ----------------------------------------------------------------------------------------------------


def test_every_obstacle_has_its_code_and_its_error(system, evm, people, participants):
    system.admit(people.alice, classes=FREE | TEST)
    system.admit(people.bob, until=evm.now() + DAY)
    system.admit(people.carol)
    system.block(people.carol)
    evm.wait(2 * DAY)

    assert participants.restriction(people.alice, TEST) == NONE
    participants.requireAdmitted(people.alice, TEST)
    assert participants.restriction(people.alice, QUAL) == CLASS
    with refused("ParticipantClass", who=people.alice, required=QUAL):
        participants.requireAdmitted(people.alice, QUAL)
    assert participants.restriction(people.bob, 0) == EXPIRED
    with refused(
        "ParticipantExpired", who=people.bob, admittedUntil=participants.participant(people.bob).admittedUntil
    ):
        participants.requireAdmitted(people.bob, 0)
    assert participants.restriction(people.carol, 0) == IS_BLOCKED
    with refused("ParticipantIsBlocked", who=people.carol):
        participants.requireAdmitted(people.carol, 0)
    assert participants.restriction(people.dave, 0) == NOT_ADMITTED
    with refused("ParticipantNotAdmitted", who=people.dave):
        participants.requireAdmitted(people.dave, 0)


def test_admission_holds_to_its_last_second(system, evm, people, participants):
    until = evm.now() + DAY
    system.admit(people.alice, until=until)
    evm.travel(until)
    assert evm.call(people.alice, participants.address, participants.restriction.data(people.alice, 0))
    evm.travel(until + 1)

    assert participants.restriction(people.alice, 0) == EXPIRED


def test_in_a_pair_the_class_concerns_the_receiver_only(system, people, participants):
    system.admit(people.alice, classes=FREE)
    system.admit(people.bob, classes=QUAL)

    assert participants.restrictionOfPair(people.alice, people.bob, QUAL).code == NONE
    assert participants.restrictionOfPair(people.bob, people.alice, QUAL) == {"code": CLASS, "offender": people.alice}
    assert participants.restrictionOfPair(people.dave, people.alice, QUAL).offender == people.dave
    participants.requirePair(people.alice, people.bob, QUAL)
    with refused("ParticipantClass", who=people.alice, required=QUAL):
        participants.requirePair(people.bob, people.alice, QUAL)


# --- blocking and replacing ------------------------------------------------------------------------------------------


def test_one_officer_blocks_and_two_unblock(system, people, participants):
    system.admit(people.alice)

    event = system.block(people.alice).event("ParticipantBlocked")
    assert (event.who, event.officer, event.documentHash) == (people.alice, people.compliance1, digest("document"))
    with refused("RoleRequired", who=people.compliance1, role=FOUR_EYES):
        participants.unblock(people.alice, sender=people.compliance1)

    assert system.unblock(people.alice).event("ParticipantUnblocked").who == people.alice
    assert participants.participant(people.alice).status == ACTIVE


def test_blocking_the_blocked_and_unblocking_the_active_are_refused(system, people):
    system.admit(people.alice)
    with refused("ParticipantWrongStatus", who=people.alice, status=ACTIVE):
        system.unblock(people.alice)
    system.block(people.alice)

    with refused("ParticipantWrongStatus", who=people.alice, status=BLOCKED):
        system.block(people.alice)
    with refused("ParticipantWrongStatus", who=people.bob, status=NONE):
        system.block(people.bob)


def replace(system, old, new):
    return system.four_eyes(system.participants, "replace", old, new, by=system.people.pair(REGISTRAR))


def test_a_new_address_takes_over_number_classes_limit_and_block(system, people, participants):
    system.admit(people.alice, classes=FREE | LIMIT)
    system.make_venue()
    participants.commitLimit(people.alice, 100, False, sender=people.venue)
    system.block(people.alice)
    number = participants.participant(people.alice).number

    event = replace(system, people.alice, people.bob).event("ParticipantReplaced")

    assert event == {"from": people.alice, "to": people.bob, "number": number}
    new, old = participants.participant(people.bob), participants.participant(people.alice)
    assert (new.status, new.classes, new.number, new.limitNet) == (BLOCKED, FREE | LIMIT, number, 100)
    assert (old.status, old.number, old.limitNet) == (REPLACED, number, 0)
    assert participants.restriction(people.alice, 0) == NOT_ADMITTED
    assert participants.numbersAndStatus([people.alice, people.bob, people.dave]) == [
        number << 8 | REPLACED,
        number << 8 | BLOCKED,
        0,
    ]


def test_a_replaced_address_stays_out_for_good(system, people, participants):
    system.admit(people.alice)
    replace(system, people.alice, people.bob)

    with refused("ParticipantExists", who=people.alice):
        system.admit(people.alice)
    with refused("ParticipantWrongStatus", who=people.alice, status=REPLACED):
        replace(system, people.alice, people.carol)
    with refused("ParticipantWrongStatus", who=people.alice, status=REPLACED):
        participants.update(people.alice, FREE, ADMITTED_UNTIL, digest("x"), sender=people.compliance1)
    with refused("ParticipantWrongStatus", who=people.alice, status=REPLACED):
        system.block(people.alice)


def test_the_heir_of_a_number_is_an_unknown_address(system, people):
    system.admit(people.alice, people.bob)

    with refused("ParticipantExists", who=people.bob):
        replace(system, people.alice, people.bob)
    with refused("ParticipantExists", who=people.alice):
        replace(system, people.alice, people.alice)
    with refused("ParticipantTermsInvalid", who=NO_ADDRESS):
        replace(system, people.alice, NO_ADDRESS)
    with refused("ParticipantWrongStatus", who=people.dave, status=NONE):
        replace(system, people.dave, people.carol)


def test_open_orders_in_the_limit_are_closed_before_a_replacement(system, people, participants):
    system.admit(people.alice)
    system.make_venue()
    participants.reserveLimit(people.alice, 500, sender=people.venue)

    with refused("ParticipantHasReservation", who=people.alice, reservedKopeks=500):
        replace(system, people.alice, people.bob)


# --- yearly limit ----------------------------------------------------------------------------------------------------


@pytest.fixture
def venue(system, people):
    system.make_venue()
    system.admit(people.alice)
    return people.venue


def test_only_venues_move_the_limit(people, participants):
    for who in (people.alice, people.compliance1, people.operator):
        for method, args in (
            ("reserveLimit", (people.alice, 1)),
            ("releaseLimit", (people.alice, 1)),
            ("commitLimit", (people.alice, 1, False)),
            ("restoreLimit", (people.alice, 1)),
        ):
            with refused("RoleRequired", who=who, role=VENUE):
                getattr(participants, method)(*args, sender=who)


def test_orders_reserve_settlement_commits_and_a_sale_restores(people, participants, venue):
    participants.reserveLimit(people.alice, 40_000_000, sender=venue)
    assert participants.limitAvailable(people.alice) == 20_000_000
    participants.releaseLimit(people.alice, 10_000_000, sender=venue)
    assert participants.limitAvailable(people.alice) == 30_000_000

    event = participants.commitLimit(people.alice, 30_000_000, True, sender=venue).event("LimitCommitted")
    assert event == {"who": people.alice, "year": 2030, "kopeks": 30_000_000, "reserved": True}
    assert participants.limitAvailable(people.alice) == 30_000_000

    participants.restoreLimit(people.alice, 35_000_000, sender=venue)
    assert (
        participants.limitAvailable(people.alice) == 65_000_000
    )  # sales may lift it above the figure of the ordinance
    kept = participants.participant(people.alice)
    assert (kept.limitNet, kept.limitReserved, kept.limitYear) == (-5_000_000, 0, 2030)


def test_the_limit_is_used_to_the_last_kopek_and_not_beyond(people, participants, venue):
    participants.reserveLimit(people.alice, LIMIT_KOPEKS - 1, sender=venue)

    with refused("LimitExceeded", who=people.alice, availableKopeks=1, wantedKopeks=2):
        participants.reserveLimit(people.alice, 2, sender=venue)
    with refused("LimitExceeded", who=people.alice, availableKopeks=1, wantedKopeks=2):
        participants.commitLimit(people.alice, 2, False, sender=venue)
    participants.commitLimit(people.alice, 1, False, sender=venue)
    assert participants.limitAvailable(people.alice) == 0


def test_more_than_reserved_is_never_released_or_committed(people, participants, venue):
    participants.reserveLimit(people.alice, 10, sender=venue)

    with refused("Panic", code=0x11):
        participants.releaseLimit(people.alice, 11, sender=venue)
    with refused("Panic", code=0x11):
        participants.commitLimit(people.alice, 11, True, sender=venue)


@pytest.mark.parametrize(
    ("kind", "classes"),
    [(ORGANISATION, FREE), (2, FREE), (4, FREE), (5, 0)],
    ids=["company", "trader", "nominee", "system"],
)
def test_the_limit_concerns_persons_only(system, people, participants, venue, kind, classes):
    system.admit(people.bob, kind=kind, classes=classes)

    for receipt in (
        participants.reserveLimit(people.bob, 10 * LIMIT_KOPEKS, sender=venue),
        participants.commitLimit(people.bob, 10 * LIMIT_KOPEKS, True, sender=venue),
        participants.restoreLimit(people.bob, 5, sender=venue),
        participants.releaseLimit(people.bob, 5, sender=venue),
    ):
        assert receipt.logs == ()
    assert participants.limitAvailable(people.bob) == UNLIMITED


def test_a_qualified_person_is_not_limited_and_his_purchases_do_not_count(system, people, participants, venue):
    system.admit(people.bob, classes=FREE | QUAL)

    participants.reserveLimit(people.bob, 2 * LIMIT_KOPEKS, sender=venue)
    participants.commitLimit(people.bob, 2 * LIMIT_KOPEKS, True, sender=venue)
    participants.commitLimit(people.bob, LIMIT_KOPEKS, False, sender=venue)
    participants.restoreLimit(people.bob, 7, sender=venue)

    assert participants.limitAvailable(people.bob) == UNLIMITED
    kept = participants.participant(people.bob)
    assert (kept.limitNet, kept.limitReserved) == (0, 0)


@pytest.mark.parametrize("before", [FREE, FREE | QUAL])
def test_a_change_of_class_between_order_and_settlement_leaves_nothing_reserved(
    system, people, participants, venue, before
):
    after = (FREE | QUAL) if before == FREE else FREE
    system.admit(people.bob, classes=before)
    participants.reserveLimit(people.bob, 100, sender=venue)
    participants.update(people.bob, after, ADMITTED_UNTIL, digest("x"), sender=people.compliance1)
    participants.commitLimit(people.bob, 100, True, sender=venue)

    kept = participants.participant(people.bob)
    assert kept.limitReserved == 0
    assert kept.limitNet == (0 if after & QUAL else 100)


def test_a_new_moscow_year_forgets_purchases_and_keeps_open_orders(evm, people, participants, venue):
    participants.commitLimit(people.alice, 50_000_000, False, sender=venue)
    participants.reserveLimit(people.alice, 4_000_000, sender=venue)
    evm.travel(moscow_new_year(2031) - 2)
    assert participants.limitAvailable(people.alice) == 6_000_000
    evm.travel(moscow_new_year(2031))
    assert participants.limitAvailable(people.alice) == 56_000_000

    event = participants.commitLimit(people.alice, 4_000_000, True, sender=venue).event("LimitCommitted")

    assert event.year == 2031
    kept = participants.participant(people.alice)
    assert (kept.limitYear, kept.limitNet, kept.limitReserved) == (2031, 4_000_000, 0)


@pytest.mark.parametrize("year", [2031, 2032, 2033, 2036, 2037, 2100, 2101, 2400, 2401])
def test_the_year_turns_at_midnight_in_moscow(evm, people, system, participants, year):
    system.make_venue()
    system.admit(people.bob, until=2**40 - 1)
    for timestamp, wanted in ((moscow_new_year(year) - 1, year - 1), (moscow_new_year(year), year)):
        evm.next_at(timestamp)
        receipt = participants.restoreLimit(people.bob, 1, sender=people.venue)
        assert (receipt.timestamp, receipt.event("LimitRestored").year) == (timestamp, wanted)


def set_limit(system, start, kopeks):
    return system.four_eyes(system.participants, "setLimit", start, kopeks, by=system.people.pair(COMPLIANCE))


def test_a_new_limit_counts_from_its_day(system, evm, people, participants, venue):
    start = moscow_new_year(2031)

    assert set_limit(system, start, 100).event("LimitSet") == {"effectiveFrom": start, "kopeks": 100}
    assert participants.limitAvailable(people.alice) == LIMIT_KOPEKS
    evm.travel(start)
    assert participants.limitAvailable(people.alice) == 100
    assert participants.limitRule() == {"from": start, "kopeks": 100, "nextFrom": 0, "nextKopeks": 0}


def test_a_limit_that_lies_ahead_is_replaced(system, evm, people, participants, venue):
    set_limit(system, moscow_new_year(2031), 100)
    set_limit(system, moscow_new_year(2032), 200)
    evm.travel(moscow_new_year(2031))

    assert participants.limitAvailable(people.alice) == LIMIT_KOPEKS
    evm.travel(moscow_new_year(2032))
    assert participants.limitAvailable(people.alice) == 200


def test_a_limit_in_force_at_once_keeps_the_one_that_follows(system, evm, people, participants, venue):
    set_limit(system, moscow_new_year(2031), 100)
    set_limit(system, evm.now(), 300)

    assert participants.limitAvailable(people.alice) == 300
    evm.travel(moscow_new_year(2031))
    assert participants.limitAvailable(people.alice) == 100


def test_a_limit_older_than_the_one_in_force_is_refused(system):
    with refused("LimitTermsInvalid", effectiveFrom=moscow_new_year(2026)):
        set_limit(system, moscow_new_year(2026), 100)


def test_a_lowered_limit_leaves_nothing_but_never_less(system, people, evm, participants, venue):
    participants.commitLimit(people.alice, 1_000, False, sender=venue)
    set_limit(system, evm.now(), 400)

    assert participants.limitAvailable(people.alice) == 0


# --- gas -------------------------------------------------------------------------------------------------------------


def test_admission_in_a_batch_costs_less_than_30_000_gas_each(system, record_property):
    many = [f"0x{digest(str(number)).hex()[:40]}" for number in range(100)]
    gas = system.admit(*many).gas / 100

    record_property("gas_admit", gas)
    print(f"gas: admission in a batch of 100: {gas:.0f}")
    assert gas < 30_000
