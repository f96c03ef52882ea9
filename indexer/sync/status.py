"""How the indexer is doing, in plain numbers: written by the loop, read by whoever reports them (`indexer.metrics`)."""

import threading
import time
from dataclasses import dataclass, field

from sqlalchemy import Engine, func, select
from sqlmodel import col

from indexer.db import session_scope
from indexer.models import ChainAlarm, ChainReconciliation
from indexer.sync.checkpoint import Cursor


@dataclass
class Status:
    """``waiting``: what it waits for, None when nothing; ``mismatches``: of the last comparison with the contracts."""

    height: int = -1
    head: int = -1
    timestamp: int = 0
    verified_blocks: int = 0
    undecoded_logs: int = 0
    alarms: int = 0
    compared: int = 0
    mismatches: int = 0
    reconciled_block: int = -1
    waiting: str | None = "start"
    last_sign: float = field(default_factory=time.monotonic)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def started(self, engine: Engine) -> None:
        """Take over what former runs have left in the database."""
        with session_scope(engine, write=False) as session:
            self.alarms = session.execute(select(func.count()).select_from(ChainAlarm)).scalar_one()
            order = col(ChainReconciliation.id).desc()
            last = session.execute(select(ChainReconciliation).order_by(order).limit(1)).scalar_one_or_none()
        if last is not None:
            self.reconciled(last.block_number, last.compared, last.mismatches)
        self.waiting = None

    def alive(self) -> None:
        """The loop has come round once more."""
        self.last_sign = time.monotonic()

    def at(self, cursor: Cursor) -> None:
        """The cursor as it was read from the database."""
        self.height, self.timestamp, self.undecoded_logs = cursor.height, cursor.timestamp, cursor.undecoded

    def wrote(self, cursor: Cursor, blocks: int) -> None:
        """Blocks are in the database."""
        self.at(cursor)
        self.head = max(self.head, cursor.height)
        self.verified_blocks += blocks
        self.alive()

    def reconciled(self, block: int, compared: int, mismatches: int) -> None:
        """The contracts have been asked."""
        with self._lock:
            self.reconciled_block, self.compared, self.mismatches = block, compared, mismatches

    @property
    def lag_blocks(self) -> int:
        """Blocks that the node has and the database hasn't."""
        return max(0, self.head - self.height)

    @property
    def lag_seconds(self) -> float:
        """Age of the last stored block while blocks are missing, seconds; 0 at the head, however old it is."""
        return max(0.0, time.time() - self.timestamp) if self.lag_blocks else 0.0

    @property
    def silent_s(self) -> float:
        """Seconds since the loop last came round."""
        return time.monotonic() - self.last_sign
