"""Control over the register: proposals for four eyes, roles, participants at a date, integrity."""

from __future__ import annotations

from starlette.responses import Response

from backend.audit import service as audit
from backend.core.permissions import Permission
from backend.web import exports
from backend.web.api.audit import ALARM_COLUMNS, RECONCILIATION_COLUMNS
from backend.web.deps import Listing, Page
from backend.web.i18n import mark
from backend.web.portals.audit.common import Block, Moment, Text, chosen_block, names_for
from backend.web.portals.audit.words import call_title, tell_call
from backend.web.render import moment
from backend.web.routing import page_router

router = page_router("/audit")

CLASSES = {1: "FREE", 2: "LIMIT", 4: "TEST", 8: "QUAL"}
_STATES = ("PROPOSED", "EXECUTED", "CANCELLED")

PARTICIPANT_COLUMNS: exports.Columns = [
    (mark("№ в реестре"), lambda row: row.number),
    (mark("Номер"), lambda row: row.name or ""),
    (mark("Адрес"), lambda row: row.address),
    (mark("Вид"), lambda row: row.kind),
    (mark("Состояние"), lambda row: row.status),
    (mark("Классы"), lambda row: " ".join(classes_of(row.classes))),
    (mark("Допущен до"), lambda row: moment(row.admitted_until)),
    (mark("Допущен в блоке"), lambda row: row.since_block),
]


def classes_of(bits: int) -> list[str]:
    """Names of the classes in a set of bits."""
    return [name for bit, name in CLASSES.items() if bits & bit]


@router.get("/proposals")
def proposals(page: Page, listing: Listing, state: Text = None) -> Response:
    """Calls that need a second officer, decoded."""
    rows = audit.proposals(page.ctx, listing, state if state in _STATES else None)
    names = names_for(page.ctx, {one.proposal.target for one in rows.items})
    return page.render(
        "audit/proposals.html",
        rows=rows,
        told={one.proposal.id: tell_call(one.call, names) for one in rows.items},
        titles={one.proposal.id: call_title(one.call) for one in rows.items},
        targets=names.addresses,
        listing=listing,
        state=state or "",
    )


@router.get("/roles")
def roles(page: Page) -> Response:
    """Who holds which role, the history, and the rules of four eyes."""
    found = audit.roles(page.ctx)
    known: dict[str, list[tuple[str, bool]]] = {}
    for one in found.members:
        known.setdefault(one.role_name, []).append((one.account, one.active))
    return page.render("audit/roles.html", found=found, members=known, names=found.names)


@router.get("/participants")
def participants(page: Page, listing: Listing, block: Block = None, at: Moment = None) -> Response:
    """The register of participants after a block."""
    number, rows = audit.participants_at(page.ctx, chosen_block(page.ctx, block, at))
    if listing.file:
        return exports.export(rows, PARTICIPANT_COLUMNS, f"participants-{number}", listing.file)
    return page.render(
        "audit/participants.html",
        rows=rows,
        at_block=number,
        block=audit.block_page(page.ctx, str(number)).block if rows or number else None,
        classes_of=classes_of,
        asked_block=block or "",
        asked_at=at or "",
    )


@router.get("/integrity")
def integrity(page: Page) -> Response:
    """Is the mirror true and fresh, and is the journal whole."""
    page.ctx.require(Permission.INTEGRITY_CHECK)
    return page.render("audit/integrity.html", found=audit.integrity(page.ctx), key=audit.published_key(page.ctx))


@router.get("/integrity/reconciliations")
def reconciliations(page: Page, listing: Listing, only: Text = None) -> Response:
    """Every comparison with the contracts, the latest first; ``only=differing`` leaves out those that agreed."""
    found = audit.reconciliations(page.ctx, listing, only_differing=only == "differing")
    if listing.file:
        return exports.export(found, RECONCILIATION_COLUMNS, "reconciliations", listing.file)
    return page.render("audit/reconciliations.html", rows=found, listing=listing, only=only)


@router.get("/integrity/alarms")
def alarms(page: Page, listing: Listing) -> Response:
    """Every alarm of the indexer, the latest first."""
    found = audit.alarms(page.ctx, listing)
    if listing.file:
        return exports.export(found, ALARM_COLUMNS, "alarms", listing.file)
    return page.render("audit/alarms.html", rows=found, listing=listing)
