"""Gas of the primary market against the budgets of the design: an order 110,000; settlement to a new holder in a batch 65,000."""

from __future__ import annotations

import pytest

from tests.contracts.market import admit_with_rubles, close, order, settle
from tests.contracts.system import FREE, LIMIT, System, account, digest

INVESTORS = [account(f"investor {number}") for number in range(100)]


@pytest.mark.parametrize(
    ("access_class", "order_budget", "settle_budget"), [(FREE, 110_000, 65_000), (LIMIT, 130_000, 75_000)]
)
def test_order_and_settlement(system: System, access_class: int, order_budget: int, settle_budget: int) -> None:
    admit_with_rubles(system, *INVESTORS, kopeks=2_000_000, classes=access_class)
    asset = system.issue(accessClass=access_class)
    issue_id = asset.issueId()
    first = system.placement.order(issue_id, 5, digest("first"), sender=INVESTORS[0]).gas
    second = system.placement.order(issue_id, 5, digest("second"), sender=INVESTORS[1]).gas
    for investor in INVESTORS[2:]:
        order(system, asset, investor, 5)
    close(system, asset)
    settled = settle(system, asset, 100)
    print(
        f"\ngas, class {access_class}: first order {first:,}, the next {second:,}; settle, batch of 100: {settled.gas / 100:,.0f}"
    )
    assert second <= order_budget
    assert settled.gas / 100 <= settle_budget
    assert len(settled.events("OrderSettled")) == 100
