"""No input brings a database what it can't store: every such text is answered 422 and named, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy.engine import Engine

from backend.cash.statement import StatementInvalid, parse_statement
from backend.core.clock import SystemClock
from backend.core.context import Actor, Context
from backend.core.db import unit_of_work
from backend.core.permissions import Role
from backend.issues.decision import DecisionInvalid, read_decision_yaml
from backend.settings import Settings
from backend.web.app import create_app
from tests.backend.conftest import PASSWORD, Browser, code_now, make_user

NUL, HALF, TAIL = "\\u0000", "\\ud83d", "\\udc00"
"""As JSON writes them: zero, and either half of a surrogate pair alone."""
WHOLE = "\\ud83d\\udc00"
CASES = Path(__file__).parents[2] / "cases"


@pytest.fixture
def edge(engine: Engine, settings: Settings) -> Iterator[TestClient]:
    address = engine.url.render_as_string(hide_password=False)
    with TestClient(
        create_app(settings.model_copy(update={"database_url": address})), follow_redirects=False
    ) as client:
        yield client


@pytest.fixture
def token(edge: TestClient, engine: Engine, settings: Settings) -> dict[str, str]:
    """Headers of an issuer, who writes long documents."""
    with unit_of_work(engine) as session:
        ctx = Context(session=session, clock=SystemClock(), actor=Actor.system("test"), settings=settings)
        user = make_user(ctx, (Role.ISSUER_SIGNER, Role.ISSUER_EDITOR))
    body = {"email": user.email, "password": PASSWORD, "totp": code_now()}
    answer = edge.post("/api/v1/auth/login", json=body)
    return {"Authorization": f"Bearer {answer.json()['access_token']}", "content-type": "application/json"}


def fields(answer: Response) -> list[str]:
    assert answer.status_code == 422, answer.text
    found = answer.json()
    assert found["code"] == "text_unstorable"
    return [one["field"] for one in found["errors"]]


@pytest.mark.parametrize("sign", [NUL, HALF, TAIL])
def test_a_json_body_is_refused_by_the_name_of_the_field(edge: TestClient, sign: str) -> None:
    body = f'{{"email": "a@example.ru", "name": "Анна {sign}", "password": "{PASSWORD}", "portal": "investor"}}'
    headers = {"content-type": "application/json"}
    assert fields(edge.post("/api/v1/auth/register", content=body.encode(), headers=headers)) == ["name"]
    whole = body.replace(sign, WHOLE).encode()
    assert edge.post("/api/v1/auth/register", content=whole, headers=headers).status_code == 201


def test_surrogates_written_as_bytes_are_refused_too(edge: TestClient) -> None:
    body = b'{"email": "a\xed\xa0\x80@example.ru", "name": "Anna", "password": "x", "portal": "investor"}'
    answer = edge.post("/api/v1/auth/register", content=body, headers={"content-type": "application/json"})
    assert fields(answer) == ["email"]


def test_texts_deep_inside_and_keys_are_named_by_their_path(edge: TestClient, token: dict[str, str]) -> None:
    body = '{"kind": "ORGANISATION", "form": {"owners": [{"full_name": "ok"}, {"full_name": "%s"}], "a%sb": 1}}'
    answer = edge.post("/api/v1/cases", content=(body % (NUL, HALF)).encode(), headers=token)
    assert set(fields(answer)) == {"form.ab", "form.owners.1.full_name"}
    deep = '{{"kind": "ORGANISATION", "form": {{"a": {}"{}"{}}}}}'.format("[" * 500, NUL, "]" * 500)
    assert fields(edge.post("/api/v1/cases", content=deep.encode(), headers=token)) == ["form.a" + ".0" * 500]


def test_paths_and_queries_are_refused_by_their_names(edge: TestClient, token: dict[str, str]) -> None:
    assert fields(edge.get("/api/v1/catalogue/%00", headers=token)) == ["issue_id"]
    assert fields(edge.get("/api/v1/catalogue?q=%00", headers=token)) == ["q"]
    assert edge.get("/verify?number=%00").status_code in {404, 422}


def test_a_form_comes_back_with_the_field_marked_and_the_rest_kept(edge: TestClient) -> None:
    visitor = Browser(edge)
    form = {"email": "anna@example.ru", "name": "Ан\x00на", "password": PASSWORD, "portal": "investor", "consent": "on"}
    answer = visitor.send("/register", **form)
    assert answer.status_code == 422
    assert "нельзя сохранить" in answer.text
    assert 'value="anna@example.ru"' in answer.text
    assert 'value="Анна"' in answer.text
    assert "\x00" not in answer.text
    assert visitor.send("/register", **{**form, "name": "Анна"}).status_code == 303


def test_names_of_files_are_checked(edge: TestClient, token: dict[str, str]) -> None:
    headers = {"Authorization": token["Authorization"]}
    boundary = "xyz"
    part = (
        'Content-Disposition: form-data; name="file"; filename="a\x00.pdf"\r\nContent-Type: application/pdf\r\n\r\n%PDF'
    )
    body = f"--{boundary}\r\n{part}\r\n--{boundary}--\r\n".encode()
    headers["content-type"] = f"multipart/form-data; boundary={boundary}"
    answer = edge.post("/api/v1/cases/unknown/files", content=body, headers=headers)
    assert answer.status_code in {400, 422}, answer.text


@pytest.mark.parametrize("cookie", ["ж", "\x7f"])
def test_a_strange_token_is_a_strange_token(edge: TestClient, cookie: str) -> None:
    assert edge.post("/register", data={"csrf_token": cookie, "email": "x"}).status_code == 403
    assert edge.get("/login", headers={"cookie": f"kapital_toast=YWJj.{cookie}".encode()}).status_code == 200


@pytest.mark.parametrize("sign", ["\\0", "\\ud800"])
def test_a_decision_file_is_refused_by_the_name_of_the_field(sign: str) -> None:
    content = (CASES / "decisions" / "01-monthly-coupon.yaml").read_text(encoding="utf-8")
    title = next(line for line in content.splitlines() if line.startswith("title:"))
    with pytest.raises(DecisionInvalid) as refused:
        read_decision_yaml(content.replace(title, f'title: "a{sign}"').encode())
    assert [one.field for one in refused.value.problems] == ["title"]


def test_a_bank_statement_with_zero_bytes_is_refused() -> None:
    with pytest.raises(StatementInvalid):
        parse_statement("1CClientBankExchange\nОтправитель=a\x00b\n".encode("cp1251"))


def test_a_json_text_alone_is_refused_as_the_body(edge: TestClient, token: dict[str, str]) -> None:
    answer: Any = edge.post("/api/v1/auth/logout", content=f'"{NUL}"'.encode(), headers=token)
    assert answer.status_code in {404, 422}
