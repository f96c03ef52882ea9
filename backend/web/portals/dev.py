"""Pages of development and demonstration: the mailbox and every component at once. Production answers 404."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from starlette.responses import Response

from backend.accounts import service as accounts
from backend.core.errors import Invalid, NotFound
from backend.core.pagination import Page as ListPage
from backend.web.deps import Form, Listing, OpenPage
from backend.web.routing import page_router

router = page_router("/dev")


def _outside_production(page: OpenPage) -> None:
    if page.ctx.settings.environment == "production":
        raise NotFound


@router.get("/mail")
def mail(page: OpenPage) -> Response:
    """Letters that went to nobody because no SMTP is set."""
    return page.render("dev/mail.html", letters=accounts.mailbox(page.ctx))


@router.get("/kitchen")
def kitchen(page: OpenPage, listing: Listing) -> Response:
    """Every component of the shell with made-up values."""
    _outside_production(page)
    page.request.state.portal = page.request.query_params.get("portal", "investor")
    now = datetime.now(UTC)
    rows = [
        {
            "name": f"КПТ-{n:03d}",
            "issuer": "ООО «Северный ветер»",
            "units": n * 1250,
            "kopeks": n * 125_000_050,
            "state": state,
        }
        for n, state in enumerate(("CONFIRMED", "SENT", "FAILED", "ACCEPTED", "CONFIRMED", "MINED"), start=1)
    ]
    return page.render(
        "dev/kitchen.html",
        rows=ListPage(rows, 138, listing.page, 6),
        listing=listing,
        now=now,
        later=now + timedelta(days=31),
    )


@router.post("/kitchen")
def kitchen_form(page: OpenPage, form: Form) -> Response:
    """Refuses, to show how a refused form looks."""
    _outside_production(page)
    amount = form.get("amount").replace(",", ".")
    if not amount.isdigit():
        raise Invalid("Сумма — целое число рублей.", "The sum is a whole number of rubles.", field="amount")
    return page.redirect("/dev/kitchen", toast=f"Заявка на {amount} ₽ принята")
