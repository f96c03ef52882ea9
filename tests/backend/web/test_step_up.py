"""Signing asks for a fresh code: in the form itself, or on a page of its own that repeats the form afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.engine import Engine
from sqlmodel import select
from starlette.responses import Response

from backend.accounts import service as accounts
from backend.accounts.models import UserSession
from backend.accounts.service import Portal
from backend.core.journal import JournalEntry, record
from backend.core.permissions import Role
from backend.settings import Settings
from backend.web.app import create_app
from backend.web.deps import Form, Page
from backend.web.routing import page_router
from tests.backend.conftest import PASSWORD, Browser, code_now

router = page_router("/investor/signing")


@router.get("")
def form_page(page: Page) -> Response:
    return page.render("auth/profile.html", **profile(page))


@router.post("")
def sign(page: Page, form: Form) -> Response:
    page.ctx.require_step_up()
    record(page.ctx, action="test.signed", entity="order", entity_id=form.get("units"))
    return page.redirect("/investor", toast="Подписано")


def profile(page: Page) -> dict[str, Any]:
    account = accounts.account(page.ctx, str(page.actor.user_id))
    return {"account": account, "sessions": accounts.my_sessions(page.ctx)}


@pytest.fixture
def client(embedded: Engine, settings: Settings) -> Iterator[TestClient]:
    app: FastAPI = create_app(settings)
    app.include_router(router)
    with TestClient(app, follow_redirects=False) as made:
        yield made


def signed(system_ctx: Callable[[], Any]) -> list[str]:
    with system_ctx() as ctx:
        return list(ctx.session.exec(select(JournalEntry.entity_id).where(JournalEntry.action == "test.signed")))


@pytest.fixture
def stale(browser: Callable[..., Browser], system_ctx: Callable[[], Any]) -> Browser:
    """An investor whose code was given more than five minutes ago."""
    found = browser(Role.INVESTOR)
    with system_ctx() as ctx:
        for row in ctx.session.exec(select(UserSession)):
            row.stepped_up_at = accounts.wall_clock() - timedelta(minutes=6)
            ctx.session.add(row)
    return found


def fields_of(browser: Browser) -> dict[str, str]:
    hidden = browser.hidden("/investor/profile", "/investor/profile/password")
    return {**hidden, "form_page": "/investor/signing", "units": "15"}


def test_within_five_minutes_of_signing_in_no_code_is_asked(
    browser: Callable[..., Browser], system_ctx: Callable[[], Any]
) -> None:
    found = browser(Role.INVESTOR)
    assert found.client.post("/investor/signing", data=fields_of(found)).status_code == 303
    assert signed(system_ctx) == ["15"]


def test_a_code_is_asked_for_and_the_form_is_repeated_with_it(stale: Browser, system_ctx: Callable[[], Any]) -> None:
    asked = stale.client.post("/investor/signing", data=fields_of(stale))
    assert asked.status_code == 401
    assert signed(system_ctx) == []
    again = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', asked.text.split("kp-form")[-1]))
    assert again["units"] == "15"
    done = stale.client.post("/investor/signing", data={**again, "totp_code": code_now(steps_ahead=1)})
    assert done.status_code == 303, done.text
    assert signed(system_ctx) == ["15"]


def test_a_wrong_code_signs_nothing_and_counts_as_a_failure(stale: Browser, system_ctx: Callable[[], Any]) -> None:
    wrong = {**fields_of(stale), "totp_code": "000000"}
    answers = [stale.client.post("/investor/signing", data=wrong) for _ in range(5)]
    assert {answer.status_code for answer in answers} == {422}
    assert "Слишком много неудачных попыток" in answers[-1].text
    right = {**fields_of(stale), "totp_code": code_now(steps_ahead=1)}
    assert stale.client.post("/investor/signing", data=right).status_code == 422, (
        "locked: the right code is refused too"
    )
    assert signed(system_ctx) == []


def test_who_has_no_second_factor_is_led_to_set_one_up(client: TestClient, system_ctx: Callable[[], Any]) -> None:
    with system_ctx() as ctx:
        spec = accounts.OfficerSpec("i@example.ru", "Ирина", PASSWORD, (Role.INVESTOR,), portal=Portal.INVESTOR)
        accounts.bootstrap_officers(ctx, [spec])
    found = Browser(client)
    found.send("/login", email="i@example.ru", password=PASSWORD)
    answer = client.post("/investor/signing", data=fields_of(found))
    assert answer.headers["location"] == "/investor/profile/totp?next=/investor/signing"
