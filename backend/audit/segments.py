"""Counts of the mirrored blocks by segments, so that a page tells them of a chain of any length without reading all of it.

A segment is ``SEGMENT_BLOCKS`` blocks in a row; its counts are kept once the mirror is beyond its end and are made anew every day, so that a
block that somebody takes out of the database later is missed all the same. What no segment covers yet is counted when it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, select
from sqlmodel import col, delete

from backend.audit import repository
from backend.audit.models import BlockSegment
from backend.core.context import Context
from indexer.models import ChainBlock

SEGMENT_BLOCKS = 10_000
AT_ONCE = 5
"""Segments counted in one tick: others wait for the database no longer than a moment."""
ANEW_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Totals:
    """``blocks`` mirrored, ``unproven`` of them, ``sealed`` ones (genesis aside) with ``below_all`` their validators' seals, the ``fewest`` seals."""

    blocks: int = 0
    unproven: int = 0
    sealed: int = 0
    below_all: int = 0
    fewest: int | None = None
    oldest_count_at: datetime | None = None

    def __add__(self, other: Totals) -> Totals:
        fewest = [one for one in (self.fewest, other.fewest) if one is not None]
        counted = [one for one in (self.oldest_count_at, other.oldest_count_at) if one is not None]
        return Totals(
            self.blocks + other.blocks,
            self.unproven + other.unproven,
            self.sealed + other.sealed,
            self.below_all + other.below_all,
            min(fewest, default=None),
            min(counted, default=None),
        )


def totals(ctx: Context) -> Totals:
    """Counts of all mirrored blocks: kept ones, and what came after them."""
    kept = BlockSegment
    sums = (func.coalesce(func.sum(one), 0) for one in (kept.blocks, kept.unproven, kept.sealed, kept.below_all))
    statement = select(*sums, func.min(kept.fewest), func.min(kept.counted_at), func.max(kept.last))
    blocks, unproven, sealed, below_all, fewest, counted_at, last = ctx.session.execute(statement).one()
    covered = Totals(int(blocks), int(unproven), int(sealed), int(below_all), fewest, counted_at)
    return covered + _count(ctx, -1 if last is None else last)


def keep_segments(ctx: Context) -> None:
    """Tick: count segments that the mirror has just passed, and again those that were counted long ago."""
    cursor = repository.cursor(ctx)
    height = -1 if cursor is None else cursor.height
    beyond = col(BlockSegment.last) > height
    if ctx.session.execute(select(col(BlockSegment.first)).where(beyond).limit(1)).first() is not None:
        # The mirror is being made anew from an earlier block: nothing that was counted is true of it.
        ctx.session.execute(delete(BlockSegment))
    last = ctx.session.execute(select(func.max(BlockSegment.last))).scalar_one()
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
    segment.blocks, segment.unproven = found.blocks, found.unproven
    segment.sealed, segment.below_all, segment.fewest = found.sealed, found.below_all, found.fewest
    segment.counted_at = ctx.now()
    ctx.session.add(segment)


def _count(ctx: Context, after: int, last: int | None = None) -> Totals:
    block = ChainBlock
    proven = col(block.proven_hash) & col(block.proven_transactions) & col(block.proven_receipts)
    sealed = (col(block.number) > 0) & col(block.seals_count).is_not(None)
    below = sealed & (col(block.seals_count) < col(block.validators_count))
    sums = (func.coalesce(func.sum(case((one, 1), else_=0)), 0) for one in (~proven, sealed, below))
    fewest = func.min(case((sealed, block.seals_count)))
    statement = select(func.count(), *sums, fewest).where(col(block.number) > after)
    if last is not None:
        statement = statement.where(col(block.number) <= last)
    blocks, unproven, sealed_ones, below_all, least = ctx.session.execute(statement).one()
    return Totals(int(blocks), int(unproven), int(sealed_ones), int(below_all), least)
