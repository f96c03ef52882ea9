"""Refusals to answers: RFC 9457 problem details for the API; for pages the same form again with its fields marked."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote, urlsplit

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import IntegrityError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import Message, Receive, Scope

from backend.accounts.errors import EnrolmentNeeded
from backend.core.errors import Conflict, DomainError, Invalid, StepUpRequired, Unauthenticated
from backend.core.signing import Signing
from backend.web import i18n, kept_forms, security
from backend.web.deps import is_preview, open_context
from backend.web.forms import Form, FormState, problems_of, state_of
from backend.web.idempotency import KeyInUse, answer_of
from backend.web.refusing import NotYetSeen
from backend.web.render import render

log = logging.getLogger("kapital.web")

PROBLEM_JSON = "application/problem+json"


def install(app: FastAPI) -> None:
    """Register the handlers."""
    app.add_exception_handler(DomainError, on_domain_error)
    app.add_exception_handler(RequestValidationError, on_validation_error)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(IntegrityError, on_integrity_error)
    app.add_exception_handler(Exception, on_crash)


def is_api(request: Request) -> bool:
    """Does a program ask?"""
    return request.url.path.startswith("/api/")


def problem(request: Request, error: DomainError) -> JSONResponse:
    """RFC 9457 answer; ``code`` is stable, ``errors`` lists the fields."""
    lang = i18n.current_lang.get()
    content: dict[str, Any] = {
        "type": f"/problems/{error.code.split(':')[0]}",
        "title": error.text(lang),
        "status": error.status,
        "code": error.code,
        "instance": request.url.path,
        "request_id": getattr(request.state, "request_id", ""),
    }
    if error.problems:
        content["errors"] = [{"field": p.field, "code": p.code, "message": p.text(lang)} for p in error.problems]
    headers = {"WWW-Authenticate": "Bearer"} if error.status == HTTPStatus.UNAUTHORIZED else None
    return JSONResponse(content, error.status, headers=headers, media_type=PROBLEM_JSON)


async def on_domain_error(request: Request, error: Exception) -> Response:
    """A refusal that the user can be told about."""
    refusal = cast("DomainError", error)
    if is_preview(request):
        return _preview(request, refusal)
    if isinstance(refusal, KeyInUse):
        answer = await run_in_threadpool(_answer_of_the_first, request, refusal)
        if answer is not None:
            return answer
    return problem(request, refusal) if is_api(request) else await _page_refusal(request, refusal)


def _preview(request: Request, refusal: DomainError) -> JSONResponse:
    """What would be signed, or that the request would be refused: its sender then sends it in earnest and is told why."""
    if not isinstance(refusal, NotYetSeen):
        return (
            JSONResponse({"refused": True, "code": refusal.code}) if not is_api(request) else problem(request, refusal)
        )
    signing = refusal.signing
    return JSONResponse({"shown": signing.texts, "shown_hash": signing.digest, "code_needed": signing.code_needed})


def _answer_of_the_first(request: Request, refusal: KeyInUse) -> Response | None:
    with open_context(request, write=False) as ctx:
        return answer_of(ctx, refusal)


async def on_validation_error(request: Request, error: Exception) -> Response:
    """Input that FastAPI could not read."""
    refusal = Invalid(problems=problems_of(list(cast("RequestValidationError", error).errors())))
    return problem(request, refusal) if is_api(request) else await _page_refusal(request, refusal)


async def on_http_error(request: Request, error: Exception) -> Response:
    """No such address, wrong method, and the like."""
    status = cast("HTTPException", error).status_code
    refusal = DomainError(*_WORDS.get(status, _WORDS[400]), code=f"http_{status}")
    refusal.status = status
    return problem(request, refusal) if is_api(request) else await _error_page(request, refusal)


async def on_integrity_error(request: Request, error: Exception) -> Response:
    """Two requests wanted the same unique thing at the same moment: the later one may repeat. Anything else is a defect."""
    text = str(cast("IntegrityError", error).orig).casefold()
    if "unique" not in text:
        return await on_crash(request, error)
    log.warning("request %s lost a race", getattr(request.state, "request_id", ""))
    return await on_domain_error(request, Conflict())


async def on_crash(request: Request, error: Exception) -> Response:
    """A defect of ours: the log has the trace, the user a number to name."""
    log.error("request %s failed", getattr(request.state, "request_id", ""), exc_info=error)
    refusal = DomainError(*_WORDS[500], code="internal")
    refusal.status = 500
    return problem(request, refusal) if is_api(request) else await _error_page(request, refusal)


# --- pages -----------------------------------------------------------------------------------------------------------


async def _page_refusal(request: Request, error: DomainError) -> Response:
    form: Form = getattr(request.state, "form", None) or Form()
    origin = _origin(request, form)
    if isinstance(error, EnrolmentNeeded):
        return _go(request, f"/{request.state.portal}/profile/totp?next={quote(origin)}")
    if type(error) is Unauthenticated:
        portal = request.url.path.split("/")[1]
        door = f"&portal={portal}" if portal in security.PORTALS else ""
        response = _go(request, f"/login?next={quote(origin)}{door}")
        if request.method == "POST" and form.get("form_page"):
            await run_in_threadpool(_keep_form, request, form, origin, response)
        return response
    if isinstance(error, StepUpRequired):
        return await _ask_code(request, form, origin, error.signing if isinstance(error, NotYetSeen) else Signing())
    if request.method == "POST" and form.get("form_page") and not request.scope.get("kapital.redispatched"):
        return await _form_again(request, form, origin, error)
    return await _error_page(request, error)


def _keep_form(request: Request, form: Form, origin: str, response: Response) -> None:
    with open_context(request) as ctx:
        key = kept_forms.keep(ctx, form, origin)
        if key is not None:
            seconds = int(kept_forms.KEPT_FOR.total_seconds())
            security.set_cookie(response, ctx.settings, kept_forms.COOKIE, key, max_age=seconds)


def _origin(request: Request, form: Form) -> str:
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return security.safe_next(form.get("form_page") or (here if request.method == "GET" else "/"), "/")


def _go(request: Request, target: str) -> Response:
    if request.headers.get("HX-Request"):
        return Response(status_code=200, headers={"HX-Redirect": target})
    return RedirectResponse(target, status_code=303)


_OF_ITS_OWN = frozenset({"csrf_token", "totp_code", "shown_hash"})


async def _ask_code(request: Request, form: Form, origin: str, signing: Signing) -> Response:
    """One page shows what will be signed, asks for a code when there is none, and repeats the form."""
    if not getattr(request.state, "has_totp", False):
        return _go(request, f"/{request.state.portal}/profile/totp?next={quote(origin)}")
    hidden = [(name, text) for name, texts in form.values.items() for text in texts if name not in _OF_ITS_OWN]
    return await run_in_threadpool(
        render,
        request,
        "auth/step_up.html",
        401,
        hidden=hidden,
        action=request.url.path,
        back=origin,
        files=form.files,
        signing=signing,
        changed=bool(form.get("shown_hash")) and form.get("shown_hash") != signing.digest,
    )


async def _form_again(request: Request, form: Form, origin: str, error: DomainError) -> Response:
    """Run the page that holds the form once more, as a GET that knows what was typed and what is wrong."""
    state = state_of(form, error, i18n.current_lang.get())
    place = urlsplit(origin)
    answer = await _run(request, place.path, place.query, state)
    if answer is None or answer.status_code != HTTPStatus.OK:
        return await _error_page(request, error)
    answer.status_code = error.status if error.status != HTTPStatus.UNAUTHORIZED else HTTPStatus.UNPROCESSABLE_ENTITY
    return answer


_CARRIED = ("type", "asgi", "http_version", "server", "client", "scheme", "headers", "app", "fastapi_middleware_astack")


async def _run(request: Request, path: str, query: str, state: FormState) -> Response | None:
    scope: Scope = {
        **{name: request.scope[name] for name in _CARRIED if name in request.scope},
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "state": {"request_id": request.state.request_id, "form_state": state, "lang_asked": None},
        "kapital.redispatched": True,
    }
    start: dict[str, Any] = {}
    parts: list[bytes] = []

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        elif message["type"] == "http.response.body":
            parts.append(message.get("body", b""))

    await request.app.router(scope, cast("Receive", _nothing), send)
    if not start:
        return None
    response = Response(b"".join(parts), status_code=start["status"])
    response.raw_headers = [(k, v) for k, v in start["headers"] if k.lower() != b"content-length"]
    response.headers["content-length"] = str(len(response.body))
    return response


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _error_page(request: Request, error: DomainError) -> Response:
    lang = i18n.current_lang.get()
    return await run_in_threadpool(
        render, request, "errors/error.html", error.status, error=error, message=error.text(lang)
    )


_WORDS: dict[int, tuple[str, str]] = {
    400: ("Запрос не понят.", "The request was not understood."),
    404: ("Такой страницы нет.", "There is no such page."),
    405: ("Так обратиться к этой странице нельзя.", "This page can't be asked that way."),
    500: ("У нас что-то сломалось. Мы уже видим это в журнале.", "Something broke on our side. It is in our log."),
}
