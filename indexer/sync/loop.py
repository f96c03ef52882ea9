"""The way of a block into SQL::

    head = min(the node's head, the durable head)            NodeChecks.head
      -> numbers cursor+1 … head, a chunk at a time
      -> one JSON-RPC batch: every block in full + its receipts   reader.fetch
      -> each block proved by its own header and its parent,
         on QBFT by the seals of its validators                   verify_block
      -> logs decoded                                             decode_logs
      -> one database transaction:                                 _write
           raw rows (block, transactions, logs as decoded)
           derived rows (a Projector applies each event)
           running digest, cursor (only from where it stood)

Far behind the head, fetching, proving and decoding run in a second process (`indexer.sync.ahead`) while this one derives and writes.

Killed anywhere, it goes on from the cursor: a chunk is in the database with its cursor, or not at all. What may pass by itself (node
down, answer incomplete, database busy) is waited for, for ever, told once. A contradiction is read again twice, then recorded in
chain_alarms and raised: nothing is rolled back and nothing more is written until a person has looked.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Protocol

import structlog
from sqlalchemy import Engine, Table, select
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError
from sqlmodel import Session, SQLModel

from indexer.chain.abi import ASSET
from indexer.chain.addresses import AddressBook, load_deployment
from indexer.chain.client import RpcClient
from indexer.chain.errors import (
    AnswerIncomplete,
    AnswerTooLarge,
    NodeUnavailable,
    ProofFailed,
    Retryable,
    WrongDeployment,
)
from indexer.chain.validators import ValidatorTally
from indexer.db import session_scope
from indexer.models import ChainBlock, ChainIssue, ChainLog, ChainTransaction
from indexer.settings import Settings
from indexer.sync import spare
from indexer.sync.ahead import Job, ReadAhead
from indexer.sync.bulk import insert_rows
from indexer.sync.checkpoint import (
    Cursor,
    CursorMoved,
    load_cursor,
    load_tally,
    record_alarm,
    require_tables,
    save_cursor,
    writer_lock,
)
from indexer.sync.facts import Fact, Row, VerifiedBlock, facts_of
from indexer.sync.node import Absence, NodeChecks
from indexer.sync.reader import Chunk, explain_failures, fetch, fitting, next_size, verified
from indexer.sync.status import Status

log = structlog.get_logger("indexer")

_READS = 3
_LONGEST_PAUSE_S = 3.0
_ALONE_STEPS = 20
"""Chunks read without help after the helping process has failed."""


class Projector(Protocol):
    """What derives rows from facts: one database transaction after the other, until one of them fails."""

    def rebind(self, session: Session) -> None:
        """Go on in the next transaction."""
        ...

    def apply(self, block: Row, facts: Sequence[Fact], digest: str) -> str:
        """Take in one block; returns the running digest after it."""
        ...

    def flush(self) -> None:
        """Write what has changed."""
        ...


ProjectorFactory = Callable[[Session], Projector]


class Indexer:
    """One reader of one chain into one database. `start`, then `step` as often as you like, or `run`."""

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        client: RpcClient,
        projector: ProjectorFactory,
        *,
        stop: threading.Event | None = None,
        on_idle: Callable[[Cursor], None] | None = None,
    ) -> None:
        self.settings = settings
        self.engine = engine
        self.client = client
        self.stop = stop or threading.Event()
        self._projector = projector
        self.on_idle = on_idle
        self.status = Status()
        self._checks = NodeChecks(settings, client, self.stop)
        self._absence = Absence(settings.absence_s)
        self._book: AddressBook | None = None
        self._state: tuple[Cursor, ValidatorTally] | None = None
        self._live: Projector | None = None
        self._blocks = min(8, settings.chunk_blocks)
        self._ahead: tuple[ReadAhead, int, str | None] | None = None
        self._alone = 0
        self._lock = ExitStack()
        self._told: str | None = None

    # --- start and end -----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Take the writer's lock and check database, node and deployment. Raises Misconfigured errors; waits for a node that is down."""
        require_tables(self.engine)
        self._lock.enter_context(writer_lock(self.engine))
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self) -> None:
        book = load_deployment(self.settings.deployment_file)
        with session_scope(self.engine, write=False) as session:
            cursor = load_cursor(session)
            for asset in session.execute(select(ChainIssue.asset)).scalars():  # type: ignore[call-overload]  # a column
                book.add_asset(asset)
        self._until_answered(lambda: self._halting(lambda: self._checks.chain(book, cursor)))
        self._book = book
        self.status.started(self.engine)
        cursor, _ = self.state
        log.info("indexer started", height=cursor.height, assets=sum(name == ASSET for name in book.names.values()))

    def close(self) -> None:
        """End the helping process and give the writer's lock back."""
        self._end_ahead()
        spare.dismiss()
        self._lock.close()

    def run(self) -> None:
        """Follow the chain until `stop` is set."""
        pause = self.settings.poll_interval_s
        while not self.stop.is_set():
            try:
                written = self.step()
                if not written and self.on_idle:
                    self.on_idle(self.cursor)
            except Retryable as error:
                pause = self._wait(str(error), pause)
            except DBAPIError as error:
                if not _passing(error):
                    raise
                pause = self._wait(f"database: {error.orig}", pause)
            except CursorMoved as error:
                pause = self._wait(str(error), pause)
            else:
                self._told, pause = None, self.settings.poll_interval_s
                self.status.waiting = None
                if not written:
                    self.stop.wait(pause)

    @property
    def state(self) -> tuple[Cursor, ValidatorTally]:
        """Where the database stands, and the validators after that block."""
        if self._state is None:
            with session_scope(self.engine, write=False) as session:
                cursor = load_cursor(session)
                self._state = cursor, load_tally(session, cursor, self.settings.qbft_epoch_length)
            self.status.at(cursor)
        return self._state

    @property
    def cursor(self) -> Cursor:
        """Where the database stands."""
        return self.state[0]

    @property
    def book(self) -> AddressBook:
        """Addresses of the deployment and of every asset found so far."""
        if self._book is None:
            raise WrongDeployment("the indexer has not been started")
        return self._book

    # --- one step ----------------------------------------------------------------------------------------------------

    def step(self) -> int:
        """Read, verify and write one chunk; returns the number of blocks written, 0 at the head.

        Raises Retryable errors, and ProofFailed after the alarm has been recorded. After a failure nothing of it is believed: cursor,
        validators and derived rows are read from the database again.
        """
        for attempt in range(1, _READS + 1):
            try:
                return self._step()
            except AnswerTooLarge as error:
                self._shrink(error)
                return 0
            except ProofFailed as error:
                log.warning(
                    "check failed", attempt=attempt, block=error.block_number, check=error.check, detail=error.detail
                )
                self._forget()
                if attempt == _READS:
                    self._halt(error)
                    raise
            except BaseException:
                self._forget()
                raise
            self.stop.wait(self.settings.poll_interval_s)
        return 0

    def _step(self) -> int:
        self.status.alive()
        chunk = self._from_ahead()
        if chunk is None:
            chunk = self._read()
        if chunk is None:
            return 0
        self._write(chunk)
        return len(chunk.blocks)

    def _read(self) -> Chunk | None:
        """The next chunk; None at the head."""
        cursor, tally = self.state
        head, durable_hash = self._checks.head()
        self.status.head = head
        if head < cursor.height:
            self._checks.anchor(cursor)
            behind = f"the node's head {head} is behind block {cursor.height} that is stored already"
            self.client.move_on(behind)
            raise AnswerIncomplete(behind)
        if head == cursor.height:
            spare.dismiss()
            return None
        if self._wants_help(head - cursor.height):
            self._start_ahead(head, durable_hash)
            chunk = self._from_ahead()
            if chunk is not None:
                return chunk
        try:
            last = fitting(self.client, cursor.height + 1, min(head, cursor.height + self._blocks))
            answers = fetch(self.client, cursor.height + 1, last)
            chunk = verified(answers, cursor.hash, tally, self.book)
            explain_failures(self.client, chunk.blocks)
        except AnswerIncomplete:
            self._absence.seen(cursor.height, head, self.client.url)
            raise
        self._absence.over()
        self._blocks = next_size(len(chunk.blocks), answers.size, self.settings.chunk_blocks)
        _check_durable(chunk, head, durable_hash)
        return chunk

    def _write(self, chunk: Chunk) -> None:
        cursor, _ = self.state
        blocks = chunk.blocks
        with session_scope(self.engine) as session:
            connection = session.connection()
            insert_rows(connection, _table(ChainBlock), [block.row for block in blocks])
            insert_rows(connection, _table(ChainTransaction), [row for block in blocks for row in block.transactions])
            insert_rows(connection, _table(ChainLog), [row for block in blocks for row in block.logs])
            digest = self._derive(session, cursor.digest, blocks)
            last = blocks[-1]
            after = replace(
                cursor,
                height=last.number,
                hash=last.hash,
                timestamp=last.row["timestamp"],
                digest=digest,
                undecoded=cursor.undecoded + chunk.undecoded,
                chain_id=self.settings.chain_id,
                genesis_hash=cursor.genesis_hash or blocks[0].hash,
            )
            save_cursor(session, cursor, after, max(self.status.head, last.number))
        self._state = after, chunk.tally
        self.status.wrote(after, len(blocks))

    def _derive(self, session: Session, digest: str, blocks: list[VerifiedBlock]) -> str:
        if self._live is None:
            self._live = self._projector(session)
        else:
            self._live.rebind(session)
        for block in blocks:
            senders = {row["hash"]: row["sender"] for row in block.transactions}
            digest = self._live.apply(block.row, facts_of(block.row, senders, block.logs), digest)
        self._live.flush()
        return digest

    # --- help while catching up --------------------------------------------------------------------------------------

    def _wants_help(self, behind: int) -> bool:
        self._alone = max(0, self._alone - 1)
        return 0 < self.settings.read_ahead_blocks <= behind and not self._alone

    def _start_ahead(self, head: int, durable_hash: str | None) -> None:
        cursor, tally = self.state
        settings = self.settings
        facts = (cursor.height + 1, head, cursor.hash, tally, self.book, settings.chunk_blocks)
        self._ahead = (ReadAhead(Job(self.client.url, settings.rpc_timeout_s, *facts)), head, durable_hash)

    def _from_ahead(self) -> Chunk | None:
        """A chunk of the helping process that fits the cursor; None when there is no helper, no more of it, or it has failed."""
        if self._ahead is None:
            return None
        helper, head, durable_hash = self._ahead
        cursor, _ = self.state
        chunk = helper.take(self.stop)
        if chunk is None or chunk.first != cursor.height + 1 or cursor.hash not in {None, chunk.parent}:
            self._end_ahead()
            if cursor.height < head and not self.stop.is_set():
                log.warning("reading ahead ended early", height=cursor.height, wanted=head)
                self._alone = _ALONE_STEPS
            return None
        for asset in chunk.assets:
            self.book.add_asset(asset)
        _check_durable(chunk, head, durable_hash)
        return chunk

    def _end_ahead(self) -> None:
        if self._ahead is not None:
            self._ahead[0].close()
            self._ahead = None

    # --- faults ------------------------------------------------------------------------------------------------------

    def _forget(self) -> None:
        self._state = self._live = None
        self._end_ahead()

    def _halting(self, check: Callable[[], None]) -> None:
        try:
            check()
        except ProofFailed as error:
            self._halt(error)
            raise

    def _halt(self, error: ProofFailed) -> None:
        self.status.alarms += 1
        record_alarm(self.engine, error.block_number, error.check, error.detail)

    # --- waiting -----------------------------------------------------------------------------------------------------

    def _until_answered(self, check: Callable[[], None]) -> None:
        pause = self.settings.poll_interval_s
        while True:
            self.status.alive()
            try:
                check()
            except Retryable as error:
                pause = self._wait(str(error), pause)
                if self.stop.is_set():
                    raise NodeUnavailable("stopped while waiting for the node") from error
            else:
                self._told = None
                return

    def _wait(self, reason: str, pause: float) -> float:
        if reason != self._told:
            log.warning("waiting", reason=reason)
            self._told = self.status.waiting = reason
        self.stop.wait(pause)
        return min(pause * 2, _LONGEST_PAUSE_S)

    def _shrink(self, error: AnswerTooLarge) -> None:
        if self._blocks == 1:
            raise NodeUnavailable(f"even one block is too much: {error}") from error
        self._blocks = max(1, self._blocks // 2)
        log.warning("smaller chunks", blocks=self._blocks, reason=str(error))


def _check_durable(chunk: Chunk, head: int, durable_hash: str | None) -> None:
    last = chunk.blocks[-1]
    if durable_hash and last.number == head and last.hash != durable_hash:
        raise ProofFailed("durable head", head, f"the node has {last.hash}, the durable head is {durable_hash}")


def _passing(error: DBAPIError) -> bool:
    """Whether the database may do the same thing later: it was busy, restarted, or the connection broke."""
    return isinstance(error, OperationalError | InternalError | InterfaceError) or error.connection_invalidated


def _table(model: type[SQLModel]) -> Table:
    table: Table = model.__table__  # type: ignore[attr-defined]  # SQLModel sets it
    return table
