"""What venues do: issue, encumber for a deal, deliver, redeem, end circulation; and the faces every asset shows."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from eth_utils import keccak

from tests.contracts import tokens
from tests.contracts.evm import Contract, refused
from tests.contracts.system import (
    COMPLIANCE,
    DAY,
    FOUR_EYES,
    FREE,
    LOCKUP,
    NO_ADDRESS,
    NO_HASH,
    ORDER,
    PLEDGE,
    QUAL,
    VENUE,
    YEAR,
    System,
    digest,
)
from tests.contracts.tokens import BASIS, BOARD, in_days, make_token


@pytest.fixture
def ready(system: System) -> System:
    tokens.prepare(system)
    return system


def order(system: System, token: Contract, units: int = 60) -> int:
    """An ORDER encumbrance of alice's units by the venue."""
    people = system.people
    receipt = token.encumber(people.alice, ORDER, units, 0, BASIS, sender=people.venue)
    return int(receipt.event("UnitsEncumbered").id)


# --- issuing ---------------------------------------------------------------------------------------------------------


def test_issue_ignores_the_lock_up(ready: System) -> None:
    people, token = ready.people, make_token(ready, lockedUntil=in_days(ready, 30))
    receipt = token.issueUnits(people.bob, 900, sender=people.venue)
    assert dict(receipt.event("Transfer")) == {"from": NO_ADDRESS, "to": people.bob, "value": 900}
    assert (token.totalSupply(), token.holderCount()) == (1_000, 2)


def test_issue_never_passes_the_maximum(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    with refused("AssetMaximum", maximum=1_000, wanted=1_001):
        token.issueUnits(people.bob, 901, sender=people.venue)
    with refused("AssetMaximum", maximum=1_000, wanted=100 + 2**64 - 1):
        token.issueUnits(people.bob, 2**64 - 1, sender=people.venue)


def test_issue_ends_at_maturity_and_with_circulation(ready: System) -> None:
    people = ready.people
    maturity = in_days(ready, 10)
    token = make_token(ready, maturity=maturity, recordDates=[maturity + DAY])
    ready.evm.next_at(maturity)
    with refused("AssetMatured", maturity=maturity):
        token.issueUnits(people.bob, 1, sender=people.venue)
    token = make_token(ready)
    ready.evm.travel(token.circulationEndsAt() + 1)
    with refused("AssetNotCirculating", endedAt=token.circulationEndsAt()):
        token.issueUnits(people.bob, 1, sender=people.venue)


def test_issue_only_to_the_admitted_of_the_class_and_while_not_paused(ready: System) -> None:
    people, token = ready.people, make_token(ready, accessClass=QUAL)
    ready.admit(people.dave, classes=FREE)
    with refused("ParticipantClass", who=people.dave, required=QUAL):
        token.issueUnits(people.dave, 1, sender=people.venue)
    with refused("ParticipantNotAdmitted", who=people.stranger):
        token.issueUnits(people.stranger, 1, sender=people.venue)
    token.setPaused(True, sender=BOARD)
    with refused("AssetIsPaused"):
        token.issueUnits(people.bob, 1, sender=people.venue)


def test_venue_powers_belong_to_venues(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    calls: list[Callable[[], object]] = [
        lambda: token.issueUnits(people.alice, 1, sender=people.alice),
        lambda: token.deliver(1, people.alice, 1, sender=people.alice),
        lambda: token.redeem([people.alice], [1], sender=people.alice),
        lambda: token.endCirculation(1, sender=people.alice),
        lambda: token.encumber(people.alice, ORDER, 1, 0, BASIS, sender=people.alice),
    ]
    for call in calls:
        with refused("RoleRequired", who=people.alice, role=VENUE):
            call()


# --- deals -----------------------------------------------------------------------------------------------------------


def test_delivery_takes_encumbered_units_in_parts(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    number = order(ready, token)
    receipt = token.deliver(number, people.bob, 25, sender=people.venue)
    assert dict(receipt.event("EncumbranceReduced")) == {"id": number, "holder": people.alice, "units": 25, "left": 35}
    assert (token.balanceOf(people.bob), token.encumberedUnits(people.alice)) == (25, 35)
    token.deliver(number, people.carol, 35, sender=people.venue)
    with refused("EncumbranceUnknown", id=number):
        token.deliver(number, people.carol, 1, sender=people.venue)
    assert token.encumbrance(number).holder == NO_ADDRESS
    assert (token.balanceOf(people.alice), token.freeUnits(people.alice)) == (40, 40)


def test_delivery_obeys_every_rule_but_venues_only(ready: System) -> None:
    people, token = ready.people, make_token(ready, transferMode=1, accessClass=QUAL)
    number = order(ready, token)
    token.deliver(number, people.bob, 10, sender=people.venue)
    ready.admit(people.dave, classes=FREE)
    with refused("ParticipantClass", who=people.dave):
        token.deliver(number, people.dave, 10, sender=people.venue)
    ready.block(people.alice)
    with refused("ParticipantIsBlocked", who=people.alice):
        token.deliver(number, people.bob, 10, sender=people.venue)
    ready.unblock(people.alice)
    token.setPaused(True, sender=BOARD)
    with refused("AssetIsPaused"):
        token.deliver(number, people.bob, 10, sender=people.venue)
    assert token.encumbrance(number).units == 50


def test_delivery_obeys_the_lock_up(ready: System) -> None:
    people, token = ready.people, make_token(ready, lockedUntil=in_days(ready, 30))
    number = order(ready, token)
    with refused("AssetLocked", until=token.terms().lockedUntil):
        token.deliver(number, people.bob, 10, sender=people.venue)


def test_a_deal_can_be_delivered_or_released_only_by_its_venue(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    number = order(ready, token)
    with refused("EncumbranceNotReleasable", id=number):
        token.deliver(number, people.bob, 1, sender=people.venue2)
    for other in (people.venue2, people.alice, BOARD):
        with refused("EncumbranceNotReleasable", id=number):
            token.release(number, 1, sender=other)
    token.release(number, 60, sender=people.venue)
    assert token.freeUnits(people.alice) == 100


def test_other_encumbrances_cannot_be_delivered(ready: System) -> None:
    """`lock` followed by an unlock to somebody else must not move units past the rules."""
    people, token = ready.people, make_token(ready)
    number = token.encumber(people.alice, PLEDGE, 10, 0, BASIS, sender=BOARD).event("UnitsEncumbered").id
    with refused("EncumbranceNotReleasable", id=number):
        token.deliver(number, people.bob, 10, sender=people.venue)


def test_delivery_of_more_than_the_deal_has(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    number = order(ready, token)
    with refused("EncumbranceTooSmall", id=number, units=60, wanted=61):
        token.deliver(number, people.bob, 61, sender=people.venue)


def test_delivery_to_the_issuer_burns_where_the_terms_say_so(ready: System) -> None:
    people, token = ready.people, make_token(ready, burnOnIssuerAcquire=True)
    token.deliver(order(ready, token), people.issuer, 60, sender=people.venue)
    assert (token.totalSupply(), token.balanceOf(people.issuer), token.holderCount()) == (40, 0, 1)


# --- redemption ------------------------------------------------------------------------------------------------------


def test_redemption_burns_what_each_holder_has(ready: System) -> None:
    people, token = ready.people, make_token(ready, bob=50)
    ready.evm.travel(token.circulationEndsAt() + 1)
    receipt = token.redeem([people.alice, people.bob], [100, 50], sender=people.venue)
    assert [(e["from"], e.to, e.value) for e in receipt.events("Transfer")] == [
        (people.alice, NO_ADDRESS, 100),
        (people.bob, NO_ADDRESS, 50),
    ]
    assert (token.totalSupply(), token.holderCount()) == (0, 0)


def test_a_blocked_holder_is_redeemed_like_the_others(ready: System) -> None:
    people, token = ready.people, make_token(ready, bob=50)
    ready.block(people.alice)
    token.redeem([people.alice, people.bob], [100, 50], sender=people.venue)
    assert token.totalSupply() == 0


def test_encumbrances_fall_with_redeemed_units_but_orders_stop_it(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    token.encumber(people.alice, PLEDGE, 30, 0, BASIS, sender=BOARD)
    token.encumber(people.alice, LOCKUP, 30, in_days(ready, 9), BASIS, sender=people.alice)
    number = order(ready, token, 10)
    with refused("UnitsInsufficient", holder=people.alice, free=90, wanted=100):
        token.redeem([people.alice], [100], sender=people.venue)
    token.release(number, 10, sender=people.venue)
    token.redeem([people.alice], [100], sender=people.venue)
    assert (token.balanceOf(people.alice), token.encumberedUnits(people.alice)) == (0, 0)
    assert (token.encumbrance(1).units, token.encumbrance(2).units) == (0, 0)


def test_redemption_stops_while_paused(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    token.setPaused(True, sender=BOARD)
    with refused("AssetIsPaused"):
        token.redeem([people.alice], [1], sender=people.venue)


# --- the end of circulation ------------------------------------------------------------------------------------------


def test_a_venue_ends_circulation_early_and_takes_it_back(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    receipt = token.endCirculation(1, sender=people.venue)
    assert receipt.event("CirculationEnds").at == token.recordDateAt(1) == token.circulationEndsAt()
    ready.evm.travel(token.recordDateAt(1) + 1)
    with refused("AssetNotCirculating", endedAt=token.recordDateAt(1)):
        token.transfer(people.bob, 1, sender=people.alice)
    token.endCirculation(3, sender=people.venue)
    token.transfer(people.bob, 1, sender=people.alice)


def test_circulation_ends_only_at_a_record_date_to_come(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    with refused("RecordDateUnknown", number=4):
        token.endCirculation(4, sender=people.venue)
    ready.evm.travel(token.recordDateAt(1) + 1)
    with refused("RecordDateInvalid", at=token.recordDateAt(1)):
        token.endCirculation(1, sender=people.venue)


# --- terms and faces -------------------------------------------------------------------------------------------------


def test_terms_are_those_of_the_decision(ready: System) -> None:
    terms = ready.terms("ЦФА-77", lockedUntil=5, burnOnIssuerAcquire=True, transferMode=1, accessClass=QUAL)
    token = ready.new_asset("ЦФА-77", **{k: v for k, v in terms.items() if k != "issueId"})
    assert token.terms() == terms
    assert (token.issueId(), token.issuer()) == (terms["issueId"], terms["issuer"])
    assert (token.overload("name()")(), token.symbol(), token.decimals()) == ("Выпуск ЦФА-77", "ЦФА-77", 0)
    assert [token.recordDateAt(n) for n in (1, 2, 3)] == terms["recordDates"]
    assert token.circulationEndsAt() == terms["recordDates"][-1]


def test_long_names_are_kept(ready: System) -> None:
    name = "Цифровые финансовые активы с ежемесячным доходом, выпуск первый" * 3
    assert make_token(ready, name=name).overload("name()")() == name


@pytest.mark.parametrize(("dates", "wrong"), [([], 0), ([20, 10], 10), ([10, 10], 10)])
def test_record_dates_of_the_decision_ascend(ready: System, dates: list[int], wrong: int) -> None:
    start = ready.evm.now() + YEAR
    with refused("RecordDateInvalid", at=wrong and start + wrong):
        make_token(ready, recordDates=[start + seconds for seconds in dates])


def test_interfaces_are_declared(ready: System) -> None:
    token = make_token(ready)
    moves = ("transfer(address,uint256)", "transferFrom(address,address,uint256)", "approve(address,uint256)")
    questions = ("balanceOf(address)", "allowance(address,address)", "totalSupply()")
    restricted = ("detectTransferRestriction(address,address,uint256)", "messageForTransferRestriction(uint8)")
    documents = ("setDocument(bytes32,string,bytes32)", "removeDocument(bytes32)", "getDocument(bytes32)")
    wanted = [
        bytes.fromhex("01ffc9a7"),  # ERC-165 itself
        bytes.fromhex("3edbb4c4"),  # ERC-7943, fungible
        interface_id(*moves, *questions),
        interface_id("name()", "symbol()", "decimals()"),
        interface_id(*restricted),
        interface_id(*documents, "getAllDocuments()"),
    ]
    assert [token.supportsInterface(one) for one in wanted] == [True] * len(wanted)
    assert token.supportsInterface(b"\xff" * 4) is False


def interface_id(*signatures: str) -> bytes:
    """ERC-165 identifier: the exclusive or of the selectors."""
    value = 0
    for signature in signatures:
        value ^= int.from_bytes(keccak(text=signature)[:4], "big")
    return value.to_bytes(4, "big")


def test_each_code_has_its_message(ready: System) -> None:
    token = make_token(ready)
    messages = [token.messageForTransferRestriction(code) for code in range(12)]
    assert len(set(messages)) == 12
    assert (messages[tokens.NONE], messages[tokens.IS_BLOCKED]) == ("no restriction", "party is blocked")
    assert messages[11] == token.messageForTransferRestriction(255) == "unknown code"


def test_documents_are_set_replaced_and_removed_by_the_board(ready: System) -> None:
    token = make_token(ready)
    decision, report = digest("decision"), digest("report")
    token.setDocument(decision, "https://example.org/a", digest("one"), sender=BOARD)
    token.setDocument(report, "https://example.org/b", digest("two"), sender=BOARD)
    done = token.setDocument(decision, "https://example.org/c", digest("three"), sender=BOARD)
    assert dict(done.event("DocumentUpdated"))["uri"] == "https://example.org/c"
    assert token.getDocument(decision) == ("https://example.org/c", digest("three"), done.timestamp)
    assert token.getAllDocuments() == [decision, report]
    gone = token.removeDocument(decision, sender=BOARD).event("DocumentRemoved")
    assert (gone.name, gone.documentHash) == (decision, digest("three"))
    assert (token.getAllDocuments(), token.getDocument(decision)) == ([report], ("", NO_HASH, 0))
    token.removeDocument(report, sender=BOARD)
    assert token.getAllDocuments() == []


def test_documents_are_refused_without_name_hash_or_power(ready: System) -> None:
    token = make_token(ready)
    name = digest("decision")
    with refused("DocumentInvalid", name=NO_HASH):
        token.setDocument(NO_HASH, "", digest("one"), sender=BOARD)
    with refused("DocumentInvalid", name=name):
        token.setDocument(name, "", NO_HASH, sender=BOARD)
    with refused("DocumentUnknown", name=name):
        token.removeDocument(name, sender=BOARD)
    officer = ready.people.pair(COMPLIANCE)[0]
    for call in (token.setDocument, token.removeDocument):
        arguments = (name, "", digest("one")) if call.abi["name"] == "setDocument" else (name,)
        with refused("RoleRequired", who=officer, role=FOUR_EYES):
            call(*arguments, sender=officer)
