"""First pages tell of everything there is, not of the first rows of a list."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from backend.core.ids import bytes32_of, new_id
from backend.core.permissions import Role
from backend.payouts.models import PayoutRun
from backend.payouts.states import RunState
from backend.settings import Settings
from tests.backend.conftest import Browser
from tests.backend.payouts.market import Market, add_issue, make_market
from tests.factories.chain import address

MANY = 210


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Business time is the chain's, for the market lives in a December of its own."""
    return settings.model_copy(update={"clock": "chain"})


@pytest.fixture
def market(system_ctx: Callable[[], Any]) -> Market:
    """An issuer with a payout to fund after more than two hundred that are over."""
    with system_ctx() as ctx:
        made = make_market(lambda *_roles, **_options: ctx)
        made.tick()
        planned = list(ctx.session.exec(select(PayoutRun).order_by(col(PayoutRun.due_at))))
        first, last = planned[0], planned[-1]
        for number in range(MANY):
            changed = {
                "id": new_id(), "number": f"KPT-PAY-OLD-{number}", "chain_ref": bytes32_of(f"old {number}"),
                "payment_number": 1000 + number, "state": RunState.DONE, "due_at": first.due_at - timedelta(days=number + 1),
            }  # fmt: skip
            ctx.session.add(PayoutRun(**{**first.model_dump(), **changed}))
        last.state, last.required_kopeks = RunState.AWAIT_FUNDING, 123_456_00
        ctx.session.add(last)
    return made


def test_an_issuer_is_asked_for_the_money_of_the_last_payout(market: Market, browser: Callable[..., Browser]) -> None:
    page = browser(Role.ISSUER_SIGNER, participant_id=market.issuer.id).get("/issuer").text
    assert "Обеспечьте выплату" in page
    assert "123 456,00" in page.replace("\u00a0", " ")


def test_the_office_sees_the_months_of_all_payouts(
    market: Market, system_ctx: Callable[[], Any], browser: Callable[..., Browser]
) -> None:
    with system_ctx() as ctx:
        rows = list(ctx.session.exec(select(PayoutRun).where(PayoutRun.state == RunState.DONE)))
        for number, row in enumerate(rows):
            row.state, row.payment_date = RunState.PLANNED, market.clock.moment.date() + timedelta(days=number)
            row.gross_kopeks, row.due_at = 100, market.clock.moment + timedelta(days=number)
        last_month = max(row.payment_date for row in rows).strftime("%m.%Y")
    page = browser(Role.CORPORATE_ACTIONS).get("/office").text
    assert last_month in page


def test_what_an_issuer_raised_is_of_all_its_issues(
    market: Market, system_ctx: Callable[[], Any], browser: Callable[..., Browser]
) -> None:
    with system_ctx() as ctx:
        for number in range(7):
            issue = add_issue(ctx, market.issuer, market.issue.content)
            market.chain.session = ctx.session
            market.chain.placement(
                issue.chain_id_hash, address(0xB000 + number), market.issuer.wallet, days=3, paid=1_000_00
            )
    page = browser(Role.ISSUER_SIGNER, participant_id=market.issuer.id).get("/issuer").text
    assert "7 000,00" in page.replace("\u00a0", " ")


def test_an_investor_is_told_of_a_sale_however_old_its_decision_is(
    market: Market, system_ctx: Callable[[], Any], browser: Callable[..., Browser]
) -> None:
    with system_ctx() as ctx:
        market.chain.session = ctx.session
        for number, (title, days) in enumerate([("Старый выпуск", 5), ("Оконченный выпуск", -1), *[("Новый", 9)] * 60]):
            issue = add_issue(ctx, market.issuer, {**market.issue.content, "title": title})
            issue.created_at += timedelta(days=number)
            ctx.session.add(issue)
            asset, wallet = address(0xC000 + number), market.issuer.wallet
            market.chain.issue(issue.chain_id_hash, asset, wallet, record_dates=[ctx.now()], state="PLACEMENT")
            market.chain.placement(
                issue.chain_id_hash, asset, wallet, days=days, state="FAILED" if days == 9 else "OPEN"
            )
    page = browser(Role.INVESTOR, participant_id=market.people["person"].id).get("/investor").text
    assert "Старый выпуск" in page
    assert "Оконченный выпуск" not in page
    assert ">Новый<" not in page
