"""Is this the node, the network and the deployment that the database belongs to? Asked at each start; every refusal names the next step."""

import json
import threading
import time
from typing import Any

from indexer.chain.addresses import AddressBook
from indexer.chain.client import RpcClient
from indexer.chain.errors import (
    AnswerIncomplete,
    NodeBehind,
    NodePruned,
    ProofFailed,
    WrongChain,
    WrongDeployment,
)
from indexer.settings import Settings
from indexer.sync.checkpoint import Cursor


class NodeChecks:
    """Questions to one node about one database."""

    def __init__(self, settings: Settings, client: RpcClient, stop: threading.Event) -> None:
        self._settings, self._client, self._stop = settings, client, stop

    def chain(self, book: AddressBook, cursor: Cursor) -> None:
        """Chain id, genesis, the cursor's block, the contracts. Raises Misconfigured errors, ProofFailed, Retryable errors."""
        chain_id = int(self._client.call("eth_chainId"), 16)
        wanted = self._settings.chain_id
        if chain_id != wanted:
            raise WrongChain(
                f"the node {self._client.url} serves chain {chain_id}, the settings say {wanted}; check KAPITAL_RPC_URL and KAPITAL_CHAIN_ID"
            )
        if cursor.chain_id not in {0, chain_id}:
            raise WrongChain(
                f"the database holds chain {cursor.chain_id}, the node serves {chain_id}; use another database"
            )
        genesis = self._client.call("eth_getBlockByNumber", "0x0", False)
        if genesis is None:
            raise AnswerIncomplete("the node has no genesis block yet")
        self._genesis(book, cursor, genesis["hash"].lower())
        self._start(cursor)
        if self._client.call("eth_getCode", book.address_of("AccessManager"), "latest") in {"0x", None}:
            raise WrongDeployment(
                f"no contract at the addresses of {self._settings.deployment_file}: deploy on this network again"
            )

    def _genesis(self, book: AddressBook, cursor: Cursor, genesis: str) -> None:
        file = self._settings.deployment_file
        if book.chain_id not in {0, self._settings.chain_id}:
            raise WrongDeployment(f"{file} is of chain {book.chain_id}, not of {self._settings.chain_id}; deploy again")
        if book.genesis_hash not in {None, genesis}:
            raise WrongDeployment(
                f"{file} is of a network that began with {book.genesis_hash}, the node's began with {genesis}; deploy again"
            )
        if cursor.genesis_hash not in {"", genesis}:
            raise WrongChain(
                f"the database holds a network that began with {cursor.genesis_hash}, the node's began with {genesis}; use an empty database, or the node's own data"
            )

    def _start(self, cursor: Cursor) -> None:
        """A node behind the cursor may be catching up; after the grace period it is an error."""
        deadline = time.monotonic() + self._settings.start_grace_s
        while not self.anchor(cursor):
            if time.monotonic() > deadline:
                raise NodeBehind(
                    f"the node {self._client.url} doesn't have block {cursor.height}, which the database has; wait until it has "
                    "caught up, restore its data, or start with an empty database"
                )
            self._stop.wait(self._settings.poll_interval_s)

    def anchor(self, cursor: Cursor) -> bool:
        """Whether the node has the cursor's block. Raises ProofFailed when it has another one at that height."""
        if cursor.hash is None:
            return True
        block = self._client.call("eth_getBlockByNumber", hex(cursor.height), False)
        if block is None:
            return False
        if block["hash"].lower() != cursor.hash:
            raise ProofFailed("anchor", cursor.height, f"the node has {block['hash']}, stored is {cursor.hash}")
        return True

    def head(self) -> tuple[int, str | None]:
        """The last block to read, and its hash where the durable head says it."""
        head = int(self._client.call("eth_blockNumber"), 16)
        path = self._settings.durable_head_file
        if path is None:
            return head, None
        try:
            durable = json.loads(path.read_text(encoding="utf-8"))
            number, block_hash = int(durable["number"]), str(durable["hash"]).lower()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise AnswerIncomplete(f"no durable head in {path} yet ({type(error).__name__})") from error
        return (number, block_hash) if number <= head else (head, None)


class Absence:
    """Notices a node that will never have what is asked of it: its head is far above a block that it goes on not to have."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._missing: tuple[int, float] | None = None

    def seen(self, height: int, head: int, url: str) -> None:
        """The node lacks something of the block after ``height``. Raises NodePruned when that has lasted too long."""
        now: Any = time.monotonic()
        if self._missing is None or self._missing[0] != height:
            self._missing = (height, now)
        if head > height + 1 and now - self._missing[1] > self._patience_s:
            raise NodePruned(
                f"the node {url} is at block {head} but doesn't have all of block {height + 1}: it has thrown old blocks or receipts "
                "away; read from a node with the whole history (Besu: --sync-mode=FULL, no pruning)"
            )

    def over(self) -> None:
        """It has answered."""
        self._missing = None
