"""Users and roles, for administrators."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from backend.accounts import service as accounts
from backend.accounts.service import Account, Portal, RoleChangeState, UserStatus
from backend.core.errors import NotFound
from backend.core.permissions import CHAIN_ROLES, Permission, Role
from backend.web.deps import Ctx, Listing
from backend.web.routing import api_router

router = api_router("/users", "users")


class UserOut(BaseModel):
    """A user without secrets."""

    id: str
    email: str
    name: str
    portal: Portal
    status: UserStatus
    roles: list[Role]
    second_factor: bool
    participant_id: str | None
    created_at: datetime


class UserPage(BaseModel):
    """A page of users."""

    items: list[UserOut]
    total: int
    page: int
    size: int


class OfficerBody(BaseModel):
    """A new officer, without a role yet."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"email": "petrov@operator.ru", "name": "Пётр Петров", "password": "correct horse battery"}]
        },
    )
    email: str = Field(max_length=254)
    name: str = Field(max_length=200)
    password: str = Field(max_length=200)
    portal: Portal = Portal.OFFICE


class RoleBody(BaseModel):
    """A role to give or take; for roles on chain also the grounds and the SHA-256 of the order."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"role": "treasurer", "grant": True, "reason": "Приказ 17", "document_hash": "ab" * 32}]
        },
    )
    role: Role
    grant: bool = True
    reason: str = Field("", max_length=300)
    document_hash: str = Field("", max_length=64)


class RoleChangeOut(BaseModel):
    """A change that needs two administrators."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    user_id: str
    role: Role
    grant: bool
    reason: str
    document_hash: str
    state: RoleChangeState
    proposed_by: str
    approved_by: str | None
    created_at: datetime


class RoleOutcome(BaseModel):
    """``change`` is null when the role needed no second administrator and is given or taken already."""

    change: RoleChangeOut | None


class ReasonBody(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field(max_length=300)


def user_out(account: Account) -> UserOut:
    """The answer about a user."""
    return UserOut(
        id=account.id,
        email=account.email,
        name=account.name,
        portal=account.portal,
        status=account.status,
        roles=sorted(account.roles),
        second_factor=account.totp,
        participant_id=account.participant_id,
        created_at=account.created_at,
    )


@router.get("", summary="Users")
def users(ctx: Ctx, listing: Listing) -> UserPage:
    """Newest first; ``q`` looks in name and address."""
    found = listing.of(accounts.all_accounts(ctx, listing.q))
    return UserPage(items=[user_out(one) for one in found.items], total=found.total, page=found.page, size=found.size)


@router.get("/role-changes", summary="Role changes under four eyes")
def role_changes(ctx: Ctx, open_only: bool = True) -> list[RoleChangeOut]:
    """Those that wait, or the last 200."""
    return [RoleChangeOut.model_validate(one) for one in accounts.role_changes(ctx, open_only=open_only)]


@router.post("/role-changes/{change_id}/approve", summary="Approve a role change")
def approve(ctx: Ctx, change_id: str) -> RoleChangeOut:
    """By another administrator than the one who asked; needs a fresh second factor."""
    return RoleChangeOut.model_validate(accounts.approve_role(ctx, change_id))


@router.get("/{user_id}", summary="One user")
def user(ctx: Ctx, user_id: str) -> UserOut:
    """Administrators see everybody, others only themselves."""
    if user_id != ctx.actor.user_id and not ctx.actor.may(Permission.USER_READ):
        raise NotFound(code="user_not_found")
    return user_out(accounts.account(ctx, user_id))


@router.post("/officers", status_code=201, summary="Make an officer")
def create_officer(ctx: Ctx, body: OfficerBody) -> UserOut:
    """The officer sets up a second factor at the first sign-in."""
    made = accounts.create_officer(ctx, email=body.email, name=body.name, password=body.password, portal=body.portal)
    return user_out(made)


@router.post("/{user_id}/roles", summary="Give or take a role")
def change_role(ctx: Ctx, user_id: str, body: RoleBody) -> RoleOutcome:
    """A role that exists on chain becomes a proposal for another administrator; others change at once."""
    if body.role in CHAIN_ROLES:
        change = accounts.propose_role(
            ctx, user_id=user_id, role=body.role, grant=body.grant, reason=body.reason, document_hash=body.document_hash
        )
        return RoleOutcome(change=RoleChangeOut.model_validate(change))
    (accounts.grant_role if body.grant else accounts.revoke_role)(ctx, user_id, body.role)
    return RoleOutcome(change=None)


@router.post("/{user_id}/block", summary="Close an account")
def block(ctx: Ctx, user_id: str, body: ReasonBody) -> UserOut:
    """Its sessions end at once."""
    accounts.block_user(ctx, user_id, body.reason)
    return user_out(accounts.account(ctx, user_id))


@router.post("/{user_id}/unblock", summary="Open an account again")
def unblock(ctx: Ctx, user_id: str, body: ReasonBody) -> UserOut:
    """The user may sign in again."""
    accounts.unblock_user(ctx, user_id, body.reason)
    return user_out(accounts.account(ctx, user_id))
