"""The register of participants, a participant with history, blocking, watch-lists."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from starlette.responses import Response

from backend.accounts import service as accounts
from backend.cash import service as cash
from backend.core.clock import to_msk
from backend.core.errors import Invalid
from backend.core.permissions import Permission
from backend.identity import service as identity
from backend.identity.participants import ADMIT_REF, BLOCK_REF, UNBLOCK_REF, UPDATE_REF
from backend.identity.review import CLASS_BITS
from backend.identity.service import Participant
from backend.orders import service as orders
from backend.web.deps import Form, Listing, Page, PageContext
from backend.web.exports import export
from backend.web.i18n import gettext as _
from backend.web.labels import label
from backend.web.portals.office.tools import end_of_day, fragment, intents_of
from backend.web.routing import page_router

router = page_router("/office")
SOON = timedelta(days=30)
"""Powers that end within this time are marked."""
REFS = (ADMIT_REF, UPDATE_REF, BLOCK_REF, UNBLOCK_REF)


@router.get("/participants")
def register(page: Page, listing: Listing, portal: str | None = None) -> Response:
    """Everybody whom the operator admitted; ``q``: number, address, or whole ИНН."""
    found = identity.register(page.ctx, listing, portal)
    lines = {one.id: _line(page, one) for one in found.items}
    if listing.file:
        columns = [
            (_("Номер"), lambda one: one.number),
            (_("Участник"), lambda one: lines[one.id]["name"]),
            (_("Кто это"), lambda one: _(label("applicant", one.kind).text)),
            (_("Кабинет"), lambda one: _(label("portal", one.portal).text)),
            (_("Состояние"), lambda one: _(label("participant", one.status).text)),
            (_("Классы"), lambda one: ", ".join(lines[one.id]["classes"])),
            (_("Адрес"), lambda one: one.wallet),
        ]
        return export(found, columns, "participants", listing.file)
    return page.render("office/participants.html", rows=found, lines=lines, listing=listing, portal_filter=portal)


@router.get("/signers")
def signers(page: Page, listing: Listing) -> Response:
    """Who signs for organisations and until when; what ends first stands first."""
    found = identity.signers(page.ctx, listing)
    powers = {one.id: identity.powers_of(page.ctx, one) for one in found.items}
    known = {key: value for key, value in powers.items() if value is not None}
    names = {one.id: identity.display_name(page.ctx, one.id) for one in found.items}
    today = to_msk(page.ctx.now()).date()
    if listing.file:
        columns = [
            (_("Номер"), lambda one: one.number),
            (_("Организация"), lambda one: names[one.id]),
            (_("Подписант"), lambda one: known[one.id].name if one.id in known else ""),
            (_("Должность"), lambda one: known[one.id].position if one.id in known else ""),
            (_("Основание"), lambda one: known[one.id].basis if one.id in known else ""),
            (_("Полномочия до"), lambda one: one.powers_until or ""),
        ]
        return export(found, columns, "signers", listing.file)
    soon = today + SOON
    return page.render(
        "office/signers.html", rows=found, powers=powers, names=names, listing=listing, today=today, soon=soon
    )


@router.get("/participants/{participant_id}")
def participant(page: Page, participant_id: str) -> Response:
    """Who it is, what the register says, what they own, what was done."""
    page.ctx.require(Permission.PARTICIPANT_READ)
    row = identity.participant(page.ctx, participant_id)
    chain = identity.chain_row(page.ctx, row)
    sees_money = page.actor.may(Permission.CASH_READ_ALL)
    sees_units = page.actor.may(Permission.HOLDER_READ_ALL)
    history = identity.history_of(page.ctx, row.id)
    return page.render(
        "office/participant.html",
        row=row,
        chain=chain,
        profile=identity.profile(page.ctx, row),
        powers=identity.powers_of(page.ctx, row),
        today=to_msk(page.ctx.now()).date(),
        classes=_classes(chain.classes if chain else 0),
        all_classes=list(CLASS_BITS),
        balance=cash.balance_of(page.ctx, row.wallet) if sees_money else None,
        positions=orders.positions_of(page.ctx, row.wallet) if sees_units else [],
        history=history,
        authors=accounts.names_of(page.ctx, {one.by for one in history}),
        intents=intents_of(page.ctx, row.id, *REFS),
        until=_until(page, chain),
        may_admit=page.actor.may(Permission.PARTICIPANT_ADMIT),
        may_block=page.actor.may(Permission.PARTICIPANT_BLOCK),
        may_unblock=page.actor.may(Permission.PARTICIPANT_UNBLOCK),
    )


@router.get("/participants/{participant_id}/status")
def status(page: Page, participant_id: str) -> Response:
    """Where the last acts on the register are."""
    page.ctx.require(Permission.PARTICIPANT_READ)
    row = identity.participant(page.ctx, participant_id)
    intents = intents_of(page.ctx, row.id, *REFS)
    return fragment(page, "office/_intents.html", row.status.value, kind="participant", intents=intents)


@router.post("/participants/{participant_id}/update")
def update(page: Page, form: Form, participant_id: str) -> Response:
    """New classes or term."""
    until = end_of_day(form.get("admitted_until"), "admitted_until")
    identity.update(page.ctx, participant_id, form.all("classes"), until, form.get("basis"))
    return _back(page, participant_id, _("Изменение отправлено в реестр."))


@router.post("/participants/{participant_id}/powers")
def powers(page: Page, form: Form, participant_id: str) -> Response:
    """Enter new powers of the organisation's signer."""
    until = end_of_day(form.get("valid_until"), "valid_until").date() if form.get("valid_until") else None
    digest = _hash(form)
    if not digest:
        raise Invalid("Приложите документ о полномочиях.", "Attach the document.", field="document")
    entered = identity.Powers(form.get("name"), form.get("position"), form.get("basis"), until, digest)
    identity.renew_powers(page.ctx, participant_id, entered)
    return _back(page, participant_id, _("Полномочия записаны."))


@router.post("/participants/{participant_id}/block")
def block(page: Page, form: Form, participant_id: str) -> Response:
    """Block at once; the document may be attached, its hash goes to the register."""
    identity.block(page.ctx, participant_id, form.get("reason"), _hash(form))
    return _back(page, participant_id, _("Участник заблокирован."))


@router.post("/participants/{participant_id}/unblock")
def unblock(page: Page, form: Form, participant_id: str) -> Response:
    """Ask a second officer to unblock."""
    if not form.get("reason"):
        raise Invalid("Укажите основание.", "State the grounds.", field="reason")
    digest = _hash(form)
    if not digest:
        raise Invalid("Приложите документ-основание.", "Attach the document.", field="document")
    identity.propose_unblock(page.ctx, participant_id, form.get("reason"), digest)
    return _back(page, participant_id, _("Предложение отправлено второму сотруднику."))


@router.get("/watchlists")
def watchlists(page: Page) -> Response:
    """Import of a list."""
    page.ctx.require(Permission.WATCHLIST_MANAGE)
    return page.render("office/watchlists.html", result=None, source="")


@router.post("/watchlists")
def import_list(page: Page, form: Form) -> Response:
    """Replace the list of a source and show whom it hits."""
    file = form.file("file")
    if file is None:
        raise Invalid("Выберите файл.", "Choose a file.", field="file")
    result = identity.import_list(page.ctx, form.get("source"), file.data)
    return page.render("office/watchlists.html", result=result, source=form.get("source"))


def _line(page: PageContext, row: Participant) -> dict[str, Any]:
    chain = identity.chain_row(page.ctx, row)
    return {
        "name": str(identity.profile(page.ctx, row)["name"]),
        "classes": _classes(chain.classes if chain else 0),
        "until": chain.admitted_until_at if chain else None,
    }


def _classes(bits: int) -> list[str]:
    return [name for name, bit in CLASS_BITS.items() if bits & bit]


def _until(page: PageContext, chain: Any) -> str:
    at = chain.admitted_until_at if chain and chain.admitted_until_at else page.ctx.now() + timedelta(days=365)
    return to_msk(at).date().isoformat()


def _hash(form: Form) -> str:
    file = form.file("document")
    return hashlib.sha256(file.data).hexdigest() if file else form.get("document_hash")


def _back(page: PageContext, participant_id: str, toast: str) -> Response:
    return page.redirect(f"/office/participants/{participant_id}", toast=toast)
