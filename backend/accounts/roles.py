"""Roles: given at once where they exist off chain only, under four eyes where the AccessManager knows them too."""

from __future__ import annotations

from sqlmodel import col, select

from backend.accounts import repository, users
from backend.accounts.errors import NeedsFourEyes, RoleChangeOpen, SameOfficer
from backend.accounts.models import Portal, RoleChange, RoleChangeState, User, UserRole, UserStatus
from backend.accounts.policy import wall_clock
from backend.accounts.schemas import Account
from backend.core import journal
from backend.core.context import Context
from backend.core.errors import Invalid, NotAllowedInState, NotFound
from backend.core.ids import new_id
from backend.core.permissions import CHAIN_ROLES, OFFICER_ROLES, Permission, Role
from backend.custody import service as custody
from indexer.models import ChainProposal

PROPOSED_REF = "accounts.role.proposed"
APPROVED_REF = "accounts.role.approved"

PORTAL_ROLES: dict[Portal, frozenset[Role]] = {
    Portal.INVESTOR: frozenset({Role.INVESTOR}),
    Portal.ISSUER: frozenset({Role.ISSUER_EDITOR, Role.ISSUER_SIGNER}),
    Portal.OFFICE: OFFICER_ROLES,
    Portal.AUDIT: frozenset({Role.AUDITOR, Role.REGULATOR}),
}
"""Which roles belong to which portal: nobody is officer and investor in one account."""


def grant_role(ctx: Context, user_id: str, role: Role) -> None:
    """Give a role that has no counterpart on chain. Needs ``all:user:manage`` or a process of the operator."""
    _give_or_take(ctx, user_id, role, grant=True)


def revoke_role(ctx: Context, user_id: str, role: Role) -> None:
    """Take a role that has no counterpart on chain."""
    _give_or_take(ctx, user_id, role, grant=False)


def create_officer(ctx: Context, *, email: str, name: str, password: str, portal: Portal = Portal.OFFICE) -> Account:
    """Make an officer's account with a wallet and no role yet; at the first sign-in they set up a second factor."""
    ctx.require(Permission.USER_MANAGE)
    if portal not in (Portal.OFFICE, Portal.AUDIT):
        raise Invalid("Выберите бэк-офис или аудит.", "Choose back office or audit.", field="portal")
    row = users.add_user(ctx, email=email, name=name, portal=portal, password=password, status=UserStatus.ACTIVE)
    custody.create_wallet(ctx, "officer", row.id)
    return users.account_of(ctx, row)


def propose_role(ctx: Context, *, user_id: str, role: Role, grant: bool, reason: str, document_hash: str) -> RoleChange:
    """Ask for a role that exists on chain: the asker's wallet proposes, another administrator approves.

    ``document_hash`` is the SHA-256 (hexadecimal) of the order that appoints the officer.
    """
    ctx.require(Permission.USER_MANAGE)
    ctx.require_step_up()
    row = users.row_of(ctx, user_id)
    _check_change(ctx, row, role, grant, reason, document_hash)
    now = wall_clock()
    change = RoleChange(
        id=new_id(),
        user_id=user_id,
        role=role,
        grant=grant,
        reason=reason.strip(),
        document_hash=document_hash.lower(),
        proposed_by=str(ctx.actor.user_id),
        created_at=now,
        updated_at=now,
    )
    ctx.session.add(change)
    ctx.session.flush()
    _propose_on_chain(ctx, change)
    details = {"role": role.value, "grant": grant, "change": change.id}
    journal.record(ctx, action="accounts.role.proposed", entity="user", entity_id=user_id, details=details)
    return change


def approve_role(ctx: Context, change_id: str) -> RoleChange:
    """Approve as the second administrator; the role is given when the chain has executed the proposal."""
    ctx.require(Permission.USER_MANAGE)
    ctx.require_step_up()
    change = _change(ctx, change_id)
    if change.state != RoleChangeState.PROPOSED:
        raise NotAllowedInState
    if change.proposed_by == ctx.actor.user_id:
        raise SameOfficer
    proposal = _proposal_on_chain(ctx, change)
    change.state, change.approved_by, change.updated_at = RoleChangeState.APPROVED, ctx.actor.user_id, wall_clock()
    ctx.session.add(change)
    custody.four_eyes_approve(
        ctx,
        wallet=_own_wallet(ctx),
        proposal_id=proposal.id,
        data=proposal.data,
        idempotency_key=f"accounts.role.approve:{change.id}",
        ref_kind=APPROVED_REF,
        ref_id=change.id,
        summary=_summary(change),
    )
    details = {"role": change.role.value, "grant": change.grant, "change": change.id}
    journal.record(ctx, action="accounts.role.approved", entity="user", entity_id=change.user_id, details=details)
    return change


def role_changes(ctx: Context, *, open_only: bool = True) -> list[RoleChange]:
    """Changes that wait or, with ``open_only=False``, the last 200."""
    ctx.require_any(Permission.USER_READ, Permission.TASK_READ)
    return repository.role_changes(ctx, open_only=open_only)


def finish(ctx: Context, change_id: str) -> None:
    """The chain executed the proposal: give or take the role here too."""
    change = _change(ctx, change_id)
    if change.state == RoleChangeState.DONE:
        return
    change.state, change.updated_at = RoleChangeState.DONE, wall_clock()
    ctx.session.add(change)
    put_role(ctx, change.user_id, change.role, grant=change.grant)


def fail(ctx: Context, change_id: str, error_ru: str | None, error_en: str | None) -> None:
    """The chain refused: keep the reason."""
    change = _change(ctx, change_id)
    change.state, change.updated_at = RoleChangeState.FAILED, wall_clock()
    change.error_ru, change.error_en = error_ru, error_en
    ctx.session.add(change)
    ctx.session.flush()


def put_role(ctx: Context, user_id: str, role: Role, *, grant: bool) -> None:
    """Write or remove the row and journal it; doing it twice changes nothing."""
    present = ctx.session.get(UserRole, (user_id, role))
    if grant == (present is not None):
        return
    if present is not None:
        ctx.session.delete(present)
    else:
        ctx.session.add(UserRole(user_id=user_id, role=role, granted_at=wall_clock(), granted_by=ctx.actor.user_id))
    ctx.session.flush()
    action = "accounts.role.granted" if grant else "accounts.role.revoked"
    journal.record(ctx, action=action, entity="user", entity_id=user_id, details={"role": role.value})


def _give_or_take(ctx: Context, user_id: str, role: Role, *, grant: bool) -> None:
    ctx.require(Permission.USER_MANAGE)
    if role in CHAIN_ROLES:
        raise NeedsFourEyes(field="role")
    row = users.row_of(ctx, user_id)
    if grant:
        _check_portal(row, role)
    put_role(ctx, user_id, role, grant=grant)


def _check_change(ctx: Context, row: User, role: Role, grant: bool, reason: str, document_hash: str) -> None:
    if role not in CHAIN_ROLES:
        raise Invalid("Эта роль не требует второго администратора.", "This role needs no second officer.", field="role")
    _check_portal(row, role)
    if not reason.strip():
        raise Invalid("Укажите основание.", "State the grounds.", field="reason")
    if len(document_hash) != 64 or any(c not in "0123456789abcdef" for c in document_hash.lower()):
        raise Invalid("Нужен SHA-256 приказа: 64 знака.", "Give the SHA-256 of the order.", field="document_hash")
    if repository.open_role_change(ctx, row.id, role, grant) is not None:
        raise RoleChangeOpen
    if (role in repository.roles_of(ctx, row.id)) == grant:
        raise Invalid("Роль уже в этом состоянии.", "The role is in this state already.", field="role")


def _check_portal(row: User, role: Role) -> None:
    if role not in PORTAL_ROLES[row.portal]:
        raise Invalid("Эта роль из другого кабинета.", "This role belongs to another portal.", field="role")


def _propose_on_chain(ctx: Context, change: RoleChange) -> None:
    target = custody.create_wallet(ctx, "officer", change.user_id)
    number = CHAIN_ROLES[change.role]
    custody.four_eyes_propose(
        ctx,
        wallet=_own_wallet(ctx),
        contract="AccessManager",
        function="grantRole" if change.grant else "revokeRole",
        args=[number, target, 0] if change.grant else [number, target],
        reason="ROLE_CHANGE",
        document_hash=change.document_hash,
        idempotency_key=f"accounts.role.propose:{change.id}",
        ref_kind=PROPOSED_REF,
        ref_id=change.id,
        summary=_summary(change),
    )


def _proposal_on_chain(ctx: Context, change: RoleChange) -> ChainProposal:
    intents = custody.intents_of(ctx, PROPOSED_REF, change.id)
    tx_hashes = [intent.tx_hash for intent in intents if intent.tx_hash]
    statement = select(ChainProposal).where(col(ChainProposal.proposed_tx).in_(tx_hashes))
    proposal = ctx.session.exec(statement).first()
    if proposal is None:
        raise NotAllowedInState("Предложение ещё не в реестре. Подождите.", "The proposal is not in the register yet.")
    return proposal


def _own_wallet(ctx: Context) -> str:
    if ctx.actor.wallet is None:
        return custody.wallet_of(ctx, "officer", ctx.actor.user_id or "")
    return ctx.actor.wallet


def _change(ctx: Context, change_id: str) -> RoleChange:
    change = repository.role_change(ctx, change_id)
    if change is None:
        raise NotFound(code="role_change_not_found")
    return change


def _summary(change: RoleChange) -> str:
    return f"{'Выдать' if change.grant else 'Отозвать'} роль {change.role.value}"
