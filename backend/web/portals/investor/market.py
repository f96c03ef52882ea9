"""Secondary market: offers of others, my offers, making, accepting and withdrawing them, and what became of each wish."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from starlette.responses import Response

from backend.cash import service as cash
from backend.core.clock import to_msk
from backend.core.context import Context
from backend.core.errors import Invalid, NotFound
from backend.core.pagination import EVERYTHING, PageRequest
from backend.core.permissions import Permission
from backend.issues import service as issues
from backend.orders import service as orders
from backend.orders.service import OfferView
from backend.web import live
from backend.web.deps import Form, Listing, Page, PageContext
from backend.web.exports import export
from backend.web.i18n import gettext as _
from backend.web.i18n import mark
from backend.web.portals.investor.common import (
    everything,
    rubles,
    sending,
    sent_tx,
    sum_of,
    whole,
    word,
)
from backend.web.routing import page_router

router = page_router("/investor")
WISH_REF = "orders.wish"
OFFER_DAYS = 7
MOSCOW = timezone(timedelta(hours=3))


def wish_stamp(ctx: Context, key: str) -> str:
    """Changes when an own wish or its transaction changes."""
    return f"{orders.my_wish(ctx, key).state} {live.record_stamp(ctx, f'{WISH_REF}:{key}')}"


live.TOPICS["wish"] = wish_stamp


@router.get("/market")
def market(page: Page, listing: Listing) -> Response:
    """Offers that I may accept."""
    return _offers(page, listing, own=False)


@router.get("/market/mine")
def my_offers(page: Page, listing: Listing) -> Response:
    """Offers that I have made."""
    return _offers(page, listing, own=True)


@router.get("/market/wishes")
def wishes(page: Page, listing: Listing) -> Response:
    """Everything that I asked for: transfers, offers, purchases."""
    rows = orders.my_wishes(page.ctx, listing)
    found = {asset: issues.by_asset(page.ctx, asset) for asset in {one.asset for one in rows.items}}
    names = {asset: issue.number if issue else asset for asset, issue in found.items()}
    if listing.file:
        columns = [
            (mark("Подано"), lambda one: one.created_at.isoformat(timespec="seconds")),
            (mark("Что"), lambda one: word("wish_kind", one.kind.value)),
            (mark("Выпуск"), lambda one: names[one.asset]),
            (mark("Количество"), lambda one: one.units),
            (mark("Состояние"), lambda one: word("wish", one.state.value)),
        ]
        return export(rows, columns, "deals", listing.file)
    return page.render("investor/wishes.html", rows=rows, listing=listing, names=names)


@router.get("/market/new")
def offer_form(page: Page, issue: str = "") -> Response:
    """Offer my units for sale."""
    held = [one for one in orders.positions(page.ctx) if one.free_units]
    until = to_msk(page.ctx.now() + timedelta(days=OFFER_DAYS)).strftime("%Y-%m-%dT%H:%M")
    return page.render("investor/offer_form.html", held=held, chosen=issue, until=until)


@router.post("/market/new")
def make_offer(page: Page, form: Form) -> Response:
    """Sign and send."""
    made = orders.offer(
        page.ctx,
        form.get("issue"),
        whole(form, "units"),
        sum_of(form, "price"),
        _moscow(form),
        key=page.key,
        minimum_units=whole(form, "minimum_units") if form.get("minimum_units") else 1,
        buyer_number=form.get("to") or None,
    )
    return page.redirect(f"/investor/wishes/{made.id}", toast=_("Предложение подписано и отправлено в реестр."))


@router.get("/market/{offer_id}")
def offer(page: Page, offer_id: int) -> Response:
    """One offer and the form to buy."""
    found, own = _offer(page, offer_id)
    return page.render(
        "investor/offer.html",
        found=found,
        offer=found.offer,
        own=own,
        issue=issues.issue_page(page.ctx, found.issue_id),
        free=cash.my_balance(page.ctx).free if page.actor.may(Permission.CASH_READ) else 0,
    )


@router.post("/market/{offer_id}/accept")
def accept(page: Page, form: Form, offer_id: int) -> Response:
    """Units against rubles in one transaction."""
    made = orders.accept(page.ctx, offer_id, whole(form, "units"), key=page.key)
    return page.redirect(f"/investor/wishes/{made.id}", toast=_("Покупка подписана и отправлена в реестр."))


@router.post("/market/{offer_id}/withdraw")
def withdraw(page: Page, form: Form, offer_id: int) -> Response:
    """Take an own offer back."""
    del form
    made = orders.withdraw(page.ctx, offer_id, key=page.key)
    return page.redirect(f"/investor/wishes/{made.id}", toast=_("Отзыв отправлен в реестр."))


@router.get("/wishes/{wish_id}")
def wish(page: Page, wish_id: str) -> Response:
    """What became of it, live."""
    return page.render("investor/wish.html", **_wish(page, wish_id))


@router.get("/wishes/{wish_id}/status")
def wish_status(page: Page, wish_id: str) -> Response:
    """The changing part."""
    return page.render("investor/_wish_status.html", **_wish(page, wish_id))


def _offers(page: PageContext, listing: PageRequest, *, own: bool) -> Response:
    if listing.q:
        wanted = listing.q.casefold()
        found = orders.offers(page.ctx, everything(listing), own=own).items
        rows = listing.of([one for one in found if wanted in f"{one.issue_number} {one.issue_title}".casefold()])
    else:
        rows = orders.offers(page.ctx, listing, own=own)
    if listing.file:
        return export(rows, _COLUMNS, "offers", listing.file)
    return page.render("investor/market.html", rows=rows, listing=listing, own=own)


def _offer(page: PageContext, offer_id: int) -> tuple[OfferView, bool]:
    for own in (False, True):
        for one in orders.offers(page.ctx, EVERYTHING, own=own).items:
            if one.offer.id == offer_id:
                return one, own
    raise NotFound


def _wish(page: PageContext, wish_id: str) -> dict[str, Any]:
    row = orders.my_wish(page.ctx, wish_id)
    issue = issues.by_asset(page.ctx, row.asset)
    return {
        "wish": row,
        "issue": issue,
        "error": row.error_ru if page.ctx.lang == "ru" else row.error_en,
        "intent": sending(page, WISH_REF, wish_id),
        "tx_hash": sent_tx(page, WISH_REF, wish_id),
    }


def _moscow(form: Form) -> datetime:
    """The end of an offer as typed, Moscow time; raises Invalid that names the field."""
    try:
        return datetime.fromisoformat(form.get("expires_at")).replace(tzinfo=MOSCOW)
    except ValueError as error:
        raise Invalid("Нужны дата и время.", "A date and a time are needed.", field="expires_at") from error


_COLUMNS = [
    (mark("Номер"), lambda one: one.offer.id),
    (mark("Выпуск"), lambda one: one.issue_number),
    (mark("Название"), lambda one: one.issue_title),
    (mark("Осталось"), lambda one: one.offer.units_left),
    (mark("Цена, ₽"), lambda one: rubles(one.offer.price_kopeks)),
    (mark("Состояние"), lambda one: word("offer", one.offer.state)),
    (mark("До"), lambda one: one.offer.expires_at_at.isoformat() if one.offer.expires_at_at else ""),
]
