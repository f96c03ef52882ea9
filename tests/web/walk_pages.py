"""Acts of the walk that happen more than once: an order, an operation with units, one run of a payout."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from scripts.demo import cast
from tests.web.acts import confirm, press, sign, toast
from tests.web.conftest import Desk, Person
from tests.web.moves import moved
from tests.web.walk_stage import TITLE, count, rubles

NAMES = {actor.key: actor.name for actor in cast.ALL}
DOCUMENTS = ("decision.pdf", "charter.pdf", "shareholders-resolution.pdf", "accounts-2025.pdf")


def says(found: Locator, *texts: str | re.Pattern[str]) -> None:
    """Until a part of the page shows each of these texts."""
    for text in texts:
        expect(found).to_contain_text(text, use_inner_text=True)


def row(page: Page, text: str | re.Pattern[str]) -> Locator:
    """The row of a table with this text."""
    return page.locator("main table tbody tr", has_text=text)


def card(page: Page, title: str) -> Locator:
    """The card with this title."""
    return page.locator("main section.card", has=page.get_by_role("heading", name=title, exact=True))


def stat(page: Page, title: str) -> Locator:
    """The large figure with this title."""
    return page.locator("main .kp-stat", has=page.locator(".kp-stat-title", has_text=re.compile(f"^\\s*{title}\\s*$")))


def badge(page: Page, text: str) -> None:
    """Until the heading of the page says this state; the page is not touched meanwhile."""
    expect(page.locator(".kp-head .kp-badge").first).to_have_text(text)


def state(page: Page, text: str) -> None:
    """Until the live part of the page says this state; the page is not touched meanwhile."""
    expect(page.locator(".kp-live .kp-badge").first).to_have_text(text)


def follow(page: Page, link: Locator) -> None:
    """Click a link and wait for its page."""
    with moved(page):
        link.click()


def open_issue(desk: Desk, listed: str, title: str = TITLE) -> Page:
    """From a list to the page of an issue."""
    page = desk.go(listed)
    follow(page, row(page, title).get_by_role("link").first)
    expect(page.locator("h1")).to_have_text(title)
    return page


def attach(page: Page, folder: Path, name: str, content: bytes) -> None:
    """Attach one document that the decision names."""
    file = folder / name
    file.write_bytes(content)
    page.select_option("select[name=name]", name)
    page.set_input_files("input[name=file]", file)
    press(page, "Приложить")
    toast(page, "Документ приложен")


def order(desk: Desk, person: Person, units: int, becomes: str = "Принята") -> Page:
    """Order units of the walk's issue from the catalogue; double-clicking the button. The page of the order when the register has answered."""
    page = open_issue(desk, "/investor/issues")
    follow(page, page.get_by_role("link", name="Подать заявку"))
    page.fill("[name=units]", str(units))
    page.check("[name=risk_accepted]")
    confirm(page, "Подписать и подать заявку", person, double=True)
    toast(page, "Заявка подписана и отправлена в реестр")
    state(page, becomes)
    return page


def signed(page: Page, person: Person, text: str) -> None:
    """Press a button that signs, read what will be signed, give a code when asked for one."""
    confirm(page, text, person)


def transfer(desk: Desk, person: Person, receiver: str, units: int) -> Page:
    """Give units of the walk's issue; the page that follows the wish."""
    page = desk.go("/investor/portfolio")
    follow(page, page.get_by_role("link", name="Перевести"))
    page.fill("[name=to]", receiver)
    page.fill("[name=units]", str(units))
    signed(page, person, "Подписать и перевести")
    toast(page, "Перевод подписан и отправлен в реестр")
    return page


def held(desk: Desk, units: int, nominal_kopeks: int = 1000_00) -> Page:
    """The portfolio says so many units of the walk's issue."""
    page = desk.go("/investor/portfolio")
    says(row(page, TITLE), count(units))
    says(stat(page, "По номиналу"), rubles(units * nominal_kopeks))
    return page


def check_run(desk: Desk, person: Person, kind: str, day: str, lines: Iterable[tuple[str, int, int, int]]) -> Page:
    """An officer looks a calculation through, line by line (name, units, gross and tax in kopeks), and confirms it."""
    page = desk.go("/office/payouts")
    follow(page, row(page, day).filter(has_text=kind).get_by_role("link").first)
    badge(page, "Ждёт проверки")
    for name, units, gross, tax in lines:
        line = row(page, name).first
        for figure in (count(units), rubles(gross), rubles(gross - tax)):
            says(line, figure)
    confirm(page, "Расчёт верен")
    sign(page, person)
    badge(page, "Ждёт средств эмитента")
    return page


def fund_run(desk: Desk, person: Person, kind: str, day: str, kopeks: int) -> Page:
    """The issuer puts the whole sum into escrow."""
    page = desk.go("/issuer/payouts")
    follow(page, row(page, day).filter(has_text=kind).get_by_role("link", name="Обеспечить"))
    says(page.locator("main"), rubles(kopeks))
    signed(page, person, "Обеспечить")
    toast(page, "Обеспечение записывается в реестр")
    badge(page, "Обеспечена")
    return page


def kopeks(amount: Decimal) -> int:
    """Rubles to kopeks."""
    return int(amount * 100)
