"""Portfolio, moves of units, transfer to another participant."""

from __future__ import annotations

from starlette.responses import Response

from backend.identity import service as identity
from backend.issues import service as issues
from backend.orders import service as orders
from backend.payouts import service as payouts
from backend.web.deps import Form, Listing, Page
from backend.web.exports import export
from backend.web.i18n import gettext as _
from backend.web.i18n import mark
from backend.web.portals.investor import charts
from backend.web.portals.investor.common import rubles, whole, word
from backend.web.routing import page_router

router = page_router("/investor")


@router.get("/portfolio")
def portfolio(page: Page, listing: Listing) -> Response:
    """What I hold: value, cost by lots, received, coming."""
    positions = orders.positions(page.ctx)
    if listing.file:
        return export(positions, _POSITION_COLUMNS, "portfolio", listing.file)
    coming = payouts.coming(page.ctx)
    return page.render(
        "investor/portfolio.html",
        positions=positions,
        value=sum(one.value_kopeks for one in positions),
        cost=sum(one.cost_kopeks for one in positions),
        received=sum(one.received_kopeks for one in positions),
        coming_total=sum(one.gross_kopeks or 0 for one in coming),
        coming_of={one.run.issue_id: one for one in reversed(coming)},
        pie=charts.of_positions(positions) if positions else None,
        bars=charts.of_coming(coming) if coming else None,
    )


@router.get("/operations")
def operations(page: Page, listing: Listing) -> Response:
    """Every move of my units with its transaction."""
    wallet = identity.own(page.ctx).wallet
    moves = orders.operations(page.ctx)
    found = {asset: issues.by_asset(page.ctx, asset) for asset in {one.asset for one in moves}}
    names = {asset: issue.number if issue else asset for asset, issue in found.items()}
    if listing.q:
        wanted = listing.q.casefold()
        moves = [
            one
            for one in moves
            if wanted in f"{names[one.asset]} {one.tx_hash} {word('unit_move', one.kind)}".casefold()
        ]
    if listing.file:
        columns = [
            (mark("Время"), lambda one: one.at.isoformat(timespec="seconds")),
            (mark("Операция"), lambda one: word("unit_move", one.kind)),
            (mark("Выпуск"), lambda one: names[one.asset]),
            (mark("Количество"), lambda one: one.units if one.to_address == wallet else -one.units),
            (mark("Транзакция"), lambda one: one.tx_hash),
        ]
        return export(moves, columns, "operations", listing.file)
    return page.render(
        "investor/operations.html",
        rows=listing.of(moves),
        listing=listing,
        wallet=wallet,
        names=names,
        issue_of={asset: issue.id for asset, issue in found.items() if issue},
    )


@router.get("/transfers/new")
def transfer_form(page: Page, issue: str = "") -> Response:
    """Units to another participant, without payment."""
    held = [one for one in orders.positions(page.ctx) if one.free_units]
    return page.render("investor/transfer.html", held=held, chosen=issue)


@router.post("/transfers/new")
def transfer(page: Page, form: Form) -> Response:
    """Sign and send."""
    made = orders.transfer(page.ctx, form.get("issue"), form.get("to"), whole(form, "units"), key=page.key)
    return page.redirect(f"/investor/wishes/{made.id}", toast=_("Перевод подписан и отправлен в реестр."))


_POSITION_COLUMNS = [
    (mark("Номер"), lambda one: one.number),
    (mark("Выпуск"), lambda one: one.title),
    (mark("Состояние"), lambda one: word("issue", one.state)),
    (mark("Единиц"), lambda one: one.units),
    (mark("Свободно"), lambda one: one.free_units),
    (mark("По номиналу, ₽"), lambda one: rubles(one.value_kopeks)),
    (mark("Вложено, ₽"), lambda one: rubles(one.cost_kopeks)),
    (mark("Получено, ₽"), lambda one: rubles(one.received_kopeks)),
    (mark("Адрес токена"), lambda one: one.asset),
]
