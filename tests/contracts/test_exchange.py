"""Secondary market: units of an offer stay encumbered with the seller; acceptance swaps them for rubles in one transaction."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.evm import Contract, Receipt, refused
from tests.contracts.market import (
    MICRO,
    OFFER_EXPIRED,
    OFFER_FILLED,
    OFFER_OPEN,
    OFFER_WITHDRAWN,
    PRICE,
    REDEMPTION,
    assert_escrow,
    circulating,
    declare,
    distribute,
    free,
    frozen,
    fund,
    replace,
)
from tests.contracts.system import (
    DAY,
    FREE,
    LIMIT,
    NO_ADDRESS,
    QUAL,
    REGISTRAR,
    People,
    System,
    account,
    digest,
)

MONEY = 100_000_000
ASK = 99_000  # a unit, below nominal


@pytest.fixture
def asset(system: System, people: People) -> Contract:
    """A free token; Alice has 100 units and no rubles left, Bob and Carol have rubles."""
    made = circulating(system, {people.alice: 100})
    for who in (people.bob, people.carol):
        system.admit(who)
        system.credit(who, MONEY)
    return made


def offer(system: System, asset: Contract | str, seller: str, units: int = 50, **terms: Any) -> Receipt:
    """Offer units at ASK; `terms`: price, minimum, buyer, expires_at."""
    expires_at = terms.get("expires_at", system.evm.now() + 7 * DAY)
    price, minimum, buyer = terms.get("price", ASK), terms.get("minimum", 1), terms.get("buyer", NO_ADDRESS)
    made: Receipt = system.exchange.offer(
        asset, units, price, minimum, buyer, expires_at, digest("offer"), sender=seller
    )
    return made


def accept(system: System, number: int, units: int, buyer: str) -> Receipt:
    done: Receipt = system.exchange.accept(number, units, digest("accept"), sender=buyer)
    return done


# --- offering --------------------------------------------------------------------------------------------------------


def test_offer_encumbers_the_units(system: System, people: People, asset: Contract) -> None:
    made = offer(system, asset, people.alice, 60, minimum=5, buyer=people.bob).event("OfferMade")
    assert (made.id, made.units, made.priceKopeks, made.minimumUnits, made.buyer) == (1, 60, ASK, 5, people.bob)
    assert made.clientRef == digest("offer")
    found = system.exchange.offerOf(1)
    assert (found.state, found.seller, found.units) == (OFFER_OPEN, people.alice, 60)
    assert (asset.freeUnits(people.alice), asset.balanceOf(people.alice)) == (40, 100)
    with refused("UnitsInsufficient", holder=people.alice, free=40, wanted=41):
        asset.transfer(people.bob, 41, sender=people.alice)
    with refused("UnitsInsufficient", holder=people.alice, free=40, wanted=41):
        offer(system, asset, people.alice, 41)
    assert system.exchange.count() == 1


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"units": 0}, "units"),
        ({"price": 0}, "priceKopeks"),
        ({"price": 2**63}, "priceKopeks"),
        ({"minimum": 0}, "minimumUnits"),
        ({"minimum": 51}, "minimumUnits"),
        ({"buyer": People.alice}, "buyer"),
        ({"expires_at": 1}, "expiresAt"),
    ],
)
def test_offer_names_the_wrong_term(
    system: System, people: People, asset: Contract, terms: dict[str, Any], field: str
) -> None:
    with refused("OfferTermsInvalid", field=field):
        offer(system, asset, people.alice, **terms)


def test_offer_of_an_unknown_asset_is_refused(system: System, people: People, asset: Contract) -> None:
    stranger = system.new_asset("ЦФА-2")
    with refused("OfferAssetUnknown", asset=stranger.address):
        offer(system, stranger, people.alice)


def test_offer_by_one_who_may_not_act_is_refused(system: System, people: People, asset: Contract) -> None:
    with refused("ParticipantNotAdmitted", who=people.stranger):
        offer(system, asset, people.stranger)
    system.block(people.alice)
    with refused("ParticipantIsBlocked", who=people.alice):
        offer(system, asset, people.alice)


def test_lock_up_must_be_over_to_offer(system: System, people: People) -> None:
    until = system.evm.now() + 60 * DAY
    asset = circulating(system, {people.alice: 10}, lockedUntil=until)
    with refused("AssetLocked", until=until):
        offer(system, asset, people.alice, 5)
    system.evm.travel(until + 1)
    assert offer(system, asset, people.alice, 5).events("OfferMade")


def test_no_offer_after_the_end_of_circulation(system: System, people: People, asset: Contract) -> None:
    ends_at = asset.circulationEndsAt()
    system.evm.travel(ends_at + 1)
    with refused("AssetNotCirculating", endedAt=ends_at):
        offer(system, asset, people.alice)


# --- accepting -------------------------------------------------------------------------------------------------------


def test_acceptance_swaps_units_and_rubles(system: System, people: People, asset: Contract) -> None:
    offer(system, asset, people.alice, 50)
    done = accept(system, 1, 20, people.bob)
    deal = done.event("OfferAccepted")
    assert (deal.buyer, deal.seller, deal.units, deal.kopeks) == (people.bob, people.alice, 20, 20 * ASK)
    assert (asset.balanceOf(people.bob), asset.balanceOf(people.alice)) == (20, 80)
    assert (free(system, people.bob), free(system, people.alice)) == (MONEY - 20 * ASK, 20 * ASK)
    assert system.exchange.offerOf(1).units == 30
    assert asset.freeUnits(people.alice) == 50
    assert_escrow(system, asset)

    last = accept(system, 1, 30, people.carol)
    assert last.event("OfferClosed").state == OFFER_FILLED
    assert system.exchange.offerOf(1).state == OFFER_FILLED
    assert asset.encumberedUnits(people.alice) == 0
    with refused("OfferNotOpen", id=1, state=OFFER_FILLED):
        accept(system, 1, 1, people.carol)


def test_minimum_of_an_acceptance_yields_to_a_smaller_rest(system: System, people: People, asset: Contract) -> None:
    offer(system, asset, people.alice, 50, minimum=20)
    for wrong in (0, 19, 51):
        with refused("OfferUnits", id=1, wanted=wrong, minimum=20, left=50):
            accept(system, 1, wrong, people.bob)
    accept(system, 1, 35, people.bob)
    with refused("OfferUnits", id=1, wanted=14, minimum=15, left=15):
        accept(system, 1, 14, people.bob)
    accept(system, 1, 15, people.bob)
    assert asset.balanceOf(people.bob) == 50


def test_addressed_offer_is_for_its_buyer_alone(system: System, people: People, asset: Contract) -> None:
    offer(system, asset, people.alice, buyer=people.bob)
    with refused("OfferForAnother", id=1, buyer=people.bob):
        accept(system, 1, 1, people.carol)
    accept(system, 1, 1, people.bob)


def test_seller_cannot_accept_its_own_offer(system: System, people: People, asset: Contract) -> None:
    offer(system, asset, people.alice)
    with refused("OfferTermsInvalid", field="buyer"):
        accept(system, 1, 1, people.alice)


def test_expiry_is_inclusive_to_the_second(system: System, people: People, asset: Contract) -> None:
    expires_at = system.evm.now() + DAY
    offer(system, asset, people.alice, expires_at=expires_at)
    system.evm.next_at(expires_at)
    accept(system, 1, 1, people.bob)
    system.evm.travel(expires_at + 1)
    with refused("OfferHasExpired", id=1, expiresAt=expires_at):
        accept(system, 1, 1, people.bob)


def test_buyer_without_rubles_gets_nothing(system: System, people: People, asset: Contract) -> None:
    offer(system, asset, people.alice)
    system.admit(people.dave)
    with refused("RublesInsufficient", account=people.dave, available=0, wanted=ASK):
        accept(system, 1, 1, people.dave)


def test_trap_access_is_checked_again_at_acceptance(system: System, people: People, asset: Contract) -> None:
    offer(system, asset, people.alice)
    system.block(people.bob)
    with refused("ParticipantIsBlocked", who=people.bob):
        accept(system, 1, 1, people.bob)
    system.block(people.alice)
    with refused("ParticipantIsBlocked", who=people.alice):
        accept(system, 1, 1, people.carol)
    assert free(system, people.carol) == MONEY
    assert asset.balanceOf(people.alice) == 100


def test_trap_class_of_the_buyer_is_checked_at_acceptance(system: System, people: People) -> None:
    asset = circulating(system, {people.alice: 10}, accessClass=QUAL)
    system.admit(people.bob, classes=FREE)
    system.credit(people.bob, MONEY)
    offer(system, asset, people.alice, 5)
    with refused("ParticipantClass", who=people.bob, required=QUAL):
        accept(system, 1, 1, people.bob)


def test_trap_pause_stops_acceptance(system: System, people: People, asset: Contract) -> None:
    offer(system, asset, people.alice)
    system.four_eyes(asset, "setPaused", True, by=people.pair(REGISTRAR))
    with refused("AssetIsPaused"):
        accept(system, 1, 1, people.bob)


def test_asset_that_moves_only_through_venues_is_sold_here(system: System, people: People) -> None:
    asset = circulating(system, {people.alice: 10}, transferMode=1)
    system.admit(people.bob)
    system.credit(people.bob, MONEY)
    with refused("AssetVenuesOnly"):
        asset.transfer(people.bob, 1, sender=people.alice)
    offer(system, asset, people.alice, 5)
    accept(system, 1, 5, people.bob)
    assert asset.balanceOf(people.bob) == 5


def test_units_that_the_issuer_buys_are_burnt_where_the_terms_say_so(system: System, people: People) -> None:
    asset = circulating(system, {people.alice: 10}, burnOnIssuerAcquire=True)
    offer(system, asset, people.alice, 4, price=PRICE)
    accept(system, 1, 4, people.issuer)  # the issuer has the money of the placement
    assert (asset.totalSupply(), asset.balanceOf(people.issuer)) == (6, 0)
    assert free(system, people.alice) == 4 * PRICE


def test_limit_of_the_buyer_is_committed_and_of_the_seller_restored(system: System, people: People) -> None:
    asset = circulating(system, {people.alice: 300}, accessClass=LIMIT)
    system.admit(people.bob, classes=LIMIT)
    system.credit(people.bob, MONEY)
    available = system.participants.limitAvailable
    offer(system, asset, people.alice, 300, price=300_000)
    with refused("LimitExceeded", who=people.bob, availableKopeks=60_000_000, wantedKopeks=201 * 300_000):
        accept(system, 1, 201, people.bob)
    done = accept(system, 1, 150, people.bob)
    assert done.event("LimitCommitted").kopeks == done.event("LimitRestored").kopeks == 150 * 300_000
    assert available(people.bob) == 60_000_000 - 150 * 300_000
    assert available(people.alice) == 60_000_000 - 300 * PRICE + 150 * 300_000  # a sale may lift it above the limit


# --- closing ---------------------------------------------------------------------------------------------------------


def test_seller_withdraws_the_rest(system: System, people: People, asset: Contract) -> None:
    offer(system, asset, people.alice, 50)
    accept(system, 1, 20, people.bob)
    with refused("OfferNotYours", id=1, who=people.bob):
        system.exchange.withdraw(1, sender=people.bob)
    closed = system.exchange.withdraw(1, sender=people.alice).event("OfferClosed")
    assert (closed.state, closed.unitsReturned) == (OFFER_WITHDRAWN, 30)
    assert asset.freeUnits(people.alice) == 80
    with refused("OfferNotOpen", id=1, state=OFFER_WITHDRAWN):
        system.exchange.withdraw(1, sender=people.alice)
    with refused("OfferNotOpen", id=2, state=0):
        system.exchange.withdraw(2, sender=people.alice)


def test_anyone_expires_an_offer_after_its_time(system: System, people: People, asset: Contract) -> None:
    expires_at = system.evm.now() + DAY
    offer(system, asset, people.alice, expires_at=expires_at)
    with refused("OfferNotExpired", id=1, expiresAt=expires_at):
        system.exchange.expire(1, sender=people.stranger)
    system.evm.travel(expires_at + 1)
    closed = system.exchange.expire(1, sender=people.stranger).event("OfferClosed")
    assert (closed.state, closed.unitsReturned) == (OFFER_EXPIRED, 50)
    assert asset.freeUnits(people.alice) == 100


def test_trap_open_offer_cannot_stop_the_redemption(system: System, people: People, asset: Contract) -> None:
    far = asset.circulationEndsAt() + 365 * DAY
    offer(system, asset, people.alice, 50, expires_at=far)
    run = declare(system, asset, REDEMPTION, micro=PRICE * MICRO, record_date=3)
    fund(system, run)
    with refused("UnitsInsufficient", holder=people.alice):
        distribute(system, run, [people.alice])
    system.exchange.expire(1, sender=people.stranger)  # circulation is over
    distribute(system, run, [people.alice])
    assert asset.totalSupply() == 0
    assert_escrow(system, asset)


def test_trap_offer_of_a_replaced_seller_is_closed_by_anyone_and_pays_nobody_else(
    system: System, people: People, asset: Contract
) -> None:
    offer(system, asset, people.alice, 50)
    heir = account("alice's new address")
    replace(system, people.alice, heir)
    with refused("ParticipantNotAdmitted", who=people.alice):
        accept(system, 1, 1, people.bob)
    with refused("HolderHasOrders", holder=people.alice, units=50):
        system.four_eyes(asset, "replaceHolder", people.alice, heir, by=people.pair(REGISTRAR))
    system.exchange.expire(1, sender=people.stranger)
    system.four_eyes(asset, "replaceHolder", people.alice, heir, by=people.pair(REGISTRAR))
    assert asset.balanceOf(heir) == 100
    assert frozen(system, people.alice) == 0


# --- gas -------------------------------------------------------------------------------------------------------------


def test_gas_of_an_acceptance_is_within_the_budget(system: System, people: People, asset: Contract) -> None:
    system.credit(people.alice, 1)  # as everywhere, measured on accounts that have rubles
    offer(system, asset, people.alice, 50)
    first = accept(system, 1, 20, people.bob).gas
    second = accept(system, 1, 20, people.bob).gas
    last = accept(system, 1, 10, people.carol).gas
    limited = circulating(system, {people.dave: 100}, "ЦФА-2", accessClass=LIMIT)
    system.credit(people.dave, 1, "another kopek")
    system.participants.update(people.bob, FREE | LIMIT, system.evm.now() + DAY, digest("p"), sender=people.compliance1)
    offer(system, limited, people.dave, 50)
    with_limit = accept(system, 2, 20, people.bob).gas
    print(f"\ngas of accept: new holder {first:,}; again {second:,}; the rest {last:,}; with the limit {with_limit:,}")
    assert max(first, second, last) <= 130_000
    assert with_limit <= 160_000  # two entries of the yearly limit besides
