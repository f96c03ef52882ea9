"""The issuer's money: balance, how to pay in, moves, withdrawals."""

from __future__ import annotations

from starlette.responses import Response

from backend.cash import service as cash
from backend.core.pagination import PageRequest
from backend.core.permissions import Permission
from backend.identity import service as identity
from backend.web.api.money import kopeks, rubles
from backend.web.deps import Form, Listing, Page
from backend.web.exports import export
from backend.web.i18n import gettext as _
from backend.web.labels import label
from backend.web.portals.investor.common import money_stamp
from backend.web.portals.office.tools import fragment
from backend.web.routing import page_router

router = page_router("/issuer/cash")


@router.get("")
def money(page: Page, listing: Listing) -> Response:
    """Balance and moves."""
    found = cash.my_entries(page.ctx, listing)
    if listing.file:
        columns = [
            (_("Время"), lambda one: one.at.isoformat()),
            (_("Что"), lambda one: _(label("ruble_entry", one.kind).text)),
            (_("Свободно, руб."), lambda one: rubles(one.free_delta)),
            (_("Под обязательства, руб."), lambda one: rubles(one.held_delta)),
            (_("Выводится, руб."), lambda one: rubles(one.in_transit_delta)),
            (_("Транзакция"), lambda one: one.tx_hash),
        ]
        return export(found, columns, "cash", listing.file)
    owner = identity.own(page.ctx)
    known = identity.profile(page.ctx, owner)
    outs = cash.my_withdrawals(page.ctx, PageRequest(size=10)).items
    balance = cash.my_balance(page.ctx)
    return page.render(
        "issuer/cash.html",
        balance=balance,
        stamp=money_stamp(page.ctx, balance),
        rows=found,
        listing=listing,
        owner=owner,
        bank=known.get("bank") or {},
        withdrawals=outs,
        deposits=cash.my_deposits(page.ctx, PageRequest(size=10)).items,
        account=page.ctx.settings.nominal_account,
        bic=page.ctx.settings.nominal_bic,
        may_withdraw=page.actor.may(Permission.CASH_WITHDRAW),
    )


@router.get("/stamp")
def stamp(page: Page) -> Response:
    """Loads the page anew when money came or went, or a withdrawal went on."""
    return fragment(page, "office/_stamp.html", money_stamp(page.ctx, cash.my_balance(page.ctx)))


@router.post("/withdraw")
def withdraw(page: Page, form: Form) -> Response:
    """To the own verified account; needs a fresh second factor."""
    row = cash.request(page.ctx, kopeks(form.get("amount"), "amount"), page.key)
    return page.redirect("/issuer/cash", toast=f"{_('Заявка на вывод принята')}: {row.number}")
