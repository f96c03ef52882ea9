"""Tables of payouts: what the operator ordered. What was declared, funded and paid is in chain_runs and chain_run_payments."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from backend.core.db import UtcDateTime
from backend.payouts.states import Part, RunState


class PayoutRun(SQLModel, table=True):
    """A payment of an issue. ``chain_ref`` is its reference in the contract; sums are kopeks, the rate millionths of a kopek a unit."""

    __tablename__ = "payout_runs"
    __table_args__ = (
        UniqueConstraint("issue_id", "payment_number", "part", "attempt", name="uq_payout_runs_payment"),
        Index("ix_payout_runs_state_due", "state", "due_at"),
    )

    id: str = Field(primary_key=True)
    number: str = Field(unique=True)
    chain_ref: str = Field(unique=True)
    issue_id: str = Field(index=True)
    issue_number: str
    issuer_id: str = Field(index=True)
    asset: str = Field(index=True)
    payment_number: int
    part: Part
    attempt: int = 1
    kind: str
    rounding: str
    accrual_start: date | None = None
    accrual_end: date | None = None
    payment_date: date = Field(index=True)
    calendar_known: bool = True
    fixing_date: date | None = None
    record_at: datetime = Field(sa_type=UtcDateTime)
    record_number: int
    due_at: datetime = Field(sa_type=UtcDateTime)
    micro_kopeks_per_unit: int | None = Field(default=None, sa_type=BigInteger)
    tax_agent: str
    state: RunState = Field(default=RunState.PLANNED)
    register_hash: str | None = None
    units: int = Field(default=0, sa_type=BigInteger)
    holders: int = 0
    gross_kopeks: int = Field(default=0, sa_type=BigInteger)
    tax_kopeks: int = Field(default=0, sa_type=BigInteger)
    required_kopeks: int = Field(default=0, sa_type=BigInteger)
    calculation: int = 0
    calculated_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    launched_by: str | None = None
    retries: int = 0
    error_ru: str | None = None
    error_en: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)


class PayoutLine(SQLModel, table=True):
    """A holder of the fixed register, at a place by number of participant, and what is due. ``batch`` is paid in one transaction."""

    __tablename__ = "payout_lines"

    run_id: str = Field(primary_key=True)
    holder: str = Field(primary_key=True, max_length=42)
    place: int
    batch: int = Field(index=True)
    participant_id: str | None = Field(default=None, index=True)
    units: int = Field(sa_type=BigInteger)
    tax_status: str
    base_before_kopeks: int = Field(default=0, sa_type=BigInteger)
    gross_kopeks: int | None = Field(default=None, sa_type=BigInteger)
    tax_kopeks: int | None = Field(default=None, sa_type=BigInteger)


class PayoutCheck(SQLModel, table=True):
    """An officer's check of a calculation."""

    __tablename__ = "payout_checks"

    run_id: str = Field(primary_key=True)
    calculation: int = Field(primary_key=True)
    user_id: str = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)


class PayoutIndex(SQLModel, table=True):
    """The value that a floating or indexed payment follows, with its source; counts once another officer has confirmed it."""

    __tablename__ = "payout_indices"

    run_id: str = Field(primary_key=True)
    value: str
    source: str
    on_date: date
    entered_by: str
    entered_at: datetime = Field(sa_type=UtcDateTime)
    confirmed_by: str | None = None
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
