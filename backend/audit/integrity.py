"""Is what we show true and fresh: lag of the mirror, reconciliations with the contracts, alarms, gaps, validators."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sqlalchemy import func
from sqlmodel import col, select

from backend.audit import repository, segments
from backend.core import journal
from backend.core.context import Context
from backend.core.journal import JournalHead
from backend.core.pagination import Page, PageRequest, ordered, paginate
from backend.core.permissions import Permission
from indexer.models import ChainAlarm, ChainAnchor, ChainBlock, ChainCursor, ChainReconciliation

T = TypeVar("T", ChainAlarm, ChainReconciliation)
_STALE = timedelta(minutes=2)
_RECENT_BLOCKS = 1000
RECONCILIATIONS_SHOWN, ALARMS_SHOWN = 10, 20


@dataclass(frozen=True, slots=True)
class Validator:
    """Who proposed the recent blocks."""

    address: str
    blocks: int
    last_block: int


@dataclass(frozen=True, slots=True)
class Seals:
    """Seals of the mirrored blocks of a QBFT chain: how many blocks carry fewer than there are validators, the fewest seals, the last block.

    A block needs two thirds of the validators and is finished when they have signed; more may arrive in time or not. Fewer than two thirds
    never pass the indexer.
    """

    blocks: int
    below_all: int
    fewest: int
    last: int
    validators: int


@dataclass(frozen=True, slots=True)
class Integrity:
    """``healthy`` when nothing speaks against the mirror; blocks long past were counted at ``recounted_at`` or later, None when all just now."""

    cursor: ChainCursor | None
    lag_blocks: int
    updated_ago_s: int | None
    missing_blocks: int
    unproven_blocks: int
    recounted_at: datetime | None
    undecoded_logs: int
    reconciliations: list[ChainReconciliation]
    alarms: list[ChainAlarm]
    alarm_count: int
    validators: list[Validator]
    seals: Seals | None
    journal_entries: int
    journal_head: str | None
    anchor: ChainAnchor | None
    stale: bool

    @property
    def entries_to_anchor(self) -> int:
        """Entries that no root covers yet."""
        return self.journal_entries - (self.anchor.last_entry if self.anchor else 0)

    @property
    def healthy(self) -> bool:
        """No gap, no alarm after the last clean reconciliation, no mismatch."""
        last = self.reconciliations[0] if self.reconciliations else None
        clean = last is None or last.mismatches == 0
        alarmed = any(last is None or alarm.at > last.at for alarm in self.alarms)
        proven = self.missing_blocks == 0 and self.unproven_blocks == 0
        return self.cursor is not None and proven and clean and not alarmed and not self.stale


@dataclass(frozen=True, slots=True)
class JournalCheck:
    """Outcome of reading the whole journal: ``first_broken`` None when every hash fits."""

    entries: int
    head: str | None
    first_broken: int | None


def integrity(ctx: Context) -> Integrity:
    """Everything at a glance; cheap enough for a page that refreshes itself."""
    ctx.require(Permission.INTEGRITY_CHECK)
    session = ctx.session
    cursor = repository.cursor(ctx)
    head = session.get(JournalHead, 1)
    counted = segments.counts(ctx)
    lowest = session.exec(select(func.min(ChainBlock.number))).one()
    age = datetime.now(UTC) - cursor.updated_at if cursor else None
    return Integrity(
        cursor=cursor,
        lag_blocks=max(0, cursor.head_seen - cursor.height) if cursor else 0,
        updated_ago_s=int(age.total_seconds()) if age is not None else None,
        missing_blocks=cursor.height + 1 - int(lowest or 0) - counted.blocks if cursor else 0,
        unproven_blocks=counted.unproven,
        recounted_at=counted.oldest_count_at,
        undecoded_logs=cursor.undecoded_logs if cursor else 0,
        reconciliations=_latest(ctx, ChainReconciliation, RECONCILIATIONS_SHOWN),
        alarms=_latest(ctx, ChainAlarm, ALARMS_SHOWN),
        alarm_count=session.exec(select(func.count()).select_from(ChainAlarm)).one(),
        validators=_validators(ctx, cursor.height if cursor else 0),
        seals=_seals(ctx, counted),
        journal_entries=head.seq if head else 0,
        journal_head=head.hash if head else None,
        anchor=repository.last_anchor(ctx),
        stale=age is not None and age > _STALE and bool(cursor and cursor.head_seen > cursor.height),
    )


def reconciliations(ctx: Context, request: PageRequest, *, only_differing: bool = False) -> Page[ChainReconciliation]:
    """Every comparison with the contracts, the latest first, or those that found a difference."""
    ctx.require(Permission.INTEGRITY_CHECK)
    statement = select(ChainReconciliation)
    if only_differing:
        statement = statement.where(col(ChainReconciliation.mismatches) > 0)
    columns = {
        "at": col(ChainReconciliation.at),
        "compared": col(ChainReconciliation.compared),
        "mismatches": col(ChainReconciliation.mismatches),
    }
    return paginate(ctx.session, ordered(statement, request, columns, "-at"), request)


def alarms(ctx: Context, request: PageRequest) -> Page[ChainAlarm]:
    """Every alarm of the indexer, the latest first; ``q`` looks in the check and in what it found."""
    ctx.require(Permission.INTEGRITY_CHECK)
    statement = select(ChainAlarm)
    if request.q:
        statement = statement.where(
            col(ChainAlarm.check).icontains(request.q) | col(ChainAlarm.detail).icontains(request.q)
        )
    columns = {"at": col(ChainAlarm.at), "block": col(ChainAlarm.block_number), "check": col(ChainAlarm.check)}
    return paginate(ctx.session, ordered(statement, request, columns, "-at"), request)


def verify_journal(ctx: Context) -> JournalCheck:
    """Read every entry and recompute its hash."""
    ctx.require_any(Permission.JOURNAL_READ, Permission.INTEGRITY_CHECK)
    head = ctx.session.get(JournalHead, 1)
    broken = journal.first_broken(ctx.session)
    entries = head.seq if head else 0
    return JournalCheck(entries, head.hash if head else None, broken)


def _latest(ctx: Context, table: type[T], number: int) -> list[T]:
    return list(ctx.session.exec(select(table).order_by(col(table.at).desc()).limit(number)))


def _validators(ctx: Context, height: int) -> list[Validator]:
    count = func.count()
    statement = (
        select(ChainBlock.proposer, count, func.max(ChainBlock.number))
        .where(ChainBlock.number > height - _RECENT_BLOCKS, ChainBlock.number > 0)
        .group_by(col(ChainBlock.proposer))
        .order_by(count.desc())
    )
    return [Validator(address, blocks, last) for address, blocks, last in ctx.session.exec(statement).all()]


def _seals(ctx: Context, counted: segments.Counts) -> Seals | None:
    if not counted.sealed:
        return None
    statement = select(ChainBlock.seals_count, ChainBlock.validators_count).where(
        col(ChainBlock.seals_count).is_not(None), ChainBlock.number > 0
    )
    last = ctx.session.exec(statement.order_by(col(ChainBlock.number).desc()).limit(1)).one()
    fewest = int(counted.fewest or 0)
    return Seals(counted.sealed, counted.below_all, fewest, int(last[0] or 0), int(last[1] or 0))
