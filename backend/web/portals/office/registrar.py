"""The registrar's desk: choose what is to be done, to whom, by which document; the second registrar approves."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from backend.core.context import Context
from backend.core.errors import Invalid
from backend.core.permissions import CHAIN_ROLES, Permission, Role
from backend.identity import service as identity
from backend.identity.service import Participant
from backend.registrar import service as registrar
from backend.registrar.service import TRANSFERS, ActKind, ActView, Wish
from backend.web.deps import Form, Listing, Page, PageContext, open_context
from backend.web.exports import export
from backend.web.i18n import gettext as _
from backend.web.labels import label
from backend.web.portals.office.tools import fragment, inline_file, person
from backend.web.render import moment
from backend.web.routing import page_router

router = page_router("/office/registrar")


@router.get("")
def acts(page: Page, listing: Listing, kind: str = "", participant: str = "") -> Response:
    """Acts of all registrars, the latest first."""
    page.ctx.require(Permission.REGISTRAR_ACT)
    rows = registrar.listed(page.ctx, listing, _kind(kind), participant or None)
    if listing.file:
        columns = [
            (_("Номер"), lambda one: one.act.number),
            (_("Время"), lambda one: moment(one.act.at)),
            (_("Действие"), lambda one: _(label("act_kind", one.act.kind).text)),
            (_("Участник"), lambda one: one.subject.number),
            (_("Получатель"), lambda one: one.receiver.number if one.receiver else ""),
            (_("Единиц"), lambda one: one.act.units or ""),
            (_("Состояние"), lambda one: _(label("act_step", one.state).text)),
            (_("SHA-256 документа"), lambda one: one.act.document_hash),
        ]
        return export(rows, columns, "registrar-acts", listing.file)
    titles = {one.act.id: _title(page.ctx, one) for one in rows.items}
    return page.render(
        "office/registrar.html", rows=rows, listing=listing, kinds=list(ActKind), kind=kind, titles=titles
    )


@router.get("/new/{kind}")
def new(page: Page, kind: ActKind, number: str = "") -> Response:
    """First whose register is changed, then how."""
    page.ctx.require(Permission.REGISTRAR_ACT)
    subject = identity.participant_by_number(page.ctx, number.strip().upper()) if number.strip() else None
    return page.render(
        "office/registrar_new.html",
        kind=kind,
        number=number.strip().upper(),
        transfers=kind in TRANSFERS,
        **_owned(page.ctx, subject),
    )


@router.post("/new/{kind}")
def propose(page: Page, form: Form, kind: ActKind) -> Response:
    """Put the act before the second registrar."""
    file = form.file("file")
    if file is None:
        raise Invalid("Приложите документ-основание.", "Attach the document.", field="file")
    asset, encumbrance_id = form.get("asset"), 0
    if kind == ActKind.RELEASE:
        asset, _sep, text = form.get("encumbrance_id").partition(":")
        encumbrance_id = int(text) if text.isdecimal() else 0
    made = registrar.propose(
        page.ctx,
        Wish(
            kind=kind,
            number=form.get("number"),
            basis=form.get("basis"),
            filename=file.filename,
            document=file.data,
            asset=asset,
            units=_whole(form.get("units")),
            receiver=form.get("receiver"),
            bypass_class=form.checked("bypass_class"),
            encumbrance_id=encumbrance_id,
            corrected_tx=form.get("corrected_tx"),
        ),
    )
    return page.redirect(
        f"/office/registrar/{made.id}", toast=_("Предложение записывается в реестр. Утвердит второй регистратор.")
    )


@router.get("/{act_id}")
def act(page: Page, act_id: str) -> Response:
    """An act in words, its steps, its document."""
    page.ctx.require(Permission.REGISTRAR_ACT)
    found = registrar.view(page.ctx, act_id)
    return page.render(
        "office/registrar_act.html",
        found=found,
        title=_title(page.ctx, found),
        basis=registrar.basis_of(page.ctx, found.act),
        names={one.id: identity.display_name(page.ctx, one.id) for one in (found.subject, found.receiver) if one},
        author=person(page.ctx, found.act.proposed_by),
        issue=registrar.issue_of(page.ctx, found.act.asset) if found.act.asset else None,
        **_steps(page, found),
    )


@router.get("/{act_id}/status")
def status(page: Page, act_id: str) -> Response:
    """Where the steps are."""
    page.ctx.require(Permission.REGISTRAR_ACT)
    found = registrar.view(page.ctx, act_id)
    context = _steps(page, found)
    return fragment(page, "office/_registrar_steps.html", context.pop("stamp"), found=found, **context)


@router.get("/{act_id}/document")
def document(page: Page, act_id: str) -> Response:
    """The document that justifies it."""
    found = registrar.document_of(page.ctx, act_id)
    with open_context(page.request, page.actor) as noting:
        registrar.note_document_read(noting, act_id)
    return inline_file(*found)


@router.post("/{act_id}/repeat")
def repeat(page: Page, act_id: str) -> Response:
    """Propose the ended steps again."""
    registrar.propose_again(page.ctx, act_id)
    return page.redirect(f"/office/registrar/{act_id}", toast=_("Шаги предложены снова."))


def _steps(page: PageContext, found: ActView) -> dict[str, Any]:
    """Which step may be approved now, and by whom; a stamp that changes with the steps."""
    waiting = next((one for one in found.steps if one.state == "WAITING"), None)
    first = (
        waiting
        if waiting and all(one.state == "EXECUTED" for one in found.steps[: found.steps.index(waiting)])
        else None
    )
    mine = first is not None and first.proposal is not None and first.proposal.proposer == page.actor.wallet
    return {
        "first": first,
        "words": {one.place: step_words(page.ctx, found, one.place) for one in found.steps},
        "mine": mine,
        "is_registrar": Role.REGISTRAR in page.actor.roles and bool(CHAIN_ROLES[Role.REGISTRAR]),
        "ended": any(one.state in {"REFUSED", "CANCELLED", "EXPIRED"} for one in found.steps),
        "stamp": "-".join(one.state.value[:3] for one in found.steps) or "none",
    }


def _owned(ctx: Context, subject: Participant | None) -> dict[str, Any]:
    """What an act can be about: issues that the participant holds, encumbrances that may be released."""
    if subject is None:
        return {"subject": None, "name": "", "held": [], "encumbrances": []}
    held = [(one, registrar.issue_of(ctx, one.asset)) for one in registrar.holdings(ctx, subject.wallet)]
    bound = [
        (one, registrar.issue_of(ctx, one.asset))
        for one in registrar.encumbrances(ctx, subject.wallet)
        if one.kind in {"ARREST", "PLEDGE"}
    ]
    return {
        "subject": subject,
        "name": identity.display_name(ctx, subject.id),
        "held": [(one, issue) for one, issue in held if issue is not None],
        "encumbrances": [(one, issue) for one, issue in bound if issue is not None],
    }


def _title(ctx: Context, found: ActView) -> str:
    """An act in one sentence."""
    issue = registrar.issue_of(ctx, found.act.asset) if found.act.asset else None
    words = {
        "units": found.act.units,
        "issue": issue.symbol if issue else "",
        "owner": found.subject.number,
        "receiver": found.receiver.number if found.receiver else "",
    }
    if found.act.kind in TRANSFERS:
        return _("%(issue)s: %(units)s ед. от %(owner)s к %(receiver)s") % words
    if found.act.kind == ActKind.ARREST:
        return _("%(issue)s: арест %(units)s ед. у %(owner)s") % words
    if found.act.kind == ActKind.RELEASE:
        return _("%(issue)s: снять обременение с %(units)s ед. у %(owner)s") % words
    return _("%(owner)s: новый адрес вместо прежнего") % words


def step_words(ctx: Context, found: ActView, place: int) -> str:
    """One call of an act in words."""
    _contract, asset, function, args, _summary = found.act.calls[place]
    issue = registrar.issue_of(ctx, asset) if asset else None
    words = {"owner": found.subject.number, "issue": issue.symbol if issue else ""}
    if function == "replace":
        return _("Заменить адрес %(owner)s") % words
    if function == "moveAll":
        return _("Перенести деньги %(owner)s на новый адрес") % words
    if function == "replaceHolder":
        return _("%(issue)s: перенести единицы %(owner)s на новый адрес") % words
    if function == "release":
        return _("%(issue)s: снять обременение № %(number)s с %(units)s ед.") % {
            **words,
            "number": args[0],
            "units": args[1],
        }
    return _title(ctx, found)


def _kind(text: str) -> ActKind | None:
    return ActKind(text) if text in set(ActKind) else None


def _whole(text: str) -> int:
    digits = "".join(text.split())
    if not digits:
        return 0
    if not digits.isascii() or not digits.isdecimal() or len(digits) > 18:
        raise Invalid("Нужно целое число.", "A whole number is needed.", field="units")
    return int(digits)
