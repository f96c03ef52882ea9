"""What pages and the worker's ticks cost on a long chain: ``make bench-long-chain`` or ``python -m tests.bench.long_chain --blocks 1000000``.

Blocks without transactions are put straight into PostgreSQL, about as wide as those of a network of four validators; then each question is asked
several times and the quickest answer counts. The figures go to ``build/bench/long_chain.json``.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, func, select, text
from sqlmodel import Session

from backend.audit import integrity, repository, segments
from backend.audit.models import BlockSegment
from backend.core.clock import SystemClock, block_at
from backend.core.context import Actor, Context
from backend.core.pagination import PageRequest
from backend.migrate import upgrade
from backend.settings import Settings
from backend.worker import TICKS
from indexer.db import create_database_engine
from indexer.models import ChainCursor
from tests.bench.postgres import own_database

ROOT = Path(__file__).resolve().parents[2]
OUTPUT = ROOT / "build" / "bench" / "long_chain.json"
PERIOD_S, TIMES = 2, 5
HEADER = json.dumps({"extraData": "0x" + "ab" * 520, "logsBloom": "0x" + "00" * 256})
FILL = """
INSERT INTO chain_blocks (number, hash, parent_hash, timestamp, at, proposer, gas_used, gas_limit, transactions_root, receipts_root,
  state_root, tx_count, log_count, round, seals_count, validators_count, proven_hash, proven_transactions, proven_receipts, proven_seals,
  header)
SELECT n, '0x' || lpad(to_hex(n + 1), 64, '0'), '0x' || lpad(to_hex(n), 64, '0'), :start + :period * n,
  to_timestamp(:start + :period * n), '0x' || lpad(to_hex(n % 4), 40, '0'), 0, 0, repeat('a', 66), repeat('a', 66), repeat('a', 66), 0, 0,
  0, 3, 4, true, true, true, true, CAST(:header AS json)
FROM generate_series(0, :last) n
"""


@contextmanager
def long_chain(blocks: int) -> Iterator[Engine]:
    """A database with so many blocks, the last of them just now."""
    with own_database("-c synchronous_commit=off") as database_url:
        engine = create_database_engine(database_url)
        upgrade(engine)
        now, last = int(time.time()), blocks - 1
        start = now - PERIOD_S * last
        with engine.begin() as connection:
            connection.execute(text(FILL), {"start": start, "period": PERIOD_S, "last": last, "header": HEADER})
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE chain_blocks"))
        cursor = ChainCursor(
            id=1, chain_id=1337, genesis_hash="0x", schema_version=1, height=last, hash="0x", timestamp=now, digest="",
            head_seen=last, updated_at=datetime.now(UTC),
        )  # fmt: skip
        with Session(engine) as session:
            session.add(cursor)
            session.commit()
        yield engine
        engine.dispose()


def measured(engine: Engine, settings: Settings, ask: Callable[[Context], object], times: int = TIMES) -> float:
    """Milliseconds of the quickest of several."""
    spent = []
    for _ in range(times):
        with Session(engine) as session:
            ctx = Context(session=session, clock=SystemClock(), actor=Actor.system("bench"), settings=settings)
            began = time.perf_counter()
            ask(ctx)
            session.commit()
            spent.append(time.perf_counter() - began)
    return round(min(spent) * 1000, 1)


def tick(ctx: Context) -> None:
    """All that the worker asks each second and after each block."""
    for one in TICKS:
        one(ctx)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=1_000_000)
    blocks = parser.parse_args().blocks
    settings = Settings(_env_file=None)
    with long_chain(blocks) as engine:
        with engine.connect() as connection:
            size = connection.execute(select(func.pg_total_relation_size("chain_blocks"))).scalar_one()
        figures: dict[str, float] = {"blocks": blocks, "table_mib": round(size / 2**20)}
        print(json.dumps(figures), flush=True)
        figures["counts_without_segments_ms"] = measured(engine, settings, segments.counts, 2)
        figures["tick_that_counts_five_segments_ms"] = measured(engine, settings, segments.keep_segments, 1)
        while True:
            measured(engine, settings, segments.keep_segments, 1)
            with engine.connect() as connection:
                kept = connection.execute(select(func.count()).select_from(BlockSegment)).scalar_one()
            if kept * segments.SEGMENT_BLOCKS > blocks - segments.SEGMENT_BLOCKS:
                break
        figures["integrity_ms"] = measured(engine, settings, integrity.integrity)
        first = datetime.fromtimestamp(time.time() - PERIOD_S * blocks / 2, UTC)
        figures["block_at_a_moment_ms"] = measured(engine, settings, lambda ctx: block_at(ctx.session, first))
        page = PageRequest(size=50)
        figures["page_of_blocks_ms"] = measured(
            engine, settings, lambda ctx: repository.blocks(ctx, page, with_transactions=False)
        )
        figures["worker_tick_ms"] = measured(engine, settings, tick)
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
