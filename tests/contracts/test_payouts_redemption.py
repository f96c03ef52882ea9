"""Runs that burn: redemption at maturity, the issuer's call, the investor's put; and the whole life of an issue."""

from __future__ import annotations

import pytest

from tests.contracts.evm import Contract, refused
from tests.contracts.market import (
    CANCELLED,
    COUPON,
    DONE,
    EARLY_CALL,
    EARLY_PUT,
    ISSUE_CIRCULATION,
    ISSUE_CLOSED,
    ISSUE_REDEEMED,
    MICRO,
    PRICE,
    REDEMPTION,
    append_record_date,
    assert_escrow,
    circulating,
    close,
    declare,
    distribute,
    free,
    frozen,
    fund,
    order,
    payments,
    replace,
    set_tax_rule,
    settle,
)
from tests.contracts.system import DAY, LIMIT, ORDER, PLEDGE, REGISTRAR, People, System, account, digest

NOMINAL = PRICE * MICRO


@pytest.fixture
def asset(system: System, people: People) -> Contract:
    """Alice holds 100 units, Bob 50."""
    return circulating(system, {people.alice: 100, people.bob: 50})


def issue_state(system: System, asset: Contract) -> int:
    return int(system.registry.issue(asset.issueId()).state)


def redemption(system: System, asset: Contract, ref: str = "redemption") -> int:
    """A funded redemption at nominal on the last record date."""
    run = declare(system, asset, REDEMPTION, NOMINAL, record_date=3, ref=ref)
    fund(system, run)
    return run


# --- redemption at maturity ------------------------------------------------------------------------------------------


def test_redemption_burns_in_the_transaction_that_pays(system: System, people: People, asset: Contract) -> None:
    run = redemption(system, asset)
    first = distribute(system, run, [people.bob])
    assert (asset.balanceOf(people.bob), asset.totalSupply(), free(system, people.bob)) == (0, 100, 50 * PRICE)
    assert [(t["from"], t.value) for t in first.events("Transfer")] == [(people.bob, 50)]
    assert issue_state(system, asset) == ISSUE_CIRCULATION
    assert_escrow(system, asset)
    for paid in ([people.bob], [people.alice, people.alice]):
        with refused("RunAlreadyPaid", id=run, holder=paid[0]):
            distribute(system, run, paid)
    last = distribute(system, run, [people.alice])
    assert last.event("RunCompleted").unitsPaid == 150
    assert (asset.totalSupply(), asset.holderCount()) == (0, 0)
    assert issue_state(system, asset) == ISSUE_REDEEMED
    assert_escrow(system, asset)
    assert asset.unitsAt(people.alice, 3) == 100  # history stays


def test_redemption_is_of_the_record_date_that_ends_circulation(
    system: System, people: People, asset: Contract
) -> None:
    with refused("RunTermsInvalid", field="recordDate"):
        declare(system, asset, REDEMPTION, NOMINAL, record_date=2)


def test_trap_two_redemptions_cannot_share_the_holders(system: System, people: People, asset: Contract) -> None:
    run = redemption(system, asset)
    with refused("RunTermsInvalid", field="kind"):
        declare(system, asset, REDEMPTION, NOMINAL, record_date=3, ref="again")
    system.payouts.cancel(run, sender=people.issuer)
    again = redemption(system, asset, ref="again")
    assert distribute(system, again, [people.alice, people.bob]).events("RunCompleted")


def test_trap_no_run_after_all_is_redeemed(system: System, people: People, asset: Contract) -> None:
    coupon = declare(system, asset, COUPON, record_date=3, ref="last coupon")
    run = redemption(system, asset)
    distribute(system, run, [people.alice, people.bob])
    for kind in range(5):
        with refused("RunTermsInvalid", field="state"):
            declare(system, asset, kind, record_date=3, ref=f"late {kind}")
    # The coupon declared in time, of the same record date, is still paid by the balances of that date.
    fund(system, coupon)
    done = distribute(system, coupon, [people.alice, people.bob])
    assert [p.units for p in payments(done)] == [100, 50]
    assert system.payouts.run(coupon).state == DONE


def test_trap_blocked_pledged_and_frozen_units_are_redeemed_too(
    system: System, people: People, asset: Contract
) -> None:
    system.four_eyes(asset, "encumber", people.bob, PLEDGE, 30, 0, digest("pledge"), by=people.pair(REGISTRAR))
    system.block(people.bob)
    run = redemption(system, asset)
    distribute(system, run, [people.alice, people.bob])
    assert frozen(system, people.bob) == 50 * PRICE
    assert asset.totalSupply() == 0


def test_redemption_restores_the_limit(system: System, people: People) -> None:
    dates = [system.evm.now() + days * DAY for days in (30, 60, 90)]  # within the calendar year of the purchase
    asset = circulating(system, {people.alice: 400}, accessClass=LIMIT, recordDates=dates)
    available = system.participants.limitAvailable
    assert available(people.alice) == 20_000_000
    run = redemption(system, asset)
    done = distribute(system, run, [people.alice])
    assert done.event("LimitRestored").kopeks == 400 * PRICE
    assert available(people.alice) == 60_000_000


def test_units_burnt_elsewhere_do_not_keep_a_redemption_open(system: System, people: People, asset: Contract) -> None:
    put = declare(system, asset, EARLY_PUT, NOMINAL, record_date=2, ref="put")
    system.payouts.tender(put, 50, sender=people.bob)
    fund(system, put)
    run = redemption(system, asset)  # before the put is paid: Bob's tendered units are still there
    distribute(system, run, [people.alice])
    with refused("UnitsInsufficient", holder=people.bob, free=0, wanted=50):
        distribute(system, run, [people.bob])
    done = distribute(system, put, [people.bob])
    assert asset.totalSupply() == 0
    assert done.event("RunCompleted").id == put
    finished = system.payouts.distribute(run, [], [], sender=people.stranger)
    assert finished.event("RunCompleted").returnedKopeks == 50 * PRICE
    assert issue_state(system, asset) == ISSUE_REDEEMED
    assert_escrow(system, asset)


# --- the issuer's call -----------------------------------------------------------------------------------------------


def test_call_ends_circulation_at_its_record_date_and_redeems_all(
    system: System, people: People, asset: Contract
) -> None:
    called_at = system.evm.now() + 30 * DAY
    number = append_record_date(system, asset, called_at)
    run = declare(system, asset, EARLY_CALL, NOMINAL + NOMINAL // 100, record_date=number)
    assert asset.circulationEndsAt() == called_at
    asset.transfer(people.bob, 10, sender=people.alice)  # still circulating
    system.evm.travel(called_at + 1)
    with refused("AssetNotCirculating", endedAt=called_at):
        asset.transfer(people.bob, 10, sender=people.alice)
    fund(system, run)
    done = distribute(system, run, [people.alice, people.bob])
    assert [(p.units, p.gross) for p in payments(done)] == [(90, 90 * 101_000), (60, 60 * 101_000)]
    assert issue_state(system, asset) == ISSUE_REDEEMED
    assert_escrow(system, asset)


def test_cancelled_call_gives_circulation_back(system: System, people: People, asset: Contract) -> None:
    ends_at = asset.circulationEndsAt()
    number = append_record_date(system, asset, system.evm.now() + 30 * DAY)
    run = declare(system, asset, EARLY_CALL, NOMINAL, record_date=number)
    system.payouts.cancel(run, sender=people.issuer)
    assert asset.circulationEndsAt() == ends_at
    system.evm.wait(40 * DAY)
    asset.transfer(people.bob, 10, sender=people.alice)
    assert issue_state(system, asset) == ISSUE_CIRCULATION


def test_call_of_a_past_record_date_is_refused(system: System, people: People, asset: Contract) -> None:
    system.evm.travel(asset.recordDateAt(1) + 1)
    with refused("RecordDateInvalid"):
        declare(system, asset, EARLY_CALL, NOMINAL, record_date=1)


# --- the investor's put ----------------------------------------------------------------------------------------------


def test_put_pays_and_burns_what_was_tendered(system: System, people: People, asset: Contract) -> None:
    run = declare(system, asset, EARLY_PUT, NOMINAL)
    tendered = system.payouts.tender(run, 30, sender=people.alice).event("UnitsTendered")
    assert (tendered.units, asset.encumbrance(tendered.encumbranceId).kind) == (30, ORDER)
    more = system.payouts.tender(run, 10, sender=people.alice).event("UnitsTendered")
    assert (more.units, system.payouts.tenderOf(run, people.alice)) == (40, 40)
    with refused("UnitsInsufficient", holder=people.alice, free=60, wanted=61):
        asset.transfer(people.bob, 61, sender=people.alice)
    with refused("UnitsInsufficient", holder=people.bob, free=50, wanted=51):
        system.payouts.tender(run, 51, sender=people.bob)
    system.payouts.tender(run, 50, sender=people.bob)

    assert fund(system, run).event("RunFunded").unitsDue == 90
    done = distribute(system, run, [people.alice, people.bob])
    assert [(p.units, p.gross) for p in payments(done)] == [(40, 40 * PRICE), (50, 50 * PRICE)]
    assert (asset.balanceOf(people.alice), asset.freeUnits(people.alice), asset.totalSupply()) == (60, 60, 60)
    assert system.payouts.run(run).state == DONE
    assert issue_state(system, asset) == ISSUE_CIRCULATION  # 60 units are left
    assert_escrow(system, asset)


def test_tender_is_refused_outside_its_rules(system: System, people: People, asset: Contract) -> None:
    coupon = declare(system, asset, ref="coupon")
    with refused("RunTermsInvalid", field="kind"):
        system.payouts.tender(coupon, 1, sender=people.alice)
    run = declare(system, asset, EARLY_PUT, NOMINAL, ref="put")
    with refused("RunTermsInvalid", field="units"):
        system.payouts.tender(run, 0, sender=people.alice)
    with refused("ParticipantNotAdmitted", who=people.stranger):
        system.payouts.tender(run, 1, sender=people.stranger)
    system.block(people.bob)
    with refused("ParticipantIsBlocked", who=people.bob):
        system.payouts.tender(run, 1, sender=people.bob)
    recorded = asset.recordDateAt(1)
    system.evm.travel(recorded + 1)
    with refused("RunTenderClosed", id=run, recordAt=recorded):
        system.payouts.tender(run, 1, sender=people.alice)
    fund(system, run, 0)
    with refused("RunWrongState", id=run, state=DONE):  # nobody tendered, so it is done
        system.payouts.tender(run, 1, sender=people.alice)


def test_holder_who_did_not_tender_gets_nothing_of_a_put(system: System, people: People, asset: Contract) -> None:
    run = declare(system, asset, EARLY_PUT, NOMINAL)
    system.payouts.tender(run, 30, sender=people.alice)
    fund(system, run)
    with refused("RunHolderWithoutUnits", id=run, holder=people.bob):
        distribute(system, run, [people.bob])


def test_tender_returns_from_a_cancelled_put(system: System, people: People, asset: Contract) -> None:
    run = declare(system, asset, EARLY_PUT, NOMINAL)
    system.payouts.tender(run, 30, sender=people.alice)
    with refused("RunWrongState", id=run):
        system.payouts.returnTender(run, people.alice, sender=people.alice)
    system.payouts.cancel(run, sender=people.issuer)
    assert system.payouts.run(run).state == CANCELLED
    returned = system.payouts.returnTender(run, people.alice, sender=people.stranger).event("TenderReturned")
    assert (returned.holder, returned.units) == (people.alice, 30)
    assert asset.freeUnits(people.alice) == 100
    with refused("RunTenderMissing", id=run, holder=people.alice):
        system.payouts.returnTender(run, people.alice, sender=people.stranger)


def test_trap_put_in_default_does_not_lock_units_for_ever(system: System, people: People, asset: Contract) -> None:
    run = declare(system, asset, EARLY_PUT, NOMINAL)
    for who in (people.alice, people.bob):
        system.payouts.tender(run, 30, sender=who)
    system.evm.travel(system.payouts.run(run).dueAt + 400 * DAY)
    system.payouts.markOverdue(run, sender=people.stranger)
    system.payouts.markDefaulted(run, sender=people.stranger)
    with refused("RunWrongState", id=run):
        system.payouts.returnTender(run, people.alice, sender=people.stranger)  # others can't undo her claim
    system.payouts.returnTender(run, people.alice, sender=people.alice)
    assert asset.freeUnits(people.alice) == 100
    assert fund(system, run).event("RunFunded").unitsDue == 30
    assert distribute(system, run, [people.bob]).events("RunCompleted")
    assert_escrow(system, asset)


def test_put_that_nobody_took_is_never_overdue(system: System, people: People, asset: Contract) -> None:
    run = declare(system, asset, EARLY_PUT, NOMINAL)
    system.evm.travel(system.payouts.run(run).dueAt + 1)
    with refused("RunTermsInvalid", field="unitsDue"):
        system.payouts.markOverdue(run, sender=people.stranger)


def test_trap_put_of_a_replaced_holder_is_paid_to_what_is_its_own(
    system: System, people: People, asset: Contract
) -> None:
    run = declare(system, asset, EARLY_PUT, NOMINAL)
    system.payouts.tender(run, 30, sender=people.alice)
    fund(system, run)
    heir = account("alice again")
    replace(system, people.alice, heir)
    distribute(system, run, [people.alice])
    assert frozen(system, people.alice) == 30 * PRICE
    system.four_eyes(system.rubles, "moveAll", people.alice, heir, by=people.pair(REGISTRAR))
    system.four_eyes(asset, "replaceHolder", people.alice, heir, by=people.pair(REGISTRAR))
    assert (frozen(system, heir), asset.balanceOf(heir)) == (30 * PRICE, 70)


# --- a life ----------------------------------------------------------------------------------------------------------


def test_life_of_an_issue(system: System, people: People) -> None:
    """Order, settlement, sale on the exchange, coupons of two record dates to two owners, redemption, closing."""
    set_tax_rule(system)
    money = 20_000_000
    for who in (people.alice, people.bob):
        system.admit(who)
        system.credit(who, money)
    asset = system.issue(maximumUnits=150, sale={"orderMax": 150})

    def step() -> None:
        assert_escrow(system, asset)

    order(system, asset, people.alice, 100)
    step()
    order(system, asset, people.bob, 100)  # the last order, filled with 50
    step()
    close(system, asset)
    step()
    settle(system, asset, 1)
    step()
    settle(system, asset)
    step()
    assert free(system, people.issuer) == 150 * PRICE

    first = declare(system, asset, ref="coupon 1")
    fund(system, first)
    step()
    asset.transfer(people.bob, 20, sender=people.alice)  # after the first record date
    expires_at = system.evm.now() + DAY
    no_address = "0x" + "0" * 40
    system.exchange.offer(asset, 30, PRICE, 1, no_address, expires_at, digest("o"), sender=people.alice)
    system.exchange.accept(1, 30, digest("a"), sender=people.bob)
    step()
    distribute(system, first, [people.alice], [67_300])
    step()
    distribute(system, first, [people.bob])
    step()
    second = declare(system, asset, record_date=2, ref="coupon 2")
    fund(system, second)
    distribute(system, second, [people.bob, people.alice])
    step()
    assert [system.payouts.run(run).kopeksPaid for run in (first, second)] == [150 * 5_178] * 2

    run = redemption(system, asset)
    step()
    distribute(system, run, [people.alice, people.bob])
    step()
    assert issue_state(system, asset) == ISSUE_REDEEMED
    system.registry.close(asset.issueId(), sender=people.stranger)
    assert issue_state(system, asset) == ISSUE_CLOSED
    # Alice: 100 bought, 50 of them given and sold, coupons of 100 and of 50 units, 50 redeemed.
    alice = money - 100 * PRICE + 30 * PRICE + 100 * 5_178 - 67_300 + 50 * 5_178 + 50 * PRICE
    bob = money - 50 * PRICE - 30 * PRICE + 50 * 5_178 + 100 * 5_178 + 100 * PRICE
    assert (free(system, people.alice), free(system, people.bob)) == (alice, bob)
    assert free(system, people.tax_account) == 67_300
    assert system.rubles.escrowOf(system.payouts) == system.rubles.escrowOf(system.placement) == 0
