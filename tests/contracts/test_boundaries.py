"""The last moment, the last kopek, the last unit: where a rule turns, to the second and to the unit."""

from __future__ import annotations

import pytest

from tests.contracts import tokens
from tests.contracts.evm import Contract, refused
from tests.contracts.market import (
    ISSUER_CHOICE,
    MICRO,
    PER_HOLDER,
    PRICE,
    admit_with_rubles,
    circulating,
    close,
    declare,
    distribute,
    free,
    fund,
    order,
    payments,
    set_grace,
    settle,
)
from tests.contracts.system import (
    ADMINISTRATOR,
    COMPLIANCE,
    DAY,
    NO_ADDRESS,
    ORGANISATION,
    QUAL,
    TREASURER,
    People,
    System,
    digest,
)


@pytest.fixture
def asset(system: System, people: People) -> Contract:
    """Alice holds 100 units."""
    return circulating(system, {people.alice: 100})


def test_a_right_matures_later_than_it_is_issued(system: System, people: People) -> None:
    tokens.prepare(system)
    moment = system.evm.now() + DAY
    terms = {**system.terms(), "maturity": moment, "recordDates": [moment]}
    sale = system.placement_terms()
    system.evm.next_at(moment)
    with refused("IssueTermsInvalid", field="maturity"):
        system.registry.deploy(terms, sale, sender=tokens.BOARD)


def test_an_issuer_of_no_class_itself_funds_its_run(system: System, people: People) -> None:
    system.admit(people.issuer, kind=ORGANISATION, classes=QUAL)
    asset = circulating(system, {people.alice: 10}, burnOnIssuerAcquire=False)
    run = declare(system, asset)
    assert fund(system, run).events("RunFunded")


def test_a_refund_of_one_kopek_is_paid(system: System, people: People) -> None:
    admit_with_rubles(system, people.alice, people.bob, kopeks=100)
    asset = system.issue(maximumUnits=10, sale={"priceKopeks": 1, "orderMin": 1, "orderMax": 10, "minimumUnits": 1})
    order(system, asset, people.alice, 9)
    order(system, asset, people.bob, 2)
    close(system, asset)
    settle(system, asset)
    assert (asset.balanceOf(people.bob), free(system, people.bob)) == (1, 99)


def test_a_large_sum_a_holder_is_exact(system: System, people: People, asset: Contract) -> None:
    run = declare(system, asset, micro=1_000_000 * MICRO, rounding=PER_HOLDER)
    fund(system, run)
    assert payments(distribute(system, run, [people.alice]))[0].gross == 100_000_000


def test_a_run_defaults_after_the_last_second_of_grace(system: System, people: People, asset: Contract) -> None:
    set_grace(system, 10 * DAY)
    run = declare(system, asset)
    due_at = system.payouts.run(run).dueAt
    system.evm.travel(due_at + 1)
    system.payouts.markOverdue(run, sender=people.stranger)
    system.evm.next_at(due_at + 10 * DAY)
    with refused("RunNotDue", id=run, dueAt=due_at + 10 * DAY):
        system.payouts.markDefaulted(run, sender=people.stranger)


def test_in_the_last_second_of_the_lock_up_nothing_is_offered(system: System, people: People) -> None:
    until = system.evm.now() + 60 * DAY
    asset = circulating(system, {people.alice: 10}, lockedUntil=until)
    terms = (asset, 5, PRICE, 1, NO_ADDRESS, until + DAY, digest("offer"))
    system.evm.next_at(until)
    with refused("AssetLocked", until=until):
        system.exchange.offer(*terms, sender=people.alice)
    system.evm.next_at(until + 1)
    assert system.exchange.offer(*terms, sender=people.alice).events("OfferMade")


def test_a_closed_offer_has_no_units_left(system: System, people: People, asset: Contract) -> None:
    expires_at = system.evm.now() + DAY
    system.exchange.offer(asset, 50, PRICE, 1, NO_ADDRESS, expires_at, digest("offer"), sender=people.alice)
    system.exchange.withdraw(1, sender=people.alice)
    assert system.exchange.offerOf(1).units == 0


def test_a_sale_whose_issuer_never_chose_ends_with_nothing_sold(system: System, people: People) -> None:
    admit_with_rubles(system, people.alice)
    asset = system.issue(sale={"allocation": ISSUER_CHOICE})
    order(system, asset, people.alice, 1_000)
    close(system, asset)
    crediting_at = system.placement.sale(asset.issueId()).terms.creditingAt
    system.evm.travel(max(crediting_at, system.evm.now()) + 3 * DAY + 1)
    closed = settle(system, asset).event("PlacementClosed")
    assert (closed.succeeded, closed.demand, closed.toIssue) == (False, 1_000, 0)


def test_a_function_without_arguments_may_have_a_rule(system: System, people: People) -> None:
    eyes, selector = system.contract("FourEyes"), bytes.fromhex("12345678")
    system.four_eyes(eyes, "setRule", system.participants, selector, COMPLIANCE, by=people.pair(ADMINISTRATOR))
    expiry = system.evm.now() + DAY
    made = eyes.propose(system.participants, "0x12345678", digest("r"), digest("d"), expiry, sender=people.compliance1)
    assert made.events("ActionProposed")


def test_a_changed_grace_is_told(system: System, people: People) -> None:
    receipt = system.four_eyes(system.payouts, "setGrace", 5 * DAY, by=people.pair(TREASURER))
    assert receipt.event("GraceSet").graceSeconds == 5 * DAY


def test_a_frozen_amount_replaces_the_one_before(system: System, people: People) -> None:
    tokens.prepare(system)
    token = tokens.make_token(system)
    for amount in (1, 2, 2**64 - 1):
        token.setFrozenTokens(people.alice, amount, sender=people.compliance1)
        assert token.getFrozenTokens(people.alice) == amount
    token.setFrozenTokens(people.alice, 4, sender=tokens.BOARD)
    assert token.getFrozenTokens(people.alice) == 4
