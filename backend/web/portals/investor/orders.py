"""My orders: list, one order with live state, recall."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from backend.core.context import Context
from backend.issues import service as issues
from backend.issues.service import IssuePage
from backend.orders import service as orders
from backend.orders.service import OrderState, OrderView
from backend.web import live
from backend.web.deps import Form, Listing, Page, PageContext
from backend.web.exports import export
from backend.web.i18n import gettext as _
from backend.web.i18n import mark
from backend.web.portals.investor.common import rubles, sending, sent_tx, word
from backend.web.portals.office.tools import fragment
from backend.web.routing import page_router

router = page_router("/investor/orders")
ORDER_REF, RECALL_REF = "orders.order", "orders.recall"


def order_stamp(ctx: Context, key: str) -> str:
    """Changes when an own order, its transaction or its placement changes."""
    found = orders.my_order(ctx, key)
    sale = issues.issue_page(ctx, found.order.issue_id).placement
    chain = found.chain
    intents = live.record_stamp(ctx, f"{ORDER_REF}:{key}"), live.record_stamp(ctx, f"{RECALL_REF}:{key}")
    return f"{found.state} {chain.settled_units if chain else 0} {sale.state if sale else ''} {intents}"


live.TOPICS["order"] = order_stamp


@router.get("")
def my_orders(page: Page, listing: Listing) -> Response:
    """Latest first."""
    rows = orders.my_orders(page.ctx, listing)
    if listing.file:
        return export(rows, _COLUMNS, "orders", listing.file)
    return page.render("investor/orders.html", rows=rows, listing=listing)


@router.get("/{order_id}")
def order(page: Page, order_id: str) -> Response:
    """One order; its state keeps itself fresh."""
    return page.render("investor/order.html", **_view(page, order_id))


@router.get("/{order_id}/status")
def status(page: Page, order_id: str) -> Response:
    """The changing part; a new state loads the whole page anew, for what may be done changes with it."""
    view = _view(page, order_id)
    return fragment(page, "investor/_order_status.html", view.pop("state"), **view)


@router.post("/{order_id}/recall")
def recall(page: Page, form: Form, order_id: str) -> Response:
    """Take it back until the cut-off."""
    del form
    orders.recall(page.ctx, order_id)
    return page.redirect(f"/investor/orders/{order_id}", toast=_("Отзыв отправлен в реестр."))


def _view(page: PageContext, order_id: str) -> dict[str, Any]:
    found = orders.my_order(page.ctx, order_id)
    issue = issues.issue_page(page.ctx, found.order.issue_id)
    recalling = sending(page, RECALL_REF, order_id)
    return {
        "found": found,
        "order": found.order,
        "chain": found.chain,
        "issue": issue,
        "state": found.state.value,
        "error": found.order.error_ru if page.ctx.lang == "ru" else found.order.error_en,
        "intent": sending(page, ORDER_REF, order_id),
        "tx_hash": found.chain.placed_tx if found.chain else sent_tx(page, ORDER_REF, order_id),
        "recalling": recalling if found.state == OrderState.ACCEPTED else None,
        "may_recall": found.state == OrderState.ACCEPTED and issue.state == "PLACEMENT",
        "steps": _steps(found, issue),
    }


def _steps(found: OrderView, issue: IssuePage) -> list[tuple[str, Any, str, str]]:
    chain, sale, state = found.chain, issue.placement, found.state
    items: list[tuple[str, Any, str, str]] = [(_("Подписана вами"), found.order.created_at, "", "done")]
    if state == OrderState.REJECTED:
        return [*items, (_("Отклонена реестром"), None, _("Деньги не списаны."), "failed")]
    if chain is None:
        return [*items, (_("Записывается в реестр"), None, _("Обычно это несколько секунд."), "now")]
    items.append((_("В книге заявок, деньги заблокированы"), chain.placed_at, "", "done"))
    if state == OrderState.RECALLED:
        return [*items, (_("Отозвана, деньги свободны"), chain.closed_at, "", "done")]
    if state == OrderState.CANCELLED_BY_OPERATOR:
        return [*items, (_("Отменена оператором, деньги свободны"), chain.closed_at, "", "failed")]
    over = state in {OrderState.SETTLED, OrderState.PARTIAL, OrderState.UNALLOCATED}
    open_now = sale is not None and issue.state == "PLACEMENT"
    intake = _("Идёт приём заявок, до") if open_now else _("Приём заявок окончен")
    items.append((intake, sale.ends_at_at if sale else None, "", "now" if open_now else "done"))
    if not over:
        at = sale.crediting_at_at if sale else None
        return [*items, (_("Зачисление единиц"), at, "", "next" if open_now else "now")]
    if state == OrderState.UNALLOCATED:
        return [*items, (_("Не исполнена, деньги свободны"), chain.closed_at, "", "failed")]
    return [*items, (_("Единицы зачислены"), chain.closed_at, "", "done")]


_COLUMNS = [
    (mark("Подана"), lambda one: one.order.created_at.isoformat(timespec="seconds")),
    (mark("Выпуск"), lambda one: one.issue_number),
    (mark("Название"), lambda one: one.issue_title),
    (mark("Количество"), lambda one: one.order.units),
    (mark("Сумма, ₽"), lambda one: rubles(one.order.sum_kopeks)),
    (mark("Состояние"), lambda one: word("order", one.state.value)),
    (mark("Исполнено"), lambda one: one.chain.settled_units if one.chain else 0),
    (mark("Оплачено, ₽"), lambda one: rubles(one.chain.paid_kopeks if one.chain else 0)),
    (mark("Транзакция"), lambda one: one.chain.placed_tx if one.chain else ""),
]
