"""SIGTERM and Ctrl-C at any moment, the start included: what was started is ended and waited for."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


class Ended(BaseException):
    """Somebody asked us to end. No ``Exception``: whoever retries on errors must not retry on this."""


@dataclass(slots=True)
class Ending:
    """Raises :class:`Ended` in the main thread when a signal comes, though never between making a process and knowing it."""

    asked: bool = False
    shields: int = 0

    def listen(self) -> None:
        """From now on SIGTERM and SIGINT ask for the end."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._asked)

    def ignore(self) -> None:
        """The end is under way: further signals don't interrupt it."""
        self.shields += 1

    @contextmanager
    def shield(self) -> Iterator[None]:
        """A signal that comes inside takes effect at the end of the block."""
        self.shields += 1
        try:
            yield
        finally:
            self.shields -= 1
        if self.asked and not self.shields:
            raise Ended

    def _asked(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True
        if not self.shields:
            raise Ended
