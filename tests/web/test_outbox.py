"""The outbox in a browser: a wallet stopped and resumed by an administrator; the question of a signing form shows what will be signed."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.web.acts import OpenDesk, button, confirm, toast
from tests.web.conftest import Site


def test_a_wallet_is_stopped_and_resumed(platform: Site, open_desk: OpenDesk) -> None:
    admin = platform.people["admin1"]
    desk = open_desk("admin1")
    page = desk.go("/office/outbox?every=1&sort=-created_at")
    expect(page.locator("table.kp-table tbody tr").first).to_be_visible()
    desk.shoot("outbox")
    desk.shoot_narrow("outbox")
    page.locator("table.kp-table tbody tr td a").first.click()
    expect(page.locator(".kp-shown").first).to_contain_text("Что")
    expect(page.locator("main")).to_contain_text("SHA-256")
    desk.shoot("outbox-intent")
    page = desk.go("/office/outbox/wallets?q=officer")
    page.locator("table.kp-table tbody tr td a").first.click()
    page.fill("form[action$='/stop'] input[name=reason]", "Проверяем ключ")
    confirm(page, "Остановить", admin)
    toast(page, "Кошелёк остановлен")
    expect(page.locator(".kp-note-danger")).to_contain_text("Проверяем ключ")
    desk.shoot("outbox-wallet-stopped")
    desk.shoot_narrow("outbox-wallet-stopped")
    page.fill("form[action$='/resume'] input[name=reason]", "Ключ на месте")
    confirm(page, "Возобновить", admin)
    toast(page, "Кошелёк снова подписывает")


def test_the_question_shows_what_will_be_signed(open_desk: OpenDesk) -> None:
    desk = open_desk("compliance1")
    page = desk.go("/office/participants?q=KPT-INV")
    page.locator("table.kp-table tbody tr td a").first.click()
    page.fill("form[action$='/update'] [name=basis]", "Проверка сведений")
    button(page, "Сохранить").click()
    shown = page.locator("#kp-confirm-shown")
    expect(shown).to_contain_text("Изменить допуск участника")
    expect(shown).to_contain_text(re.compile(r"Допуск до\s*\d\d\.\d\d\.\d{4}"))
    desk.shoot("signing-question")
    page.locator("#kp-confirm button[value=no]").click()
    expect(page.locator("#kp-confirm")).not_to_be_visible()
