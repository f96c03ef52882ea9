"""The yearly limit: which one is in force, what a person has left of it, who may change it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.core.context import Context
from backend.core.errors import Forbidden, Invalid, StepUpRequired
from backend.core.pagination import PageRequest
from backend.core.permissions import Role
from backend.custody import calls
from backend.identity import limits
from indexer.models import ChainLimitRule, ChainParticipant
from tests.backend.payouts.market import Market, make_market
from tests.factories.chain import word

HASH = "ab" * 32
OLD, NEW = datetime(2025, 12, 31, 21, tzinfo=UTC), datetime(2026, 12, 31, 21, tzinfo=UTC)


@pytest.fixture
def market(ctx_for: Any) -> Market:
    market = make_market(ctx_for)
    rule(market, OLD, 600_000_00)
    return market


@pytest.fixture
def officer(market: Market, ctx_for: Any) -> Context:
    return market.as_officer(ctx_for, Role.COMPLIANCE_OFFICER)


def rule(market: Market, since: datetime, kopeks: int) -> None:
    market.ctx.session.add(
        ChainLimitRule(
            block_number=market.chain.number, log_index=market.chain.place()["log_index"], kopeks=kopeks,
            effective_from=int(since.timestamp()), effective_from_at=since, tx_hash=word(1),
        )
    )  # fmt: skip
    market.ctx.session.flush()


def person(market: Market, **facts: Any) -> ChainParticipant:
    row = market.ctx.session.get_one(ChainParticipant, market.people["person"].wallet)
    for name, value in {"classes": 3, "limit_year": 2026, **facts}.items():
        setattr(row, name, value)
    market.ctx.session.add(row)
    market.ctx.session.flush()
    return row


def line(ctx: Context, market: Market) -> limits.LimitLine:
    return limits.limits(ctx, PageRequest(q=market.people["person"].number)).items[0]


def test_what_is_bought_and_reserved_is_not_free(market: Market, officer: Context) -> None:
    person(market, limit_net_kopeks=100_000_00, limit_reserved_kopeks=50_000_00)
    found = line(officer, market)
    assert (found.used_kopeks, found.reserved_kopeks, found.free_kopeks) == (100_000_00, 50_000_00, 450_000_00)
    assert found.classes == ["FREE", "LIMIT"]


def test_a_new_moscow_year_forgets_purchases_and_keeps_reservations(market: Market, officer: Context) -> None:
    person(market, limit_net_kopeks=600_000_00, limit_reserved_kopeks=50_000_00)
    market.at(datetime(2026, 12, 31, 20, 59, 59, tzinfo=UTC))
    assert line(officer, market).free_kopeks == 0
    market.at(datetime(2026, 12, 31, 21, 0, 0, tzinfo=UTC))
    assert line(officer, market).free_kopeks == 550_000_00


def test_the_limit_does_not_concern_the_qualified_and_organisations(market: Market, officer: Context) -> None:
    person(market, classes=9)
    assert line(officer, market).free_kopeks is None
    company = limits.limits(officer, PageRequest(q=market.people["company"].number)).items[0]
    assert company.free_kopeks is None


def test_a_limit_set_ahead_takes_over_on_its_day(market: Market, officer: Context) -> None:
    rule(market, NEW, 700_000_00)
    before = limits.limit_in_force(officer)
    assert (before.kopeks, before.next_kopeks, before.next_since) == (600_000_00, 700_000_00, NEW)
    market.at(NEW)
    after = limits.limit_in_force(officer)
    assert (after.kopeks, after.since, after.next_kopeks) == (700_000_00, NEW, None)


def test_only_participants_of_a_class_are_listed_when_asked_for(market: Market, officer: Context) -> None:
    person(market, classes=3)
    for name in ("foreigner", "company"):
        row = market.ctx.session.get_one(ChainParticipant, market.people[name].wallet)
        row.classes = 1
    market.ctx.session.flush()
    found = limits.limits(officer, PageRequest(), "LIMIT").items
    assert market.people["person"].id in {one.participant.id for one in found}
    assert market.people["company"].id not in {one.participant.id for one in found}


def test_a_second_compliance_officer_is_asked_for_a_new_limit(market: Market, officer: Context) -> None:
    made = limits.propose_limit(officer, NEW, 700_000_00, "Указание Банка России № 1", HASH)
    assert calls.decode_call("Participants", made.args[1]) == (
        "setLimit",
        {"effectiveFrom": int(NEW.timestamp()), "kopeks": 700_000_00},
    )
    assert made.args[3] == "0x" + HASH


def test_a_limit_that_the_register_would_refuse_is_refused_here(market: Market, officer: Context, ctx_for: Any) -> None:
    for since, kopeks, basis in ((OLD, 1, "Указание № 1"), (NEW, 0, "Указание № 1"), (NEW, 1, " ")):
        with pytest.raises(Invalid):
            limits.propose_limit(officer, since, kopeks, basis, HASH)
    with pytest.raises(Forbidden):
        limits.propose_limit(market.as_officer(ctx_for, Role.REGISTRAR), NEW, 1, "Указание № 1", HASH)
    idle = replace(ctx_for(Role.COMPLIANCE_OFFICER, stepped_up=False), clock=market.clock)
    with pytest.raises(StepUpRequired):
        limits.propose_limit(idle, NEW + timedelta(days=1), 1, "Указание № 1", HASH)
