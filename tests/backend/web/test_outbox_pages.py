"""The pages of the sender, and that a person is shown in words what is signed before it is: the page says, asks, and keeps the hash."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from backend.accounts import service as accounts
from backend.accounts.models import UserSession
from backend.core.ids import bytes32_of
from backend.core.journal import JournalEntry
from backend.core.permissions import Role
from backend.core.signing import hash_of
from backend.custody import service as custody
from backend.custody.models import Intent, Signature, Wallet
from backend.custody.states import IntentState
from tests.backend.conftest import Browser, Reader, code_now
from tests.factories.chain import Chain, address, word, write_deployment

HEADERS = {"Kapital-Preview": "1"}


@pytest.fixture
def sent(system_ctx: Callable[[], Any]) -> Intent:
    """A call on its way under number 0."""
    with system_ctx() as ctx:
        write_deployment(ctx.settings)
        wallet = custody.create_wallet(ctx, "officer", "treasury")
        made = custody.request_call(
            ctx,
            wallet=wallet,
            contract="Rubles",
            function="credit",
            args=[address(0xABC), 150_000, bytes32_of("payment")],
            idempotency_key="credit",
            ref_kind="test",
            ref_id="1",
            summary="Зачислить KPT-INV-000001",
        )
        made.state, made.nonce, made.tx_hash, made.raw = IntentState.SENT, 0, word(0x51), "0x02"
        made.sent_at = made.updated_at
        row = ctx.session.get_one(Wallet, wallet)
        row.next_nonce = 1
        ctx.session.add_all([made, row])
        ctx.session.flush()
        ctx.session.expunge(made)
    return made


@pytest.fixture
def admin(browser: Callable[..., Browser]) -> Browser:
    return browser(Role.ADMINISTRATOR)


def test_the_list_tells_what_is_on_its_way_and_is_a_file(admin: Browser, sent: Intent) -> None:
    text = admin.get("/office/outbox").text
    assert "Зачислить KPT-INV-000001" in text
    assert "data-chart" in text
    assert "Ничего не ждёт" in admin.get("/office/outbox?older=3600&state=SENT").text
    assert "Зачислить" in admin.get(f"/office/outbox?wallet={sent.wallet}&state=SENT").text
    assert "Ничего не нашлось" in admin.get("/office/outbox?q=nothing").text
    lines = admin.get("/office/outbox?format=csv").content.decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert sent.shown_hash in lines[1]
    assert admin.get("/office/outbox/wallets?format=xlsx").content.startswith(b"PK")


def test_an_intents_page_tells_it_in_words_with_times_and_hash(admin: Browser, sent: Intent) -> None:
    text = admin.get(f"/office/outbox/{sent.id}").text
    for said in ("Зачислить банковский платёж", "1\N{NO-BREAK SPACE}500,00", str(sent.shown_hash), "Отправлено"):
        assert said in text
    assert "Sent" in admin.get(f"/office/outbox/{sent.id}?lang=en").text
    assert admin.get("/office/outbox/unknown").status_code == 404


def test_a_reader_sees_no_buttons_and_may_press_none(
    browser: Callable[..., Browser], admin: Browser, sent: Intent
) -> None:
    treasurer = browser(Role.TREASURER)
    page = f"/office/outbox/wallets/{sent.wallet}"
    assert "Остановить кошелёк?" not in treasurer.get(page).text
    hidden = admin.hidden(page, f"{page}/stop") | {
        "csrf_token": treasurer.hidden("/office/profile", "/office/profile/password")["csrf_token"]
    }
    assert treasurer.client.post(f"{page}/stop", data={**hidden, "reason": "look"}).status_code == 403


def test_a_wallet_is_stopped_and_resumed_with_a_reason(
    admin: Browser, sent: Intent, system_ctx: Callable[[], Any]
) -> None:
    page = f"/office/outbox/wallets/{sent.wallet}"
    assert admin.send(f"{page}/stop", page, reason="").status_code == 422
    assert admin.send(f"{page}/stop", page, reason="Проверяем ключ").status_code == 303
    assert "Проверяем ключ" in admin.get(page).text
    assert "Проверяем ключ" in admin.get("/office/outbox/wallets?stopped=1").text
    assert admin.send(f"{page}/resume", page, reason="Проверен", next_nonce="0").status_code == 409
    assert admin.send(f"{page}/resume", page, reason="Проверен", next_nonce="1").status_code == 303
    with system_ctx() as ctx:
        actions = ctx.session.exec(select(JournalEntry.action).where(JournalEntry.entity_id == sent.wallet)).all()
        assert ctx.session.get_one(Wallet, sent.wallet).stopped_reason is None
    assert actions == ["custody.wallet.stopped", "custody.wallet.resumed"]


def test_a_taken_number_is_decided_on_the_wallets_page(
    admin: Browser, sent: Intent, system_ctx: Callable[[], Any]
) -> None:
    with system_ctx() as ctx:
        chain = Chain(ctx.session)
        chain.block(ctx.now())
        chain.transaction(word(0xBAD), sender=sent.wallet, to=address(1), data="0x")
        row = ctx.session.get_one(Wallet, sent.wallet)
        row.stopped_reason, row.stopped_at = "number 0 was used by a transaction that is not ours", ctx.now()
        ctx.session.add(row)
    page = f"/office/outbox/wallets/{sent.wallet}"
    text = admin.get(page).text
    assert "Номер 0 занят транзакцией, которую система не подписывала." in text
    assert word(0xBAD) in text
    assert admin.send(f"{page}/resume", page, reason="Дальше").status_code == 409
    answer = admin.send(f"/office/outbox/{sent.id}/give-up", page, reason="Чужой ключ")
    assert answer.status_code == 303
    assert "Операция не исполнена: её номер заняла чужая транзакция." in admin.get(f"/office/outbox/{sent.id}").text
    assert admin.send(f"{page}/resume", page, reason="Дальше", next_nonce="1").status_code == 303


# --- shown before it is signed ----------------------------------------------------------------------------------------


def reader(browser: Browser, *, agrees: bool) -> None:
    assert isinstance(browser.client, Reader)
    browser.client.agrees = agrees


def cancels(system_ctx: Callable[[], Any]) -> list[Signature]:
    with system_ctx() as ctx:
        return list(ctx.session.exec(select(Signature).where(Signature.kind == "cancel")))


def test_nothing_is_signed_before_it_was_shown(admin: Browser, sent: Intent, system_ctx: Callable[[], Any]) -> None:
    page = f"/office/outbox/{sent.id}"
    reader(admin, agrees=False)
    form = {**admin.hidden(page, f"{page}/cancel"), "reason": "Ошибка в сумме"}
    asked = admin.client.post(f"{page}/cancel", data=form)
    assert asked.status_code == 401
    assert "Израсходовать номер 0 впустую" in asked.text
    assert 'name="totp_code"' not in asked.text.split("kp-form")[-1].split("</form>")[0], (
        "the code of the sign-in is fresh"
    )
    changed = admin.client.post(f"{page}/cancel", data={**form, "shown_hash": "ab" * 32})
    assert "содержание изменилось" in changed.text
    assert cancels(system_ctx) == []
    digest = re.findall(r'name="shown_hash" value="([0-9a-f]{64})"', asked.text)[0]
    done = admin.client.post(f"{page}/cancel", data={**form, "shown_hash": digest})
    assert done.status_code == 303, done.text
    (signature,) = cancels(system_ctx)
    assert signature.shown_hash == digest
    with system_ctx() as ctx:
        entry = ctx.session.exec(select(JournalEntry).where(JournalEntry.action == "custody.call.cancelled")).one()
    assert entry.details["shown"] == digest


def test_a_look_keeps_nothing(admin: Browser, sent: Intent, system_ctx: Callable[[], Any]) -> None:
    page = f"/office/outbox/{sent.id}"
    form = {**admin.hidden(page, f"{page}/cancel"), "reason": "Ошибка в сумме"}
    seen = admin.client.post(f"{page}/cancel", data=form, headers=HEADERS).json()
    assert seen["shown_hash"] == hash_of(seen["shown"][0])
    assert seen["code_needed"] is False
    assert cancels(system_ctx) == []
    refused = admin.client.post(f"{page}/cancel", data={**form, "reason": ""}, headers=HEADERS).json()
    assert refused["refused"] is True
    assert admin.client.post(f"{page}/cancel", data={**form, "shown_hash": seen["shown_hash"]}).status_code == 303


def test_one_page_shows_the_words_and_asks_for_a_code(
    admin: Browser, sent: Intent, system_ctx: Callable[[], Any]
) -> None:
    with system_ctx() as ctx:
        for row in ctx.session.exec(select(UserSession)):
            row.stepped_up_at = accounts.wall_clock() - timedelta(minutes=6)
            ctx.session.add(row)
    page = f"/office/outbox/{sent.id}"
    asked = admin.send(f"{page}/cancel", page, reason="Ошибка в сумме")
    assert asked.status_code == 401
    content = asked.text.split("kp-form")[-1]
    assert 'name="totp_code"' in content
    again = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', content))
    done = admin.client.post(f"{page}/cancel", data={**again, "totp_code": code_now(steps_ahead=1)})
    assert done.status_code == 303, done.text
    assert len(cancels(system_ctx)) == 1


def test_programs_may_look_and_pin_what_they_have_shown(
    client: Any, sign_in: Callable[..., dict[str, str]], sent: Intent, system_ctx: Callable[[], Any]
) -> None:
    headers, path, body = sign_in(Role.ADMINISTRATOR), f"/api/v1/outbox/{sent.id}/cancel", {"reason": "Ошибка"}
    seen = client.post(path, json=body, headers={**headers, **HEADERS}).json()
    other = client.post(path, json=body, headers={**headers, "Kapital-Shown-Hash": "ab" * 32})
    assert (other.status_code, other.json()["code"]) == (401, "confirmation_required")
    assert cancels(system_ctx) == []
    done = client.post(path, json=body, headers={**headers, "Kapital-Shown-Hash": seen["shown_hash"]})
    assert done.status_code == 200, done.text
    assert client.get(f"/api/v1/outbox/{sent.id}", headers=headers).json()["cancel_hash"]
