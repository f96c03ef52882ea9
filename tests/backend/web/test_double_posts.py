"""A double click on any button of any portal: the same form twice is carried out once and answered alike.

Every POST route of the pages is walked. What a route does is replaced by a counted act in the same transaction, so that a valid form for
each isn't needed; the way to it (session, CSRF, idempotency key, transaction, stored answer) is the real one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from typing import Any

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from sqlmodel import col, select

from backend.accounts import service as accounts
from backend.core import journal
from backend.core.ids import new_id
from backend.core.journal import JournalEntry
from backend.core.permissions import Role
from backend.web import security
from backend.web.deps import PageContext
from backend.web.portals import ROUTERS
from tests.backend.conftest import PASSWORD, Browser, code_now, make_user

ROUTES = sorted(
    {
        route.path: route
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and "POST" in route.methods
    }.items()
)
ROLE = {"office": Role.ADMINISTRATOR, "issuer": Role.ISSUER_SIGNER, "audit": Role.AUDITOR}


def home_of(path: str) -> str:
    first = path.split("/")[1]
    return first if first in {"office", "issuer", "audit", "investor"} else "investor"


def address_of(route: APIRoute) -> str:
    """The route's address with some value for each of its parameters."""
    path = route.path
    for one in route.dependant.path_params:
        kind = one.field_info.annotation
        is_enum = isinstance(kind, type) and issubclass(kind, Enum)
        path = path.replace(f"{{{one.name}}}", str(next(iter(kind)).value) if is_enum else "1")
    return path


def count_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on every route does one journalled act instead of its own and leads to one place."""

    def act(**values: Any) -> Any:
        page = next(value for value in values.values() if isinstance(value, PageContext))
        journal.record(page.ctx, action="test.pressed", entity="route", entity_id=page.request.url.path)
        return page.redirect("/done", toast="Готово")

    for _, route in ROUTES:
        wrapped = route.endpoint
        names, cells = wrapped.__code__.co_freevars, wrapped.__closure__ or ()
        assert "endpoint" in names, f"{route.path} does not honour idempotency keys"
        cell = cells[names.index("endpoint")]
        monkeypatch.setattr(cell, "cell_contents", act)


def pressed(system_ctx: Callable[[], Any], path: str) -> int:
    with system_ctx() as ctx:
        statement = select(JournalEntry).where(
            JournalEntry.action == "test.pressed", col(JournalEntry.entity_id) == path
        )
        return len(ctx.session.exec(statement).all())


def token_of(client: TestClient, system_ctx: Callable[[], Any], user: Browser) -> str:
    assert user.user is not None
    with system_ctx() as ctx:
        (session_id,) = accounts.recent_session_ids(ctx, user.user.user_id)
        return security.csrf_token(ctx.settings, session_id)


def test_every_button_pressed_twice_works_once(
    client: TestClient, system_ctx: Callable[[], Any], browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = {home: browser(ROLE.get(home, Role.INVESTOR)) for home in {home_of(path) for path, _ in ROUTES}}
    tokens = {home: token_of(client, system_ctx, user) for home, user in users.items()}
    count_only(monkeypatch)
    assert len(ROUTES) > 60
    for pattern, route in ROUTES:
        home = home_of(pattern)
        path = address_of(route)
        user = users[home]
        form = {"csrf_token": tokens[home], "idempotency_key": new_id(), "form_page": f"/{home}", "units": "1"}
        first, second = user.client.post(path, data=form), user.client.post(path, data=form)
        assert first.status_code == 303, f"{pattern}: {first.status_code} {first.text[:300]}"
        assert first.headers["location"] == second.headers["location"] == "/done", pattern
        assert second.headers["idempotency-replayed"] == "true", pattern
        assert pressed(system_ctx, path) == 1, f"{pattern} was carried out twice"
        other = user.client.post(path, data={**form, "units": "2"})
        assert other.status_code == 409, f"{pattern}: another form under the same key"
        assert pressed(system_ctx, path) == 1, pattern
        assert user.client.post(path, data={**form, "idempotency_key": new_id()}).status_code == 303
        assert pressed(system_ctx, path) == 2, f"{pattern}: a new form is a new act"


def test_every_form_of_a_page_carries_a_key_of_its_own(client: TestClient) -> None:
    found = re.findall(r"<form[^>]*method=\"post\".*?</form>", client.get("/dev/kitchen").text, re.DOTALL)
    keys = [re.search(r'name="idempotency_key" value="([^"]+)"', one) for one in found]
    assert found
    assert all(keys)
    assert len({one[1] for one in keys if one}) == len(found)


def test_who_signs_in_by_a_double_click_is_signed_in_by_either_answer(
    client: TestClient, system_ctx: Callable[[], Any]
) -> None:
    with system_ctx() as ctx:
        user = make_user(ctx, (Role.INVESTOR,))
    visitor = Browser(client)
    form = {**visitor.hidden("/login"), "email": user.email, "password": PASSWORD, "code": code_now()}
    impatient = TestClient(client.app, follow_redirects=False, cookies=dict(client.cookies))  # before any answer came
    first, second = client.post("/login", data=form), impatient.post("/login", data=form)
    assert [one.headers["location"] for one in (first, second)] == ["/investor"] * 2
    assert first.cookies["kapital_investor"] == second.cookies["kapital_investor"]
    with system_ctx() as ctx:
        opened = ctx.session.exec(select(JournalEntry).where(JournalEntry.action == "accounts.session.opened")).all()
        assert len(opened) == 1
