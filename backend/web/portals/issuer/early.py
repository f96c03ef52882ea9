"""The issuer's call: redeem a whole issue on a payment day, under the terms of its decision."""

from __future__ import annotations

from datetime import date

from starlette.responses import Response

from backend.core.errors import Invalid
from backend.core.permissions import Permission
from backend.payouts import service as payouts
from backend.web.deps import Form, Page
from backend.web.i18n import gettext as _
from backend.web.render import day as day_text
from backend.web.render import money
from backend.web.routing import page_router

router = page_router("/issuer/payouts/call")


@router.get("")
def calls(page: Page) -> Response:
    """Issues that may be called, on which days, for how much."""
    found = payouts.my_calls(page.ctx)
    options = {
        one.issue.id: [(day.day.isoformat(), f"{day_text(day.day)} · {money(day.price_kopeks)}") for day in one.days]
        for one in found
    }
    return page.render(
        "issuer/call.html", found=found, options=options, may_call=page.actor.may(Permission.PAYOUT_FUND)
    )


@router.post("")
def declare(page: Page, form: Form) -> Response:
    """Sign and declare."""
    try:
        on = date.fromisoformat(form.get("day"))
    except ValueError as error:
        raise Invalid("Выберите день.", "Choose a day.", field="day") from error
    run = payouts.declare_call(page.ctx, form.get("issue"), on)
    toast = _("Досрочное погашение объявляется в реестре. Держатели получат уведомление.")
    return page.redirect(f"/issuer/payouts/{run.id}", toast=toast)
