"""What was typed into a form whose session had ended: kept for an hour and shown again after the sign-in, to the same user only.

The form's CSRF token belongs to one session, so it tells whose form it was; the cookie tells which browser. Texts are sealed, files
and secrets are not kept.
"""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from sqlmodel import col, delete

from backend.accounts import service as accounts
from backend.core import vault
from backend.core.context import Context
from backend.web import security
from backend.web.forms import SECRET_FIELDS, Form, FormState
from backend.web.i18n import gettext as _
from backend.web.models import KeptForm

COOKIE: Final = "kapital_form"
KEPT_FOR: Final = timedelta(hours=1)
LARGEST: Final = 128 * 1024
_OWNER = "kept forms"


def keep(ctx: Context, form: Form, page: str) -> str | None:
    """Keep the texts of a form of ``page``; the value of the cookie that finds them, or None when there is nothing to keep."""
    values = {name: texts for name, texts in form.values.items() if name not in SECRET_FIELDS and any(texts)}
    content = json.dumps(values, ensure_ascii=False).encode()
    if not values.keys() - {"form_page", "idempotency_key"} or len(content) > LARGEST:
        return None
    now, key = accounts.wall_clock(), secrets.token_urlsafe(24)
    ctx.session.execute(delete(KeptForm).where(col(KeptForm.created_at) < now - KEPT_FOR))
    ctx.session.add(
        KeptForm(
            key=key,
            page=urlsplit(page).path,
            csrf_token=form.get("csrf_token")[:64],
            files=bool(form.files),
            sealed=vault.seal(ctx, _OWNER, content),
            created_at=now,
        )
    )
    ctx.session.flush()
    return key


def show(ctx: Context, key: str, page: str) -> FormState | None:
    """The form that was kept for this page and the asker; None when it is another's, for another page, or too old."""
    row = ctx.session.get(KeptForm, key)
    if row is None or row.page != page or row.created_at < accounts.wall_clock() - KEPT_FOR:
        return None
    mine = accounts.recent_session_ids(ctx, ctx.actor.user_id or "")
    if not any(security.csrf_matches(ctx.settings, one, row.csrf_token) for one in mine):
        return None
    values: dict[str, list[str]] = json.loads(vault.unseal(ctx, _OWNER, row.sealed))
    summary = _("Сеанс закончился прежде, чем форма дошла. Проверьте поля и отправьте её ещё раз.")
    if row.files:
        summary += " " + _("Файлы приложите заново.")
    return FormState(values=values, errors={}, summary=summary, code="session_ended")


def drop(ctx: Context, key: str) -> None:
    """It was sent: forget it."""
    ctx.session.execute(delete(KeptForm).where(col(KeptForm.key) == key))
