"""Sign-in for programs: tokens, second factor, registration, password."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from backend.accounts import service as accounts
from backend.accounts.service import Portal
from backend.core.permissions import Permission, Role
from backend.web.deps import Ctx, OpenCtx
from backend.web.refusing import keep
from backend.web.routing import api_router
from backend.web.security import client_of

router = api_router("/auth", "auth")


class StrictBody(BaseModel):
    """Bodies take no unknown field."""

    model_config = ConfigDict(extra="forbid")


class LoginBody(StrictBody):
    """Address, password and, for users with a second factor, its code."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"email": "anna@example.ru", "password": "correct horse battery", "totp": "123456"}]
        },
    )
    email: str = Field(max_length=254)
    password: str = Field(max_length=200)
    totp: str | None = Field(None, max_length=10)
    portal: Portal | None = None


class Tokens(BaseModel):
    """An access token for ``Authorization: Bearer`` and the token that renews it."""

    access_token: str
    token_type: str = "bearer"  # noqa: S105 - the kind of token, RFC 6750
    expires_in: int
    refresh_token: str
    portal: Portal


class RefreshBody(StrictBody):
    """The refresh token of the last answer."""

    refresh_token: str = Field(max_length=200)


class CodeBody(StrictBody):
    """A one-time code."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"code": "123456"}]})
    code: str = Field(min_length=6, max_length=10)


class RegisterBody(StrictBody):
    """A new user of the investor or issuer portal."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "email": "anna@example.ru",
                    "name": "Анна Орлова",
                    "password": "correct horse battery",
                    "portal": "investor",
                }
            ]
        },
    )
    email: str = Field(max_length=254)
    name: str = Field(max_length=200)
    password: str = Field(max_length=200)
    portal: Portal


class EmailBody(StrictBody):
    """An address."""

    email: str = Field(max_length=254)


class TokenBody(StrictBody):
    """The secret of a link from a letter."""

    token: str = Field(max_length=200)


class ResetBody(TokenBody):
    """The secret of a reset link and the new password."""

    password: str = Field(max_length=200)


class PasswordBody(StrictBody):
    """The asker's own password and the next one."""

    current: str = Field(max_length=200)
    password: str = Field(max_length=200)


class Done(BaseModel):
    """It was carried out."""

    done: bool = True


class Me(BaseModel):
    """The asker."""

    id: str
    email: str
    name: str
    portal: Portal
    roles: list[Role]
    permissions: list[Permission]
    second_factor: bool
    participant_id: str | None
    wallet: str | None


class EnrolmentOut(BaseModel):
    """A second factor on offer; it counts after its first code."""

    secret: str
    uri: str


@router.post("/login", summary="Sign in")
def login(request: Request, ctx: OpenCtx, body: LoginBody) -> Tokens:
    """Open a session. 401 ``second_factor_needed`` asks for ``totp``; five failures in a row close the sign-in for a while."""
    signed_in = keep(
        accounts.sign_in(
            ctx,
            email=body.email,
            password=body.password,
            code=body.totp,
            kind="api",
            client=client_of(request),
            portal=body.portal,
        )
    )
    account = signed_in.account
    token, life_s = accounts.issue_token(
        ctx, user_id=account.id, session_id=signed_in.session_id, portal=account.portal
    )
    return Tokens(access_token=token, expires_in=life_s, refresh_token=signed_in.secret, portal=account.portal)


@router.post("/refresh", summary="Renew the access token")
def refresh(request: Request, ctx: OpenCtx, body: RefreshBody) -> Tokens:
    """Exchange a refresh token; each works once, and showing it twice ends the session."""
    signed_in, token, life_s = keep(accounts.refresh(ctx, body.refresh_token, client_of(request)))
    return Tokens(
        access_token=token, expires_in=life_s, refresh_token=signed_in.secret, portal=signed_in.account.portal
    )


@router.post("/logout", summary="Sign out")
def logout(ctx: Ctx) -> Done:
    """End this session; its tokens stop working at once."""
    accounts.sign_out(ctx)
    return Done()


@router.post("/step-up", summary="Confirm by a fresh second factor")
def step_up(ctx: Ctx, body: CodeBody) -> Done:
    """Needed before actions that are signed in the user's name; lasts five minutes."""
    keep(accounts.step_up(ctx, body.code))
    return Done()


@router.post("/totp", summary="Offer a second factor")
def begin_totp(ctx: Ctx) -> EnrolmentOut:
    """A secret for the authenticator; the same until it is confirmed."""
    offer = accounts.begin_enrolment(ctx)
    return EnrolmentOut(secret=offer.secret, uri=offer.uri)


@router.post("/totp/confirm", summary="Turn the second factor on")
def confirm_totp(ctx: Ctx, body: CodeBody) -> Done:
    """The first code proves that the authenticator works."""
    keep(accounts.confirm_enrolment(ctx, body.code))
    return Done()


@router.post("/register", status_code=201, summary="Register an investor or an issuer's employee")
def register(ctx: OpenCtx, body: RegisterBody) -> Done:
    """Sends a letter with a link; roles come after KYC."""
    accounts.register(ctx, email=body.email, name=body.name, password=body.password, portal=body.portal)
    return Done()


@router.post("/confirm", summary="Confirm an address")
def confirm(ctx: OpenCtx, body: TokenBody) -> Done:
    """By the secret of the link in the letter."""
    accounts.confirm(ctx, body.token)
    return Done()


@router.post("/reset", summary="Ask for a password reset")
def ask_reset(ctx: OpenCtx, body: EmailBody) -> Done:
    """The answer is the same for unknown addresses."""
    accounts.ask_reset(ctx, body.email)
    return Done()


@router.post("/reset/finish", summary="Set a new password")
def reset(ctx: OpenCtx, body: ResetBody) -> Done:
    """By the secret of the reset link; every session ends."""
    accounts.reset(ctx, body.token, body.password)
    return Done()


@router.post("/password", summary="Change the password")
def change_password(ctx: Ctx, body: PasswordBody) -> Done:
    """Other sessions end."""
    accounts.change_password(ctx, body.current, body.password)
    return Done()


@router.get("/me", summary="Who am I")
def me(ctx: Ctx) -> Me:
    """The asker with roles and permissions."""
    account = accounts.account(ctx, str(ctx.actor.user_id))
    return Me(
        id=account.id,
        email=account.email,
        name=account.name,
        portal=account.portal,
        roles=sorted(ctx.actor.roles),
        permissions=sorted(ctx.actor.permissions),
        second_factor=account.totp,
        participant_id=account.participant_id,
        wallet=ctx.actor.wallet,
    )


@router.get("/sessions", summary="My sessions")
def sessions(ctx: Ctx) -> list[accounts.SessionView]:
    """Live sessions, the latest first."""
    return accounts.my_sessions(ctx)


@router.delete("/sessions/{session_id}", summary="End a session")
def revoke(ctx: Ctx, session_id: str) -> Done:
    """One of the asker's own."""
    accounts.revoke(ctx, session_id)
    return Done()


@router.delete("/sessions", summary="End the other sessions")
def revoke_others(ctx: Ctx) -> Done:
    """All but this one."""
    accounts.revoke_others(ctx)
    return Done()
