"""An issue enters the register by two moderators with terms that can work, and leaves it when nothing is left."""

import pytest

from tests.contracts import compiled
from tests.contracts.evm import refused
from tests.contracts.system import DAY, FOUR_EYES, MODERATOR, ORGANISATION, VENUE, YEAR, digest

NONE, PLACEMENT, FAILED, CIRCULATION, REDEEMED, CLOSED = range(6)
NO_ISSUE = b"\0" * 32
LARGEST = 2**63 - 1


@pytest.fixture
def issuer(system, people):
    system.admit(people.issuer, kind=ORGANISATION, classes=15)
    return people.issuer


def deploy(system, terms, sale=None):
    sale = sale or system.placement_terms()
    return system.four_eyes(system.registry, "deploy", terms, sale, by=system.people.pair(MODERATOR))


def test_two_moderators_deploy_a_token_and_open_its_placement(system, registry, placement, issuer):
    terms = system.terms()

    receipt = deploy(system, terms)

    event = receipt.event("IssueDeployed")
    assert (event.issueId, event.issuer, event.decisionHash) == (terms["issueId"], issuer, terms["decisionHash"])
    assert registry.issue(terms["issueId"]) == {
        "state": PLACEMENT,
        "asset": event.asset,
        "issuer": issuer,
        "decisionHash": terms["decisionHash"],
    }
    changed = receipt.event("IssueStateChanged")
    assert (changed["from"], changed.to) == (NONE, PLACEMENT)
    assert registry.isAsset(event.asset)
    assert registry.issueIdOf(event.asset) == terms["issueId"]
    assert placement.sale(terms["issueId"]).asset == event.asset
    token = system.asset(event.asset)
    assert dict(token.terms()) == terms
    assert token.totalSupply() == 0


def test_the_token_has_the_code_that_the_registry_carries(system, evm, registry, issuer):
    token = system.issue()
    made = compiled.artifact("DigitalAsset")

    assert evm.web3.eth.get_code(registry.ASSET_CODE()).hex() == "00" + made["bytecode"][2:]
    assert len(evm.web3.eth.get_code(token.address)) == (len(made["deployedBytecode"]) - 2) // 2


def test_nobody_deploys_alone(system, people, registry, issuer):
    for who in (people.moderator1, people.admin1, people.issuer, people.deployer):
        with refused("RoleRequired", who=who, role=FOUR_EYES):
            registry.deploy(system.terms(), system.placement_terms(), sender=who)


def test_an_issue_is_registered_once(system, issuer):
    terms = system.terms()
    deploy(system, terms)

    with refused("IssueExists", issueId=terms["issueId"]):
        deploy(system, {**terms, "name": "Другой"})


def test_the_issuer_is_a_participant_who_may_act(system, people):
    with refused("ParticipantNotAdmitted", who=people.issuer):
        deploy(system, system.terms())
    system.admit(people.issuer)
    system.block(people.issuer)
    with refused("ParticipantIsBlocked", who=people.issuer):
        deploy(system, system.terms())


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("issueId", {"issueId": NO_ISSUE}),
        ("decisionHash", {"decisionHash": NO_ISSUE}),
        ("name", {"name": ""}),
        ("symbol", {"symbol": ""}),
        ("nominalKopeks", {"nominalKopeks": 0}),
        ("maximumUnits", {"maximumUnits": 0}),
        ("maximumUnits", {"nominalKopeks": LARGEST // 1_000 + 1}),
        ("accessClass", {"accessClass": 0}),
        ("accessClass", {"accessClass": 3}),
        ("accessClass", {"accessClass": 16}),
        ("recordDates", {"recordDates": []}),
    ],
    ids=str,
)
def test_terms_that_cannot_work_are_refused_by_field(system, issuer, field, changes):
    with refused("IssueTermsInvalid", field=field):
        deploy(system, {**system.terms(), **changes})


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("maturity", {"maturity": -1}),
        ("lockedUntil", {"lockedUntil": YEAR}),
        ("recordDates", {"recordDates": [0, 90 * DAY]}),
        ("recordDates", {"recordDates": [90 * DAY, 90 * DAY]}),
        ("recordDates", {"recordDates": [90 * DAY, 80 * DAY]}),
        ("recordDates", {"recordDates": [90 * DAY, YEAR + 1]}),
    ],
    ids=str,
)
def test_dates_that_cannot_work_are_refused_by_field(system, evm, issuer, field, changes):
    now = evm.now()
    moved = {
        name: [now + date for date in value] if isinstance(value, list) else now + value
        for name, value in changes.items()
    }
    with refused("IssueTermsInvalid", field=field):
        deploy(system, {**system.terms(), **moved})


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("priceKopeks", {"priceKopeks": 0}),
        ("priceKopeks", {"priceKopeks": LARGEST // 1_000 + 1}),
        ("minimumUnits", {"minimumUnits": 0}),
        ("minimumUnits", {"minimumUnits": 1_001}),
        ("orderMin", {"orderMin": 0}),
        ("orderMax", {"orderMin": 5, "orderMax": 4}),
        ("orderMax", {"orderMax": 1_001}),
    ],
    ids=str,
)
def test_a_sale_that_cannot_work_is_refused_by_field(system, issuer, field, changes):
    with refused("IssueTermsInvalid", field=field):
        deploy(system, system.terms(), system.placement_terms(**changes))


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("endsAt", {"startsAt": 10 * DAY}),
        ("endsAt", {"startsAt": -2 * DAY, "endsAt": -DAY}),
        ("creditingAt", {"creditingAt": 9 * DAY}),
        ("creditingAt", {"creditingAt": YEAR}),
        ("creditingAt", {"creditingAt": 90 * DAY}),
    ],
    ids=str,
)
def test_a_sale_at_times_that_cannot_work_is_refused_by_field(system, evm, issuer, field, changes):
    now = evm.now()
    sale = system.placement_terms(**{name: now + ahead for name, ahead in changes.items()})
    with refused("IssueTermsInvalid", field=field):
        deploy(system, system.terms(), sale)


def test_an_issue_at_the_edge_of_every_rule_is_accepted(system, evm, issuer):
    now = evm.now() + 100
    terms = {
        **system.terms(),
        "nominalKopeks": LARGEST // 1_000,
        "maturity": now + 30 * DAY,
        "lockedUntil": now + 30 * DAY - 1,
        "recordDates": [now + 30 * DAY],
    }
    sale = system.placement_terms(
        priceKopeks=LARGEST // 1_000, minimumUnits=1_000, orderMin=1_000, orderMax=1_000, creditingAt=now + 30 * DAY - 1
    )

    assert deploy(system, terms, sale).event("IssueDeployed")


def test_a_venue_moves_an_issue_along_its_life_and_no_other_way(system, people, registry):
    system.make_venue()
    issue = system.issue().issueId()

    def advance(to):
        return registry.advance(issue, to, sender=people.venue)

    for wrong in (NONE, PLACEMENT, REDEEMED, CLOSED):
        with refused("IssueWrongState", issueId=issue, state=PLACEMENT, wanted=wrong):
            advance(wrong)
    event = advance(CIRCULATION).event("IssueStateChanged")
    assert (event["from"], event.to) == (PLACEMENT, CIRCULATION)
    for wrong in (NONE, PLACEMENT, FAILED, CIRCULATION, CLOSED):
        with refused("IssueWrongState", issueId=issue, state=CIRCULATION, wanted=wrong):
            advance(wrong)
    advance(REDEEMED)
    for wrong in range(6):
        with refused("IssueWrongState", issueId=issue, state=REDEEMED, wanted=wrong):
            advance(wrong)


def test_only_venues_advance_and_only_known_issues(system, people, registry):
    issue = system.issue().issueId()
    for who in (people.moderator1, people.issuer, people.operator):
        with refused("RoleRequired", who=who, role=VENUE):
            registry.advance(issue, CIRCULATION, sender=who)
    system.make_venue()

    with refused("IssueUnknown", issueId=digest("nothing")):
        registry.advance(digest("nothing"), CIRCULATION, sender=people.venue)
    with refused("IssueUnknown", issueId=digest("nothing")):
        registry.close(digest("nothing"), sender=people.stranger)


def test_anyone_closes_a_redeemed_issue_when_no_unit_is_left(system, people, registry):
    system.make_venue()
    token = system.issue()
    issue = token.issueId()
    system.admit(people.alice)
    token.issueUnits(people.alice, 5, sender=people.venue)
    for state, to in ((PLACEMENT, CIRCULATION), (CIRCULATION, REDEEMED)):
        with refused("IssueWrongState", issueId=issue, state=state, wanted=CLOSED):
            registry.close(issue, sender=people.stranger)
        registry.advance(issue, to, sender=people.venue)
    with refused("IssueWrongState", issueId=issue, state=REDEEMED, wanted=CLOSED):
        registry.close(issue, sender=people.stranger)
    token.redeem([people.alice], [5], sender=people.venue)

    assert registry.close(issue, sender=people.stranger).event("IssueStateChanged").to == CLOSED
    assert registry.issue(issue).state == CLOSED
    with refused("IssueWrongState", issueId=issue, state=CLOSED, wanted=CLOSED):
        registry.close(issue, sender=people.stranger)


def test_a_failed_issue_is_closed_when_everybody_is_refunded(system, evm, people, registry, placement):
    token = system.issue(sale={"minimumUnits": 100})
    issue = token.issueId()
    system.admit(people.alice)
    system.credit(people.alice, 100_000)
    placement.order(issue, 1, digest("order"), sender=people.alice)
    evm.wait(11 * DAY)
    placement.close(issue, sender=people.stranger)
    with refused("IssueWrongState", issueId=issue):
        registry.close(issue, sender=people.stranger)
    placement.settle(issue, 10, sender=people.stranger)

    assert registry.issue(issue).state == FAILED
    registry.close(issue, sender=people.stranger)
    assert registry.issue(issue).state == CLOSED
    assert system.rubles.accountOf(people.alice).free == 100_000
