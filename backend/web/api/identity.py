"""Applications, participants, watch-lists and tasks for a second officer."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Path, UploadFile
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import Response

from backend.core.errors import NotFound
from backend.core.permissions import Permission
from backend.identity import service as identity
from backend.identity.service import ApplicantKind, CaseState, RejectReason
from backend.web.api.identity_out import (
    CaseOut,
    CaseShort,
    FileOut,
    IntentOut,
    ParticipantOut,
    SignerOut,
    TaskOut,
    case_out,
    case_short,
    intent_out,
    participant_out,
    signer_out,
    task_out,
)
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
