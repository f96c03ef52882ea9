"""Acts that the tests of the three venues begin with, and the sum that must hold after each step: what a venue keeps is what it owes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tests.contracts.evm import Contract, Receipt
from tests.contracts.system import (
    COMPLIANCE,
    FREE,
    LIMIT,
    QUAL,
    REGISTRAR,
    SYSTEM_ACCOUNT,
    TEST,
    TREASURER,
    People,
    System,
    digest,
)

PRICE = 100_000  # 1 000.00 rubles, the nominal
MICRO = 1_000_000  # millionths in a kopek

OPEN, SUSPENDED, SETTLING, REFUNDING, COMPLETED, FAILED = range(1, 7)
ORDER_OPEN, ORDER_RECALLED, ORDER_CANCELLED, ORDER_SETTLED, ORDER_REFUNDED = range(1, 6)
FIFO, PRO_RATA, ISSUER_CHOICE = range(3)
ISSUE_PLACEMENT, ISSUE_FAILED, ISSUE_CIRCULATION, ISSUE_REDEEMED, ISSUE_CLOSED = range(1, 6)
OFFER_OPEN, OFFER_FILLED, OFFER_WITHDRAWN, OFFER_EXPIRED = range(1, 5)
COUPON, AMORTISATION, REDEMPTION, EARLY_CALL, EARLY_PUT = range(5)
PER_UNIT, PER_HOLDER = range(2)
DECLARED, FUNDED, EXECUTING, DONE, CANCELLED, OVERDUE, DEFAULTED = range(1, 8)


def admit_with_rubles(system: System, *who: str, kopeks: int = 200_000_000, classes: int = FREE) -> None:
    """Admit participants and credit each with rubles."""
    system.admit(*who, classes=classes)
    for one in who:
        system.credit(one, kopeks)


def free(system: System, who: str) -> int:
    """Free rubles of an account, kopeks."""
    return int(system.rubles.accountOf(who).free)


def frozen(system: System, who: str) -> int:
    """Frozen rubles of an account, kopeks."""
    return int(system.rubles.accountOf(who).frozen)


def order(system: System, asset: Contract, who: str, units: int) -> int:
    """Order units; the order's id."""
    placed = system.placement.order(asset.issueId(), units, digest(f"order {who} {units}"), sender=who)
    return int(placed.event("OrderPlaced").orderId)


def close(system: System, asset: Contract) -> Receipt:
    """Close the book one second after the cut-off."""
    issue_id = asset.issueId()
    ends_at = system.placement.sale(issue_id).terms.endsAt
    if system.evm.now() <= ends_at:
        system.evm.travel(ends_at + 1)
    receipt: Receipt = system.placement.close(issue_id, sender=system.people.operator)
    return receipt


def settle(system: System, asset: Contract, count: int = 1_000, sender: str = People.stranger) -> Receipt:
    """Settle or refund the next orders, by somebody who has nothing to do with the sale."""
    receipt: Receipt = system.placement.settle(asset.issueId(), count, sender=sender)
    return receipt


def circulating(system: System, holdings: Mapping[str, int], number: str = "ЦФА-1", **changes: Any) -> Contract:
    """A token in circulation, sold to the given holders (admitted and credited here unless they are)."""
    asset = system.issue(number, **changes)
    for who, units in holdings.items():
        if system.participants.participant(who).status == 0:
            system.admit(
                who, classes=FREE | LIMIT | TEST | QUAL if changes.get("accessClass", FREE) != LIMIT else LIMIT
            )
        if free(system, who) < units * PRICE:
            system.credit(who, units * PRICE)
        order(system, asset, who, units)
    close(system, asset)
    settle(system, asset)
    return asset


def set_tax_rule(system: System, share_bps: int = 3_000) -> None:
    """Allow at most `share_bps` of a payout to be withheld, to the tax account."""
    if system.participants.participant(system.people.tax_account).status == 0:
        system.admit(system.people.tax_account, kind=SYSTEM_ACCOUNT)
    pair = system.people.pair(TREASURER)
    system.four_eyes(system.payouts, "setTaxRule", system.people.tax_account, share_bps, by=pair)


def set_grace(system: System, seconds: int) -> None:
    """Set the grace period of overdue runs."""
    system.four_eyes(system.payouts, "setGrace", seconds, by=system.people.pair(TREASURER))


def declare(
    system: System,
    asset: Contract,
    kind: int = COUPON,
    micro: int = 5_178 * MICRO,
    record_date: int = 1,
    rounding: int = PER_UNIT,
    due_at: int | None = None,
    ref: str = "run",
    sender: str | None = None,
) -> int:
    """Declare a run due a day after its record date; its id."""
    due = asset.recordDateAt(record_date) + 86_400 if due_at is None else due_at
    who = sender or system.people.issuer
    made = system.payouts.declare(asset, kind, rounding, record_date, micro, due, digest(ref), sender=who)
    return int(made.event("RunDeclared").id)


def fund(system: System, run: int, kopeks: int | None = None) -> Receipt:
    """Pass the record date, credit the issuer with the sum and fund the run; by default with just what is required."""
    facts = system.payouts.run(run)
    asset = system.asset(facts.asset)
    recorded = max(asset.recordDateAt(facts.recordDate), asset.circulationEndsAt() if facts.kind in (2, 3) else 0)
    if system.evm.now() <= recorded:
        system.evm.travel(recorded + 1)
    wanted = system.payouts.required(run) if kopeks is None else kopeks
    if wanted:
        system.credit(facts.issuer, wanted)
    receipt: Receipt = system.payouts.fund(run, wanted, sender=facts.issuer)
    return receipt


def distribute(system: System, run: int, holders: Sequence[str], withheld: Sequence[int] | None = None) -> Receipt:
    """Pay a batch on or after the due date, by somebody who has nothing to do with the run."""
    due_at = system.payouts.run(run).dueAt
    if system.evm.now() < due_at:
        system.evm.travel(due_at)
    taxes = [0] * len(holders) if withheld is None else withheld
    receipt: Receipt = system.payouts.distribute(run, holders, taxes, sender=system.people.stranger)
    return receipt


def append_record_date(system: System, asset: Contract, at: int) -> int:
    """A later record date by four eyes; its number."""
    system.four_eyes(asset, "appendRecordDate", at, by=system.people.pair(REGISTRAR))
    return int(asset.recordDateCount())


def replace(system: System, old: str, new: str) -> None:
    """Give a participant who lost access a new address."""
    system.four_eyes(system.participants, "replace", old, new, by=system.people.pair(REGISTRAR))


def unblock(system: System, who: str) -> None:
    """Unblock by four eyes of COMPLIANCE."""
    system.four_eyes(system.participants, "unblock", who, by=system.people.pair(COMPLIANCE))


def assert_escrow(system: System, *assets: Contract) -> None:
    """Invariant 6: the escrow of each venue is what its open orders and runs owe, and all rubles add up."""
    sales = [system.placement.sale(asset.issueId()) for asset in assets]
    assert system.rubles.escrowOf(system.placement) == sum(s.demand * s.terms.priceKopeks for s in sales)
    for asset, sale in zip(assets, sales, strict=True):
        orders = [system.placement.orderOf(asset.issueId(), n) for n in range(1, sale.orderCount + 1)]
        assert sale.demand == sum(o.units for o in orders if o.state == ORDER_OPEN)
        assert sale.issued == sum(o.allocated for o in orders if o.state == ORDER_SETTLED)
    assert system.rubles.escrowOf(system.exchange) == 0
    runs = [system.payouts.run(number) for number in range(1, system.payouts.count() + 1)]
    assert system.rubles.escrowOf(system.payouts) == sum(run.escrowKopeks for run in runs)
    assert system.rubles.totalSupply() == system.rubles.creditedTotal() - system.rubles.paidOutTotal()


class Payment(NamedTuple):
    """One payment of a batch, as HoldersPaid tells it."""

    holder: str
    units: int
    gross: int
    withheld: int
    to_frozen: bool


def payments(receipt: Receipt) -> list[Payment]:
    """The payments of a distribution, unpacked."""
    event, low = receipt.event("HoldersPaid"), 2**64 - 1
    return [
        Payment(holder, word >> 192, word >> 128 & low, word >> 64 & low, bool(word & 1))
        for holder, word in zip(event.holders, event.payments, strict=True)
    ]
