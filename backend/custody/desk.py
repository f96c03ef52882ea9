"""The operator's view of the sender: what is on its way, a wallet's history, stopping, resuming, and the explicit cancel.

Reading needs OUTBOX_READ. Acting needs OUTBOX_MANAGE (administrators) and a fresh second factor, and is journalled with its reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, insert
from sqlmodel import col, select

from backend.core.context import Context
from backend.core.errors import DomainError, NotAllowedInState
from backend.core.journal import record
from backend.core.pagination import Page, PageRequest, ordered, paginate
from backend.core.permissions import Permission
from backend.custody import work
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


def outbox(
    ctx: Context,
    request: PageRequest,
    *,
    state: IntentState | None = None,
    wallet: str | None = None,
    older_than_s: int | None = None,
) -> Page[Intent]:
    """Intents by state, wallet and age, the oldest first."""
    ctx.require(Permission.OUTBOX_READ)
    statement = select(Intent)
    if state is not None:
        statement = statement.where(col(Intent.state) == state)
    if wallet:
        statement = statement.where(col(Intent.wallet) == wallet.lower())
    if older_than_s is not None:
        statement = statement.where(col(Intent.created_at) < work.wall() - timedelta(seconds=older_than_s))
    columns = {"created_at": col(Intent.created_at), "state": col(Intent.state), "nonce": col(Intent.nonce)}
    return paginate(ctx.session, ordered(statement, request, columns, "created_at"), request)


def wallets(ctx: Context, request: PageRequest, *, stopped: bool = False) -> Page[Wallet]:
    """Wallets by address; only those that are stopped when asked so."""
    ctx.require(Permission.OUTBOX_READ)
    statement = select(Wallet)
    if stopped:
        statement = statement.where(col(Wallet.stopped_reason).is_not(None))
    columns = {"address": col(Wallet.address), "stopped_at": col(Wallet.stopped_at)}
    return paginate(ctx.session, ordered(statement, request, columns, "address"), request)


def stop_wallet(ctx: Context, address: str, reason: str) -> Wallet:
    """Sign and send nothing more for a wallet from the next round on."""
    wallet = _managed(ctx, address)
    work.stop(ctx, wallet.address, reason, {"by": "administrator"})
    return wallet


def resume_wallet(ctx: Context, address: str, reason: str, *, next_nonce: int | None = None) -> Wallet:
    """Let a wallet go on. After a foreign transaction its next number can be moved up to what the node has; it never goes back."""
    wallet = _managed(ctx, address)
    if wallet.stopped_reason is None:
        raise NotAllowedInState("Кошелёк не остановлен.", "The wallet is not stopped.")
    if next_nonce is not None and next_nonce < wallet.next_nonce:
        raise NotAllowedInState("Номер нельзя вернуть назад.", "The number can't go back.")
    details = {"reason": reason, "was": wallet.stopped_reason, "next": next_nonce}
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
    found = ctx.session.get(Intent, intent_id)
    if found is None:
        raise IntentMissing
    _locked(ctx, found.wallet)
    intent = ctx.session.exec(select(Intent).where(Intent.id == intent_id).with_for_update()).one()
    if intent.state not in _CANCELLABLE or intent.nonce is None or intent.cancel_raw is not None:
        raise NotAllowedInState("Эту операцию уже нельзя отменить.", "This operation can't be cancelled any more.")
    payload = cancel_of(intent.wallet, intent.nonce, ctx.settings.chain_id)
    (signed,) = signatures(ctx, stores_of(ctx.settings), [(intent.wallet, payload)])
    if isinstance(signed, DomainError):
        raise signed
    intent.cancel_reason, intent.cancel_raw, intent.cancel_hash = reason, signed.raw, signed.tx_hash
    kept = {"wallet": intent.wallet, "nonce": intent.nonce, "kind": CANCEL, "intent_id": intent.id, "shown_hash": None}
    row = {**kept, "payload_hash": signed.payload_hash, "tx_hash": signed.tx_hash, "at": work.wall()}
    ctx.session.connection().execute(insert(Signature), [row])
    ctx.session.add(intent)
    details = {"reason": reason, "nonce": intent.nonce, "cancel": signed.tx_hash}
    record(ctx, action="custody.call.cancelled", entity="intent", entity_id=intent.id, details=details)
    return intent


def _managed(ctx: Context, address: str) -> Wallet:
    ctx.require(Permission.OUTBOX_MANAGE)
    ctx.require_step_up()
    return _locked(ctx, address)


def _locked(ctx: Context, address: str) -> Wallet:
    found = ctx.session.exec(select(Wallet).where(Wallet.address == address.lower()).with_for_update()).first()
    if found is None:
        raise WalletMissing
    return found
