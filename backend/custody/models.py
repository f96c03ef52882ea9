"""Tables of custody. Private keys are sealed (AES-256-GCM, one data key a wallet) and never leave this package."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from backend.core.db import JsonColumn, UtcDateTime
from backend.custody.states import IntentState


class Wallet(SQLModel, table=True):
    """One address of one owner; the key was made here and is exported never."""

    __tablename__ = "wallets"
    __table_args__ = (UniqueConstraint("owner_kind", "owner_id", "retired_at", name="uq_wallets_owner"),)

    address: str = Field(primary_key=True)
    owner_kind: str
    owner_id: str = Field(index=True)
    sealed_key: bytes
    created_at: datetime = Field(sa_type=UtcDateTime)
    retired_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    next_nonce: int = Field(default=0, sa_type=BigInteger)
    stopped_reason: str | None = None
    lease_owner: str | None = None
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    fence: int = Field(default=0, sa_type=BigInteger)


class Intent(SQLModel, table=True):
    """One wanted call of a contract. ``content_hash`` pins what the idempotency key stands for."""

    __tablename__ = "intents"
    __table_args__ = (
        UniqueConstraint("wallet", "nonce", name="uq_intents_wallet_nonce"),
        Index("ix_intents_state_created", "state", "created_at"),
        Index("ix_intents_ref", "ref_kind", "ref_id"),
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
    requested_by: str | None = None
    state: IntentState = Field(default=IntentState.ACCEPTED, index=True)
    nonce: int | None = Field(default=None, sa_type=BigInteger)
    raw: str | None = None
    tx_hash: str | None = Field(default=None, index=True)
    gas: int | None = Field(default=None, sa_type=BigInteger)
    sends: int = 0
    last_sent_block: int | None = Field(default=None, sa_type=BigInteger)
    block_number: int | None = Field(default=None, sa_type=BigInteger)
    error_code: str | None = None
    error_ru: str | None = None
    error_en: str | None = None
    handled: bool = Field(default=False, index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
