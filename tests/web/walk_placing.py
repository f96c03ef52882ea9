"""The walk, second part: the catalogue, orders, the end of the sale."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.web import walk_stage as own
from tests.web.acts import OpenDesk, confirm, press, sign, toast
from tests.web.moves import moved
from tests.web.walk_issuing import Issuing
from tests.web.walk_pages import (
    NAMES,
    badge,
    card,
    follow,
    held,
    open_issue,
    order,
    row,
    says,
    stat,
    state,
    transfer,
)
from tests.web.walk_stage import TITLE, Walk, count, rubles


class Placing(Issuing):
    """Investors order; the register delivers."""

    def test_the_catalogue_finds_and_refuses_in_words(self, walk: Walk, open_desk: OpenDesk) -> None:
        walk.go_to("2026-12-01T10:05:00")
        desk = open_desk("olga")
        page = desk.go("/investor/issues")
        expect(row(page, "KPT-")).to_have_count(2)
        with moved(page):
            page.select_option("[name=access]", "FREE")
        expect(row(page, "KPT-")).to_have_count(1)
        says(row(page, TITLE), "Размещается")
        desk.shoot("walk-15-catalogue")
        desk.shoot_narrow("walk-15-catalogue")
        with moved(page):
            page.select_option("[name=access]", "QUAL")
        follow(page, row(page, own.CLOSED_TITLE).get_by_role("link").first)
        says(page.locator("main"), "Выпуск доступен инвесторам другого класса")
        desk.shoot("walk-16-not-for-her")
        follow(page, page.get_by_role("link", name="Подать заявку"))
        page.fill("[name=units]", "10")
        page.check("[name=risk_accepted]")
        desk.expected = {401, 403}
        press(page, "Подписать и подать заявку")
        says(page.get_by_role("alert"), "Выпуск доступен инвесторам другого класса. Пройдите тестирование")
        expect(page.locator("[name=units]")).to_have_value("10")
        desk.shoot("walk-17-refused-in-words")
        desk.go("/investor/orders")
        expect(row(page, "KPT-")).to_have_count(0)

    def test_an_investor_orders_with_a_code_and_a_double_click(self, walk: Walk, open_desk: OpenDesk) -> None:
        desk = open_desk("maria")
        page = open_issue(desk, "/investor/issues")
        page.fill("[name=units]", "4000")
        press(page, "Пересчитать")
        says(row(page, "11.01.2027"), rubles(71_360_00))
        says(row(page, "04.02.2027"), rubles(4_071_360_00))
        desk.shoot("walk-18-issue")
        desk.shoot_narrow("walk-18-issue")
        follow(page, page.get_by_role("link", name="Подать заявку"))
        expect(page.locator("[name=units]")).to_have_value("4000")
        says(card(page, "Подходит ли вам"), rubles(own.DEPOSITS["maria"]))
        page.fill("[name=totp_code]", walk.site.people["maria"].code())
        desk.shoot("walk-19-order")
        desk.shoot_narrow("walk-19-order")
        desk.expected = {422}
        press(page, "Подписать и подать заявку")
        says(page.locator("#e-risk_accepted"), "Подтвердите, что ознакомились с рисками")
        expect(page.locator("[name=units]")).to_have_value("4000")
        page.check("[name=risk_accepted]")
        confirm(page, "Подписать и подать заявку", walk.site.people["maria"], double=True)
        toast(page, "Заявка подписана и отправлена в реестр")
        state(page, "Принята")
        desk.shoot("walk-20-order-in-the-book")
        desk.go("/investor/orders")
        expect(row(page, "KPT-")).to_have_count(1)
        desk.go("/investor/cash")
        says(stat(page, "Заблокировано"), rubles(4_000_000_00))
        says(stat(page, "Свободно"), rubles(1_000_000_00))

    def test_others_order_one_is_refused_by_size_and_one_recalls(self, walk: Walk, open_desk: OpenDesk) -> None:
        pyotr, olga, ivan = open_desk("pyotr"), open_desk("olga"), open_desk("ivan")
        for desk in (pyotr, olga, ivan):
            desk.expected = {401, 422}
        page = open_issue(pyotr, "/investor/issues")
        follow(page, page.get_by_role("link", name="Подать заявку"))
        page.fill("[name=units]", "5001")
        page.check("[name=risk_accepted]")
        press(page, "Подписать и подать заявку")
        says(page.locator("#e-units"), "5")
        pyotr.shoot("walk-21-too-large")
        page = order(ivan, walk.site.people["ivan"], 500)
        confirm(page, "Отозвать заявку")
        sign(page, walk.site.people["ivan"])
        toast(page, "Отзыв отправлен в реестр")
        state(page, "Отозвана")
        ivan.shoot("walk-22-recalled")
        ivan.go("/investor/cash")
        says(stat(page, "Свободно"), rubles(own.DEPOSITS["ivan"] + own.UNNAMED))
        says(stat(page, "Заблокировано"), rubles(0))
        order(pyotr, walk.site.people["pyotr"], 5000)
        order(olga, walk.site.people["olga"], 3000)
        page = order(ivan, walk.site.people["ivan"], 500, becomes="Отклонена")
        says(page.get_by_role("alert"), "Выпуск размещён полностью")
        ivan.shoot("walk-22-no-units-left")

    def test_the_placement_closes_and_units_are_delivered(self, walk: Walk, open_desk: OpenDesk) -> None:
        issue = walk.site.facts["issue"]
        issuer, office, olga = open_desk("factory"), open_desk("actions1"), open_desk("olga")
        sale = issuer.go(f"/issuer/issues/{issue}/placement")
        book = office.go(f"/office/placements/{issue}")
        says(book.locator(".kp-live"), count(12000))
        waiting = olga.go("/investor/orders")
        follow(waiting, row(waiting, TITLE).get_by_role("link").first)
        issuer.shoot("walk-23-placement")
        office.shoot("walk-24-book")
        walk.go_to("2026-12-04T15:00:00")
        # Nobody touches a page until the units are delivered.
        state(waiting, "Исполнена частично")
        badge(sale, "Обращение закрыто до срока")
        badge(book, "Обращение закрыто до срока")
        for one in (sale, book):
            says(one.locator(".kp-live"), rubles(10_000_000_00))
        says(row(book, NAMES["olga"]), "Исполнена частично")
        expect(row(book, NAMES["ivan"]).filter(has_text="Отозвана")).to_be_visible()
        says(waiting.locator(".kp-live"), rubles(2_000_000_00))  # given back
        olga.shoot("walk-25-partly-filled")
        office.shoot("walk-26-settled")
        issuer.go("/issuer/cash")
        says(stat(sale, "Свободно"), rubles(10_000_000_00 + own.DEPOSITS["factory"]))
        for key, units in (("maria", 4000), ("pyotr", 5000), ("olga", 1000)):
            desk = open_desk(key)
            held(desk, units)
        desk.shoot("walk-27-portfolio")
        desk.shoot_narrow("walk-27-portfolio")

    def test_the_lock_up_refuses_a_transfer_in_words(self, walk: Walk, open_desk: OpenDesk) -> None:
        desk = open_desk("maria")
        desk.expected = {401}
        page = transfer(desk, walk.site.people["maria"], walk.number("ivan"), 10)
        state(page, "Отклонена реестром")
        says(page.get_by_role("alert"), "запрет")
        desk.shoot("walk-28-lock-up")
        held(desk, 4000)
