"""More hands for a long queue: while one lane waits for the node, another signs and writes.

A lane is a worker of its own in a thread of its own: it leases its own wallets, so lanes share nothing that two processes wouldn't. They sleep
until the first lane finds more than it can carry in a round.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from backend.custody.outbox import Outbox

log = logging.getLogger(__name__)

RETRY_AFTER_S = 2.0
ENDED_WITHIN_S = 30.0


class Lanes:
    """``count`` lanes beside the outbox of a worker; none of them does anything before :meth:`wake`."""

    def __init__(self, first: Outbox, count: int) -> None:
        self._outboxes = [first.lane(number) for number in range(2, count + 2)]
        self._more = [threading.Event() for _ in self._outboxes]
        self._end = threading.Event()
        first.when_full = self.wake

    def wake(self) -> None:
        """There is more to carry."""
        for more in self._more:
            more.set()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Threads while the block runs; their wallets are given back after it."""
        pairs = zip(self._outboxes, self._more, strict=True)
        threads = [threading.Thread(target=self._run, args=pair, name="lane", daemon=True) for pair in pairs]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._end.set()
            self.wake()
            _join(threads)

    def _run(self, outbox: Outbox, more: threading.Event) -> None:
        while not self._end.is_set():
            more.wait()
            more.clear()
            try:
                if outbox.carry():
                    more.set()
                else:
                    outbox.release()  # or what waits for its wallets would wait until its leases end
            except Exception:
                log.exception("a lane failed; it goes on in %s s", RETRY_AFTER_S)
                more.set()
                self._end.wait(RETRY_AFTER_S)
        outbox.release()


def _join(threads: Sequence[threading.Thread]) -> None:
    for thread in threads:
        thread.join(ENDED_WITHIN_S)
