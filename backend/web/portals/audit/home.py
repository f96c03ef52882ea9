"""First page of the explorer, and its search."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from backend.audit import service as audit
from backend.core.errors import NotFound
from backend.core.pagination import PageRequest
from backend.core.permissions import Permission, Role
from backend.web.deps import Page, PageContext
from backend.web.i18n import gettext as _
from backend.web.portals.audit.common import Text
from backend.web.portals.audit.words import call_title
from backend.web.render import day
from backend.web.routing import page_router

router = page_router("/audit")

_PLACES = {"block": "blocks", "transaction": "transactions", "address": "addresses", "token": "tokens"}
_LATEST = PageRequest(size=8)


@router.get("")
def overview(page: Page) -> Response:
    """State of the mirror, latest blocks and transactions, transactions by day."""
    totals = audit.totals(page.ctx)
    chart = {
        "xAxis": {"type": "category", "data": [day(at)[:5] for at, _n in totals.days]},
        "yAxis": {"type": "value", "minInterval": 1},
        "series": [{"type": "bar", "name": _("Транзакций"), "data": [number for _d, number in totals.days]}],
    }
    return page.render(
        "audit/overview.html",
        totals=totals,
        chart=chart,
        # A page that asks for itself again would fill the journal of a regulator's views.
        refreshes=Role.REGULATOR not in page.actor.roles,
        **_pulse(page),
    )


@router.get("/pulse")
def pulse(page: Page) -> Response:
    """The part of the first page that changes with every block."""
    return page.render("audit/_pulse.html", **_pulse(page))


@router.get("/search")
def search(page: Page, q: Text = None) -> Response:
    """Go to what the text names; a page with advice when it names nothing."""
    text = (q or "").strip()
    try:
        found = audit.search(page.ctx, text)
    except NotFound:
        found = None
    if found is not None:
        return page.redirect(f"/audit/{_PLACES[found.kind]}/{found.key}")
    return page.render("audit/search.html", q=text)


def _pulse(page: PageContext) -> dict[str, Any]:
    ctx = page.ctx
    health = audit.integrity(ctx) if ctx.actor.may(Permission.INTEGRITY_CHECK) else None
    return {
        "health": health,
        "blocks": audit.blocks(ctx, _LATEST).items,
        "transactions": [(row, call_title(row.call)) for row in audit.transactions(ctx, _LATEST).items],
        "total_transactions": None if health else audit.totals(ctx).transactions,
    }
