"""Ways through the contracts that ordinary life seldom takes: odd terms, the last states of runs and sales, rooms that answer nonsense."""

from __future__ import annotations

import pytest

from tests.contracts import tokens
from tests.contracts.compiled import artifact
from tests.contracts.evm import Contract, Evm, deploy, refused
from tests.contracts.market import (
    DONE,
    EARLY_CALL,
    EARLY_PUT,
    PRICE,
    REDEMPTION,
    append_record_date,
    circulating,
    close,
    declare,
    distribute,
    free,
    fund,
    order,
    replace,
    set_tax_rule,
)
from tests.contracts.system import DAY, NO_ADDRESS, NO_HASH, REGISTRAR, TREASURER, People, System, digest

NOMINAL = PRICE * 1_000_000  # millionths of a kopek
REVERTS_WITH_4_BYTES = "0x63deadbeef6000526004601cfd"
ANSWERS_NOTHING = "0x00"
REGISTERED_FAILED = 2


@pytest.fixture
def asset(system: System, people: People) -> Contract:
    """Alice holds 100 units, Bob 50."""
    set_tax_rule(system)
    return circulating(system, {people.alice: 100, people.bob: 50})


# --- participants and rubles -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("short", range(1, 5))
def test_an_admission_with_a_column_too_short_is_refused(system: System, people: People, short: int) -> None:
    columns = [[people.alice], [1], [1], [system.evm.now() + DAY], [digest("p")]]
    columns[short] = []
    with refused("ParticipantTermsInvalid", who=NO_ADDRESS):
        system.participants.admit(*columns, sender=people.compliance1)


def test_rubles_in_transit_are_not_moved_to_a_new_address(system: System, people: People) -> None:
    system.admit(people.alice)
    system.credit(people.alice, 10)
    system.rubles.requestWithdrawal(digest("w"), 4, digest("details"), sender=people.alice)
    replace(system, people.alice, people.dave)
    with refused("RublesInUse", account=people.alice, held=0, inTransit=4):
        system.four_eyes(system.rubles, "moveAll", people.alice, people.dave, by=people.pair(REGISTRAR))


def test_rubles_follow_to_a_new_address_that_is_blocked(system: System, people: People) -> None:
    system.admit(people.alice)
    system.credit(people.alice, 10)
    replace(system, people.alice, people.dave)
    system.block(people.dave)
    system.four_eyes(system.rubles, "moveAll", people.alice, people.dave, by=people.pair(REGISTRAR))
    assert (free(system, people.alice), free(system, people.dave)) == (0, 10)


# --- the token -------------------------------------------------------------------------------------------------------


def test_a_token_without_its_allowlist_moves_nothing(system: System, people: People) -> None:
    tokens.prepare(system)
    made = artifact("DigitalAsset")
    blind = deploy(
        system.evm, "DigitalAsset", made, system.manager, people.stranger, system.terms(), sender=people.deployer
    )
    with refused("Empty"):
        blind.transfer(people.bob, 0, sender=people.alice)


def test_burning_at_the_issuers_does_not_hinder_other_burning(system: System, people: People) -> None:
    tokens.prepare(system)
    token = tokens.make_token(system, burnOnIssuerAcquire=True)
    token.forcedBurn(people.alice, 30, digest("reason"), digest("document"), sender=tokens.BOARD)
    assert (token.balanceOf(people.alice), token.totalSupply(), token.balanceOf(NO_ADDRESS)) == (70, 70, 0)


def test_of_three_addresses_in_a_row_each_is_replaced_once(system: System, people: People) -> None:
    tokens.prepare(system)
    token = tokens.make_token(system, alice=10)
    replace(system, people.alice, people.dave)
    token.replaceHolder(people.alice, people.dave, sender=tokens.BOARD)
    replace(system, people.dave, people.stranger)
    token.replaceHolder(people.dave, people.stranger, sender=tokens.BOARD)
    assert token.balanceOf(people.stranger) == 10
    for source, to in ((people.alice, people.dave), (people.alice, people.stranger), (people.dave, people.stranger)):
        with refused("ReceiverInvalid", to=to):
            token.replaceHolder(source, to, sender=tokens.BOARD)


@pytest.mark.parametrize("first", [True, False])
def test_a_new_address_continues_one_old_address_alone(system: System, people: People, first: bool) -> None:
    """Alice became Dave became the stranger, and the middle address was handed over first (or the old one past it)."""
    tokens.prepare(system)
    token = tokens.make_token(system, alice=10)
    replace(system, people.alice, people.dave)
    replace(system, people.dave, people.stranger)
    source, to = (people.alice, people.dave) if first else (people.dave, people.stranger)
    token.replaceHolder(people.dave if first else people.alice, people.stranger, sender=tokens.BOARD)
    with refused("ReceiverInvalid", to=to):
        token.replaceHolder(source, to, sender=tokens.BOARD)


# --- the register ----------------------------------------------------------------------------------------------------


def test_a_token_that_the_gas_does_not_suffice_for_is_refused(system: System, people: People) -> None:
    system.issue()
    call = system.registry.deploy.data(system.terms("ЦФА-2"), system.placement_terms())
    eyes = system.contract("FourEyes").address
    sent = {"from": eyes, "to": system.registry.address, "data": call, "gas": hex(2_500_000)}
    with refused("FailedDeployment"):
        system.evm.rpc("eth_call", sent, "pending")


def test_what_a_tokens_constructor_refuses_is_passed_on(system: System, people: People) -> None:
    system.issue()
    system.evm.rpc("anvil_setCode", system.registry.ASSET_CODE(), "0x00" + REVERTS_WITH_4_BYTES[2:])
    with refused("Unknown"):
        system.issue("ЦФА-2")


def test_an_issue_whose_sale_goes_on_is_not_closed(system: System, people: People) -> None:
    system.make_venue()
    issue = system.issue().issueId()
    system.registry.advance(issue, REGISTERED_FAILED, sender=people.venue)
    with refused("IssueWrongState", issueId=issue, state=REGISTERED_FAILED):
        system.registry.close(issue, sender=people.stranger)


# --- sales -----------------------------------------------------------------------------------------------------------


def test_a_sale_is_opened_once_and_an_unknown_one_is_none(system: System, people: People) -> None:
    asset = system.issue()
    with refused("PlacementWrongState", issueId=asset.issueId()):
        system.placement.open(
            asset.issueId(), asset, people.issuer, 1, system.placement_terms(), sender=system.registry.address
        )
    with refused("PlacementUnknown", issueId=digest("nothing")):
        system.placement.sale(digest("nothing"))


def test_compliance_cancels_an_order_of_a_sale_that_is_being_refunded(system: System, people: People) -> None:
    asset = system.issue(sale={"minimumUnits": 100})
    system.admit(people.alice)
    system.credit(people.alice, PRICE)
    number = order(system, asset, people.alice, 1)
    close(system, asset)
    cancelled = system.placement.cancelOrder(asset.issueId(), number, digest("reason"), sender=people.compliance1)
    assert cancelled.event("OrderCancelled").kopeks == PRICE == free(system, people.alice)
    assert not cancelled.event("PlacementCompleted").succeeded


# --- payouts ---------------------------------------------------------------------------------------------------------


def test_a_tax_rule_names_an_account_and_a_share(system: System, people: People) -> None:
    for account, share, field in ((NO_ADDRESS, 10, "taxAccount"), (people.stranger, 10_001, "maximumWithheldBps")):
        with refused("RunTermsInvalid", field=field):
            system.four_eyes(system.payouts, "setTaxRule", account, share, by=people.pair(TREASURER))
    system.four_eyes(system.payouts, "setTaxRule", people.stranger, 10_000, by=people.pair(TREASURER))
    assert system.payouts.maximumWithheldBps() == 10_000


def test_a_declaration_has_a_reference(system: System, people: People, asset: Contract) -> None:
    with refused("RunTermsInvalid", field="ref"):
        system.payouts.declare(asset, 0, 0, 1, 10**9, asset.recordDateAt(1), NO_HASH, sender=people.issuer)


def test_what_a_run_requires_is_known_to_its_end_and_a_done_run_stays(
    system: System, people: People, asset: Contract
) -> None:
    run = declare(system, asset)
    fund(system, run)
    wanted = system.payouts.required(run)
    distribute(system, run, [people.alice])
    assert system.payouts.required(run) == wanted == 150 * 5_178
    distribute(system, run, [people.bob])
    assert system.payouts.required(run) == wanted
    with refused("RunWrongState", id=run, state=DONE):
        system.payouts.cancel(run, sender=people.operator)


def test_a_redemption_waits_for_an_end_of_circulation_that_was_put_off(
    system: System, people: People, asset: Contract
) -> None:
    system.make_venue()
    run = declare(system, asset, REDEMPTION, NOMINAL, record_date=3)
    later = asset.circulationEndsAt() + DAY
    number = append_record_date(system, asset, later)
    asset.endCirculation(number, sender=people.venue)
    system.evm.travel(asset.recordDateAt(3) + 1)
    with refused("RunRecordDateAhead", id=run, recordAt=later):
        system.payouts.fund(run, 150 * PRICE, sender=people.issuer)


def test_a_call_cancelled_after_the_old_end_gives_no_circulation_back(
    system: System, people: People, asset: Contract
) -> None:
    old_end = asset.circulationEndsAt()
    called_at = system.evm.now() + 30 * DAY
    run = declare(system, asset, EARLY_CALL, NOMINAL, record_date=append_record_date(system, asset, called_at))
    system.evm.travel(old_end + 1)
    system.payouts.cancel(run, sender=people.operator)
    assert asset.circulationEndsAt() == called_at


def test_the_operator_returns_a_tender_of_a_run_in_default(system: System, people: People, asset: Contract) -> None:
    run = declare(system, asset, EARLY_PUT, NOMINAL)
    system.payouts.tender(run, 30, sender=people.alice)
    system.evm.travel(system.payouts.run(run).dueAt + 400 * DAY)
    system.payouts.markOverdue(run, sender=people.stranger)
    system.payouts.markDefaulted(run, sender=people.stranger)
    assert system.payouts.returnTender(run, people.alice, sender=people.operator).event("TenderReturned").units == 30
    assert asset.freeUnits(people.alice) == 100


@pytest.mark.parametrize(("code", "error"), [(REVERTS_WITH_4_BYTES, "Unknown"), (ANSWERS_NOTHING, "Empty")])
def test_nothing_is_paid_by_what_a_broken_token_answers(
    system: System, evm: Evm, people: People, asset: Contract, code: str, error: str
) -> None:
    run = declare(system, asset)
    fund(system, run)
    evm.travel(system.payouts.run(run).dueAt)
    evm.rpc("anvil_setCode", asset.address, code)
    with refused(error):
        system.payouts.distribute(run, [people.alice], [0], sender=people.stranger)
    assert free(system, people.alice) == 0
