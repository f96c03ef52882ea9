"""The JSON API of payouts, reports, messages and the explorer, as a program uses it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from backend.core.permissions import Role
from backend.payouts.models import PayoutRun
from tests.backend.payouts.market import ASSET, DAY, Market, make_market


@pytest.fixture
def prepared(system_ctx: Any) -> dict[str, str]:
    """A coupon that is calculated; identifiers of what was made."""
    with system_ctx() as ctx:
        market: Market = make_market(lambda *_, **__: ctx)
        market.tick()
        run = market.ctx.session.exec(select(PayoutRun).order_by(PayoutRun.due_at)).first()
        assert run is not None
        market.at(run.record_at + DAY / 4)
        market.tick()
        return {"run": run.id, "issuer": market.issuer.id, "person": market.people["person"].id}


def test_the_office_lists_checks_and_exports(client: Any, sign_in: Any, prepared: dict[str, str]) -> None:
    officer = sign_in(Role.CORPORATE_ACTIONS)
    listed = client.get("/api/v1/payouts?state=CALCULATED", headers=officer).json()
    assert [(one["id"], one["gross"], one["per_unit"]) for one in listed["items"]] == [
        (prepared["run"], "3568.00", "17.84")
    ]
    page = client.post(f"/api/v1/payouts/{prepared['run']}/check", headers=officer)
    assert (page.status_code, page.json()["state"], page.json()["state_text"]) == (200, "CHECKED", "Проверена")
    again = client.post(f"/api/v1/payouts/{prepared['run']}/check", headers=officer)
    assert (again.status_code, again.json()["code"]) == (409, "not_allowed_in_state")
    lines = client.get(f"/api/v1/payouts/{prepared['run']}/lines", headers=officer).json()
    assert sorted(one["net"] for one in lines["items"]) == ["2126.08", "53.52", "749.40"]
    file = client.get(f"/api/v1/payouts/{prepared['run']}/lines?format=csv", headers=officer)
    assert file.headers["content-type"].startswith("text/csv")
    assert len(file.text.splitlines()) == 4


def test_the_issuer_and_the_holder_see_their_side(client: Any, sign_in: Any, prepared: dict[str, str]) -> None:
    issuer = sign_in(Role.ISSUER_SIGNER, participant_id=prepared["issuer"])
    person = sign_in(Role.INVESTOR, participant_id=prepared["person"])
    assert client.get("/api/v1/payouts/issuer?size=50", headers=issuer).json()["total"] == 7
    assert client.get(f"/api/v1/payouts/{prepared['run']}", headers=issuer).status_code == 200
    assert client.get(f"/api/v1/payouts/{prepared['run']}", headers=person).status_code == 404
    coming = client.get("/api/v1/payouts/coming", headers=person).json()
    assert (coming[0]["gross"], coming[0]["tax"], coming[0]["forecast"]) == ("2444.08", "318.00", False)
    assert client.get("/api/v1/payouts", headers=person).status_code == 403
    early = client.post(f"/api/v1/payouts/{prepared['run']}/fund", headers=issuer)
    assert early.status_code in (401, 409)


def test_a_statement_travels_from_request_to_verification(client: Any, sign_in: Any, prepared: dict[str, str]) -> None:
    person = sign_in(Role.INVESTOR, participant_id=prepared["person"])
    made = client.post("/api/v1/reports/statements", json={}, headers=person)
    assert made.status_code == 201, made.text
    document = made.json()
    assert client.get(document["pdf"], headers=person).content.startswith(b"%PDF-")
    assert client.get(document["json"], headers=person).json()["participant"]["name"] == "Иван Иванов"
    check = client.get(f"/api/v1/reports/verify/{document['number']}?sha256={document['sha256']}")
    assert check.json()["matches"] is True
    assert "Иван" not in check.text


def test_an_auditor_reads_chain_journal_and_registers(client: Any, sign_in: Any, prepared: dict[str, str]) -> None:
    auditor = sign_in(Role.AUDITOR)
    for path in (
        "/explorer/blocks", "/explorer/blocks/0", "/explorer/transactions", "/explorer/tokens", f"/explorer/tokens/{ASSET}",
        f"/explorer/tokens/{ASSET}/holders", f"/explorer/addresses/{ASSET}", "/explorer/events", "/explorer/event-names",
        "/explorer/events/export?as=csv", "/integrity", "/journal", "/journal/verify", "/journal/anchors",
        "/reports/registers/holders", "/reports/registers/issues?format=xlsx", "/reports/snapshots", "/notifications",
    ):  # fmt: skip
        answer = client.get(f"/api/v1{path}", headers=auditor)
        assert answer.status_code == 200, f"{path}: {answer.text}"
    assert client.get("/api/v1/journal/verify", headers=auditor).json()["first_broken"] is None
    assert client.get("/api/v1/journal/1/proof", headers=auditor).status_code == 409
    assert client.get("/api/v1/explorer/tokens/0x00", headers=auditor).status_code == 404
    assert len(client.get("/api/v1/explorer/key").json()["public_key"]) == 64
    holders = client.get(f"/api/v1/explorer/tokens/{ASSET}/holders", headers=auditor).json()
    assert (holders["adds_up"], [one["units"] for one in holders["holders"]]) == (True, [137, 60, 3])
