"""Outgoing mail: letters are stored with the change that causes them and sent afterwards, at least once.

With KAPITAL_SMTP_URL the worker sends them; without it they stay in the table, and development and demonstration show them at /dev/mail.
"""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from backend.accounts import repository
from backend.accounts.models import Mail, User
from backend.accounts.policy import wall_clock
from backend.core import vault
from backend.core.context import Context
from backend.core.errors import NotFound
from backend.core.ids import new_id

_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(hours=1)
_BATCH = 20
_TIMEOUT_S = 15


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter in clear."""

    to: str
    subject: str
    text: str
    kind: str
    created_at: datetime
    sent_at: datetime | None


def write_letter(ctx: Context, user: User, *, kind: str, subject: str, text: str) -> Mail:
    """Put a letter to a user into the outgoing mail, in the caller's transaction."""
    now = wall_clock()
    address = vault.unseal_dict(ctx, user.id, user.profile)["email"]
    sealed = vault.seal(ctx, user.id, {"to": address, "subject": subject, "text": text})
    row = Mail(id=new_id(), user_id=user.id, kind=kind, sealed=sealed, created_at=now, next_try_at=now)
    ctx.session.add(row)
    ctx.session.flush()
    return row


def read_letter(ctx: Context, row: Mail) -> Letter:
    """A stored letter in clear."""
    content = vault.unseal_dict(ctx, row.user_id, row.sealed)
    return Letter(
        to=content["to"],
        subject=content["subject"],
        text=content["text"],
        kind=row.kind,
        created_at=row.created_at,
        sent_at=row.sent_at,
    )


def mailbox(ctx: Context, limit: int = 50) -> list[Letter]:
    """The last letters, for development and demonstration only; raises NotFound elsewhere."""
    if ctx.settings.environment == "production":
        raise NotFound
    return [read_letter(ctx, row) for row in repository.latest_mails(ctx, limit)]


def send_due(ctx: Context) -> int:
    """Send what is due; returns how many went out. A failure is tried again with growing pauses. A tick of the worker."""
    if ctx.settings.smtp_url is None:
        return 0
    due = repository.mails_due(ctx, wall_clock(), _BATCH)
    return sum(_try_to_send(ctx, row) for row in due)


def _try_to_send(ctx: Context, row: Mail) -> bool:
    row.attempts += 1
    try:
        _deliver(ctx, read_letter(ctx, row))
        row.sent_at, row.error = wall_clock(), None
    except (OSError, smtplib.SMTPException) as error:
        row.error = type(error).__name__  # the text of an SMTP error may quote the address
        row.next_try_at = wall_clock() + min(_FIRST_PAUSE * 2 ** (row.attempts - 1), _LONGEST_PAUSE)
    ctx.session.add(row)
    ctx.session.flush()
    return row.sent_at is not None


def _deliver(ctx: Context, letter: Letter) -> None:
    url = urlsplit(ctx.settings.smtp_url or "")
    message = EmailMessage()
    message["From"] = f"Капитал <no-reply@{urlsplit(ctx.settings.public_url).hostname or 'localhost'}>"
    message["To"], message["Subject"] = letter.to, letter.subject
    message.set_content(letter.text)
    secure = url.scheme == "smtps"
    port = url.port or (465 if secure else 25)
    client = (
        smtplib.SMTP_SSL(url.hostname or "", port, timeout=_TIMEOUT_S, context=ssl.create_default_context())
        if secure
        else smtplib.SMTP(url.hostname or "", port, timeout=_TIMEOUT_S)
    )
    with client as connection:
        if not secure and connection.has_extn("starttls"):
            connection.starttls(context=ssl.create_default_context())
        if url.username:
            connection.login(unquote(url.username), unquote(url.password or ""))
        connection.send_message(message)
