"""Counts of the mirrored blocks by segments, so that a page tells them of a chain of any length without reading all of it.

A segment is ``SEGMENT_BLOCKS`` blocks in a row; its counts are kept once the mirror is beyond its end and are made anew every day, so that a
block that somebody takes out of the database later is missed all the same. What no segment covers yet is counted when it is asked for.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import case, func, select
from sqlmodel import col, delete

from backend.audit import repository
from backend.audit.models import BlockSegment
from backend.core.clock import MSK
from backend.core.context import Context
from indexer.models import ChainBlock, ChainTransaction

SEGMENT_BLOCKS = 10_000
AT_ONCE = 5
"""Segments counted in one tick: others wait for the database no longer than a moment."""
ANEW_AFTER = timedelta(days=1)
SEGMENTS_A_DAY = 10
"""Enough for a block a second; of a quicker chain fewer days are told."""
_MSK_S = int(MSK.utcoffset(None).total_seconds())
_DAY_S = 86_400
_SUMMED = ("blocks", "unproven", "sealed", "below_all", "transactions", "refused", "events")


@dataclass(frozen=True, slots=True)
class Counts:
    """``blocks`` mirrored, ``unproven`` of them, ``sealed`` ones (genesis aside) with ``below_all`` their validators' seals, ``fewest`` seals.

    ``refused`` of the ``transactions``; ``days``: transactions by start of a Moscow day, seconds since 1970.
    """

    blocks: int = 0
    unproven: int = 0
    sealed: int = 0
    below_all: int = 0
    fewest: int | None = None
    transactions: int = 0
    refused: int = 0
    events: int = 0
    days: Counter[int] = field(default_factory=Counter)
    oldest_count_at: datetime | None = None


def counts(ctx: Context) -> Counts:
    """Counts of all mirrored blocks: kept ones, and what came after them. Days are those of :func:`latest_days`."""
    kept = BlockSegment
    sums = (func.coalesce(func.sum(col(getattr(kept, name))), 0) for name in _SUMMED)
    statement = select(*sums, func.min(kept.fewest), func.min(kept.counted_at), func.max(kept.last))
    *summed, fewest, counted_at, last = ctx.session.execute(statement).one()
    fresh = _count(ctx, -1 if last is None else last)
    whole = {name: int(one) + getattr(fresh, name) for name, one in zip(_SUMMED, summed, strict=True)}
    least = min((one for one in (fewest, fresh.fewest) if one is not None), default=None)
    return Counts(**whole, fewest=least, days=fresh.days, oldest_count_at=counted_at)


def latest_days(ctx: Context, fresh: Counter[int], number: int) -> list[tuple[datetime, int]]:
    """The latest days that had transactions, the oldest of them first; ``fresh``: those that :func:`counts` found beyond the segments."""
    days = Counter(fresh)
    statement = select(col(BlockSegment.days)).where(col(BlockSegment.transactions) > 0)
    busy = statement.order_by(col(BlockSegment.first).desc()).limit(number * SEGMENTS_A_DAY)
    found = ctx.session.execute(busy).scalars().all()
    for kept in found:
        days.update(dict(kept))
    if len(found) == number * SEGMENTS_A_DAY:
        del days[min(days)]  # blocks of it may lie further back
    return [(datetime.fromtimestamp(day, UTC), days[day]) for day in sorted(days)[-number:]]


def keep_segments(ctx: Context) -> None:
    """Tick: count segments that the mirror has just passed, and again those that were counted long ago."""
    cursor = repository.cursor(ctx)
    height = -1 if cursor is None else cursor.height
    last = ctx.session.execute(select(func.max(BlockSegment.last))).scalar_one()
    if last is not None and last > height:
        # The mirror is being made anew from an earlier block: nothing that was counted is true of it.
        ctx.session.execute(delete(BlockSegment))
        last = None
    first = _start(ctx) if last is None else last + 1
    for _ in range(AT_ONCE):
        if first is None or first + SEGMENT_BLOCKS - 1 > height:
            break
        _keep(ctx, BlockSegment(first=first, last=first + SEGMENT_BLOCKS - 1, counted_at=ctx.now()))
        first += SEGMENT_BLOCKS
    old = select(BlockSegment).where(col(BlockSegment.counted_at) < ctx.now() - ANEW_AFTER)
    for segment in ctx.session.execute(old.order_by(col(BlockSegment.counted_at)).limit(AT_ONCE)).scalars():
        _keep(ctx, segment)


def _start(ctx: Context) -> int | None:
    lowest = ctx.session.execute(select(func.min(ChainBlock.number))).scalar_one()
    return None if lowest is None else int(lowest) // SEGMENT_BLOCKS * SEGMENT_BLOCKS


def _keep(ctx: Context, segment: BlockSegment) -> None:
    found = _count(ctx, segment.first - 1, segment.last)
    for name in (*_SUMMED, "fewest"):
        setattr(segment, name, getattr(found, name))
    segment.days = [list(one) for one in sorted(found.days.items())]
    segment.counted_at = ctx.now()
    ctx.session.add(segment)


def _count(ctx: Context, after: int, last: int | None = None) -> Counts:
    block = ChainBlock
    proven = col(block.proven_hash) & col(block.proven_transactions) & col(block.proven_receipts)
    sealed = (col(block.number) > 0) & col(block.seals_count).is_not(None)
    below = sealed & (col(block.seals_count) < col(block.validators_count))
    sums = (func.coalesce(func.sum(case((one, 1), else_=0)), 0) for one in (~proven, sealed, below))
    more = (func.coalesce(func.sum(one), 0) for one in (block.tx_count, block.log_count))
    whole = select(func.count(), *sums, *more, func.min(case((sealed, block.seals_count))))
    blocks, unproven, seals, below_all, transactions, events, fewest = ctx.session.execute(
        _between(whole, col(block.number), after, last)
    ).one()
    refused = select(func.count()).where(col(ChainTransaction.status) == 0)
    # Whole numbers only, so that both databases cut the days alike.
    shifted = col(block.timestamp) + _MSK_S
    start = (shifted - shifted % _DAY_S).label("day")
    by_day = _between(
        select(start, func.sum(block.tx_count)).where(col(block.tx_count) > 0), col(block.number), after, last
    )
    return Counts(
        int(blocks),
        int(unproven),
        int(seals),
        int(below_all),
        fewest,
        int(transactions),
        ctx.session.execute(_between(refused, col(ChainTransaction.block_number), after, last)).scalar_one(),
        int(events),
        Counter({int(day) - _MSK_S: int(one) for day, one in ctx.session.execute(by_day.group_by(start))}),
    )


def _between(statement: Any, number: Any, after: int, last: int | None) -> Any:
    statement = statement.where(number > after)
    return statement if last is None else statement.where(number <= last)
