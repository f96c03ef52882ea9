"""Sign what has a number: the only door to the key stores, and the guard of one payload a number."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from eth_utils import keccak
from sqlalchemy import insert, select
from sqlmodel import col

from backend.core.context import Context
from backend.core.errors import DomainError
from backend.custody import policy, work
from backend.custody.errors import SecondPayload
from backend.custody.keys.base import Held
from backend.custody.keys.chosen import KeyStores
from backend.custody.models import Signature, Wallet
from backend.custody.states import IntentState
from backend.custody.transactions import Payload
from backend.custody.work import Claim, Work

if TYPE_CHECKING:
    from backend.custody.outbox import Unit

log = logging.getLogger(__name__)

CALL, CANCEL = "call", "cancel"
CANCEL_GAS = 21_000
_VALUES = 500


@dataclass(slots=True)
class SigningFigures:
    """What the key stores were asked for since the start of the process: signatures, those that could not be had, seconds spent."""

    made: int = 0
    failed: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed payload of a wallet."""

    payload_hash: str
    raw: str
    tx_hash: str


class Signer:
    """Signs outside of a transaction, for that takes time, and stores behind the fence. Bytes that could not be stored are forgotten."""

    def __init__(self, unit: Unit, keys: KeyStores, worker: str, chain_id: int, *, reading: Unit | None = None) -> None:
        self._unit = unit
        self._reading = reading or unit
        self._keys = keys
        self._worker = worker
        self._chain_id = chain_id
        self.figures = SigningFigures()

    def sign(self, claimed: Claim) -> set[str]:
        """Move NONCE_GIVEN to SIGNED; wallets whose key can't be used now."""
        items = claimed.of(IntentState.NONCE_GIVEN)
        if not items:
            return set()
        with self._reading() as ctx:
            forbidden = self._forbidden(ctx, items)
            items = [item for item in items if item.wallet not in forbidden]
            payloads = [payload_of(item, self._chain_id) for item in items]
            answers = self._ask(ctx, list(zip((item.wallet for item in items), payloads, strict=True)))
        held: set[str] = set()
        done: list[tuple[Work, Signed]] = []
        for item, answer in zip(items, answers, strict=True):
            if isinstance(answer, Signed) and item.wallet not in held:
                done.append((item, answer))
            else:
                held.add(item.wallet)
                log.error("intent %s of %s can't be signed: %s", item.id, item.wallet, answer)
        self._stop(claimed, forbidden)
        self._store(claimed, done)
        return held

    def _ask(self, ctx: Context, wanted: Sequence[tuple[str, Payload]]) -> list[Signed | DomainError]:
        started = time.monotonic()
        answers = signatures(ctx, self._keys, wanted)
        made = sum(isinstance(answer, Signed) for answer in answers)
        self.figures.seconds += time.monotonic() - started
        self.figures.made += made
        self.figures.failed += len(answers) - made
        return answers

    @staticmethod
    def _forbidden(ctx: Context, items: list[Work]) -> dict[str, str]:
        """Wallets that may not make one of their stored calls, and which: such a call was not stored by us, and nothing of them is signed."""
        kinds = _kinds_of(ctx, {item.wallet for item in items})
        ours = policy.Permits(ctx)
        return {
            item.wallet: item.id
            for item in items
            if not ours.allows(kinds[item.wallet], item.contract, item.function, item.address, item.data)
        }

    def _stop(self, claimed: Claim, forbidden: dict[str, str]) -> None:
        if not forbidden:
            return
        with self._unit() as ctx:
            for wallet, intent in forbidden.items():
                work.stop(ctx, wallet, "a stored call is not allowed to this wallet", {"intent": intent})
                log.error("wallet %s stopped: intent %s is not allowed to it", wallet, intent)
        claimed.items = [one for one in claimed.items if one.wallet not in forbidden]

    def _store(self, claimed: Claim, done: list[tuple[Work, Signed]]) -> None:
        now = work.wall()
        with self._unit() as ctx:
            mine = work.owned(ctx.session, self._worker, claimed.leases)
            live = work.still(ctx.session, [item for item, _ in done], IntentState.NONCE_GIVEN)
            done = [(item, one) for item, one in done if item.wallet in mine and item.id in live]
            refused = self._refuse_second_payloads(ctx, done)
            done = [(item, one) for item, one in done if item.wallet not in refused]
            rows = [_signature(item, one, now) for item, one in done]
            if rows:
                ctx.session.connection().execute(insert(Signature), rows)
            state = {"state": IntentState.SIGNED, "updated_at": now, "signed_at": now}
            work.write(ctx.session, [{"id": i.id, **state, "raw": one.raw, "tx_hash": one.tx_hash} for i, one in done])
        for item, one in done:
            item.state, item.raw, item.tx_hash = IntentState.SIGNED, one.raw, one.tx_hash

    @staticmethod
    def _refuse_second_payloads(ctx: Context, done: list[tuple[Work, Signed]]) -> set[str]:
        """Wallets whose number has been signed before: a restored database or a second installation. They are stopped."""
        used = _used(ctx, {item.wallet for item, _ in done}, min((i.nonce or 0 for i, _ in done), default=0))
        refused = {item.wallet: item.nonce for item, _ in done if (item.wallet, item.nonce) in used}
        for wallet, nonce in refused.items():
            work.stop(ctx, wallet, f"number {nonce} was signed before", {"nonce": nonce})
            log.error("wallet %s stopped: number %s was signed before", wallet, nonce)
        return set(refused)


def payload_of(item: Work, chain_id: int) -> Payload:
    """The call as it is signed."""
    if item.nonce is None or item.gas is None:
        raise ValueError(f"intent {item.id} has no number yet")
    return Payload(chain_id, item.nonce, item.gas, item.address, item.data)


def cancel_of(wallet: str, nonce: int, chain_id: int) -> Payload:
    """Nothing, to oneself, under a number: the one second payload that is allowed."""
    return Payload(chain_id, nonce, CANCEL_GAS, wallet, "0x")


def signatures(ctx: Context, keys: KeyStores, wanted: Sequence[tuple[str, Payload]]) -> list[Signed | DomainError]:
    """Sign each payload with the key of its wallet, each by the store that made the key."""
    rows = _keys_of(ctx, {wallet for wallet, _ in wanted})
    texts = [payload.unsigned() for _, payload in wanted]
    found: list[Signed | DomainError] = [SecondPayload()] * len(wanted)
    for name in sorted({row[0] for row in rows.values()}):
        places = [place for place, (wallet, _) in enumerate(wanted) if rows[wallet][0] == name]
        parts = keys.named(name).sign_many(ctx, [(rows[wanted[place][0]][1], texts[place]) for place in places])
        for place, part in zip(places, parts, strict=True):
            if isinstance(part, DomainError):
                found[place] = part
            else:
                raw, tx_hash = wanted[place][1].signed(part)
                found[place] = Signed("0x" + keccak(texts[place]).hex(), raw, tx_hash)
    return found


def _kinds_of(ctx: Context, wallets: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    ordered = sorted(wallets)
    for start in range(0, len(ordered), _VALUES):
        part = ordered[start : start + _VALUES]
        statement = select(col(Wallet.address), col(Wallet.owner_kind)).where(col(Wallet.address).in_(part))
        found.update((address, kind) for address, kind in ctx.session.connection().execute(statement))
    return found


def _keys_of(ctx: Context, wallets: Iterable[str]) -> dict[str, tuple[str, Held]]:
    found: dict[str, tuple[str, Held]] = {}
    ordered = sorted(wallets)
    for start in range(0, len(ordered), _VALUES):
        statement = select(col(Wallet.address), col(Wallet.store), col(Wallet.key_ref), col(Wallet.sealed_key)).where(
            col(Wallet.address).in_(ordered[start : start + _VALUES])
        )
        for address, store, key_ref, sealed in ctx.session.connection().execute(statement):
            found[address] = (store, Held(address, key_ref, sealed))
    return found


def _used(ctx: Context, wallets: Iterable[str], lowest: int) -> set[tuple[str, int]]:
    found: set[tuple[str, int]] = set()
    ordered = sorted(wallets)
    for start in range(0, len(ordered), _VALUES):
        statement = select(col(Signature.wallet), col(Signature.nonce)).where(
            col(Signature.wallet).in_(ordered[start : start + _VALUES]),
            col(Signature.nonce) >= lowest,
            col(Signature.kind) == CALL,
        )
        found.update((wallet, nonce) for wallet, nonce in ctx.session.connection().execute(statement))
    return found


def _signature(item: Work, one: Signed, now: datetime) -> dict[str, Any]:
    return {
        "wallet": item.wallet,
        "nonce": item.nonce,
        "kind": CALL,
        "intent_id": item.id,
        "payload_hash": one.payload_hash,
        "tx_hash": one.tx_hash,
        "shown_hash": item.shown_hash,
        "at": now,
    }
