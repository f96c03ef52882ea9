"""Primary market: orders with money in escrow, the cut-off, three ways of allocation, delivery versus payment or the money back."""

from __future__ import annotations

import pytest

from tests.contracts import market
from tests.contracts.evm import Contract, refused
from tests.contracts.market import (
    COMPLETED,
    FAILED,
    OPEN,
    ORDER_CANCELLED,
    ORDER_RECALLED,
    PRICE,
    REFUNDING,
    SETTLING,
    SUSPENDED,
    admit_with_rubles,
    assert_escrow,
    close,
    free,
    frozen,
    order,
    settle,
)
from tests.contracts.system import (
    COMPLIANCE,
    DAY,
    FREE,
    LIMIT,
    MODERATOR,
    QUAL,
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


# --- orders ----------------------------------------------------------------------------------------------------------


def test_order_holds_the_rubles_and_settlement_swaps_them_for_units(system: System, investors: People) -> None:
    asset = system.issue()
    issue_id = asset.issueId()
    placed_ = system.placement.order(issue_id, 10, digest("client ref"), sender=investors.alice).event("OrderPlaced")
    assert (placed_.orderId, placed_.investor, placed_.units, placed_.kopeks) == (1, investors.alice, 10, 10 * PRICE)
    assert placed_.clientRef == digest("client ref")
    assert system.rubles.accountOf(investors.alice).held == 10 * PRICE
    assert_escrow(system, asset)

    closed = close(system, asset).event("PlacementClosed")
    assert (closed.succeeded, closed.demand, closed.toIssue) == (True, 10, 10)
    done = settle(system, asset)
    settled = done.event("OrderSettled")
    assert (settled.units, settled.kopeks, settled.refunded) == (10, 10 * PRICE, 0)
    assert (done.event("PlacementCompleted").succeeded, done.event("PlacementCompleted").issuedUnits) == (True, 10)
    assert asset.balanceOf(investors.alice) == 10
    assert free(system, investors.issuer) == 10 * PRICE
    assert free(system, investors.alice) == MONEY - 10 * PRICE
    assert state(system, asset) == COMPLETED
    assert system.registry.issue(issue_id).state == market.ISSUE_CIRCULATION
    assert_escrow(system, asset)


def test_order_is_refused_outside_the_sales_rules(system: System, investors: People) -> None:
    now = system.evm.now()
    asset = system.issue(sale={"startsAt": now + DAY, "orderMin": 5, "orderMax": 50, "creditingAt": now + 11 * DAY})
    issue_id, alice, place = asset.issueId(), investors.alice, system.placement.order
    with refused("PlacementUnknown", issueId=digest("no such issue")):
        place(digest("no such issue"), 5, digest("r"), sender=alice)
    with refused("PlacementNotStarted", issueId=issue_id, startsAt=now + DAY):
        place(issue_id, 5, digest("r"), sender=alice)
    system.evm.travel(now + DAY)
    for wrong in (0, 4, 51):
        with refused("OrderSize", units=wrong, orderMin=5, orderMax=50):
            place(issue_id, wrong, digest("r"), sender=alice)
    ends_at = system.placement.sale(issue_id).terms.endsAt
    system.evm.travel(ends_at + 1)
    with refused("PlacementEnded", issueId=issue_id, endsAt=ends_at):
        place(issue_id, 5, digest("r"), sender=alice)


def test_last_second_of_the_sale_takes_orders(system: System, investors: People) -> None:
    asset = system.issue()
    system.evm.next_at(system.placement.sale(asset.issueId()).terms.endsAt)
    assert order(system, asset, investors.alice, 1) == 1


def test_order_needs_admission_class_and_money(system: System, people: People) -> None:
    asset = system.issue(accessClass=QUAL)
    issue_id = asset.issueId()
    with refused("ParticipantNotAdmitted", who=people.alice):
        order(system, asset, people.alice, 1)
    system.admit(people.alice, classes=FREE | LIMIT | TEST)
    with refused("ParticipantClass", who=people.alice, required=QUAL):
        order(system, asset, people.alice, 1)
    system.admit(people.bob, classes=QUAL)
    with refused("RublesInsufficient", account=people.bob, available=0, wanted=PRICE):
        order(system, asset, people.bob, 1)
    system.block(people.bob)
    with refused("ParticipantIsBlocked", who=people.bob):
        order(system, asset, people.bob, 1)
    assert system.placement.sale(issue_id).orderCount == 0


def test_issuer_cannot_order_its_own_asset(system: System, people: People) -> None:
    asset = system.issue()
    with refused("OrderByIssuer", issuer=people.issuer):
        order(system, asset, people.issuer, 1)


def test_only_the_register_opens_a_sale(system: System, people: People) -> None:
    asset = system.issue()
    terms = system.placement_terms()
    with refused("PlacementOnlyRegistry", who=people.moderator1):
        system.placement.open(digest("x"), asset, people.issuer, 10, terms, sender=people.moderator1)


def test_recall_returns_the_money_until_the_cut_off(system: System, investors: People) -> None:
    asset = system.issue()
    issue_id = asset.issueId()
    first, second = order(system, asset, investors.alice, 10), order(system, asset, investors.alice, 5)
    with refused("OrderNotYours", issueId=issue_id, orderId=first, investor=investors.alice):
        system.placement.recall(issue_id, first, sender=investors.bob)
    recalled = system.placement.recall(issue_id, first, sender=investors.alice).event("OrderRecalled")
    assert (recalled.orderId, recalled.kopeks) == (first, 10 * PRICE)
    assert system.rubles.accountOf(investors.alice).held == 5 * PRICE
    assert_escrow(system, asset)
    with refused("OrderNotOpen", issueId=issue_id, orderId=first, state=ORDER_RECALLED):
        system.placement.recall(issue_id, first, sender=investors.alice)
    with refused("OrderNotOpen", orderId=77, state=0):
        system.placement.recall(issue_id, 77, sender=investors.alice)

    ends_at = system.placement.sale(issue_id).terms.endsAt
    system.evm.travel(ends_at + 1)
    with refused("PlacementEnded", endsAt=ends_at):
        system.placement.recall(issue_id, second, sender=investors.alice)
    close(system, asset)
    with refused("PlacementWrongState", state=SETTLING):
        system.placement.recall(issue_id, second, sender=investors.alice)


def test_compliance_cancels_an_order_with_a_reason(system: System, investors: People) -> None:
    asset = system.issue()
    issue_id = asset.issueId()
    number = order(system, asset, investors.alice, 10)
    with refused("RoleRequired", who=investors.alice, role=COMPLIANCE):
        system.placement.cancelOrder(issue_id, number, digest("why"), sender=investors.alice)
    system.block(investors.alice)
    done = system.placement.cancelOrder(issue_id, number, digest("why"), sender=investors.compliance1)
    assert done.event("OrderCancelled").reason == digest("why")
    assert placed(system, asset, number)[0] == ORDER_CANCELLED
    assert frozen(system, investors.alice) == 10 * PRICE  # money of a blocked investor comes back frozen
    with refused("OrderNotOpen", state=ORDER_CANCELLED):
        system.placement.cancelOrder(issue_id, number, digest("why"), sender=investors.compliance1)
    assert_escrow(system, asset)


def test_suspended_sale_takes_no_orders_but_lets_them_go(system: System, investors: People) -> None:
    asset = system.issue()
    issue_id = asset.issueId()
    number = order(system, asset, investors.alice, 10)
    with refused("RoleRequired", who=investors.issuer, role=MODERATOR):
        system.placement.suspend(issue_id, True, sender=investors.issuer)
    assert system.placement.suspend(issue_id, True, sender=investors.moderator1).event("PlacementSuspended").suspended
    with refused("PlacementWrongState", state=SUSPENDED):
        system.placement.suspend(issue_id, True, sender=investors.moderator1)
    with refused("PlacementWrongState", state=SUSPENDED):
        order(system, asset, investors.bob, 1)
    system.placement.recall(issue_id, number, sender=investors.alice)
    system.placement.suspend(issue_id, False, sender=investors.moderator2)
    assert order(system, asset, investors.bob, 1) == 2
    with refused("PlacementWrongState", state=OPEN):
        system.placement.suspend(issue_id, False, sender=investors.moderator1)


# --- the close of the book -------------------------------------------------------------------------------------------


def test_book_closes_only_after_the_cut_off_and_once(system: System, investors: People) -> None:
    asset = system.issue()
    issue_id = asset.issueId()
    order(system, asset, investors.alice, 1)
    ends_at = system.placement.sale(issue_id).terms.endsAt
    with refused("PlacementNotEnded", issueId=issue_id, endsAt=ends_at):
        system.placement.close(issue_id, sender=investors.stranger)
    with refused("PlacementWrongState", state=OPEN):
        settle(system, asset)
    close(system, asset)
    with refused("PlacementWrongState", state=SETTLING):
        system.placement.close(issue_id, sender=investors.stranger)


def test_settlement_waits_for_the_crediting_time(system: System, investors: People) -> None:
    crediting = system.evm.now() + 12 * DAY
    asset = system.issue(sale={"creditingAt": crediting})
    order(system, asset, investors.alice, 1)
    close(system, asset)
    with refused("PlacementNotCrediting", creditingAt=crediting):
        settle(system, asset)
    system.evm.travel(crediting)
    assert settle(system, asset).events("OrderSettled")


def test_below_the_minimum_there_is_no_issue_and_everybody_is_refunded(system: System, investors: People) -> None:
    asset = system.issue(sale={"minimumUnits": 100, "creditingAt": system.evm.now() + 12 * DAY})
    for who in (investors.alice, investors.bob, investors.carol):
        order(system, asset, who, 33)
    closed = close(system, asset).event("PlacementClosed")
    assert (closed.succeeded, closed.demand, closed.toIssue) == (False, 99, 0)
    assert state(system, asset) == REFUNDING
    first = settle(system, asset, 2)  # at once, the crediting time is for units
    assert [refund.kopeks for refund in first.events("OrderRefunded")] == [33 * PRICE] * 2
    assert not first.events("PlacementCompleted")
    assert_escrow(system, asset)
    assert not settle(system, asset).event("PlacementCompleted").succeeded
    assert state(system, asset) == FAILED
    assert system.registry.issue(asset.issueId()).state == market.ISSUE_FAILED
    assert [free(system, who) for who in (investors.alice, investors.bob, investors.carol)] == [MONEY] * 3
    assert asset.totalSupply() == 0
    assert_escrow(system, asset)
    system.registry.close(asset.issueId(), sender=investors.stranger)
    assert system.registry.issue(asset.issueId()).state == market.ISSUE_CLOSED


def test_sale_without_open_orders_fails_as_the_book_closes(system: System, investors: People) -> None:
    asset = system.issue()
    number = order(system, asset, investors.alice, 10)
    system.placement.recall(asset.issueId(), number, sender=investors.alice)
    done = close(system, asset)
    assert not done.event("PlacementCompleted").succeeded
    assert state(system, asset) == FAILED
