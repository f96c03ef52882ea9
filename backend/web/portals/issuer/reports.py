"""The issuer's reports: holders of an issue at a date, the outcome of its placement."""

from __future__ import annotations

from datetime import datetime

from starlette.responses import Response

from backend.core.clock import MSK
from backend.core.errors import Invalid
from backend.core.pagination import EVERYTHING
from backend.core.permissions import Permission
from backend.issues import service as issues
from backend.orders import service as orders
from backend.web.deps import Listing, Page
from backend.web.routing import page_router

router = page_router("/issuer/reports")


@router.get("")
def reports(page: Page, listing: Listing, at: str = "") -> Response:
    """Own issues with their reports; ``at`` is the moment (Moscow) of the lists of holders."""
    page.ctx.require(Permission.REPORT_OWN)
    page.ctx.require(Permission.ISSUE_DRAFT)
    if at:
        _moment(at)
    rows = issues.my_issues(page.ctx, listing) if page.actor.participant_id else None
    items = rows.items if rows else []
    return page.render(
        "issuer/reports.html",
        rows=rows,
        listing=listing,
        at=at,
        now=page.ctx.now().astimezone(MSK).strftime("%Y-%m-%dT%H:%M"),
        states={one.id: issues.state_of(page.ctx, one) for one in items},
        facts={one.id: issues.chain_issue(page.ctx, one) for one in items},
        sales={one.id: issues.chain_placement(page.ctx, one) for one in items},
    )


@router.get("/{issue_id}/placement")
def placement(page: Page, issue_id: str) -> Response:
    """The outcome of a placement: offered, asked for, issued, paid, returned."""
    page.ctx.require(Permission.ISSUE_DRAFT)
    found = issues.listing(page.ctx, issues.own_issue(page.ctx, issue_id))
    book = orders.book(page.ctx, EVERYTHING, issue_id).items
    chain = [one.chain for one in book if one.chain is not None]
    return page.render(
        "issuer/placement_report.html",
        found=found,
        sale=found.placement,
        counts={state: sum(1 for one in chain if one.state == state) for state in _STATES},
        demand=sum(one.units for one in chain if one.state not in {"RECALLED", "CANCELLED"}),
        returned=sum(one.returned_kopeks for one in chain),
        buyers=len({one.investor for one in chain if one.settled_units}),
    )


_STATES = ("SETTLED", "REFUNDED", "RECALLED", "CANCELLED", "OPEN")


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid("Нужны дата и время.", "A date and a time are needed.", field="at") from error
