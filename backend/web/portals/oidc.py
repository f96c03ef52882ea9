"""The way to an external identity provider and back."""

from __future__ import annotations

import json
import secrets
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from backend.accounts import oidc
from backend.accounts import service as accounts
from backend.accounts.errors import ProviderRefused
from backend.accounts.service import Portal
from backend.web import security
from backend.web.deps import OpenPage, open_context, settings_of
from backend.web.portals.auth import enter
from backend.web.routing import page_router

router = page_router("/oidc")

ATTEMPT_COOKIE = "kapital_oidc"
ATTEMPT_LASTS_S = 600


@router.get("/start")
def start(page: OpenPage, next: str = "", portal: str = "investor") -> Response:  # noqa: A002 - the name in the address
    """Send the browser to the provider; the secrets of the attempt stay in a signed cookie."""
    door = _portal(portal)
    started = oidc.begin(page.ctx, callback_of(page.request), door)
    attempt = {
        "state": started.state,
        "nonce": started.nonce,
        "verifier": started.verifier,
        "next": next,
        "portal": door.value,
    }
    response = RedirectResponse(started.url, status_code=303)
    settings = settings_of(page.request)
    value = security.pack_signed(settings, "oidc", json.dumps(attempt))
    security.set_cookie(response, settings, ATTEMPT_COOKIE, value, max_age=ATTEMPT_LASTS_S)
    return response


@router.get("/callback")
def callback(request: Request, code: str = "", state: str = "", error: str = "") -> Response:
    """Back from the provider: verify, open a session, lead on."""
    attempt = _attempt(request)
    if error or not code or not secrets.compare_digest(state.encode(), attempt["state"].encode()):
        raise ProviderRefused
    portal = _portal(attempt["portal"])
    with open_context(request) as ctx:
        found = oidc.finish(
            ctx,
            code=code,
            nonce=attempt["nonce"],
            verifier=attempt["verifier"],
            redirect_uri=callback_of(request),
            portal=portal,
        )
        signed_in = accounts.enter(
            ctx, found.user, kind="web", client=security.client_of(request), second_factor=found.second_factor
        )
    response = enter(request, signed_in, attempt["next"])
    response.delete_cookie(ATTEMPT_COOKIE, path="/")
    return response


def callback_of(request: Request) -> str:
    """The address that the provider sends the browser back to; it must be registered there."""
    return f"{settings_of(request).public_url.rstrip('/')}{quote('/oidc/callback')}"


def _portal(text: str) -> Portal:
    return Portal(text) if text in set(Portal) else Portal.INVESTOR


def _attempt(request: Request) -> dict[str, Any]:
    text = security.unpack_signed(settings_of(request), "oidc", request.cookies.get(ATTEMPT_COOKIE, ""))
    if text is None:
        raise ProviderRefused
    attempt: dict[str, Any] = json.loads(text)
    return attempt
