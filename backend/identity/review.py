"""An officer's side: the queue, remarks, refusal with reasons, approval that admits on chain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from backend.core import files, vault
from backend.core.context import Context
from backend.core.errors import Invalid, NotFound
from backend.core.events import emit
from backend.core.files import StoredFile
from backend.core.ids import new_id
from backend.core.journal import record
from backend.core.pagination import Page, PageRequest
from backend.core.permissions import Permission
from backend.identity import cases, participants, repository
from backend.identity.cases import CaseView
from backend.identity.models import Case, CaseFile, CaseRemark
from backend.identity.states import CASE_MOVES, CaseState, RejectReason

CLASS_BITS = participants.CLASS_BITS


@dataclass(frozen=True, slots=True)
class Ask:
    """A remark to a field; ``form`` stands for the whole."""

    field: str
    text: str


def queue(ctx: Context, request: PageRequest, state: CaseState | None = None) -> Page[Case]:
    """Applications, latest first."""
    ctx.require(Permission.CASE_READ)
    return repository.cases(ctx, request, state)


def open_case(ctx: Context, case_id: str) -> CaseView:
    """One application with documents and checks; the edge journals the view (152-ФЗ)."""
    ctx.require(Permission.CASE_READ)
    case = ctx.session.get(Case, case_id)
    if case is None or case.state == CaseState.DRAFT:
        raise NotFound
    return cases.view(ctx, case)


def file_of_case(ctx: Context, file_id: str, case_id: str | None = None) -> tuple[StoredFile, bytes]:
    """A document of an application, of the given one when it is named."""
    ctx.require(Permission.CASE_READ)
    row = ctx.session.get(CaseFile, file_id)
    if row is None or case_id not in (None, row.case_id):
        raise NotFound
    return files.load(ctx, file_id)


def ask(ctx: Context, case_id: str, remarks: list[Ask]) -> CaseView:
    """Send the application back with remarks."""
    ctx.require(Permission.CASE_REVIEW)
    if not remarks or not all(one.text.strip() for one in remarks):
        raise Invalid("Напишите, что исправить.", "Say what to correct.", field="remarks")
    case = _in_review(ctx, case_id)
    _remark(ctx, case, remarks)
    _move(ctx, case, CaseState.NEED_INFO, "identity.case.remarks", {"fields": [one.field for one in remarks]})
    return cases.view(ctx, case)


def reject(ctx: Context, case_id: str, reason: RejectReason, text: str) -> CaseView:
    """Refuse with a reason code and words that the applicant reads."""
    ctx.require(Permission.CASE_REVIEW)
    if not text.strip():
        raise Invalid("Объясните отказ.", "Explain the refusal.", field="text")
    case = _in_review(ctx, case_id)
    case.reject_reason = reason.value
    _remark(ctx, case, [Ask("form", text)])
    _move(ctx, case, CaseState.REJECTED, "identity.case.rejected", {"reason": reason.value})
    return cases.view(ctx, case)


def approve(ctx: Context, case_id: str, classes: list[str], admitted_until: datetime) -> CaseView:
    """Admit: participant, wallet and the promise of ``Participants.admit`` in the officer's own name.

    ``classes`` of FREE, LIMIT, TEST, QUAL; ``admitted_until`` ahead of business time.
    """
    ctx.require(Permission.CASE_DECIDE)
    bits = participants.class_bits(classes)
    participants.check_term(ctx, admitted_until)
    case = _in_review(ctx, case_id)
    form = cases.checked_form(ctx, case)
    case.officer_id = ctx.actor.user_id
    _move(ctx, case, CaseState.ADMITTING, "identity.case.approving", {"classes": classes})
    participants.admit(ctx, case, form, bits, admitted_until)
    return cases.view(ctx, case)


def _in_review(ctx: Context, case_id: str) -> Case:
    case = repository.case_locked(ctx, case_id)
    if case is None:
        raise NotFound
    return case


def _move(ctx: Context, case: Case, state: CaseState, action: str, details: dict[str, object]) -> None:
    case.state = CASE_MOVES.check(case.state, state)
    case.decided_at = ctx.now()
    ctx.session.add(case)
    ctx.session.flush()
    record(ctx, action=action, entity="case", entity_id=case.id, details=dict(details))
    emit(ctx, action, user_id=case.user_id, payload={"case": case.id})


def _remark(ctx: Context, case: Case, remarks: list[Ask]) -> None:
    for one in remarks:
        row = CaseRemark(
            id=new_id(),
            case_id=case.id,
            version=case.version,
            field=one.field[:120],
            text=vault.seal(ctx, case.id, one.text.strip().encode()),
            officer_id=ctx.actor.user_id or "",
            at=ctx.now(),
        )
        ctx.session.add(row)
    ctx.session.flush()
