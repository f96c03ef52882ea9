"""Queries of accounts; the only place that reads and writes their tables."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Collection
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select, update

from backend.accounts.models import (
    AccountSecret,
    Credential,
    Mail,
    OneTimeToken,
    RoleChange,
    RoleChangeState,
    User,
    UserRole,
    UserSession,
)
from backend.core import vault
from backend.core.context import Context
from backend.core.permissions import Role

_SECRETS_OWNER = "accounts"
_EMAIL_KEY = "email digest"


def digest_of(secret: str) -> str:
    """What is kept of a random secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def email_digest(ctx: Context, email: str) -> str:
    """Keyed digest of a normalised address; the key survives the rotation of the key-encryption key."""
    return hmac.new(_email_key(ctx), normal_email(email).encode(), hashlib.sha256).hexdigest()


def _email_key(ctx: Context) -> bytes:
    row = ctx.session.get(AccountSecret, _EMAIL_KEY)
    if row is None:
        try:
            with ctx.session.begin_nested():
                row = AccountSecret(name=_EMAIL_KEY, sealed=vault.seal(ctx, _SECRETS_OWNER, os.urandom(32)))
                ctx.session.add(row)
        except IntegrityError:  # another request made the key first by a moment
            row = ctx.session.get_one(AccountSecret, _EMAIL_KEY)
    return vault.unseal(ctx, _SECRETS_OWNER, row.sealed)


def normal_email(email: str) -> str:
    """The address as compared: without spaces around, case folded."""
    return email.strip().casefold()


def user(ctx: Context, user_id: str) -> User | None:
    """A user by identifier."""
    return ctx.session.get(User, user_id)


def user_by_email(ctx: Context, email: str) -> User | None:
    """A user by address, in any case of letters."""
    return ctx.session.exec(select(User).where(User.email_digest == email_digest(ctx, email))).first()


def user_by_subject(ctx: Context, subject: str) -> User | None:
    """A user by the subject of the external provider."""
    return ctx.session.exec(select(User).where(User.external_subject == subject)).first()


def users(ctx: Context) -> list[User]:
    """Every user, newest first."""
    return list(ctx.session.exec(select(User).order_by(col(User.created_at).desc())))


def users_by_ids(ctx: Context, user_ids: Collection[str]) -> list[User]:
    """Users by identifier, for many at once; unknown ones are left out."""
    wanted = sorted(set(user_ids))
    found: list[User] = []
    for start in range(0, len(wanted), 500):
        found += ctx.session.exec(select(User).where(col(User.id).in_(wanted[start : start + 500]))).all()
    return found


def users_of_participant(ctx: Context, participant_id: str) -> list[User]:
    """Users who act for a participant."""
    return list(
        ctx.session.exec(select(User).where(User.participant_id == participant_id).order_by(col(User.created_at)))
    )


def holders_of(ctx: Context, role: Role) -> list[str]:
    """Identifiers of the users who hold a role."""
    return list(
        ctx.session.exec(select(UserRole.user_id).where(UserRole.role == role).order_by(col(UserRole.granted_at)))
    )


def credential(ctx: Context, user_id: str, *, lock: bool = False) -> Credential:
    """Credential row of a user, made when missing; ``lock`` keeps two attempts from counting as one."""
    statement = select(Credential).where(Credential.user_id == user_id)
    row = ctx.session.exec(statement.with_for_update() if lock else statement).first()
    if row is None:
        row = Credential(user_id=user_id)
        ctx.session.add(row)
        ctx.session.flush()
    return row


def roles_of(ctx: Context, user_id: str) -> frozenset[Role]:
    """Roles held now."""
    rows = ctx.session.exec(select(UserRole).where(UserRole.user_id == user_id))
    return frozenset(row.role for row in rows)


def session_row(ctx: Context, session_id: str) -> UserSession | None:
    """A session by identifier."""
    return ctx.session.get(UserSession, session_id)


def recent_session_ids(ctx: Context, user_id: str) -> list[str]:
    """The last sessions of a user, live or not."""
    statement = select(UserSession.id).where(UserSession.user_id == user_id)
    return list(ctx.session.exec(statement.order_by(col(UserSession.created_at).desc()).limit(50)))


def session_by_secret(ctx: Context, secret: str) -> UserSession | None:
    """A session by the value of its cookie or refresh token."""
    return ctx.session.exec(select(UserSession).where(UserSession.secret_digest == digest_of(secret))).first()


def session_by_previous(ctx: Context, secret: str) -> UserSession | None:
    """A session whose refresh token has been exchanged already: somebody holds a copy."""
    return ctx.session.exec(select(UserSession).where(UserSession.previous_digest == digest_of(secret))).first()


def sessions_of(ctx: Context, user_id: str, now: datetime) -> list[UserSession]:
    """Live sessions, the latest first."""
    statement = select(UserSession).where(
        UserSession.user_id == user_id, col(UserSession.revoked_at).is_(None), col(UserSession.expires_at) > now
    )
    return list(ctx.session.exec(statement.order_by(col(UserSession.seen_at).desc())))


def revoke_sessions(ctx: Context, user_id: str, now: datetime, *, keep: str | None = None) -> None:
    """End all sessions of a user except ``keep``."""
    statement = update(UserSession).where(
        col(UserSession.user_id) == user_id, col(UserSession.revoked_at).is_(None), col(UserSession.id) != (keep or "")
    )
    ctx.session.exec(statement.values(revoked_at=now))


def one_time_token(ctx: Context, secret: str) -> OneTimeToken | None:
    """A link's row, locked so that it is used once."""
    statement = select(OneTimeToken).where(OneTimeToken.digest == digest_of(secret)).with_for_update()
    return ctx.session.exec(statement).first()


def mails_due(ctx: Context, now: datetime, limit: int) -> list[Mail]:
    """Letters to send now; rows that another worker holds are passed over."""
    statement = (
        select(Mail).where(col(Mail.sent_at).is_(None), col(Mail.next_try_at) <= now).order_by(col(Mail.created_at))
    )
    return list(ctx.session.exec(statement.limit(limit).with_for_update(skip_locked=True)))


def latest_mails(ctx: Context, limit: int) -> list[Mail]:
    """The last letters, newest first."""
    return list(ctx.session.exec(select(Mail).order_by(col(Mail.created_at).desc()).limit(limit)))


def open_role_change(ctx: Context, user_id: str, role: Role, grant: bool) -> RoleChange | None:
    """The same change, not finished."""
    statement = select(RoleChange).where(
        RoleChange.user_id == user_id,
        RoleChange.role == role,
        RoleChange.grant == grant,
        col(RoleChange.state).in_([RoleChangeState.PROPOSED, RoleChangeState.APPROVED]),
    )
    return ctx.session.exec(statement).first()


def role_change(ctx: Context, change_id: str) -> RoleChange | None:
    """A role change, locked."""
    return ctx.session.exec(select(RoleChange).where(RoleChange.id == change_id).with_for_update()).first()


def role_changes(ctx: Context, *, open_only: bool) -> list[RoleChange]:
    """Role changes, newest first."""
    statement = select(RoleChange).order_by(col(RoleChange.created_at).desc())
    if open_only:
        statement = statement.where(col(RoleChange.state).in_([RoleChangeState.PROPOSED, RoleChangeState.APPROVED]))
    return list(ctx.session.exec(statement.limit(200)))
