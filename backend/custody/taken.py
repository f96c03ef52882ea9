"""Calls whose number a foreign transaction has taken: told by the verified mirror, decided on by an administrator, never by the sender.

The mirror holds a transaction of the wallet under the call's number whose hash is none of ours. A block of the register is final, so the
call can't be carried out under that number any more, and one of two decisions is safe: report it as not carried out (its domain is told so
as of any refused call), or give it a new number (it is signed anew, once).
"""

from __future__ import annotations

from typing import Any

from sqlmodel import col, func, or_, select

from backend.core.context import Context
from backend.core.errors import Invalid, NotAllowedInState
from backend.core.journal import record
from backend.core.permissions import Permission
from backend.custody import work
from backend.custody.errors import IntentMissing
from backend.custody.models import Intent, Wallet
from backend.custody.states import MACHINE, OPEN, IntentState
from indexer.models import ChainTransaction

_GIVEN_UP = {
    "error_code": "NumberTaken",
    "error_ru": "Операция не исполнена: её номер заняла чужая транзакция.",
    "error_en": "The operation was not carried out: a foreign transaction took its number.",
}


def of_wallet(ctx: Context, address: str) -> list[tuple[Intent, str]]:
    """Open calls of a wallet whose number is taken, each with the hash of the transaction that has it."""
    ctx.require(Permission.OUTBOX_READ)
    statement = _taken(Intent, ChainTransaction.hash).where(col(Intent.wallet) == address.lower())
    return [(intent, tx_hash) for intent, tx_hash in ctx.session.exec(statement.order_by(col(Intent.nonce)))]


def holder_of(ctx: Context, intent: Intent) -> str | None:
    """Hash of the foreign transaction that has the number of an open call, or None."""
    found: str | None = ctx.session.exec(_taken(ChainTransaction.hash).where(col(Intent.id) == intent.id)).first()
    return found


def mirrored_next(ctx: Context, address: str) -> int:
    """The number that comes after every transaction of a wallet that the mirror holds."""
    ctx.require(Permission.OUTBOX_READ)
    statement = select(func.max(ChainTransaction.nonce)).where(col(ChainTransaction.sender) == address.lower())
    highest = ctx.session.exec(statement).one()
    return 0 if highest is None else int(highest) + 1


def give_up(ctx: Context, intent_id: str, reason: str) -> Intent:
    """Report a call as not carried out."""
    intent, holder = _decided(ctx, intent_id, reason)
    intent.state = MACHINE.check(intent.state, IntentState.FAILED)
    for name, value in _GIVEN_UP.items():
        setattr(intent, name, value)
    intent.spent_by, intent.updated_at = holder, work.wall()
    intent.settled_at = intent.updated_at
    return _kept(ctx, intent, "custody.call.given_up", reason, holder)


def renumber(ctx: Context, intent_id: str, reason: str) -> Intent:
    """Let a call be simulated, numbered and signed anew; the old number and its signature stay in ``signatures`` for ever."""
    intent, holder = _decided(ctx, intent_id, reason)
    details = {"number": intent.nonce, "was": intent.tx_hash}
    intent.state = MACHINE.check(intent.state, IntentState.ACCEPTED)
    for name in ("nonce", "gas", "raw", "tx_hash", "cancel_reason", "cancel_raw", "cancel_hash", "block_number"):
        setattr(intent, name, None)
    intent.numbered_at = intent.signed_at = intent.sent_at = intent.mined_at = None
    intent.mined_ok, intent.sends = None, 0
    intent.spent_by, intent.updated_at = holder, work.wall()
    return _kept(ctx, intent, "custody.call.renumbered", reason, holder, **details)


def _taken(*wanted: Any) -> Any:
    ours = or_(col(ChainTransaction.hash) == col(Intent.tx_hash), col(ChainTransaction.hash) == col(Intent.cancel_hash))
    return (
        select(*wanted)
        .select_from(Intent)
        .join(
            ChainTransaction,
            (col(ChainTransaction.sender) == col(Intent.wallet)) & (col(ChainTransaction.nonce) == col(Intent.nonce)),
        )
        .where(col(Intent.state).in_(OPEN), func.coalesce(ours, False).is_(False))
    )


def _decided(ctx: Context, intent_id: str, reason: str) -> tuple[Intent, str]:
    ctx.require(Permission.OUTBOX_MANAGE)
    ctx.require_step_up()
    if not reason.strip():
        raise Invalid("Укажите причину.", "State the reason.", field="reason")
    found = ctx.session.get(Intent, intent_id)
    if found is None:
        raise IntentMissing
    # The wallet first, as everywhere; a worker that holds it writes nothing in between.
    ctx.session.exec(select(Wallet).where(Wallet.address == found.wallet).with_for_update()).one()
    intent = ctx.session.exec(
        select(Intent).where(Intent.id == intent_id).with_for_update().execution_options(populate_existing=True)
    ).one()
    holder = holder_of(ctx, intent)
    if holder is None:
        raise NotAllowedInState(
            "Номер этой операции не занят чужой транзакцией.",
            "No foreign transaction has the number of this operation.",
        )
    return intent, holder


def _kept(ctx: Context, intent: Intent, action: str, reason: str, holder: str, **more: Any) -> Intent:
    ctx.session.add(intent)
    ctx.session.flush()
    details = {"reason": reason.strip(), "taken_by": holder, **more}
    record(ctx, action=action, entity="intent", entity_id=intent.id, details=details)
    return intent
