"""Validators: who proposes, whose seals are missing, votes in and out under four eyes."""

from __future__ import annotations

from starlette.responses import Response

from backend.core.errors import Invalid
from backend.core.permissions import Permission
from backend.network import service as network
from backend.network.seals import LARGEST_WINDOW, WINDOW
from backend.network.states import Action
from backend.web.deps import Form, Listing, Page
from backend.web.exports import export
from backend.web.i18n import gettext as _
from backend.web.portals.office.network import author, reason_words
from backend.web.routing import page_router

router = page_router("/office/network/validators")

WINDOWS = (WINDOW, 1000, LARGEST_WINDOW)


@router.get("")
def validators(page: Page, listing: Listing) -> Response:
    """The last blocks by validator, and the votes on their way."""
    asked = page.request.query_params.get("window", "")
    size = int(asked) if asked.isdigit() and int(asked) in WINDOWS else WINDOW
    found = network.overview(page.ctx)
    seen = network.validators(page.ctx, size)
    names = {one.node.address: one.node.name for one in found.nodes}
    if listing.file:
        columns = [
            (_("Валидатор"), lambda one: one.address),
            (_("Узел"), lambda one: names.get(one.address, "")),
            (_("Предложил блоков"), lambda one: one.proposed),
            (_("Должен был подтвердить"), lambda one: one.due),
            (_("Нет печати"), lambda one: one.missing),
            (_("Последняя печать"), lambda one: "" if one.last_sealed is None else one.last_sealed),
        ]
        return export(seen.validators, columns, "validators", listing.file)
    votes = network.votes_on_way(page.ctx) if found.network else []
    current = [one for one in seen.validators if one.current]
    return page.render(
        "office/network_validators.html",
        found=found,
        seen=seen,
        names=names,
        size=size,
        windows=WINDOWS,
        votes=votes,
        told=network.deliveries(page.ctx, [one.id for one in votes]),
        reasons={one.id: reason_words(one.reason) for one in votes},
        authors={one.id: author(page, one.requested_by) for one in votes},
        mine={one.id for one in votes if one.requested_by == page.actor.user_id},
        tolerates=(len(current) - 1) // 3 if current else 0,
        majority=len(current) // 2 + 1,
        may_manage=page.actor.may(Permission.NETWORK_MANAGE),
    )


@router.post("")
def propose(page: Page, form: Form) -> Response:
    """Want a validator in or out."""
    page.ctx.require(Permission.NETWORK_MANAGE)
    acts = {"in": Action.ADD, "out": Action.REMOVE}
    if form.get("act") not in acts:
        raise Invalid("Выберите действие.", "Choose what to do.", field="act")
    network.propose_vote(page.ctx, acts[form.get("act")], form.get("value"), reason=form.get("reason"))
    return page.redirect("/office/network/validators", toast=_("Предложение записано. Нужен второй администратор."))


@router.post("/{change_id}/approve")
def approve(page: Page, change_id: str) -> Response:
    """As the second administrator."""
    network.approve(page.ctx, change_id)
    return page.redirect("/office/network/validators", toast=_("Утверждено: валидаторы начинают голосовать."))


@router.post("/{change_id}/withdraw")
def withdraw(page: Page, change_id: str) -> Response:
    """Give the vote up."""
    network.withdraw(page.ctx, change_id)
    return page.redirect("/office/network/validators", toast=_("Голосование отозвано."))
