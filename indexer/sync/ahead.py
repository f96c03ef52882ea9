"""Catching up on two cores: a second process reads, proves and decodes the next chunks while this one derives and writes::

    child:  fetch (thread) -> [1 answer] -> verify, decode -> [1 chunk] -> pipe (thread)
    here:                                                         pipe (thread) -> [1 chunk] -> derive, write

The child is only an accelerator. It runs the code of `indexer.sync.reader`; each chunk is fitted to the cursor before it is used; and when
anything at all goes wrong in it, it ends, and the loop reads the same blocks itself, with all that it knows about faults.
Queues of one chunk bound the memory. The child ends when its pipe does, so a killed indexer leaves nothing behind.
"""

import contextlib
import os
import pickle
import queue
import struct
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from indexer.chain.addresses import AddressBook
from indexer.chain.client import RpcClient
from indexer.chain.errors import AnswerTooLarge, IndexerError
from indexer.chain.validators import ValidatorTally
from indexer.sync import spare
from indexer.sync.reader import Answers, Chunk, explain_failures, fetch, fitting, next_size, verified

_LENGTH = struct.Struct("<Q")
_PATIENCE_S = 0.1


@dataclass
class Job:
    """What the child is to read, and what it must know for it."""

    url: str
    timeout_s: float
    first: int
    last: int
    parent: str | None
    tally: ValidatorTally
    book: AddressBook
    chunk_blocks: int


class ReadAhead:
    """The child as this process sees it."""

    def __init__(self, job: Job) -> None:
        self.last = job.last
        self._process = spare.take()
        self._chunks: queue.Queue[Chunk | None] = queue.Queue(maxsize=1)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._receive, args=(job,), daemon=True)
        self._thread.start()

    def take(self, stop: threading.Event) -> Chunk | None:
        """The next chunk; None when there will be none, or when ``stop`` is set."""
        while not stop.is_set():
            with contextlib.suppress(queue.Empty):
                return self._chunks.get(timeout=_PATIENCE_S)
        return None

    def close(self) -> None:
        """End the child, whatever it does."""
        self._ended.set()
        self._process.kill()  # the thread reads until the pipe ends
        self._thread.join()
        spare.end(self._process)

    def _receive(self, job: Job) -> None:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise TypeError("the child has no pipes")
        try:
            _send(stdin, job)
            while (chunk := _receive(stdout)) is not None:
                self._put(chunk)
        except (OSError, EOFError, pickle.UnpicklingError):
            pass  # it has been killed: the loop goes on without it
        self._put(None)

    def _put(self, chunk: Chunk | None) -> None:
        while not self._ended.is_set():
            with contextlib.suppress(queue.Full):
                self._chunks.put(chunk, timeout=_PATIENCE_S)
                return


# --- the child -------------------------------------------------------------------------------------------------------


def main() -> None:
    """Read the job from stdin, write chunks to stdout, end at the first trouble."""
    job: Job | None = _receive(sys.stdin.buffer)
    if job is None:
        return  # nobody wanted help
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(2, 1)  # whatever prints must not get among the chunks
    answers: queue.Queue[Answers | None] = queue.Queue(maxsize=1)
    chunks: queue.Queue[Chunk | None] = queue.Queue(maxsize=1)
    threading.Thread(target=_fetch_all, args=(job, answers), daemon=True).start()
    sender = threading.Thread(target=_send_all, args=(output, chunks))
    sender.start()
    parent, tally = job.parent, job.tally
    try:
        with RpcClient(job.url, timeout_s=job.timeout_s) as client, contextlib.suppress(IndexerError):
            while (next_answers := answers.get()) is not None:
                chunk = verified(next_answers, parent, tally, job.book)
                explain_failures(client, chunk.blocks)
                parent, tally = chunk.blocks[-1].hash, chunk.tally
                chunks.put(chunk)
    finally:
        chunks.put(None)
        sender.join()


def _fetch_all(job: Job, answers: "queue.Queue[Answers | None]") -> None:
    try:
        with RpcClient(job.url, timeout_s=job.timeout_s) as client, contextlib.suppress(IndexerError):
            for found in _in_turn(client, job):
                answers.put(found)
    finally:
        answers.put(None)


def _in_turn(client: RpcClient, job: Job) -> Iterator[Answers]:
    """Answers about all blocks of the job, cut to a size that is good for the memory."""
    blocks, first = min(8, job.chunk_blocks), job.first
    while first <= job.last:
        try:
            last = fitting(client, first, min(job.last, first + blocks - 1))
            found = fetch(client, first, last)
        except AnswerTooLarge:
            if blocks == 1:
                raise
            blocks //= 2
            continue
        yield found
        first, blocks = last + 1, next_size(last - first + 1, found.size, job.chunk_blocks)


def _send_all(output: IO[bytes], chunks: "queue.Queue[Chunk | None]") -> None:
    try:
        while (chunk := chunks.get()) is not None:
            _send(output, chunk)
        output.close()
    except OSError:
        os._exit(1)  # nobody listens any more


# --- frames ----------------------------------------------------------------------------------------------------------


def _send(pipe: IO[bytes], content: Any) -> None:
    data = pickle.dumps(content, protocol=pickle.HIGHEST_PROTOCOL)
    pipe.write(_LENGTH.pack(len(data)))
    pipe.write(data)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> Any:
    """The next frame; None at the end. EOFError in the middle of one."""
    head = pipe.read(_LENGTH.size)
    if not head:
        return None
    if len(head) < _LENGTH.size:
        raise EOFError
    (size,) = _LENGTH.unpack(head)
    data = pipe.read(size)
    if len(data) < size:
        raise EOFError
    return pickle.loads(data)  # noqa: S301 - written by the other end of a pipe between ourselves


if __name__ == "__main__":
    main()
