"""The walk, first part: from a draft to a token, and money on the accounts."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from scripts.demo.stage import pdf
from tests.web import walk_stage as own
from tests.web.acts import OpenDesk, confirm, press, toast
from tests.web.walk_pages import (
    DOCUMENTS,
    NAMES,
    attach,
    badge,
    card,
    follow,
    open_issue,
    row,
    says,
    signed,
    stat,
)
from tests.web.walk_stage import TITLE, Walk, rubles


class Issuing:
    """The issuer, two moderators, the treasurer."""

    def test_the_issuer_makes_a_draft_and_hands_it_in(self, walk: Walk, open_desk: OpenDesk, tmp_path: Path) -> None:
        desk = open_desk("factory")
        page = desk.go("/issuer/issues")
        follow(page, page.get_by_role("link", name="Новый выпуск"))
        desk.shoot("walk-01-new")
        file = tmp_path / "decision.yaml"
        file.write_text(own.decision_text())
        page.locator("input[name=file]").set_input_files(file)
        press(page, "Загрузить")
        toast(page, "Решение загружено")
        says(card(page, "Что исправить"), "Наибольшая заявка больше всего выпуска")
        desk.shoot("walk-02-draft-with-a-fault")
        follow(page, page.get_by_role("link", name="Исправить в форме"))
        wrong = page.locator("[name='units.order_max']")
        expect(wrong).to_have_attribute("aria-invalid", "true")
        says(page.locator("[id='e-units.order_max']"), "Наибольшая заявка больше всего выпуска")
        for name, text in (
            ("title", TITLE),
            ("nominal", "1000.00"),
            ("income.rate", "21.00"),
            ("units.maximum", "10000"),
        ):
            expect(page.locator(f"[name='{name}']")).to_have_value(text)
        desk.shoot("walk-03-fault-beside-its-field")
        wrong.fill("5000")
        press(page, "Сохранить")
        toast(page, "Сохранено")
        expect(card(page, "Что исправить")).to_have_count(0)
        for name in DOCUMENTS:
            attach(page, tmp_path, name, pdf(f"factory {name}"))
        page.fill("#f-units", "137")
        press(page, "Пересчитать")
        # 1000 × 21 % × 31/365 = 17.84 a unit and month; 137 units.
        says(row(page, "11.01.2027"), rubles(2_444_08))
        says(row(page, "04.02.2027"), rubles(137_000_00 + 2_444_08))
        desk.shoot("walk-04-complete-draft")
        desk.shoot_narrow("walk-04-complete-draft")
        desk.expected = {401}
        signed(page, walk.site.people["factory"], "Подписать и отправить")
        toast(page, "Решение подписано и передано модераторам")
        badge(page, "На модерации")
        walk.site.facts["issue"] = page.url.rsplit("/", 1)[1].partition("?")[0]

    def test_a_moderator_sends_it_back_and_the_issuer_answers(self, walk: Walk, open_desk: OpenDesk) -> None:
        issuer, desk = open_desk("factory"), open_desk("moderator1")
        waiting = open_issue(issuer, "/issuer/issues")
        page = open_issue(desk, "/office/issues?state=MODERATION")
        desk.shoot("walk-05-moderation")
        page.select_option("[name=field_1]", "rights")
        page.fill("[name=text_1]", "Уточните, что доход выплачивается ежемесячно.")
        press(page, "Вернуть с замечаниями")
        toast(page, "Замечания отправлены эмитенту")
        badge(page, "Есть замечания")
        # The issuer's page was not touched meanwhile.
        badge(waiting, "Есть замечания")
        says(card(waiting, "Замечания модератора"), "Уточните, что доход выплачивается ежемесячно.")
        issuer.shoot("walk-06-remarks")
        follow(waiting, waiting.get_by_role("link", name="Править"))
        waiting.fill("[name=rights]", own.RIGHTS)
        press(waiting, "Сохранить")
        issuer.expected = {401}
        signed(waiting, walk.site.people["factory"], "Подписать и отправить")
        badge(waiting, "На модерации")
        says(waiting.locator("main"), "версия 2")

    def test_two_moderators_approve_and_everybody_sees_the_token_come(self, walk: Walk, open_desk: OpenDesk) -> None:
        issuer, one, two = open_desk("factory"), open_desk("moderator1"), open_desk("moderator2")
        waiting = open_issue(issuer, "/issuer/issues")
        page = open_issue(one, "/office/issues?state=MODERATION")
        changed = card(page, "Что изменилось").locator("tbody tr")
        expect(changed).to_have_count(1)  # the form has changed nothing but what was typed
        says(changed, "Права по единице")
        expect(changed.locator("del")).to_have_text("Денежное требование: выплата номинала и периодического дохода")
        expect(changed.locator("b")).to_have_text(own.RIGHTS)
        one.shoot("walk-07-changes")
        one.expected = two.expected = {401}
        signed(page, walk.site.people["moderator1"], "Одобрить")
        toast(page, "Одобрено. Нужен второй модератор.")
        says(page.locator("main"), "Вы одобрили первым. Теперь решает другой модератор.")
        expect(page.get_by_role("button", name=re.compile("^Одобрить"))).to_have_count(0)
        one.shoot("walk-08-first-approval")
        second = open_issue(two, "/office/issues?state=APPROVED")
        signed(second, walk.site.people["moderator2"], "Одобрить и выпустить")
        toast(second, "Выпуск отправлен в реестр")
        # Nobody touches a page until the token's address stands in all three.
        token = "a[href^='/audit/tokens/0x']"
        for seen in (second, page, waiting):
            expect(card(seen, "В реестре").locator(token)).to_be_visible()
            badge(seen, "Ждёт размещения")
        two.shoot("walk-09-deployed")
        issuer.shoot("walk-10-deployed-for-the-issuer")
        issuer.shoot_narrow("walk-10-deployed-for-the-issuer")
        address = card(second, "В реестре").locator(token).get_attribute("href")
        assert address is not None
        walk.site.facts["asset"] = address.rsplit("/", 1)[1]

    def test_a_statement_is_imported_and_investors_see_their_money(
        self, walk: Walk, open_desk: OpenDesk, tmp_path: Path
    ) -> None:
        investor, other, desk = open_desk("maria"), open_desk("ivan"), open_desk("treasurer1")
        waiting, ivan = investor.go("/investor/cash"), other.go("/investor/cash")
        investor.shoot("walk-11-no-money-yet")
        file = tmp_path / "statement.xml"
        file.write_bytes(walk.first_statement())
        page = desk.go("/office/cash")
        page.set_input_files("input[name=file]", file)
        confirm(page, "Загрузить", walk.site.people["treasurer1"])
        toast(page, "Выписка загружена: зачисляется: 5, в очереди: 1")
        # One payment names nobody: the treasurer does.
        unnamed = row(page, NAMES["ivan"])
        says(unnamed, "В назначении нет номера участника")
        desk.shoot("walk-12-payment-without-a-number")
        unnamed.locator("input[name=number]").fill(walk.number("ivan"))
        confirm(page, "Зачислить", walk.site.people["treasurer1"])
        toast(page, "Зачисляется: 250000.50 ₽")
        # The investors' pages were not touched meanwhile.
        says(stat(waiting, "Свободно"), rubles(own.DEPOSITS["maria"]))
        says(stat(ivan, "Свободно"), rubles(own.DEPOSITS["ivan"] + own.UNNAMED))
        investor.shoot("walk-13-money")
        investor.shoot_narrow("walk-13-money")
        desk.go("/office/cash")
        page.set_input_files("input[name=file]", file)
        press(page, "Загрузить")
        toast(page, "уже загружена")
        says(stat(page, "Расхождение"), rubles(0))
        says(stat(page, "В реестре"), rubles(sum(own.DEPOSITS.values()) + own.UNNAMED))
        desk.shoot("walk-14-nominal-account")
