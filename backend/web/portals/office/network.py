"""The network: nodes, wanted lists, history, differences. What is done here is stored with its reason and carried out by the worker."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from backend.core.errors import Invalid
from backend.core.pagination import PageRequest
from backend.core.permissions import Permission
from backend.network import service as network
from backend.network.models import NetworkChange
from backend.network.states import Kind
from backend.web.deps import Form, Listing, Page, PageContext
from backend.web.exports import export
from backend.web.forms import Form as FormContent
from backend.web.i18n import gettext as _
from backend.web.labels import label
from backend.web.portals.office.tools import person
from backend.web.render import moment
from backend.web.routing import page_router

router = page_router("/office/network")

KINDS = {"accounts": Kind.ACCOUNT, "nodes": Kind.NODE}


def reason_words(text: str) -> str:
    """A reason as a person wrote it, or the words of one that the platform gave."""
    found = label("network_reason", text)
    return _(found.text) if found.text != text else text


def author(page: PageContext, name: str) -> str:
    """A user by name, a process by its own."""
    if len(name) != 36:
        return name
    return person(page.ctx, name)


@router.get("")
def overview(page: Page) -> Response:
    """Nodes with what each of them lacks, what is on its way, open alarms."""
    found = network.overview(page.ctx)
    return page.render(
        "office/network.html",
        found=found,
        retired=network.retired_wallets(page.ctx) if found.network else [],
        may_manage=page.actor.may(Permission.NETWORK_MANAGE),
    )


@router.post("/alarms/{alarm_id}/close")
def close(page: Page, form: Form, alarm_id: str) -> Response:
    """Somebody has looked at a foreign sender."""
    network.acknowledge(page.ctx, alarm_id, form.get("reason"))
    return page.redirect("/office/network", toast=_("Тревога закрыта, причина записана в журнал."))


@router.get("/history")
def history(page: Page, listing: Listing) -> Response:
    """Who wanted what, when and why."""
    rows = network.history(page.ctx, listing, unfinished=page.request.query_params.get("only") == "open")
    if listing.file:
        return export(rows, _history_columns(page), "network-history", listing.file)
    told = network.deliveries(page.ctx, [one.id for one in rows.items])
    return page.render(
        "office/network_history.html",
        rows=rows,
        listing=listing,
        told=told,
        reasons={one.id: reason_words(one.reason) for one in rows.items},
        authors={one.id: author(page, one.requested_by) for one in rows.items},
    )


@router.get("/history/{change_id}")
def change(page: Page, change_id: str) -> Response:
    """One change and what each node has done about it."""
    found, rows = network.change(page.ctx, change_id)
    return page.render(
        "office/network_change.html",
        change=found,
        rows=rows,
        reason=reason_words(found.reason),
        author=author(page, found.requested_by),
        approver=author(page, found.approved_by) if found.approved_by else None,
    )


@router.get("/history/{change_id}/nodes")
def change_nodes(page: Page, change_id: str) -> Response:
    """The part of that page that keeps itself fresh."""
    found, rows = network.change(page.ctx, change_id)
    return page.render("office/_network_deliveries.html", change=found, rows=rows)


@router.get("/drift")
def drift(page: Page, listing: Listing) -> Response:
    """The last comparison of every node, the repairs, outcomes before."""
    states = network.node_states(page.ctx)
    if listing.file:
        lines = [(one.node, title, value) for one in states for title, listed in _differences(one) for value in listed]
        columns = [
            (_("Узел"), lambda line: line[0]), (_("Что не так"), lambda line: line[1]), (_("Запись"), lambda line: line[2]),
        ]  # fmt: skip
        return export(lines, columns, "network-drift", listing.file)
    return page.render(
        "office/network_drift.html",
        found=network.overview(page.ctx),
        states=states,
        differences={one.node: _differences(one) for one in states},
        checks=network.checks(page.ctx),
        repairs=network.repairs(page.ctx),
        authors=lambda name: author(page, name),
        may_manage=page.actor.may(Permission.NETWORK_MANAGE),
    )


@router.post("/drift/{node}/repair")
def repair(page: Page, node: str) -> Response:
    """Make a node's lists the wanted ones."""
    network.ask_repair(page.ctx, node)
    return page.redirect("/office/network/drift", toast=_("Выравнивание запрошено: обработчик выполнит его сейчас."))


@router.get("/accounts")
def accounts(page: Page, listing: Listing) -> Response:
    """Who may send."""
    return _listed(page, listing, "accounts")


@router.get("/nodes")
def nodes(page: Page, listing: Listing) -> Response:
    """Which nodes may connect."""
    return _listed(page, listing, "nodes")


@router.post("/accounts")
def want_account(page: Page, form: Form) -> Response:
    """Admit or remove a sender."""
    return _wanted(page, form, "accounts")


@router.post("/nodes")
def want_node(page: Page, form: Form) -> Response:
    """Admit or remove a node."""
    return _wanted(page, form, "nodes")


def _listed(page: PageContext, listing: PageRequest, which: str) -> Response:
    kind = KINDS[which]
    removed = page.request.query_params.get("removed") == "1"
    rows = network.entries(page.ctx, kind, listing, removed=removed)
    if listing.file:
        columns = [
            (_("Запись"), lambda one: one.value),
            (_("Чья"), lambda one: one.label),
            (_("С какого времени"), lambda one: moment(one.since)),
            (_("Действует с"), lambda one: moment(one.effective_at)),
        ]
        return export(rows, columns, f"network-{which}", listing.file)
    return page.render(
        "office/network_list.html",
        which=which,
        rows=rows,
        listing=listing,
        removed=removed,
        present=network.overview(page.ctx).network is not None,
        may_manage=page.actor.may(Permission.NETWORK_MANAGE),
        asked=page.request.query_params.get("value", ""),
    )


def _wanted(page: PageContext, form: FormContent, which: str) -> Response:
    page.ctx.require(Permission.NETWORK_MANAGE)
    kind, act = KINDS[which], form.get("act")
    if act not in {"allow", "remove"}:
        raise Invalid("Выберите действие.", "Choose what to do.", field="act")
    if act == "allow":
        made = network.allow(page.ctx, kind, form.get("value"), reason=form.get("reason"), label=form.get("label"))
    else:
        made = network.remove(page.ctx, kind, form.get("value"), reason=form.get("reason"))
    return page.redirect(f"/office/network/history/{made.id}", toast=_("Записано. Обработчик рассылает по узлам."))


def _differences(state: Any) -> list[tuple[str, list[str]]]:
    found = [
        (_("не хватает отправителя"), state.accounts_missing),
        (_("лишний отправитель"), state.accounts_extra),
        (_("не хватает узла"), state.nodes_missing),
        (_("лишний узел"), state.nodes_extra),
    ]
    return [(title, listed) for title, listed in found if listed]


def _history_columns(page: PageContext) -> list[tuple[str, Any]]:
    def act(one: NetworkChange) -> str:
        return _(label("network_act", f"{one.kind.value}.{one.action.value}").text)

    return [
        (_("Время"), lambda one: moment(one.requested_at)),
        (_("Действие"), act),
        (_("Запись"), lambda one: one.value),
        (_("Чья"), lambda one: one.label),
        (_("Причина"), lambda one: reason_words(one.reason)),
        (_("Кто"), lambda one: author(page, one.requested_by)),
        (_("Утвердил"), lambda one: author(page, one.approved_by) if one.approved_by else ""),
        (_("Состояние"), lambda one: _(label("network_change", one.state.value).text)),
        (_("Запись журнала"), lambda one: one.journal_seq or ""),
    ]
