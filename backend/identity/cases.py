"""An applicant's side: draft, documents, submission, correction after remarks or a refusal, withdrawal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from backend.accounts import service as accounts
from backend.core import files, vault
from backend.core.clock import to_msk
from backend.core.context import Context
from backend.core.errors import Forbidden, Invalid, NotFound, Problem
from backend.core.files import StoredFile
from backend.core.ids import new_id
from backend.core.journal import record
from backend.core.permissions import Permission
from backend.identity import checks, repository
from backend.identity.errors import CaseExists, CaseInvalid, CaseNotOpen, TooManyFiles
from backend.identity.models import Case, CaseFile, CaseVersion
from backend.identity.schemas import AnyForm, OrganisationForm, read_form
from backend.identity.states import CASE_MOVES, EDITABLE, OPEN, ApplicantKind, CaseState

FILE_KINDS = ("passport", "charter", "appointment", "egrul", "owners", "accounts", "power", "other")
FORM_MAX_KEYS = 200
APPLICANT_PORTALS = frozenset({"investor", "issuer"})


@dataclass(frozen=True, slots=True)
class Remark:
    """A remark in plain words."""

    field: str
    text: str
    version: int


@dataclass(frozen=True, slots=True)
class CaseView:
    """An application as its applicant or an officer sees it."""

    case: Case
    form: dict[str, Any]
    problems: list[Problem]
    remarks: list[Remark]
    files: list[tuple[StoredFile, str]]


def start(ctx: Context, kind: ApplicantKind, form: dict[str, Any]) -> CaseView:
    """Begin an application; what is given is kept as it is."""
    user_id = _user(ctx)
    present = repository.own_case(ctx)
    if present is not None and present.state in OPEN | {CaseState.APPROVED}:
        raise CaseExists
    portal = accounts.account(ctx, user_id).portal.value
    if portal not in APPLICANT_PORTALS:
        raise Forbidden
    if portal == "issuer" and kind == ApplicantKind.PERSON:
        raise Invalid(
            "Эмитентом может быть организация или ИП.", "An issuer is a company or a sole trader.", field="kind"
        )
    case_id = new_id()
    case = Case(
        id=case_id, user_id=user_id, portal=portal, kind=kind, form=_seal(ctx, case_id, form), created_at=ctx.now()
    )
    ctx.session.add(case)
    ctx.session.flush()
    record(ctx, action="identity.case.started", entity="case", entity_id=case.id, details={"kind": kind.value})
    return view(ctx, case)


def save(ctx: Context, case_id: str, form: dict[str, Any]) -> CaseView:
    """Keep the fields as typed, right or wrong."""
    case = _own_editable(ctx, case_id)
    case.form = _seal(ctx, case.id, form)
    ctx.session.add(case)
    ctx.session.flush()
    return view(ctx, case)


def attach(ctx: Context, case_id: str, kind: str, filename: str, data: bytes) -> StoredFile:
    """Add a document (PDF, PNG, JPEG); at most ten."""
    case = _own_editable(ctx, case_id)
    if kind not in FILE_KINDS:
        raise Invalid("Укажите вид документа.", "Name the kind of the document.", field="kind")
    if len(repository.files_of(ctx, case.id)) >= ctx.settings.uploads_per_case:
        raise TooManyFiles(field="file")
    stored = files.store(ctx, case.id, filename, data)
    ctx.session.add(CaseFile(file_id=stored.id, case_id=case.id, kind=kind))
    ctx.session.flush()
    return stored


def detach(ctx: Context, case_id: str, file_id: str) -> None:
    """Take a document away before the application is handed in."""
    case = _own_editable(ctx, case_id)
    row = ctx.session.get(CaseFile, file_id)
    if row is None or row.case_id != case.id:
        raise NotFound
    ctx.session.delete(row)
    ctx.session.flush()


def submit(ctx: Context, case_id: str) -> CaseView:
    """Hand in: every rule is checked and every problem told at once; automatic checks run."""
    case = _own_editable(ctx, case_id)
    form, problems = read_form(case.kind, _form(ctx, case), today(ctx))
    if form is None:
        raise CaseInvalid(problems=problems)
    case.state = CASE_MOVES.check(case.state, CaseState.SUBMITTED)
    case.version = case.version + 1 if case.submitted_at else case.version
    case.submitted_at, case.reject_reason = ctx.now(), None
    inn = form.inn
    case.inn_digest = repository.digest(ctx, "inn", inn) if inn else None
    case.document_digest = None
    if not isinstance(form, OrganisationForm):
        document = f"{form.passport.series}{form.passport.number}"
        case.document_digest = repository.digest(ctx, "passport", document)
    sealed = _seal(ctx, case.id, form.model_dump(mode="json"))
    ctx.session.add(CaseVersion(case_id=case.id, version=case.version, form=sealed, at=ctx.now()))
    case.checks = checks.run(ctx, case, form)
    case.state = CASE_MOVES.check(case.state, CaseState.IN_REVIEW)
    ctx.session.add(case)
    ctx.session.flush()
    details = {"version": case.version, "checks": {one["code"]: one["result"] for one in case.checks}}
    record(ctx, action="identity.case.submitted", entity="case", entity_id=case.id, details=details)
    return view(ctx, case)


def withdraw(ctx: Context, case_id: str) -> CaseView:
    """Take the application back."""
    case = _own(ctx, case_id)
    case.state = CASE_MOVES.check(case.state, CaseState.WITHDRAWN)
    ctx.session.add(case)
    ctx.session.flush()
    record(ctx, action="identity.case.withdrawn", entity="case", entity_id=case.id)
    return view(ctx, case)


def mine(ctx: Context) -> CaseView | None:
    """The asker's latest application."""
    _user(ctx)
    case = repository.own_case(ctx)
    return view(ctx, case) if case is not None else None


def own_file(ctx: Context, file_id: str, case_id: str | None = None) -> tuple[StoredFile, bytes]:
    """A document of an own application, of the given one when it is named."""
    row = ctx.session.get(CaseFile, file_id)
    if row is None or case_id not in (None, row.case_id):
        raise NotFound
    _own(ctx, row.case_id)
    return files.load(ctx, file_id)


def view(ctx: Context, case: Case) -> CaseView:
    """Open what is sealed; the caller has checked that the asker may see it."""
    form = _form(ctx, case)
    problems = read_form(case.kind, form, today(ctx))[1] if case.state in EDITABLE and case.erased_at is None else []
    remarks = [
        Remark(one.field, vault.unseal(ctx, case.id, one.text).decode(), one.version)
        for one in repository.remarks_of(ctx, case.id)
    ]
    found = [(ctx.session.get_one(StoredFile, one.file_id), one.kind) for one in repository.files_of(ctx, case.id)]
    return CaseView(case, form, problems, remarks, found)


def checked_form(ctx: Context, case: Case) -> AnyForm:
    """The form of a submitted application; raises :class:`CaseInvalid` when time has made it invalid."""
    form, problems = read_form(case.kind, _form(ctx, case), today(ctx))
    if form is None:
        raise CaseInvalid(problems=problems)
    return form


def today(ctx: Context) -> date:
    """The Moscow date of business time."""
    return to_msk(ctx.now()).date()


def _user(ctx: Context) -> str:
    if ctx.actor.user_id is None:
        raise NotFound
    return ctx.actor.user_id


def _own(ctx: Context, case_id: str) -> Case:
    case = repository.case_locked(ctx, case_id)
    if case is None or case.user_id != _user(ctx):
        raise NotFound
    return case


def _own_editable(ctx: Context, case_id: str) -> Case:
    case = _own(ctx, case_id)
    if case.state not in EDITABLE or case.erased_at is not None:
        raise CaseNotOpen
    return case


def _form(ctx: Context, case: Case) -> dict[str, Any]:
    return vault.unseal_dict(ctx, case.id, case.form) if case.erased_at is None else {}


def _seal(ctx: Context, case_id: str, form: dict[str, Any]) -> bytes:
    if len(form) > FORM_MAX_KEYS:
        raise Invalid("Слишком много полей.", "Too many fields.", field="form")
    return vault.seal(ctx, case_id, form)


def require_reader(ctx: Context) -> None:
    """An officer who may read applications."""
    ctx.require(Permission.CASE_READ)
