"""After the register: the placement as it goes, holders at any moment."""

from __future__ import annotations

from datetime import datetime

from starlette.responses import Response

from backend.core.clock import MSK
from backend.core.context import Context
from backend.core.errors import Invalid
from backend.core.permissions import Permission
from backend.identity import service as identity
from backend.issues import service as issues
from backend.issues.service import Listing as Listed
from backend.orders import service as orders
from backend.orders.primary import ALLOCATE_REF
from backend.web.deps import Form, Listing, Page
from backend.web.exports import export
from backend.web.i18n import gettext as _
from backend.web.portals.office.placements import book_columns, stamp_of, whole_book
from backend.web.portals.office.tools import fragment, intents_of
from backend.web.routing import page_router

router = page_router("/issuer/issues")


@router.get("/{issue_id}/placement")
def placement(page: Page, listing: Listing, issue_id: str) -> Response:
    """Demand, orders, and the issuer's own choice where the decision reserves it."""
    found = _listed(page.ctx, issue_id)
    book = orders.book(page.ctx, listing, issue_id)
    numbers = {one.order.id: identity.participant(page.ctx, one.order.participant_id).number for one in book.items}
    if listing.file:
        return export(book, book_columns(page.ctx, numbers), "orders", listing.file)
    sale = found.placement
    chooses = sale is not None and sale.allocation == "ISSUER_CHOICE" and found.state == "ALLOCATION"
    return page.render(
        "issuer/placement.html",
        found=found,
        sale=sale,
        stamp=stamp_of(found),
        rows=book,
        numbers=numbers,
        listing=listing,
        chosen=[one for one in whole_book(page.ctx, issue_id) if one.chain and one.chain.state == "OPEN"]
        if chooses
        else [],
        intents=intents_of(page.ctx, issue_id, ALLOCATE_REF),
        may_allocate=chooses and page.actor.may(Permission.PLACEMENT_ALLOCATE),
    )


@router.get("/{issue_id}/placement/status")
def status(page: Page, issue_id: str) -> Response:
    """Progress, live."""
    found = _listed(page.ctx, issue_id)
    return fragment(page, "office/_sale.html", found.state, stamp=stamp_of(found), found=found, sale=found.placement)


@router.post("/{issue_id}/allocate")
def allocate(page: Page, form: Form, issue_id: str) -> Response:
    """How many units each order gets."""
    units: dict[str, int] = {}
    for name in form.values:
        if not name.startswith("units_"):
            continue
        text = form.get(name, "0") or "0"
        if not text.isdecimal():
            raise Invalid("Нужно целое число.", "A whole number is needed.", field=name)
        units[name.removeprefix("units_")] = int(text)
    orders.allocate(page.ctx, issue_id, units)
    return page.redirect(f"/issuer/issues/{issue_id}/placement", toast=_("Распределение отправлено в реестр."))


@router.get("/{issue_id}/holders")
def holders(page: Page, listing: Listing, issue_id: str, at: str | None = None) -> Response:
    """The list of holders right after a moment of Moscow time."""
    found = _listed(page.ctx, issue_id)
    moment = _moment(at)
    rows = issues.holders(page.ctx, issue_id, moment)
    if listing.file:
        columns = [
            (_("Номер"), lambda one: one.number or ""),
            (_("Держатель"), lambda one: one.name or ""),
            (_("Адрес"), lambda one: one.wallet),
            (_("Единиц"), lambda one: one.units),
        ]
        return export(rows, columns, f"holders-{found.issue.number}", listing.file)
    shown = (moment or page.ctx.now()).astimezone(MSK)
    return page.render(
        "issuer/holders.html",
        found=found,
        holders=rows,
        total=sum(one.units for one in rows),
        at=shown,
        at_text=shown.strftime("%Y-%m-%dT%H:%M:%S"),
        asked=moment is not None,
        listing=listing,
    )


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid("Нужны дата и время.", "A date and time is needed.", field="at") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=MSK)


def _listed(ctx: Context, issue_id: str) -> Listed:
    ctx.require(Permission.ISSUE_DRAFT)
    return issues.listing(ctx, issues.own_issue(ctx, issue_id))
