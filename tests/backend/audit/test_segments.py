"""Counts of the mirrored blocks: the same whether they were kept by segments or made just now, and wrong ones do not last."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import col, select

from backend.audit import segments
from backend.audit.integrity import integrity
from backend.audit.models import BlockSegment
from backend.audit.registers import totals
from backend.core.context import Context
from backend.core.permissions import Role
from indexer.models import ChainBlock, ChainCursor
from tests.backend.payouts.market import FixedClock
from tests.factories.chain import Chain, address, word

START = datetime(2026, 11, 21, 7, 0, tzinfo=UTC)
SIZE = 4


@dataclass
class Mirror:
    """A mirror that grows; each block has ``seals`` of four."""

    ctx: Context
    clock: FixedClock
    chain: Chain
    seals: int | None = 4
    blocks: list[ChainBlock] = field(default_factory=list)

    def grow(self, count: int) -> None:
        for _ in range(count):
            self.clock.moment += timedelta(seconds=2)
            number = self.chain.block(self.clock.moment)
            block = self.ctx.session.get_one(ChainBlock, number)
            block.seals_count, block.validators_count = self.seals, None if self.seals is None else 4
            block.tx_count, block.log_count = number % 3, number
            for place in range(block.tx_count):
                to = {"sender": address(1), "to": address(2), "data": "0x", "status": int(number % 4 != 1)}
                self.chain.logs = place
                self.chain.transaction(word(number * 10 + place), **to)
            self.blocks.append(block)
        self.ctx.session.flush()

    def tick(self) -> list[tuple[int, int, int]]:
        """The worker's tick; first block, last block and number of blocks of each segment."""
        segments.keep_segments(self.ctx)
        self.ctx.session.flush()
        rows = self.ctx.session.exec(select(BlockSegment).order_by(col(BlockSegment.first)))
        return [(one.first, one.last, one.blocks) for one in rows]


@pytest.fixture
def mirror(ctx_for: Any, monkeypatch: pytest.MonkeyPatch) -> Mirror:
    monkeypatch.setattr(segments, "SEGMENT_BLOCKS", SIZE)
    clock = FixedClock(START)
    ctx = replace(ctx_for(Role.AUDITOR), clock=clock)
    return Mirror(ctx, clock, Chain(ctx.session))


@contextmanager
def statements(mirror: Mirror) -> Iterator[list[str]]:
    """Statements over the blocks that run meanwhile."""
    asked: list[str] = []
    engine = mirror.ctx.session.get_bind()

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "chain_blocks" in statement:
            asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)


def test_counts_are_the_same_with_and_without_kept_ones(mirror: Mirror) -> None:
    mirror.grow(6)
    mirror.seals = 3
    mirror.grow(7)
    mirror.blocks[2].proven_receipts = mirror.blocks[12].proven_hash = False
    before = segments.counts(mirror.ctx)
    assert (before.blocks, before.unproven, before.sealed, before.below_all, before.fewest) == (13, 2, 12, 7, 3)
    assert before.oldest_count_at is None
    assert (before.transactions, before.refused, before.events) == (12, 3, 78)
    assert mirror.tick() == [(0, 3, 4), (4, 7, 4), (8, 11, 4)]
    after = segments.counts(mirror.ctx)
    assert after == replace(before, days=after.days, oldest_count_at=mirror.clock.moment)
    found = integrity(mirror.ctx)
    assert (found.missing_blocks, found.unproven_blocks, found.recounted_at) == (0, 2, mirror.clock.moment)


def test_only_blocks_after_the_kept_ones_are_read(mirror: Mirror) -> None:
    mirror.grow(10)
    mirror.tick()
    mirror.blocks[1].proven_hash = False
    mirror.ctx.session.flush()
    assert segments.counts(mirror.ctx).unproven == 0  # it was counted before
    with statements(mirror) as asked:
        integrity(mirror.ctx)
    counting = [one for one in asked if "count(" in one or "sum(" in one]
    assert counting
    assert all("chain_blocks.number >" in one for one in counting)


def test_a_long_mirror_is_counted_in_several_ticks(mirror: Mirror) -> None:
    mirror.grow(SIZE * (segments.AT_ONCE + 2))
    assert len(mirror.tick()) == segments.AT_ONCE
    assert segments.counts(mirror.ctx).blocks == SIZE * (segments.AT_ONCE + 2)
    assert len(mirror.tick()) == segments.AT_ONCE + 2


def test_a_block_taken_out_later_is_missed_within_a_day(mirror: Mirror) -> None:
    mirror.grow(9)
    mirror.tick()
    mirror.ctx.session.delete(mirror.blocks[5])
    mirror.ctx.session.flush()
    mirror.tick()
    assert integrity(mirror.ctx).missing_blocks == 0
    mirror.clock.moment += segments.ANEW_AFTER + timedelta(seconds=1)
    assert mirror.tick() == [(0, 3, 4), (4, 7, 3)]
    found = integrity(mirror.ctx)
    assert found.missing_blocks == 1
    assert not found.healthy


def test_a_mirror_that_begins_late_misses_nothing(mirror: Mirror) -> None:
    mirror.chain.number = 5
    mirror.grow(7)
    assert mirror.tick() == [(4, 7, 2), (8, 11, 4)]
    assert integrity(mirror.ctx).missing_blocks == 0


def test_a_mirror_that_is_made_anew_is_counted_anew(mirror: Mirror) -> None:
    mirror.grow(9)
    assert len(mirror.tick()) == 2
    for block in mirror.blocks[6:]:
        mirror.ctx.session.delete(block)
    mirror.ctx.session.get_one(ChainCursor, 1).height = 5
    mirror.ctx.session.flush()
    assert mirror.tick() == [(0, 3, 4)]
    assert segments.counts(mirror.ctx).blocks == 6


def test_nothing_is_counted_of_an_empty_mirror(mirror: Mirror) -> None:
    assert mirror.tick() == []
    found = integrity(mirror.ctx)
    assert (found.missing_blocks, found.seals, found.recounted_at) == (0, None, None)


def test_transactions_by_day_are_the_same_with_and_without_kept_counts(mirror: Mirror) -> None:
    for day in range(5):
        # Five seconds to midnight in Moscow.
        mirror.clock.moment = START + timedelta(days=day, hours=13, minutes=59, seconds=55)
        mirror.grow(5)
    before = totals(mirror.ctx)
    mirror.tick()
    assert totals(mirror.ctx) == before
    assert sum(number for _, number in before.days) == before.transactions
    midnight = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
    assert [at for at, _ in before.days] == [midnight + timedelta(days=day) for day in range(6)]
    assert totals(mirror.ctx, days=2).days == before.days[-2:]


def test_a_day_that_may_be_told_in_part_is_not_told(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "SEGMENTS_A_DAY", 1)
    mirror.grow(6 * SIZE)
    (whole,) = totals(mirror.ctx).days
    mirror.tick()
    mirror.clock.moment += timedelta(days=1)
    mirror.grow(2)
    told = totals(mirror.ctx, days=3).days
    assert whole[0] not in [at for at, _ in told]
    assert len(told) == 1
