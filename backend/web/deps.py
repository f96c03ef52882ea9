"""Who asks, and in which transaction: opened here, committed here when the endpoint ends well, rolled back when it raises.

ctx: Ctx          API, signed in by `Authorization: Bearer`
ctx: OpenCtx      API, anybody
page: Page        portal page, signed in by cookie; knows how to render and redirect
page: OpenPage    page for anybody (signed in or not)
form: Form        what the user sent; CSRF was checked
listing: Listing  page, size, sort, q of a list
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

from fastapi import Depends, Query
from sqlalchemy.engine import Engine
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from backend.accounts import service as accounts
from backend.accounts.errors import EnrolmentNeeded
from backend.core import journal
from backend.core.context import STEP_UP_LASTS, Actor, Context
from backend.core.db import unit_of_work
from backend.core.errors import DomainError, Unauthenticated
from backend.core.ids import new_id
from backend.core.pagination import PageRequest
from backend.core.permissions import Permission, Role
from backend.core.signing import gather
from backend.core.texts import check_texts, texts_in
from backend.settings import Settings
from backend.web import i18n, kept_forms, security
from backend.web.forms import Form as FormContent
from backend.web.forms import form_of
from backend.web.idempotency import MAXIMUM_KEY, Asked, digest_of_form, put_asked
from backend.web.refusing import CsrfWrong, KeptRefusal, NotYetSeen
from backend.web.render import render, visitor_of

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
NOBODY = Actor(user_id=None, name="")


@dataclass(frozen=True, slots=True)
class Incoming:
    """The body of a request as far as the shell cares."""

    form: FormContent = field(default_factory=FormContent)
    digest: str = ""
    key: str = ""


async def read_request(request: Request) -> Incoming:
    """Read the body once; FastAPI has cached it already where the endpoint declares one. Raises Invalid for unstorable texts."""
    check_texts([(name, str(value)) for name, value in request.path_params.items()])
    check_texts(request.query_params.multi_items())
    if request.method in SAFE:
        return Incoming()
    key = request.headers.get("Idempotency-Key", "")
    kind = request.headers.get("content-type", "")
    if not kind.startswith(("multipart/form-data", "application/x-www-form-urlencoded")):
        if "json" in kind:
            check_texts(texts_in(await _json_of(request)))
        return Incoming(digest=hashlib.sha256(await request.body()).hexdigest(), key=key[:MAXIMUM_KEY])
    data = await request.form()
    contents: dict[int, bytes] = {}
    for _, value in data.multi_items():
        if isinstance(value, UploadFile):
            contents[id(value)] = await value.read()
            if request.url.path.startswith("/api/"):
                await value.seek(0)  # FastAPI reads it once more and closes it
            else:
                await value.close()
    form = form_of(data, contents)
    request.state.form = form
    check_texts((name, text) for name, texts in form.values.items() for text in texts)
    check_texts((name, file.filename) for name, found in form.files.items() for file in found)
    files = {name: [hashlib.sha256(one.data).hexdigest() for one in found] for name, found in form.files.items()}
    digest = digest_of_form({**form.values, **{f"file:{name}": found for name, found in files.items()}})
    return Incoming(form, digest, (key or form.get("idempotency_key"))[:MAXIMUM_KEY])


async def _json_of(request: Request) -> Any:
    try:
        return await request.json()
    except (ValueError, RecursionError):  # the endpoint says so itself when it declares a body
        return None


@contextmanager
def open_context(request: Request, actor: Actor = NOBODY, *, write: bool = True) -> Iterator[Context]:
    """One transaction. A :class:`KeptRefusal` raised inside is committed first and then raised as the refusal it carries."""
    engine: Engine = request.app.state.engine
    kept: DomainError | None = None
    with unit_of_work(engine, write=write) as session:
        ctx = Context(
            session=session,
            clock=request.app.state.clock,
            actor=actor,
            settings=request.app.state.settings,
            lang=i18n.current_lang.get(),
            request_id=getattr(request.state, "request_id", None),
        )
        try:
            yield ctx
        except KeptRefusal as error:
            kept = error.refusal
    if kept is not None:
        raise kept


# --- JSON API --------------------------------------------------------------------------------------------------------


def get_open_ctx(request: Request, incoming: Annotated[Incoming, Depends(read_request)]) -> Iterator[Context]:
    """Anybody; signed in when a valid token is given."""
    with _api_context(request, incoming) as ctx:
        yield ctx


def get_ctx(request: Request, incoming: Annotated[Incoming, Depends(read_request)]) -> Iterator[Context]:
    """Signed in by an access token; raises Unauthenticated, or EnrolmentNeeded for an officer without a second factor."""
    with _api_context(request, incoming) as ctx:
        if ctx.actor.user_id is None:
            raise Unauthenticated
        if accounts.must_enrol(ctx) and not request.url.path.startswith("/api/v1/auth/"):
            raise EnrolmentNeeded
        yield ctx


@contextmanager
def _api_context(request: Request, incoming: Incoming) -> Iterator[Context]:
    actor = _bearer(request)
    _note_view(request, actor)
    with open_context(request, actor, write=request.method not in SAFE) as ctx:
        owner = actor.user_id or f"ip:{actor.ip or security.client_of(request).ip}"
        status = getattr(request.scope.get("route"), "status_code", None) or 200
        put_asked(ctx, Asked(owner, incoming.key, request.method, request.url.path, incoming.digest, status))
        seen = request.headers.get(SHOWN_HASH, "")
        if request.method in SAFE or not (seen or is_preview(request)):
            yield ctx
            return
        with _shown_before(request, ctx, seen):
            yield ctx


def _bearer(request: Request) -> Actor:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return NOBODY
    with open_context(request, write=False) as ctx:
        session_id, portal = accounts.session_of_token(ctx, token)
        return accounts.actor_by_session(ctx, session_id, portal, security.client_of(request))


# --- portals ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PageContext:
    """A portal page in its transaction."""

    request: Request
    ctx: Context
    portal: str

    @property
    def actor(self) -> Actor:
        """Who looks at the page."""
        return self.ctx.actor

    @property
    def key(self) -> str:
        """Idempotency key of the form that was sent; a fresh one when it carried none."""
        form: FormContent | None = getattr(self.request.state, "form", None)
        return (form.get("idempotency_key") if form else "") or new_id()

    def render(self, template: str, status: int = 200, **context: Any) -> Response:
        """The page."""
        return render(self.request, template, status, page=self, **context)

    def redirect(self, path: str, toast: str | None = None) -> RedirectResponse:
        """Go to a page of ours after a form (303); ``toast`` is shown there once."""
        response = RedirectResponse(path, status_code=303)
        if toast:
            settings = self.ctx.settings
            security.set_cookie(
                response, settings, security.TOAST_COOKIE, security.pack_signed(settings, "toast", toast), max_age=60
            )
        return response


def get_open_page(request: Request, incoming: Annotated[Incoming, Depends(read_request)]) -> Iterator[PageContext]:
    """A page for anybody; a signed-in user keeps their menu."""
    with _page_context(request, incoming) as page:
        yield page


def get_page(request: Request, incoming: Annotated[Incoming, Depends(read_request)]) -> Iterator[PageContext]:
    """A page for the signed-in users of its portal; others are led to the sign-in and back."""
    with _page_context(request, incoming) as page:
        if page.actor.user_id is None:
            raise Unauthenticated
        if accounts.must_enrol(page.ctx) and "/profile" not in request.url.path:
            raise EnrolmentNeeded
        yield page


@contextmanager
def _page_context(request: Request, incoming: Incoming) -> Iterator[PageContext]:
    segment = request.url.path.split("/")[1]
    actor, portal = _by_cookie(request, segment)
    request.state.portal, request.state.actor = portal, actor if actor.user_id else None
    acts = request.method not in SAFE and not request.scope.get("kapital.redispatched")
    if acts:
        _check_csrf(request, incoming.form, actor)
        actor = actor if is_preview(request) else _step_up(request, incoming.form, actor)
    request.state.stepped_up = _is_fresh(actor)
    _note_view(request, actor)
    with open_context(request, actor, write=request.method not in SAFE) as ctx:
        request.state.has_totp = bool(actor.user_id) and accounts.account(ctx, str(actor.user_id)).totp
        owner = actor.user_id or f"visitor:{visitor_of(request)}"
        put_asked(ctx, Asked(owner, incoming.key, request.method, request.url.path, incoming.digest))
        _kept_form(request, ctx, incoming)
        if not acts:
            yield PageContext(request, ctx, portal)
            return
        with _shown_before(request, ctx, incoming.form.get("shown_hash")):
            yield PageContext(request, ctx, portal)


PREVIEW = "Kapital-Preview"
"""Header of a request that only asks what it would sign; nothing of it is kept."""
SHOWN_HASH = "Kapital-Shown-Hash"
"""Header of an API client that has shown the words to its user: other words are not signed."""


def is_preview(request: Request) -> bool:
    """Does the request only ask what it would sign?"""
    return PREVIEW in request.headers


@contextmanager
def _shown_before(request: Request, ctx: Context, seen: str) -> Iterator[None]:
    """Nothing is signed in a person's name that the person was not shown in these very words; one page shows it and asks for the code."""
    signing = gather(ctx.session, seen, dry=is_preview(request))
    try:
        yield
    except KeptRefusal as error:
        if signing.dry:
            raise error.refusal from error
        raise
    if signing.dry or not signing.is_settled:
        raise NotYetSeen(signing)


def _kept_form(request: Request, ctx: Context, incoming: Incoming) -> None:
    """Show the form that an ended session left behind; forget it once it is sent."""
    key = request.cookies.get(kept_forms.COOKIE)
    if not key or ctx.actor.user_id is None:
        return
    if request.method in SAFE:
        if getattr(request.state, "form_state", None) is None:
            request.state.form_state = kept_forms.show(ctx, key, request.url.path)
    elif incoming.form.get("form_page"):
        kept_forms.drop(ctx, key)


def _by_cookie(request: Request, segment: str) -> tuple[Actor, str]:
    """The session of the page's portal; the explorer and common pages take any."""
    own = segment in security.PORTALS
    wanted = [segment] if own and segment != "audit" else []
    order = wanted or [*(["audit"] if segment == "audit" else []), *security.PORTALS]
    with open_context(request, write=False) as ctx:
        for portal in order:
            secret = request.cookies.get(security.session_cookie(portal))
            found = accounts.actor_by_secret(ctx, secret, security.client_of(request)) if secret else None
            if found is not None and found[1].value == portal:
                actor, due = found[0], accounts.touch_due(replace(ctx, actor=found[0]))
                break
        else:
            return NOBODY, segment if own else ""
    if due:
        with open_context(request, actor) as ctx:
            accounts.touch(ctx)
    return actor, portal


def _check_csrf(request: Request, form: FormContent, actor: Actor) -> None:
    given = form.get("csrf_token") or request.headers.get("X-CSRF-Token", "")
    subject = actor.session_id or request.cookies.get(security.ANONYMOUS_COOKIE, "")
    if security.csrf_matches(request.app.state.settings, subject, given):
        return
    if actor.user_id is None and request.url.path.split("/")[1] in security.PORTALS:
        raise Unauthenticated  # the session has ended since the form was opened: sign in and come back
    raise CsrfWrong


def _step_up(request: Request, form: FormContent, actor: Actor) -> Actor:
    code = form.get("totp_code")
    if not code or actor.user_id is None:
        return actor
    with open_context(request, actor) as ctx:
        refusal = accounts.step_up(ctx, code)
    if refusal is not None:
        raise _at_field(refusal, "totp_code")
    with open_context(request, write=False) as ctx:
        portal = accounts.Portal(request.state.portal)
        return accounts.actor_by_session(ctx, str(actor.session_id), portal, security.client_of(request))


def _at_field(refusal: DomainError, name: str) -> DomainError:
    return type(refusal)(refusal.message_ru, refusal.message_en, code=refusal.code, field=name)


def _is_fresh(actor: Actor) -> bool:
    at = actor.stepped_up_at
    return at is not None and accounts.wall_clock() - at < STEP_UP_LASTS


def _note_view(request: Request, actor: Actor) -> None:
    """Every view of a regulator, and of an application by an officer (152-ФЗ), is journalled: the path without its query."""
    path = request.url.path
    of_case = "/cases/" in path and Permission.CASE_READ in actor.permissions
    if (Role.REGULATOR in actor.roles or of_case) and request.method in SAFE and not _is_stream(request):
        with open_context(request, actor) as ctx:
            journal.record(ctx, action="web.viewed", entity="page", entity_id=path[:200])


def _is_stream(request: Request) -> bool:
    """The stream of changes of a portal: it shows nothing, and the page that opened it is journalled itself."""
    _, _, *rest = request.url.path.split("/")
    return rest == ["events"] and "topic" in request.query_params


async def get_form(request: Request, incoming: Annotated[Incoming, Depends(read_request)]) -> FormContent:
    """The form of a page; its uploads are read already, so their temporary files are closed."""
    await request.close()
    return incoming.form


def get_listing(
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    size: Annotated[int, Query(ge=1, le=200)] = 25,
    sort: Annotated[str | None, Query(max_length=40)] = None,
    q: Annotated[str | None, Query(max_length=100)] = None,
    format: Annotated[Literal["csv", "xlsx", "json"] | None, Query()] = None,  # noqa: A002 - the name in the address
) -> PageRequest:
    """Page, size, sort and search of a list, or the list as a file."""
    file = None if format == "json" else format
    return PageRequest(page=page, size=size, sort=sort, q=q.strip() if q else None, file=file)


def settings_of(request: Request) -> Settings:
    """Settings of the application."""
    found: Settings = request.app.state.settings
    return found


def query_of(request: Request) -> Mapping[str, str]:
    """The address's query."""
    return request.query_params


Ctx = Annotated[Context, Depends(get_ctx, scope="function")]
OpenCtx = Annotated[Context, Depends(get_open_ctx, scope="function")]
Page = Annotated[PageContext, Depends(get_page, scope="function")]
OpenPage = Annotated[PageContext, Depends(get_open_page, scope="function")]
Form = Annotated[FormContent, Depends(get_form)]
Listing = Annotated[PageRequest, Depends(get_listing)]
