"""The operator's view of the sender: what is on its way, a wallet's history, stopping, resuming, and the explicit cancel.

Reading needs OUTBOX_READ. Acting needs OUTBOX_MANAGE (administrators) and a fresh second factor, and is journalled with its reason. What to
do with calls whose number a foreign transaction has taken is decided in :mod:`backend.custody.taken`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import case, func, insert, or_
from sqlmodel import col, select

from backend.core.context import Context
from backend.core.errors import DomainError, Invalid, NotAllowedInState
from backend.core.journal import record
from backend.core.pagination import Page, PageRequest, ordered, paginate
from backend.core.permissions import Permission
from backend.core.signing import gathered, hash_of
from backend.custody import taken, words, work
from backend.custody.errors import IntentMissing, WalletMissing
from backend.custody.keys.chosen import stores_of
from backend.custody.models import Intent, Signature, Wallet
from backend.custody.signing import CANCEL, cancel_of, signatures
from backend.custody.states import OPEN, IntentState

_CANCELLABLE = (IntentState.NONCE_GIVEN, IntentState.SIGNED, IntentState.SENT)


@dataclass(frozen=True, slots=True)
class Standing:
    """How many intents are in a state, and since when the oldest of them has been."""

    state: IntentState
    count: int
    oldest: datetime | None


def standing(ctx: Context) -> list[Standing]:
    """States that are not final, with their counts and ages; what metrics show."""
    ctx.require(Permission.OUTBOX_READ)
    statement = select(Intent.state, func.count(), func.min(col(Intent.created_at))).where(col(Intent.state).in_(OPEN))
    rows = {state: (count, oldest) for state, count, oldest in ctx.session.exec(statement.group_by(col(Intent.state)))}
    return [Standing(state, *rows.get(state, (0, None))) for state in IntentState if state in OPEN]


AGES_S = (10, 60, 300, 3600)
"""Bounds between the ages that the page tells apart, seconds."""


def ages(ctx: Context) -> dict[IntentState, list[int]]:
    """How many intents of each open state are younger than each bound of :data:`AGES_S`, and how many are older than all."""
    ctx.require(Permission.OUTBOX_READ)
    now = work.wall()
    moments = [now - timedelta(seconds=one) for one in AGES_S]
    younger = [func.coalesce(func.sum(case((col(Intent.created_at) >= one, 1), else_=0)), 0) for one in moments]
    statement = select(Intent.state, func.count(), *younger).where(col(Intent.state).in_(OPEN))
    found: dict[IntentState, list[int]] = {}
    rows: Iterable[Any] = ctx.session.exec(statement.group_by(col(Intent.state)))
    for state, count, *within in rows:
        steps = [int(part) for part in within] + [int(count)]
        found[IntentState(state)] = [steps[0], *(after - before for before, after in pairwise(steps))]
    return found


def outbox(
    ctx: Context,
    request: PageRequest,
    *,
    state: IntentState | None = None,
    wallet: str | None = None,
    older_than_s: int | None = None,
    only_open: bool = False,
) -> Page[Intent]:
    """Intents by state, wallet and age, the oldest first; ``request.q`` looks in summary, call, hash and number of the record."""
    ctx.require(Permission.OUTBOX_READ)
    statement = select(Intent)
    if only_open:
        statement = statement.where(col(Intent.state).in_(OPEN))
    if state is not None:
        statement = statement.where(col(Intent.state) == state)
    if request.q:
        places = (
            Intent.summary,
            Intent.contract,
            Intent.function,
            Intent.wallet,
            Intent.tx_hash,
            Intent.id,
            Intent.ref_id,
        )
        statement = statement.where(or_(*(col(one).icontains(request.q, autoescape=True) for one in places)))
    if wallet:
        statement = statement.where(col(Intent.wallet) == wallet.lower())
    if older_than_s is not None:
        statement = statement.where(col(Intent.created_at) < work.wall() - timedelta(seconds=older_than_s))
    columns = {
        "created_at": col(Intent.created_at),
        "updated_at": col(Intent.updated_at),
        "state": col(Intent.state),
        "nonce": col(Intent.nonce),
    }
    return paginate(ctx.session, ordered(statement, request, columns, "created_at"), request)


def one_intent(ctx: Context, intent_id: str) -> Intent:
    """One intent; raises :class:`IntentMissing`."""
    ctx.require(Permission.OUTBOX_READ)
    found = ctx.session.get(Intent, intent_id)
    if found is None:
        raise IntentMissing
    return found


def one_wallet(ctx: Context, address: str) -> Wallet:
    """One wallet; raises :class:`WalletMissing`."""
    ctx.require(Permission.OUTBOX_READ)
    found = ctx.session.get(Wallet, address.lower())
    if found is None:
        raise WalletMissing
    return found


def counts_of(ctx: Context, address: str) -> dict[IntentState, int]:
    """How many intents of a wallet are in each state."""
    ctx.require(Permission.OUTBOX_READ)
    statement = select(Intent.state, func.count()).where(col(Intent.wallet) == address.lower())
    return {IntentState(state): count for state, count in ctx.session.exec(statement.group_by(col(Intent.state)))}


def may_cancel(intent: Intent) -> bool:
    """Whether its number may still be spent on nothing."""
    return intent.state in _CANCELLABLE and intent.nonce is not None and intent.cancel_raw is None


def wallets(ctx: Context, request: PageRequest, *, stopped: bool = False) -> Page[Wallet]:
    """Wallets by address; only those that are stopped when asked so; ``request.q`` looks in address, owner and reason."""
    ctx.require(Permission.OUTBOX_READ)
    statement = select(Wallet)
    if request.q:
        places = (Wallet.address, Wallet.owner_kind, Wallet.owner_id, Wallet.stopped_reason)
        statement = statement.where(or_(*(col(one).icontains(request.q, autoescape=True) for one in places)))
    if stopped:
        statement = statement.where(col(Wallet.stopped_reason).is_not(None))
    columns = {
        "address": col(Wallet.address),
        "stopped_at": col(Wallet.stopped_at),
        "next_nonce": col(Wallet.next_nonce),
        "created_at": col(Wallet.created_at),
    }
    return paginate(ctx.session, ordered(statement, request, columns, "address"), request)


def stop_wallet(ctx: Context, address: str, reason: str) -> Wallet:
    """Sign and send nothing more for a wallet from the next round on."""
    wallet = managed(ctx, address)
    work.stop(ctx, wallet.address, _given(reason), {"by": "administrator"})
    return wallet


def resume_wallet(ctx: Context, address: str, reason: str, *, next_nonce: int | None = None) -> Wallet:
    """Let a wallet go on. After a foreign transaction its next number can be moved up to what the node has; it never goes back.

    Calls whose number the foreign transaction has taken must be decided on before: the wallet would be stopped again.
    """
    wallet = managed(ctx, address)
    if wallet.stopped_reason is None:
        raise NotAllowedInState("Кошелёк не остановлен.", "The wallet is not stopped.")
    if next_nonce is not None and next_nonce < wallet.next_nonce:
        raise NotAllowedInState("Номер нельзя вернуть назад.", "The number can't go back.")
    left = len(taken.of_wallet(ctx, wallet.address))
    if left:
        raise NotAllowedInState(
            f"Сначала решите, что делать с операциями, номер которых занят: {left}.",
            f"Decide first on the operations whose number is taken: {left}.",
        )
    details = {"reason": _given(reason), "was": wallet.stopped_reason, "next": next_nonce}
    wallet.next_nonce = wallet.next_nonce if next_nonce is None else next_nonce
    wallet.stopped_reason = wallet.stopped_at = None
    ctx.session.add(wallet)
    record(ctx, action="custody.wallet.resumed", entity="wallet", entity_id=wallet.address, details=details)
    return wallet


def cancel(ctx: Context, intent_id: str, reason: str) -> Intent:
    """Replace a call that no block holds by nothing under the same number, so that the numbers behind it can go on.

    Which of the two is mined decides: the call may still be carried out. Raises what the key store raises.
    """
    ctx.require(Permission.OUTBOX_MANAGE)
    ctx.require_step_up()
    wallet = managed(ctx, one_intent(ctx, intent_id).wallet)
    intent = ctx.session.exec(select(Intent).where(Intent.id == intent_id).with_for_update()).one()
    if not may_cancel(intent) or intent.nonce is None:
        raise NotAllowedInState("Эту операцию уже нельзя отменить.", "This operation can't be cancelled any more.")
    if taken.holder_of(ctx, intent) is not None:
        raise NotAllowedInState(
            "Её номер уже занят чужой транзакцией.", "A foreign transaction has its number already."
        )
    text = words.cancelled(wallet, intent.nonce, _given(reason), intent.summary or intent.function)
    gathering = gathered(ctx.session)
    if gathering is not None:
        gathering.texts.append(text)
    payload = cancel_of(intent.wallet, intent.nonce, ctx.settings.chain_id)
    (signed,) = signatures(ctx, stores_of(ctx.settings), [(intent.wallet, payload)])
    if isinstance(signed, DomainError):
        raise signed
    intent.cancel_reason, intent.cancel_raw, intent.cancel_hash = reason.strip(), signed.raw, signed.tx_hash
    shown = {"shown_hash": hash_of(text), "intent_id": intent.id}
    kept = {"wallet": intent.wallet, "nonce": intent.nonce, "kind": CANCEL, **shown}
    row = {**kept, "payload_hash": signed.payload_hash, "tx_hash": signed.tx_hash, "at": work.wall()}
    ctx.session.connection().execute(insert(Signature), [row])
    ctx.session.add(intent)
    details = {"reason": intent.cancel_reason, "nonce": intent.nonce, "cancel": signed.tx_hash, "shown": hash_of(text)}
    record(ctx, action="custody.call.cancelled", entity="intent", entity_id=intent.id, details=details)
    return intent


def managed(ctx: Context, address: str) -> Wallet:
    """A wallet that an administrator with a fresh second factor acts on, locked."""
    ctx.require(Permission.OUTBOX_MANAGE)
    ctx.require_step_up()
    found = ctx.session.exec(select(Wallet).where(Wallet.address == address.lower()).with_for_update()).first()
    if found is None:
        raise WalletMissing
    return found


def _given(reason: str) -> str:
    if not reason.strip():
        raise Invalid("Укажите причину.", "State the reason.", field="reason")
    return reason.strip()
