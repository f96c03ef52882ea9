"""Payments whose amount follows an index: one officer enters it with its source, another confirms it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlmodel import select

from backend.core.errors import Invalid
from backend.payouts import service as payouts
from backend.payouts.errors import AmountKnown, AmountUnknown, SameOfficer
from backend.payouts.service import PayoutRun, RunState
from tests.backend.payouts.market import DAY, Market, make_market

ON = date(2026, 12, 16)


@pytest.fixture
def market(ctx_for: Any) -> Market:
    return make_market(ctx_for, "03-key-rate-floater.yaml")


def first_run(market: Market) -> PayoutRun:
    market.tick()
    found = market.ctx.session.exec(select(PayoutRun).order_by(PayoutRun.due_at)).first()
    assert found is not None
    return found


def test_the_register_is_fixed_but_nothing_is_calculated_without_the_index(market: Market, ctx_for: Any) -> None:
    run = first_run(market)
    assert run.micro_kopeks_per_unit is None
    market.at(run.record_at + DAY / 4)
    market.tick()
    assert run.state == RunState.RECORD_FIXED
    with pytest.raises(AmountUnknown):
        payouts.recalculate(market.as_officer(ctx_for), run.id)


def test_two_officers_fix_the_rate(market: Market, ctx_for: Any) -> None:
    run = first_run(market)
    officer, other = market.as_officer(ctx_for), market.as_officer(ctx_for)
    payouts.enter_index(officer, run.id, "16,50", "Банк России", ON)
    with pytest.raises(SameOfficer):
        payouts.confirm_index(officer, run.id)
    assert payouts.confirm_index(other, run.id).micro_kopeks_per_unit is not None
    # 100 000 rubles at 16.5 + 2.5 = 19 % from 21.12.2026 to 22.03.2027 (moved, accrues): 91 days of 365
    assert run.micro_kopeks_per_unit == round(100_000_00 * 19 * 91 * 1_000_000 / (100 * 365))
    with pytest.raises(AmountKnown):
        payouts.enter_index(officer, run.id, "17", "Банк России", ON)
    market.at(run.record_at + DAY / 4)
    market.tick()
    assert run.state == RunState.CALCULATED
    assert run.required_kopeks >= run.gross_kopeks, "rounding per holder: the contract asks a bound"
    assert run.required_kopeks - run.gross_kopeks <= run.holders + 1


@pytest.mark.parametrize("value", ["", "abc", "-1", "NaN", "1e400"])
def test_a_value_that_is_no_number_is_refused(market: Market, ctx_for: Any, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        payouts.enter_index(market.as_officer(ctx_for), first_run(market).id, value, "Банк России", ON)
    assert refused.value.field == "value"


def test_amortisation_is_a_run_of_its_own(market: Market) -> None:
    market.tick()
    runs = market.ctx.session.exec(select(PayoutRun).order_by(PayoutRun.due_at, PayoutRun.number)).all()
    principal = [(run.kind, run.micro_kopeks_per_unit) for run in runs if run.kind != "COUPON"]
    assert principal == [
        ("AMORTISATION", 30_000_00 * 1_000_000),
        ("AMORTISATION", 30_000_00 * 1_000_000),
        ("REDEMPTION", 40_000_00 * 1_000_000),
    ]
