"""Tokens of the register: terms, holders at any block or moment, supply, record dates, corporate actions, documents."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from backend.audit import service as audit
from backend.audit.errors import BlockUnknown
from backend.core.context import Context
from backend.core.permissions import Permission
from backend.web import exports
from backend.web.api.audit import HOLDER_COLUMNS
from backend.web.deps import Listing, Page
from backend.web.i18n import gettext as _
from backend.web.portals.audit.common import Block, Moment, chosen_block
from backend.web.portals.audit.words import text_of_word
from backend.web.render import moment
from backend.web.routing import page_router
from indexer.models import ChainRecordDate, ChainSupplyHistory

router = page_router("/audit")


@router.get("/tokens")
def tokens(page: Page) -> Response:
    """All tokens of the register."""
    return page.render("audit/tokens.html", rows=audit.tokens(page.ctx))


@router.get("/tokens/{asset}")
def token(page: Page, listing: Listing, asset: str, block: Block = None, at: Moment = None) -> Response:
    """A token, with its holders after the block asked for."""
    found, ctx = audit.token_page(page.ctx, asset), page.ctx
    insight = ctx.actor.may(Permission.HOLDER_READ_ALL)
    holders = audit.holders_at(ctx, asset, chosen_block(ctx, block, at)) if insight else None
    if listing.file and holders is not None:
        return exports.export(holders.rows, HOLDER_COLUMNS, f"holders-{holders.at_block}", listing.file)
    return page.render(
        "audit/token.html",
        found=found,
        issue=found.issue,
        holders=holders,
        transfers=audit.transfers(ctx, asset, listing) if insight else None,
        listing=listing,
        names=audit.names_of(ctx, {found.issue.issuer}),
        supply_chart=_supply_chart(found.supply_walk),
        record_dates=[(one, _block_of(ctx, one)) for one in found.record_dates],
        document_names={one.name: text_of_word(one.name) for one in found.documents},
        asked_block=block or "",
        asked_at=at or "",
    )


def _block_of(ctx: Context, record: ChainRecordDate) -> int | None:
    """Last block of a record date's moment; None while it lies ahead."""
    if record.at > ctx.now():
        return None
    try:
        return audit.block_at(ctx, record.at)
    except BlockUnknown:
        return None


def _supply_chart(walk: list[ChainSupplyHistory]) -> dict[str, Any]:
    """Steps of the supply and of the number of holders."""
    points = [moment(one.at)[:10] for one in walk]
    return {
        "xAxis": {"type": "category", "data": points, "boundaryGap": False},
        "yAxis": [{"type": "value", "minInterval": 1}, {"type": "value", "minInterval": 1, "splitLine": {"show": False}}],
        "legend": {},
        "grid": {"left": 8, "right": 40, "top": 36, "bottom": 4, "containLabel": True},
        "series": [
            {"type": "line", "step": "end", "areaStyle": {"opacity": 0.12}, "name": _("Единиц в обращении"),
             "data": [one.supply_units for one in walk]},
            {"type": "line", "step": "end", "yAxisIndex": 1, "name": _("Держателей"),
             "data": [one.holders_count for one in walk]},
        ],
    }  # fmt: skip
