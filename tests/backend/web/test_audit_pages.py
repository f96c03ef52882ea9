"""What the auditor sees in the portal: every page opens, words instead of selectors, registers at a date, signed exports, and who may not."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import select

from backend.audit import service as audit
from backend.core.journal import JournalEntry, record
from backend.core.permissions import Role
from backend.custody import calls
from backend.web.portals.audit.texts import EVENTS, FUNCTIONS, VALUES
from indexer.chain.abi import contract_names
from indexer.models import ChainParticipantEvent
from tests.backend.payouts.market import ASSET, DAY, Market, make_market
from tests.factories.chain import address, word, write_deployment

PAGES = (
    "/audit", "/audit/pulse", "/audit/blocks", "/audit/blocks/0", "/audit/transactions", f"/audit/transactions/{word(0xFEED)}",
    f"/audit/addresses/{address(0xA)}", "/audit/tokens", f"/audit/tokens/{ASSET}", "/audit/events", "/audit/proposals",
    "/audit/roles", "/audit/participants", "/audit/journal", "/audit/journal?verify=1", "/audit/journal/1", "/audit/integrity",
    "/audit/integrity/reconciliations", "/audit/integrity/reconciliations?only=differing", "/audit/integrity/alarms", "/audit/search?q=nothing",
)  # fmt: skip


@pytest.fixture
def market(client: Any, system_ctx: Any) -> Market:
    """A register with an issue and three holders, a refused and an executed transaction."""
    with system_ctx() as ctx:
        made = make_market(lambda **_: ctx)
        contracts = write_deployment(ctx.settings)
        wallet = made.people["person"].wallet
        data = calls.encode("Rubles", "requestWithdrawal", [word(77), 5_00, word(1)])
        made.chain.transaction(word(0xFEED), sender=wallet, to=contracts["Rubles"], data=data)
        log = made.chain.log("Rubles", "RublesCredited", contracts["Rubles"], {"account": wallet, "kopeks": 12_345_67})
        log.tx_hash = word(0xFEED)
        ctx.session.add(log)
        refused = made.chain.transaction(word(0xDEAD), sender=address(0xA), to=contracts["Rubles"], data="0x", status=0)
        refused.revert_data = calls.encode("Participants", "unblock", [wallet])
        audit.public_key(ctx)
        record(ctx, action="test.act", entity="thing", entity_id="1")
    return made


@pytest.mark.parametrize("lang", ["ru", "en"])
def test_every_page_opens_for_an_auditor(market: Market, browser: Any, lang: str) -> None:
    auditor = browser(Role.AUDITOR)
    for path in PAGES:
        answer = auditor.get(f"{path}{'&' if '?' in path else '?'}lang={lang}")
        assert answer.status_code == 200, path
        assert answer.text.count("<h1>") == (0 if path == "/audit/pulse" else 1), path


def test_a_transaction_is_told_in_words(market: Market, browser: Any) -> None:
    page = browser(Role.AUDITOR).get(f"/audit/transactions/{word(0xFEED)}").text
    assert "Запрос вывода денег" in page
    assert "Rubles.requestWithdrawal" in page
    assert "5,00\u00a0₽" in page
    assert "Деньги зачислены" in page
    assert "12\u00a0345,67\u00a0₽" in page
    assert market.people["person"].number in page


def test_a_refused_transaction_says_that_nothing_changed(market: Market, browser: Any) -> None:
    page = browser(Role.AUDITOR).get(f"/audit/transactions/{word(0xDEAD)}").text
    assert "Почему отклонена" in page
    assert "состояние реестра не изменилось" in page


def test_a_block_of_a_development_node_says_that_it_has_no_seals(market: Market, browser: Any) -> None:
    page = browser(Role.AUDITOR).get("/audit/blocks/0").text
    assert "не применимо: узел разработки без печатей" in page
    assert "Квитанции: проверено" in page


def test_holders_at_a_block_and_as_a_file(market: Market, browser: Any, system_ctx: Any) -> None:
    auditor, person = browser(Role.AUDITOR), market.people["person"]
    with system_ctx() as ctx:
        chain = market.chain
        chain.session = ctx.session
        chain.block(datetime.fromtimestamp(chain.timestamp, UTC) + DAY)
        chain.hold(ASSET, person.wallet, 100)
    now = auditor.get(f"/audit/tokens/{ASSET}?format=csv").text
    before = auditor.get(f"/audit/tokens/{ASSET}?block=0&format=csv").text
    assert f"{person.wallet};{person.number};100;" in now
    assert f"{person.wallet};{person.number};137;" in before
    assert "сумма сходится с выпуском: 163" in auditor.get(f"/audit/tokens/{ASSET}").text
    assert auditor.get(f"/audit/tokens/{ASSET}?block=99").status_code == 404
    assert auditor.get(f"/audit/tokens/{ASSET}?block=nine").status_code == 422
    assert auditor.get(f"/audit/tokens/{ASSET}?at=yesterday").status_code == 422


def test_the_register_of_participants_is_replayed_to_any_block(market: Market, browser: Any, system_ctx: Any) -> None:
    old, heir = address(0xAA), address(0xBB)
    facts: list[tuple[str, str, dict[str, Any]]] = [
        ("ParticipantAdmitted", old, {"number": 7, "kind": 1, "classes": 5, "admittedUntil": 4102444800}),
        ("ParticipantBlocked", old, {"who": old}),
        ("ParticipantReplaced", old, {"from": old, "to": heir, "number": 7}),
    ]
    with system_ctx() as ctx:
        chain = market.chain
        chain.session = ctx.session
        for event, who, args in facts:
            number = chain.block(datetime.fromtimestamp(chain.timestamp, UTC) + DAY)
            ctx.session.add(
                ChainParticipantEvent(
                    block_number=number, log_index=1, address=who, event=event, args=args, tx_hash=word(number), at=chain.at
                )
            )  # fmt: skip
        ctx.session.flush()
    first = number - 2
    with system_ctx() as ctx:
        states = {
            at: [(one.address, one.status, one.classes) for one in audit.participants_at(ctx, at)[1]]
            for at in (first - 1, first, first + 1, first + 2)
        }
    assert states[first - 1] == []
    assert states[first] == [(old, "ACTIVE", 5)]
    assert states[first + 1] == [(old, "BLOCKED", 5)]
    assert states[first + 2] == [(old, "REPLACED", 0), (heir, "BLOCKED", 5)]
    assert "Физическое лицо" in browser(Role.AUDITOR).get(f"/audit/participants?block={first}").text


def test_search_leads_to_what_a_text_names(market: Market, browser: Any) -> None:
    auditor, person = browser(Role.AUDITOR), market.people["person"]
    places = {
        "0": "/audit/blocks/0",
        word(0xFEED): f"/audit/transactions/{word(0xFEED)}",
        ASSET.upper().replace("0X", "0x"): f"/audit/tokens/{ASSET}",
        "kpt-1": f"/audit/tokens/{ASSET}",
        person.number: f"/audit/addresses/{person.wallet}",
        market.issue.number: f"/audit/tokens/{ASSET}",
    }
    for text, place in places.items():
        answer = auditor.client.get("/audit/search", params={"q": text})
        assert (answer.status_code, answer.headers.get("location")) == (303, place), text
    lost = auditor.client.get("/audit/search", params={"q": "<b>x</b>"})
    assert lost.status_code == 200
    assert "<b>x</b>" not in lost.text


def test_an_export_of_events_is_signed(market: Market, browser: Any, system_ctx: Any) -> None:
    with system_ctx() as ctx:
        key = audit.public_key(ctx)
    for form in ("json", "csv"):
        file = browser(Role.AUDITOR).get(f"/audit/events/export?as={form}&event=Rubles.RublesCredited").content
        assert audit.verify(file, key)
        assert not audit.verify(file.replace(b"1234567", b"1234568"), key)


def test_a_regulators_view_of_events_is_journalled(market: Market, browser: Any, system_ctx: Any) -> None:
    browser(Role.REGULATOR).get("/audit/events?event=Rubles.RublesCredited")
    with system_ctx() as ctx:
        seen = ctx.session.exec(select(JournalEntry.entity_id).where(JournalEntry.action == "web.viewed")).all()
    assert "/audit/events" in seen


def test_an_investor_sees_transactions_but_no_registers(market: Market, browser: Any) -> None:
    person = market.people["person"]
    investor = browser(Role.INVESTOR, participant_id=person.id)
    assert investor.get(f"/audit/transactions/{word(0xFEED)}").status_code == 200
    assert investor.get(f"/audit/addresses/{person.wallet}").status_code == 200
    token = investor.get(f"/audit/tokens/{ASSET}")
    assert token.status_code == 200
    assert market.people["foreigner"].wallet not in token.text
    closed = ("events", "proposals", "roles", "participants", "journal", "integrity")
    for path in (*closed, f"addresses/{market.people['foreigner'].wallet}"):
        assert investor.get(f"/audit/{path}").status_code == 403, path


def test_every_call_event_and_value_of_the_contracts_has_words() -> None:
    functions, events, values = set(), set(), set()
    for contract in contract_names():
        for item in calls.abi_of(contract):
            if item["type"] == "event":
                events.add(f"{contract}.{item['name']}")
            elif item["type"] == "function" and item["stateMutability"] not in {"view", "pure"}:
                functions.add(f"{contract}.{item['name']}")
            else:
                continue
            values |= {one["name"] for one in item["inputs"]}
            values |= {part["name"] for one in item["inputs"] for part in one.get("components", [])}
    assert functions == FUNCTIONS.keys()
    assert events <= EVENTS.keys()
    assert {name for name in values if name and not re.fullmatch(r"_+", name)} <= VALUES.keys()
