"""Catalogue and the page of an issue: terms in plain words, risks, cash flow, documents, facts of the register, the order form."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import Query
from starlette.responses import Response

from backend.cash import service as cash
from backend.core.errors import DomainError, NotFound
from backend.core.permissions import Permission
from backend.identity import service as identity
from backend.issues import service as issues
from backend.issues.decision_terms import AccessClass
from backend.issues.service import IssuePage, LifeState
from backend.issues.service import Listing as Listed
from backend.orders import service as orders
from backend.web.deps import Form, Listing, Page, PageContext
from backend.web.exports import export
from backend.web.i18n import gettext as _
from backend.web.i18n import mark
from backend.web.labels import label
from backend.web.portals.investor import charts, terms
from backend.web.portals.investor.common import (
    CLASS_BITS,
    classes_of,
    everything,
    participant,
    rubles,
    whole,
    word,
)
from backend.web.routing import page_router

router = page_router("/investor/issues")
PREVIEW_UNITS = 100


@router.get("")
def catalogue(page: Page, listing: Listing, state: str = "", access: str = "", income: str = "") -> Response:
    """Issues in the register, by text, state, class and kind of income."""
    if listing.file or state or access or income:
        found = [
            one for one in issues.catalogue(page.ctx, everything(listing)).items if _fits(one, state, access, income)
        ]
        rows = listing.of(found)
    else:
        rows = issues.catalogue(page.ctx, listing)
    if listing.file:
        return export(rows, _COLUMNS, "catalogue", listing.file)
    return page.render(
        "investor/catalogue.html",
        rows=rows,
        listing=listing,
        yields={one.issue.id: terms.income_in_short(one.decision) for one in rows.items},
        states=[("", _("Любое состояние")), *((one.value, word("issue", one.value)) for one in LifeState)],
        classes=[("", _("Любой доступ")), *((one.value, word("access_class", one.value)) for one in AccessClass)],
        incomes=[("", _("Любой доход")), *((name, _(text)) for name, text in terms.INCOME_KINDS.items())],
        chosen={"state": state, "access": access, "income": income},
    )


@router.get("/{issue_id}")
def issue(page: Page, issue_id: str, units: int = Query(0, ge=0, le=2**63 - 1)) -> Response:
    """Everything an investor needs to decide."""
    found = issues.issue_page(page.ctx, issue_id)
    count = units or min(max(found.decision.units.order_min, PREVIEW_UNITS), found.decision.units.order_max)
    try:
        flow = issues.preview(page.ctx, issue_id, count)
    except DomainError:
        count = found.decision.units.order_min
        flow = issues.preview(page.ctx, issue_id, count)
    known = [one.total_kopeks for one in flow if one.total_kopeks is not None]
    return page.render(
        "investor/issue.html",
        found=found,
        decision=found.decision,
        sale=found.placement,
        chain=found.chain,
        terms=terms.in_words(found.decision),
        risks=terms.risks(found.decision),
        units=count,
        flow=flow,
        profit=sum(known) if len(known) == len(flow) else None,
        chart=charts.of_flow(flow),
        order=_order_facts(page, found),
        yield_text=terms.income_in_short(found.decision),
    )


@router.get("/{issue_id}/documents/{name}")
def document(page: Page, issue_id: str, name: str) -> Response:
    """A published document, as the hash in the register says."""
    stored, data = issues.document(page.ctx, issue_id, name)
    disposition = f"inline; filename*=UTF-8''{quote(stored.name)}"
    return Response(data, media_type=stored.media_type, headers={"Content-Disposition": disposition})


@router.get("/{issue_id}/order")
def order_form(page: Page, issue_id: str, units: int = Query(0, ge=0, le=2**63 - 1)) -> Response:
    """The order form with suitability, limits and free money."""
    found = issues.issue_page(page.ctx, issue_id)
    if found.placement is None:
        raise NotFound
    return page.render(
        "investor/order_form.html",
        found=found,
        sale=found.placement,
        order=_order_facts(page, found),
        risks=terms.risks(found.decision),
        units=units or found.placement.order_min,
    )


@router.post("/{issue_id}/order")
def place(page: Page, form: Form, issue_id: str) -> Response:
    """Sign and send."""
    made = orders.place(
        page.ctx, issue_id, whole(form, "units"), risk_accepted=form.checked("risk_accepted"), key=page.key
    )
    return page.redirect(f"/investor/orders/{made.order.id}", toast=_("Заявка подписана и отправлена в реестр."))


def _fits(one: Listed, state: str, access: str, income: str) -> bool:
    return (
        (not state or one.state == state)
        and (not access or one.decision.access_class == access)
        and (not income or one.decision.income.kind == income)
    )


def _order_facts(page: PageContext, found: IssuePage) -> dict[str, object]:
    """What the form shows before the service decides: class, money, bounds, time."""
    me, sale = participant(page), found.placement
    needed = [name for name, bit in CLASS_BITS if found.chain and found.chain.access_class & bit]
    mine = classes_of(page, me) if me else []
    chain = identity.chain_row(page.ctx, me) if me else None
    free = cash.balance_of(page.ctx, me.wallet).free if me and page.actor.may(Permission.CASH_READ) else 0
    price = sale.price_kopeks if sale else 0
    return {
        "may": me is not None and page.actor.may(Permission.ORDER_PLACE),
        "open": found.state == LifeState.PLACEMENT.value,
        "fits": bool(set(needed) & set(mine)),
        "needed": [_(label("class", one).text) for one in needed],
        "mine": [_(label("class", one).text) for one in mine],
        "free": free,
        "affordable": min(free // price, sale.order_max) if sale and price else 0,
        "limit_used": chain.limit_net_kopeks + chain.limit_reserved_kopeks if chain else 0,
        "left": sale.maximum_units - sale.demand_units if sale else 0,
    }


_COLUMNS = [
    (mark("Номер"), lambda one: one.issue.number),
    (mark("Выпуск"), lambda one: one.issue.title),
    (mark("Состояние"), lambda one: word("issue", one.state)),
    (mark("Доступ"), lambda one: word("access_class", one.decision.access_class.value)),
    (mark("Доход"), lambda one: terms.income_in_short(one.decision)),
    (mark("Номинал, ₽"), lambda one: rubles(one.decision.nominal_kopeks)),
    (mark("Цена, ₽"), lambda one: rubles(one.decision.price_kopeks)),
    (mark("Погашение"), lambda one: one.decision.redemption.date.isoformat()),
]
