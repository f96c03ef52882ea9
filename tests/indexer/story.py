"""A long story on the real contracts: nearly every kind of event at least once. What the indexer makes of it is tested elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from tests.contracts.evm import Contract, Refused
from tests.contracts.market import (
    AMORTISATION,
    COUPON,
    EARLY_PUT,
    ISSUER_CHOICE,
    MICRO,
    PER_HOLDER,
    PRICE,
    PRO_RATA,
    REDEMPTION,
    circulating,
    close,
    declare,
    distribute,
    fund,
    order,
    replace,
    settle,
)
from tests.contracts.system import (
    COMPLIANCE,
    DAY,
    FREE,
    LIMIT,
    LOCKUP,
    MODERATOR,
    PLEDGE,
    QUAL,
    REGISTRAR,
    TEST,
    TREASURER,
    YEAR,
    System,
    digest,
)


@dataclass(frozen=True)
class Story:
    """What the tests ask about."""

    system: System
    bond: Contract
    limited: Contract
    replaced: str
    heir: str


def tell(system: System) -> Story:
    """Live through it once; takes about ten seconds."""
    people = system.people
    treasurers = people.pair(TREASURER)
    system.four_eyes(system.payouts, "setTaxRule", people.tax_account, 3_000, by=treasurers)
    system.four_eyes(system.payouts, "setGrace", 5 * DAY, by=treasurers)
    bond = circulating(system, {people.alice: 100, people.bob: 50, people.carol: 30}, "ЦФА-1")
    _sales(system)
    limited = _limit(system)
    _officers(system, bond)
    _market(system, bond)
    _payouts(system, bond)
    _money(system)
    _journal(system, bond)
    _redeem(system, bond)
    return Story(system, bond, limited, people.carol, people.dave)


def _sales(system: System) -> None:
    """Sales that are short of the minimum, pro rata, chosen by the issuer, suspended, recalled, cancelled, never settled."""
    people = system.people
    for who in (people.alice, people.bob):
        system.credit(who, 500 * PRICE)
    failed = system.issue("ЦФА-2", sale={"minimumUnits": 900})
    order(system, failed, people.alice, 5)
    system.placement.suspend(failed.issueId(), True, sender=people.moderator1)
    system.placement.suspend(failed.issueId(), False, sender=people.moderator1)
    shared = system.issue("ЦФА-3", sale={"allocation": PRO_RATA, "orderMax": 50}, maximumUnits=50)
    order(system, shared, people.alice, 40)
    order(system, shared, people.bob, 33)
    recalled = order(system, shared, people.bob, 7)
    system.placement.recall(shared.issueId(), recalled, sender=people.bob)
    dropped = order(system, shared, people.alice, 3)
    system.placement.cancelOrder(shared.issueId(), dropped, digest("reason"), sender=people.compliance1)
    chosen = system.issue("ЦФА-4", sale={"allocation": ISSUER_CHOICE})
    order(system, chosen, people.alice, 10)
    order(system, chosen, people.bob, 10)
    silent = system.issue("ЦФА-5", sale={"allocation": ISSUER_CHOICE})
    order(system, silent, people.bob, 4)
    for asset in (failed, shared, chosen, silent):
        close(system, asset)
    settle(system, failed)
    settle(system, shared, 1)
    settle(system, shared)
    system.placement.allocate(chosen.issueId(), [1], [6], sender=people.issuer)
    settle(system, chosen, sender=people.issuer)
    system.evm.wait(4 * DAY)
    settle(system, silent)
    system.registry.close(failed.issueId(), sender=people.stranger)


def _limit(system: System) -> Contract:
    """The yearly limit: reserved, committed, restored by a sale, over New Year."""
    people = system.people
    pair = people.pair(COMPLIANCE)
    system.four_eyes(system.participants, "setLimit", system.evm.now() - DAY, 60_000_000, by=pair)
    system.admit(people.stranger, classes=LIMIT | FREE)
    system.participants.update(
        people.alice, FREE | LIMIT, system.evm.now() + 3 * YEAR, digest("new file"), sender=people.compliance1
    )
    system.participants.update(
        people.bob, FREE | LIMIT | TEST | QUAL, system.evm.now() + 3 * YEAR, digest("file"), sender=people.compliance1
    )
    system.credit(people.stranger, 300 * PRICE)
    far = system.evm.now() + 300 * DAY
    limited = system.issue("ЦФА-6", accessClass=LIMIT, recordDates=[far, far + 500 * DAY], maturity=far + 501 * DAY)
    order(system, limited, people.stranger, 20)
    order(system, limited, people.bob, 15)
    back = order(system, limited, people.alice, 2)
    system.placement.recall(limited.issueId(), back, sender=people.alice)
    close(system, limited)
    settle(system, limited)
    expiry = system.evm.now() + 400 * DAY
    offer = system.exchange.offer(limited, 10, 90_000, 1, "0x" + "0" * 40, expiry, digest("o"), sender=people.stranger)
    system.exchange.accept(offer.event("OfferMade").id, 4, digest("b"), sender=people.alice)
    return limited


def _officers(system: System, bond: Contract) -> None:
    """Blocking, freezing, pledges, lock-ups, forced moves, a new address, documents, a pause, a cancelled proposal."""
    people = system.people
    registrars = people.pair(REGISTRAR)
    now = system.evm.now()
    basis, reason, paper = digest("basis"), digest("reason"), digest("document")
    system.block(people.bob)
    system.credit(people.bob, 777)
    system.unblock(people.bob)
    system.rubles.freeze(people.bob, 500, basis, sender=people.compliance1)
    system.four_eyes(system.rubles, "unfreeze", people.bob, 300, basis, by=people.pair(COMPLIANCE))
    bond.encumber(people.alice, LOCKUP, 10, now + DAY, basis, sender=people.alice)
    system.four_eyes(bond, "encumber", people.carol, PLEDGE, 5, 0, basis, by=registrars)
    system.four_eyes(bond, "encumber", people.bob, PLEDGE, 8, 0, basis, by=registrars)
    system.four_eyes(bond, "release", 3, 2, by=registrars)
    bond.setFrozenTokens(people.carol, 40, sender=people.compliance1)
    system.four_eyes(bond, "setFrozenTokens", people.carol, 3, by=people.pair(COMPLIANCE))
    moved = (people.bob, people.alice, 46, False, reason, paper)
    forced = bond.overload("forcedTransfer(address,address,uint64,bool,bytes32,bytes32)")
    _approved(system, bond, forced.data(*moved), registrars)
    system.four_eyes(bond, "forcedBurn", people.alice, 1, reason, paper, by=registrars)
    system.four_eyes(bond, "setPaused", True, by=registrars)
    _refused(lambda: bond.overload("transfer(address,uint256)")(people.bob, 1, sender=people.alice))
    system.four_eyes(bond, "setPaused", False, by=registrars)
    bond.overload("transfer(address,uint256)")(people.bob, 7, sender=people.alice)
    system.four_eyes(bond, "setDocument", digest("name"), "https://документ", paper, by=people.pair(MODERATOR))
    system.four_eyes(bond, "setDocument", digest("other"), "x", paper, by=people.pair(MODERATOR))
    system.four_eyes(bond, "removeDocument", digest("other"), by=people.pair(MODERATOR))
    replace(system, people.carol, people.dave)
    system.four_eyes(bond, "replaceHolder", people.carol, people.dave, by=registrars)
    system.four_eyes(system.rubles, "moveAll", people.carol, people.dave, by=registrars)
    eyes = system.contract("FourEyes")
    data = bond.setPaused.data(True)
    proposed = eyes.propose(bond, data, reason, paper, system.evm.now() + DAY, sender=registrars[0])
    eyes.cancel(proposed.event("ActionProposed").id, sender=registrars[1])


def _approved(system: System, target: Contract, data: str, pair: tuple[str, str]) -> None:
    eyes = system.contract("FourEyes")
    expiry = system.evm.now() + DAY
    proposed = eyes.propose(target, data, digest("reason"), digest("document"), expiry, sender=pair[0])
    eyes.approve(proposed.event("ActionProposed").id, data, sender=pair[1])


def _refused(act: object) -> None:
    try:
        act()  # type: ignore[operator]  # a lambda
    except Refused:
        return
    raise AssertionError("was not refused")


def _market(system: System, bond: Contract) -> None:
    """Offers filled in parts, addressed, withdrawn, expired."""
    people, nobody = system.people, "0x" + "0" * 40
    expiry = system.evm.now() + DAY

    def offer(units: int, buyer: str) -> int:
        made = system.exchange.offer(bond, units, PRICE, 1, buyer, expiry, digest("offer"), sender=people.alice)
        return int(made.event("OfferMade").id)

    first = offer(10, nobody)
    system.exchange.accept(first, 4, digest("a"), sender=people.bob)
    system.exchange.accept(first, 6, digest("b"), sender=people.bob)
    system.exchange.withdraw(offer(3, people.bob), sender=people.alice)
    late = offer(2, nobody)
    system.evm.travel(expiry + 1)
    system.exchange.expire(late, sender=people.stranger)


def _payouts(system: System, bond: Contract) -> None:
    """A coupon with tax to a blocked holder, a cancelled run, a default, an early redemption wanted by a holder."""
    people = system.people
    coupon = declare(system, bond, COUPON, record_date=1, ref="coupon")
    fund(system, coupon)
    system.block(people.bob)
    distribute(system, coupon, [people.alice], [1_000])
    distribute(system, coupon, [people.bob, people.dave], [0, 7])
    system.unblock(people.bob)
    cancelled = declare(system, bond, COUPON, record_date=2, ref="cancelled")
    system.payouts.cancel(cancelled, sender=people.issuer)
    part = declare(system, bond, AMORTISATION, micro=333_333_333, record_date=2, rounding=PER_HOLDER, ref="part")
    fund(system, part)
    distribute(system, part, [people.alice, people.bob, people.dave])
    late = declare(system, bond, COUPON, record_date=2, ref="late", due_at=system.evm.now() + DAY)
    system.evm.wait(2 * DAY)
    system.payouts.markOverdue(late, sender=people.stranger)
    system.evm.wait(6 * DAY)
    system.payouts.markDefaulted(late, sender=people.stranger)
    fund(system, late)
    distribute(system, late, [people.alice, people.bob, people.dave])
    _put(system, bond)


def _put(system: System, bond: Contract) -> None:
    people = system.people
    at = system.evm.now() + 10 * DAY
    system.four_eyes(bond, "appendRecordDate", at, by=people.pair(REGISTRAR))
    put = declare(system, bond, EARLY_PUT, micro=PRICE * MICRO, record_date=bond.recordDateCount(), ref="put")
    system.payouts.tender(put, 5, sender=people.alice)
    system.payouts.tender(put, 3, sender=people.alice)
    fund(system, put)
    distribute(system, put, [people.alice])
    again = system.evm.now() + 10 * DAY
    system.four_eyes(bond, "appendRecordDate", again, by=people.pair(REGISTRAR))
    empty = declare(system, bond, EARLY_PUT, micro=PRICE * MICRO, record_date=bond.recordDateCount(), ref="never")
    system.payouts.tender(empty, 2, sender=people.bob)
    system.payouts.cancel(empty, sender=people.operator)
    system.payouts.returnTender(empty, people.bob, sender=people.stranger)


def _money(system: System) -> None:
    """Payments out: confirmed, cancelled, cancelled for a blocked account."""
    rubles, alice = system.rubles, system.people.alice
    treasurer = system.people.treasurer1
    for name, kopeks in (("one", 1_000), ("two", 2_000), ("three", 3_000)):
        rubles.requestWithdrawal(digest(name), kopeks, digest("details"), sender=alice)
    rubles.confirmWithdrawal(digest("one"), digest("bank"), sender=treasurer)
    rubles.cancelWithdrawal(digest("two"), digest("refused"), sender=treasurer)
    system.block(alice)
    rubles.cancelWithdrawal(digest("three"), digest("refused"), sender=treasurer)
    system.unblock(alice)


def _journal(system: System, bond: Contract) -> None:
    anchors, operator = system.contract("Anchors"), system.people.operator
    anchors.anchor(0, digest("root 1"), 1, 10, sender=operator)
    anchors.anchor(0, digest("root 2"), 11, 12, sender=operator)
    anchors.anchor(1, digest("root"), 1, 1, sender=operator)
    bond.approve(system.people.bob, 1, sender=system.people.alice)  # an event that no projection needs


def _redeem(system: System, bond: Contract) -> None:
    """Maturity: the nominal of every unit, burnt as it is paid."""
    people = system.people
    run = declare(system, bond, REDEMPTION, micro=PRICE * MICRO, record_date=3, ref="redemption")
    fund(system, run)
    distribute(system, run, [people.alice, people.bob, people.dave])
