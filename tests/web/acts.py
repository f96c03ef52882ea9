"""What people do in a page: press, agree, sign. Each act waits for what it leads to, never for time."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from tests.web.conftest import PATIENCE_MS, Desk, Person
from tests.web.moves import answered, moved, visit

OpenDesk = Callable[..., Desk]
ATTEMPTS, ASKED_WITHIN_MS = 3, 10_000


def button(page: Page, text: str) -> Locator:
    """The first button with this text."""
    return page.get_by_role("button", name=text, exact=True).first


def press(page: Page, text: str) -> None:
    """Press the button with this text and wait until its form was answered by another page."""
    pressed = button(page, text)
    with answered(page) if pressed.evaluate("pressed => pressed.form.method") == "post" else moved(page):
        pressed.click()


def press_twice(page: Page, text: str) -> None:
    """Double-click the button with this text; the second click must do nothing."""
    with answered(page):
        button(page, text).dblclick()


def confirm(page: Page, text: str, person: Person | None = None, *, double: bool = False) -> None:
    """Press the button with this text, say yes to the question of the page (with a code where it asks for one), and wait for the answer."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _asked(page, button(page, text), person, double=double)
            break
        except (PlaywrightTimeoutError, AssertionError):
            if attempt == ATTEMPTS:
                raise
            # The page was just loading itself anew, and the question went with the old one.
    with answered(page):
        page.locator("dialog#kp-confirm[open] button[value=yes]").click()
    if person is not None:
        sign(page, person)


def _asked(page: Page, pressed: Locator, person: Person | None, *, double: bool) -> None:
    """Press until the page asks, and answer all but the yes."""
    pressed.dblclick() if double else pressed.click()
    page.locator("dialog#kp-confirm[open]").wait_for(timeout=ASKED_WITHIN_MS)
    expect(page.locator("dialog#kp-confirm[open] #kp-confirm-text")).not_to_be_empty(timeout=ASKED_WITHIN_MS)
    if person is not None and page.locator("#kp-confirm-totp").is_visible():
        page.fill("#kp-confirm-totp", person.code(), timeout=ASKED_WITHIN_MS)


def sign(page: Page, person: Person) -> None:
    """Agree with what will be signed when the page that has just come shows it, with a code when it asks for one."""
    if page.get_by_role("heading", name="Подтвердите действие").count():
        if page.locator("main input[name=totp_code]").count():
            page.fill("main input[name=totp_code]", person.code())
        press(page, "Подтвердить")


def sign_in(desk: Desk, person: Person, target: str) -> Page:
    """Go to a page, be led to the sign-in, sign in, come out at the page."""
    visit(desk.page, desk.url + target)
    expect(desk.page).to_have_url(re.compile("/login"))
    desk.page.fill("input[name=email]", person.email)
    desk.page.fill("input[name=password]", person.password)
    if person.totp:
        desk.page.fill("input[name=code]", person.code())
    press(desk.page, "Войти")
    expect(desk.page).to_have_url(desk.url + target)
    return desk.page


def toast(page: Page, text: str) -> None:
    """The page says so once."""
    expect(page.locator("[data-toast]")).to_contain_text(text)


def until(satisfied: Callable[[], None]) -> None:
    """Try again until it holds, or fail as it last did."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while True:
        try:
            satisfied()
        except AssertionError:
            if time.monotonic() > deadline:
                raise
        else:
            return
