"""Queries of audit over the mirror and the journal."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, cast, func, or_
from sqlmodel import col, select

from backend.core.context import Context
from backend.core.journal import JournalEntry
from backend.core.pagination import Page, PageRequest, ordered, paginate
from backend.custody.models import Intent, Wallet
from indexer.models import (
    ChainAnchor,
    ChainBlock,
    ChainBlockDigest,
    ChainCursor,
    ChainDocument,
    ChainHoldingHistory,
    ChainIssue,
    ChainIssueEvent,
    ChainLog,
    ChainParticipantEvent,
    ChainRecordDate,
    ChainRoleEvent,
    ChainRun,
    ChainSupplyHistory,
    ChainTransaction,
    ChainTransfer,
)
from indexer.models.holdings import holdings_at


@dataclass(frozen=True, slots=True)
class EventFilter:
    """What events to show. Addresses in lower case; ``participant`` finds an address in the arguments."""

    contract: str | None = None
    event: str | None = None
    address: str | None = None
    participant: str | None = None
    tx_hash: str | None = None
    from_block: int | None = None
    to_block: int | None = None


@dataclass(frozen=True, slots=True)
class JournalFilter:
    """What entries to show; ``action`` is the start of its name.

    The journal knows names alone, so who reads by words gives the acts that the words mean: ``worded`` are shown beside those that begin
    with ``action``, ``sought`` beside what the search finds.
    """

    action: str | None = None
    entity: str | None = None
    entity_id: str | None = None
    actor_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    worded: Collection[str] = ()
    sought: Collection[str] = ()


def cursor(ctx: Context) -> ChainCursor | None:
    """How far the mirror is."""
    return ctx.session.exec(select(ChainCursor)).first()


def blocks(ctx: Context, request: PageRequest, *, with_transactions: bool) -> Page[ChainBlock]:
    """Blocks, the latest first."""
    statement = select(ChainBlock)
    if with_transactions:
        statement = statement.where(ChainBlock.tx_count > 0)
    columns = {"number": col(ChainBlock.number), "tx_count": col(ChainBlock.tx_count)}
    return paginate(ctx.session, ordered(statement, request, columns, "-number"), request)


def block(ctx: Context, reference: str) -> ChainBlock | None:
    """By number or hash."""
    if reference.isdigit() and len(reference) < 19:
        return ctx.session.get(ChainBlock, int(reference))
    return ctx.session.exec(select(ChainBlock).where(ChainBlock.hash == reference.lower())).first()


def digest(ctx: Context, number: int) -> str | None:
    """Running digest after a block."""
    row = ctx.session.get(ChainBlockDigest, number)
    return row.digest if row else None


def transactions(
    ctx: Context,
    request: PageRequest,
    *,
    block_number: int | None = None,
    address: str | None = None,
    failed: bool | None = None,
) -> Page[ChainTransaction]:
    """Transactions, the latest first."""
    statement = select(ChainTransaction)
    if block_number is not None:
        statement = statement.where(ChainTransaction.block_number == block_number)
    if address is not None:
        mine = or_(col(ChainTransaction.sender) == address, col(ChainTransaction.to_address) == address)
        statement = statement.where(mine)
    if failed is not None:
        statement = statement.where(ChainTransaction.status == (0 if failed else 1))
    order = (col(ChainTransaction.block_number).desc(), col(ChainTransaction.tx_index).desc())
    return paginate(ctx.session, statement.order_by(*order), request)


def transaction(ctx: Context, tx_hash: str) -> ChainTransaction | None:
    """By hash."""
    return ctx.session.get(ChainTransaction, tx_hash.lower())


def logs_of(ctx: Context, tx_hash: str) -> list[ChainLog]:
    """Events of a transaction in order."""
    return list(ctx.session.exec(select(ChainLog).where(ChainLog.tx_hash == tx_hash).order_by(col(ChainLog.log_index))))


def intents_by_hash(ctx: Context, hashes: Collection[str]) -> dict[str, Intent]:
    """Who wanted a transaction."""
    return {str(row.tx_hash): row for row in ctx.session.exec(select(Intent).where(col(Intent.tx_hash).in_(hashes)))}


def owners_of(ctx: Context, addresses: Collection[str]) -> list[tuple[str, str, str]]:
    """Address, kind and identifier of the owners whose keys the operator keeps."""
    statement = select(Wallet.address, Wallet.owner_kind, Wallet.owner_id).where(col(Wallet.address).in_(addresses))
    return list(ctx.session.exec(statement))


def assets(ctx: Context) -> dict[str, ChainIssue]:
    """Issues by the address of their token."""
    return {row.asset: row for row in ctx.session.exec(select(ChainIssue))}


def issue_of(ctx: Context, asset: str) -> ChainIssue | None:
    """The issue of a token."""
    return ctx.session.exec(select(ChainIssue).where(ChainIssue.asset == asset.lower())).first()


def holdings_at_block(
    ctx: Context, number: int, *, asset: str | None = None, holder: str | None = None
) -> list[ChainHoldingHistory]:
    """The last entry of each holder and asset not after a block, those with units, the largest first; of an asset or of a holder."""
    statement = holdings_at(ctx.session.connection(), asset=asset, holder=holder, block=number)
    return list(ctx.session.execute(statement).scalars())


def supply_walk(ctx: Context, asset: str) -> list[ChainSupplyHistory]:
    """Every change of the supply, oldest first."""
    history = ChainSupplyHistory
    statement = select(history).where(history.asset == asset)
    return list(ctx.session.exec(statement.order_by(col(history.block_number), col(history.log_index))))


def supply_at_block(ctx: Context, asset: str, number: int) -> int:
    """Units in existence after a block."""
    history = ChainSupplyHistory
    statement = select(history.supply_units).where(history.asset == asset, history.block_number <= number)
    order = (col(history.block_number).desc(), col(history.log_index).desc())
    return ctx.session.exec(statement.order_by(*order).limit(1)).first() or 0


def issue_history(ctx: Context, asset: str) -> list[ChainIssueEvent]:
    """States, pauses, end of circulation."""
    statement = select(ChainIssueEvent).where(ChainIssueEvent.asset == asset)
    return list(ctx.session.exec(statement.order_by(col(ChainIssueEvent.block_number), col(ChainIssueEvent.log_index))))


def runs_of_asset(ctx: Context, asset: str) -> list[ChainRun]:
    """Payment runs."""
    return list(ctx.session.exec(select(ChainRun).where(ChainRun.asset == asset).order_by(col(ChainRun.id))))


def documents_of(ctx: Context, asset: str) -> list[ChainDocument]:
    """Documents in the token."""
    return list(ctx.session.exec(select(ChainDocument).where(ChainDocument.asset == asset)))


def record_dates_of(ctx: Context, asset: str) -> list[ChainRecordDate]:
    """Record dates in order."""
    statement = select(ChainRecordDate).where(ChainRecordDate.asset == asset)
    return list(ctx.session.exec(statement.order_by(col(ChainRecordDate.number))))


def transfers(ctx: Context, request: PageRequest, *, asset: str) -> Page[ChainTransfer]:
    """Moves of a token's units, the latest first."""
    statement = select(ChainTransfer).where(ChainTransfer.asset == asset)
    order = (col(ChainTransfer.block_number).desc(), col(ChainTransfer.log_index).desc())
    return paginate(ctx.session, statement.order_by(*order), request)


def proposers(ctx: Context, after: int) -> list[tuple[str, int, int]]:
    """Proposer, number of blocks and last block of those after a number; the genesis block has no proposer."""
    rows = ChainBlock
    statement = select(rows.proposer, func.count(), func.max(rows.number)).where(rows.number > max(after, 0))
    return list(ctx.session.exec(statement.group_by(col(rows.proposer))).all())


def admission_history(ctx: Context, address: str) -> list[ChainParticipantEvent]:
    """Admissions, blocks, replacements of an address."""
    rows = ChainParticipantEvent
    statement = select(rows).where(rows.address == address)
    return list(ctx.session.exec(statement.order_by(col(rows.block_number), col(rows.log_index))))


def role_history(ctx: Context, address: str) -> list[ChainRoleEvent]:
    """Roles given to and taken from an address."""
    rows = ChainRoleEvent
    statement = select(rows).where(rows.account == address)
    return list(ctx.session.exec(statement.order_by(col(rows.block_number), col(rows.log_index))))


def events_statement(wanted: EventFilter, *, latest_first: bool = True) -> Any:
    """The selection of events."""
    statement = select(ChainLog)
    exact = {
        ChainLog.contract: wanted.contract,
        ChainLog.event: wanted.event,
        ChainLog.address: wanted.address,
        ChainLog.tx_hash: wanted.tx_hash,
    }
    for column, value in exact.items():
        if value is not None:
            statement = statement.where(column == value)
    if wanted.from_block is not None:
        statement = statement.where(ChainLog.block_number >= wanted.from_block)
    if wanted.to_block is not None:
        statement = statement.where(ChainLog.block_number <= wanted.to_block)
    if wanted.participant is not None:
        # Indexed addresses stand in the topics, the others in the data, both as 32-byte words.
        word = wanted.participant.removeprefix("0x")
        found = or_(cast(col(ChainLog.topics), String).contains(word), col(ChainLog.data).contains(word))
        statement = statement.where(found)
    order = (col(ChainLog.block_number), col(ChainLog.log_index))
    return statement.order_by(*(one.desc() for one in order) if latest_first else order)


def events(ctx: Context, wanted: EventFilter, request: PageRequest) -> Page[ChainLog]:
    """Events, the latest first."""
    return paginate(ctx.session, events_statement(wanted), request)


def event_names(ctx: Context) -> list[tuple[str, str]]:
    """Contracts and events that the mirror has seen."""
    statement = select(ChainLog.contract, ChainLog.event).where(col(ChainLog.event).is_not(None)).distinct()
    return sorted((str(contract), str(event)) for contract, event in ctx.session.exec(statement).all())


def journal_entries(
    ctx: Context, wanted: JournalFilter, request: PageRequest, authors: Collection[str] = ()
) -> Page[JournalEntry]:
    """Entries, the latest first; a search finds the acts of ``authors`` too."""
    statement = select(JournalEntry)
    if wanted.action:
        begins = col(JournalEntry.action).startswith(wanted.action)
        statement = statement.where(begins | col(JournalEntry.action).in_(wanted.worded))
    if wanted.entity:
        statement = statement.where(JournalEntry.entity == wanted.entity)
    if wanted.entity_id:
        statement = statement.where(JournalEntry.entity_id == wanted.entity_id)
    if wanted.actor_id:
        statement = statement.where(JournalEntry.actor_id == wanted.actor_id)
    if wanted.since:
        statement = statement.where(col(JournalEntry.at) >= wanted.since)
    if wanted.until:
        statement = statement.where(col(JournalEntry.at) <= wanted.until)
    if request.q:
        found = col(JournalEntry.action).contains(request.q) | col(JournalEntry.entity_id).contains(request.q)
        found |= col(JournalEntry.action).in_(wanted.sought)
        statement = statement.where(found | col(JournalEntry.actor).in_({request.q, *authors}))
    return paginate(ctx.session, ordered(statement, request, {"seq": col(JournalEntry.seq)}, "-seq"), request)


def entry_hashes(ctx: Context, first: int, last: int) -> list[str]:
    """Hashes of journal entries first..last."""
    statement = select(JournalEntry.hash).where(col(JournalEntry.seq) >= first, col(JournalEntry.seq) <= last)
    return list(ctx.session.exec(statement.order_by(col(JournalEntry.seq))))


def last_anchor(ctx: Context) -> ChainAnchor | None:
    """The latest anchor of the journal on chain."""
    statement = select(ChainAnchor).where(ChainAnchor.kind == "JOURNAL")
    return ctx.session.exec(statement.order_by(col(ChainAnchor.sequence).desc()).limit(1)).first()


def anchor_of(ctx: Context, seq: int) -> ChainAnchor | None:
    """The anchor that covers an entry."""
    rows = ChainAnchor
    return ctx.session.exec(
        select(rows).where(rows.kind == "JOURNAL", rows.first_entry <= seq, rows.last_entry >= seq)
    ).first()


def anchors(ctx: Context) -> list[ChainAnchor]:
    """All anchors of the journal, the latest first."""
    statement = select(ChainAnchor).where(ChainAnchor.kind == "JOURNAL")
    return list(ctx.session.exec(statement.order_by(col(ChainAnchor.sequence).desc())))
