"""Users: register, look up, block, link to a participant."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.exc import IntegrityError

from backend.accounts import passwords, repository, totp
from backend.accounts.errors import EmailTaken
from backend.accounts.models import Portal, User, UserStatus
from backend.accounts.policy import wall_clock
from backend.accounts.schemas import Account
from backend.core import journal, vault
from backend.core.context import Context
from backend.core.errors import Invalid, NotFound
from backend.core.ids import new_id
from backend.core.permissions import Permission, Role


def account_of(ctx: Context, row: User) -> Account:
    """The view of a user's row."""
    profile = vault.unseal_dict(ctx, row.id, row.profile)
    credential = repository.credential(ctx, row.id)
    return Account(
        id=row.id,
        email=profile["email"],
        name=profile["name"],
        portal=row.portal,
        status=row.status,
        roles=repository.roles_of(ctx, row.id),
        totp=totp.is_on(credential),
        participant_id=row.participant_id,
        lang=row.lang,
        created_at=row.created_at,
        locked_until=credential.locked_until,
    )


def account(ctx: Context, user_id: str) -> Account:
    """A user; raises NotFound."""
    return account_of(ctx, row_of(ctx, user_id))


def row_of(ctx: Context, user_id: str) -> User:
    """A user's row; raises NotFound."""
    row = repository.user(ctx, user_id)
    if row is None:
        raise NotFound(code="user_not_found")
    return row


def account_by_email(ctx: Context, email: str) -> Account | None:
    """A user by address, or None."""
    row = repository.user_by_email(ctx, email)
    return account_of(ctx, row) if row else None


def names_of(ctx: Context, user_ids: Collection[str]) -> dict[str, str]:
    """Names of users by identifier, for journals and histories, which keep identifiers only; what is no user is left out."""
    return {row.id: _name_of(ctx, row) for row in repository.users_by_ids(ctx, user_ids)}


def users_named(ctx: Context, q: str) -> list[str]:
    """Identifiers of users whose name holds ``q`` (names are sealed, so the search reads them all)."""
    wanted = q.casefold()
    return [row.id for row in repository.users(ctx) if wanted in _name_of(ctx, row).casefold()]


def _name_of(ctx: Context, row: User) -> str:
    return str(vault.unseal_dict(ctx, row.id, row.profile)["name"])


def accounts_of_participant(ctx: Context, participant_id: str) -> list[Account]:
    """Users who act for a participant."""
    return [account_of(ctx, row) for row in repository.users_of_participant(ctx, participant_id)]


def all_accounts(ctx: Context, q: str | None = None) -> list[Account]:
    """Every user, newest first; ``q`` looks in name and address (they are sealed, so the search reads them all)."""
    ctx.require(Permission.USER_READ)
    found = [account_of(ctx, row) for row in repository.users(ctx)]
    if not q:
        return found
    wanted = q.casefold()
    return [one for one in found if wanted in one.name.casefold() or wanted in one.email.casefold()]


def holders_of(ctx: Context, role: Role) -> list[str]:
    """Identifiers of the users who hold a role, the earliest first."""
    return repository.holders_of(ctx, role)


def add_user(
    ctx: Context,
    *,
    email: str,
    name: str,
    portal: Portal,
    password: str | None,
    status: UserStatus,
    external_subject: str | None = None,
) -> User:
    """Store a user; raises :class:`EmailTaken`, or Invalid for an address or name that can't be one."""
    email, name = repository.normal_email(email), " ".join(name.split())
    _check_profile(email, name)
    if repository.user_by_email(ctx, email) is not None:
        raise EmailTaken(field="email")
    now = wall_clock()
    user_id = new_id()
    row = User(
        id=user_id,
        email_digest=repository.email_digest(ctx, email),
        profile=vault.seal(ctx, user_id, {"email": email, "name": name}),
        portal=portal,
        status=status,
        lang=ctx.lang,
        external_subject=external_subject,
        created_at=now,
        confirmed_at=now if status == UserStatus.ACTIVE else None,
    )
    try:
        with ctx.session.begin_nested():
            ctx.session.add(row)
    except IntegrityError as error:  # another request was first by a moment
        raise EmailTaken(field="email") from error
    repository.credential(ctx, row.id)
    if password is not None:
        set_password(ctx, row, password)
    journal.record(ctx, action="accounts.user.added", entity="user", entity_id=row.id, details={"portal": portal.value})
    return row


def set_password(ctx: Context, row: User, password: str) -> None:
    """Store the hash of a password that is strong enough; raises :class:`PasswordWeak`."""
    email = vault.unseal_dict(ctx, row.id, row.profile)["email"]
    passwords.check_strength(password, email)
    credential = repository.credential(ctx, row.id)
    credential.password_hash = passwords.hash_password(password)
    credential.password_changed_at = wall_clock()
    credential.failed_attempts, credential.locked_until = 0, None
    ctx.session.add(credential)
    ctx.session.flush()


def link_participant(ctx: Context, user_id: str, participant_id: str) -> None:
    """Tie a user to the participant that KYC admitted."""
    row = row_of(ctx, user_id)
    row.participant_id = participant_id
    ctx.session.add(row)
    ctx.session.flush()
    details = {"participant": participant_id}
    journal.record(ctx, action="accounts.user.linked", entity="user", entity_id=user_id, details=details)


def block_user(ctx: Context, user_id: str, reason: str) -> None:
    """Close an account and end its sessions. Needs ``all:user:manage``."""
    _set_status(ctx, user_id, UserStatus.BLOCKED, reason, "accounts.user.blocked")
    repository.revoke_sessions(ctx, user_id, wall_clock())


def unblock_user(ctx: Context, user_id: str, reason: str) -> None:
    """Open an account again. Needs ``all:user:manage``."""
    _set_status(ctx, user_id, UserStatus.ACTIVE, reason, "accounts.user.unblocked")


def set_language(ctx: Context, user_id: str, lang: str) -> None:
    """Remember the language of letters and pages."""
    row = row_of(ctx, user_id)
    row.lang = "en" if lang == "en" else "ru"
    ctx.session.add(row)
    ctx.session.flush()


def _set_status(ctx: Context, user_id: str, status: UserStatus, reason: str, action: str) -> None:
    ctx.require(Permission.USER_MANAGE)
    if user_id == ctx.actor.user_id:
        raise Invalid("Свою учётную запись закрыть нельзя.", "You can't close your own account.", field="reason")
    if not reason.strip():
        raise Invalid("Укажите причину.", "State the reason.", field="reason")
    row = row_of(ctx, user_id)
    row.status = status
    ctx.session.add(row)
    ctx.session.flush()
    journal.record(ctx, action=action, entity="user", entity_id=user_id, details={"reason": reason})


def _check_profile(email: str, name: str) -> None:
    local, _, domain = email.partition("@")
    if not local or "." not in domain or len(email) > 254 or any(c.isspace() for c in email):
        raise Invalid("Укажите адрес почты, например ivanov@example.ru.", "Give an e-mail address.", field="email")
    if not 2 <= len(name) <= 120:
        raise Invalid("Укажите имя: от 2 до 120 знаков.", "Give a name of 2 to 120 characters.", field="name")
