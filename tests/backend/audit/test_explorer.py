"""What an auditor finds in the explorer, and what others don't."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.audit import events as signed
from backend.audit import service as audit
from backend.audit.errors import BlockUnknown, TransactionUnknown
from backend.audit.service import EventFilter
from backend.core.context import Context
from backend.core.errors import Forbidden
from backend.core.pagination import PageRequest
from backend.core.permissions import Role
from backend.custody import calls
from backend.custody import service as custody
from tests.backend.payouts.market import ASSET, DAY, Market, make_market
from tests.factories.chain import address, word, write_deployment

ALL = PageRequest(size=200)


@pytest.fixture
def market(ctx_for: Any) -> Market:
    return make_market(ctx_for)


@pytest.fixture
def auditor(market: Market, ctx_for: Any) -> Context:
    return replace(ctx_for(Role.AUDITOR), clock=market.clock)


def test_a_transaction_is_shown_with_its_call_and_who_ordered_it(market: Market, auditor: Context) -> None:
    contracts = write_deployment(market.ctx.settings)
    wallet = market.people["person"].wallet
    args = [word(77), 5_00, word(1)]
    promise = custody.request_call(
        market.ctx, wallet=wallet, contract="Rubles", function="requestWithdrawal", args=args, idempotency_key="k",
        ref_kind="cash.withdrawal.request", ref_id="w1", summary="Вывод KPT-WDR-000001",
    )  # fmt: skip
    promise.tx_hash = word(0xFEED)
    market.ctx.session.add(promise)
    market.chain.transaction(word(0xFEED), sender=wallet, to=contracts["Rubles"], data=promise.data)
    page = audit.transaction_page(auditor, word(0xFEED))
    assert page.call.text == "Rubles.requestWithdrawal"
    assert page.call.arguments["kopeks"] == 500
    assert page.intent is not None
    assert page.intent.summary == "Вывод KPT-WDR-000001"
    assert page.sender_name == market.people["person"].number
    assert page.refusal is None


def test_a_proposal_shows_the_call_that_it_carries(market: Market, auditor: Context) -> None:
    contracts = write_deployment(market.ctx.settings)
    inner = calls.encode("Participants", "unblock", [market.people["person"].wallet])
    data = calls.encode("FourEyes", "propose", [contracts["Participants"], inner, word(1), word(2), 4102444800])
    market.chain.transaction(word(0xFEED), sender=address(1), to=contracts["FourEyes"], data=data)
    call = audit.transaction_page(auditor, word(0xFEED)).call
    assert call.text == "FourEyes.propose"
    assert call.inner is not None
    assert call.inner.text == "Participants.unblock"
    assert (
        call.inner.arguments == {"who": market.people["person"].wallet}
        or market.people["person"].wallet in call.inner.arguments.values()
    )


def test_a_refused_transaction_tells_why(market: Market, auditor: Context) -> None:
    contracts = write_deployment(market.ctx.settings)
    tx = market.chain.transaction(word(0xFEED), sender=address(1), to=contracts["Anchors"], data="0x12345678", status=0)
    from eth_utils import keccak

    tx.revert_data = "0x" + keccak(text="AnchorEmpty()")[:4].hex()
    market.ctx.session.add(tx)
    page = audit.transaction_page(auditor, word(0xFEED))
    assert page.refusal is not None
    assert (page.refusal.code, page.refusal.en) == ("AnchorEmpty", "Nothing to anchor.")
    assert page.call.function is None


def test_what_is_not_in_the_mirror_is_not_found(market: Market, auditor: Context) -> None:
    with pytest.raises(TransactionUnknown):
        audit.transaction_page(auditor, word(1))
    with pytest.raises(BlockUnknown):
        audit.block_page(auditor, "999")
    by_number, by_hash = audit.block_page(auditor, "0"), audit.block_page(auditor, word(0xB10C00))
    assert by_number.block.hash == by_hash.block.hash


def test_holders_at_any_block_add_up_to_the_supply(market: Market, auditor: Context) -> None:
    market.at(market.clock.moment + DAY)
    market.chain.hold(ASSET, market.people["person"].wallet, 100)
    market.chain.hold(ASSET, market.people["company"].wallet, 40)
    before, after = audit.holders_at(auditor, ASSET, 0), audit.holders_at(auditor, ASSET)
    assert {name: row.units for row, name in before.rows} == {
        market.people["person"].number: 137,
        market.people["foreigner"].number: 60,
        market.people["company"].number: 3,
    }
    assert {name: row.units for row, name in after.rows}[market.people["company"].number] == 40
    assert before.adds_up
    assert after.adds_up
    with pytest.raises(BlockUnknown):
        audit.holders_at(auditor, ASSET, 99)


def test_an_investor_sees_own_address_but_nobody_else(market: Market, ctx_for: Any) -> None:
    person = market.as_holder(ctx_for, "person")
    page = audit.address_page(person, market.people["person"].wallet)
    assert [(row.units, issue.symbol if issue else "") for row, issue in page.holdings] == [(137, "KPT-1")]
    for forbidden in (
        lambda: audit.address_page(person, market.people["foreigner"].wallet),
        lambda: audit.holders_at(person, ASSET),
        lambda: audit.events(person, EventFilter(), ALL),
    ):
        with pytest.raises(Forbidden):
            forbidden()


def test_events_are_found_by_contract_name_and_block(market: Market, auditor: Context) -> None:
    contracts = write_deployment(market.ctx.settings)
    market.chain.log("Rubles", "RublesCredited", contracts["Rubles"], {"owner": address(1), "kopeks": 5})
    market.at(market.clock.moment + DAY)
    market.chain.log("Payouts", "RunFunded", contracts["Payouts"], {"id": 1, "kopeks": 7})
    found = audit.events(auditor, EventFilter(contract="Payouts"), ALL).items
    assert [row.event for row in found] == ["RunFunded"]
    assert audit.events(auditor, EventFilter(to_block=0), ALL).total == 1
    assert audit.event_names(auditor) == [("Payouts", "RunFunded"), ("Rubles", "RublesCredited")]


@pytest.mark.parametrize("form", ["json", "csv"])
def test_an_export_can_be_checked_with_the_published_key(market: Market, auditor: Context, form: str) -> None:
    contracts = write_deployment(market.ctx.settings)
    market.chain.log("Rubles", "RublesCredited", contracts["Rubles"], {"owner": address(1), "kopeks": 12345})
    file = (audit.export_json if form == "json" else audit.export_csv)(auditor, EventFilter(contract="Rubles"))
    key = audit.public_key(auditor)
    assert audit.verify(file, key)
    assert word(0xB10C00).encode() in file, "the block hash stands in the export"
    assert not audit.verify(file.replace(b"12345", b"12346"), key)
    assert not audit.verify(file, "00" * 32)
    if form == "json":
        assert json.loads(file)["content"]["events"][0]["args"]["kopeks"] == 12345
    assert signed.public_key(auditor) == key, "the key is made once"


def test_integrity_tells_a_gap_and_a_mismatch(market: Market, auditor: Context) -> None:
    from indexer.models import ChainBlock, ChainReconciliation

    assert audit.integrity(auditor).healthy
    market.at(market.clock.moment + DAY)
    market.at(market.clock.moment + DAY)
    market.ctx.session.delete(market.ctx.session.get(ChainBlock, 1))
    market.ctx.session.flush()
    found = audit.integrity(auditor)
    assert (found.missing_blocks, found.healthy) == (1, False)
    row = ChainReconciliation(
        at=datetime.now(UTC) + timedelta(seconds=1),
        block_number=2,
        block_hash=word(1),
        compared=10,
        mismatches=2,
        counts={},
        details=[],
    )
    market.ctx.session.add(row)
    assert audit.integrity(auditor).reconciliations[0].mismatches == 2
