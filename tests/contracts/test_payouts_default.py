"""Runs that are cancelled, overdue or in default, and the traps that payouts of others fell into."""

from __future__ import annotations

import pytest

from tests.contracts.evm import Contract, refused
from tests.contracts.market import (
    CANCELLED,
    DECLARED,
    DEFAULTED,
    DONE,
    FUNDED,
    MICRO,
    OVERDUE,
    append_record_date,
    assert_escrow,
    circulating,
    declare,
    distribute,
    free,
    frozen,
    fund,
    payments,
    replace,
    set_grace,
    set_tax_rule,
)
from tests.contracts.system import DAY, OPERATOR, REGISTRAR, People, System, account, digest

RATE = 5_178 * MICRO  # 51.78 rubles a unit: vector P1 of the design


@pytest.fixture
def asset(system: System, people: People) -> Contract:
    """Alice holds 137 units, Bob 50, Carol 3; nobody has rubles left, the tax rule is 30 per cent."""
    set_tax_rule(system)
    return circulating(system, {people.alice: 137, people.bob: 50, people.carol: 3})


def state(system: System, run: int) -> int:
    return int(system.payouts.run(run).state)


# --- cancelling and default ------------------------------------------------------------------------------------------


def test_cancelled_before_the_first_batch_the_money_returns(system: System, people: People, asset: Contract) -> None:
    run = declare(system, asset)
    fund(system, run)
    before = free(system, people.issuer)
    with refused("RoleRequired", who=people.admin1, role=OPERATOR):
        system.payouts.cancel(run, sender=people.admin1)
    cancelled = system.payouts.cancel(run, sender=people.issuer).event("RunCancelled")
    assert cancelled.returnedKopeks == 190 * 5_178
    assert free(system, people.issuer) == before + 190 * 5_178
    assert state(system, run) == CANCELLED
    with refused("RunWrongState", id=run, state=CANCELLED):
        system.payouts.cancel(run, sender=people.issuer)
    with refused("RunWrongState", id=run, state=CANCELLED):
        system.payouts.fund(run, 190 * 5_178, sender=people.issuer)
    assert_escrow(system, asset)


def test_trap_nobody_drains_a_funded_run(system: System, people: People, asset: Contract) -> None:
    """Once money is in escrow it can go to holders, tax or the issuer alone; once a batch is paid, to holders and tax."""
    run = declare(system, asset)
    fund(system, run)
    distribute(system, run, [people.carol])
    for who in (people.issuer, people.operator, people.admin1, people.treasurer1):
        with refused("RunWrongState" if who in (people.issuer, people.operator) else "RoleRequired"):
            system.payouts.cancel(run, sender=who if who != people.issuer else people.operator)
        with refused("RoleRequired", who=who):
            system.rubles.release(people.issuer, 1, sender=who)
        with refused("RoleRequired", who=who):
            system.rubles.payBatch(people.issuer, [], sender=who)
    assert system.rubles.escrowOf(system.payouts) == 187 * 5_178


def test_unfunded_run_becomes_overdue_and_defaults_by_anyones_call(
    system: System, people: People, asset: Contract
) -> None:
    set_grace(system, 10 * DAY)
    run = declare(system, asset)
    due_at = system.payouts.run(run).dueAt
    with refused("RunNotDue", id=run, dueAt=due_at):
        system.payouts.markOverdue(run, sender=people.stranger)
    with refused("RunWrongState", id=run, state=DECLARED):
        system.payouts.markDefaulted(run, sender=people.stranger)
    system.evm.travel(due_at + 1)
    overdue = system.payouts.markOverdue(run, sender=people.stranger).event("RunOverdue")
    assert overdue.graceEndsAt == due_at + 10 * DAY
    set_grace(system, 0)  # a later rule does not move this run's grace
    with refused("RunNotDue", id=run, dueAt=due_at + 10 * DAY):
        system.payouts.markDefaulted(run, sender=people.stranger)
    system.evm.travel(due_at + 10 * DAY + 1)
    assert system.payouts.markDefaulted(run, sender=people.stranger).events("RunDefaulted")
    assert state(system, run) == DEFAULTED


@pytest.mark.parametrize("defaulted", [False, True])
def test_late_money_ends_overdue_and_default(system: System, people: People, asset: Contract, defaulted: bool) -> None:
    run = declare(system, asset)
    system.evm.travel(system.payouts.run(run).dueAt + 400 * DAY)
    system.payouts.markOverdue(run, sender=people.stranger)
    if defaulted:
        system.payouts.markDefaulted(run, sender=people.stranger)
    assert state(system, run) == (DEFAULTED if defaulted else OVERDUE)
    fund(system, run)
    assert state(system, run) == FUNDED
    assert distribute(system, run, [people.alice, people.bob, people.carol]).events("RunCompleted")
    assert_escrow(system, asset)


def test_issuer_cannot_wash_a_default_away(system: System, people: People, asset: Contract) -> None:
    run = declare(system, asset)
    system.evm.travel(system.payouts.run(run).dueAt + 1)
    with refused("RoleRequired", who=people.issuer, role=OPERATOR):
        system.payouts.cancel(run, sender=people.issuer)
    system.payouts.markOverdue(run, sender=people.stranger)
    with refused("RoleRequired", who=people.issuer, role=OPERATOR):
        system.payouts.cancel(run, sender=people.issuer)
    assert system.payouts.cancel(run, sender=people.operator).events("RunCancelled")  # restructured


def test_funded_run_is_not_overdue(system: System, people: People, asset: Contract) -> None:
    run = declare(system, asset)
    fund(system, run)
    system.evm.travel(system.payouts.run(run).dueAt + 1)
    with refused("RunWrongState", id=run, state=FUNDED):
        system.payouts.markOverdue(run, sender=people.stranger)


# --- traps -----------------------------------------------------------------------------------------------------------


def test_trap_blocked_holder_is_paid_into_frozen_and_stops_nobody(
    system: System, people: People, asset: Contract
) -> None:
    run = declare(system, asset)
    fund(system, run)
    system.block(people.bob)
    done = distribute(system, run, [people.alice, people.bob, people.carol])
    assert [p.to_frozen for p in payments(done)] == [False, True, False]
    assert (free(system, people.bob), frozen(system, people.bob)) == (0, 50 * 5_178)
    assert state(system, run) == DONE


def test_trap_holder_whose_admission_expired_is_paid(system: System, people: People, asset: Contract) -> None:
    until = system.evm.now() + DAY
    system.participants.update(people.bob, 1, until, digest("p"), sender=people.compliance1)
    run = declare(system, asset)
    fund(system, run)
    distribute(system, run, [people.bob])
    assert free(system, people.bob) == 50 * 5_178


def test_trap_coupon_counts_the_record_date_not_the_day_of_payment(
    system: System, people: People, asset: Contract
) -> None:
    run = declare(system, asset)
    system.evm.next_at(asset.recordDateAt(1))
    asset.transfer(people.carol, 37, sender=people.alice)  # in the last second that counts
    asset_after = asset.recordDateAt(1) + 1
    system.evm.next_at(asset_after)
    asset.transfer(people.carol, 100, sender=people.alice)  # a second too late
    fund(system, run)
    assert asset.balanceOf(people.alice) == 0
    done = distribute(system, run, [people.alice, people.bob, people.carol])
    assert [p.units for p in payments(done)] == [100, 50, 40]
    assert state(system, run) == DONE


def test_trap_two_owners_of_one_unit_get_a_coupon_each(system: System, people: People, asset: Contract) -> None:
    first = declare(system, asset, ref="first")
    system.evm.travel(asset.recordDateAt(1) + 1)
    system.admit(people.dave)
    asset.transfer(people.dave, 137, sender=people.alice)
    second = declare(system, asset, record_date=2, ref="second")
    fund(system, second)  # the earlier run is distributed later, by its own record date
    fund(system, first)
    assert [p.units for p in payments(distribute(system, second, [people.dave]))] == [137]
    assert [p.units for p in payments(distribute(system, first, [people.alice]))] == [137]
    with refused("RunHolderWithoutUnits", id=second, holder=people.alice):
        distribute(system, second, [people.alice])


def test_trap_half_funded_run_pays_nobody(system: System, people: People, asset: Contract) -> None:
    run = declare(system, asset)
    system.evm.travel(system.payouts.run(run).dueAt)
    with refused("RunUnderfunded"):
        system.payouts.fund(run, 95 * 5_178, sender=people.issuer)
    with refused("RunWrongState", id=run, state=DECLARED):
        distribute(system, run, [people.carol])


def test_trap_coupon_after_the_end_of_circulation_is_refused(system: System, people: People, asset: Contract) -> None:
    later = asset.circulationEndsAt() + DAY
    number = append_record_date(system, asset, later)
    with refused("RunTermsInvalid", field="recordDate"):
        declare(system, asset, record_date=number)


def test_trap_replaced_holder_keeps_the_coupons_of_the_old_address(
    system: System, people: People, asset: Contract
) -> None:
    run, later = declare(system, asset, ref="1"), declare(system, asset, record_date=2, ref="2")
    fund(system, run)
    distribute(system, run, [people.bob])
    heir, second_heir = account("alice again"), account("bob again")
    for old, new in ((people.alice, heir), (people.bob, second_heir)):
        replace(system, old, new)
        system.four_eyes(asset, "replaceHolder", old, new, by=people.pair(REGISTRAR))
    with refused("RunHolderWithoutUnits", holder=people.alice):
        distribute(system, run, [people.alice])
    with refused("RunAlreadyPaid", id=run, holder=second_heir):
        distribute(system, run, [second_heir])  # paid under the old address
    distribute(system, run, [heir, people.carol])
    assert free(system, heir) == 709_386
    assert state(system, run) == DONE
    fund(system, later)
    assert distribute(system, later, [heir, second_heir, people.carol]).events("RunCompleted")


def test_trap_runs_of_one_issuer_do_not_pay_from_each_others_escrow(
    system: System, people: People, asset: Contract
) -> None:
    first, second = declare(system, asset, ref="1"), declare(system, asset, ref="2")
    fund(system, first)
    fund(system, second)
    distribute(system, first, [people.alice, people.bob, people.carol])
    assert system.payouts.run(second).escrowKopeks == 190 * 5_178
    assert_escrow(system, asset)


def test_run_with_nothing_due_completes_as_it_is_funded(system: System, people: People) -> None:
    asset = circulating(system, {people.alice: 5}, burnOnIssuerAcquire=True)
    run = declare(system, asset)
    asset.transfer(people.issuer, 5, sender=people.alice)  # bought back and burnt before the record date
    done = fund(system, run, 0)
    assert done.event("RunCompleted").unitsPaid == 0
    assert state(system, run) == DONE
