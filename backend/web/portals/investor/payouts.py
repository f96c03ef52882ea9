"""Payouts: what comes and what came."""

from __future__ import annotations

from starlette.responses import Response

from backend.issues import service as issues
from backend.payouts import service as payouts
from backend.web.deps import Listing, Page
from backend.web.exports import export
from backend.web.i18n import mark
from backend.web.portals.investor import charts
from backend.web.portals.investor.common import rubles, word
from backend.web.routing import page_router

router = page_router("/investor/payouts")


@router.get("")
def coming(page: Page, listing: Listing) -> Response:
    """What I may expect: fixed by the register, or a forecast."""
    rows = payouts.coming(page.ctx)
    if listing.file:
        return export(rows, _COMING_COLUMNS, "payouts-coming", listing.file)
    return page.render(
        "investor/payouts.html",
        rows=rows,
        bars=charts.of_coming(rows) if rows else None,
        total=sum(one.gross_kopeks or 0 for one in rows),
        tax=sum(one.tax_kopeks or 0 for one in rows),
    )


@router.get("/received")
def received(page: Page, listing: Listing) -> Response:
    """What reached me, with the transaction of each payment."""
    rows = payouts.received(page.ctx, listing)
    found = {asset: issues.by_asset(page.ctx, asset) for asset in {one.chain.asset for one in rows.items}}
    names = {asset: issue.number if issue else asset for asset, issue in found.items()}
    if listing.file:
        columns = [
            (mark("Время"), lambda one: one.payment.at.isoformat(timespec="seconds")),
            (mark("Выпуск"), lambda one: names[one.chain.asset]),
            (mark("Вид"), lambda one: word("payout_kind", one.chain.kind)),
            (mark("Единиц"), lambda one: one.payment.units),
            (mark("Начислено, ₽"), lambda one: rubles(one.payment.gross_kopeks)),
            (mark("Налог, ₽"), lambda one: rubles(one.payment.withheld_kopeks)),
            (mark("Получено, ₽"), lambda one: rubles(one.net_kopeks)),
            (mark("Транзакция"), lambda one: one.payment.tx_hash),
        ]
        return export(rows, columns, "payouts-received", listing.file)
    return page.render("investor/received.html", rows=rows, listing=listing, names=names)


_COMING_COLUMNS = [
    (mark("Дата выплаты"), lambda one: one.run.payment_date.isoformat()),
    (mark("Выпуск"), lambda one: one.run.issue_number),
    (mark("Вид"), lambda one: word("payout_kind", one.run.kind)),
    (mark("Единиц"), lambda one: one.units),
    (mark("К получению до налога, ₽"), lambda one: rubles(one.gross_kopeks)),
    (mark("Прогноз"), lambda one: one.forecast),
    (mark("Состояние"), lambda one: word("payout", one.run.state.value)),
]
