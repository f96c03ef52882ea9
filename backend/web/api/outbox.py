"""The sender for operators: the outbox by state, age and wallet, a wallet's history, stopping, resuming, cancelling; figures for Prometheus."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from backend.custody import desk, metrics, taken
from backend.custody.models import Intent, Wallet
from backend.custody.states import IntentState
from backend.web.api.money import PageOut, page_out
from backend.web.deps import Ctx, Listing
from backend.web.routing import api_router

router = api_router("/outbox", "outbox")

Age = Annotated[int | None, Query(ge=0, le=10**9)]


class ReasonBody(BaseModel):
    """Why; goes into the journal."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=300)


class ResumeBody(ReasonBody):
    """``next_nonce`` moves the wallet's next number up, after a transaction that is not ours."""

    next_nonce: int | None = Field(None, ge=0, le=2**62)


class OutboxIntentOut(BaseModel):
    """One wanted call on its way; ``shown`` is the call in words as it was accepted, ``spent_by`` a foreign transaction that took its number."""

    id: str
    state: IntentState
    wallet: str
    contract: str
    function: str
    summary: str
    shown: str | None
    shown_hash: str | None
    nonce: int | None
    tx_hash: str | None
    block_number: int | None
    sends: int
    error_code: str | None
    error: str | None
    cancel_hash: str | None
    spent_by: str | None
    created_at: datetime
    updated_at: datetime
    numbered_at: datetime | None
    signed_at: datetime | None
    sent_at: datetime | None
    mined_at: datetime | None
    settled_at: datetime | None


class WalletOut(BaseModel):
    """One address that the operator keeps; nothing tells of its key but the store that has it."""

    address: str
    owner_kind: str
    owner_id: str
    store: str
    next_nonce: int
    stopped_reason: str | None
    stopped_at: datetime | None
    lease_owner: str | None
    created_at: datetime


class StandingOut(BaseModel):
    """Count and oldest of a state that is not final."""

    state: IntentState
    count: int
    oldest: datetime | None


@router.get("", summary="Intents by state, wallet and age")
def listed(
    ctx: Ctx,
    listing: Listing,
    state: IntentState | None = None,
    wallet: Annotated[str | None, Query(max_length=42)] = None,
    older_than_s: Age = None,
) -> PageOut[OutboxIntentOut]:
    """The oldest first; with ``wallet``, that wallet's history."""
    page = desk.outbox(ctx, listing, state=state, wallet=wallet, older_than_s=older_than_s)
    return page_out(page, lambda one: intent_out(one, english=ctx.lang == "en"))


@router.get("/standing", summary="States that are not final: counts and ages")
def standing(ctx: Ctx) -> list[StandingOut]:
    """All of them, also those without an intent."""
    return [StandingOut(state=one.state, count=one.count, oldest=one.oldest) for one in desk.standing(ctx)]


@router.get("/metrics", summary="The same for Prometheus", response_class=Response)
def figures(ctx: Ctx) -> Response:
    """Text of version 0.0.4; the scraper signs in with a token of an officer."""
    return Response(metrics.text(ctx), media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/wallets", summary="Wallets")
def wallets(ctx: Ctx, listing: Listing, stopped: bool = False) -> PageOut[WalletOut]:
    """By address; with ``stopped`` only those that sign nothing until a person has looked."""
    return page_out(desk.wallets(ctx, listing, stopped=stopped), wallet_out)


@router.post("/wallets/{address}/stop", summary="Stop a wallet")
def stop(ctx: Ctx, address: str, body: ReasonBody) -> WalletOut:
    """Nothing more is signed or sent for it; asks for a fresh second factor."""
    return wallet_out(desk.stop_wallet(ctx, address, body.reason))


@router.post("/wallets/{address}/resume", summary="Let a stopped wallet go on")
def resume(ctx: Ctx, address: str, body: ResumeBody) -> WalletOut:
    """Refused while it has calls whose number a foreign transaction has taken. Asks for a fresh second factor."""
    return wallet_out(desk.resume_wallet(ctx, address, body.reason, next_nonce=body.next_nonce))


@router.post("/{intent_id}/cancel", summary="Spend the number of a call that no block holds on nothing")
def cancel(ctx: Ctx, intent_id: str, body: ReasonBody) -> OutboxIntentOut:
    """Whichever is mined first decides: the call may still be carried out. Asks for a fresh second factor."""
    return intent_out(desk.cancel(ctx, intent_id, body.reason), english=ctx.lang == "en")


@router.post(
    "/{intent_id}/give-up", summary="Report a call whose number a foreign transaction has taken as not carried out"
)
def give_up(ctx: Ctx, intent_id: str, body: ReasonBody) -> OutboxIntentOut:
    """Refused unless the mirror holds that transaction. Asks for a fresh second factor."""
    return intent_out(taken.give_up(ctx, intent_id, body.reason), english=ctx.lang == "en")


@router.post("/{intent_id}/renumber", summary="Give a call whose number a foreign transaction has taken a new one")
def renumber(ctx: Ctx, intent_id: str, body: ReasonBody) -> OutboxIntentOut:
    """It is simulated and signed anew, once. Refused unless the mirror holds that transaction. Asks for a fresh second factor."""
    return intent_out(taken.renumber(ctx, intent_id, body.reason), english=ctx.lang == "en")


@router.get("/{intent_id}", summary="One intent")
def one(ctx: Ctx, intent_id: str) -> OutboxIntentOut:
    """With the words that were shown, the moments of its states, and the refusal."""
    return intent_out(desk.one_intent(ctx, intent_id), english=ctx.lang == "en")


def intent_out(one: Intent, *, english: bool) -> OutboxIntentOut:
    """An intent as the API tells it."""
    same = {name: getattr(one, name) for name in OutboxIntentOut.model_fields if name != "error"}
    return OutboxIntentOut(**same, error=one.error_en if english else one.error_ru)


def wallet_out(one: Wallet) -> WalletOut:
    """A wallet as the API tells it."""
    return WalletOut(**{name: getattr(one, name) for name in WalletOut.model_fields})
