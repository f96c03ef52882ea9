"""The issuer's first page: admission, money, issues, what to fund next."""

from __future__ import annotations

from starlette.responses import Response

from backend.cash import service as cash
from backend.core.pagination import PageRequest
from backend.core.permissions import Permission
from backend.identity import service as identity
from backend.issues import service as issues
from backend.payouts import service as payouts
from backend.payouts.states import FINAL, FUNDABLE
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
    runs = payouts.issuer_runs(ctx, PageRequest(size=200, sort="due_at")).items
    open_runs = [row for row in runs if row.run.state not in FINAL]
    return page.render(
        "issuer/home.html",
        owner=identity.own(ctx),
        balance=cash.my_balance(ctx),
        rows=mine,
        states={one.id: issues.state_of(ctx, one) for one in mine.items},
        sales={one.id: issues.chain_placement(ctx, one) for one in mine.items},
        to_fund=[row for row in open_runs if row.run.state in FUNDABLE],
        coming=open_runs[:6],
        raised=sum(sale.paid_kopeks for one in mine.items if (sale := issues.chain_placement(ctx, one)) is not None),
    )
