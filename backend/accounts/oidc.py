"""An external identity provider: OpenID Connect Core 1.0, authorization code with PKCE (RFC 7636), keys by JWKS (RFC 7517).

    begin   the address to send the browser to, and what to remember meanwhile (state, nonce, verifier)
    finish  code -> tokens at the provider -> identity token verified -> the user here

Only configuration turns it on (KAPITAL_OIDC_ISSUER, _CLIENT_ID, _CLIENT_SECRET; KAPITAL_OIDC_CLIENTS gives a portal a client of its own). Roles stay
ours: the provider says who, never what they may.
"""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx
from jose import JWTError, jwt

from backend.accounts import repository, users
from backend.accounts.errors import ProviderRefused, UserBlocked
from backend.accounts.models import Portal, User, UserStatus
from backend.accounts.policy import wall_clock
from backend.core import journal
from backend.core.context import Context
from backend.settings import OidcClient, Settings

ALGORITHMS = ["RS256", "PS256", "ES256"]
STRONG_METHODS = frozenset({"mfa", "otp", "hwk", "fpt", "sc"})
"""Authentication methods (RFC 8176) that count as a second factor."""
_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class Started:
    """Where to send the browser, and the secrets of this attempt; the edge keeps them in a signed cookie."""

    url: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Identified:
    """Who came back, and whether the provider asked for a second factor."""

    user: User
    second_factor: bool


def begin(ctx: Context, redirect_uri: str, portal: Portal) -> Started:
    """Start an attempt. Raises :class:`ProviderRefused` when no provider is set or it doesn't answer."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "response_type": "code",
        "client_id": client_of(ctx.settings, portal).id,
        "redirect_uri": redirect_uri,
        "scope": "openid email profile",
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    with _client() as client:
        endpoint = _configuration(ctx, client)["authorization_endpoint"]
    return Started(f"{endpoint}?{urlencode(query)}", state, nonce, verifier)


def finish(ctx: Context, *, code: str, nonce: str, verifier: str, redirect_uri: str, portal: Portal) -> Identified:
    """The user of an authorization code; a new one is registered in ``portal``. Raises ProviderRefused or UserBlocked."""
    claims = _claims(ctx, client_of(ctx.settings, portal), code, nonce, verifier, redirect_uri)
    user = _known_user(ctx, claims) or _new_user(ctx, claims, portal)
    if user.status == UserStatus.BLOCKED:
        raise UserBlocked
    return Identified(user, second_factor=bool(STRONG_METHODS & set(claims.get("amr", []))))


def client_of(settings: Settings, portal: Portal) -> OidcClient:
    """The client through which a portal signs its users in: its own, or the one of all."""
    common = OidcClient(id=settings.oidc_client_id or "", secret=settings.oidc_client_secret)
    return settings.oidc_clients.get(portal.value, common)


def _claims(
    ctx: Context, asking: OidcClient, code: str, nonce: str, verifier: str, redirect_uri: str
) -> dict[str, Any]:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "client_id": asking.id,
        "client_secret": asking.secret or "",
        "code_verifier": verifier,
    }
    with _client() as client:
        configuration = _configuration(ctx, client)
        try:
            answer = client.post(configuration["token_endpoint"], data=form).raise_for_status().json()
            keys = client.get(configuration["jwks_uri"]).raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise ProviderRefused from error
    try:
        claims: dict[str, Any] = jwt.decode(
            answer["id_token"],
            keys,
            algorithms=ALGORITHMS,
            audience=asking.id,
            issuer=configuration["issuer"],
            access_token=answer.get("access_token"),
            options={"require_exp": True, "require_sub": True},
        )
    except (JWTError, KeyError) as error:
        raise ProviderRefused from error
    if not secrets.compare_digest(str(claims.get("nonce", "")), nonce):
        raise ProviderRefused
    return claims


def _known_user(ctx: Context, claims: dict[str, Any]) -> User | None:
    subject = _subject(claims)
    user = repository.user_by_subject(ctx, subject)
    if user is not None:
        return user
    # A registered address is linked only when the provider has checked that it belongs to this person.
    user = repository.user_by_email(ctx, _email(claims))
    if user is None:
        return None
    user.external_subject = subject
    if user.status == UserStatus.UNCONFIRMED:
        user.status, user.confirmed_at = UserStatus.ACTIVE, wall_clock()
    ctx.session.add(user)
    ctx.session.flush()
    journal.record(ctx, action="accounts.user.provider_linked", entity="user", entity_id=user.id)
    return user


def _new_user(ctx: Context, claims: dict[str, Any], portal: Portal) -> User:
    return users.add_user(
        ctx,
        email=_email(claims),
        name=str(claims.get("name") or _email(claims).split("@")[0]),
        portal=portal if portal in (Portal.INVESTOR, Portal.ISSUER) else Portal.INVESTOR,
        password=None,
        status=UserStatus.ACTIVE,
        external_subject=_subject(claims),
    )


def _subject(claims: dict[str, Any]) -> str:
    return f"{claims['iss']}|{claims['sub']}"


def _email(claims: dict[str, Any]) -> str:
    if not claims.get("email") or claims.get("email_verified") is not True:
        raise ProviderRefused(
            "Служба входа не подтвердила адрес почты.", "The provider has not verified the e-mail address."
        )
    return str(claims["email"])


def _configuration(ctx: Context, client: httpx.Client) -> dict[str, Any]:
    issuer = ctx.settings.oidc_issuer
    if not issuer:
        raise ProviderRefused
    try:
        address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        found: dict[str, Any] = client.get(address).raise_for_status().json()
    except (httpx.HTTPError, ValueError) as error:
        raise ProviderRefused from error
    if found.get("issuer") != issuer:
        raise ProviderRefused
    return found


def _client() -> httpx.Client:
    return httpx.Client(timeout=_TIMEOUT_S, follow_redirects=False)
