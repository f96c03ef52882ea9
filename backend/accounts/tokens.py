"""Access tokens: JWT (RFC 7519) by HS256, short-lived, one audience a portal, tied to a session that can be ended at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from jose import JWTError, jwt

from backend.accounts.models import Portal
from backend.core.context import Context
from backend.core.errors import Unauthenticated
from backend.core.ids import new_id

ALGORITHM = "HS256"
ISSUER = "kapital"


def audience(portal: Portal) -> str:
    """Audience of a portal's tokens."""
    return f"kapital-{portal.value}"


def issue(ctx: Context, *, user_id: str, session_id: str, portal: Portal) -> tuple[str, int]:
    """An access token and its life in seconds."""
    life = timedelta(minutes=ctx.settings.access_token_minutes)
    now = datetime.now(UTC)
    claims = {
        "iss": ISSUER,
        "aud": audience(portal),
        "sub": user_id,
        "sid": session_id,
        "jti": new_id(),
        "iat": int(now.timestamp()),
        "exp": int((now + life).timestamp()),
    }
    return jwt.encode(claims, ctx.settings.jwt_secret, algorithm=ALGORITHM), int(life.total_seconds())


def session_of(ctx: Context, token: str) -> tuple[str, Portal]:
    """Session and portal of a token; raises Unauthenticated for a forged, expired or foreign one."""
    try:
        options = {"verify_aud": False, "require_exp": True, "require_sub": True}
        claims: dict[str, Any] = jwt.decode(
            token, ctx.settings.jwt_secret, algorithms=[ALGORITHM], issuer=ISSUER, options=options
        )
        portal = next(portal for portal in Portal if audience(portal) == claims.get("aud"))
        return str(claims["sid"]), portal
    except (JWTError, KeyError, StopIteration) as error:
        raise Unauthenticated(code="token_invalid") from error
