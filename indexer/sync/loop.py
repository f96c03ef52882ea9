"""The way of a block into SQL::

    head = min(the node's head, the durable head)            bounded_head
      -> numbers cursor+1 … head, a chunk at a time
      -> one JSON-RPC batch: every block in full + its receipts   read_chunk
      -> each block proved by its own header and its parent        verify_block
      -> one database transaction:                                 _write
           raw rows (block, transactions, logs as decoded)
           derived rows (a Projector applies each event)
           running digest, cursor (only from where it stood)

Killed anywhere, it goes on from the cursor: a chunk is in the database with its cursor, or not at all. What may pass by itself (node
down, answer incomplete, database busy) is waited for, for ever, told once. A contradiction is read again twice, then recorded in
chain_alarms and raised: nothing is rolled back and nothing more is written until a person has looked.
"""

import json
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, Protocol

import structlog
from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from indexer.chain.abi import ASSET
from indexer.chain.addresses import AddressBook, load_deployment
from indexer.chain.client import RpcClient
from indexer.chain.errors import (
    AnswerIncomplete,
    AnswerTooLarge,
    NodeBehind,
    NodeUnavailable,
    ProofFailed,
    Retryable,
    RpcError,
    WrongChain,
    WrongDeployment,
)
from indexer.db import session_scope
from indexer.models import ChainBlock, ChainIssue, ChainLog, ChainTransaction
from indexer.settings import Settings
from indexer.sync.checkpoint import (
    Cursor,
    CursorMoved,
    load_cursor,
    record_alarm,
    require_tables,
    save_cursor,
    writer_lock,
)
from indexer.sync.facts import Fact, Row, VerifiedBlock, decode_logs, facts_of
from indexer.sync.verify import verify_block

log = structlog.get_logger("indexer")

_READS = 3
_LONGEST_PAUSE_S = 3.0
_TRACE = {"tracer": "callTracer", "tracerConfig": {"onlyTopCall": True}}


class Projector(Protocol):
    """What derives rows from facts. One object serves one database transaction."""

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
        self._book: AddressBook | None = None
        self._cursor: Cursor | None = None
        self._chunk = settings.chunk_blocks
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
        self._until_answered(lambda: self._check_chain(book, cursor))
        self._book, self._cursor = book, cursor
        log.info("indexer started", height=cursor.height, assets=sum(name == ASSET for name in book.names.values()))

    def close(self) -> None:
        """Give the writer's lock back."""
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
            except OperationalError as error:
                self._cursor = None
                pause = self._wait(f"database: {error.orig}", pause)
            except CursorMoved as error:
                self._cursor = None
                pause = self._wait(str(error), pause)
            else:
                self._told, pause = None, self.settings.poll_interval_s
                if not written:
                    self.stop.wait(pause)

    @property
    def cursor(self) -> Cursor:
        """Where the database stands."""
        if self._cursor is None:
            with session_scope(self.engine, write=False) as session:
                self._cursor = load_cursor(session)
        return self._cursor

    @property
    def book(self) -> AddressBook:
        """Addresses of the deployment and of every asset found so far."""
        if self._book is None:
            raise WrongDeployment("the indexer has not been started")
        return self._book

    # --- one step ----------------------------------------------------------------------------------------------------

    def step(self) -> int:
        """Read, verify and write one chunk; returns the number of blocks written, 0 at the head.

        Raises Retryable errors, and ProofFailed after the alarm has been recorded.
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
                if attempt == _READS:
                    record_alarm(self.engine, error.block_number, error.check, error.detail)
                    raise
            self.stop.wait(self.settings.poll_interval_s)
        return 0

    def _step(self) -> int:
        cursor = self.cursor
        head, durable_hash = self.bounded_head()
        if head < cursor.height:
            self._check_anchor(cursor)
            raise AnswerIncomplete(f"the node's head {head} is behind block {cursor.height} that is stored already")
        if head == cursor.height:
            return 0
        last = min(head, cursor.height + self._chunk)
        blocks = self.read_chunk(cursor, last)
        if durable_hash and last == head and blocks[-1].hash != durable_hash:
            raise ProofFailed(
                "durable head", head, f"the node has {blocks[-1].hash}, the durable head is {durable_hash}"
            )
        self._write(cursor, blocks, head)
        self._chunk = min(self._chunk * 2, self.settings.chunk_blocks)
        return len(blocks)

    def bounded_head(self) -> tuple[int, str | None]:
        """The last block to read, and its hash where the durable head says it."""
        head = int(self.client.call("eth_blockNumber"), 16)
        path = self.settings.durable_head_file
        if path is None:
            return head, None
        try:
            durable = json.loads(path.read_text(encoding="utf-8"))
            number, block_hash = int(durable["number"]), str(durable["hash"]).lower()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise AnswerIncomplete(f"no durable head in {path} yet ({type(error).__name__})") from error
        return (number, block_hash) if number <= head else (head, None)

    def read_chunk(self, cursor: Cursor, last: int) -> list[VerifiedBlock]:
        """Blocks after the cursor up to ``last``, read in one batch and verified in order."""
        numbers = range(cursor.height + 1, last + 1)
        calls: list[tuple[str, list[Any]]] = []
        for number in numbers:
            calls += [("eth_getBlockByNumber", [hex(number), True]), ("eth_getBlockReceipts", [hex(number)])]
        try:
            answers = self.client.batch(calls)
        except RpcError as error:
            raise AnswerIncomplete(str(error)) from error
        blocks: list[VerifiedBlock] = []
        parent = cursor.hash
        for place, number in enumerate(numbers):
            block = verify_block(number, parent, answers[2 * place], answers[2 * place + 1])
            parent = block.hash
            blocks.append(block)
        self._explain_failures(blocks)
        return blocks

    def _explain_failures(self, blocks: list[VerifiedBlock]) -> None:
        """Ask the node why transactions failed; no proof covers it, so it is a help for people and no part of the digest."""
        failed = [row for block in blocks for row in block.transactions if not row["status"] and not row["revert_data"]]
        if not failed:
            return
        traces = self.client.batch_with_errors([("debug_traceTransaction", [row["hash"], _TRACE]) for row in failed])
        for row, trace in zip(failed, traces, strict=True):
            if isinstance(trace, dict):
                row["revert_data"] = trace.get("output")

    def _write(self, cursor: Cursor, blocks: list[VerifiedBlock], head: int) -> None:
        undecoded = cursor.undecoded + sum(decode_logs(block.logs, self.book) for block in blocks)
        with session_scope(self.engine) as session:
            _insert(session, ChainBlock, [block.row for block in blocks])
            _insert(session, ChainTransaction, [row for block in blocks for row in block.transactions])
            _insert(session, ChainLog, [row for block in blocks for row in block.logs])
            digest = self._derive(session, cursor.digest, blocks)
            last = blocks[-1]
            after = replace(
                cursor,
                height=last.number,
                hash=last.hash,
                timestamp=last.row["timestamp"],
                digest=digest,
                undecoded=undecoded,
                chain_id=self.settings.chain_id,
                genesis_hash=cursor.genesis_hash or blocks[0].hash,
            )
            save_cursor(session, cursor, after, head)
        self._cursor = after

    def _derive(self, session: Session, digest: str, blocks: list[VerifiedBlock]) -> str:
        projector = self._projector(session)
        for block in blocks:
            senders = {row["hash"]: row["sender"] for row in block.transactions}
            digest = projector.apply(block.row, facts_of(block.row, senders, block.logs), digest)
        projector.flush()
        return digest

    # --- checks of the node ------------------------------------------------------------------------------------------

    def _check_chain(self, book: AddressBook, cursor: Cursor) -> None:
        chain_id = int(self.client.call("eth_chainId"), 16)
        wanted = self.settings.chain_id
        if chain_id != wanted:
            raise WrongChain(
                f"the node {self.client.url} serves chain {chain_id}, the settings say {wanted}; check KAPITAL_RPC_URL and KAPITAL_CHAIN_ID"
            )
        if cursor.chain_id not in {0, chain_id}:
            raise WrongChain(
                f"the database holds chain {cursor.chain_id}, the node serves {chain_id}; use another database"
            )
        genesis = self.client.call("eth_getBlockByNumber", "0x0", False)
        if genesis is None:
            raise AnswerIncomplete("the node has no genesis block yet")
        self._check_genesis(book, cursor, genesis["hash"].lower())
        self._check_start(cursor)
        if self.client.call("eth_getCode", book.address_of("AccessManager"), "latest") in {"0x", None}:
            raise WrongDeployment(
                f"no contract at the addresses of {self.settings.deployment_file}: deploy on this network again"
            )

    def _check_genesis(self, book: AddressBook, cursor: Cursor, genesis: str) -> None:
        if book.chain_id not in {0, self.settings.chain_id}:
            raise WrongDeployment(
                f"{self.settings.deployment_file} is of chain {book.chain_id}, not of {self.settings.chain_id}; deploy again"
            )
        if book.genesis_hash not in {None, genesis}:
            raise WrongDeployment(
                f"{self.settings.deployment_file} is of a network that began with {book.genesis_hash}, the node's began with {genesis}; deploy again"
            )
        if cursor.genesis_hash not in {"", genesis}:
            raise WrongChain(
                f"the database holds a network that began with {cursor.genesis_hash}, the node's began with {genesis}; use an empty database, or the node's own data"
            )

    def _check_start(self, cursor: Cursor) -> None:
        """A node behind the cursor may be catching up; after the grace period it is an error."""
        deadline = time.monotonic() + self.settings.start_grace_s
        while not self._check_anchor(cursor):
            if time.monotonic() > deadline:
                raise NodeBehind(
                    f"the node {self.client.url} doesn't have block {cursor.height}, which the database has; wait until it has "
                    "caught up, restore its data, or start with an empty database"
                )
            self.stop.wait(self.settings.poll_interval_s)

    def _check_anchor(self, cursor: Cursor) -> bool:
        """Whether the node has the cursor's block; halts when it has another one at that height."""
        if cursor.hash is None:
            return True
        block = self.client.call("eth_getBlockByNumber", hex(cursor.height), False)
        if block is None:
            return False
        if block["hash"].lower() != cursor.hash:
            error = ProofFailed("anchor", cursor.height, f"the node has {block['hash']}, stored is {cursor.hash}")
            record_alarm(self.engine, error.block_number, error.check, error.detail)
            raise error
        return True

    # --- waiting -----------------------------------------------------------------------------------------------------

    def _until_answered(self, check: Callable[[], None]) -> None:
        pause = self.settings.poll_interval_s
        while True:
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
            self._told = reason
        self.stop.wait(pause)
        return min(pause * 2, _LONGEST_PAUSE_S)

    def _shrink(self, error: AnswerTooLarge) -> None:
        if self._chunk == 1:
            raise NodeUnavailable(f"even one block is too much: {error}") from error
        self._chunk = max(1, self._chunk // 2)
        log.warning("smaller chunks", blocks=self._chunk, reason=str(error))


def _insert(session: Session, model: Any, rows: list[Row]) -> None:
    if rows:
        session.connection().execute(insert(model.__table__), rows)
