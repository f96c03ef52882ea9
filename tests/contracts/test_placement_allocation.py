"""Allocation of a sale's units (first come, pro rata, the issuer's choice), its traps, and the yearly limit of its buyers."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.contracts import market
from tests.contracts.evm import Contract, refused
from tests.contracts.market import (
    COMPLETED,
    FAILED,
    FIFO,
    ISSUER_CHOICE,
    OPEN,
    ORDER_OPEN,
    ORDER_REFUNDED,
    ORDER_SETTLED,
    PRICE,
    PRO_RATA,
    SETTLING,
    admit_with_rubles,
    assert_escrow,
    close,
    free,
    frozen,
    order,
    settle,
)
from tests.contracts.system import (
    ADMITTED_UNTIL,
    DAY,
    FREE,
    LIMIT,
    REGISTRAR,
    TEST,
    People,
    System,
    digest,
)

MONEY = 200_000_000  # 2 million rubles each


@pytest.fixture
def investors(system: System, people: People) -> People:
    """Alice, Bob and Carol are admitted and have two million rubles each."""
    admit_with_rubles(system, people.alice, people.bob, people.carol, kopeks=MONEY)
    return people


def state(system: System, asset: Contract) -> int:
    return int(system.placement.sale(asset.issueId()).state)


def placed(system: System, asset: Contract, number: int) -> tuple[int, int]:
    """State of an order and the units it got."""
    found = system.placement.orderOf(asset.issueId(), number)
    return found.state, found.allocated


# --- allocation ------------------------------------------------------------------------------------------------------


def test_fifo_fills_the_last_order_in_part_and_then_refuses(system: System, investors: People) -> None:
    asset = system.issue(maximumUnits=100, sale={"orderMax": 100, "allocation": FIFO})
    order(system, asset, investors.alice, 60)
    order(system, asset, investors.bob, 70)
    with refused("PlacementFull", issueId=asset.issueId(), demand=130, maximumUnits=100):
        order(system, asset, investors.carol, 1)
    assert close(system, asset).event("PlacementClosed").toIssue == 100
    settled = settle(system, asset).events("OrderSettled")
    assert [(s.units, s.refunded) for s in settled] == [(60, 0), (40, 30 * PRICE)]
    assert free(system, investors.bob) == MONEY - 40 * PRICE
    assert placed(system, asset, 2) == (ORDER_SETTLED, 40)
    assert asset.totalSupply() == 100
    assert_escrow(system, asset)


def test_fifo_takes_orders_again_after_a_recall(system: System, investors: People) -> None:
    asset = system.issue(maximumUnits=100, sale={"orderMax": 100})
    first = order(system, asset, investors.alice, 60)
    order(system, asset, investors.bob, 60)
    system.placement.recall(asset.issueId(), first, sender=investors.alice)
    order(system, asset, investors.carol, 50)
    close(system, asset)
    assert [s.units for s in settle(system, asset).events("OrderSettled")] == [60, 40]


@pytest.mark.parametrize("batch", [1, 2, 10])
def test_pro_rata_leaves_nothing_over_whatever_the_batches(system: System, investors: People, batch: int) -> None:
    asset = system.issue(maximumUnits=100, sale={"orderMax": 100, "allocation": PRO_RATA})
    wanted = [(investors.alice, 50), (investors.bob, 33), (investors.carol, 100), (investors.alice, 17)]
    for who, units in wanted:
        order(system, asset, who, units)
    close(system, asset)
    got: list[int] = []
    while state(system, asset) == SETTLING:
        got += [s.units for s in settle(system, asset, batch).events("OrderSettled")]
        assert_escrow(system, asset)
    sums = [sum(units for _, units in wanted[:n]) * 100 // 200 for n in range(5)]
    assert got == [after - before for before, after in pairwise(sums)]
    assert sum(got) == asset.totalSupply() == 100


def test_pro_rata_below_the_maximum_fills_everybody(system: System, investors: People) -> None:
    asset = system.issue(maximumUnits=100, sale={"orderMax": 100, "allocation": PRO_RATA})
    order(system, asset, investors.alice, 30)
    order(system, asset, investors.bob, 20)
    close(system, asset)
    assert [s.units for s in settle(system, asset).events("OrderSettled")] == [30, 20]


def test_pro_rata_share_of_nothing_is_a_refund(system: System, investors: People) -> None:
    asset = system.issue(maximumUnits=2, sale={"orderMax": 2, "allocation": PRO_RATA})
    for who, units in ((investors.alice, 1), (investors.bob, 2), (investors.carol, 2)):
        order(system, asset, who, units)
    close(system, asset)
    done = settle(system, asset)
    assert [refund.investor for refund in done.events("OrderRefunded")] == [investors.alice]
    assert sum(s.units for s in done.events("OrderSettled")) == 2
    assert free(system, investors.alice) == MONEY
    assert_escrow(system, asset)


def test_pro_rata_share_of_the_others_does_not_move_when_an_order_drops_out_after_the_close(
    system: System, investors: People
) -> None:
    asset = system.issue(maximumUnits=100, sale={"orderMax": 100, "allocation": PRO_RATA})
    order(system, asset, investors.alice, 50)
    dropped = order(system, asset, investors.bob, 50)
    order(system, asset, investors.carol, 100)
    close(system, asset)
    system.placement.cancelOrder(asset.issueId(), dropped, digest("why"), sender=investors.compliance1)
    assert [s.units for s in settle(system, asset).events("OrderSettled")] == [25, 50]
    assert_escrow(system, asset)


def chosen_sale(system: System, investors: People, minimum: int = 1) -> Contract:
    """A closed sale of 100 units where Alice and Bob ordered 80 each and the issuer chooses."""
    sale = {"orderMax": 100, "allocation": ISSUER_CHOICE, "minimumUnits": minimum}
    asset = system.issue(maximumUnits=100, sale=sale)
    order(system, asset, investors.alice, 80)
    order(system, asset, investors.bob, 80)
    return asset


def test_issuer_chooses_and_may_choose_again_before_settlement(system: System, investors: People) -> None:
    asset = chosen_sale(system, investors)
    issue_id, allocate = asset.issueId(), system.placement.allocate
    with refused("PlacementWrongState", state=OPEN):
        allocate(issue_id, [1], [10], sender=investors.issuer)
    close(system, asset)
    with refused("PlacementNotIssuer", issueId=issue_id, who=investors.operator):
        allocate(issue_id, [1], [10], sender=investors.operator)
    with refused("AllocationTooLarge", wanted=81, allowed=80):
        allocate(issue_id, [1], [81], sender=investors.issuer)
    with refused("AllocationTooLarge", wanted=101, allowed=100):
        allocate(issue_id, [1, 2], [80, 21], sender=investors.issuer)
    with refused("AllocationMissing", issueId=issue_id):
        allocate(issue_id, [1, 2], [80], sender=investors.issuer)
    with refused("OrderNotOpen", orderId=3, state=0):
        allocate(issue_id, [3], [1], sender=investors.issuer)
    allocate(issue_id, [1, 2], [80, 20], sender=investors.issuer)
    events = allocate(issue_id, [1], [10], sender=investors.issuer).events("OrderAllocated")
    assert [(e.orderId, e.units) for e in events] == [(1, 10)]
    assert placed(system, asset, 1) == (ORDER_OPEN, 10)

    with refused("AllocationMissing", issueId=issue_id):
        settle(system, asset, 1)  # a stranger can't end the choice
    settle(system, asset, 1, investors.issuer)
    with refused("PlacementWrongState", state=SETTLING):
        allocate(issue_id, [2], [30], sender=investors.issuer)
    settle(system, asset)
    assert (asset.balanceOf(investors.alice), asset.balanceOf(investors.bob)) == (10, 20)
    assert free(system, investors.alice) == MONEY - 10 * PRICE
    assert_escrow(system, asset)


def test_order_that_the_issuer_passes_over_is_refunded(system: System, investors: People) -> None:
    asset = chosen_sale(system, investors)
    close(system, asset)
    system.placement.allocate(asset.issueId(), [2], [80], sender=investors.issuer)
    settle(system, asset, sender=investors.operator)
    assert placed(system, asset, 1) == (ORDER_REFUNDED, 0)
    assert placed(system, asset, 2) == (ORDER_SETTLED, 80)
    assert free(system, investors.alice) == MONEY


def test_silent_issuer_cannot_keep_the_money(system: System, investors: People) -> None:
    asset = chosen_sale(system, investors, minimum=50)
    close(system, asset)
    issue_id = asset.issueId()
    with refused("AllocationMissing", issueId=issue_id):
        settle(system, asset)
    system.placement.allocate(issue_id, [1], [49], sender=investors.issuer)  # below the minimum
    for who in (investors.issuer, investors.operator, investors.stranger):
        with refused("AllocationMissing", issueId=issue_id):
            settle(system, asset, sender=who)
    system.evm.wait(system.placement.ALLOCATION_GRACE() + 1)
    done = settle(system, asset)
    assert not done.event("PlacementClosed").succeeded
    assert not done.event("PlacementCompleted").succeeded
    assert free(system, investors.alice) == free(system, investors.bob) == MONEY
    assert_escrow(system, asset)


def test_choice_that_nobody_began_to_settle_is_settled_by_anyone(system: System, investors: People) -> None:
    asset = chosen_sale(system, investors)
    close(system, asset)
    system.placement.allocate(asset.issueId(), [1], [49], sender=investors.issuer)
    system.evm.wait(system.placement.ALLOCATION_GRACE() + 1)
    assert settle(system, asset).event("OrderSettled").units == 49


def test_other_allocations_are_not_the_issuers_choice(system: System, investors: People) -> None:
    asset = system.issue()
    order(system, asset, investors.alice, 10)
    close(system, asset)
    with refused("PlacementWrongState", state=SETTLING):
        system.placement.allocate(asset.issueId(), [1], [5], sender=investors.issuer)


# --- traps -----------------------------------------------------------------------------------------------------------


def test_trap_one_blocked_or_expired_investor_does_not_stop_the_batch(system: System, investors: People) -> None:
    asset = system.issue()
    system.admit(investors.dave, until=system.evm.now() + 2 * DAY)
    system.credit(investors.dave, MONEY)
    for who in (investors.alice, investors.bob, investors.dave, investors.carol):
        order(system, asset, who, 10)
    close(system, asset)
    system.block(investors.bob)
    done = settle(system, asset)
    assert [s.investor for s in done.events("OrderSettled")] == [investors.alice, investors.carol]
    assert [r.investor for r in done.events("OrderRefunded")] == [investors.bob, investors.dave]
    assert (free(system, investors.bob), frozen(system, investors.bob)) == (MONEY - 10 * PRICE, 10 * PRICE)
    assert (free(system, investors.dave), frozen(system, investors.dave)) == (MONEY, 0)
    assert state(system, asset) == COMPLETED
    assert_escrow(system, asset)


def test_trap_investor_who_lost_the_class_gets_money_not_units(system: System, investors: People) -> None:
    asset = system.issue(accessClass=TEST)
    sender = investors.compliance1
    system.participants.update(investors.alice, TEST, ADMITTED_UNTIL, digest("p"), sender=sender)
    order(system, asset, investors.alice, 10)
    close(system, asset)
    system.participants.update(investors.alice, FREE, ADMITTED_UNTIL, digest("p"), sender=sender)
    done = settle(system, asset)
    assert done.event("OrderRefunded").kopeks == 10 * PRICE
    assert not done.event("PlacementCompleted").succeeded
    assert state(system, asset) == FAILED


def test_trap_nothing_is_issued_from_maturity_on_and_the_money_returns(system: System, investors: People) -> None:
    asset = system.issue()
    order(system, asset, investors.alice, 10)
    order(system, asset, investors.bob, 10)
    close(system, asset)
    settle(system, asset, 1)
    system.evm.travel(asset.terms().maturity)
    done = settle(system, asset)
    assert not done.event("PlacementClosed").succeeded
    assert done.event("OrderRefunded").investor == investors.bob
    assert done.event("PlacementCompleted").issuedUnits == 10  # what was issued before stands
    assert system.registry.issue(asset.issueId()).state == market.ISSUE_CIRCULATION
    assert_escrow(system, asset)


def test_trap_nothing_is_issued_after_the_last_record_date_and_the_money_returns(
    system: System, investors: People
) -> None:
    asset = system.issue()
    order(system, asset, investors.alice, 10)
    close(system, asset)
    system.evm.travel(asset.circulationEndsAt() + 1)
    assert settle(system, asset).event("OrderRefunded").kopeks == 10 * PRICE
    assert free(system, investors.alice) == MONEY


def test_trap_paused_asset_stops_settlement_and_loses_nothing(system: System, investors: People) -> None:
    asset = system.issue()
    order(system, asset, investors.alice, 10)
    close(system, asset)
    system.four_eyes(asset, "setPaused", True, by=investors.pair(REGISTRAR))
    with refused("AssetIsPaused"):
        settle(system, asset)
    assert_escrow(system, asset)
    system.four_eyes(asset, "setPaused", False, by=investors.pair(REGISTRAR))
    settle(system, asset)
    assert asset.balanceOf(investors.alice) == 10


def test_trap_lock_up_does_not_stop_the_primary_sale(system: System, investors: People) -> None:
    asset = system.issue(lockedUntil=system.evm.now() + 60 * DAY)
    order(system, asset, investors.alice, 10)
    close(system, asset)
    settle(system, asset)
    assert asset.balanceOf(investors.alice) == 10
    with refused("AssetLocked"):
        asset.transfer(investors.bob, 1, sender=investors.alice)


def test_last_cancelled_order_completes_a_closed_sale(system: System, investors: People) -> None:
    asset = system.issue()
    first, second = order(system, asset, investors.alice, 10), order(system, asset, investors.bob, 10)
    close(system, asset)
    for number in (first, second):
        done = system.placement.cancelOrder(asset.issueId(), number, digest("why"), sender=investors.compliance1)
    assert not done.event("PlacementCompleted").succeeded
    assert free(system, investors.alice) == free(system, investors.bob) == MONEY
    with refused("PlacementWrongState", state=FAILED):
        settle(system, asset)


# --- the yearly limit ------------------------------------------------------------------------------------------------


def test_limit_is_reserved_committed_and_released(system: System, people: People) -> None:
    limit = 60_000_000
    admit_with_rubles(system, people.alice, kopeks=MONEY, classes=LIMIT)
    asset = system.issue(accessClass=LIMIT, maximumUnits=500, sale={"orderMax": 500})
    available = system.participants.limitAvailable
    first = order(system, asset, people.alice, 400)
    assert available(people.alice) == limit - 400 * PRICE
    with refused("LimitExceeded", who=people.alice, availableKopeks=200 * PRICE, wantedKopeks=201 * PRICE):
        order(system, asset, people.alice, 201)
    system.placement.recall(asset.issueId(), first, sender=people.alice)
    assert available(people.alice) == limit
    order(system, asset, people.alice, 450)
    order(system, asset, people.alice, 100)  # crosses the maximum: 50 of it are filled
    close(system, asset)
    done = settle(system, asset)
    assert [c.kopeks for c in done.events("LimitCommitted")] == [450 * PRICE, 50 * PRICE]
    assert available(people.alice) == limit - 500 * PRICE
    found = system.participants.participant(people.alice)
    assert (found.limitNet, found.limitReserved) == (500 * PRICE, 0)
    assert_escrow(system, asset)


def test_limit_is_not_touched_by_assets_of_other_classes(system: System, investors: People) -> None:
    asset = system.issue()
    order(system, asset, investors.alice, 700)
    assert system.participants.participant(investors.alice).limitReserved == 0
