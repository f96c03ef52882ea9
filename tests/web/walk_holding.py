"""The walk, third part: a sale, a gift, coupons, redemption, money out."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.web import walk_stage as own
from tests.web.acts import OpenDesk, confirm, press, sign, toast, until
from tests.web.moves import visit
from tests.web.walk_pages import (
    NAMES,
    badge,
    card,
    check_run,
    follow,
    fund_run,
    held,
    kopeks,
    row,
    says,
    signed,
    stat,
    state,
    transfer,
)
from tests.web.walk_placing import Placing
from tests.web.walk_stage import TITLE, Walk, count, rubles


class Holding(Placing):
    """Units move, income is paid, the issue ends."""

    def test_units_are_sold_taken_back_and_given(self, walk: Walk, open_desk: OpenDesk) -> None:
        walk.go_to("2027-01-01T10:00:00")
        pyotr, olga, maria = open_desk("pyotr"), open_desk("olga"), open_desk("maria")
        for desk in (pyotr, olga, maria):
            desk.expected = {401}
        page = pyotr.go("/investor/portfolio")
        follow(page, row(page, TITLE).get_by_role("link", name="Продать"))
        page.fill("[name=units]", str(own.OFFERED))
        page.fill("[name=price]", "1005,00")
        page.fill("[name=expires_at]", "2027-01-31T18:00")
        pyotr.shoot("walk-29-offer-form")
        signed(page, walk.site.people["pyotr"], "Подписать и предложить")
        toast(page, "Предложение подписано и отправлено в реестр")
        state(page, "Выполнена")
        buying = olga.go("/investor/market")
        says(row(buying, TITLE), rubles(own.PRICE_KOPEKS))
        olga.shoot("walk-30-market")
        follow(buying, row(buying, TITLE).get_by_role("link", name="Купить"))
        buying.fill("[name=units]", str(own.BOUGHT))
        olga.shoot("walk-31-offer")
        signed(buying, walk.site.people["olga"], "Подписать и купить")
        state(buying, "Выполнена")
        olga.shoot("walk-32-bought")
        pyotr.go("/investor/market/mine")
        says(row(page, TITLE), count(own.OFFERED - own.BOUGHT))
        pyotr.shoot("walk-33-own-offer")
        confirm(page, "Отозвать")
        sign(page, walk.site.people["pyotr"])
        state(page, "Выполнена")
        pyotr.go("/investor/market/mine")
        says(row(page, TITLE), "Отозвано")
        given = transfer(maria, walk.site.people["maria"], walk.number("ivan"), own.GIVEN)
        state(given, "Выполнена")
        for key, units in own.registers()[0].items():
            held(open_desk(key), units)

    def test_a_coupon_is_checked_funded_and_paid(self, walk: Walk, open_desk: OpenDesk) -> None:
        walk.go_to("2027-01-10T23:59:59")
        office, issuer, investor = open_desk("actions1"), open_desk("factory"), open_desk("maria")
        office.expected = issuer.expected = {401}
        first = {key: paid[0] for key, paid in own.incomes().items()}
        lines = [
            (NAMES[key], own.registers()[0][key], kopeks(gross), kopeks(tax)) for key, (gross, tax) in first.items()
        ]
        run = check_run(office, walk.site.people["actions1"], "Доход", "11.01.2027", lines)
        office.shoot("walk-34-run-checked")
        total = sum(gross for _, _, gross, _ in lines)
        funding = fund_run(issuer, walk.site.people["factory"], "Доход", "11.01.2027", total)
        issuer.shoot("walk-35-run-funded")
        coming = investor.go("/investor/cash")
        walk.go_to("2027-01-11T12:00:00")
        for page in (run, funding):
            badge(page, "Выплачена")
        parts = card(run, "Части").locator("tbody tr")
        expect(parts).to_have_count(1)
        for figure in (count(len(lines)), rubles(total), rubles(sum(tax for _, _, _, tax in lines))):
            says(parts, figure)
        expect(parts.locator("a[href^='/audit/transactions/0x']")).to_be_visible()
        office.shoot("walk-36-run-paid")
        office.shoot_narrow("walk-36-run-paid")
        net = kopeks(first["maria"][0] - first["maria"][1])
        says(stat(coming, "Свободно"), rubles(1_000_000_00 + net))
        for key, (gross, tax) in first.items():
            desk = open_desk(key)
            page = desk.go("/investor/payouts/received")
            for figure in (rubles(kopeks(gross)), rubles(kopeks(tax)), rubles(kopeks(gross - tax))):
                says(row(page, "Доход"), figure)
        desk.shoot("walk-37-coupon-received")

    def test_the_issue_is_redeemed_and_closed(self, walk: Walk, open_desk: OpenDesk) -> None:
        walk.go_to("2027-02-03T23:59:59")
        office, issuer = open_desk("actions1"), open_desk("factory")
        office.expected = issuer.expected = {401}
        held_last, second = own.registers()[1], {key: paid[1] for key, paid in own.incomes().items()}
        runs = {
            "Доход": [(NAMES[key], held_last[key], kopeks(one[0]), kopeks(one[1])) for key, one in second.items()],
            "Погашение": [(NAMES[key], units, units * 1000_00, 0) for key, units in held_last.items()],
        }
        for kind, lines in runs.items():
            page = check_run(office, walk.site.people["actions1"], kind, "04.02.2027", lines)
            total = sum(gross for _, _, gross, _ in lines)
            fund_run(issuer, walk.site.people["factory"], kind, "04.02.2027", total)
        walk.go_to("2027-02-04T12:00:00")
        badge(page, "Выплачена")
        office.shoot("walk-38-redeemed")
        balances = own.final_balances()
        for key in own.INVESTORS:
            desk = open_desk(key)
            found = desk.go("/investor/cash")
            says(stat(found, "Свободно"), rubles(balances[key]))
            desk.go("/investor/portfolio")
            says(found.locator("main"), "Портфель пуст")
        desk.shoot("walk-39-empty-portfolio")
        ended = issuer.go(f"/issuer/issues/{walk.site.facts['issue']}")
        badge(ended, "Закрыт")
        issuer.shoot("walk-40-closed")
        issuer.go("/issuer/cash")
        says(stat(ended, "Свободно"), rubles(balances["factory"]))
        issuer.shoot("walk-41-issuer-cash")

    def test_money_is_taken_out(self, walk: Walk, open_desk: OpenDesk, tmp_path: Path) -> None:
        amount = own.final_balances()["maria"]
        investor, desk = open_desk("maria"), open_desk("treasurer1")
        investor.expected = desk.expected = {401}
        page = investor.go("/investor/cash")
        follow(page, page.get_by_role("link", name="Вывести"))
        page.fill("[name=amount]", f"{amount // 100},{amount % 100:02d}")
        signed(page, walk.site.people["maria"], "Подписать и вывести")
        expect(page.locator("[data-toast]")).to_be_visible()
        number = row(page, rubles(amount)).locator("td").first.inner_text()
        office = desk.go("/office/cash/withdrawals?state=IN_TRANSIT")

        def waits() -> None:
            visit(office, office.url)
            expect(row(office, number)).to_be_visible(timeout=2_000)

        until(waits)
        says(row(office, number), rubles(amount))
        desk.shoot("walk-42-withdrawal-to-pay")
        row(office, number).locator("[name=bank_ref]").fill("B002-000001")
        confirm(office, "Оплачено", walk.site.people["treasurer1"])
        toast(office, "Оплата записывается в реестр")
        money = investor.go("/investor/cash")
        says(stat(money, "Всего"), rubles(0))
        investor.go("/investor/cash/withdraw")
        says(row(money, number), "Выплачено")
        investor.shoot("walk-43-paid-out")
        file = tmp_path / "last.xml"
        file.write_bytes(walk.last_statement(number, amount))
        desk.go("/office/cash")
        office.set_input_files("input[name=file]", file)
        press(office, "Загрузить")
        toast(office, "подтверждено списаний: 1, неизвестных списаний: 0")
        desk.go("/office/cash")
        says(stat(office, "Расхождение"), rubles(0))
        desk.shoot("walk-44-reconciled")
