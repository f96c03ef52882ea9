"""What every page does by itself: toasts that can be read, parts that renew themselves without taking anything out of a user's hands."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.web.acts import OpenDesk, button, confirm, toast
from tests.web.moves import moved

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]
SAID = "Заявка на 1500 ₽ принята"
PART = "Часть страницы обновлена"


def told(open_desk: OpenDesk, *, clock: bool = False) -> Page:
    """A page that has just said something."""
    desk = open_desk()
    page = desk.page
    if clock:
        page.clock.install()
    desk.go("/dev/kitchen")
    page.fill("[name=amount]", "1500")
    confirm(page, "Подписать и отправить")
    toast(page, SAID)
    return page


def renew(page: Page) -> None:
    """A part of the page asks the server, which wants the whole page loaded anew."""

    def answer(route: Route) -> None:
        route.fulfill(status=200, content_type="text/html", headers={"HX-Refresh": "true"}, body=f"<p>{PART}</p>")

    page.route("**/dev/part", answer)
    page.evaluate("document.querySelector('.kp-foot').insertAdjacentHTML('afterbegin', '<span id=part></span>')")
    page.evaluate("void htmx.ajax('GET', '/dev/part', '#part')")


def test_a_toast_stays_for_slow_readers_and_while_it_is_looked_at(open_desk: OpenDesk) -> None:
    page = told(open_desk, clock=True)
    shown = page.locator("[data-toast]")
    page.clock.run_for(19_000)
    expect(shown).to_be_visible()
    shown.hover()
    page.clock.run_for(60_000)
    expect(shown).to_be_visible()
    page.mouse.move(5, 5)
    shown.get_by_role("button").focus()
    page.clock.run_for(60_000)
    expect(shown).to_be_visible()
    shown.get_by_role("button").blur()
    page.clock.run_for(21_000)
    expect(shown).to_have_count(0)


def test_a_toast_can_be_closed(open_desk: OpenDesk) -> None:
    page = told(open_desk)
    page.locator("[data-toast]").get_by_role("button", name="Закрыть").click()
    expect(page.locator("[data-toast]")).to_be_hidden()


def test_a_toast_outlives_a_page_that_loads_itself_anew(open_desk: OpenDesk) -> None:
    page = told(open_desk)
    with moved(page):
        renew(page)
    toast(page, SAID)
    page.reload()
    expect(page.locator("[data-toast]")).to_have_count(0)


@pytest.mark.parametrize("field", ["[name=amount]", "[name=q]"])
def test_a_page_is_not_loaded_anew_under_the_hands_of_somebody_who_types(open_desk: OpenDesk, field: str) -> None:
    page = open_desk().go("/dev/kitchen")
    page.fill(field, "77")
    renew(page)
    expect(page.locator("#part")).to_have_text(PART)
    expect(page.locator(field)).to_have_value("77")


def test_a_page_that_is_asking_what_a_form_would_sign_is_not_loaded_anew(open_desk: OpenDesk) -> None:
    page = open_desk().go("/dev/kitchen")
    page.evaluate("document.querySelector('[name=amount]').form.insertAdjacentHTML('beforeend', '<i data-signs></i>')")
    held: dict[str, Route] = {}
    page.route("**/dev/kitchen", lambda route: held.update(form=route))
    with page.expect_request("**/dev/kitchen"):
        button(page, "Подписать и отправить").click()
    renew(page)
    expect(page.locator("#part")).to_have_text(PART)
    held["form"].fulfill(status=200, json={"shown": ["Действие: заявка"], "shown_hash": "0x", "code_needed": False})
    expect(page.locator("dialog#kp-confirm[open] #kp-confirm-shown")).to_contain_text("заявка")


def test_an_answer_to_a_form_is_not_sent_again_by_a_part_of_it(open_desk: OpenDesk) -> None:
    desk = open_desk()
    desk.expected = {422}
    page = desk.go("/dev/kitchen")
    page.fill("[name=amount]", "много")
    confirm(page, "Подписать и отправить")
    expect(page.locator("[name=amount]")).to_have_attribute("aria-invalid", "true")
    renew(page)
    expect(page.locator("#part")).to_have_text(PART)
    expect(page.locator("[name=amount]")).to_have_value("много")


def test_a_page_on_the_way_to_another_is_not_loaded_anew(open_desk: OpenDesk) -> None:
    page = open_desk().go("/dev/kitchen")
    held: dict[str, Route] = {}
    page.route("**/dev/kitchen?next=1", lambda route: held.update(page=route))
    page.route("**/dev/part", lambda route: held.update(part=route))
    page.evaluate("document.querySelector('.kp-foot').insertAdjacentHTML('afterbegin', '<span id=part></span>')")
    # A page that is being left can't be asked, so it tells by itself.
    told_of = "new MutationObserver(() => console.info('renewed')).observe(document.querySelector('#part'), {childList: true})"
    page.evaluate(told_of)
    with page.expect_request("**/dev/part"):
        page.evaluate("void htmx.ajax('GET', '/dev/part', '#part')")
    with page.expect_request("**/dev/kitchen?next=1"):
        page.evaluate("void (location.href = '/dev/kitchen?next=1')")
    with page.expect_console_message(lambda message: message.text == "renewed"):
        held["part"].fulfill(
            status=200, content_type="text/html", headers={"HX-Refresh": "true"}, body=f"<p>{PART}</p>"
        )
    held["page"].continue_()
    expect(page).to_have_url(re.compile("next=1$"))
