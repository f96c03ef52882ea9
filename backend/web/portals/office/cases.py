"""Applications: the queue, the case with its documents, remarks, refusal, admission."""

from __future__ import annotations

from datetime import timedelta

from starlette.responses import Response

from backend.accounts import service as accounts
from backend.core.clock import to_msk
from backend.core.errors import Invalid
from backend.core.permissions import Permission
from backend.identity import service as identity
from backend.identity.participants import ADMIT_REF
from backend.identity.review import CLASS_BITS
from backend.identity.service import Ask, CaseState, RejectReason
from backend.identity.states import REJECT_WORDS
from backend.web.deps import Form, Listing, Page, PageContext
from backend.web.exports import export
from backend.web.i18n import gettext as _
from backend.web.labels import label
from backend.web.portals.office.tools import end_of_day, fragment, inline_file, intents_of, person
from backend.web.portals.office.words import field_choices, sections_of
from backend.web.routing import page_router

router = page_router("/office/cases")
REMARK_ROWS = 3
USUAL_TERM = timedelta(days=365)


@router.get("")
def queue(page: Page, listing: Listing, state: CaseState | None = None) -> Response:
    """Applications, latest first."""
    found = identity.queue(page.ctx, listing, state)
    people = {one.id: accounts.account(page.ctx, one.user_id) for one in found.items}
    if listing.file:
        columns = [
            (_("Заявитель"), lambda one: people[one.id].name),
            (_("Кто подаёт"), lambda one: _(label("applicant", one.kind).text)),
            (_("Кабинет"), lambda one: _(label("portal", one.portal).text)),
            (_("Состояние"), lambda one: _(label("case", one.state).text)),
            (_("Версия"), lambda one: one.version),
            (_("Подана"), lambda one: one.submitted_at.isoformat() if one.submitted_at else ""),
        ]
        return export(found, columns, "cases", listing.file)
    return page.render("office/cases.html", rows=found, people=people, listing=listing, state=state, states=CaseState)


@router.get("/{case_id}")
def case(page: Page, case_id: str) -> Response:
    """One application: fields, documents, checks, remarks, the decision."""
    view = identity.open_case(page.ctx, case_id)
    return page.render(
        "office/case.html",
        view=view,
        case=view.case,
        applicant=accounts.account(page.ctx, view.case.user_id),
        officer=person(page.ctx, view.case.officer_id),
        sections=sections_of(view.form),
        choices=field_choices(view.form),
        names=dict(field_choices(view.form)),
        reasons=[(one.value, words[0 if page.ctx.lang == "ru" else 1]) for one, words in REJECT_WORDS.items()],
        classes=list(CLASS_BITS),
        until=(to_msk(page.ctx.now()) + USUAL_TERM).date().isoformat(),
        rows=range(1, REMARK_ROWS + 1),
        intents=_intents(page, view.case.participant_id),
        may_review=page.actor.may(Permission.CASE_REVIEW),
        may_decide=page.actor.may(Permission.CASE_DECIDE),
        erase_on=identity.erase_on(page.ctx, view.case),
    )


@router.get("/{case_id}/status")
def status(page: Page, case_id: str) -> Response:
    """Where the admission is."""
    found = identity.open_case(page.ctx, case_id).case
    intents = _intents(page, found.participant_id)
    return fragment(page, "office/_intents.html", found.state.value, kind="case", intents=intents)


@router.get("/{case_id}/files/{file_id}")
def file(page: Page, case_id: str, file_id: str) -> Response:
    """A document, shown in the browser."""
    return inline_file(*identity.file_of_case(page.ctx, file_id))


@router.post("/{case_id}/ask")
def ask(page: Page, form: Form, case_id: str) -> Response:
    """Send back with remarks."""
    remarks = [
        Ask(form.get(f"field_{number}", "form"), form.get(f"text_{number}"))
        for number in range(1, REMARK_ROWS + 1)
        if form.get(f"text_{number}")
    ]
    if not remarks:
        raise Invalid("Напишите, что исправить.", "Say what to correct.", field="text_1")
    identity.ask(page.ctx, case_id, remarks)
    return page.redirect(f"/office/cases/{case_id}", toast=_("Замечания отправлены заявителю."))


@router.post("/{case_id}/reject")
def reject(page: Page, form: Form, case_id: str) -> Response:
    """Refuse with a reason."""
    if form.get("reason") not in set(RejectReason):
        raise Invalid("Выберите причину.", "Choose a reason.", field="reason")
    identity.reject(page.ctx, case_id, RejectReason(form.get("reason")), form.get("text"))
    return page.redirect(f"/office/cases/{case_id}", toast=_("Отказ отправлен заявителю."))


@router.post("/{case_id}/approve")
def approve(page: Page, form: Form, case_id: str) -> Response:
    """Admit with classes and a term."""
    until = end_of_day(form.get("admitted_until"), "admitted_until")
    identity.approve(page.ctx, case_id, form.all("classes"), until)
    return page.redirect(f"/office/cases/{case_id}", toast=_("Допуск отправлен в реестр."))


@router.post("/{case_id}/hold")
def hold(page: Page, form: Form, case_id: str) -> Response:
    """Keep the data beyond its term."""
    identity.hold_case(page.ctx, case_id, form.get("basis"))
    return page.redirect(f"/office/cases/{case_id}", toast=_("Запрет на уничтожение данных установлен."))


@router.post("/{case_id}/hold/release")
def release(page: Page, case_id: str) -> Response:
    """Let the terms count again."""
    identity.release_case(page.ctx, case_id)
    return page.redirect(f"/office/cases/{case_id}", toast=_("Запрет на уничтожение данных снят."))


def _intents(page: PageContext, participant_id: str | None) -> list[object]:
    return list(intents_of(page.ctx, participant_id, ADMIT_REF)) if participant_id else []
