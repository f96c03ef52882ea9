"""Actions that wait for a second officer: open four-eyed proposals in words, approval and withdrawal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlmodel import col, select

from backend.core.context import Context
from backend.core.errors import Forbidden, NotAllowedInState, NotFound
from backend.core.journal import record
from backend.core.permissions import CHAIN_ROLES, Permission
from backend.custody import calls
from backend.custody import service as custody
from backend.custody.errors import WalletMissing
from backend.custody.models import Intent
from indexer.models import ChainProposal

APPROVE_REF = "tasks.approve"
CANCEL_REF = "tasks.cancel"


@dataclass(frozen=True, slots=True)
class Task:
    """A proposal with its call decoded."""

    proposal: ChainProposal
    contract: str
    function: str
    arguments: dict[str, Any]
    mine: bool


def waiting(ctx: Context) -> list[Task]:
    """Open proposals, oldest first."""
    ctx.require(Permission.TASK_READ)
    statement = select(ChainProposal).where(ChainProposal.state == "PROPOSED").order_by(col(ChainProposal.id))
    now = int(ctx.now().timestamp())
    return [_task(ctx, one) for one in ctx.session.exec(statement) if one.expires_at >= now]


def approve(ctx: Context, proposal_id: int) -> Intent:
    """Approve as another officer of the same role; it executes in that transaction."""
    proposal = _checked(ctx, proposal_id)
    if proposal.proposer == ctx.actor.wallet:
        raise Forbidden("Утвердить должен другой сотрудник.", "Another officer must approve.", code="same_officer")
    record(ctx, action="tasks.approved", entity="proposal", entity_id=str(proposal_id))
    return custody.four_eyes_approve(
        ctx,
        wallet=_wallet(ctx),
        proposal_id=proposal_id,
        data=proposal.data,
        idempotency_key=_key(ctx, APPROVE_REF, proposal_id),
        ref_kind=APPROVE_REF,
        ref_id=str(proposal_id),
        summary=f"Утвердить предложение № {proposal_id}",
    )


def cancel(ctx: Context, proposal_id: int) -> Intent:
    """Withdraw a proposal."""
    _checked(ctx, proposal_id)
    record(ctx, action="tasks.cancelled", entity="proposal", entity_id=str(proposal_id))
    return custody.four_eyes_cancel(
        ctx,
        wallet=_wallet(ctx),
        proposal_id=proposal_id,
        idempotency_key=_key(ctx, CANCEL_REF, proposal_id),
        ref_kind=CANCEL_REF,
        ref_id=str(proposal_id),
        summary=f"Отозвать предложение № {proposal_id}",
    )


def _checked(ctx: Context, proposal_id: int) -> ChainProposal:
    ctx.require(Permission.TASK_READ)
    proposal = ctx.session.get(ChainProposal, proposal_id)
    if proposal is None:
        raise NotFound
    roles = {CHAIN_ROLES[role] for role in ctx.actor.roles if role in CHAIN_ROLES}
    if int(proposal.role) not in roles:
        raise Forbidden
    if proposal.state != "PROPOSED":
        raise NotAllowedInState
    return proposal


def _key(ctx: Context, ref_kind: str, proposal_id: int) -> str:
    answered = [one for one in custody.intents_of(ctx, ref_kind, str(proposal_id)) if one.handled]
    return f"{ref_kind}:{proposal_id}:{ctx.actor.wallet}:{len(answered)}"


def _task(ctx: Context, proposal: ChainProposal) -> Task:
    contract = proposal.target_name or "DigitalAsset"
    decoded = calls.decode_call(contract, proposal.data)
    name, arguments = decoded or (proposal.selector, {})
    return Task(proposal, contract, name, arguments, mine=proposal.proposer == ctx.actor.wallet)


def _wallet(ctx: Context) -> str:
    if ctx.actor.wallet is None:
        raise WalletMissing
    return ctx.actor.wallet
