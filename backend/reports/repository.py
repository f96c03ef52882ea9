"""Queries of reports; the one that limits documents to their owner is :func:`own_documents`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import or_
from sqlmodel import col, select

from backend.core.context import Context
from backend.core.pagination import Page, PageRequest, paginate
from backend.reports.models import IssuedDocument, RegisterSnapshot
from indexer.models import (
    ChainCursor,
    ChainIssue,
    ChainOffer,
    ChainOrder,
    ChainParticipant,
    ChainRubleEntry,
    ChainTrade,
    ChainTransfer,
)


def cursor(ctx: Context) -> ChainCursor | None:
    """How far the mirror is."""
    return ctx.session.exec(select(ChainCursor)).first()


def chain_participants(ctx: Context) -> list[ChainParticipant]:
    """The allowlist by number."""
    return list(ctx.session.exec(select(ChainParticipant).order_by(col(ChainParticipant.number))))


def chain_issues(ctx: Context) -> list[ChainIssue]:
    """The register of issues in the order of deployment."""
    return list(ctx.session.exec(select(ChainIssue).order_by(col(ChainIssue.deployed_block))))


def settled_orders(ctx: Context, since: datetime, until: datetime) -> list[ChainOrder]:
    """Primary deals closed within a period."""
    rows = ChainOrder
    statement = select(rows).where(rows.state == "SETTLED", col(rows.closed_at) >= since, col(rows.closed_at) <= until)
    return list(ctx.session.exec(statement.order_by(col(rows.closed_at))))


def trades(ctx: Context, since: datetime, until: datetime) -> list[ChainTrade]:
    """Secondary deals of a period."""
    rows = ChainTrade
    statement = select(rows).where(col(rows.at) >= since, col(rows.at) <= until)
    return list(ctx.session.exec(statement.order_by(col(rows.block_number), col(rows.log_index))))


def transfers(ctx: Context, *, since: datetime, until: datetime, wallet: str | None = None) -> list[ChainTransfer]:
    """Moves of units in a period, of one address when given."""
    rows = ChainTransfer
    statement = select(rows).where(col(rows.at) >= since, col(rows.at) <= until)
    if wallet is not None:
        statement = statement.where(or_(col(rows.from_address) == wallet, col(rows.to_address) == wallet))
    return list(ctx.session.exec(statement.order_by(col(rows.block_number), col(rows.log_index))))


def ruble_entries(ctx: Context, wallet: str, until: datetime) -> list[ChainRubleEntry]:
    """Every move of an address's rubles up to a moment."""
    rows = ChainRubleEntry
    statement = select(rows).where(rows.account == wallet, col(rows.at) <= until)
    return list(ctx.session.exec(statement.order_by(col(rows.block_number), col(rows.log_index))))


def open_offers(ctx: Context) -> list[ChainOffer]:
    """Offers that stand."""
    return list(ctx.session.exec(select(ChainOffer).where(ChainOffer.state == "OPEN")))


def document_by_number(ctx: Context, number: str) -> IssuedDocument | None:
    """A document by its verification number."""
    return ctx.session.exec(select(IssuedDocument).where(IssuedDocument.number == number.strip().upper())).first()


def document_by_digest(ctx: Context, sha256: str) -> IssuedDocument | None:
    """A document by the digest of its machine-readable copy."""
    return ctx.session.exec(select(IssuedDocument).where(IssuedDocument.sha256 == sha256)).first()


def own_documents(ctx: Context, request: PageRequest, participant_id: str) -> Page[IssuedDocument]:
    """Documents of one participant, the latest first."""
    statement = select(IssuedDocument).where(IssuedDocument.participant_id == participant_id)
    return paginate(ctx.session, statement.order_by(col(IssuedDocument.made_at).desc()), request)


def snapshots(ctx: Context) -> Sequence[RegisterSnapshot]:
    """Frozen registers, the latest first."""
    statement = select(RegisterSnapshot).order_by(col(RegisterSnapshot.month).desc(), col(RegisterSnapshot.kind))
    return list(ctx.session.exec(statement))


def snapshot(ctx: Context, month: str, kind: str) -> RegisterSnapshot | None:
    """One frozen register."""
    statement: Any = select(RegisterSnapshot).where(RegisterSnapshot.month == month, RegisterSnapshot.kind == kind)
    found: RegisterSnapshot | None = ctx.session.exec(statement).first()
    return found
