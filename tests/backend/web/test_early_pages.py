"""Early redemption by the pages and the JSON of the portals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import select

from backend.core.permissions import Role
from backend.custody import service as custody
from backend.payouts import early, execution
from backend.payouts.models import PayoutRun
from backend.payouts.states import RunState
from indexer.models import ChainRecordDate
from tests.backend.conftest import code_now
from tests.backend.payouts.market import ASSET, FixedClock, Market, make_market
from tests.backend.payouts.test_early import DAY, PUT_ENDS

NOW_CALL, NOW_PUT = datetime(2027, 1, 20, 9, tzinfo=UTC), datetime(2027, 12, 2, 9, tzinfo=UTC)


def committed(system_ctx: Callable[[], Any], client: Any, decision: str, now: datetime) -> Market:
    """A market in the client's database, at a moment that the pages share."""
    with system_ctx() as ctx:
        market = make_market(lambda **_: ctx, decision)
        if "floater" in decision:
            number = len(ctx.session.exec(select(ChainRecordDate)).all()) + 1
            second = int(PUT_ENDS.timestamp())
            market.chain._add(
                ChainRecordDate(asset=ASSET, number=number, timestamp=second, at=PUT_ENDS, block_number=0)
            )
        market.at(now)
        market.tick()
        client.app.state.clock = FixedClock(now)
    return market


def test_an_issuer_calls_an_issue_by_its_page(client: Any, system_ctx: Callable[[], Any], browser: Any) -> None:
    market = committed(system_ctx, client, "01-monthly-coupon.yaml", NOW_CALL)
    issuer = browser(Role.ISSUER_SIGNER, participant_id=market.issuer.id)
    assert 'href="/issuer/payouts/call"' in issuer.get("/issuer/payouts").text
    page = issuer.get("/issuer/payouts/call").text
    assert "04.03.2027 · 1\u00a0000,00\u00a0₽" in page
    assert "30 дн." in page
    wrong = issuer.send("/issuer/payouts/call", day="", totp_code=code_now(steps_ahead=1))
    assert wrong.status_code == 422
    answer = issuer.send("/issuer/payouts/call", day=DAY.isoformat())
    assert answer.status_code == 303, answer.text
    shown = issuer.get(answer.headers["location"]).text
    assert "Досрочное погашение 04.03.2027" in shown
    assert "Погашение объявлено на 04.03.2027." in issuer.get("/issuer/payouts/call").text
    with system_ctx() as ctx:
        run = ctx.session.exec(select(PayoutRun).where(PayoutRun.kind == "EARLY_CALL")).one()
        assert len(custody.intents_of(ctx, execution.DECLARE_REF, run.id)) == 1
    office = browser(Role.CORPORATE_ACTIONS).get(f"/office/payouts/{run.id}").text
    assert "До копейки на единицу" in office
    assert "PER_UNIT" not in office
    assert "1\u00a0000,00\u00a0₽" in office


def test_an_investor_presents_units_by_the_page(client: Any, system_ctx: Callable[[], Any], browser: Any) -> None:
    market = committed(system_ctx, client, "03-key-rate-floater.yaml", NOW_PUT)
    with system_ctx() as ctx:
        again = replace(market, ctx=replace(ctx, clock=market.clock), chain=replace(market.chain, session=ctx.session))
        run = ctx.session.exec(select(PayoutRun).where(PayoutRun.kind == "EARLY_PUT")).one()
        again.chain.run(run.chain_ref, ASSET, kind=run.kind, micro=run.micro_kopeks_per_unit, due_at=run.due_at)
        again.answer(execution.DECLARE_REF)
        again.tick()
        assert run.state == RunState.ANNOUNCED
    investor = browser(Role.INVESTOR, participant_id=market.people["person"].id)
    assert f"/investor/payouts/puts/{run.id}" in investor.get("/investor/payouts/puts").text
    path = f"/investor/payouts/puts/{run.id}"
    assert "70\u00a0000,00\u00a0₽" in investor.get(path).text
    refused = investor.send(path, units="500", totp_code=code_now(steps_ahead=1))
    assert refused.status_code == 422
    assert "Столько свободных единиц у вас нет" in refused.text
    assert investor.send(path, units="40").status_code == 303
    assert "Предъявление записывается в реестр" in investor.get(path).text
    with system_ctx() as ctx:
        sent = custody.intents_of(ctx, early.TENDER_REF, f"{run.id}:{market.people['person'].id}")
        assert [one.args[1] for one in sent] == [40]


def test_the_same_by_json(client: Any, system_ctx: Callable[[], Any], sign_in: Any) -> None:
    market = committed(system_ctx, client, "01-monthly-coupon.yaml", NOW_CALL)
    headers = sign_in(Role.ISSUER_SIGNER, participant_id=market.issuer.id)
    (found,) = client.get("/api/v1/payouts/calls", headers=headers).json()
    assert [one["day"] for one in found["days"]] == ["2027-03-04", "2027-04-05", "2027-05-04"]
    assert {one["price"] for one in found["days"]} == {"1000.00"}
    body = {"issue_id": found["issue_id"], "day": "2027-03-05"}
    early_day = client.post("/api/v1/payouts/calls", json=body, headers=headers)
    assert early_day.status_code in {401, 422}
    client.post("/api/v1/auth/step-up", json={"code": code_now(steps_ahead=1)}, headers=headers)
    assert client.post("/api/v1/payouts/calls", json=body, headers=headers).json()["errors"][0]["field"] == "day"
    made = client.post("/api/v1/payouts/calls", json={**body, "day": "2027-03-04"}, headers=headers)
    assert (made.status_code, made.json()["kind"], made.json()["state"]) == (201, "EARLY_CALL", "PLANNED")
    again = client.post("/api/v1/payouts/calls", json={**body, "day": "2027-04-05"}, headers=headers)
    assert (again.status_code, again.json()["code"]) == (409, "payout_call_exists")
    holder = sign_in(Role.INVESTOR, participant_id=market.people["person"].id)
    assert client.get("/api/v1/payouts/puts", headers=holder).json() == []
    assert client.post(
        f"/api/v1/payouts/{made.json()['id']}/tender", json={"units": 1}, headers=holder
    ).status_code in {
        401,
        404,
    }


@pytest.mark.parametrize("path", ["/investor/payouts/puts", "/investor/payouts/puts/unknown"])
def test_nothing_to_present_is_said_in_words(client: Any, system_ctx: Any, browser: Any, path: str) -> None:
    market = committed(system_ctx, client, "01-monthly-coupon.yaml", NOW_CALL)
    answer = browser(Role.INVESTOR, participant_id=market.people["company"].id).get(path)
    assert answer.status_code == (200 if path.endswith("puts") else 404)
    assert ("Предъявлять нечего" in answer.text) == path.endswith("puts")
