"""The sender: from a stored wish to a mined transaction, nothing lost and nothing twice.

    ACCEPTED --simulate--> FAILED                     refused before a number was given; never sent        (preparing.py)
             --nonce-----> NONCE_GIVEN                in one transaction with wallets.next_nonce
             --sign------> SIGNED                     bytes and hash are stored ...                         (signing.py)
             --send------> SENT                       ... before the node sees them                         (sending.py)
             --mined-----> MINED                      a node says so: the wallet's window moves on          (settling.py)
             --mirror----> CONFIRMED | REVERTED       only when the indexer has verified the block

A round takes up many intents of many wallets and makes each arrow for all of them at once: the node is asked in batches, and what is
decided is committed in one database transaction before the next arrow begins. After a kill at any line the next round goes on from the
stored state: the same bytes are sent again, a number never gets a second payload. A time-out is never a failure. A wallet is worked on by
the worker that holds its lease; the fencing number makes a late worker's writes fail. A node that has mined more of a wallet than the
database knows stops that wallet.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy.orm import configure_mappers

from backend.core.context import Context
from backend.custody import work
from backend.custody.keys.chosen import KeyStores
from backend.custody.node import Call, NodeDownError, NodeError, Receipt
from backend.custody.preparing import Preparer
from backend.custody.sending import Sender
from backend.custody.settling import Settler
from backend.custody.signing import Signer, SigningFigures
from backend.custody.states import IntentState
from backend.custody.work import Claim, Limits

log = logging.getLogger(__name__)

LOOK_BACK_S = 5.0
"""At least so often what is mined and not mirrored yet is looked after, however much is new: the node may have lost the block."""
HOLD_S = 0.5
"""How long a wallet rests that can't go on now: its next call waits for one on its way, or its key or the node refuses."""

Unit = Callable[[], AbstractContextManager[Context]]
Gate = Callable[[Context], set[str]]
"""Wallets whose new calls must wait, e.g. until the nodes of the network admit them."""


class NodeLike(Protocol):
    """What the sender asks of a node (see :mod:`backend.custody.node`)."""

    def simulate(self, *, sender: str, to: str, data: str, block: str = "latest") -> None: ...
    def block_number(self) -> int: ...
    def mined(self, number: int) -> Sequence[str]: ...
    def simulate_many(self, calls: Sequence[Call]) -> Sequence[NodeError | None]: ...
    def estimate_many(self, calls: Sequence[Call]) -> Sequence[int | NodeError]: ...
    def transaction_counts(self, addresses: Sequence[str]) -> Sequence[int | NodeError]: ...
    def known(self, hashes: Sequence[str]) -> Sequence[bool | NodeError]: ...
    def receipts(self, hashes: Sequence[str]) -> Sequence[Receipt | NodeError | None]: ...
    def send_many(self, raws: Sequence[str]) -> Sequence[NodeError | None]: ...


class Outbox:
    """One worker's view of the outbox. ``unit`` opens a transaction and gives a context in the worker's name; ``reading`` one that only reads
    and so holds nobody up while keys sign.
    """

    def __init__(
        self,
        unit: Unit,
        node: NodeLike,
        keys: KeyStores,
        *,
        chain_id: int,
        worker: str,
        limits: Limits | None = None,
        hold_s: float = HOLD_S,
        gate: Gate | None = None,
        reading: Unit | None = None,
    ) -> None:
        self._unit = unit
        self._node = node
        self._keys = keys
        self._chain_id = chain_id
        self._worker = worker
        self._limits = limits or Limits()
        self._hold_s = hold_s
        self._gate = gate
        self._reading = reading
        self._held: dict[str, float] = {}
        self._looked_back = 0.0
        self._settler = Settler(unit, node, reading=reading)
        self._preparer = Preparer(unit, node, worker)
        self._signer = Signer(unit, keys, worker, chain_id, reading=reading)
        self._sender = Sender(unit, node, worker)
        configure_mappers()  # or the first question would do it, half a second later
        self.when_full: Callable[[], None] = lambda: None
        """Called at once when a round takes up as much as one may: there is more waiting than it can carry."""

    def lane(self, number: int) -> Outbox:
        """Another worker beside this one, of the same process: wallets of its own, one eye on the blocks and one count of signatures."""
        other = Outbox(
            self._unit,
            self._node,
            self._keys,
            chain_id=self._chain_id,
            worker=f"{self._worker}/{number}",
            limits=self._limits,
            hold_s=self._hold_s,
            gate=self._gate,
            reading=self._reading,
        )
        other._settler = self._settler
        other._signer.figures = self._signer.figures
        return other

    @property
    def signing(self) -> SigningFigures:
        """What the key stores have done for this process."""
        return self._signer.figures

    def round(self) -> int:
        """One pass; the number of moves made. Call it again at once when there were any."""
        moves = self._settler.settle()
        try:
            moves += self._settler.note_mined()
        except NodeDownError as error:
            log.warning("node gives no answer: %s", error)
            return moves
        return moves + self.carry()

    def carry(self) -> int:
        """Take up what waits and bring it on its way; the number of moves made."""
        try:
            claimed = self._claim()
            if len(claimed.items) >= self._limits.batch:
                self.when_full()
            return self._work(claimed) if claimed.items else 0
        except NodeDownError as error:
            log.warning("node gives no answer: %s", error)
            return 0

    def release(self) -> None:
        """Give the wallets back, so that another worker need not wait for the leases to end."""
        with self._unit() as ctx:
            work.release(ctx.session, self._worker)

    def _claim(self) -> Claim:
        now = time.monotonic()
        self._held = {wallet: until for wallet, until in self._held.items() if until > now}
        look_back = now - self._looked_back > LOOK_BACK_S
        self._looked_back = now if look_back else self._looked_back
        with self._unit() as ctx:
            closed = self._gate(ctx) if self._gate is not None else set()
            return work.claim(ctx, self._worker, self._limits, {*self._held, *closed}, look_back=look_back)

    def _work(self, claimed: Claim) -> int:
        before = {item.id: item.state for item in claimed.items}
        self._hold(self._preparer.prepare(claimed))
        self._hold(self._signer.sign(claimed))
        self._settler.watch()
        self._hold(self._sender.send(claimed))
        # Bytes that were only sent again are no move.
        resent = {IntentState.SENT, IntentState.MINED}
        return sum(
            before[item.id] != item.state and not {before[item.id], item.state} <= resent for item in claimed.items
        )

    def _hold(self, wallets: Iterable[str]) -> None:
        until = time.monotonic() + self._hold_s
        self._held.update(dict.fromkeys(wallets, until))
