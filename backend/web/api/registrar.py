"""The registrar's desk: acts with their documents and steps."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import File, Form, UploadFile
from pydantic import BaseModel

from backend.registrar import service as registrar
from backend.registrar.service import ActKind, ActView, Step, StepState, Wish
from backend.web.api.money import PageOut, page_out
from backend.web.deps import Ctx, Listing
from backend.web.routing import api_router

router = api_router("/registrar/acts", "registrar")


class StepOut(BaseModel):
    """One call of an act; ``proposal_id`` once it stands in the register."""

    place: int
    words: str
    state: StepState
    proposal_id: int | None
    expires_at: int | None
    proposed_tx: str | None
    closed_tx: str | None
    error: str | None


class ActOut(BaseModel):
    """An act; ``document_hash`` is what the chain keeps of its document."""

    id: str
    number: str
    kind: ActKind
    state: StepState
    participant: str
    receiver: str | None
    asset: str | None
    units: int | None
    encumbrance_id: int | None
    corrected_tx: str | None
    new_wallet: str | None
    document_hash: str
    at: datetime
    steps: list[StepOut]


@router.get("", summary="Acts of registrars")
def acts(ctx: Ctx, listing: Listing, kind: ActKind | None = None, number: str | None = None) -> PageOut[ActOut]:
    """The latest first; of one participant by ``number``."""
    return page_out(registrar.listed(ctx, listing, kind, number), lambda one: act_out(ctx, one))


@router.post("", status_code=201, summary="Propose an act")
def propose(
    ctx: Ctx,
    file: Annotated[UploadFile, File()],
    kind: Annotated[ActKind, Form()],
    number: Annotated[str, Form(max_length=30)],
    basis: Annotated[str, Form(max_length=500)],
    asset: Annotated[str, Form(max_length=42)] = "",
    units: Annotated[int, Form(ge=0, le=2**62)] = 0,
    receiver: Annotated[str, Form(max_length=30)] = "",
    bypass_class: Annotated[bool, Form()] = False,
    encumbrance_id: Annotated[int, Form(ge=0, le=2**62)] = 0,
    corrected_tx: Annotated[str, Form(max_length=66)] = "",
) -> ActOut:
    """Forced transfer, arrest, release, inheritance, replacement of an address, correction; the second registrar approves by tasks."""
    wish = Wish(
        kind=kind,
        number=number,
        basis=basis,
        filename=file.filename or "",
        document=file.file.read(),
        asset=asset,
        units=units,
        receiver=receiver,
        bypass_class=bypass_class,
        encumbrance_id=encumbrance_id,
        corrected_tx=corrected_tx,
    )
    return act_out(ctx, registrar.view(ctx, registrar.propose(ctx, wish).id))


@router.get("/{act_id}", summary="An act")
def act(ctx: Ctx, act_id: str) -> ActOut:
    """With its steps."""
    return act_out(ctx, registrar.view(ctx, act_id))


@router.post("/{act_id}/repeat", summary="Propose ended steps again")
def repeat(ctx: Ctx, act_id: str) -> ActOut:
    """Those that were refused, withdrawn or not approved in time."""
    return act_out(ctx, registrar.propose_again(ctx, act_id))


def act_out(ctx: Ctx, found: ActView) -> ActOut:
    """The answer about an act."""
    row = found.act
    return ActOut(
        id=row.id,
        number=row.number,
        kind=row.kind,
        state=found.state,
        participant=found.subject.number,
        receiver=found.receiver.number if found.receiver else None,
        asset=row.asset,
        units=row.units,
        encumbrance_id=row.encumbrance_id,
        corrected_tx=row.corrected_tx,
        new_wallet=row.new_wallet,
        document_hash=row.document_hash,
        at=row.at,
        steps=[step_out(one, ctx.lang) for one in found.steps],
    )


def step_out(step: Step, lang: str) -> StepOut:
    """The answer about a step."""
    proposal = step.proposal
    refused = step.state == StepState.REFUSED
    return StepOut(
        place=step.place,
        words=step.words,
        state=step.state,
        proposal_id=proposal.id if proposal else None,
        expires_at=proposal.expires_at if proposal else None,
        proposed_tx=proposal.proposed_tx if proposal else None,
        closed_tx=proposal.closed_tx if proposal else None,
        error=(step.intent.error_ru if lang == "ru" else step.intent.error_en) if refused else None,
    )
