"""Validators, permission lists, and what the node says of itself."""

from __future__ import annotations

from starlette.responses import Response

from backend.audit import network
from backend.audit import service as audit
from backend.core.permissions import Permission
from backend.network import service as permissioning
from backend.web.deps import Listing, Page
from backend.web.exports import export
from backend.web.i18n import gettext as _
from backend.web.i18n import mark
from backend.web.routing import page_router

router = page_router("/audit/network")

DRIFT_WORDS: dict[str, str] = {
    "chain_differs": mark("Узел показывает другую сеть, не ту, которую прочитало зеркало."),
    "mirror_ahead": mark("Зеркало ушло дальше головы узла: узел отстал или данные потеряны."),
    "lists_differ": mark("Список валидаторов узла не совпадает со списком последнего блока."),
    "stranger_proposed": mark("Среди последних блоков есть предложенные адресом, которого нет в списке валидаторов."),
    "silent_validator": mark("Валидатор не предложил ни одного из последних блоков: возможно, он остановлен."),
}


@router.get("")
def network_page(page: Page, listing: Listing) -> Response:
    """Who may seal blocks, who may join, and whether witnesses agree."""
    found = network.network(page.ctx)
    seen = permissioning.validators(page.ctx) if page.actor.may(Permission.NETWORK_READ) else None
    if listing.file:
        columns = [
            (_("Валидатор"), lambda one: one.address),
            (_("В списке узла"), lambda one: _("да") if one.named_by_node else _("нет")),
            (_("В последнем блоке"), lambda one: _("да") if one.named_by_block else _("нет")),
            (_("Предложил блоков"), lambda one: one.proposed),
            (_("Последний блок"), lambda one: "" if one.last_block is None else one.last_block),
        ]
        return export(found.validators, columns, "validators", listing.file)
    return page.render(
        "audit/network.html",
        found=found,
        seen=seen,
        work={one.address: one for one in seen.validators} if seen else {},
        drift=[_(DRIFT_WORDS[one]) for one in found.drift],
        names=audit.names_of(page.ctx, set(found.allowed_accounts or [])),
    )
