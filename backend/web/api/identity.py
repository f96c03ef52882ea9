"""Applications, participants, watch-lists and tasks for a second officer."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Path, UploadFile
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import Response

from backend.core.context import Context
from backend.core.errors import NotFound
from backend.core.permissions import Permission
from backend.custody.models import Intent
from backend.identity import service as identity
from backend.identity.service import ApplicantKind, CaseState, CaseView, Participant, RejectReason, Task
from backend.web.api.money import PageOut, page_out
from backend.web.deps import Ctx, Listing
from backend.web.routing import RowNumber, api_router

cases = api_router("/cases", "applications")
participants = api_router("/participants", "participants")
watchlists = api_router("/watchlists", "watch-lists")
tasks = api_router("/tasks", "tasks")


SystemName = Annotated[str, Path(pattern="^[A-Z]{2,20}$")]


class Body(BaseModel):
    """Base of request bodies."""

    model_config = ConfigDict(extra="forbid")


class CaseBody(Body):
    """A new application; the form may be incomplete, it is kept as typed."""

    kind: ApplicantKind
    form: dict[str, Any] = Field(default_factory=dict)


class FormBody(Body):
    """The fields as typed."""

    form: dict[str, Any]


class AskBody(Body):
    """A remark to a field."""

    field: str = Field(max_length=120)
    text: str = Field(max_length=2000)


class RemarksBody(Body):
    """What to correct."""

    remarks: list[AskBody] = Field(max_length=50)


class RejectBody(Body):
    """Why."""

    reason: RejectReason
    text: str = Field(max_length=2000)


class ApproveBody(Body):
    """Access classes (FREE, LIMIT, TEST, QUAL) and the end of the admission."""

    classes: list[str] = Field(max_length=4)
    admitted_until: AwareDatetime


class UpdateBody(ApproveBody):
    """New classes or term, and why."""

    basis: str = Field(max_length=500)


class GroundsBody(Body):
    """Reason and SHA-256 of the document that justifies it."""

    reason: str = Field(max_length=500)
    document_hash: str = Field("", max_length=66)


class HoldBody(Body):
    """The document that asks to keep the data: its kind, number and date."""

    basis: str = Field(max_length=300)


class PowersBody(Body):
    """New powers of an organisation's signer; the document's SHA-256 proves them."""

    name: str = Field(max_length=300)
    position: str = Field(max_length=300)
    basis: str = Field(max_length=300)
    valid_until: date | None = None
    document_hash: str = Field(pattern="^[0-9a-f]{64}$")


class SignerOut(BaseModel):
    """Who signs for an organisation; ``valid_until`` is the last day, null: no end is set."""

    participant_id: str
    number: str
    organisation: str
    name: str | None
    position: str | None
    basis: str | None
    valid_until: date | None


class ProblemOut(BaseModel):
    """What is wrong with a field."""

    field: str
    code: str
    message: str


class FileOut(BaseModel):
    """An attached document."""

    id: str
    name: str
    kind: str
    size_bytes: int
    sha256: str


class CaseShort(BaseModel):
    """An application in the queue."""

    id: str
    kind: ApplicantKind
    portal: str
    state: CaseState
    version: int
    submitted_at: datetime | None


class CaseOut(CaseShort):
    """An application whole."""

    form: dict[str, Any]
    problems: list[ProblemOut]
    remarks: list[dict[str, Any]]
    files: list[FileOut]
    checks: list[dict[str, Any]]
    reject_reason: str | None
    participant_id: str | None
    legal_hold: str | None
    erase_on: date | None
    erased_at: datetime | None


class ParticipantOut(BaseModel):
    """A participant of the register with what the chain says."""

    id: str
    number: str
    name: str
    kind: str
    portal: str
    status: str
    wallet: str
    chain_status: str | None
    classes: list[str]
    admitted_until: datetime | None


class TaskOut(BaseModel):
    """A proposal that waits for a second officer."""

    proposal_id: int
    contract: str
    function: str
    arguments: dict[str, Any]
    proposer: str
    role: str
    proposed_at: datetime
    expires_at: datetime | None
    mine: bool


class IntentOut(BaseModel):
    """A promise to the chain; its state is at /operations/{id}."""

    intent_id: str
    state: str
    summary: str


def case_short(case: identity.Case) -> CaseShort:
    """The answer about an application in a list."""
    return CaseShort(
        id=case.id,
        kind=case.kind,
        portal=case.portal,
        state=case.state,
        version=case.version,
        submitted_at=case.submitted_at,
    )


def case_out(ctx: Context, view: CaseView) -> CaseOut:
    """The answer about an application."""
    case = view.case
    return CaseOut(
        **case_short(case).model_dump(),
        form=view.form,
        problems=[ProblemOut(field=one.field, code=one.code, message=one.text(ctx.lang)) for one in view.problems],
        remarks=[{"field": one.field, "text": one.text, "version": one.version} for one in view.remarks],
        files=[
            FileOut(id=one.id, name=one.name, kind=kind, size_bytes=one.size_bytes, sha256=one.sha256)
            for one, kind in view.files
        ],
        checks=case.checks,
        reject_reason=case.reject_reason,
        participant_id=case.participant_id,
        legal_hold=case.legal_hold if ctx.actor.may(Permission.CASE_READ) else None,
        erase_on=identity.erase_on(ctx, case),
        erased_at=case.erased_at,
    )


def signer_out(ctx: Context, row: Participant) -> SignerOut:
    """The answer about an organisation's signer."""
    powers = identity.powers_of(ctx, row)
    return SignerOut(
        participant_id=row.id,
        number=row.number,
        organisation=identity.display_name(ctx, row.id),
        name=powers.name if powers else None,
        position=powers.position if powers else None,
        basis=powers.basis if powers else None,
        valid_until=powers.valid_until if powers else None,
    )


def participant_out(ctx: Context, row: Participant) -> ParticipantOut:
    """The answer about a participant."""
    chain = identity.chain_row(ctx, row)
    bits = chain.classes if chain else 0
    return ParticipantOut(
        id=row.id,
        number=row.number,
        name=str(identity.profile(ctx, row)["name"]),
        kind=row.kind,
        portal=row.portal,
        status=row.status.value,
        wallet=row.wallet,
        chain_status=chain.status if chain else None,
        classes=[name for name, bit in (("FREE", 1), ("LIMIT", 2), ("TEST", 4), ("QUAL", 8)) if bits & bit],
        admitted_until=chain.admitted_until_at if chain else None,
    )


def task_out(task: Task) -> TaskOut:
    """The answer about a task."""
    proposal = task.proposal
    return TaskOut(
        proposal_id=proposal.id,
        contract=task.contract,
        function=task.function,
        arguments=task.arguments,
        proposer=proposal.proposer,
        role=proposal.role_name,
        proposed_at=proposal.proposed_at,
        expires_at=proposal.expires_at_at,
        mine=task.mine,
    )


def intent_out(intent: Intent) -> IntentOut:
    """The answer about a promise."""
    return IntentOut(intent_id=intent.id, state=intent.state.value, summary=intent.summary)


# --- applicant -------------------------------------------------------------------------------------------------------


@cases.post("", status_code=201, summary="Begin an application")
def start(ctx: Ctx, body: CaseBody) -> CaseOut:
    """One open application a user."""
    return case_out(ctx, identity.start(ctx, body.kind, body.form))


@cases.get("/mine", summary="My application")
def mine(ctx: Ctx) -> CaseOut:
    """The latest; 404 when there is none."""
    view = identity.mine(ctx)
    if view is None:
        raise NotFound
    return case_out(ctx, view)


@cases.put("/{case_id}", summary="Save the form")
def save(ctx: Ctx, case_id: str, body: FormBody) -> CaseOut:
    """Kept as typed; problems are told, not enforced."""
    return case_out(ctx, identity.save(ctx, case_id, body.form))


@cases.post("/{case_id}/files", status_code=201, summary="Attach a document")
def attach(
    ctx: Ctx, case_id: str, kind: Annotated[str, Form(max_length=30)], file: Annotated[UploadFile, File()]
) -> FileOut:
    """PDF, PNG or JPEG by content; at most ten."""
    stored = identity.attach(ctx, case_id, kind, file.filename or "", file.file.read())
    return FileOut(id=stored.id, name=stored.name, kind=kind, size_bytes=stored.size_bytes, sha256=stored.sha256)


@cases.delete("/{case_id}/files/{file_id}", status_code=204, summary="Take a document away")
def detach(ctx: Ctx, case_id: str, file_id: str) -> None:
    """Before the application is handed in."""
    identity.detach(ctx, case_id, file_id)


@cases.post("/{case_id}/submit", summary="Hand in")
def submit(ctx: Ctx, case_id: str) -> CaseOut:
    """422 lists every wrong field."""
    return case_out(ctx, identity.submit(ctx, case_id))


@cases.post("/{case_id}/withdraw", summary="Take back")
def withdraw(ctx: Ctx, case_id: str) -> CaseOut:
    """Before the decision."""
    return case_out(ctx, identity.withdraw(ctx, case_id))


# --- officers --------------------------------------------------------------------------------------------------------


@cases.get("", summary="Queue of applications")
def queue(ctx: Ctx, listing: Listing, state: CaseState | None = None) -> PageOut[CaseShort]:
    """Handed in, latest first."""
    return page_out(identity.queue(ctx, listing, state), case_short)


@cases.get("/{case_id}", summary="One application")
def one_case(ctx: Ctx, case_id: str) -> CaseOut:
    """With documents and checks."""
    return case_out(ctx, identity.open_case(ctx, case_id))


@cases.get("/{case_id}/files/{file_id}", summary="A document", response_class=Response)
def case_file(ctx: Ctx, case_id: str, file_id: str) -> Response:
    """The bytes; applicants read their own, officers all."""
    reads_all = ctx.actor.may(Permission.CASE_READ)
    read = identity.file_of_case if reads_all else identity.own_file
    stored, data = read(ctx, file_id, case_id)
    return Response(data, media_type=stored.media_type)


@cases.post("/{case_id}/remarks", summary="Ask for corrections")
def ask(ctx: Ctx, case_id: str, body: RemarksBody) -> CaseOut:
    """The applicant sees them and hands in again."""
    return case_out(ctx, identity.ask(ctx, case_id, [identity.Ask(one.field, one.text) for one in body.remarks]))


@cases.post("/{case_id}/hold", status_code=204, summary="Forbid the destruction of the data")
def hold(ctx: Ctx, case_id: str, body: HoldBody) -> None:
    """A legal hold: the data stays whatever its term says."""
    identity.hold_case(ctx, case_id, body.basis)


@cases.post("/{case_id}/hold/release", status_code=204, summary="Lift a legal hold")
def release(ctx: Ctx, case_id: str) -> None:
    """The term counts again, from the same day as before."""
    identity.release_case(ctx, case_id)


@cases.post("/{case_id}/reject", summary="Refuse")
def reject(ctx: Ctx, case_id: str, body: RejectBody) -> CaseOut:
    """With a reason that the applicant reads."""
    return case_out(ctx, identity.reject(ctx, case_id, body.reason, body.text))


@cases.post("/{case_id}/approve", summary="Approve and admit on chain")
def approve(ctx: Ctx, case_id: str, body: ApproveBody) -> CaseOut:
    """The state is ADMITTING until the chain has confirmed."""
    return case_out(ctx, identity.approve(ctx, case_id, body.classes, body.admitted_until))


@participants.get("", summary="Register of participants")
def register(ctx: Ctx, listing: Listing, portal: str | None = None) -> PageOut[ParticipantOut]:
    """``q``: number, address, or whole ИНН."""
    return page_out(identity.register(ctx, listing, portal), lambda row: participant_out(ctx, row))


@participants.get("/me", summary="My participant")
def me(ctx: Ctx) -> ParticipantOut:
    """403 before admission."""
    return participant_out(ctx, identity.own(ctx))


@participants.get("/signers", summary="Powers of signers")
def signers(ctx: Ctx, listing: Listing) -> PageOut[SignerOut]:
    """Organisations, those whose powers end first at the top."""
    return page_out(identity.signers(ctx, listing), lambda row: signer_out(ctx, row))


@participants.post("/{participant_id}/powers", summary="Enter new powers of a signer")
def powers(ctx: Ctx, participant_id: str, body: PowersBody) -> SignerOut:
    """The last entered count."""
    entered = identity.Powers(body.name, body.position, body.basis, body.valid_until, body.document_hash)
    identity.renew_powers(ctx, participant_id, entered)
    return signer_out(ctx, identity.participant(ctx, participant_id))


@participants.post("/system/{name}/admit", summary="Admit an account of the operator")
def admit_system(ctx: Ctx, name: SystemName, admitted_until: AwareDatetime) -> ParticipantOut:
    """Such as TAX, which receives withheld tax."""
    return participant_out(ctx, identity.admit_system(ctx, name, admitted_until))


@participants.post("/{participant_id}/update", summary="Change classes or term")
def update(ctx: Ctx, participant_id: str, body: UpdateBody) -> IntentOut:
    """Qualification, renewal."""
    return intent_out(identity.update(ctx, participant_id, body.classes, body.admitted_until, body.basis))


@participants.post("/{participant_id}/block", summary="Block at once")
def block(ctx: Ctx, participant_id: str, body: GroundsBody) -> IntentOut:
    """One officer is enough."""
    return intent_out(identity.block(ctx, participant_id, body.reason, body.document_hash))


@participants.post("/{participant_id}/unblock", summary="Propose to unblock")
def unblock(ctx: Ctx, participant_id: str, body: GroundsBody) -> IntentOut:
    """A second officer approves it among the tasks."""
    return intent_out(identity.propose_unblock(ctx, participant_id, body.reason, body.document_hash))


@watchlists.post("/{source}", summary="Import a watch-list")
def import_list(ctx: Ctx, source: str, file: Annotated[UploadFile, File()]) -> dict[str, Any]:
    """CSV: name;ИНН. Replaces the list of that source and compares everybody."""
    result = identity.import_list(ctx, source, file.file.read())
    return {"rows": result.rows, "participants": result.participants, "cases": result.cases}


@tasks.get("", summary="Actions that wait for a second officer")
def waiting(ctx: Ctx) -> list[TaskOut]:
    """Oldest first."""
    return [task_out(one) for one in identity.waiting(ctx)]


@tasks.post("/{proposal_id}/approve", summary="Approve as the second officer")
def approve_task(ctx: Ctx, proposal_id: RowNumber) -> IntentOut:
    """It executes in that transaction."""
    return intent_out(identity.approve_task(ctx, proposal_id))


@tasks.post("/{proposal_id}/cancel", summary="Withdraw a proposal")
def cancel_task(ctx: Ctx, proposal_id: RowNumber) -> IntentOut:
    """By any officer of its role."""
    return intent_out(identity.cancel_task(ctx, proposal_id))


ROUTERS: list[APIRouter] = [cases, participants, watchlists, tasks]
