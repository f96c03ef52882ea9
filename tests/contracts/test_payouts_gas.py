"""Gas of payouts against the budget of the design: 15,000 a holder in a batch of 200 whose holders have ruble balances."""

from __future__ import annotations

from tests.contracts.market import (
    COUPON,
    MICRO,
    REDEMPTION,
    circulating,
    declare,
    distribute,
    fund,
    set_tax_rule,
)
from tests.contracts.system import System, account

HOLDERS = [account(f"holder {number}") for number in range(200)]


def test_payout_to_a_holder_in_a_batch_of_200(system: System) -> None:
    set_tax_rule(system)
    for start in range(0, 200, 50):
        system.admit(*HOLDERS[start : start + 50])
    for holder in HOLDERS:
        system.credit(holder, 2_000_000)
    asset = circulating(system, dict.fromkeys(HOLDERS, 5))

    coupon = declare(system, asset, COUPON)
    fund(system, coupon)
    taxed = distribute(system, coupon, HOLDERS, [3_300] * 200)
    redemption = declare(system, asset, REDEMPTION, micro=100_000 * MICRO, record_date=3, ref="redemption")
    fund(system, redemption)
    redeemed = distribute(system, redemption, HOLDERS)
    print(f"\ngas a holder, batch of 200: coupon with tax {taxed.gas / 200:,.0f}; redemption {redeemed.gas / 200:,.0f}")
    assert taxed.gas / 200 <= 15_000
    assert redeemed.gas / 200 <= 75_000  # pays, burns the units and writes the history of the holder for ever
