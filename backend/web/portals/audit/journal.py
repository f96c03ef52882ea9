"""The audit journal, the proof of an entry, the check of the whole."""

from __future__ import annotations

import json
from datetime import datetime

from starlette.responses import Response

from backend.audit import service as audit
from backend.audit.errors import NotAnchored
from backend.audit.service import JournalFilter
from backend.core.journal import entry_hash
from backend.core.permissions import Permission
from backend.web import exports
from backend.web.api.audit import entry_columns
from backend.web.deps import Listing, Page
from backend.web.labels.journal import acts_named, entities
from backend.web.portals.audit.common import Text, moment_of
from backend.web.routing import page_router

router = page_router("/audit")

_NAMES = ("action", "entity", "entity_id", "since", "until")


@router.get("/journal")
def journal(page: Page, listing: Listing, verify: Text = None) -> Response:
    """Entries, the latest first; an act is found by the start of its code and by its words; ``verify=1`` recomputes every hash."""
    query = page.request.query_params
    wanted = JournalFilter(
        action=query.get("action") or None,
        entity=query.get("entity") or None,
        entity_id=query.get("entity_id") or None,
        since=_day(query.get("since"), "00:00:00"),
        until=_day(query.get("until"), "23:59:59"),
        worded=acts_named(query.get("action")),
        sought=acts_named(listing.q),
    )
    rows = audit.entries(page.ctx, wanted, listing)
    authors = audit.authors_of(page.ctx, rows.items)
    if listing.file:
        return exports.export(rows, entry_columns(authors), "journal", listing.file)
    return page.render(
        "audit/journal.html",
        rows=rows,
        authors=authors,
        listing=listing,
        chosen={name: query.get(name, "") for name in _NAMES},
        check=audit.verify_journal(page.ctx) if verify else None,
        anchors=audit.anchors(page.ctx),
        kinds=entities(wanted.entity or ""),
        may_check=page.ctx.actor.may(Permission.JOURNAL_READ),
    )


@router.get("/journal/{seq}")
def entry(page: Page, seq: int) -> Response:
    """An entry with its hash recomputed and, once anchored, the proof that it stood in the journal."""
    found = audit.entry(page.ctx, seq)
    try:
        proof = audit.proof(page.ctx, seq)
    except NotAnchored:
        proof = None
    return page.render(
        "audit/entry.html",
        found=found,
        author=audit.authors_of(page.ctx, [found])[seq],
        proof=proof,
        details=json.dumps(found.details, ensure_ascii=False, indent=2, sort_keys=True),
        intact=entry_hash(found) == found.hash,
        last=audit.last_entry(page.ctx),
    )


def _day(text: str | None, end: str) -> datetime | None:
    return moment_of(f"{text}T{end}") if text else None
