"""The issuer's calendar of payments and their funding."""

from __future__ import annotations

from starlette.responses import Response

from backend.cash import service as cash
from backend.core.permissions import Permission
from backend.issues import service as issues
from backend.payouts import service as payouts
from backend.payouts.states import FUNDABLE
from backend.web.api.payouts import LINE_COLUMNS, RUN_COLUMNS
from backend.web.deps import Listing, Page
from backend.web.exports import export
from backend.web.i18n import gettext as _
from backend.web.portals.office.payouts import run_facts
from backend.web.portals.office.tools import fragment
from backend.web.routing import page_router

router = page_router("/issuer/payouts")


@router.get("")
def calendar(page: Page, listing: Listing) -> Response:
    """Payments of own issues."""
    found = payouts.issuer_runs(page.ctx, listing)
    if listing.file:
        return export(found, RUN_COLUMNS, "payouts", listing.file)
    return page.render(
        "issuer/payouts.html",
        rows=found,
        listing=listing,
        balance=cash.my_balance(page.ctx),
        fundable=FUNDABLE,
        callable=bool(payouts.my_calls(page.ctx)),
        may_fund=page.actor.may(Permission.PAYOUT_FUND),
    )


@router.get("/{run_id}")
def run(page: Page, listing: Listing, run_id: str) -> Response:
    """One payment: what is due, to whom, and the button that funds it."""
    found = payouts.run_page(page.ctx, run_id)
    lines = payouts.run_lines(page.ctx, run_id, listing)
    if listing.file:
        return export(lines, LINE_COLUMNS, "payments", listing.file)
    balance = cash.my_balance(page.ctx)
    return page.render(
        "issuer/payout.html",
        listing=listing,
        rows=lines,
        issue=page.ctx.session.get(issues.Issue, found.run.issue_id),
        balance=balance,
        short=max(0, found.run.required_kopeks - balance.free),
        may_fund=page.actor.may(Permission.PAYOUT_FUND) and found.run.state in FUNDABLE,
        waits_signer=found.run.state in FUNDABLE and not page.actor.may(Permission.PAYOUT_FUND),
        **run_facts(page.ctx, found),
    )


@router.get("/{run_id}/status")
def status(page: Page, run_id: str) -> Response:
    """Where the payment is, live."""
    found = payouts.run_page(page.ctx, run_id)
    return fragment(page, "office/_run.html", found.run.state.value, **run_facts(page.ctx, found))


@router.post("/{run_id}/fund")
def fund(page: Page, run_id: str) -> Response:
    """The whole sum into escrow."""
    payouts.fund(page.ctx, run_id)
    return page.redirect(f"/issuer/payouts/{run_id}", toast=_("Обеспечение записывается в реестр."))
