"""Tables of accounts. Address and name are sealed; sign-in finds a user by a keyed digest of the address."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from backend.core.db import UtcDateTime
from backend.core.permissions import Role


class Portal(StrEnum):
    """Where a user works; it is the audience of tokens and sessions."""

    INVESTOR = "investor"
    ISSUER = "issuer"
    OFFICE = "office"
    AUDIT = "audit"


class UserStatus(StrEnum):
    """Whether a user may sign in."""

    UNCONFIRMED = "UNCONFIRMED"
    """Registered; the address is not confirmed."""
    ACTIVE = "ACTIVE"
    """May sign in."""
    BLOCKED = "BLOCKED"
    """Closed by an administrator; sessions are ended."""


class TokenPurpose(StrEnum):
    """What a link in a letter is for."""

    CONFIRM = "confirm"
    RESET = "reset"


class RoleChangeState(StrEnum):
    """Way of a role change under four eyes."""

    PROPOSED = "PROPOSED"
    """One administrator asked; the proposal is on its way to the chain or waits there."""
    APPROVED = "APPROVED"
    """Another administrator approved; the transaction is under way."""
    DONE = "DONE"
    """Executed on chain; the role is given or taken."""
    FAILED = "FAILED"
    """The chain refused."""
    CANCELLED = "CANCELLED"
    """Withdrawn before approval."""


class User(SQLModel, table=True):
    """A person who signs in. ``participant_id`` is set when KYC admits them; ``profile`` seals address and name."""

    __tablename__ = "users"

    id: str = Field(primary_key=True)
    email_digest: str = Field(unique=True)
    profile: bytes
    portal: Portal
    status: UserStatus = Field(default=UserStatus.UNCONFIRMED, index=True)
    participant_id: str | None = Field(default=None, index=True)
    lang: str = "ru"
    external_subject: str | None = Field(default=None, unique=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Credential(SQLModel, table=True):
    """Password (Argon2id) and second factor of a user, with the count of failures in a row."""

    __tablename__ = "credentials"

    user_id: str = Field(primary_key=True)
    password_hash: str | None = None
    password_changed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    totp_secret: bytes | None = None
    totp_confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    totp_last_step: int = Field(default=0, sa_type=BigInteger)
    failed_attempts: int = 0
    locked_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class UserRole(SQLModel, table=True):
    """A role that a user holds now; the history is in the journal."""

    __tablename__ = "user_roles"

    user_id: str = Field(primary_key=True)
    role: Role = Field(primary_key=True)
    granted_at: datetime = Field(sa_type=UtcDateTime)
    granted_by: str | None = None


class UserSession(SQLModel, table=True):
    """One sign-in. ``secret_digest`` is of the cookie or refresh token; ``client`` seals address and browser."""

    __tablename__ = "user_sessions"

    id: str = Field(primary_key=True)
    user_id: str = Field(index=True)
    portal: Portal
    kind: str
    secret_digest: str = Field(unique=True)
    previous_digest: str | None = Field(default=None, index=True)
    client: bytes
    created_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    second_factor_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    stepped_up_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class OneTimeToken(SQLModel, table=True):
    """A link in a letter; only the digest of its secret is kept."""

    __tablename__ = "one_time_tokens"

    digest: str = Field(primary_key=True)
    user_id: str = Field(index=True)
    purpose: TokenPurpose
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class AccountSecret(SQLModel, table=True):
    """A secret of the installation, sealed: the key of the address digests."""

    __tablename__ = "account_secrets"

    name: str = Field(primary_key=True)
    sealed: bytes


class Mail(SQLModel, table=True):
    """A letter to send; ``sealed`` holds address, subject and text. Without SMTP it stays here, readable in development."""

    __tablename__ = "mails"
    __table_args__ = (Index("ix_mails_unsent", "sent_at", "next_try_at"),)

    id: str = Field(primary_key=True)
    user_id: str = Field(index=True)
    kind: str
    sealed: bytes
    created_at: datetime = Field(sa_type=UtcDateTime)
    next_try_at: datetime = Field(sa_type=UtcDateTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    attempts: int = 0
    error: str | None = None


class RoleChange(SQLModel, table=True):
    """A grant or revocation of a role that exists on chain: two administrators and an executed proposal."""

    __tablename__ = "role_changes"

    id: str = Field(primary_key=True)
    user_id: str = Field(index=True)
    role: Role
    grant: bool
    reason: str
    document_hash: str
    state: RoleChangeState = Field(default=RoleChangeState.PROPOSED, index=True)
    proposed_by: str
    approved_by: str | None = None
    error_ru: str | None = None
    error_en: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
