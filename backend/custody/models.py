"""Tables of custody. Private keys are sealed (AES-256-GCM, one data key a wallet) or live in a device, and never leave this package."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from backend.core.db import JsonColumn, UtcDateTime
from backend.custody.states import IntentState


class Wallet(SQLModel, table=True):
    """One address of one owner; the key was made here and is exported never.

    ``store`` names the key store that made the key and alone can use it; ``key_ref`` is what that store calls it. ``sealed_key`` is empty
    when the key lives in a device.
    """

    __tablename__ = "wallets"
    __table_args__ = (UniqueConstraint("owner_kind", "owner_id", "retired_at", name="uq_wallets_owner"),)

    address: str = Field(primary_key=True)
    owner_kind: str
    owner_id: str = Field(index=True)
    store: str = Field(default="embedded", sa_column_kwargs={"server_default": "embedded"})
    key_ref: str | None = None
    sealed_key: bytes
    created_at: datetime = Field(sa_type=UtcDateTime)
    retired_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    next_nonce: int = Field(default=0, sa_type=BigInteger)
    stopped_reason: str | None = None
    stopped_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    lease_owner: str | None = None
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    fence: int = Field(default=0, sa_type=BigInteger)


class Intent(SQLModel, table=True):
    """One wanted call of a contract. ``content_hash`` pins what the idempotency key stands for.

    ``shown`` is the call in plain words as it was accepted, ``shown_hash`` its sha-256; ``sum_kopeks`` counts against the limits of
    ``asked_on``, the Moscow day of business time. ``cancel_raw`` are the bytes of an explicit cancel: the wallet pays itself nothing under
    the same number. ``spent_by`` is the foreign transaction that has taken its number. The moments are those of the state named.
    """

    __tablename__ = "intents"
    __table_args__ = (
        UniqueConstraint("wallet", "nonce", name="uq_intents_wallet_nonce"),
        Index("ix_intents_state_created", "state", "created_at"),
        Index("ix_intents_ref", "ref_kind", "ref_id"),
        Index("ix_intents_wallet_day", "wallet", "asked_on"),
    )

    id: str = Field(primary_key=True)
    idempotency_key: str = Field(unique=True)
    content_hash: str
    wallet: str = Field(index=True)
    contract: str
    address: str
    function: str
    args: list[Any] = Field(sa_column=Column(JsonColumn, nullable=False))
    data: str
    ref_kind: str
    ref_id: str
    summary: str
    shown: str | None = None
    shown_hash: str | None = None
    sum_kopeks: int | None = Field(default=None, sa_type=BigInteger)
    asked_on: date | None = None
    requested_by: str | None = None
    state: IntentState = Field(default=IntentState.ACCEPTED, index=True)
    nonce: int | None = Field(default=None, sa_type=BigInteger)
    raw: str | None = None
    tx_hash: str | None = Field(default=None, index=True)
    gas: int | None = Field(default=None, sa_type=BigInteger)
    sends: int = 0
    last_sent_block: int | None = Field(default=None, sa_type=BigInteger)
    block_number: int | None = Field(default=None, sa_type=BigInteger)
    mined_ok: bool | None = None
    cancel_reason: str | None = None
    cancel_raw: str | None = None
    cancel_hash: str | None = Field(default=None, index=True)
    spent_by: str | None = None
    error_code: str | None = None
    error_ru: str | None = None
    error_en: str | None = None
    handled: bool = Field(default=False, index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    numbered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    signed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    mined_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Signature(SQLModel, table=True):
    """What a wallet has signed under a number, for ever. ``kind``: call, or the one explicit cancel. ``shown_hash`` as in the intent."""

    __tablename__ = "signatures"

    wallet: str = Field(primary_key=True)
    nonce: int = Field(primary_key=True, sa_type=BigInteger)
    kind: str = Field(primary_key=True)
    intent_id: str = Field(index=True)
    payload_hash: str
    tx_hash: str
    shown_hash: str | None = None
    at: datetime = Field(sa_type=UtcDateTime)
