"""Limits of sign-in. The numbers that the operator may change are dated rules (backend/core/data/rules.yaml)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from backend.core.clock import to_msk
from backend.core.permissions import OFFICER_ROLES, Role
from backend.core.rules import rule_int

CONFIRM_LASTS = timedelta(days=3)
RESET_LASTS = timedelta(hours=1)
SEEN_EVERY = timedelta(minutes=5)


def wall_clock() -> datetime:
    """Sessions, codes and lockouts follow the computer's clock, also where business time is the chain's."""
    return datetime.now(UTC)


def allowed_failures(now: datetime) -> int:
    """Failed attempts in a row before the lock."""
    return rule_int("login_attempts", to_msk(now).date())


def lock_lasts(now: datetime) -> timedelta:
    """How long the lock holds."""
    return timedelta(minutes=rule_int("login_lock_minutes", to_msk(now).date()))


def needs_second_factor(roles: frozenset[Role]) -> bool:
    """Officers, auditors and regulators work with a second factor only."""
    return bool(roles & (OFFICER_ROLES | {Role.AUDITOR, Role.REGULATOR}))
