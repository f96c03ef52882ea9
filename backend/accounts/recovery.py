"""Registration, confirmation of the address and password reset, each by a link in a letter that works once."""

from __future__ import annotations

import secrets
from datetime import timedelta

from backend.accounts import mail, policy, repository, users
from backend.accounts.errors import CredentialsWrong, TokenSpent
from backend.accounts.models import OneTimeToken, Portal, TokenPurpose, User, UserStatus
from backend.accounts.passwords import verify
from backend.accounts.policy import wall_clock
from backend.accounts.schemas import Account
from backend.core import journal
from backend.core.context import Context
from backend.core.errors import Invalid

_CONFIRM_RU = """Здравствуйте!

Чтобы завершить регистрацию в системе «Капитал», откройте ссылку:
{link}

Ссылка действует три дня. Если вы не регистрировались, просто удалите это письмо.
"""
_CONFIRM_EN = """Hello,

to finish your registration at Kapital, open this link:
{link}

It works for three days. If you did not register, delete this letter.
"""
_RESET_RU = """Здравствуйте!

Чтобы задать новый пароль в системе «Капитал», откройте ссылку:
{link}

Ссылка действует один час. Если вы не просили об этом, ничего не делайте: пароль не изменится.
"""
_RESET_EN = """Hello,

to set a new password at Kapital, open this link:
{link}

It works for one hour. If you did not ask for it, do nothing: your password stays as it is.
"""


def register(ctx: Context, *, email: str, name: str, password: str, portal: Portal) -> Account:
    """Register an investor or an issuer's employee and send the confirmation; they get roles only after KYC."""
    if portal not in (Portal.INVESTOR, Portal.ISSUER):
        raise Invalid("Выберите: инвестор или эмитент.", "Choose investor or issuer.", field="portal")
    row = users.add_user(ctx, email=email, name=name, portal=portal, password=password, status=UserStatus.UNCONFIRMED)
    send_confirmation(ctx, row)
    return users.account_of(ctx, row)


def send_confirmation(ctx: Context, user: User) -> None:
    """Write the letter that confirms the address."""
    link = _link(ctx, user, TokenPurpose.CONFIRM, policy.CONFIRM_LASTS, "confirm")
    subject = "Confirm your e-mail address" if user.lang == "en" else "Подтвердите адрес почты"
    text = (_CONFIRM_EN if user.lang == "en" else _CONFIRM_RU).format(link=link)
    mail.write_letter(ctx, user, kind="confirm", subject=subject, text=text)


def ask_confirmation_again(ctx: Context, email: str) -> None:
    """Send the confirmation anew; silent about unknown addresses."""
    row = repository.user_by_email(ctx, email)
    if row is not None and row.status == UserStatus.UNCONFIRMED:
        send_confirmation(ctx, row)


def confirm(ctx: Context, secret: str) -> Account:
    """Confirm an address by the secret of its link; raises :class:`TokenSpent`."""
    row = users.row_of(ctx, _spend(ctx, secret, TokenPurpose.CONFIRM).user_id)
    if row.status == UserStatus.UNCONFIRMED:
        row.status, row.confirmed_at = UserStatus.ACTIVE, wall_clock()
        ctx.session.add(row)
        journal.record(ctx, action="accounts.user.confirmed", entity="user", entity_id=row.id)
    return users.account_of(ctx, row)


def ask_reset(ctx: Context, email: str) -> None:
    """Send a reset link; silent about unknown addresses, so nobody learns who is registered."""
    row = repository.user_by_email(ctx, email)
    if row is None or row.status == UserStatus.BLOCKED:
        return
    link = _link(ctx, row, TokenPurpose.RESET, policy.RESET_LASTS, "reset")
    subject = "Password reset" if row.lang == "en" else "Восстановление пароля"
    text = (_RESET_EN if row.lang == "en" else _RESET_RU).format(link=link)
    mail.write_letter(ctx, row, kind="reset", subject=subject, text=text)


def reset(ctx: Context, secret: str, password: str) -> None:
    """Set a new password by the secret of a reset link and end every session. Raises TokenSpent or PasswordWeak."""
    token = _spend(ctx, secret, TokenPurpose.RESET)
    row = users.row_of(ctx, token.user_id)
    users.set_password(ctx, row, password)
    if row.status == UserStatus.UNCONFIRMED:  # the link reached the address, which is all that confirmation proves
        row.status, row.confirmed_at = UserStatus.ACTIVE, wall_clock()
    ctx.session.add(row)
    repository.revoke_sessions(ctx, row.id, wall_clock())
    journal.record(ctx, action="accounts.password.reset", entity="user", entity_id=row.id)


def change_password(ctx: Context, current: str, new: str) -> None:
    """Change the asker's own password and end the other sessions."""
    row = users.row_of(ctx, ctx.actor.user_id or "")
    if not verify(repository.credential(ctx, row.id).password_hash, current):
        raise CredentialsWrong("Текущий пароль неверен.", "The current password is wrong.", field="current")
    users.set_password(ctx, row, new)
    repository.revoke_sessions(ctx, row.id, wall_clock(), keep=ctx.actor.session_id)
    journal.record(ctx, action="accounts.password.changed", entity="user", entity_id=row.id)


def _link(ctx: Context, user: User, purpose: TokenPurpose, lasts: timedelta, page: str) -> str:
    secret = secrets.token_urlsafe(32)
    ctx.session.add(
        OneTimeToken(
            digest=repository.digest_of(secret), user_id=user.id, purpose=purpose, expires_at=wall_clock() + lasts
        )
    )
    ctx.session.flush()
    return f"{ctx.settings.public_url.rstrip('/')}/{page}?token={secret}"


def _spend(ctx: Context, secret: str, purpose: TokenPurpose) -> OneTimeToken:
    row, now = repository.one_time_token(ctx, secret), wall_clock()
    if row is None or row.purpose != purpose or row.used_at is not None or row.expires_at <= now:
        raise TokenSpent
    row.used_at = now
    ctx.session.add(row)
    ctx.session.flush()
    return row
