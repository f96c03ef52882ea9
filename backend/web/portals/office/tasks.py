"""Actions that wait for a second officer."""

from __future__ import annotations

from starlette.responses import Response

from backend.accounts import service as accounts
from backend.audit import service as audit
from backend.core.context import Context
from backend.core.permissions import CHAIN_ROLES, Permission
from backend.identity import service as identity
from backend.identity.service import Task
from backend.issues import service as issues
from backend.registrar import service as registrar
from backend.web.deps import Page
from backend.web.i18n import gettext as _
from backend.web.i18n import mark
from backend.web.labels import label
from backend.web.portals.office.tools import fragment
from backend.web.render import moment, money
from backend.web.routing import page_router

router = page_router("/office/tasks")

FUNCTION_WORDS: dict[str, str] = {
    "deploy": mark("Выпустить в реестр"),
    "unblock": mark("Разблокировать участника"),
    "grantRole": mark("Выдать роль"),
    "revokeRole": mark("Отозвать роль"),
    "setRule": mark("Изменить правило двух сотрудников"),
    "setLimit": mark("Изменить годовой лимит"),
    "replace": mark("Заменить адрес участника"),
    "moveAll": mark("Перенести деньги на новый адрес"),
    "unfreeze": mark("Снять заморозку"),
    "setTaxRule": mark("Изменить правило налога"),
    "setGrace": mark("Изменить льготный срок"),
    "forcedTransfer": mark("Принудительный перевод"),
    "forcedBurn": mark("Принудительное погашение"),
    "replaceHolder": mark("Заменить владельца"),
    "setPaused": mark("Приостановить или возобновить выпуск"),
    "appendRecordDate": mark("Добавить дату фиксации"),
    "encumber": mark("Наложить обременение"),
    "release": mark("Снять обременение"),
    "setDocument": mark("Заменить документ выпуска"),
    "removeDocument": mark("Убрать документ выпуска"),
}


@router.get("")
def tasks(page: Page) -> Response:
    """Oldest first."""
    found = identity.waiting(page.ctx)
    numbers = {CHAIN_ROLES[role] for role in page.actor.roles if role in CHAIN_ROLES}
    return page.render(
        "office/tasks.html",
        tasks=found,
        words={one.proposal.id: _words(one) for one in found},
        people=audit.names_of(page.ctx, {one.proposal.proposer for one in found}),
        subjects={one.proposal.id: _subject(page.ctx, one) for one in found},
        links={one.proposal.id: _link(page.ctx, one) for one in found},
        mine=[one for one in found if int(one.proposal.role) in numbers and not one.mine],
        numbers=numbers,
        changes=accounts.role_changes(page.ctx) if page.actor.may(Permission.USER_READ) else [],
    )


@router.get("/stamp")
def stamp(page: Page) -> Response:
    """Loads the page anew when a task came or went."""
    numbers = "-".join(str(one.proposal.id) for one in identity.waiting(page.ctx)) or "none"
    return fragment(page, "office/_stamp.html", numbers)


@router.post("/{proposal_id}/approve")
def approve(page: Page, proposal_id: int) -> Response:
    """As the second officer; it executes in that transaction."""
    identity.approve_task(page.ctx, proposal_id)
    return page.redirect("/office/tasks", toast=_("Утверждено, исполняется в реестре."))


@router.post("/{proposal_id}/cancel")
def cancel(page: Page, proposal_id: int) -> Response:
    """Withdraw a proposal."""
    identity.cancel_task(page.ctx, proposal_id)
    return page.redirect("/office/tasks", toast=_("Предложение отзывается."))


def _words(task: Task) -> str:
    return _(FUNCTION_WORDS[task.function]) if task.function in FUNCTION_WORDS else task.function


def _subject(ctx: Context, task: Task) -> list[tuple[str, str]]:
    act = registrar.act_of_proposal(ctx, task.proposal.proposed_tx)
    if act is not None:
        return act_facts(ctx, act, task)
    if task.function == "setLimit":
        since, kopeks = (int(value) for value in list(task.arguments.values())[:2])
        return [(_("Сумма за календарный год"), money(kopeks)), (_("Действует с"), moment(since))]
    issue = _issue(ctx, task)
    if issue is not None:
        return [
            (_("Номер"), issue.number),
            (_("Название"), issue.title),
            (_("Эмитент"), identity.display_name(ctx, issue.participant_id)),
            (_("Хеш решения"), issue.decision_hash or "—"),
        ]
    return [(name, _short(ctx, value)) for name, value in task.arguments.items()][:6]


def act_facts(ctx: Context, act: registrar.RegistrarAct, task: Task) -> list[tuple[str, str]]:
    """An act of a registrar in words: who loses, who gains, what, by which document."""
    issue = registrar.issue_of(ctx, act.asset) if act.asset else None
    facts = [
        (_("Действие"), f"{_(label('act_kind', act.kind).text)} · {act.number}"),
        (_("Владелец"), _party(ctx, act.participant_id)),
        (_("Получатель"), _party(ctx, act.receiver_id) if act.receiver_id else ""),
        (_("Выпуск"), f"{issue.symbol} · {issue.name}" if issue else ""),
        (_("Единиц"), str(act.units or "")),
        (_("Новый адрес"), act.new_wallet or ""),
        (_("SHA-256 документа"), task.proposal.document_hash),
    ]
    return [one for one in facts if one[1]]


def _party(ctx: Context, participant_id: str) -> str:
    return f"{identity.display_name(ctx, participant_id)}, {identity.participant(ctx, participant_id).number}"


def _short(ctx: Context, value: object) -> str:
    text = str(value)
    if text.startswith("0x") and len(text) == 42:
        row = identity.participant_by_wallet(ctx, text)
        return row.number if row else text
    return text if len(text) <= 90 else f"{text[:87]}…"


def _link(ctx: Context, task: Task) -> str:
    """The page on which the record of this task stands, where there is one."""
    act = registrar.act_of_proposal(ctx, task.proposal.proposed_tx)
    if act is not None and ctx.actor.may(Permission.REGISTRAR_ACT):
        return f"/office/registrar/{act.id}"
    if task.function == "unblock":
        row = identity.participant_by_wallet(ctx, str(next(iter(task.arguments.values()), "")))
        return f"/office/participants/{row.id}" if row else ""
    if task.function == "deploy":
        issue = _issue(ctx, task)
        return f"/office/issues/{issue.id}" if issue else "/office/issues?state=APPROVED"
    if task.function == "setLimit":
        return "/office/limits"
    return "/office/users" if task.function in {"grantRole", "revokeRole"} else ""


def _issue(ctx: Context, task: Task) -> issues.Issue | None:
    """The issue that a proposal to deploy names: the first word of its terms is the identifier on chain."""
    terms = next(iter(task.arguments.values()), None) if task.function == "deploy" else None
    first = next(iter(terms.values() if isinstance(terms, dict) else terms), "") if terms else ""
    return issues.by_chain_id(ctx, str(first)) if first else None
