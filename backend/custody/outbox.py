"""The sender: from a stored wish to a mined transaction, nothing lost and nothing twice.

    ACCEPTED --simulate--> FAILED                     refused before a nonce was given; never sent
             --nonce-----> NONCE_GIVEN                in one transaction with wallets.next_nonce
             --sign------> SIGNED                     bytes and hash are stored ...
             --send------> SENT                       ... before the node sees them
             --mirror----> CONFIRMED | REVERTED       only when the indexer has verified the block

Each arrow is a database transaction of its own, and after a kill at any line the next round goes on from the stored state: the same bytes are
sent again, a nonce never gets a second payload. A time-out is never a failure. A wallet is worked on by the worker that holds its lease;
the fencing number makes a late worker's writes fail. A node that has mined more of a wallet than the database knows stops that wallet.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Protocol

from sqlalchemy import case, or_, update
from sqlmodel import col, select

from backend.core.context import Context
from backend.core.db import Session
from backend.core.journal import record
from backend.custody import refusals
from backend.custody.models import Intent, Wallet
from backend.custody.node import NodeDownError, NodeRefusedError
from backend.custody.signing import KeyStore, transaction_of
from backend.custody.states import IntentState
from indexer.models import ChainTransaction

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
RESEND_AFTER = timedelta(seconds=3)
WINDOW = 100
GAS_MARGIN_NUMERATOR, GAS_MARGIN_DENOMINATOR, GAS_EXTRA = 13, 10, 60_000
GAS_CAP = 60_000_000
_OPEN = (IntentState.ACCEPTED, IntentState.NONCE_GIVEN, IntentState.SIGNED, IntentState.SENT)
_IN_FLIGHT = (IntentState.NONCE_GIVEN, IntentState.SIGNED, IntentState.SENT)


class NodeLike(Protocol):
    """What the sender asks of a node (see :mod:`backend.custody.node`)."""

    def simulate(self, *, sender: str, to: str, data: str, block: str = "latest") -> None: ...
    def estimate_gas(self, *, sender: str, to: str, data: str) -> int: ...
    def transaction_count(self, address: str) -> int: ...
    def has_transaction(self, tx_hash: str) -> bool: ...
    def send_raw(self, raw: str) -> str: ...


class LeaseLostError(Exception):
    """Another worker owns the wallet now, or it was stopped."""


class Outbox:
    """One worker's view of the outbox. ``unit`` opens a transaction and gives a context in the worker's name."""

    def __init__(
        self,
        unit: Callable[[], AbstractContextManager[Context]],
        node: NodeLike,
        keys: KeyStore,
        *,
        chain_id: int,
        worker: str,
    ) -> None:
        self._unit = unit
        self._node = node
        self._keys = keys
        self._chain_id = chain_id
        self._worker = worker

    def round(self) -> int:
        """One pass over everything that is open; the number of moves made."""
        moves = self._settle()
        with self._unit() as ctx:
            wallets = list(ctx.session.exec(select(Intent.wallet).where(col(Intent.state).in_(_OPEN)).distinct()))
        for address in wallets:
            try:
                moves += self._work(address)
            except NodeDownError as error:
                log.warning("node gives no answer: %s", error)
                break
            except LeaseLostError:
                continue
        return moves

    # ------------------------------------------------------------------ mirror

    def _settle(self) -> int:
        with self._unit() as ctx:
            statement = (
                select(Intent, ChainTransaction)
                .join(ChainTransaction, col(ChainTransaction.hash) == col(Intent.tx_hash))
                .where(col(Intent.state).in_((IntentState.SIGNED, IntentState.SENT)))
            )
            found = list(ctx.session.exec(statement))
            for intent, mined in found:
                intent.block_number = mined.block_number
                intent.updated_at = datetime.now(UTC)
                intent.state = IntentState.CONFIRMED if mined.status == 1 else IntentState.REVERTED
                if mined.status != 1:
                    self._explain(intent, mined.revert_data or self._replay(intent, mined.block_number))
                ctx.session.add(intent)
            return len(found)

    def _replay(self, intent: Intent, block_number: int) -> str | None:
        try:
            block = hex(max(block_number - 1, 0))
            self._node.simulate(sender=intent.wallet, to=intent.address, data=intent.data, block=block)
        except NodeRefusedError as refused:
            return refused.data
        except NodeDownError:
            return None
        return None

    # ------------------------------------------------------------------ one wallet

    def _work(self, address: str) -> int:
        fence = self._lease(address)
        if fence is None:
            return 0
        moves = 0
        with self._unit() as ctx:
            statement = select(Intent).where(Intent.wallet == address, col(Intent.state).in_(_OPEN))
            intents = list(
                ctx.session.exec(statement.order_by(col(Intent.nonce).asc().nulls_last(), col(Intent.created_at)))
            )
        in_flight = sum(intent.state in _IN_FLIGHT for intent in intents)
        for intent in intents:
            if intent.state == IntentState.ACCEPTED:
                if in_flight >= WINDOW or not self._prepare(intent, fence, alone=in_flight == 0):
                    break
                moves += 1
                if intent.nonce is None:  # refused by simulation
                    continue
                in_flight += 1
            if intent.state == IntentState.NONCE_GIVEN:
                self._sign(intent, fence)
                moves += 1
            moves += self._send(intent, fence)
        return moves

    def _lease(self, address: str) -> int | None:
        now = datetime.now(UTC)
        with self._unit() as ctx:
            free = or_(
                col(Wallet.lease_owner).is_(None),
                col(Wallet.lease_until) < now,
                col(Wallet.lease_owner) == self._worker,
            )
            taken = ctx.session.execute(
                update(Wallet)
                .where(col(Wallet.address) == address, col(Wallet.stopped_reason).is_(None), free)
                .values(
                    lease_until=now + LEASE,
                    fence=case(
                        (col(Wallet.lease_owner) == self._worker, col(Wallet.fence)), else_=col(Wallet.fence) + 1
                    ),
                    lease_owner=self._worker,
                )
                .returning(col(Wallet.fence))
            ).first()
            return None if taken is None else int(taken[0])

    def _prepare(self, intent: Intent, fence: int, *, alone: bool) -> bool:
        """Simulate, then give a nonce (True) or fail (True); False: wait for what is in flight."""
        try:
            self._node.simulate(sender=intent.wallet, to=intent.address, data=intent.data)
            gas = self._node.estimate_gas(sender=intent.wallet, to=intent.address, data=intent.data)
        except NodeRefusedError as refused:
            if not alone:
                return False
            with self._unit() as ctx:
                row = self._locked(ctx.session, intent.id, fence)
                row.state = IntentState.FAILED
                self._explain(row, refused.data)
                _copy(row, intent)
            return True
        mined = self._node.transaction_count(intent.wallet)
        with self._unit() as ctx:
            row = self._locked(ctx.session, intent.id, fence)
            wallet = ctx.session.get_one(Wallet, intent.wallet)
            if mined > wallet.next_nonce:
                self._stop(ctx, wallet, mined)
                return False
            row.nonce, wallet.next_nonce = wallet.next_nonce, wallet.next_nonce + 1
            row.gas = min(gas * GAS_MARGIN_NUMERATOR // GAS_MARGIN_DENOMINATOR + GAS_EXTRA, GAS_CAP)
            row.state = IntentState.NONCE_GIVEN
            ctx.session.add(wallet)
            _copy(row, intent)
        return True

    def _sign(self, intent: Intent, fence: int) -> None:
        with self._unit() as ctx:
            row = self._locked(ctx.session, intent.id, fence)
            if row.raw is None:
                wallet = ctx.session.get_one(Wallet, intent.wallet)
                row.raw, row.tx_hash = self._keys.sign(ctx, wallet, transaction_of(row, self._chain_id))
            row.state = IntentState.SIGNED
            _copy(row, intent)

    def _send(self, intent: Intent, fence: int) -> int:
        now = datetime.now(UTC)
        if intent.state == IntentState.SENT and now - intent.updated_at < RESEND_AFTER:
            return 0
        if intent.raw is None or intent.tx_hash is None:
            return 0
        try:
            self._node.send_raw(intent.raw)
        except NodeRefusedError as refused:
            # "already known" and "nonce too low" prove nothing: our hash decides.
            if not self._node.has_transaction(intent.tx_hash):
                log.warning("node refuses intent %s of %s: %s", intent.id, intent.wallet, refused)
                if "nonce too low" in refused.message.lower():
                    self._stop_foreign(intent, fence)
                return 0
        with self._unit() as ctx:
            row = self._locked(ctx.session, intent.id, fence)
            if row.state in (IntentState.SIGNED, IntentState.SENT):
                row.state = IntentState.SENT
                row.sends += 1
            _copy(row, intent)
        return 1

    def _stop_foreign(self, intent: Intent, fence: int) -> None:
        """Somebody else has used the nonce of an intent: nothing more is sent from this wallet until a person has looked."""
        mined = self._node.transaction_count(intent.wallet)
        with self._unit() as ctx:
            self._locked(ctx.session, intent.id, fence)
            self._stop(ctx, ctx.session.get_one(Wallet, intent.wallet), mined)
        raise LeaseLostError

    # ------------------------------------------------------------------ helpers

    def _locked(self, session: Session, intent_id: str, fence: int) -> Intent:
        row = session.exec(select(Intent).where(Intent.id == intent_id).with_for_update()).one()
        # Locked, so that a late worker can't read the next nonce while another takes the wallet over.
        statement = select(Wallet).where(Wallet.address == row.wallet).with_for_update()
        wallet = session.exec(statement).one()
        if (wallet.lease_owner, wallet.fence) != (self._worker, fence) or wallet.stopped_reason is not None:
            raise LeaseLostError
        row.updated_at = datetime.now(UTC)
        session.add(row)
        return row

    @staticmethod
    def _explain(intent: Intent, data: str | None) -> None:
        refusal = refusals.explain(data)
        intent.error_code, intent.error_ru, intent.error_en = refusal.code, refusal.ru, refusal.en

    @staticmethod
    def _stop(ctx: Context, wallet: Wallet, mined: int) -> None:
        wallet.stopped_reason = f"node has {mined} transactions, the outbox gave {wallet.next_nonce}"
        ctx.session.add(wallet)
        details = {"mined": mined, "given": wallet.next_nonce}
        record(ctx, action="custody.wallet.stopped", entity="wallet", entity_id=wallet.address, details=details)
        log.error("wallet %s stopped: %s", wallet.address, wallet.stopped_reason)


def _copy(row: Intent, intent: Intent) -> None:
    # The caller's detached copy follows the stored row.
    for name in ("state", "nonce", "gas", "raw", "tx_hash", "sends", "updated_at"):
        setattr(intent, name, getattr(row, name))
