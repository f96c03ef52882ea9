"""The registrar's desk in the browser and for programs: from the form to the task of the second registrar."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from backend.core.permissions import Role
from backend.custody import service as custody
from backend.custody.states import IntentState
from backend.registrar.service import ACT_REF
from indexer.models import ChainProposal
from tests.backend.conftest import Browser, code_now
from tests.backend.payouts.market import ASSET, Market, make_market
from tests.factories.chain import word

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
BASIS = "Постановление № 17-ИП от 03.12.2026"


@pytest.fixture
def market(system_ctx: Callable[[], Any]) -> Market:
    with system_ctx() as ctx:
        return make_market(lambda *_roles, **_options: ctx)


@pytest.fixture
def registrar(market: Market, browser: Callable[..., Browser]) -> Browser:
    return browser(Role.REGISTRAR)


def arrest(registrar: Browser, number: str, **fields: Any) -> Any:
    page = f"/office/registrar/new/ARREST?number={number}"
    common = {"asset": ASSET, "units": "37", "basis": BASIS, "totp_code": code_now(steps_ahead=1)}
    files = {"file": ("act.pdf", PDF, "application/pdf")}
    return registrar.client.post(
        "/office/registrar/new/ARREST",
        data={**registrar.hidden(page, "/office/registrar/new/ARREST"), **common, **fields},
        files=files,
    )


def on_chain(system_ctx: Callable[[], Any], act_id: str) -> int:
    """The chain has taken the proposal; its number."""
    with system_ctx() as ctx:
        intent = custody.intents_of(ctx, ACT_REF, act_id)[0]
        intent.state, intent.tx_hash = IntentState.CONFIRMED, word(0xAC7)
        target, data, reason, document, until = intent.args
        row = ChainProposal(
            id=5, proposer=intent.wallet, target=target, target_name=None, role="4", role_name="REGISTRAR",
            selector=data[:10], data=data, reason=reason, document_hash=document, expires_at=until, state="PROPOSED",
            proposed_block=1, proposed_tx=intent.tx_hash, proposed_at=ctx.now(),
        )  # fmt: skip
        ctx.session.add_all([intent, row])
    return 5


def test_the_desk_says_what_to_do_first(registrar: Browser) -> None:
    page = registrar.get("/office/registrar").text
    assert "Действий ещё не было" in page
    for kind in ("COURT_TRANSFER", "ARREST", "RELEASE", "INHERITANCE", "REPLACEMENT", "CORRECTION"):
        assert registrar.get(f"/office/registrar/new/{kind}").status_code == 200
        assert f"/office/registrar/new/{kind}" in page


def test_an_arrest_goes_from_the_form_to_the_second_registrar(
    registrar: Browser, market: Market, browser: Callable[..., Browser], system_ctx: Callable[[], Any]
) -> None:
    person = market.people["person"].number
    answer = arrest(registrar, person)
    assert answer.status_code == 303, re.findall(r"invalid-feedback.*?</div>", answer.text, re.DOTALL)
    place = answer.headers["location"]
    page = registrar.get(place).text
    assert "Записывается" in page
    assert BASIS in page
    assert registrar.get(f"{place}/document").content == PDF
    number = on_chain(system_ctx, place.rsplit("/", 1)[1])
    assert "Предложили вы: утвердит другой." in registrar.get(place).text
    second = browser(Role.REGISTRAR)
    assert f"/office/tasks/{number}/approve" in second.get(place).text
    task = second.get("/office/tasks").text
    for words in ("Арест", "Иван Иванов", person, "37", place):
        assert words in task
    done = second.send(f"/office/tasks/{number}/approve", "/office/tasks")
    assert done.status_code == 303
    listed = registrar.get(f"/office/registrar?q={person}&format=csv").content.decode("utf-8-sig")
    assert "KPT-ACT-000001" in listed
    assert "Ждёт второго регистратора" in listed


def test_a_wrong_number_of_units_is_told_at_its_field_and_the_form_is_kept(registrar: Browser, market: Market) -> None:
    answer = arrest(registrar, market.people["person"].number, units="5000")
    assert answer.status_code == 422
    assert "Доступно единиц: 137, указано 5000." in answer.text
    assert BASIS in answer.text


def test_an_unknown_number_is_told_plainly(registrar: Browser) -> None:
    assert (
        "Участника с номером KPT-INV-999999 нет"
        in registrar.get("/office/registrar/new/ARREST?number=kpt-inv-999999").text
    )


def test_others_find_the_desk_closed(market: Market, browser: Callable[..., Browser]) -> None:
    del market
    for role in (Role.COMPLIANCE_OFFICER, Role.MODERATOR, Role.ADMINISTRATOR):
        assert browser(role).get("/office/registrar").status_code == 403


def test_programs_propose_and_follow_an_act(
    market: Market, client: TestClient, sign_in: Callable[..., dict[str, str]]
) -> None:
    own = sign_in(Role.REGISTRAR)
    client.post("/api/v1/auth/step-up", json={"code": code_now(steps_ahead=1)}, headers=own)
    form = {
        "kind": "COURT_TRANSFER",
        "number": market.people["person"].number,
        "receiver": market.people["company"].number,
        "asset": ASSET,
        "units": "10",
        "basis": BASIS,
    }
    files = {"file": ("act.pdf", PDF, "application/pdf")}
    made = client.post("/api/v1/registrar/acts", data=form, files=files, headers={**own, "Idempotency-Key": "one"})
    assert made.status_code == 201, made.text
    again = client.post("/api/v1/registrar/acts", data=form, files=files, headers={**own, "Idempotency-Key": "one"})
    assert again.json()["id"] == made.json()["id"], "a repeated request proposes once"
    found = client.get(f"/api/v1/registrar/acts/{made.json()['id']}", headers=own).json()
    assert (found["state"], found["units"], found["receiver"]) == ("SENDING", 10, form["receiver"])
    assert client.get("/api/v1/registrar/acts", headers=own).json()["total"] == 1
    refused = client.post("/api/v1/registrar/acts", data={**form, "units": "1000"}, files=files, headers=own)
    assert (refused.status_code, refused.json()["code"]) == (422, "act_invalid")
