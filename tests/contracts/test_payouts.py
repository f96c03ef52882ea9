"""Runs of payment: declared, funded in full, distributed by anyone in batches, complete when the units say so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contracts.evm import Contract, refused
from tests.contracts.market import (
    AMORTISATION,
    COUPON,
    DECLARED,
    DONE,
    EXECUTING,
    FUNDED,
    MICRO,
    PER_HOLDER,
    PER_UNIT,
    assert_escrow,
    circulating,
    declare,
    distribute,
    free,
    fund,
    payments,
    set_grace,
    set_tax_rule,
)
from tests.contracts.system import DAY, FOUR_EYES, People, System, account, digest

RATE = 5_178 * MICRO  # 51.78 rubles a unit: vector P1 of the design


@pytest.fixture
def asset(system: System, people: People) -> Contract:
    """Alice holds 137 units, Bob 50, Carol 3; nobody has rubles left, the tax rule is 30 per cent."""
    set_tax_rule(system)
    return circulating(system, {people.alice: 137, people.bob: 50, people.carol: 3})


def state(system: System, run: int) -> int:
    return int(system.payouts.run(run).state)


# --- declaring -------------------------------------------------------------------------------------------------------


def test_declared_run_tells_its_terms(system: System, people: People, asset: Contract) -> None:
    due_at = asset.recordDateAt(1) + DAY
    run = declare(system, asset, COUPON, RATE, due_at=due_at, ref="coupon 1")
    found = system.payouts.run(run)
    assert (found.asset, found.issuer, found.kind, found.state) == (asset.address, people.issuer, COUPON, DECLARED)
    assert (found.recordDate, found.dueAt, found.microKopeksPerUnit) == (1, due_at, RATE)
    assert system.payouts.runOfRef(digest("coupon 1")) == run == system.payouts.count()
    with refused("RunUnknown", id=2):
        system.payouts.run(2)


def test_operator_declares_and_funds_in_the_issuers_name(system: System, people: People, asset: Contract) -> None:
    run = declare(system, asset, sender=people.operator)
    system.evm.travel(asset.recordDateAt(1) + 1)
    system.payouts.fund(run, system.payouts.required(run), sender=people.operator)
    assert state(system, run) == FUNDED
    for stranger in (people.alice, people.admin1, people.treasurer1):
        with refused("RunNotIssuer", who=stranger):
            declare(system, asset, ref="other", sender=stranger)
        with refused("RunNotIssuer", id=run, who=stranger):
            system.payouts.fund(run, 1, sender=stranger)


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"ref": "run"}, "ref"),
        ({"micro": 0}, "microKopeksPerUnit"),
        ({"micro": 2**63}, "microKopeksPerUnit"),
        ({"micro": 499_999}, "microKopeksPerUnit"),  # rounds to nothing a unit
        ({"due_at": 1}, "dueAt"),
    ],
)
def test_declaration_names_the_wrong_term(system: System, asset: Contract, terms: dict[str, Any], field: str) -> None:
    declare(system, asset)
    with refused("RunTermsInvalid", field=field):
        declare(system, asset, **{"ref": "second", **terms})


def test_declaration_needs_an_issue_in_circulation_and_a_record_date(
    system: System, people: People, asset: Contract
) -> None:
    with refused("RecordDateUnknown", number=4):
        declare(system, asset, record_date=4, due_at=2**39)
    with refused("RunTermsInvalid", field="asset"):
        declare(system, system.new_asset("ЦФА-7"))
    with refused("RunTermsInvalid", field="state"):
        declare(system, system.issue("ЦФА-8"))


# --- funding ---------------------------------------------------------------------------------------------------------


def test_run_is_funded_in_full_after_its_record_date(system: System, people: People, asset: Contract) -> None:
    run = declare(system, asset)
    recorded = asset.recordDateAt(1)
    with refused("RunRecordDateAhead", id=run, recordAt=recorded):
        system.payouts.fund(run, 1, sender=people.issuer)
    system.evm.travel(recorded + 1)
    wanted = 190 * 5_178
    assert system.payouts.required(run) == wanted
    with refused("RunUnderfunded", id=run, required=wanted, given=wanted - 1):
        system.payouts.fund(run, wanted - 1, sender=people.issuer)
    funded = fund(system, run).event("RunFunded")
    assert (funded.kopeks, funded.unitsDue) == (wanted, 190)
    assert system.rubles.accountOf(people.issuer).held == wanted
    with refused("RunWrongState", id=run, state=FUNDED):
        system.payouts.fund(run, wanted, sender=people.issuer)
    assert_escrow(system, asset)


def test_issuer_without_the_money_funds_nothing(system: System, people: People, asset: Contract) -> None:
    run = declare(system, asset, micro=10**9 * MICRO)
    system.evm.travel(asset.recordDateAt(1) + 1)
    wanted = 190 * 10**9
    with refused("RublesInsufficient", account=people.issuer, wanted=wanted):
        system.payouts.fund(run, wanted, sender=people.issuer)
    system.block(people.issuer)
    with refused("ParticipantIsBlocked", who=people.issuer):
        system.payouts.fund(run, wanted, sender=people.issuer)


def test_surplus_returns_on_completion(system: System, people: People, asset: Contract) -> None:
    run = declare(system, asset)
    before = free(system, people.issuer)
    fund(system, run, 190 * 5_178 + 1_000)
    done = distribute(system, run, [people.alice, people.bob, people.carol]).event("RunCompleted")
    assert (done.unitsPaid, done.kopeksPaid, done.returnedKopeks) == (190, 190 * 5_178, 1_000)
    assert free(system, people.issuer) == before + 1_000
    assert_escrow(system, asset)


# --- distributing ----------------------------------------------------------------------------------------------------


def test_coupon_is_paid_in_batches_and_done_when_the_units_are(system: System, people: People, asset: Contract) -> None:
    run = declare(system, asset)
    fund(system, run)
    first = distribute(system, run, [people.bob, people.alice])
    assert [(p.holder, p.units, p.gross) for p in payments(first)] == [
        (people.bob, 50, 50 * 5_178),
        (people.alice, 137, 709_386),  # vector P2
    ]
    assert not first.events("RunCompleted")
    assert state(system, run) == EXECUTING
    assert [system.payouts.paid(run, who) for who in (people.alice, people.bob, people.carol)] == [True, True, False]
    assert_escrow(system, asset)
    assert distribute(system, run, [people.carol]).events("RunCompleted")
    assert state(system, run) == DONE
    assert free(system, people.alice) == 709_386
    assert asset.totalSupply() == 190
    with refused("RunWrongState", id=run, state=DONE):
        distribute(system, run, [people.carol])
    assert_escrow(system, asset)


def test_rounding_per_holder_rounds_once_half_up(system: System, people: People, asset: Contract) -> None:
    micro = 5_178_082_192  # 51.78082192 rubles a unit: 21 per cent of 1 000.00 for 90 days of 365
    run = declare(system, asset, micro=micro, rounding=PER_HOLDER)
    fund(system, run)
    assert system.payouts.required(run) == -(-190 * micro // MICRO) + 3
    done = distribute(system, run, [people.alice, people.bob, people.carol])
    assert [p.gross for p in payments(done)] == [709_397, 258_904, 15_534]  # the first is vector P3
    assert done.event("RunCompleted").returnedKopeks == system.payouts.required(run) - 709_397 - 258_904 - 15_534


def test_rounding_half_goes_up_a_unit(system: System, people: People, asset: Contract) -> None:
    run = declare(system, asset, micro=1_500_000, rounding=PER_UNIT)  # one and a half kopeks
    fund(system, run)
    assert [p.gross for p in payments(distribute(system, run, [people.carol]))] == [6]


def test_distribution_waits_for_the_due_date(system: System, people: People, asset: Contract) -> None:
    run = declare(system, asset)
    fund(system, run)
    due_at = system.payouts.run(run).dueAt
    with refused("RunNotDue", id=run, dueAt=due_at):
        system.payouts.distribute(run, [people.alice], [0], sender=people.operator)
    assert distribute(system, run, [people.alice])


def test_nobody_is_paid_twice_and_no_stranger_is_paid(system: System, people: People, asset: Contract) -> None:
    run = declare(system, asset)
    fund(system, run)
    distribute(system, run, [people.alice])
    with refused("RunAlreadyPaid", id=run, holder=people.alice):
        distribute(system, run, [people.alice])
    with refused("RunAlreadyPaid", id=run, holder=people.bob):
        distribute(system, run, [people.bob, people.carol, people.bob])
    system.admit(people.dave)
    for stranger in (people.dave, people.stranger, people.issuer):
        with refused("RunHolderWithoutUnits", id=run, holder=stranger):
            distribute(system, run, [people.bob, stranger])
    with refused("RunTermsInvalid", field="withheldKopeks"):
        distribute(system, run, [people.bob], [0, 0])
    assert free(system, people.bob) == 0


def test_marks_hold_beyond_a_word_of_the_bitmap(system: System, people: People) -> None:
    crowd = [account(f"crowd {number}") for number in range(300)]
    for start in range(0, 300, 100):
        system.admit(*crowd[start : start + 100])
    holders = [crowd[299], crowd[0], crowd[150], crowd[260]]
    asset = circulating(system, dict.fromkeys(holders, 1))
    run = declare(system, asset)
    fund(system, run)
    distribute(system, run, holders[:3])  # words 1, 0, 0
    for paid in holders[:3]:
        with refused("RunAlreadyPaid", holder=paid):
            distribute(system, run, [paid])
    assert distribute(system, run, holders[3:]).events("RunCompleted")


def test_tax_goes_to_the_tax_account_once_a_batch(system: System, people: People, asset: Contract) -> None:
    run = declare(system, asset)
    fund(system, run)
    done = distribute(system, run, [people.alice, people.bob], [92_200, 33_700])
    assert [(p.gross, p.withheld) for p in payments(done)] == [(709_386, 92_200), (258_900, 33_700)]
    assert free(system, people.alice) == 709_386 - 92_200  # vector 5 of the design: 6 171.86 rubles
    (paid,) = done.events("RublesPaid")
    assert (paid["to"], paid.kopeks) == (people.tax_account, 125_900)
    assert_escrow(system, asset)


def test_no_more_is_withheld_than_the_share_allows(system: System, people: People, asset: Contract) -> None:
    run = declare(system, asset)
    fund(system, run)
    allowed = 258_900 * 30 // 100
    with refused("RunWithheldTooMuch", id=run, holder=people.bob, withheld=allowed + 31, allowed=77_700):
        distribute(system, run, [people.bob], [allowed + 31])
    distribute(system, run, [people.bob], [allowed])
    assert free(system, people.bob) == 258_900 - allowed


def test_tax_in_whole_rubles_may_pass_the_share_by_rounding(system: System, people: People, asset: Contract) -> None:
    run = declare(system, asset, micro=61 * MICRO)  # Carol's three units: 1.83 rubles, 30 per cent is 0.549
    fund(system, run)
    with refused("RunWithheldTooMuch", withheld=101, allowed=100):
        distribute(system, run, [people.carol], [101])
    distribute(system, run, [people.carol], [100])
    assert free(system, people.carol) == 83


def test_tax_rule_and_grace_are_four_eyed(system: System, people: People, asset: Contract) -> None:
    for sender in (people.admin1, people.treasurer1, people.operator):
        with refused("RoleRequired", who=sender, role=FOUR_EYES):
            system.payouts.setTaxRule(sender, 10_000, sender=sender)
        with refused("RoleRequired", who=sender, role=FOUR_EYES):
            system.payouts.setGrace(0, sender=sender)
    assert (system.payouts.taxAccount(), system.payouts.maximumWithheldBps()) == (people.tax_account, 3_000)
    set_grace(system, 9 * DAY)
    assert system.payouts.graceSeconds() == 9 * DAY


def test_amortisation_pays_and_burns_nothing(system: System, people: People, asset: Contract) -> None:
    run = declare(system, asset, AMORTISATION, micro=20_000 * MICRO)
    fund(system, run)
    distribute(system, run, [people.alice, people.bob, people.carol])
    assert state(system, run) == DONE
    assert (asset.totalSupply(), free(system, people.bob)) == (190, 50 * 20_000)
