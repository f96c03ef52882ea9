"""The audit journal for administrators; proofs stand in the auditor's portal."""

from __future__ import annotations

import json

from starlette.responses import Response

from backend.audit import service as audit
from backend.audit.service import JournalFilter
from backend.core.permissions import Permission
from backend.web.deps import Listing, Page
from backend.web.exports import export
from backend.web.i18n import gettext as _
from backend.web.labels import label
from backend.web.labels.journal import acts_named
from backend.web.routing import page_router

router = page_router("/office/journal")


@router.get("")
def journal(page: Page, listing: Listing, entity: str | None = None, entity_id: str | None = None) -> Response:
    """Latest first; the search knows acts by their code and by their words."""
    page.ctx.require(Permission.JOURNAL_READ)
    wanted = JournalFilter(entity=entity or None, entity_id=entity_id or None, sought=acts_named(listing.q))
    found = audit.entries(page.ctx, wanted, listing)
    authors = audit.authors_of(page.ctx, found.items)
    details = {one.seq: json.dumps(one.details, ensure_ascii=False) if one.details else "" for one in found.items}
    if listing.file:
        columns = [
            ("№", lambda one: one.seq),
            (_("Время"), lambda one: one.at.isoformat()),
            (_("Кто"), lambda one: authors[one.seq]),
            (_("Действие"), lambda one: one.action),
            (_("Действие словами"), lambda one: _(label("journal_action", one.action).text)),
            (_("Запись"), lambda one: f"{one.entity} {one.entity_id}"),
            (_("Запись словами"), lambda one: _(label("journal_entity", one.entity).text)),
            (_("Подробности"), lambda one: details[one.seq]),
            (_("Хеш"), lambda one: one.hash),
        ]
        return export(found, columns, "journal", listing.file)
    return page.render("office/journal.html", rows=found, listing=listing, details=details, authors=authors)
