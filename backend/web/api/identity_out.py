"""Answers about applications, participants and tasks."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel

from backend.core.context import Context
from backend.core.permissions import Permission
from backend.custody.models import Intent
from backend.identity import service as identity
from backend.identity.service import ApplicantKind, CaseState, CaseView, Participant, Task


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
