"""The edge: sessions and their end, CSRF, double posts, refusals beside their fields, headers, languages."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import func, select

from backend.accounts.models import User, UserSession
from backend.accounts.policy import wall_clock
from backend.core.journal import JournalEntry
from backend.core.permissions import Role
from backend.web.nav import current_entry
from indexer.db import create_database_engine
from tests.backend.conftest import PASSWORD, Browser, code_now, make_user

REGISTRATION = {
    "email": "anna@example.ru",
    "name": "Анна Орлова",
    "password": PASSWORD,
    "portal": "investor",
    "consent": "on",
}


def users_in(client: TestClient, system_ctx: Callable[[], Any]) -> int:
    with system_ctx() as ctx:
        return int(ctx.session.exec(select(func.count()).select_from(User)).one())


@pytest.mark.parametrize("path", ["/", "/login", "/register", "/reset", "/registered", "/dev/mail", "/dev/kitchen"])
@pytest.mark.parametrize("lang", ["ru", "en"])
def test_public_pages_open_in_both_languages(client: TestClient, path: str, lang: str) -> None:
    answer = client.get(path, params={"lang": lang})
    assert answer.status_code == 200
    assert f'<html lang="{lang}"' in answer.text


def test_a_process_without_its_database_lives_and_is_not_ready(client: TestClient) -> None:
    assert (client.get("/healthz").status_code, client.get("/readyz").status_code) == (200, 200)
    client.app.state.engine = create_database_engine("sqlite:////proc/nowhere.db")  # type: ignore[attr-defined]  # ours
    assert (client.get("/healthz").status_code, client.get("/readyz").status_code) == (200, 503)


def test_no_page_holds_a_script_or_takes_one_from_elsewhere(client: TestClient) -> None:
    answer = client.get("/dev/kitchen")
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert not re.findall(r"<script(?![^>]*\bsrc=\"/static/)", answer.text)
    assert not re.findall(r"\son\w+=\"", answer.text)
    assert "http://" not in answer.text.replace("http://www.w3.org", "").replace("http://testserver", "")


def test_a_person_registers_confirms_and_signs_in(visitor: Browser) -> None:
    assert visitor.send("/register", **REGISTRATION).headers["location"] == "/registered"
    mail = visitor.get("/dev/mail").text
    link = re.search(r"/confirm\?token=[\w-]+", mail)
    assert link is not None
    confirmed = visitor.client.post("/confirm", data=visitor.hidden(link[0], "/confirm"))
    assert confirmed.status_code == 303
    assert "Почта подтверждена" in visitor.get(confirmed.headers["location"]).text
    entered = visitor.send("/login", email="anna@example.ru", password=PASSWORD)
    assert entered.headers["location"] == "/investor"
    home = visitor.get("/investor")
    assert home.status_code == 200
    assert "/investor/onboarding" in home.text


def test_a_refused_form_comes_back_with_what_was_typed_and_marks_the_field(visitor: Browser) -> None:
    answer = visitor.send("/register", **{**REGISTRATION, "email": "nowhere"})
    assert answer.status_code == 422
    assert 'value="Анна Орлова"' in answer.text
    assert re.search(r'name="email"[^>]*aria-invalid="true"', answer.text)
    assert PASSWORD not in answer.text, "a password is never written back into a page"


def test_a_wrong_password_comes_back_as_the_same_page(visitor: Browser) -> None:
    answer = visitor.send("/login", email="nobody@example.ru", password="wrong wrong wrong")
    assert answer.status_code == 422
    assert "Неверный адрес почты или пароль" in answer.text


def test_failed_attempts_are_counted_although_each_is_refused(
    client: TestClient, system_ctx: Callable[[], Any]
) -> None:
    with system_ctx() as ctx:
        email = make_user(ctx, (Role.INVESTOR,)).email
    body = {"email": email, "password": "wrong wrong wrong"}
    codes = [client.post("/api/v1/auth/login", json=body).json()["code"] for _ in range(5)]
    assert codes == ["credentials_wrong"] * 4 + ["locked_out"]


def test_a_form_without_our_token_changes_nothing(
    visitor: Browser, client: TestClient, system_ctx: Callable[[], Any]
) -> None:
    visitor.get("/register")
    answer = client.post("/register", data=REGISTRATION)
    assert answer.status_code == 403
    answer = client.post("/register", data={**REGISTRATION, "csrf_token": "0" * 64})
    assert answer.status_code == 403
    assert users_in(client, system_ctx) == 0


def test_a_token_of_another_session_is_refused(browser: Callable[..., Browser]) -> None:
    one, two = browser(Role.INVESTOR), browser(Role.INVESTOR)
    fields = one.hidden("/investor/profile", "/investor/profile/password")
    answer = two.client.post("/investor/profile/password", data={**fields, "current": PASSWORD, "password": "x" * 12})
    assert answer.status_code == 403


def test_a_form_sent_twice_is_carried_out_once_and_answered_alike(
    visitor: Browser, client: TestClient, system_ctx: Callable[[], Any]
) -> None:
    fields = {**visitor.hidden("/register"), **REGISTRATION}
    first, second = client.post("/register", data=fields), client.post("/register", data=fields)
    assert (first.status_code, first.headers["location"]) == (second.status_code, second.headers["location"])
    assert second.headers["idempotency-replayed"] == "true"
    assert users_in(client, system_ctx) == 1


def test_the_same_key_for_another_form_is_a_conflict(visitor: Browser, client: TestClient) -> None:
    fields = {**visitor.hidden("/register"), **REGISTRATION}
    client.post("/register", data=fields)
    answer = client.post("/register", data={**fields, "email": "other@example.ru"})
    assert answer.status_code == 409


def test_a_refused_request_does_not_use_up_its_key(visitor: Browser, client: TestClient) -> None:
    fields = {**visitor.hidden("/register"), **REGISTRATION}
    assert client.post("/register", data={**fields, "password": "short"}).status_code == 422
    assert client.post("/register", data=fields).status_code == 303


def test_an_api_request_with_a_key_is_carried_out_once(
    client: TestClient, sign_in: Callable[..., dict[str, str]]
) -> None:
    headers = {**sign_in(Role.ADMINISTRATOR), "Idempotency-Key": "make-petrov"}
    body = {"email": "petrov@operator.ru", "name": "Пётр Петров", "password": PASSWORD}
    first = client.post("/api/v1/users/officers", json=body, headers=headers)
    second = client.post("/api/v1/users/officers", json=body, headers=headers)
    assert (first.status_code, first.json()) == (201, second.json())
    assert second.status_code == 201
    changed = client.post("/api/v1/users/officers", json={**body, "name": "Иной"}, headers=headers)
    assert (changed.status_code, changed.json()["code"]) == (409, "idempotency_key_reused")


def test_an_ended_session_leads_to_the_sign_in_and_back_to_the_page(
    browser: Callable[..., Browser], system_ctx: Callable[[], Any]
) -> None:
    found = browser(Role.INVESTOR)
    assert found.get("/investor/profile").status_code == 200
    with system_ctx() as ctx:
        for row in ctx.session.exec(select(UserSession)):
            row.expires_at = wall_clock()
            ctx.session.add(row)
    gone = found.get("/investor/profile?tab=2")
    assert gone.headers["location"] == "/login?next=/investor/profile%3Ftab%3D2&portal=investor"
    assert found.user is not None
    fields = {"email": found.user.email, "password": PASSWORD, "code": code_now(steps_ahead=1)}
    back = found.client.post("/login", data={**found.hidden(gone.headers["location"], "/login"), **fields})
    assert back.headers["location"] == "/investor/profile?tab=2"


def test_nobody_is_led_to_another_site_after_signing_in(browser: Callable[..., Browser]) -> None:
    found = browser(Role.INVESTOR)
    for target in ("//evil.example", "https://evil.example", "/\\evil.example"):
        assert found.hidden(f"/login?next={target}", "/login")["next"] == ""


def test_a_session_of_one_portal_opens_no_other(browser: Callable[..., Browser]) -> None:
    investor = browser(Role.INVESTOR)
    assert investor.get("/office").headers["location"].startswith("/login?next=/office")


def test_one_browser_may_be_signed_in_to_two_portals(
    browser: Callable[..., Browser], system_ctx: Callable[[], Any]
) -> None:
    found = browser(Role.INVESTOR)
    with system_ctx() as ctx:
        officer = make_user(ctx, (Role.MODERATOR,))
    found.send("/login", email=officer.email, password=PASSWORD, code=code_now())
    assert found.get("/investor").status_code == 200
    assert found.get("/office").status_code == 200


def test_an_officer_without_a_second_factor_is_led_to_set_it_up(
    visitor: Browser, system_ctx: Callable[[], Any]
) -> None:
    from backend.accounts import service as accounts

    with system_ctx() as ctx:
        accounts.bootstrap_officers(ctx, [accounts.OfficerSpec("o@example.ru", "Олег", PASSWORD, (Role.TREASURER,))])
    visitor.send("/login", email="o@example.ru", password=PASSWORD)
    gate = visitor.get("/office")
    assert gate.headers["location"].startswith("/office/profile/totp")
    page = visitor.get("/office/profile/totp")
    secret = re.search(r'class="kp-key">([A-Z2-7]+)<', page.text)
    assert secret is not None
    done = visitor.send("/office/profile/totp", code=code_now(secret[1]))
    assert done.status_code == 303, done.text
    assert visitor.get("/office").status_code == 200


def test_signing_out_ends_the_session_for_a_copied_cookie_too(browser: Callable[..., Browser]) -> None:
    found = browser(Role.INVESTOR)
    cookie = found.client.cookies["kapital_investor"]
    assert found.send("/investor/logout", "/investor").status_code == 303
    found.client.cookies.set("kapital_investor", cookie)
    assert found.get("/investor").status_code == 303


def test_views_of_a_regulator_are_journalled(browser: Callable[..., Browser], system_ctx: Callable[[], Any]) -> None:
    regulator = browser(Role.REGULATOR)
    regulator.get("/audit")
    with system_ctx() as ctx:
        seen = ctx.session.exec(select(JournalEntry.entity_id).where(JournalEntry.action == "web.viewed")).all()
    assert list(seen) == ["/audit"]


def test_refusals_of_the_api_are_problem_details(client: TestClient) -> None:
    answer = client.get("/api/v1/auth/me")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "unauthenticated"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    wrong = client.post(
        "/api/v1/auth/login", json={"email": "a@b.ru", "colour": "red"}, headers={"Accept-Language": "en"}
    )
    assert wrong.status_code == 422
    assert {one["field"]: one["message"] for one in wrong.json()["errors"]} == {
        "password": "Fill in this field.",
        "colour": "Unknown field.",
    }


@pytest.mark.parametrize("token", ["nonsense", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."])
def test_a_forged_token_is_refused(client: TestClient, token: str) -> None:
    assert client.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_the_token_stops_working_when_its_session_ends(
    client: TestClient, sign_in: Callable[..., dict[str, str]]
) -> None:
    headers = sign_in(Role.INVESTOR)
    assert client.get("/api/v1/auth/me", headers=headers).json()["roles"] == ["investor"]
    assert client.post("/api/v1/auth/logout", headers=headers).status_code == 200
    assert client.get("/api/v1/auth/me", headers=headers).status_code == 401


def test_an_unknown_page_says_so_and_names_the_request(client: TestClient) -> None:
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert answer.headers["x-request-id"] in answer.text


def test_a_body_beyond_the_limit_is_refused_before_it_is_read(client: TestClient) -> None:
    answer = client.post("/login", content=b"", headers={"Content-Length": str(10**10)})
    assert answer.status_code == 413


def test_pages_of_development_are_absent_in_production(client: TestClient) -> None:
    state = client.app.state  # type: ignore[attr-defined]  # the ASGI app is ours
    state.settings = state.settings.model_copy(update={"environment": "production"})
    assert client.get("/dev/mail").status_code == 404
    assert client.get("/dev/kitchen").status_code == 404


def test_a_page_without_an_entry_of_its_own_lights_none() -> None:
    """The overview is lit on the overview alone."""
    assert current_entry("office", "/office") == "/office"
    assert current_entry("office", "/office/signers") == ""
    assert current_entry("office", "/office/cash/deposits") == "/office/cash/deposits"
    assert current_entry("office", "/office/issues/abc") == "/office/issues"
