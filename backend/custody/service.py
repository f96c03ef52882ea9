"""Wallets and intents: what the other domains may ask of the safe."""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from backend.core.context import Context
from backend.core.ids import bytes32_of, new_id
from backend.core.journal import record
from backend.core.signing import gathered, hash_of
from backend.custody import calls, limits, policy, repository, words
from backend.custody.errors import IntentDiffers, WalletMissing
from backend.custody.keys.chosen import stores_of
from backend.custody.models import Intent, Wallet

__all__ = [
    "create_wallet",
    "four_eyes_approve",
    "four_eyes_cancel",
    "four_eyes_propose",
    "intent",
    "intents_of",
    "request_call",
    "wallet_of",
]

FOUR_EYES_LASTS = timedelta(days=5)


def create_wallet(ctx: Context, owner_kind: str, owner_id: str) -> str:
    """Make a key for an owner and return its address; an owner who has one keeps it. ``owner_kind``: participant, officer, system."""
    present = repository.wallet_of(ctx, owner_kind, owner_id)
    if present is not None:
        return present.address
    gathering = gathered(ctx.session)
    if gathering is not None and gathering.dry:
        return _address_for_a_look(ctx, owner_kind, owner_id)
    store = stores_of(ctx.settings).for_new_keys()
    made = store.make(ctx)
    row = Wallet(
        address=made.address,
        owner_kind=owner_kind,
        owner_id=owner_id,
        store=store.name,
        key_ref=made.key_ref,
        sealed_key=made.sealed_key,
        created_at=datetime.now(UTC),
    )
    ctx.session.add(row)
    ctx.session.flush()
    words.note_new_address(ctx, made.address)
    return made.address


def _address_for_a_look(ctx: Context, owner_kind: str, owner_id: str) -> str:
    """An address without a key in a unit of work that will be rolled back: a device would keep the key for ever."""
    address = "0x" + secrets.token_hex(20)
    now = datetime.now(UTC)
    row = Wallet(
        address=address, owner_kind=owner_kind, owner_id=owner_id, store="none", sealed_key=b"", created_at=now
    )
    ctx.session.add(row)
    ctx.session.flush()
    words.note_new_address(ctx, address)
    return address


def wallet_of(ctx: Context, owner_kind: str, owner_id: str) -> str:
    """Address of an owner; raises :class:`WalletMissing`."""
    row = repository.wallet_of(ctx, owner_kind, owner_id)
    if row is None:
        raise WalletMissing
    return row.address


def request_call(
    ctx: Context,
    *,
    wallet: str,
    contract: str,
    function: str,
    args: list[Any],
    idempotency_key: str,
    ref_kind: str,
    ref_id: str,
    summary: str,
    address: str | None = None,
) -> Intent:
    """Promise a call of a contract in the wallet's name.

    The same key with the same content returns the stored intent; with other content it raises :class:`IntentDiffers`. ``address`` may be
    left out for the contracts of the deployment. ``args`` are in ABI order; ``bytes32`` as 0x text. Nothing is sent here. A person's call
    raises StepUpRequired without a fresh code and LimitOfSigning above the limits of the wallet.
    """
    owner = repository.wallet(ctx, wallet)
    if owner is None:
        raise WalletMissing
    target = (address or calls.address_of(ctx.settings, contract)).lower()
    data = calls.encode(contract, function, args)
    digest = hashlib.sha256(json.dumps([wallet.lower(), target, data, ref_kind, ref_id]).encode()).hexdigest()
    present = repository.intent_by_key(ctx, idempotency_key)
    if present is not None:
        if present.content_hash != digest:
            raise IntentDiffers
        return present
    policy.check_request(ctx, owner, contract, function, target, args)
    kopeks = limits.sum_of(ctx, contract, function, target, args)
    limits.check(ctx, owner, kopeks)
    shown = words.shown(ctx, owner, words.Wanted(contract, function, target, data, summary, kopeks))
    seen = _seen_by_person(ctx, shown)
    now = datetime.now(UTC)
    row = Intent(
        id=new_id(),
        idempotency_key=idempotency_key,
        content_hash=digest,
        wallet=wallet.lower(),
        contract=contract,
        address=target,
        function=function,
        args=calls.jsonable(args),
        data=data,
        ref_kind=ref_kind,
        ref_id=ref_id,
        summary=summary,
        shown=shown,
        shown_hash=hash_of(shown),
        sum_kopeks=kopeks,
        asked_on=limits.day_of(ctx),
        requested_by=ctx.actor.user_id,
        created_at=now,
        updated_at=now,
    )
    ctx.session.add(row)
    ctx.session.flush()
    if not ctx.actor.is_system:
        details = {"call": f"{contract}.{function}", "wallet": row.wallet, "shown": row.shown_hash, "seen": seen}
        record(ctx, action="custody.call.accepted", entity="intent", entity_id=row.id, details=details)
    return row


def _seen_by_person(ctx: Context, shown: str) -> bool:
    """A person's call needs a code within five minutes, and is shown in words before where the edge can show it; whether it was."""
    if ctx.actor.is_system:
        return False
    ctx.require_step_up()
    gathering = gathered(ctx.session)
    if gathering is None:
        return False
    gathering.texts.append(shown)
    return bool(gathering.seen)


def four_eyes_propose(
    ctx: Context,
    *,
    wallet: str,
    contract: str,
    function: str,
    args: list[Any],
    reason: str,
    document_hash: str,
    idempotency_key: str,
    ref_kind: str,
    ref_id: str,
    summary: str,
    address: str | None = None,
    expires_at: datetime | None = None,
) -> Intent:
    """Propose a dangerous call for a second officer. ``reason`` is a short code, ``document_hash`` 64 hexadecimal digits or 0x text."""
    target = address or calls.address_of(ctx.settings, contract)
    until = int((expires_at or ctx.now() + FOUR_EYES_LASTS).timestamp())
    document = document_hash if document_hash.startswith("0x") else "0x" + document_hash
    return request_call(
        ctx,
        wallet=wallet,
        contract="FourEyes",
        function="propose",
        args=[target, calls.encode(contract, function, args), bytes32_of(reason), document, until],
        idempotency_key=idempotency_key,
        ref_kind=ref_kind,
        ref_id=ref_id,
        summary=summary,
    )


def four_eyes_approve(
    ctx: Context,
    *,
    wallet: str,
    proposal_id: int,
    data: str,
    idempotency_key: str,
    ref_kind: str,
    ref_id: str,
    summary: str,
) -> Intent:
    """Approve a proposal as the second officer; ``data`` is the proposed call (chain_proposals.data). It executes in that transaction."""
    return request_call(
        ctx,
        wallet=wallet,
        contract="FourEyes",
        function="approve",
        args=[proposal_id, data],
        idempotency_key=idempotency_key,
        ref_kind=ref_kind,
        ref_id=ref_id,
        summary=summary,
    )


def four_eyes_cancel(
    ctx: Context, *, wallet: str, proposal_id: int, idempotency_key: str, ref_kind: str, ref_id: str, summary: str
) -> Intent:
    """Withdraw a proposal."""
    return request_call(
        ctx,
        wallet=wallet,
        contract="FourEyes",
        function="cancel",
        args=[proposal_id],
        idempotency_key=idempotency_key,
        ref_kind=ref_kind,
        ref_id=ref_id,
        summary=summary,
    )


def intents_of(ctx: Context, ref_kind: str, ref_id: str) -> list[Intent]:
    """Intents of a record, oldest first."""
    return repository.intents_of(ctx, ref_kind, ref_id)


def intent(ctx: Context, intent_id: str) -> Intent | None:
    """One intent."""
    return ctx.session.get(Intent, intent_id)
