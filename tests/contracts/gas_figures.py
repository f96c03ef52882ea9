"""What the main acts cost: whole transactions (or a share of a batch) on anvil, every rule in force.

Each function measures one group on a fresh system and returns its figures by key. `BUDGETS` is the design's table; keys without a
budget are the honest company of those with one: what the same act costs in a worse moment.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from scripts import compile as project
from tests.contracts import tokens
from tests.contracts.market import (
    COUPON,
    MICRO,
    PRICE,
    REDEMPTION,
    admit_with_rubles,
    circulating,
    close,
    declare,
    distribute,
    fund,
    order,
    set_tax_rule,
    settle,
)
from tests.contracts.system import DAY, FREE, LIMIT, ORDER, System, account, digest
from tests.contracts.tokens import BASIS, make_token

RESULTS = project.ROOT / "build" / "bench" / "gas.json"
SNAPSHOT = project.ROOT / "tests" / "contracts" / "gas_snapshot.json"
TOLERANCE = 0.001
"""Share by which a figure may differ from the snapshot: times and hashes in call data cost 4 gas a zero byte and 16 any other."""

BUDGETS = {
    "transfer_existing": 46_000,
    "deliver": 65_000,
    "issue_units_new_holder": 66_000,
    "payout_per_holder_200": 15_000,
    "redemption_per_holder_200": 75_000,
    "admit_batch": 30_000,
    "order": 110_000,
    "order_first_of_a_sale": 110_000,
    "order_limit_class": 130_000,
    "settle_new_holder": 65_000,
    "settle_new_holder_limit_class": 75_000,
    "accept_offer": 130_000,
    "accept_offer_seller_spent_all_rubles": 130_000,
    "accept_offer_limit_class": 160_000,
    "deploy_issue": 10_000_000,
}

HOLDERS = [account(f"holder {number}") for number in range(200)]
INVESTORS = [account(f"investor {number}") for number in range(60)]
BATCH = 50


def transfers(system: System) -> dict[str, int]:
    """Access class, burn on issuer, lock-up over, twelve record dates: what an ordinary issue has."""
    tokens.prepare(system)
    people, start = system.people, system.evm.now()
    dates = [start + 30 * DAY * month for month in range(1, 13)]
    rules: dict[str, Any] = {
        "accessClass": LIMIT,
        "burnOnIssuerAcquire": True,
        "lockedUntil": start + 60,
        "recordDates": dates,
    }
    token = make_token(system, alice=100, bob=100, **rules)
    system.evm.wait(120)
    existing = token.transfer(people.bob, 10, sender=people.alice).gas
    new = token.transfer(people.carol, 10, sender=people.alice).gas
    system.evm.travel(dates[0] + 1)
    first = token.transfer(people.bob, 10, sender=people.alice).gas
    again = token.transfer(people.bob, 10, sender=people.alice).gas
    token.encumber(people.alice, ORDER, 50, 0, BASIS, sender=people.venue)
    return {
        "transfer_existing": existing,
        "transfer_new": new,
        "transfer_first_after_record_date": first,
        "transfer_next_after_record_date": again,
        "deliver": token.deliver(1, people.bob, 20, sender=people.venue).gas,
        "issue_units_new_holder": make_token(system, alice=0).issueUnits(people.bob, 50, sender=people.venue).gas,
    }


def admission(system: System) -> dict[str, int]:
    """A participant in a batch of a hundred."""
    many = [account(f"newcomer {number}") for number in range(100)]
    return {"admit_batch": system.admit(*many).gas // 100}


def primary_market(system: System) -> dict[str, int]:
    """Orders of investors who spend all they have, so nothing is cheap because of a rest; settled in a batch of fifty."""
    admit_with_rubles(system, *INVESTORS, kopeks=5 * PRICE)
    asset = system.issue()
    deployed = int(system.evm.web3.eth.get_block("latest")["gasUsed"])

    def place(token: Any, who: str) -> int:
        return int(system.placement.order(token.issueId(), 5, digest("order"), sender=who).gas)

    first_ever, following = place(asset, INVESTORS[0]), place(asset, INVESTORS[1])
    for investor in INVESTORS[2:BATCH]:
        order(system, asset, investor, 5)
    close(system, asset)
    settled = settle(system, asset, BATCH)
    assert len(settled.events("OrderSettled")) == BATCH
    later = system.issue("ЦФА-2")
    return {
        "deploy_issue": deployed,
        "order_first_ever": first_ever,
        "order": following,
        "order_first_of_a_sale": place(later, INVESTORS[BATCH]),
        "settle_new_holder": settled.gas // BATCH,
    }


def primary_market_of_limited_class(system: System) -> dict[str, int]:
    """The same with the yearly limit reserved and committed."""
    admit_with_rubles(system, *INVESTORS[:BATCH], kopeks=5 * PRICE, classes=LIMIT)
    asset = system.issue(accessClass=LIMIT)
    order(system, asset, INVESTORS[0], 5)
    following = system.placement.order(asset.issueId(), 5, digest("order"), sender=INVESTORS[1]).gas
    for investor in INVESTORS[2:BATCH]:
        order(system, asset, investor, 5)
    close(system, asset)
    return {
        "order_limit_class": following,
        "settle_new_holder_limit_class": settle(system, asset, BATCH).gas // BATCH,
    }


def secondary_market(system: System) -> dict[str, int]:
    """Both legs of a deal in one transaction."""
    people = system.people
    asset = circulating(system, {people.alice: 100})  # alice has spent all her rubles on units
    limited = circulating(system, {people.dave: 100}, "ЦФА-2", accessClass=LIMIT)
    admit_with_rubles(system, people.bob, people.carol, kopeks=100 * PRICE, classes=FREE | LIMIT)
    system.admit(people.stranger)
    asset.transfer(people.stranger, 10, sender=people.alice)  # an heir who never had a kopek here

    def offer(token: Any, who: str, units: int) -> int:
        expires = system.evm.now() + DAY
        made = system.exchange.offer(token, units, PRICE, 1, NOBODY, expires, digest("offer"), sender=who)
        return int(made.event("OfferMade").id)

    def accept(number: int, units: int, who: str) -> int:
        return int(system.exchange.accept(number, units, digest("deal"), sender=who).gas)

    number = offer(asset, people.alice, 50)
    spent = accept(number, 20, people.bob)  # bob is a new holder
    again = accept(number, 10, people.bob)
    usual = accept(number, 10, people.carol)  # a new holder, the seller has rubles
    unknown = accept(offer(asset, people.stranger, 5), 5, people.bob)
    with_limit = accept(offer(limited, people.dave, 50), 20, people.bob)
    return {
        "accept_offer": usual,
        "accept_offer_known_holder": again,
        "accept_offer_seller_spent_all_rubles": spent,
        "accept_offer_seller_never_had_rubles": unknown,
        "accept_offer_limit_class": with_limit,
    }


def payouts(system: System) -> dict[str, int]:
    """A coupon with tax and the redemption, to 200 holders in one batch; every one of them has spent all his rubles on units."""
    set_tax_rule(system)
    for start in range(0, 200, BATCH):
        system.admit(*HOLDERS[start : start + BATCH])
    asset = circulating(system, dict.fromkeys(HOLDERS, 5))
    coupon = declare(system, asset, COUPON)
    fund(system, coupon)
    taxed = distribute(system, coupon, HOLDERS, [3_300] * 200)
    redemption = declare(system, asset, REDEMPTION, micro=PRICE * MICRO, record_date=3, ref="redemption")
    fund(system, redemption)
    redeemed = distribute(system, redemption, HOLDERS)
    return {"payout_per_holder_200": taxed.gas // 200, "redemption_per_holder_200": redeemed.gas // 200}


NOBODY = "0x" + "0" * 40
GROUPS: dict[str, Callable[[System], dict[str, int]]] = {
    "transfers": transfers,
    "admission": admission,
    "primary market": primary_market,
    "primary market of class LIMIT": primary_market_of_limited_class,
    "secondary market": secondary_market,
    "payouts": payouts,
}


def settings() -> dict[str, Any]:
    """What the figures depend on: compiler, optimiser, rules of the EVM."""
    chosen = project.configuration()
    return {
        "solc": chosen["version"],
        "optimizer": chosen["optimize"],
        "optimizer_runs": chosen["optimization_runs"],
        "via_ir": chosen["via_ir"],
        "evm_version": chosen["evm_version"],
        "node": "anvil",
    }


def record(figures: dict[str, int]) -> None:
    """Put figures into build/bench/gas.json, beside those of other groups measured with the same settings."""
    known: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    if known.get("settings") != settings():
        known = {}
    known |= {"settings": settings(), **figures}
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


def snapshot() -> dict[str, int]:
    """The committed figures."""
    return dict(json.loads(SNAPSHOT.read_text(encoding="utf-8")))
