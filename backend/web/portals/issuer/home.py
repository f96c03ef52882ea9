"""The issuer's first page: admission, money, issues, what to fund next."""

from __future__ import annotations

from starlette.responses import Response

from backend.cash import service as cash
from backend.core.pagination import EVERYTHING, PageRequest
from backend.core.permissions import Permission
from backend.identity import service as identity
from backend.issues import service as issues
from backend.payouts import service as payouts
from backend.payouts.states import FUNDABLE
from backend.web.deps import Page
from backend.web.routing import page_router

router = page_router("/issuer")


@router.get("")
def home(page: Page) -> Response:
    """What to do next, and how things stand."""
    ctx = page.ctx
    if ctx.actor.participant_id is None or not ctx.actor.may(Permission.ISSUE_DRAFT):
        return page.render("issuer/start.html", view=identity.mine(ctx))
    mine = issues.my_issues(ctx, PageRequest(size=5))
    open_runs = payouts.issuer_runs(ctx, EVERYTHING, only_open=True).items
    return page.render(
        "issuer/home.html",
        owner=identity.own(ctx),
        balance=cash.my_balance(ctx),
        rows=mine,
        states={one.id: issues.state_of(ctx, one) for one in mine.items},
        sales={one.id: issues.chain_placement(ctx, one) for one in mine.items},
        to_fund=[row for row in open_runs if row.run.state in FUNDABLE],
        coming=open_runs[:6],
        raised=issues.raised_kopeks(ctx),
    )
