"""Moderation of issues: the queue, checklist, changes between versions, remarks, approval by two, the way to the register."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from backend.core.context import Context
from backend.core.errors import Invalid
from backend.core.permissions import Permission
from backend.identity import service as identity
from backend.issues import service as issues
from backend.issues.moderation import CANCEL_REF, DEPLOY_REF, PROPOSE_REF
from backend.issues.service import Draft, Issue, IssueState
from backend.web.deps import Form, Listing, Page
from backend.web.exports import export
from backend.web.i18n import gettext as _
from backend.web.labels import label
from backend.web.portals.issuer import decision_view
from backend.web.portals.office.tools import fragment, inline_file, intents_of, person
from backend.web.routing import page_router

router = page_router("/office/issues")
REMARK_ROWS = 3
REFS = (PROPOSE_REF, DEPLOY_REF, CANCEL_REF)
Step = tuple[str, Any, str, str]


@router.get("")
def queue(page: Page, listing: Listing, state: IssueState | None = None) -> Response:
    """Issues of all issuers, drafts left out."""
    found = issues.queue(page.ctx, listing, state)
    states = {one.id: issues.state_of(page.ctx, one) for one in found.items}
    names = {one.id: identity.display_name(page.ctx, one.participant_id) for one in found.items}
    if listing.file:
        columns = [
            (_("Номер"), lambda one: one.number),
            (_("Название"), lambda one: one.title),
            (_("Эмитент"), lambda one: names[one.id]),
            (_("Состояние"), lambda one: _(label("issue", states[one.id]).text)),
            (_("Версия"), lambda one: one.version),
            (_("Хеш решения"), lambda one: one.decision_hash or ""),
        ]
        return export(found, columns, "issues", listing.file)
    return page.render(
        "office/issues.html", rows=found, states=states, names=names, listing=listing, state=state, filters=IssueState
    )


@router.get("/{issue_id}")
def issue(page: Page, issue_id: str) -> Response:
    """One issue: checklist, terms, payments, documents, what changed, the decision of the moderators."""
    draft = issues.open_issue(page.ctx, issue_id)
    row = draft.issue
    view = decision_view.read(row.content)
    versions = draft.versions
    changed = decision_view.changes(versions[-2].content, versions[-1].content) if len(versions) > 1 else []
    return page.render(
        "office/issue.html",
        draft=draft,
        row=row,
        state=issues.state_of(page.ctx, row),
        issuer=identity.participant(page.ctx, row.participant_id),
        issuer_name=identity.display_name(page.ctx, row.participant_id),
        checklist=issues.checklist(page.ctx, row) if view else [],
        view=view,
        terms=decision_view.terms(view.decision) if view else [],
        changed=changed,
        field_words=decision_view.field_words,
        chain=issues.chain_issue(page.ctx, row),
        steps=_steps(page.ctx, draft),
        intents=intents_of(page.ctx, row.id, *REFS),
        fields=[(path, _(words)) for path, words in decision_view.FIELD_WORDS.items()],
        remark_rows=range(1, REMARK_ROWS + 1),
        first_is_me=row.first_moderator == page.actor.user_id,
        may_moderate=page.actor.may(Permission.ISSUE_MODERATE),
        may_approve=page.actor.may(Permission.ISSUE_APPROVE),
    )


@router.get("/{issue_id}/status")
def status(page: Page, issue_id: str) -> Response:
    """The way to the register, live."""
    draft = issues.open_issue(page.ctx, issue_id)
    row = draft.issue
    mark = f"{row.state.value}-{row.proposal_id or 0}"
    intents = intents_of(page.ctx, row.id, *REFS)
    return fragment(page, "office/_issue_status.html", mark, row=row, steps=_steps(page.ctx, draft), intents=intents)


@router.get("/{issue_id}/documents/{name}")
def document(page: Page, issue_id: str, name: str) -> Response:
    """A document of the issue, shown in the browser."""
    return inline_file(*issues.document(page.ctx, issue_id, name))


@router.post("/{issue_id}/approve")
def approve(page: Page, issue_id: str) -> Response:
    """First: propose; second, by another moderator: deploy."""
    draft = issues.approve(page.ctx, issue_id)
    second = draft.issue.state == IssueState.DEPLOYING
    toast = _("Выпуск отправлен в реестр.") if second else _("Одобрено. Нужен второй модератор.")
    return page.redirect(f"/office/issues/{issue_id}", toast=toast)


@router.post("/{issue_id}/remark")
def remark(page: Page, form: Form, issue_id: str) -> Response:
    """Send back with remarks."""
    remarks = [
        (form.get(f"field_{number}"), form.get(f"text_{number}"))
        for number in range(1, REMARK_ROWS + 1)
        if form.get(f"text_{number}")
    ]
    if not remarks:
        raise Invalid("Напишите замечание.", "Write a remark.", field="text_1")
    issues.remark(page.ctx, issue_id, remarks)
    return page.redirect(f"/office/issues/{issue_id}", toast=_("Замечания отправлены эмитенту."))


@router.post("/{issue_id}/reject")
def reject(page: Page, form: Form, issue_id: str) -> Response:
    """Refuse for good; a proposal that stands in the register is withdrawn."""
    proposed = issues.reject(page.ctx, issue_id, form.get("reason")).issue.proposal_id is not None
    toast = _("Выпуск отклонён. Предложение отзывается в реестре.") if proposed else _("Выпуск отклонён.")
    return page.redirect(f"/office/issues/{issue_id}", toast=toast)


_ORDER = (IssueState.MODERATION, IssueState.APPROVED, IssueState.DEPLOYING, IssueState.DEPLOYED)


def _steps(ctx: Context, draft: Draft) -> list[Step]:
    row = draft.issue
    reached = _ORDER.index(row.state) if row.state in _ORDER else 0
    signed = draft.versions[-1].at if draft.versions else row.submitted_at
    proposed = row.proposal_id is not None
    return [
        (_("Подписано эмитентом"), signed, f"{_('Версия')} {row.version}", "done"),
        (_("Первое одобрение"), None, _who(ctx, row.first_moderator), _mark(row, reached, 1)),
        (
            _("Предложение записано в реестр"),
            None,
            f"№ {row.proposal_id}" if proposed else "",
            "done" if proposed else ("now" if reached == 1 else "next"),
        ),
        (_("Второе одобрение"), None, _who(ctx, row.second_moderator), _mark(row, reached, 2)),
        (_("Выпуск в реестре"), row.published_at, "", _mark(row, reached, 3)),
    ]


def _mark(row: Issue, reached: int, step: int) -> str:
    if row.state in (IssueState.REJECTED, IssueState.RECALLED, IssueState.REMARKS):
        return "failed" if step == 1 else "next"
    return "done" if reached >= step else "now" if reached == step - 1 else "next"


def _who(ctx: Context, user_id: str | None) -> str:
    return person(ctx, user_id) if user_id else ""
