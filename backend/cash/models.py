"""Tables of cash. Names and purposes of payments are sealed; sums and references are clear."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Field, SQLModel

from backend.cash.states import DepositState, WithdrawalState
from backend.core.db import UtcDateTime


class BankStatement(SQLModel, table=True):
    """A statement of the nominal account, imported once."""

    __tablename__ = "bank_statements"
    __table_args__ = (UniqueConstraint("account", "statement_id", name="uq_bank_statements_number"),)

    id: str = Field(primary_key=True)
    account: str
    statement_id: str
    sha256: str = Field(unique=True)
    from_at: datetime = Field(sa_type=UtcDateTime)
    to_at: datetime = Field(sa_type=UtcDateTime, index=True)
    opening_kopeks: int = Field(sa_type=BigInteger)
    closing_kopeks: int = Field(sa_type=BigInteger)
    entries: int
    imported_by: str | None = None
    imported_at: datetime = Field(sa_type=UtcDateTime)


class Deposit(SQLModel, table=True):
    """One credit of a statement; unique by account and the bank's reference."""

    __tablename__ = "deposits"
    __table_args__ = (UniqueConstraint("account", "bank_ref", name="uq_deposits_bank_ref"),)

    id: str = Field(primary_key=True)
    statement_id: str = Field(index=True)
    account: str
    bank_ref: str
    amount_kopeks: int = Field(sa_type=BigInteger)
    end_to_end_id: str | None = None
    payer: bytes
    booked_on: date
    state: DepositState = Field(index=True)
    why_queued: str | None = None
    participant_id: str | None = Field(default=None, index=True)
    error_ru: str | None = None
    error_en: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)


class Withdrawal(SQLModel, table=True):
    """A payment out to the participant's own verified account."""

    __tablename__ = "withdrawals"

    id: str = Field(primary_key=True)
    number: str = Field(unique=True)
    participant_id: str = Field(index=True)
    amount_kopeks: int = Field(sa_type=BigInteger)
    details: bytes
    state: WithdrawalState = Field(index=True)
    bank_ref: str | None = Field(default=None, unique=True)
    error_ru: str | None = None
    error_en: str | None = None
    requested_by: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
