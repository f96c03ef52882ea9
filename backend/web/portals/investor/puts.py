"""The investor's put: present units to be bought back within the window of the decision."""

from __future__ import annotations

from starlette.responses import Response

from backend.issues import service as issues
from backend.payouts import service as payouts
from backend.web.deps import Form, Page
from backend.web.i18n import gettext as _
from backend.web.portals.investor.common import whole
from backend.web.routing import page_router

router = page_router("/investor/payouts/puts")


@router.get("")
def puts(page: Page) -> Response:
    """Windows of what I hold."""
    found = payouts.my_puts(page.ctx)
    titles = {one.run.id: getattr(issues.by_asset(page.ctx, one.run.asset), "title", "") for one in found}
    return page.render("investor/puts.html", rows=found, titles=titles)


@router.get("/{run_id}")
def put(page: Page, run_id: str) -> Response:
    """What is bought back, when and for how much, and the form."""
    found = payouts.my_put(page.ctx, run_id)
    return page.render("investor/put.html", put=found, issue=issues.by_asset(page.ctx, found.run.asset))


@router.post("/{run_id}")
def tender(page: Page, form: Form, run_id: str) -> Response:
    """Sign and present."""
    payouts.tender(page.ctx, run_id, whole(form, "units"))
    return page.redirect(f"/investor/payouts/puts/{run_id}", toast=_("Предъявление подписано и отправлено в реестр."))
