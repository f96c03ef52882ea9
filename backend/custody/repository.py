"""Queries of custody."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import bindparam
from sqlmodel import col, select

from backend.core.context import Context
from backend.custody.models import Intent, Wallet
from indexer.models import ChainParticipant

# Asked for every call that is accepted: built once, for building a statement costs more than the database's answer.
_BY_KEY = select(Intent).where(col(Intent.idempotency_key) == bindparam("key"))
_REGISTERED = select(ChainParticipant.kind, ChainParticipant.number).where(
    col(ChainParticipant.address) == bindparam("address")
)


class Registered(NamedTuple):
    """What the mirrored register says of an address."""

    kind: str
    number: int


def wallet(ctx: Context, address: str) -> Wallet | None:
    """The wallet of an address."""
    return ctx.session.get(Wallet, address.lower())


def wallet_of(ctx: Context, owner_kind: str, owner_id: str) -> Wallet | None:
    """The wallet in use of an owner."""
    statement = select(Wallet).where(
        Wallet.owner_kind == owner_kind,
        Wallet.owner_id == owner_id,
        Wallet.retired_at.is_(None),  # type: ignore[union-attr]  # a column
    )
    return ctx.session.exec(statement).first()


def intent_by_key(ctx: Context, key: str) -> Intent | None:
    """The intent that an idempotency key stands for."""
    return ctx.session.exec(_BY_KEY, params={"key": key}).first()


def registered(ctx: Context, address: str) -> Registered | None:
    """A participant in the mirrored register."""
    row = ctx.session.connection().execute(_REGISTERED, {"address": address}).one_or_none()
    return Registered(*row) if row is not None else None


def intents_of(ctx: Context, ref_kind: str, ref_id: str) -> list[Intent]:
    """Intents of a record, oldest first."""
    statement = select(Intent).where(Intent.ref_kind == ref_kind, Intent.ref_id == ref_id).order_by(Intent.created_at)  # type: ignore[arg-type]  # a column
    return list(ctx.session.exec(statement))
