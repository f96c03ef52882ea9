"""The portals as people use them, in a browser: admission, money in and out, every role's pages on wide and narrow screens."""

from __future__ import annotations

import json
import re
import secrets
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from scripts.demo import cast
from scripts.demo.bank import Bank, Payment
from scripts.demo.stage import pdf
from tests.web.acts import OpenDesk, confirm, press, press_twice, sign, sign_in, toast, until
from tests.web.conftest import Person, Site
from tests.web.moves import visit

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]
# A newcomer of its own at every run, so that a running demonstration can be used again.
RUN = secrets.randbelow(900_000) + 100_000
EMAIL, NAME = f"anna-{RUN}@example.ru", f"Анна Новосёлова {RUN}"
PASSWORD = "Солнечный-берег-2026"
INN = cast.inn12(f"7705{RUN}")
ACCOUNT = cast.account(RUN)
DEPOSIT_KOPEKS = 1_500_000_00
PAGES: dict[str, tuple[str, ...]] = {
    "maria": (
        "/investor",
        "/investor/issues",
        "/investor/portfolio",
        "/investor/orders",
        "/investor/market",
        "/investor/payouts",
        "/investor/operations",
        "/investor/cash",
        "/investor/cash/deposit",
        "/investor/cash/withdraw",
        "/investor/statements",
        "/investor/notifications",
        "/investor/onboarding",
        "/investor/profile",
    ),
    "factory": (
        "/issuer",
        "/issuer/issues",
        "/issuer/payouts",
        "/issuer/cash",
        "/issuer/reports",
        "/issuer/statements",
        "/issuer/onboarding",
    ),
    "compliance1": (
        "/office",
        "/office/cases",
        "/office/participants",
        "/office/watchlists",
        "/office/limits",
        "/office/tasks",
    ),
    "registrar1": (
        "/office/registrar",
        "/office/registrar/new/REPLACEMENT?number=KPT-INV-000001",
        "/office/reports",
        "/office/reports?kind=deals",
    ),
    "moderator1": ("/office/issues",),
    "treasurer1": ("/office/cash", "/office/cash/deposits", "/office/cash/withdrawals"),
    "actions1": ("/office/payouts", "/office/placements"),
    "admin1": ("/office/users", "/office/journal", "/office/settings"),
    "auditor": (
        "/audit",
        "/audit/blocks",
        "/audit/transactions",
        "/audit/tokens",
        "/audit/journal",
        "/audit/integrity",
        "/audit/network",
        "/audit/registers",
    ),
}
NARROW_PAGES = {
    "/investor",
    "/investor/issues",
    "/investor/portfolio",
    "/investor/cash",
    "/issuer",
    "/issuer/issues",
    "/office",
    "/office/cases",
    "/office/cash",
    "/audit",
    "/audit/blocks",
    "/audit/network",
    "/investor/statements",
    "/issuer/reports",
    "/office/limits",
    "/office/registrar",
    "/office/reports",
    "/office/settings",
}


class TestAdmission:
    """A new investor from the first page to the first ruble, each test going on from the one before."""

    def test_a_newcomer_registers_and_confirms_the_address(self, platform: Site, open_desk: OpenDesk) -> None:
        desk = open_desk()
        page = desk.go("/")
        desk.shoot("00-landing")
        desk.go("/register?portal=investor")
        desk.shoot("01-register")
        page.fill("input[name=name]", NAME)
        page.fill("input[name=email]", EMAIL)
        page.fill("input[name=password]", PASSWORD)
        page.check("input[name=consent]")
        press(page, "Зарегистрироваться")
        expect(page).to_have_url(desk.url + "/registered")
        page.get_by_role("link", name="Открыть встроенную почту").click()
        letter = page.locator("article", has_text=EMAIL).filter(has_text="/confirm")
        expect(letter).to_have_count(1)
        desk.shoot("02-mail")
        letter.get_by_role("link").click()
        press(page, "Подтвердить адрес")
        toast(page, "Почта подтверждена")
        desk.shoot("03-login")
        page.fill("input[name=email]", EMAIL)
        page.fill("input[name=password]", PASSWORD)
        press(page, "Войти")
        expect(page).to_have_url(desk.url + "/investor")
        desk.shoot("04-newcomer")
        person = platform.people["anna"] = Person(EMAIL, PASSWORD, "investor")
        person.cookies = [one for one in page.context.cookies() if one["name"] == "kapital_investor"]

    def test_the_second_factor_is_turned_on(self, platform: Site, open_desk: OpenDesk) -> None:
        desk, person = open_desk("anna"), platform.people["anna"]
        page = desk.go("/investor/profile/totp")
        desk.shoot("05-totp")
        person.totp = page.locator(".kp-key").inner_text().strip()
        page.fill("input[name=code]", person.code())
        press(page, "Подключить")
        toast(page, "Второй фактор подключён")

    def test_an_error_stands_beside_its_field_and_nothing_typed_is_lost(self, open_desk: OpenDesk) -> None:
        desk = open_desk("anna")
        desk.expected = {422}
        page = desk.go("/investor/onboarding")
        desk.shoot("06-onboarding-start")
        press(page, "Начать анкету")
        toast(page, "Анкета начата")
        filled = fill_in(page, inn="770567890100")
        press(page, "Сохранить и отправить на проверку")
        expect(page.locator("[id='e-inn']")).to_be_visible()
        expect(page.locator("[name=inn]")).to_have_attribute("aria-invalid", "true")
        desk.shoot("07-bad-inn")
        for name, text in filled.items():
            expect(page.locator(f"[name='{name}']")).to_have_value(text)

    def test_a_double_click_attaches_a_document_once(self, open_desk: OpenDesk, tmp_path: Path) -> None:
        desk = open_desk("anna")
        page = desk.go("/investor/onboarding")
        scan = tmp_path / "passport.pdf"
        scan.write_bytes(pdf("passport anna"))
        page.set_input_files("input[name=file]", scan)
        press_twice(page, "Приложить")
        toast(page, "Документ приложен")
        desk.go("/investor/onboarding")
        expect(page.locator("#documents a[href*='/files/']")).to_have_count(1)

    def test_the_application_is_handed_in(self, open_desk: OpenDesk) -> None:
        desk = open_desk("anna")
        page = desk.go("/investor/onboarding")
        fill_in(page, inn=INN)
        press(page, "Сохранить и отправить на проверку")
        toast(page, "Анкета отправлена на проверку")
        desk.shoot("08-handed-in")

    def test_an_officer_admits_and_the_investor_sees_it_at_once(self, platform: Site, open_desk: OpenDesk) -> None:
        investor = open_desk("anna")
        waiting = investor.go("/investor/onboarding")
        officer = platform.people["compliance2"]
        desk = open_desk()
        desk.expected = {401}  # the question for a code
        page = sign_in(desk, officer, "/office/cases")
        desk.shoot("09-cases")
        page.get_by_role("link", name=NAME).click()
        expect(page.locator("h1")).to_have_text(NAME)
        desk.shoot("10-case")
        confirm(page, "Допустить")
        sign(page, officer)
        toast(page, "Допуск отправлен в реестр")
        # The investor's page was not touched meanwhile.
        expect(waiting.locator(".kp-live")).to_contain_text("Номер участника")
        investor.shoot("11-admitted")
        number = waiting.locator(".kp-live dd").first.inner_text().strip()
        platform.facts["number:anna"] = number
        investor.go("/investor/issues")
        expect(waiting.locator("table")).to_contain_text("KPT-2026-000001")

    def test_a_statement_imported_twice_credits_once(self, platform: Site, open_desk: OpenDesk, tmp_path: Path) -> None:
        desk = open_desk("treasurer1")
        file = tmp_path / "statement.xml"
        file.write_bytes(statement(platform))
        page = desk.go("/office/cash")
        page.set_input_files("input[name=file]", file)
        confirm(page, "Загрузить", platform.people["treasurer1"])
        toast(page, "Выписка загружена")
        page = desk.go("/office/cash")
        page.set_input_files("input[name=file]", file)
        press(page, "Загрузить")
        toast(page, "уже загружена")
        investor = open_desk("anna")
        cash = investor.go("/investor/cash")
        free = cash.locator(".kp-stat", has_text="Свободно")

        def credited() -> None:
            visit(cash, cash.url)
            expect(free).to_contain_text(re.compile(r"1\s500\s000,00"), timeout=2_000)

        until(credited)
        investor.shoot("12-cash")
        expect(cash.locator("table.kp-table tbody tr")).to_have_count(1)

    def test_a_double_click_takes_out_money_once(self, platform: Site, open_desk: OpenDesk) -> None:
        desk = open_desk("anna")
        desk.expected = {401}
        page = desk.go("/investor/cash/withdraw")
        page.fill("input[name=amount]", "1000")
        code = page.locator("input[name=totp_code]")
        if code.count():
            code.fill(platform.people["anna"].code())
        confirm(page, "Подписать и вывести", platform.people["anna"], double=True)
        expect(page.locator("[data-toast]")).to_be_visible()
        desk.go("/investor/cash/withdraw")
        expect(page.locator("table.kp-table tbody tr")).to_have_count(1)
        desk.shoot("13-withdrawal")


def fill_in(page: Page, inn: str) -> dict[str, str]:
    """Type the application of a person; what was typed by the fields' names."""
    fields = {
        "last_name": "Новосёлова",
        "first_name": "Анна",
        "patronymic": "Сергеевна",
        "birth_date": "1990-02-28",
        "birth_place": "г. Казань",
        "citizenship": "RUS",
        "passport.series": "4512",
        "passport.number": str(RUN),
        "passport.issued_on": "2015-04-20",
        "passport.department_code": "770-001",
        "passport.issued_by": "ОВД Примерного района г. Москвы",
        "address": "117000, г. Москва, ул. Примерная, д. 9, кв. 1",
        "phone": "+79160000099",
        "inn": inn,
        "bank.bic": cast.BIC,
        "bank.account": ACCOUNT,
        "source_of_funds": "Заработная плата",
    }
    for name, text in fields.items():
        page.fill(f"[name='{name}']", text)
    page.check("[name=consent_personal_data]")
    page.check("[name=consent_rules]")
    return fields


def statement(platform: Site) -> bytes:
    """The bank's next statement: a deposit of the new investor, on top of what the demonstration's bank has."""
    kept = json.loads((platform.folder / "progress.json").read_text())
    bank = Bank("40701810300000000001", *kept["bank"])
    payment = Payment(DEPOSIT_KOPEKS, platform.facts["number:anna"], "Новосёлова Анна Сергеевна", INN)
    content = bank.statement(date(2027, 6, 8), [payment])
    (platform.folder / "progress.json").write_text(
        json.dumps({**kept, "bank": [bank.balance_kopeks, bank.statements]}, ensure_ascii=False)
    )
    return content


@pytest.mark.parametrize("key", PAGES)
def test_pages_of_a_role_look_right_on_wide_and_narrow_screens(key: str, open_desk: OpenDesk) -> None:
    desk = open_desk(key)
    for path in PAGES[key]:
        desk.go(path)
        name = re.sub(r"[/?&=]+", "-", path.strip("/"))
        expect(desk.page.locator("h1")).to_be_visible()
        desk.shoot(name)
        assert desk.overhang() <= 0, path
        if path in NARROW_PAGES:
            desk.shoot_narrow(name)


def test_an_auditor_walks_from_the_overview_to_a_transaction_and_an_asset(open_desk: OpenDesk) -> None:
    desk = open_desk("auditor")
    page = desk.go("/audit")
    for menu, row, name in (
        ("Блоки", "/audit/blocks/", "audit-block"),
        ("Транзакции", "/audit/transactions/0x", "audit-transaction"),
        ("Активы", "/audit/tokens/0x", "audit-token"),
    ):
        page.locator("nav.kp-nav").get_by_role("link", name=menu, exact=True).click()
        expect(page.locator("h1")).to_have_text(menu)
        page.locator(f"main table a[href^='{row}']").first.click()
        expect(page).to_have_url(re.compile(re.escape(row)))
        expect(page.locator("h1")).to_be_visible()
        desk.shoot(name)
        assert desk.overhang() <= 0
    desk.go("/audit/integrity")
    page.get_by_role("link", name="Проверить журнал").click()
    expect(page).to_have_url(re.compile("/audit/journal"))
    expect(page.locator("main .kp-note-danger")).to_have_count(0)
    expect(page.locator("main .kp-note-success").first).to_be_visible()


@pytest.mark.parametrize(
    ("key", "listed", "row"),
    [
        ("factory", "/issuer/issues", "/issuer/issues/"),
        ("factory", "/issuer/payouts", "/issuer/payouts/"),
        ("olga", "/investor/issues", "/investor/issues/"),
        ("olga", "/investor/orders", "/investor/orders/"),
        ("moderator1", "/office/issues", "/office/issues/"),
        ("actions1", "/office/payouts", "/office/payouts/"),
        ("registrar1", "/office/participants", "/office/participants/"),
    ],
)
def test_a_row_of_a_list_opens(key: str, listed: str, row: str, open_desk: OpenDesk) -> None:
    desk = open_desk(key)
    page = desk.go(listed)
    page.locator(f"main table a[href^='{row}']").first.click()
    expect(page).to_have_url(re.compile(re.escape(row)))
    expect(page.locator("h1")).to_be_visible()
    name = f"{row.strip('/').replace('/', '-')}-one"
    desk.shoot(name)
    desk.shoot_narrow(name)


def test_the_skip_link_leads_past_the_menu_by_keyboard(open_desk: OpenDesk) -> None:
    desk = open_desk("maria")
    page = desk.go("/investor")
    page.keyboard.press("Tab")
    expect(page.locator(".kp-skip")).to_be_focused()
    expect(page.locator(".kp-skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()


def test_the_language_can_be_changed(open_desk: OpenDesk) -> None:
    desk = open_desk("maria")
    page = desk.go("/investor")
    expect(page.locator("html")).to_have_attribute("lang", "ru")
    page.locator(".kp-lang").first.click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    desk.go("/investor/cash")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("nav.kp-nav")).not_to_contain_text(re.compile("[А-Яа-я]"))
    desk.shoot("investor-cash-en")


def test_a_statement_is_checked_by_whoever_holds_it(open_desk: OpenDesk, tmp_path: Path) -> None:
    own = open_desk("olga")
    page = own.go("/investor/statements")
    press(page, "Составить выписку")
    toast(page, "готова")
    row = page.locator("table.kp-table tbody tr").first
    number = row.locator("a").first.inner_text().strip()
    with page.expect_download() as paper:
        row.get_by_role("link", name="PDF").click()
    file = tmp_path / "statement.pdf"
    paper.value.save_as(file)
    own.shoot("investor-statements-one")
    stranger = open_desk()
    page = stranger.go(f"/verify/{number}")
    expect(page.locator("main")).to_contain_text("Номер действителен")
    stranger.shoot("verify")
    stranger.shoot_narrow("verify")
    page.set_input_files("input[name=file]", file)
    press(page, "Сравнить файл")
    expect(page.locator("main")).to_contain_text("Файл подлинный")
    file.write_bytes(file.read_bytes() + b"\n")
    page.set_input_files("input[name=file]", file)
    press(page, "Сравнить файл")
    expect(page.locator("main")).to_contain_text("Файл не совпадает")
