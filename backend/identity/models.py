"""Tables of identity. Personal data is sealed; search goes by keyed digests (152-ФЗ)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlmodel import Field, SQLModel

from backend.core.db import JsonColumn, UtcDateTime
from backend.identity.states import ApplicantKind, CaseState, ParticipantStatus


class Case(SQLModel, table=True):
    """An application. ``form`` seals the fields of the present version; ``checks`` are results without personal data."""

    __tablename__ = "kyc_cases"

    id: str = Field(primary_key=True)
    user_id: str = Field(index=True)
    portal: str
    kind: ApplicantKind
    state: CaseState = Field(default=CaseState.DRAFT, index=True)
    version: int = 1
    form: bytes
    inn_digest: str | None = Field(default=None, index=True)
    document_digest: str | None = Field(default=None, index=True)
    checks: list[dict[str, Any]] = Field(default_factory=list, sa_type=JsonColumn)
    reject_reason: str | None = None
    officer_id: str | None = None
    participant_id: str | None = Field(default=None, index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    submitted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    legal_hold: str | None = None
    erased_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class CaseVersion(SQLModel, table=True):
    """The form as it was handed in, sealed."""

    __tablename__ = "kyc_case_versions"

    case_id: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    form: bytes
    at: datetime = Field(sa_type=UtcDateTime)


class CaseFile(SQLModel, table=True):
    """A document of an application."""

    __tablename__ = "kyc_case_files"

    file_id: str = Field(primary_key=True)
    case_id: str = Field(index=True)
    kind: str


class CaseRemark(SQLModel, table=True):
    """What an officer asks or why one refuses; ``text`` is sealed, for it may name the person."""

    __tablename__ = "kyc_case_remarks"

    id: str = Field(primary_key=True)
    case_id: str = Field(index=True)
    version: int
    field: str
    text: bytes
    officer_id: str
    at: datetime = Field(sa_type=UtcDateTime)


class Participant(SQLModel, table=True):
    """A participant in the register. Class and expiry are the chain's; here is who it is and which address is theirs."""

    __tablename__ = "participants"

    id: str = Field(primary_key=True)
    number: str = Field(unique=True)
    kind: str
    portal: str
    status: ParticipantStatus = Field(index=True)
    wallet: str = Field(unique=True)
    case_id: str | None = None
    profile: bytes
    profile_salt: bytes
    inn_digest: str | None = Field(default=None, index=True)
    tax_status: str = "resident"
    powers_until: date | None = Field(default=None, index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)


class SignerPower(SQLModel, table=True):
    """Powers to sign for an organisation as they were entered; who and by what is sealed. The last entered counts."""

    __tablename__ = "signer_powers"

    id: str = Field(primary_key=True)
    participant_id: str = Field(index=True)
    sealed: bytes
    valid_until: date | None = None
    document_hash: str | None = None
    by: str
    at: datetime = Field(sa_type=UtcDateTime)


class ParticipantNote(SQLModel, table=True):
    """History of a participant: each change with its author, a user's identifier or the name of a process."""

    __tablename__ = "participant_history"

    id: str = Field(primary_key=True)
    participant_id: str = Field(index=True)
    what: str
    details: dict[str, Any] = Field(default_factory=dict, sa_type=JsonColumn)
    by: str
    at: datetime = Field(sa_type=UtcDateTime)


class NumberSeries(SQLModel, table=True):
    """Next number of a series such as KPT-INV."""

    __tablename__ = "number_series"

    prefix: str = Field(primary_key=True)
    next: int = 1


class WatchlistEntry(SQLModel, table=True):
    """A listed person or organisation, by digests of its ИНН and of its folded name."""

    __tablename__ = "watchlist_entries"

    id: str = Field(primary_key=True)
    source: str = Field(index=True)
    name_digest: str | None = Field(default=None, index=True)
    inn_digest: str | None = Field(default=None, index=True)
    label: bytes
    imported_at: datetime = Field(sa_type=UtcDateTime)


class IdentitySecret(SQLModel, table=True):
    """The key of the digests, sealed."""

    __tablename__ = "identity_secrets"

    name: str = Field(primary_key=True)
    sealed: bytes
