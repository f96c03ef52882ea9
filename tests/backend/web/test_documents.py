"""Statements and their check in the browser: the owner makes one, anybody who holds it can find out whether it is genuine."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from backend.core.permissions import Role
from tests.backend.conftest import Browser
from tests.backend.payouts.market import Market, make_market

PAGE = "/investor/statements"


@pytest.fixture
def market(system_ctx: Callable[[], Any]) -> Market:
    with system_ctx() as ctx:
        return make_market(lambda *_roles, **_options: ctx)


@pytest.fixture
def holder(market: Market, browser: Callable[..., Browser]) -> Browser:
    return browser(Role.INVESTOR, participant_id=market.people["person"].id)


def number_on(page: str) -> str:
    found = re.search(r"/verify/(KPT-DOC-\d+)", page)
    assert found, page
    return found.group(1)


def test_the_first_statement_is_made_listed_and_checked_by_a_stranger(
    holder: Browser, visitor: Browser, market: Market
) -> None:
    assert "Составьте первую" in holder.get(PAGE).text
    assert holder.send(PAGE).status_code == 303
    page = holder.get(PAGE).text
    number = number_on(page)
    paper, copy = holder.get(f"{PAGE}/{number}.pdf"), holder.get(f"{PAGE}/{number}.json")
    assert paper.content.startswith(b"%PDF-")
    assert holder.get(f"{PAGE}?format=csv").content.decode("utf-8-sig").count(number) == 2
    told = visitor.get(f"/verify/{number}")
    assert told.status_code == 200
    assert "Номер действителен" in told.text
    assert copy.json()["participant"]["number"] == market.people["person"].number
    assert market.people["person"].number not in told.text
    for name, content, words in (
        ("paper.pdf", paper.content, "Файл подлинный"),
        ("copy.json", copy.content, "Файл подлинный"),
        ("copy.json", copy.content + b" ", "Файл не совпадает"),
    ):
        answer = visitor.send(f"/verify/{number}", files={"file": (name, content, "application/octet-stream")})
        assert words in answer.text
    found = visitor.send("/verify", files={"file": ("copy.json", copy.content, "application/json")})
    assert number in found.text
    proof = visitor.get(f"/verify/{number}/proof.json").json()
    assert proof["content"]["number"] == number
    assert holder.get(f"{PAGE}/{number}.proof").json()["content"] == proof["content"]


def test_a_foreign_number_is_told_plainly(visitor: Browser) -> None:
    answer = visitor.get("/verify/KPT-DOC-999999")
    assert answer.status_code == 404
    assert "Система не выдавала документа с номером KPT-DOC-999999" in answer.text
    assert visitor.get("/verify?number=kpt-doc-1").headers["location"] == "/verify/KPT-DOC-1"
    assert "KPT-DOC" in visitor.get("/verify").text


def test_a_statement_of_the_future_is_refused_at_its_field(holder: Browser) -> None:
    answer = holder.send(PAGE, until="2099-01-01T00:00")
    assert answer.status_code == 422
    assert "Конец периода ещё не наступил" in answer.text
    assert 'value="2099-01-01T00:00"' in answer.text


def test_a_newcomer_is_told_what_to_do_first(browser: Callable[..., Browser]) -> None:
    assert "Сначала заполните анкету" in browser(Role.INVESTOR).get(PAGE).text


def test_another_participants_statement_is_not_handed_out(
    holder: Browser, market: Market, browser: Callable[..., Browser]
) -> None:
    holder.send(PAGE)
    number = number_on(holder.get(PAGE).text)
    other = browser(Role.INVESTOR, participant_id=market.people["company"].id)
    assert other.get(f"{PAGE}/{number}.pdf").status_code == 404
    assert other.get(f"{PAGE}/{number}.json").status_code == 404


def test_programs_check_files_by_the_api(
    market: Market, client: TestClient, sign_in: Callable[..., dict[str, str]]
) -> None:
    own = sign_in(Role.INVESTOR, participant_id=market.people["person"].id)
    made = client.post("/api/v1/reports/statements", json={}, headers=own).json()
    copy = client.get(made["json"], headers=own).content
    answer = client.post("/api/v1/reports/verify", files={"file": ("copy.json", copy, "application/json")})
    assert (answer.json()["number"], answer.json()["file"]) == (made["number"], "copy")
    proof = client.get(f"/api/v1/reports/verify/{made['number']}/proof").json()
    assert proof["content"]["sha256"] == made["sha256"]
    future = client.post("/api/v1/reports/statements", json={"until": "2099-01-01T00:00:00+03:00"}, headers=own)
    assert (future.status_code, future.json()["code"]) == (422, "period_not_over")
