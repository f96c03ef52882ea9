"""Money: balance and moves, how to top up, withdrawals."""

from __future__ import annotations

from datetime import datetime

from starlette.responses import Response

from backend.cash import service as cash
from backend.core.pagination import PageRequest
from backend.identity import service as identity
from backend.web.deps import Form, Listing, Page
from backend.web.exports import export
from backend.web.i18n import gettext as _
from backend.web.i18n import mark
from backend.web.portals.investor import charts
from backend.web.portals.investor.common import money_stamp, rubles, sum_of, word
from backend.web.portals.office.tools import fragment
from backend.web.routing import page_router
from indexer.models import ChainRubleEntry

router = page_router("/investor/cash")
CHART_POINTS = 200


@router.get("")
def moves(page: Page, listing: Listing) -> Response:
    """Balance, its course, every move with its transaction."""
    rows = cash.my_entries(page.ctx, listing)
    if listing.file:
        return export(rows, _ENTRY_COLUMNS, "cash", listing.file)
    balance = cash.my_balance(page.ctx)
    latest = cash.my_entries(page.ctx, PageRequest(size=CHART_POINTS)).items
    return page.render(
        "investor/cash.html",
        balance=balance,
        rows=rows,
        listing=listing,
        net=net,
        stamp=money_stamp(page.ctx, balance),
        chart=charts.of_balance(course(list(latest), balance.total)) if len({one.at for one in latest}) > 1 else None,
    )


@router.get("/stamp")
def stamp(page: Page) -> Response:
    """Loads the page anew when money came or went, or a withdrawal went on."""
    return fragment(page, "office/_stamp.html", money_stamp(page.ctx, cash.my_balance(page.ctx)))


@router.get("/deposit")
def deposit(page: Page, listing: Listing) -> Response:
    """How to top up, and payments that came."""
    rows = cash.my_deposits(page.ctx, listing)
    if listing.file:
        return export(rows, _DEPOSIT_COLUMNS, "deposits", listing.file)
    me = identity.own(page.ctx)
    return page.render(
        "investor/deposit.html",
        rows=rows,
        listing=listing,
        me=me,
        account=page.ctx.settings.nominal_account,
        bic=page.ctx.settings.nominal_bic,
        owner=str(identity.profile(page.ctx, me)["name"]),
    )


@router.get("/withdraw")
def withdrawals(page: Page, listing: Listing) -> Response:
    """The form and earlier withdrawals."""
    rows = cash.my_withdrawals(page.ctx, listing)
    if listing.file:
        return export(rows, _WITHDRAWAL_COLUMNS, "withdrawals", listing.file)
    bank = identity.profile(page.ctx, identity.own(page.ctx)).get("bank", {})
    balance = cash.my_balance(page.ctx)
    return page.render(
        "investor/withdraw.html",
        rows=rows,
        listing=listing,
        balance=balance,
        bank=bank,
        stamp=money_stamp(page.ctx, balance),
    )


@router.post("/withdraw")
def withdraw(page: Page, form: Form) -> Response:
    """To the own verified account."""
    row = cash.request(page.ctx, sum_of(form, "amount"), page.key)
    return page.redirect("/investor/cash/withdraw", toast=_("Заявка {number} принята.").format(number=row.number))


def net(entry: ChainRubleEntry) -> int:
    """How a move changes the whole balance; holding and releasing change only its parts."""
    return entry.free_delta + entry.held_delta + entry.in_transit_delta + entry.frozen_delta


def course(latest: list[ChainRubleEntry], total: int) -> list[tuple[datetime, int]]:
    """The balance after each move, oldest first, from the present one back."""
    points = []
    for entry in latest:
        points.append((entry.at, total))
        total -= net(entry)
    return [(latest[-1].at, total), *reversed(points)]


_ENTRY_COLUMNS = [
    (mark("Время"), lambda one: one.at.isoformat(timespec="seconds")),
    (mark("Операция"), lambda one: word("ruble_entry", one.kind)),
    (mark("Свободно, ₽"), lambda one: rubles(one.free_delta)),
    (mark("Заблокировано, ₽"), lambda one: rubles(one.held_delta)),
    (mark("Выводится, ₽"), lambda one: rubles(one.in_transit_delta)),
    (mark("Заморожено, ₽"), lambda one: rubles(one.frozen_delta)),
    (mark("Транзакция"), lambda one: one.tx_hash),
]
_DEPOSIT_COLUMNS = [
    (mark("Дата"), lambda one: one.booked_on.isoformat()),
    (mark("Сумма, ₽"), lambda one: rubles(one.amount_kopeks)),
    (mark("Номер операции банка"), lambda one: one.bank_ref),
    (mark("Состояние"), lambda one: word("deposit", one.state.value)),
]
_WITHDRAWAL_COLUMNS = [
    (mark("Номер"), lambda one: one.number),
    (mark("Подано"), lambda one: one.created_at.isoformat(timespec="seconds")),
    (mark("Сумма, ₽"), lambda one: rubles(one.amount_kopeks)),
    (mark("Состояние"), lambda one: word("withdrawal", one.state.value)),
    (mark("Номер операции банка"), lambda one: one.bank_ref or ""),
]
