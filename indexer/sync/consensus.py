"""How well the validators agree, counted from the blocks that were proved and written: rounds, seals, proposers, intervals.

Besu exports nothing of QBFT (its consensus modules have no metrics), but every block says it: the round at which it was agreed on, who
proposed it, who sealed it. A validator whose seal is missing in one block is no fault, for a proposer stops collecting at the quorum; one that has
been silent for many blocks is. A chain without seals (the embedded node) has intervals only.
"""

import threading
import time
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col

from indexer.chain.proofs import seals_of
from indexer.db import session_scope
from indexer.models import ChainBlock

WINDOW = 100
"""Blocks over which a proposer's share is taken."""
AT_ONCE = 1_000
"""Most blocks that one reading takes in; a mirror that catches up is counted over several readings."""
BOUNDS_S = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 10.0, 20.0, 60.0)
"""Upper bounds of the histogram of intervals, seconds."""


@dataclass
class Agreement:
    """What the blocks so far tell; counters begin at the first reading of this process. Addresses are lower case."""

    height: int = -1
    timestamp: int = 0
    round: int | None = None
    seals: int = 0
    quorum: int = 0
    validators: tuple[str, ...] = ()
    blocks: int = 0
    late_blocks: int = 0
    late_rounds: int = 0
    missing: Counter[str] = field(default_factory=Counter)
    proposed: Counter[str] = field(default_factory=Counter)
    seen: dict[str, int] = field(default_factory=dict)
    intervals: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))
    interval_sum: int = 0
    proposers: deque[str] = field(default_factory=lambda: deque(maxlen=WINDOW))
    first: int = 0

    def add(self, header: dict[str, Any], number: int, timestamp: int) -> None:
        """Take in the next block."""
        if self.height == number - 1 and number > 1:  # the genesis block's time is when the network was made
            self._interval(timestamp - self.timestamp)
        self.height, self.timestamp = number, timestamp
        self.blocks += 1
        found = seals_of(header)
        if found is None:
            self.round = None
            return
        proposer = header["miner"].lower()
        signers = {signer.lower() for signer in found.signers}
        self.first = self.first or number
        self.validators = tuple(validator.lower() for validator in found.validators)
        self.round, self.seals, self.quorum = found.round, len(signers), found.quorum
        self.late_blocks += found.round > 0
        self.late_rounds += found.round
        self.proposed[proposer] += 1
        self.proposers.append(proposer)
        self.missing.update(set(self.validators) - signers)
        self.seen.update(dict.fromkeys({proposer, *signers} & set(self.validators), number))

    def share(self, validator: str) -> float:
        """Part of the last blocks that it proposed; a fair one is one through the number of validators."""
        return self.proposers.count(validator) / len(self.proposers) if self.proposers else 0.0

    def silent_blocks(self, validator: str) -> int:
        """Blocks since it last proposed or sealed one, counted from the first block read when it never did."""
        return self.height - self.seen.get(validator, self.first - 1)

    def cumulated(self) -> list[tuple[str, int]]:
        """The histogram as Prometheus wants it: upper bound and count up to it."""
        total, result = 0, []
        for bound, count in zip((*map(str, BOUNDS_S), "+Inf"), self.intervals, strict=True):
            total += count
            result.append((bound, total))
        return result

    @property
    def age_s(self) -> float:
        """Seconds since the last block by this computer's clock; 0 when the chain's is ahead."""
        return max(0.0, time.time() - self.timestamp) if self.height >= 0 else 0.0

    def _interval(self, seconds: int) -> None:
        self.intervals[bisect_left(BOUNDS_S, seconds)] += 1
        self.interval_sum += seconds


class Watch:
    """Keeps an `Agreement` up with the mirror: each reading takes in what was written since the last one."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._agreement = Agreement()
        self._lock = threading.Lock()

    def read(self) -> Agreement:
        """The agreement after the blocks that the database has by now; the last one known while the database can't be read."""
        with self._lock, suppress(SQLAlchemyError):
            for number, timestamp, header in self._new():
                self._agreement.add(header, number, timestamp)
        return self._agreement

    def _new(self) -> Iterable[tuple[int, int, dict[str, Any]]]:
        columns = (col(ChainBlock.number), col(ChainBlock.timestamp), col(ChainBlock.header))
        after = self._agreement.height
        with session_scope(self._engine, write=False) as session:
            if after < 0:  # the past is told by the mirror; what is watched begins with the last window
                last = session.execute(select(columns[0]).order_by(columns[0].desc()).limit(1)).scalar_one_or_none()
                after = max(-1, (-1 if last is None else last) - WINDOW)
            query = select(*columns).where(columns[0] > after).order_by(columns[0]).limit(AT_ONCE)
            return [(number, timestamp, header) for number, timestamp, header in session.execute(query)]
