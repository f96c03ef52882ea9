"""Queries of the registrar's desk."""

from __future__ import annotations

from sqlmodel import col, or_, select

from backend.core.context import Context
from backend.core.pagination import Page, PageRequest, paginate
from backend.custody.models import Intent
from backend.identity.models import Participant
from backend.registrar.models import RegistrarAct
from backend.registrar.states import ActKind
from indexer.models import (
    ChainEncumbrance,
    ChainHolding,
    ChainIssue,
    ChainOrder,
    ChainParticipant,
    ChainProposal,
    ChainRubleAccount,
    ChainTransfer,
)


def act(ctx: Context, act_id: str) -> RegistrarAct | None:
    """One act."""
    return ctx.session.get(RegistrarAct, act_id)


def acts(ctx: Context, request: PageRequest, kind: ActKind | None, participant_id: str | None) -> Page[RegistrarAct]:
    """Acts, the latest first; ``q`` is a number of an act or of a participant."""
    statement = select(RegistrarAct)
    if kind is not None:
        statement = statement.where(RegistrarAct.kind == kind)
    if participant_id is not None:
        own = or_(RegistrarAct.participant_id == participant_id, RegistrarAct.receiver_id == participant_id)
        statement = statement.where(own)
    if request.q:
        named = select(Participant.id).where(col(Participant.number).icontains(request.q))
        found = or_(
            col(RegistrarAct.number).icontains(request.q),
            col(RegistrarAct.participant_id).in_(named),
            col(RegistrarAct.receiver_id).in_(named),
        )
        statement = statement.where(found)
    return paginate(
        ctx.session, statement.order_by(col(RegistrarAct.at).desc(), col(RegistrarAct.number).desc()), request
    )


def act_of_successor(ctx: Context, wallet: str) -> RegistrarAct | None:
    """The replacement that made an address."""
    return ctx.session.exec(select(RegistrarAct).where(RegistrarAct.new_wallet == wallet)).first()


def proposal_of_tx(ctx: Context, tx_hash: str) -> ChainProposal | None:
    """The proposal that a transaction made."""
    return ctx.session.exec(select(ChainProposal).where(ChainProposal.proposed_tx == tx_hash)).first()


def intent_of_tx(ctx: Context, tx_hash: str, ref_kind: str) -> Intent | None:
    """The intent of a kind that a transaction carries."""
    return ctx.session.exec(select(Intent).where(Intent.tx_hash == tx_hash, Intent.ref_kind == ref_kind)).first()


def issue_of(ctx: Context, asset: str) -> ChainIssue | None:
    """The issue of a token."""
    return ctx.session.exec(select(ChainIssue).where(ChainIssue.asset == asset.lower())).first()


def issues(ctx: Context) -> list[ChainIssue]:
    """Issues in the register, the latest first."""
    return list(ctx.session.exec(select(ChainIssue).order_by(col(ChainIssue.deployed_block).desc())))


def holding(ctx: Context, asset: str, wallet: str) -> ChainHolding | None:
    """Units of one holder."""
    return ctx.session.get(ChainHolding, (asset, wallet))


def holdings(ctx: Context, wallet: str) -> list[ChainHolding]:
    """Everything that an address holds."""
    rows = ChainHolding
    return list(ctx.session.exec(select(rows).where(rows.holder == wallet, rows.units > 0).order_by(col(rows.asset))))


def encumbrances(ctx: Context, wallet: str, asset: str | None = None) -> list[ChainEncumbrance]:
    """Open encumbrances of a holder, the earliest first."""
    rows = ChainEncumbrance
    statement = select(rows).where(rows.holder == wallet, rows.state == "OPEN")
    if asset is not None:
        statement = statement.where(rows.asset == asset)
    return list(ctx.session.exec(statement.order_by(col(rows.created_block), col(rows.id))))


def encumbrance(ctx: Context, asset: str, encumbrance_id: int) -> ChainEncumbrance | None:
    """One encumbrance."""
    return ctx.session.get(ChainEncumbrance, (asset, encumbrance_id))


def chain_participant(ctx: Context, wallet: str) -> ChainParticipant | None:
    """What the chain says of an address."""
    return ctx.session.get(ChainParticipant, wallet)


def rubles(ctx: Context, wallet: str) -> ChainRubleAccount | None:
    """Rubles of an address."""
    return ctx.session.get(ChainRubleAccount, wallet)


def open_orders(ctx: Context, wallet: str) -> int:
    """Number of open orders of an address."""
    statement = select(ChainOrder.order_id).where(ChainOrder.investor == wallet, ChainOrder.state == "OPEN")
    return len(ctx.session.exec(statement).all())


def transfers_of_tx(ctx: Context, tx_hash: str, asset: str) -> list[ChainTransfer]:
    """Moves of a token in a transaction."""
    rows = ChainTransfer
    return list(ctx.session.exec(select(rows).where(rows.tx_hash == tx_hash.lower(), rows.asset == asset)))


def replaced(ctx: Context) -> list[tuple[Participant, ChainParticipant]]:
    """Participants whose address the chain has replaced while the old one still stands here."""
    statement = (
        select(Participant, ChainParticipant)
        .join(ChainParticipant, col(ChainParticipant.address) == col(Participant.wallet))
        .where(ChainParticipant.status == "REPLACED")
    )
    return list(ctx.session.exec(statement).all())
