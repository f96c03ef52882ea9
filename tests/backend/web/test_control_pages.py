"""Pages and routes that show by what rules and lists the system works: limits, rules, registers, validators, reports of an issuer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from backend.core.permissions import Role
from backend.settings import Settings
from tests.backend.conftest import Browser
from tests.backend.payouts.market import ASSET, Market, make_market

OFFICE = {
    "/office/limits": {Role.COMPLIANCE_OFFICER, Role.REGISTRAR, Role.ADMINISTRATOR},
    "/office/reports": {Role.REGISTRAR},
    "/office/settings": {Role.COMPLIANCE_OFFICER, Role.REGISTRAR, Role.ADMINISTRATOR},
    "/office/registrar": {Role.REGISTRAR},
}
KINDS = ("participants", "issues", "deals", "holders", "payouts")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Business time is the chain's, for the market lives in a December of its own."""
    return settings.model_copy(update={"clock": "chain"})


@pytest.fixture
def market(system_ctx: Callable[[], Any]) -> Market:
    with system_ctx() as ctx:
        return make_market(lambda *_roles, **_options: ctx)


@pytest.mark.parametrize("role", [Role.COMPLIANCE_OFFICER, Role.REGISTRAR, Role.ADMINISTRATOR])
def test_pages_open_for_their_roles_only(market: Market, browser: Callable[..., Browser], role: Role) -> None:
    del market
    officer = browser(role)
    answers = {path: officer.get(path).status_code for path in OFFICE}
    assert answers == {path: 200 if role in roles else 403 for path, roles in OFFICE.items()}


@pytest.mark.parametrize("path", ["/office/limits", "/office/reports", "/office/settings", "/office/registrar"])
def test_pages_speak_english(market: Market, browser: Callable[..., Browser], path: str) -> None:
    del market
    text = browser(Role.REGISTRAR).get(f"{path}?lang=en").text
    heads = {
        "/office/limits": "Qualification and limits",
        "/office/reports": "Reports and registers",
        "/office/settings": "Settings and rules",
        "/office/registrar": "Registrar&#39;s desk",
    }
    assert f"<h1>{heads[path]}</h1>" in text


def test_rules_are_shown_with_their_source_and_found_by_it(browser: Callable[..., Browser]) -> None:
    officer = browser(Role.ADMINISTRATOR)
    page = officer.get("/office/settings").text
    assert "Годовой лимит покупок неквалифицированного лица" in page
    found = officer.get("/office/settings?q=115-ФЗ").text
    assert "Срок замораживания по перечню" in found
    assert "Неудачных входов до блокировки" not in found
    assert "Ничего не нашлось" in officer.get("/office/settings?q=нет-такого").text
    lines = officer.get("/office/settings?format=csv").content.decode("utf-8-sig").splitlines()
    assert sum("limit_class_yearly_kopeks" in line for line in lines) == 2


def test_limits_are_listed_and_exported(market: Market, browser: Callable[..., Browser]) -> None:
    officer = browser(Role.COMPLIANCE_OFFICER)
    page = officer.get("/office/limits").text
    assert market.people["person"].number in page
    assert "Предложить лимит" in page
    assert market.people["person"].number in officer.get("/office/limits?format=csv").text
    assert "Предложить лимит" not in browser(Role.MODERATOR).get("/office/limits").text
    refused = officer.send("/office/limits/yearly", "/office/limits", amount="1", since="2030-01-01", basis="Акт № 1")
    assert refused.status_code == 422
    assert "Приложите документ-основание." in refused.text


@pytest.mark.parametrize("base", ["/office/reports", "/audit/registers"])
def test_every_register_is_a_page_and_a_file(market: Market, browser: Callable[..., Browser], base: str) -> None:
    reader = browser(Role.REGISTRAR if base.startswith("/office") else Role.AUDITOR)
    for kind in KINDS:
        assert reader.get(f"{base}?kind={kind}").status_code == 200, kind
        assert reader.get(f"{base}?kind={kind}&format=xlsx").content.startswith(b"PK")
    text = reader.get(f"{base}?kind=holders&format=csv").content.decode("utf-8-sig")
    assert market.people["person"].number in text
    assert len(text.splitlines()) == 4
    assert reader.get(f"{base}?kind=holders&until=2099-01-01").status_code == 422
    assert reader.get(f"{base}?kind=holders&until=2020-01-01&format=csv").text.count("\n") == 1


def test_a_registrar_gives_out_a_statement_of_a_participant(market: Market, browser: Callable[..., Browser]) -> None:
    officer = browser(Role.REGISTRAR)
    made = officer.send("/office/reports/statements", "/office/reports", number=market.people["person"].number)
    place = made.headers["location"]
    assert "KPT-DOC-000001" in officer.get(place).text
    assert officer.get(f"{place}/file").content.startswith(b"%PDF-")
    assert officer.get(f"{place}/file?format=json").json()["participant"]["number"] == market.people["person"].number
    auditor = browser(Role.AUDITOR)
    assert auditor.get("/audit/registers/statements/KPT-DOC-000001/file").status_code == 403


def test_an_auditor_sees_that_a_silent_node_is_silent(market: Market, browser: Callable[..., Browser]) -> None:
    del market
    page = browser(Role.AUDITOR).get("/audit/network")
    assert page.status_code == 200
    assert "Узел недоступен" in page.text


def test_an_issuer_gets_reports_of_its_own_issues(market: Market, browser: Callable[..., Browser]) -> None:
    issuer = browser(Role.ISSUER_SIGNER, participant_id=market.issuer.id)
    page = issuer.get("/issuer/reports?at=2026-12-04T12:00").text
    assert market.issue.number in page
    assert f"/issuer/issues/{market.issue.id}/holders?at=2026-12-04T12%3A00&amp;format=csv" in page
    assert "Размещения ещё не было" in issuer.get(f"/issuer/reports/{market.issue.id}/placement").text
    assert issuer.get("/issuer/statements").status_code == 200
    other = browser(Role.ISSUER_SIGNER, participant_id=market.people["company"].id)
    assert other.get(f"/issuer/reports/{market.issue.id}/placement").status_code == 404
    assert "Отчёты появятся с первым выпуском" in other.get("/issuer/reports").text
    assert "Сначала заполните анкету эмитента" in browser(Role.ISSUER_EDITOR).get("/issuer/reports").text


def test_programs_ask_the_same(market: Market, client: TestClient, sign_in: Callable[..., dict[str, str]]) -> None:
    auditor = sign_in(Role.AUDITOR)
    api = "/api/v1/explorer"
    assert client.get(f"{api}/proposals", headers=auditor).json()["total"] == 0
    assert set(client.get(f"{api}/roles", headers=auditor).json()) == {"members", "history", "rules"}
    register = client.get(f"{api}/participants?block=0", headers=auditor).json()
    assert register["block"] == 0
    person = market.people["person"]
    found = client.get(f"{api}/search?q={person.number}", headers=auditor).json()
    assert (found["kind"], found["key"]) == ("address", person.wallet)
    assert client.get(found["path"], headers=auditor).status_code == 200
    assert client.get(f"{api}/search?q={ASSET}", headers=auditor).json()["kind"] == "token"
    assert client.get(f"{api}/search?q=nothing", headers=auditor).status_code == 404
    assert client.get(f"{api}/network", headers=auditor).json()["reachable"] is False
    rules = client.get("/api/v1/settings/rules", headers=auditor).json()
    assert next(one for one in rules if one["name"] == "login_attempts")["now"]["value"] == 5
    lines = client.get("/api/v1/limits", headers=auditor).json()
    assert {one["number"] for one in lines["items"]} >= {person.number}
    assert client.get("/api/v1/limits/yearly", headers=auditor).json()["amount"] is None
    investor = sign_in(Role.INVESTOR, participant_id=person.id)
    for path in (f"{api}/proposals", f"{api}/roles", f"{api}/network", "/api/v1/settings/rules", "/api/v1/limits"):
        assert client.get(path, headers=investor).status_code == 403, path
