"""Cookies, CSRF tokens, response headers, request identifiers, limits of size."""

from __future__ import annotations

import hashlib
import hmac
import logging
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.accounts.service import Client
from backend.core.ids import new_id
from backend.settings import Settings
from backend.web.i18n import chosen_lang, current_lang

PORTALS = ("investor", "issuer", "office", "audit")
ANONYMOUS_COOKIE = "kapital_visitor"
TOAST_COOKIE = "kapital_toast"
LANG_COOKIE = "kapital_lang"
YEAR_S = 365 * 24 * 3600
FORM_OVERHEAD_BYTES = 256 * 1024

# Only our own files; styles may be set on elements (charts, progress) but no script may stand in a page.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}

log = logging.getLogger("kapital.web")


# --- cookies ---------------------------------------------------------------------------------------------------------


def session_cookie(portal: str) -> str:
    """Name of a portal's session cookie: one browser may be signed in to several portals."""
    return f"kapital_{portal}"


def set_cookie(response: Response, settings: Settings, name: str, value: str, max_age: int | None = None) -> None:
    """A cookie that scripts can't read and other sites can't send."""
    secure = settings.public_url.startswith("https://")
    response.set_cookie(name, value, max_age=max_age, httponly=True, samesite="lax", secure=secure, path="/")


def sign(settings: Settings, purpose: str, text: str) -> str:
    """Keyed digest of a text for one purpose."""
    return hmac.new(settings.jwt_secret.encode(), f"{purpose}:{text}".encode(), hashlib.sha256).hexdigest()


def pack_signed(settings: Settings, purpose: str, text: str) -> str:
    """A text and its signature as a cookie value."""
    return f"{urlsafe_b64encode(text.encode()).decode()}.{sign(settings, purpose, text)}"


def unpack_signed(settings: Settings, purpose: str, value: str) -> str | None:
    """The text of :func:`pack_signed`, or None when it is not ours."""
    encoded, _, signature = value.partition(".")
    try:
        text = urlsafe_b64decode(encoded.encode()).decode()
    except ValueError:
        return None
    return text if _same(signature, sign(settings, purpose, text)) else None


def csrf_token(settings: Settings, subject: str) -> str:
    """Token of a session (or of an anonymous visitor's cookie); only our pages can know it."""
    return sign(settings, "csrf", subject)


def csrf_matches(settings: Settings, subject: str, given: str) -> bool:
    """Is it the token of this session?"""
    return bool(subject) and _same(csrf_token(settings, subject), given)


def _same(one: str, other: str) -> bool:
    # As bytes: texts that are not ASCII can't be compared in constant time.
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def client_of(request: Request) -> Client:
    """Address and browser of the asker."""
    return Client(ip=request.client.host if request.client else "", agent=request.headers.get("user-agent", ""))


def safe_next(target: str | None, default: str) -> str:
    """A page of ours to go to; anything that leads elsewhere becomes the default."""
    text = target or ""
    return text if text.startswith("/") and not text.startswith(("//", "/\\")) and "\n" not in text else default


# --- middleware ------------------------------------------------------------------------------------------------------


class Shell:
    """Request identifier, language, size limit, security headers, one log line without personal data."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        scope.setdefault("state", {})["request_id"] = new_id()
        token = current_lang.set(_lang_of(scope, headers))
        started, status = time.perf_counter(), [500]
        try:
            if _too_large(scope, headers):
                await _refuse_size(scope, receive, _with_headers(send, scope, status))
            else:
                await self.app(scope, receive, _with_headers(send, scope, status))
        finally:
            current_lang.reset(token)
            _log(scope, status[0], time.perf_counter() - started)


def _lang_of(scope: Scope, headers: Headers) -> Any:
    query = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("lang", [None])[-1]
    cookies: SimpleCookie = SimpleCookie(headers.get("cookie", ""))
    cookie = cookies[LANG_COOKIE].value if LANG_COOKIE in cookies else None
    scope["state"]["lang_asked"] = query if query in {"ru", "en"} else None
    api = scope["path"].startswith("/api/")
    return chosen_lang(query, cookie, headers.get("accept-language") if api else None)


def _too_large(scope: Scope, headers: Headers) -> bool:
    length = headers.get("content-length", "0")
    settings: Settings = scope["app"].state.settings
    limit = settings.upload_max_bytes * settings.uploads_per_case + FORM_OVERHEAD_BYTES
    return not length.isdigit() or int(length) > limit


async def _refuse_size(scope: Scope, receive: Receive, send: Send) -> None:
    problem = {"type": "/problems/too_large", "title": "Too much data.", "status": 413, "code": "too_large"}
    await JSONResponse(problem, 413, media_type="application/problem+json")(scope, receive, send)


def _with_headers(send: Send, scope: Scope, status: list[int]) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            status[0] = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers["X-Request-Id"] = scope["state"]["request_id"]
            if not scope["path"].startswith("/static/"):
                headers.setdefault("Cache-Control", "no-store")
            asked = scope["state"].get("lang_asked")
            if asked:
                headers.append("Set-Cookie", f"{LANG_COOKIE}={asked}; Path=/; Max-Age={YEAR_S}; SameSite=Lax")
        await send(message)

    return wrapped


def _log(scope: Scope, status: int, seconds: float) -> None:
    # The route's pattern, not the path: identifiers and search words stay out of the log.
    route = scope.get("route")
    pattern = getattr(route, "path", "-")
    log.info("%s %s %s %.0f ms %s", scope["method"], pattern, status, seconds * 1000, scope["state"]["request_id"])
