"""Issues: list, new by file or form, the draft with problems, documents and preview, signature, recall."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from backend.core.context import Context
from backend.core.errors import Invalid
from backend.core.permissions import Permission
from backend.identity import service as identity
from backend.issues import service as issues
from backend.issues.decision import read_decision_yaml
from backend.issues.moderation import DEPLOY_REF, PROPOSE_REF
from backend.issues.service import Draft, IssueState
from backend.issues.states import EDITABLE
from backend.web.deps import Form, Listing, Page, PageContext
from backend.web.exports import export
from backend.web.forms import FormState
from backend.web.i18n import gettext as _
from backend.web.labels import label
from backend.web.portals.issuer import decision_form, decision_view
from backend.web.portals.office.tools import fragment, inline_file, intents_of
from backend.web.routing import page_router

router = page_router("/issuer/issues")
RECALLABLE = EDITABLE | {IssueState.MODERATION}


@router.get("")
def mine(page: Page, listing: Listing) -> Response:
    """Own issues, latest first."""
    found = issues.my_issues(page.ctx, listing)
    states = {one.id: issues.state_of(page.ctx, one) for one in found.items}
    if listing.file:
        columns = [
            (_("Номер"), lambda one: one.number),
            (_("Название"), lambda one: one.title),
            (_("Состояние"), lambda one: _(label("issue", states[one.id]).text)),
            (_("Версия"), lambda one: one.version),
            (_("Хеш решения"), lambda one: one.decision_hash or ""),
        ]
        return export(found, columns, "issues", listing.file)
    sales = {one.id: issues.chain_placement(page.ctx, one) for one in found.items}
    return page.render("issuer/issues.html", rows=found, states=states, sales=sales, listing=listing)


@router.get("/new")
def new(page: Page) -> Response:
    """A file, or the form."""
    page.ctx.require(Permission.ISSUE_DRAFT)
    content = decision_form.blank(page.ctx, identity.own(page.ctx))
    return page.render(
        "issuer/new.html", shown=decision_form.shown(content), options=decision_form.options(), content=content
    )


@router.post("/new")
def create(page: Page, form: Form) -> Response:
    """A draft from the form; problems are told on its page."""
    content = decision_form.apply(decision_form.blank(page.ctx, identity.own(page.ctx)), form)
    return _to(page, issues.create(page.ctx, content), _("Черновик сохранён."))


@router.post("/upload")
def upload(page: Page, form: Form) -> Response:
    """A draft from a YAML file."""
    file = form.file("file")
    if file is None:
        raise Invalid("Выберите файл решения.", "Choose the decision's file.", field="file")
    return _to(page, issues.create_from_file(page.ctx, file.data), _("Решение загружено."))


@router.get("/{issue_id}")
def draft(page: Page, issue_id: str, units: int | None = None) -> Response:
    """One issue whole."""
    found = issues.my_draft(page.ctx, issue_id)
    row = found.issue
    view = decision_view.read(row.content, units)
    listed = row.content.get("documents")
    names = [str(one) for one in listed] if isinstance(listed, list) else []
    attached = dict(found.documents)
    return page.render(
        "issuer/issue.html",
        draft=found,
        row=row,
        state=issues.state_of(page.ctx, row),
        view=view,
        terms=decision_view.terms(view.decision) if view else [],
        problems=[(decision_view.field_words(one.field), one) for one in found.problems],
        documents=[(name, attached.get(name)) for name in dict.fromkeys([*names, *attached])],
        missing=[name for name in names if name not in attached],
        field_words=decision_view.field_words,
        chain=issues.chain_issue(page.ctx, row),
        steps=_steps(found),
        intents=intents_of(page.ctx, row.id, PROPOSE_REF, DEPLOY_REF),
        editable=row.state in EDITABLE,
        may_sign=page.actor.may(Permission.ISSUE_SUBMIT),
        may_recall=page.actor.may(Permission.ISSUE_SUBMIT) and row.state in RECALLABLE,
    )


@router.get("/{issue_id}/status")
def status(page: Page, issue_id: str) -> Response:
    """The way to the register, live."""
    found = issues.my_draft(page.ctx, issue_id)
    row = found.issue
    intents = intents_of(page.ctx, row.id, PROPOSE_REF, DEPLOY_REF)
    return fragment(page, "office/_issue_status.html", row.state.value, row=row, steps=_steps(found), intents=intents)


@router.get("/{issue_id}/edit")
def edit(page: Page, issue_id: str) -> Response:
    """The form, with what is wrong beside each field."""
    found = _editable(page.ctx, issue_id)
    return page.render(
        "issuer/edit.html",
        row=found.issue,
        shown=decision_form.shown(found.issue.content),
        options=decision_form.options(),
        **_marked(page, found),
    )


@router.post("/{issue_id}/edit")
def save(page: Page, form: Form, issue_id: str) -> Response:
    """Keep the form's fields."""
    content = issues.my_draft(page.ctx, issue_id).issue.content
    return _to(page, issues.save(page.ctx, issue_id, decision_form.apply(content, form)), _("Сохранено."))


@router.get("/{issue_id}/text")
def text(page: Page, issue_id: str) -> Response:
    """The whole decision as YAML."""
    found = _editable(page.ctx, issue_id)
    return page.render("issuer/text.html", row=found.issue, text=decision_form.as_text(found.issue.content))


@router.post("/{issue_id}/text")
def save_text(page: Page, form: Form, issue_id: str) -> Response:
    """Keep the whole text; JSON is read too."""
    content = read_decision_yaml(form.get("document").encode())
    return _to(page, issues.save(page.ctx, issue_id, content), _("Сохранено."))


@router.post("/{issue_id}/documents")
def attach(page: Page, form: Form, issue_id: str) -> Response:
    """A document under the name that the decision lists."""
    file = form.file("file")
    if file is None:
        raise Invalid("Выберите файл.", "Choose a file.", field="file")
    issues.attach(page.ctx, issue_id, form.get("name") or file.filename, file.data)
    return page.redirect(f"/issuer/issues/{issue_id}", toast=_("Документ приложен."))


@router.get("/{issue_id}/documents/{name}")
def document(page: Page, issue_id: str, name: str) -> Response:
    """A document, shown in the browser."""
    return inline_file(*issues.document(page.ctx, issue_id, name))


@router.post("/{issue_id}/submit")
def submit(page: Page, issue_id: str) -> Response:
    """Sign by the hash and hand to the moderators."""
    return _to(page, issues.submit(page.ctx, issue_id), _("Решение подписано и передано модераторам."))


@router.post("/{issue_id}/recall")
def recall(page: Page, issue_id: str) -> Response:
    """Take back before the register."""
    return _to(page, issues.recall(page.ctx, issue_id), _("Решение отозвано."))


def _to(page: PageContext, found: Draft, toast: str) -> Response:
    return page.redirect(f"/issuer/issues/{found.issue.id}", toast=toast)


def _editable(ctx: Context, issue_id: str) -> Draft:
    ctx.require(Permission.ISSUE_DRAFT)
    return issues.my_draft(ctx, issue_id)


def _marked(page: PageContext, found: Draft) -> dict[str, Any]:
    """Marks the fields with the draft's problems, unless a refused form marks them already."""
    if getattr(page.request.state, "form_state", None) is not None or not found.problems:
        return {}
    errors = {one.field: one.text(page.ctx.lang) for one in found.problems}
    return {"form_state": FormState({}, errors, _("Исправьте отмеченные поля — потом решение можно подписать."))}


_ORDER = (IssueState.DRAFT, IssueState.MODERATION, IssueState.APPROVED, IssueState.DEPLOYING, IssueState.DEPLOYED)


def _steps(found: Draft) -> list[tuple[str, Any, str, str]]:
    row = found.issue
    stopped = row.state in (IssueState.REJECTED, IssueState.RECALLED)
    reached = 0 if row.state == IssueState.REMARKS or stopped else _ORDER.index(row.state)
    signed = found.versions[-1].at if found.versions else None
    hint = {
        IssueState.REMARKS: _("Есть замечания: исправьте и подпишите снова"),
        IssueState.REJECTED: row.reject_reason or "",
        IssueState.RECALLED: _("Вы отозвали решение"),
    }.get(row.state, "")

    def mark(step: int) -> str:
        if stopped:
            return "failed" if step == 1 else "done" if step == 0 else "next"
        return "done" if reached > step or row.state == IssueState.DEPLOYED else "now" if reached == step else "next"

    return [
        (_("Решение подписано"), signed, hint, mark(0)),
        (_("Проверка модератора"), None, "", mark(1)),
        (_("Второе одобрение"), None, "", mark(2)),
        (_("Запись в реестр"), row.published_at, "", mark(3)),
    ]
