"""Sessions: opened by a sign-in, found by cookie or token, listed, ended."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from backend.accounts import repository, users
from backend.accounts.models import Portal, User, UserSession, UserStatus
from backend.accounts.policy import SEEN_EVERY, needs_second_factor, wall_clock
from backend.accounts.schemas import Client, SessionView, SignedIn
from backend.core import journal, vault
from backend.core.context import Actor, Context
from backend.core.errors import NotFound, Unauthenticated
from backend.core.ids import new_id
from backend.custody import service as custody
from backend.custody.errors import WalletMissing


def open_session(ctx: Context, user: User, *, kind: str, client: Client, second_factor: bool) -> SignedIn:
    """Store a session and return its secret, which is kept nowhere else. ``kind``: web or api."""
    now = wall_clock()
    secret = secrets.token_urlsafe(32)
    row = UserSession(
        id=new_id(),
        user_id=user.id,
        portal=user.portal,
        kind=kind,
        secret_digest=repository.digest_of(secret),
        client=vault.seal(ctx, user.id, {"ip": client.ip, "agent": client.agent[:200]}),
        created_at=now,
        seen_at=now,
        expires_at=now + timedelta(hours=ctx.settings.session_hours),
        second_factor_at=now if second_factor else None,
        stepped_up_at=now if second_factor else None,
    )
    ctx.session.add(row)
    ctx.session.flush()
    return SignedIn(account=users.account_of(ctx, user), session_id=row.id, secret=secret, expires_at=row.expires_at)


def actor_by_secret(ctx: Context, secret: str, client: Client) -> tuple[Actor, Portal] | None:
    """Who a cookie stands for, or None when the session has ended."""
    row = repository.session_by_secret(ctx, secret)
    return _actor(ctx, row, client) if row is not None and row.kind == "web" else None


def actor_by_session(ctx: Context, session_id: str, portal: Portal, client: Client) -> Actor:
    """Who an access token stands for; raises Unauthenticated when its session has ended or is another portal's."""
    row = repository.session_row(ctx, session_id)
    found = _actor(ctx, row, client) if row is not None and row.portal == portal else None
    if found is None:
        raise Unauthenticated(code="session_ended")
    return found[0]


def is_live(row: UserSession, now: datetime) -> bool:
    """Neither ended nor expired."""
    return row.revoked_at is None and row.expires_at > now


def touch_due(ctx: Context) -> bool:
    """Is it time to note that the asker's session is in use (once in five minutes)?"""
    row = repository.session_row(ctx, ctx.actor.session_id or "")
    return row is not None and wall_clock() - row.seen_at > SEEN_EVERY


def touch(ctx: Context) -> None:
    """Note that the asker's session is in use."""
    row = repository.session_row(ctx, ctx.actor.session_id or "")
    if row is not None:
        row.seen_at = wall_clock()
        ctx.session.add(row)
        ctx.session.flush()


def must_enrol(ctx: Context) -> bool:
    """Does the asker hold a role that works only after a second factor is set up?"""
    if ctx.actor.user_id is None or ctx.actor.roles:
        return False
    row = repository.session_row(ctx, ctx.actor.session_id or "")
    weak = row is not None and row.second_factor_at is None
    return weak and needs_second_factor(repository.roles_of(ctx, ctx.actor.user_id))


def my_sessions(ctx: Context) -> list[SessionView]:
    """Live sessions of the asker, the latest first."""
    rows = repository.sessions_of(ctx, _own_id(ctx), wall_clock())
    return [_view(ctx, row) for row in rows]


def recent_session_ids(ctx: Context, user_id: str) -> list[str]:
    """Sessions of a user, the ended ones too, the latest first."""
    return repository.recent_session_ids(ctx, user_id)


def revoke(ctx: Context, session_id: str) -> None:
    """End one of the asker's own sessions; raises NotFound for anybody else's."""
    row = repository.session_row(ctx, session_id)
    if row is None or row.user_id != _own_id(ctx):
        raise NotFound(code="session_not_found")
    if row.revoked_at is None:
        row.revoked_at = wall_clock()
        ctx.session.add(row)
        ctx.session.flush()
        journal.record(ctx, action="accounts.session.ended", entity="session", entity_id=session_id)


def revoke_others(ctx: Context) -> None:
    """End every session of the asker but this one."""
    user_id = _own_id(ctx)
    repository.revoke_sessions(ctx, user_id, wall_clock(), keep=ctx.actor.session_id)
    journal.record(ctx, action="accounts.session.others_ended", entity="user", entity_id=user_id)


def _own_id(ctx: Context) -> str:
    if ctx.actor.user_id is None:
        raise Unauthenticated
    return ctx.actor.user_id


def _actor(ctx: Context, row: UserSession, client: Client) -> tuple[Actor, Portal] | None:
    user = repository.user(ctx, row.user_id)
    if user is None or user.status != UserStatus.ACTIVE or not is_live(row, wall_clock()):
        return None
    name = vault.unseal_dict(ctx, user.id, user.profile)["name"]
    roles = repository.roles_of(ctx, user.id)
    weak = needs_second_factor(roles) and row.second_factor_at is None
    actor = Actor(
        user_id=user.id,
        name=name,
        roles=frozenset() if weak else roles,
        participant_id=user.participant_id,
        wallet=_wallet(ctx, user),
        session_id=row.id,
        ip=client.ip,
        stepped_up_at=row.stepped_up_at,
    )
    return actor, row.portal


def _wallet(ctx: Context, user: User) -> str | None:
    kind, owner = ("participant", user.participant_id) if user.participant_id else ("officer", user.id)
    try:
        return custody.wallet_of(ctx, kind, str(owner))
    except WalletMissing:
        return None


def _view(ctx: Context, row: UserSession) -> SessionView:
    client = vault.unseal_dict(ctx, row.user_id, row.client)
    return SessionView(
        id=row.id,
        portal=row.portal,
        kind=row.kind,
        ip=client["ip"],
        agent=client["agent"],
        created_at=row.created_at,
        seen_at=row.seen_at,
        expires_at=row.expires_at,
        current=row.id == ctx.actor.session_id,
    )
