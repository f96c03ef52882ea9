"""Qualification and limits: who may buy what, how much of the year's limit is left, and the limit itself."""

from __future__ import annotations

import hashlib
from datetime import date, datetime

from starlette.responses import Response

from backend.core.clock import MSK
from backend.core.errors import Invalid
from backend.core.permissions import Permission
from backend.identity import limits, tasks
from backend.identity import service as identity
from backend.web.api.money import kopeks
from backend.web.api.money import rubles as in_rubles
from backend.web.deps import Form, Listing, Page
from backend.web.exports import export
from backend.web.i18n import gettext as _
from backend.web.labels import label
from backend.web.render import moment
from backend.web.routing import page_router

router = page_router("/office/limits")


@router.get("")
def lines(page: Page, listing: Listing, klass: str = "") -> Response:
    """Everybody in the register with classes and limit."""
    rows = limits.limits(page.ctx, listing, klass or None)
    if listing.file:
        columns = [
            (_("Номер"), lambda one: one.participant.number),
            (_("Кто это"), lambda one: _(label("applicant", one.participant.kind).text)),
            (_("Классы"), lambda one: ", ".join(one.classes)),
            (_("Допуск до"), lambda one: moment(one.chain.admitted_until_at)),
            (_("Куплено за год, руб."), lambda one: in_rubles(one.used_kopeks)),
            (_("Под заявками, руб."), lambda one: in_rubles(one.reserved_kopeks)),
            (_("Свободно, руб."), lambda one: "" if one.free_kopeks is None else in_rubles(one.free_kopeks)),
        ]
        return export(rows, columns, "limits", listing.file)
    ctx = page.ctx
    may_change = page.actor.may(Permission.PARTICIPANT_ADMIT)
    waiting = (
        [one for one in tasks.waiting(ctx) if one.function == "setLimit"]
        if page.actor.may(Permission.TASK_READ)
        else []
    )
    return page.render(
        "office/limits.html",
        rows=rows,
        listing=listing,
        klass=klass,
        names={one.participant.id: identity.display_name(ctx, one.participant.id) for one in rows.items},
        limit=limits.limit_in_force(ctx),
        waiting=waiting,
        may_change=may_change,
        year=ctx.now().astimezone(MSK).year,
    )


@router.post("/yearly")
def propose(page: Page, form: Form) -> Response:
    """A new yearly limit, for the second compliance officer."""
    file = form.file("document")
    if file is None:
        raise Invalid("Приложите документ-основание.", "Attach the document.", field="document")
    try:
        since = datetime.combine(date.fromisoformat(form.get("since")), datetime.min.time(), MSK)
    except ValueError as error:
        raise Invalid("Нужна дата.", "A date is needed.", field="since") from error
    digest = hashlib.sha256(file.data).hexdigest()
    limits.propose_limit(page.ctx, since, kopeks(form.get("amount"), "amount"), form.get("basis"), digest)
    return page.redirect(
        "/office/limits", toast=_("Предложение записывается в реестр. Утвердит второй сотрудник комплаенса.")
    )
