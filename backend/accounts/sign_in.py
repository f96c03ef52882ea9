"""Signing in and out, and the second factor.

A refused attempt must be counted, so these functions *return* their refusal: the edge commits the count and raises afterwards.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from backend.accounts import passwords, policy, repository, sessions, tokens, totp, users
from backend.accounts.errors import (
    CodeWrong,
    CredentialsWrong,
    LockedOut,
    NotConfirmed,
    SecondFactorNeeded,
    UserBlocked,
)
from backend.accounts.models import Credential, Portal, User, UserStatus
from backend.accounts.policy import wall_clock
from backend.accounts.schemas import Client, Enrolment, SignedIn
from backend.core import journal
from backend.core.context import Context
from backend.core.errors import DomainError, Unauthenticated


def sign_in(
    ctx: Context,
    *,
    email: str,
    password: str,
    code: str | None,
    kind: str,
    client: Client,
    portal: Portal | None = None,
) -> SignedIn | DomainError:
    """Open a session by password and, when the user has one, second factor. ``kind``: web or api."""
    user = repository.user_by_email(ctx, email)
    if user is None or (portal is not None and user.portal != portal):
        passwords.verify(None, password)
        return CredentialsWrong(field="password")
    credential = repository.credential(ctx, user.id, lock=True)
    refusal = _refusal(ctx, user, credential, password, code)
    if refusal is not None:
        return refusal
    credential.failed_attempts, credential.locked_until = 0, None
    if credential.password_hash and passwords.needs_renewal(credential.password_hash):
        credential.password_hash = passwords.hash_password(password)
    ctx.session.add(credential)
    return enter(ctx, user, kind=kind, client=client, second_factor=totp.is_on(credential))


def enter(ctx: Context, user: User, *, kind: str, client: Client, second_factor: bool) -> SignedIn:
    """Open a session for a user whose identity is proven, and journal it."""
    signed_in = sessions.open_session(ctx, user, kind=kind, client=client, second_factor=second_factor)
    details = {"kind": kind, "second_factor": second_factor}
    journal.record(ctx, action="accounts.session.opened", entity="user", entity_id=user.id, details=details)
    return signed_in


def refresh(ctx: Context, refresh_token: str, client: Client) -> tuple[SignedIn, str, int] | DomainError:
    """New access and refresh tokens for an old refresh token; a token shown twice ends the session, for somebody copied it."""
    now = wall_clock()
    row = repository.session_by_secret(ctx, refresh_token)
    if row is None:
        stolen = repository.session_by_previous(ctx, refresh_token)
        if stolen is not None and stolen.revoked_at is None:
            stolen.revoked_at = now
            ctx.session.add(stolen)
            journal.record(ctx, action="accounts.session.reuse_detected", entity="user", entity_id=stolen.user_id)
        return Unauthenticated(code="refresh_invalid")
    user = repository.user(ctx, row.user_id)
    if user is None or user.status != UserStatus.ACTIVE or row.kind != "api" or not sessions.is_live(row, now):
        return Unauthenticated(code="session_ended")
    secret = secrets.token_urlsafe(32)
    row.previous_digest, row.secret_digest = row.secret_digest, repository.digest_of(secret)
    row.seen_at = now
    ctx.session.add(row)
    ctx.session.flush()
    token, life_s = tokens.issue(ctx, user_id=user.id, session_id=row.id, portal=row.portal)
    account = users.account_of(ctx, user)
    return SignedIn(account=account, session_id=row.id, secret=secret, expires_at=row.expires_at), token, life_s


def sign_out(ctx: Context) -> None:
    """End the asker's session."""
    if ctx.actor.session_id is not None:
        sessions.revoke(ctx, ctx.actor.session_id)


def step_up(ctx: Context, code: str) -> DomainError | None:
    """Note a fresh second factor on the session; it serves for five minutes. Returns the refusal, if any."""
    row = repository.session_row(ctx, ctx.actor.session_id or "")
    if row is None or ctx.actor.user_id is None:
        return Unauthenticated()
    credential = repository.credential(ctx, ctx.actor.user_id, lock=True)
    refusal = _code_refusal(ctx, credential, code)
    if refusal is not None:
        return refusal
    row.stepped_up_at = row.second_factor_at = wall_clock()
    ctx.session.add(row)
    journal.record(ctx, action="accounts.session.stepped_up", entity="user", entity_id=ctx.actor.user_id)
    return None


def begin_enrolment(ctx: Context) -> Enrolment:
    """Offer the asker a second factor; raises CodeWrong when one is on already."""
    account = users.account(ctx, ctx.actor.user_id or "")
    if account.totp:
        raise CodeWrong(
            "Второй фактор уже подключён.",
            "The second factor is set up already.",
            code="second_factor_on",
            field="code",
        )
    return totp.begin(ctx, account.id, account.email)


def confirm_enrolment(ctx: Context, code: str) -> DomainError | None:
    """Turn the offered second factor on by its first code; the session counts as stepped up."""
    credential = repository.credential(ctx, ctx.actor.user_id or "", lock=True)
    refusal = _code_refusal(ctx, credential, code)
    if refusal is not None:
        return refusal
    now = wall_clock()
    credential.totp_confirmed_at = now
    ctx.session.add(credential)
    row = repository.session_row(ctx, ctx.actor.session_id or "")
    if row is not None:
        row.second_factor_at = row.stepped_up_at = now
        ctx.session.add(row)
    journal.record(ctx, action="accounts.second_factor.on", entity="user", entity_id=credential.user_id)
    return None


def _refusal(ctx: Context, user: User, credential: Credential, password: str, code: str | None) -> DomainError | None:
    now = wall_clock()
    if credential.locked_until is not None and credential.locked_until > now:
        return _locked(credential.locked_until - now)
    if not passwords.verify(credential.password_hash, password):
        return _count_failure(ctx, credential, now) or CredentialsWrong(field="password")
    if user.status == UserStatus.BLOCKED:
        return UserBlocked(field="email")
    if user.status == UserStatus.UNCONFIRMED:
        return NotConfirmed(field="email")
    if not totp.is_on(credential):
        return None
    return _code_refusal(ctx, credential, code) if code else SecondFactorNeeded(field="code")


def _code_refusal(ctx: Context, credential: Credential, code: str) -> DomainError | None:
    now = wall_clock()
    if credential.locked_until is not None and credential.locked_until > now:
        return _locked(credential.locked_until - now)
    try:
        totp.accept(ctx, credential, code)
    except CodeWrong as refusal:
        return _count_failure(ctx, credential, now) or refusal
    credential.failed_attempts, credential.locked_until = 0, None
    ctx.session.add(credential)
    return None


def _count_failure(ctx: Context, credential: Credential, now: datetime) -> DomainError | None:
    credential.failed_attempts += 1
    if credential.failed_attempts < policy.allowed_failures(now):
        ctx.session.add(credential)
        ctx.session.flush()
        return None
    lasts = policy.lock_lasts(now)
    credential.failed_attempts, credential.locked_until = 0, now + lasts
    ctx.session.add(credential)
    journal.record(ctx, action="accounts.user.locked_out", entity="user", entity_id=credential.user_id)
    return _locked(lasts)


def _locked(left: timedelta) -> LockedOut:
    minutes = max(1, -(-int(left.total_seconds()) // 60))
    return LockedOut(
        f"Слишком много неудачных попыток. Вход откроется через {minutes} мин.",
        f"Too many failed attempts. Sign-in opens again in {minutes} min.",
        field="password",
    )
