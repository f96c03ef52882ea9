"""Primary sales: progress and the book of orders."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from backend.core.context import Context
from backend.core.errors import Invalid, NotFound
from backend.core.pagination import EVERYTHING
from backend.core.permissions import Permission
from backend.identity import service as identity
from backend.issues import service as issues
from backend.issues.service import Listing as Listed
from backend.orders import service as orders
from backend.orders.service import OrderView
from backend.web.api.money import rubles
from backend.web.deps import Form, Listing, Page
from backend.web.exports import export
from backend.web.i18n import gettext as _
from backend.web.labels import label
from backend.web.portals.office.tools import fragment
from backend.web.routing import page_router

router = page_router("/office/placements")


@router.get("")
def placements(page: Page, listing: Listing) -> Response:
    """Issues in the register with the progress of their sale."""
    page.ctx.require(Permission.ORDER_READ_ALL)
    found = issues.catalogue(page.ctx, listing)
    if listing.file:
        columns = [
            (_("Номер"), lambda one: one.issue.number),
            (_("Название"), lambda one: one.issue.title),
            (_("Состояние"), lambda one: _(label("issue", one.state).text)),
            (_("Единиц в заявках"), lambda one: one.placement.demand_units if one.placement else 0),
            (_("Размещено единиц"), lambda one: one.placement.issued_units if one.placement else 0),
            (_("Получено, руб."), lambda one: rubles(one.placement.paid_kopeks if one.placement else 0)),
        ]
        return export(found, columns, "placements", listing.file)
    return page.render("office/placements.html", rows=found, listing=listing)


@router.get("/{issue_id}")
def placement(page: Page, listing: Listing, issue_id: str) -> Response:
    """One sale with its book of orders."""
    page.ctx.require(Permission.ORDER_READ_ALL)
    found = sale_of(page.ctx, issue_id)
    book = orders.book(page.ctx, listing, issue_id)
    names = {one.order.id: identity.display_name(page.ctx, one.order.participant_id) for one in book.items}
    if listing.file:
        return export(book, book_columns(page.ctx, names), "orders", listing.file)
    return page.render(
        "office/placement.html",
        found=found,
        sale=found.placement,
        stamp=stamp_of(found),
        rows=book,
        names=names,
        listing=listing,
        may_cancel=page.actor.may(Permission.ORDER_CANCEL),
    )


@router.get("/{issue_id}/status")
def status(page: Page, issue_id: str) -> Response:
    """Progress, live."""
    page.ctx.require(Permission.ORDER_READ_ALL)
    found = sale_of(page.ctx, issue_id)
    return fragment(page, "office/_sale.html", found.state, stamp=stamp_of(found), found=found, sale=found.placement)


@router.post("/{issue_id}/orders/{order_id}/cancel")
def cancel(page: Page, form: Form, issue_id: str, order_id: str) -> Response:
    """Cancel an order in the operator's name; its money is released."""
    if not form.get("reason"):
        raise Invalid("Укажите основание отмены.", "State the reason.", field="reason")
    orders.cancel(page.ctx, order_id, form.get("reason"))
    return page.redirect(f"/office/placements/{issue_id}", toast=_("Отмена отправлена в реестр."))


def stamp_of(found: Listed) -> str:
    """Changes when the sale's state or its book changes."""
    sale = found.placement
    return f"{found.state}-{sale.order_count}-{sale.demand_units}-{sale.issued_units}" if sale else found.state


def sale_of(ctx: Context, issue_id: str) -> Listed:
    """An issue in the register with its sale; raises NotFound before that."""
    row = ctx.session.get(issues.Issue, issue_id)
    if row is None or row.state != issues.IssueState.DEPLOYED:
        raise NotFound
    return issues.listing(ctx, row)


def book_columns(ctx: Context, names: dict[str, str]) -> list[tuple[str, Any]]:
    """Columns of a book of orders as a file."""
    return [
        (_("Подана"), lambda one: one.order.created_at.isoformat()),
        (_("Инвестор"), lambda one: names[one.order.id]),
        (_("Единиц"), lambda one: one.order.units),
        (_("Сумма, руб."), lambda one: rubles(one.order.sum_kopeks)),
        (_("Исполнено единиц"), lambda one: one.chain.settled_units if one.chain else 0),
        (_("Состояние"), lambda one: _(label("order", one.state).text)),
        (_("Транзакция"), lambda one: one.chain.placed_tx if one.chain else ""),
    ]


def whole_book(ctx: Context, issue_id: str) -> list[OrderView]:
    """Every order of a sale."""
    return list(orders.book(ctx, EVERYTHING, issue_id).items)
