"""Events with filters, and their signed exports."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.responses import Response

from backend.audit import service as audit
from backend.audit.service import EventFilter
from backend.core.context import Context
from backend.core.errors import Invalid
from backend.web import live
from backend.web.deps import Listing, Page
from backend.web.portals.audit.common import addresses_in, names_for, number_of
from backend.web.portals.audit.words import event_title, tell_event
from backend.web.routing import page_router

router = page_router("/audit")

_NAMES = ("event", "address", "participant", "from_block", "to_block")
_ADDRESS_LENGTH = 42


@router.get("/events")
def events(page: Page, listing: Listing) -> Response:
    """Events, the latest first. With a topic the address is the stream of changes that every portal has."""
    query = page.request.query_params
    if "topic" in query:
        return live.events(page.request, page, "audit", query["topic"][:120])
    rows = audit.events(page.ctx, _filter(page.ctx, query), listing)
    names = names_for(page.ctx, addresses_in(rows.items))
    return page.render(
        "audit/events.html",
        rows=rows,
        told={(one.block_number, one.log_index): tell_event(one, names) for one in rows.items},
        names=names.addresses,
        kinds=[(f"{contract}.{name}", event_title(contract, name)) for contract, name in audit.event_names(page.ctx)],
        chosen={name: query.get(name, "") for name in _NAMES},
        export_query=urlencode({name: query[name] for name in _NAMES if query.get(name)}),
        listing=listing,
    )


@router.get("/events/export")
def export(page: Page) -> Response:
    """The chosen events as a file signed by the operator."""
    query = page.request.query_params
    wanted = _filter(page.ctx, query)
    plain = query.get("as") == "csv"
    content = audit.export_csv(page.ctx, wanted) if plain else audit.export_json(page.ctx, wanted)
    media, name = ("text/csv; charset=utf-8", "events.csv") if plain else ("application/json", "events.json")
    return Response(content, media_type=media, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _filter(ctx: Context, query: Mapping[str, str]) -> EventFilter:
    contract, _, event = query.get("event", "")[:120].partition(".")
    return EventFilter(
        contract=contract or None,
        event=event or None,
        address=_address(ctx, query.get("address", ""), "address"),
        participant=_address(ctx, query.get("participant", ""), "participant"),
        from_block=number_of(query.get("from_block"), "from_block"),
        to_block=number_of(query.get("to_block"), "to_block"),
    )


def _address(ctx: Context, text: str, field: str) -> str | None:
    """An address as typed, or that of a participant's number or a token's symbol."""
    wanted = text.strip().lower()
    if not wanted:
        return None
    found = audit.search(ctx, wanted) if len(wanted) <= _ADDRESS_LENGTH else None
    if found is None or found.kind not in {"address", "token"}:
        raise Invalid(
            "Нужен адрес или номер участника.", "An address or a participant's number is needed.", field=field
        )
    return found.key
