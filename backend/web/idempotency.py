"""A request repeated (double click, lost answer, impatient client) is carried out once.

The key comes from the hidden field ``idempotency_key`` or the header ``Idempotency-Key``. It is written in the transaction of the
request itself, so either both the effect and the key exist or neither does. The same key with another body is a conflict (409).
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi.encoders import jsonable_encoder
from fastapi.routing import APIRoute
from sqlalchemy.exc import IntegrityError
from starlette.responses import Response

from backend.accounts.policy import wall_clock
from backend.core import vault
from backend.core.context import Context
from backend.core.errors import Conflict
from backend.web.models import RequestKey

MAXIMUM_KEY = 200
MAXIMUM_BODY = 512 * 1024


class KeyReused(Conflict):
    """The key stands for another request."""

    code = "idempotency_key_reused"
    message_ru = "Эта форма уже отправлена с другими данными. Откройте её заново."
    message_en = "This key was used for another request."


class KeyInUse(Conflict):
    """The first request with this key is still under way."""

    code = "idempotency_key_in_use"
    message_ru = "Запрос уже выполняется. Подождите и обновите страницу."
    message_en = "The same request is being carried out. Wait and repeat."

    def __init__(self, owner: str, key: str, digest: str) -> None:
        super().__init__()
        self.owner, self.key, self.digest = owner, key, digest


def answer_of(ctx: Context, error: KeyInUse) -> Response | None:
    """The answer of the request that was first by a moment, once it is committed; None when there is none."""
    row = ctx.session.get(RequestKey, (error.owner, error.key))
    return _replay(ctx, row) if row is not None and row.fingerprint == error.digest and row.status is not None else None


class OnceRoute(APIRoute):
    """A route whose POST, PUT, PATCH and DELETE honour idempotency keys."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        if not {"GET", "HEAD"} & set(options.get("methods") or {"GET"}):
            endpoint = once(endpoint)
        super().__init__(path, endpoint, **options)


def once(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap an endpoint: a known key is answered from the table, a new one is stored with the answer."""

    @functools.wraps(endpoint)
    def wrapped(**values: Any) -> Any:
        ctx = next((ctx for value in values.values() if (ctx := _context_of(value)) is not None), None)
        asked = asked_in(ctx) if ctx is not None else None
        if ctx is None or asked is None or not asked.key:
            return endpoint(**values)
        stored = _take(ctx, asked.owner, asked.key, fingerprint(asked))
        if stored.status is not None:
            return _replay(ctx, stored)
        result = endpoint(**values)
        _keep(ctx, stored, result, asked.status_code)
        return result

    return wrapped


@dataclass(frozen=True, slots=True)
class Asked:
    """What identifies a request: whose it is, its key, and what it asks. Kept with the transaction (``session.info``)."""

    owner: str
    key: str
    method: str
    path: str
    body_digest: str
    status_code: int = 200


def put_asked(ctx: Context, asked: Asked) -> None:
    """Tie a request to its transaction."""
    ctx.session.info["asked"] = asked


def asked_in(ctx: Context) -> Asked | None:
    """The request of a transaction."""
    found = ctx.session.info.get("asked")
    return found if isinstance(found, Asked) else None


def _context_of(value: Any) -> Context | None:
    found = value if isinstance(value, Context) else getattr(value, "ctx", None)
    return found if isinstance(found, Context) else None


def fingerprint(asked: Asked) -> str:
    """Digest of route and body."""
    return hashlib.sha256(f"{asked.method} {asked.path} {asked.body_digest}".encode()).hexdigest()


def digest_of_form(values: dict[str, list[str]]) -> str:
    """Digest of a form without the fields that change from page to page."""
    passing = {"csrf_token", "idempotency_key", "totp_code", "form_page", "shown_hash"}
    content = {name: texts for name, texts in sorted(values.items()) if name not in passing}
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def _take(ctx: Context, owner: str, key: str, digest: str) -> RequestKey:
    row = ctx.session.get(RequestKey, (owner, key))
    if row is None:
        row = RequestKey(owner=owner, key=key, fingerprint=digest, created_at=wall_clock())
        ctx.session.add(row)
        try:
            ctx.session.flush()
        except IntegrityError as error:
            raise KeyInUse(owner, key, digest) from error
    if row.fingerprint != digest:
        raise KeyReused
    return row


def _keep(ctx: Context, row: RequestKey, result: Any, status: int) -> None:
    if isinstance(result, Response):
        row.status, row.location = result.status_code, result.headers.get("location")
        row.media_type, body = result.headers.get("content-type"), bytes(result.body)[:MAXIMUM_BODY]
        cookies = [value.decode("latin-1") for name, value in result.raw_headers if name == b"set-cookie"]
    else:
        cookies = []
        row.status, row.media_type = status, "application/json"
        body = json.dumps(jsonable_encoder(result), ensure_ascii=False, separators=(",", ":")).encode()
    # Cookies first, in a line of JSON: who clicks "sign in" twice gets the session with either answer.
    row.body = vault.seal(ctx, _vault_owner(row.owner), json.dumps(cookies).encode() + b"\n" + body)
    ctx.session.add(row)


def _replay(ctx: Context, row: RequestKey) -> Response:
    headers = {"Idempotency-Replayed": "true"}
    if row.location:
        headers["Location"] = row.location
    content = vault.unseal(ctx, _vault_owner(row.owner), row.body) if row.body else b"[]\n"
    cookies, _, body = content.partition(b"\n")
    answer = Response(body, status_code=row.status or 200, media_type=row.media_type, headers=headers)
    answer.raw_headers += [(b"set-cookie", one.encode("latin-1")) for one in json.loads(cookies)]
    return answer


def _vault_owner(owner: str) -> str:
    # A user's answers are sealed with the user's own data key; visitors come and go and share one.
    return "visitors" if ":" in owner else owner
