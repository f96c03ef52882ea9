"""A dangerous action needs two different officers of the right role, a reason, a document and an open term."""

import pytest

from tests.contracts.evm import refused
from tests.contracts.system import (
    ACTIVE,
    ADMIN_ROLE,
    ADMINISTRATOR,
    BLOCKED,
    COMPLIANCE,
    DAY,
    FOUR_EYES,
    NO_HASH,
    OPERATOR,
    REGISTRAR,
    digest,
)

PROPOSED, EXECUTED, CANCELLED = 1, 2, 3
REASON, DOCUMENT = digest("reason"), digest("document")


@pytest.fixture
def eyes(four_eyes):
    return four_eyes


@pytest.fixture
def blocked(system, people):
    """A blocked participant, whom two compliance officers may unblock."""
    system.admit(people.alice)
    system.block(people.alice)
    return people.alice


@pytest.fixture
def unblocking(participants, blocked):
    return participants.unblock.data(blocked)


@pytest.fixture
def proposed(eyes, evm, people, participants, unblocking):
    """Number of a proposal to unblock, made by the first compliance officer, open for a day."""
    receipt = eyes.propose(participants, unblocking, REASON, DOCUMENT, evm.now() + DAY, sender=people.compliance1)
    return receipt.event("ActionProposed").id


def test_the_second_officer_approves_and_it_is_done_at_once(eyes, people, participants, blocked, unblocking, proposed):
    receipt = eyes.approve(proposed, unblocking, sender=people.compliance2)

    assert participants.participant(blocked).status == ACTIVE
    assert receipt.event("ActionExecuted") == {"id": proposed, "approver": people.compliance2, "result": b""}
    assert eyes.proposal(proposed).state == EXECUTED


def test_a_proposal_shows_what_it_would_do_and_why(eyes, evm, people, participants, unblocking):
    until = evm.now() + DAY
    event = eyes.propose(participants, unblocking, REASON, DOCUMENT, until, sender=people.compliance1).event(
        "ActionProposed"
    )

    assert event == {
        "id": 1,
        "proposer": people.compliance1,
        "target": participants.address,
        "role": COMPLIANCE,
        "data": bytes.fromhex(unblocking[2:]),
        "reason": REASON,
        "documentHash": DOCUMENT,
        "expiresAt": until,
    }
    kept = eyes.proposal(1)
    assert (kept.proposer, kept.role, kept.state, kept.target) == (event.proposer, COMPLIANCE, PROPOSED, event.target)
    assert eyes.count() == 1


def test_the_proposer_cannot_approve(eyes, people, participants, blocked, unblocking, proposed):
    with refused("ActionSameOfficer", id=proposed, officer=people.compliance1):
        eyes.approve(proposed, unblocking, sender=people.compliance1)
    assert participants.participant(blocked).status == BLOCKED


@pytest.mark.parametrize("who", ["admin1", "registrar1", "stranger", "deployer", "operator"])
def test_officers_of_another_role_neither_propose_nor_approve_nor_cancel(
    eyes, evm, people, participants, unblocking, proposed, who
):
    other = getattr(people, who)
    with refused("RoleRequired", who=other, role=COMPLIANCE):
        eyes.propose(participants, unblocking, REASON, DOCUMENT, evm.now() + DAY, sender=other)
    with refused("RoleRequired", who=other, role=COMPLIANCE):
        eyes.approve(proposed, unblocking, sender=other)
    with refused("RoleRequired", who=other, role=COMPLIANCE):
        eyes.cancel(proposed, sender=other)


def test_other_data_than_proposed_are_refused(eyes, people, participants, proposed, unblocking):
    other = participants.unblock.data(people.bob)

    with refused("ActionDataDiffers", id=proposed, expected=eyes.proposal(proposed).dataHash):
        eyes.approve(proposed, other, sender=people.compliance2)


def test_a_proposal_lives_until_the_second_of_its_expiry(eyes, evm, people, proposed, unblocking):
    expiry = eyes.proposal(proposed).expiresAt
    evm.next_at(expiry + 1)
    with refused("ActionExpired", id=proposed, expiresAt=expiry):
        eyes.approve(proposed, unblocking, sender=people.compliance2)


def test_at_the_second_of_its_expiry_a_proposal_is_still_good(eyes, evm, people, proposed, unblocking):
    evm.next_at(eyes.proposal(proposed).expiresAt)

    assert eyes.approve(proposed, unblocking, sender=people.compliance2).event("ActionExecuted").id == proposed


@pytest.mark.parametrize("ahead", [-DAY, 0, 31 * DAY])
def test_the_term_lies_ahead_and_within_thirty_days(eyes, evm, people, participants, unblocking, ahead):
    expiry = evm.now() + ahead
    with refused("ActionExpiryInvalid", expiresAt=expiry):
        eyes.propose(participants, unblocking, REASON, DOCUMENT, expiry, sender=people.compliance1)


@pytest.mark.parametrize(("reason", "document"), [(NO_HASH, DOCUMENT), (REASON, NO_HASH)])
def test_no_action_without_reason_and_document(eyes, evm, people, participants, unblocking, reason, document):
    with refused("ActionWithoutDocument"):
        eyes.propose(participants, unblocking, reason, document, evm.now() + DAY, sender=people.compliance1)


def test_an_action_happens_once(eyes, people, proposed, unblocking):
    eyes.approve(proposed, unblocking, sender=people.compliance2)

    with refused("ActionNotProposed", id=proposed, state=EXECUTED):
        eyes.approve(proposed, unblocking, sender=people.compliance2)
    with refused("ActionNotProposed", id=proposed, state=EXECUTED):
        eyes.cancel(proposed, sender=people.compliance1)


def test_an_unknown_proposal_is_refused(eyes, people, unblocking):
    with refused("ActionNotProposed", id=7, state=0):
        eyes.approve(7, unblocking, sender=people.compliance2)


@pytest.mark.parametrize("who", ["compliance1", "compliance2"])
def test_the_proposer_or_a_colleague_cancels(eyes, people, proposed, unblocking, who):
    officer = getattr(people, who)
    assert eyes.cancel(proposed, sender=officer).event("ActionCancelled") == {"id": proposed, "officer": officer}

    with refused("ActionNotProposed", id=proposed, state=CANCELLED):
        eyes.approve(proposed, unblocking, sender=people.compliance2)


def test_the_error_of_the_action_itself_comes_through_and_the_proposal_stays(
    eyes, evm, people, participants, unblocking, proposed, system
):
    system.four_eyes(participants, "unblock", people.alice, by=people.pair(COMPLIANCE))

    with refused("ParticipantWrongStatus", who=people.alice, status=ACTIVE):
        eyes.approve(proposed, unblocking, sender=people.compliance2)
    assert eyes.proposal(proposed).state == PROPOSED


def test_a_function_without_a_rule_cannot_be_proposed(eyes, evm, people, participants, manager):
    pairs = [
        (participants, participants.block_.data(people.alice, REASON, DOCUMENT)),
        (manager, manager.setRoleAdmin.data(ADMINISTRATOR, COMPLIANCE)),
        (people.alice, "0x"),
        (participants, "0x010203"),
    ]
    for target, data in pairs:
        with refused("ActionUnknown"):
            eyes.propose(target, data, REASON, DOCUMENT, evm.now() + DAY, sender=people.compliance1)


def test_a_dismissed_proposer_no_longer_counts_as_one_of_two(eyes, people, system, manager, proposed, unblocking):
    system.four_eyes(manager, "revokeRole", COMPLIANCE, people.compliance1, by=people.pair(ADMINISTRATOR))

    with refused("RoleRequired", who=people.compliance1, role=COMPLIANCE):
        eyes.approve(proposed, unblocking, sender=people.compliance2)


def test_a_changed_rule_takes_open_proposals_along(eyes, people, system, participants, proposed, unblocking):
    selector = participants.unblock.selector
    system.four_eyes(eyes, "setRule", participants, selector, REGISTRAR, by=people.pair(ADMINISTRATOR))

    with refused("ActionUnknown", target=participants, selector=selector):
        eyes.approve(proposed, unblocking, sender=people.compliance2)


def test_rules_are_changed_by_two_administrators_only(eyes, people, system, participants):
    selector = participants.block_.selector
    for alone in (people.admin1, people.deployer, people.compliance1):
        with refused("RoleRequired", who=alone, role=ADMIN_ROLE):
            eyes.setRule(participants, selector, COMPLIANCE, sender=alone)

    receipt = system.four_eyes(eyes, "setRule", participants, selector, COMPLIANCE, by=people.pair(ADMINISTRATOR))

    assert receipt.event("RuleSet") == {"target": participants.address, "selector": selector, "role": COMPLIANCE}
    assert eyes.roleFor(participants, selector) == COMPLIANCE


def test_roles_are_granted_and_revoked_by_two_administrators_only(people, system, manager):
    with refused("AccessManagerUnauthorizedAccount", msgsender=people.admin1, roleId=ADMIN_ROLE):
        manager.grantRole(OPERATOR, people.carol, 0, sender=people.admin1)

    system.four_eyes(manager, "grantRole", OPERATOR, people.carol, 0, by=people.pair(ADMINISTRATOR))
    assert manager.hasRole(OPERATOR, people.carol).isMember

    system.four_eyes(manager, "revokeRole", OPERATOR, people.carol, by=people.pair(ADMINISTRATOR))
    assert not manager.hasRole(OPERATOR, people.carol).isMember


def test_a_role_with_a_delay_is_no_role_in_the_rooms(people, system, manager, anchors):
    system.four_eyes(manager, "grantRole", OPERATOR, people.carol, 60, by=people.pair(ADMINISTRATOR))

    with refused("RoleRequired", who=people.carol, role=OPERATOR):
        anchors.anchor(0, digest("root"), 1, 1, sender=people.carol)


def test_nobody_else_reaches_what_needs_four_eyes(people, participants, rubles, registry, system):
    for who in (people.compliance1, people.registrar1, people.admin1, people.deployer):
        with refused("RoleRequired", who=who, role=FOUR_EYES):
            participants.unblock(people.alice, sender=who)
        with refused("RoleRequired", who=who, role=FOUR_EYES):
            rubles.moveAll(people.alice, people.bob, sender=who)
        with refused("RoleRequired", who=who, role=FOUR_EYES):
            registry.deploy(system.terms(), system.placement_terms(), sender=who)


def test_rules_of_assets_hold_for_registered_tokens_only(eyes, evm, people, system):
    token, foreign = system.issue(), system.new_asset("by hand")

    assert eyes.roleFor(token, token.setPaused.selector) == REGISTRAR
    assert eyes.roleFor(foreign, foreign.setPaused.selector) == 0
    with refused("ActionUnknown", target=foreign):
        eyes.propose(foreign, foreign.setPaused.data(True), REASON, DOCUMENT, evm.now() + DAY, sender=people.registrar1)
