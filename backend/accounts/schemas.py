"""What accounts give to other packages: views without secrets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from backend.accounts.models import Portal, UserStatus
from backend.core.permissions import Role


@dataclass(frozen=True, slots=True)
class Account:
    """A user as other packages see it; address and name are personal data, so they go to no log."""

    id: str
    email: str
    name: str
    portal: Portal
    status: UserStatus
    roles: frozenset[Role]
    totp: bool
    participant_id: str | None
    lang: str
    created_at: datetime
    locked_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class SessionView:
    """One sign-in as its owner sees it."""

    id: str
    portal: Portal
    kind: str
    ip: str
    agent: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    current: bool


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A fresh sign-in: ``secret`` is the cookie's value or the refresh token and is shown once."""

    account: Account
    session_id: str
    secret: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A second factor on offer: the address for the authenticator and its picture (SVG)."""

    secret: str
    uri: str
    svg: str


@dataclass(frozen=True, slots=True)
class Client:
    """Where a request comes from."""

    ip: str = ""
    agent: str = ""
