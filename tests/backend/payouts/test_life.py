"""A payout from the schedule to the last kopek, as the issuer, the officers and the holders live it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import select

from backend.core.errors import Forbidden, NotAllowedInState, StepUpRequired
from backend.core.events import DomainEvent
from backend.core.ids import bytes32_of
from backend.core.pagination import PageRequest
from backend.core.permissions import Role
from backend.custody import service as custody
from backend.payouts import execution
from backend.payouts import service as payouts
from backend.payouts.errors import FundsShort, RunUnknown, SameOfficer
from backend.payouts.service import LineState, PayoutRun, RunState
from tests.backend.payouts.market import ASSET, DAY, Market, make_market

ALL = PageRequest(size=200)


@pytest.fixture
def market(ctx_for: Any) -> Market:
    return make_market(ctx_for)


def runs(market: Market) -> list[PayoutRun]:
    return list(market.ctx.session.exec(select(PayoutRun).order_by(PayoutRun.due_at, PayoutRun.number)))


def fixed(market: Market) -> PayoutRun:
    """The first coupon, one second after its record date."""
    market.tick()
    first = runs(market)[0]
    market.at(first.record_at.replace(second=59) + DAY / 86400)
    market.tick()
    return first


def declared(market: Market, ctx_for: Any) -> PayoutRun:
    run = fixed(market)
    payouts.check(market.as_officer(ctx_for), run.id)
    market.chain.run(run.chain_ref, ASSET, kind=run.kind, micro=run.micro_kopeks_per_unit or 0, due_at=run.due_at)
    market.answer(execution.DECLARE_REF)
    market.tick()
    return run


def funded(market: Market, ctx_for: Any) -> PayoutRun:
    run = declared(market, ctx_for)
    market.chain.rubles(market.issuer.wallet, 10_000_000)
    payouts.fund(market.as_issuer(ctx_for), run.id)
    chain = market.ctx.session.exec(select(execution.ChainRun)).one()
    chain.state, chain.funded_kopeks, chain.units_due = "FUNDED", run.required_kopeks, run.units
    market.ctx.session.add(chain)
    market.answer(execution.FUND_REF)
    market.tick()
    return run


def test_an_issue_in_circulation_gets_a_run_for_every_payment(market: Market) -> None:
    market.tick()
    market.tick()
    found = runs(market)
    assert [run.kind for run in found] == ["COUPON"] * 6 + ["REDEMPTION"]
    assert {run.state for run in found} == {RunState.PLANNED}
    assert found[-1].micro_kopeks_per_unit == 100_000 * 1_000_000
    assert found[0].due_at == datetime(2027, 1, 11, 9, tzinfo=UTC), (
        "the first payment, after the holidays, noon in Moscow"
    )


def test_the_register_is_fixed_only_after_the_record_second(market: Market) -> None:
    market.tick()
    first = runs(market)[0]
    market.at(first.record_at)
    market.tick()
    assert first.state == RunState.PLANNED
    market.at(first.record_at.replace(second=59) + DAY / 86400)
    market.tick()
    assert first.state == RunState.CALCULATED
    assert (first.holders, first.units) == (3, 200)


def test_a_holder_who_sold_before_the_record_date_is_not_paid(market: Market, ctx_for: Any) -> None:
    market.tick()
    market.at(datetime(2026, 12, 20, tzinfo=UTC))
    market.chain.hold(ASSET, market.people["company"].wallet, 63)
    market.chain.hold(ASSET, market.people["foreigner"].wallet, 0)
    run = fixed(market)
    market.chain.hold(ASSET, market.people["company"].wallet, 0)  # sold right after: still in the register
    found = payouts.run_lines(market.as_officer(ctx_for), run.id, ALL).items
    units = {row.name: row.line.units for row in found}
    assert units == {"Иван Иванов": 137, "АО «Инвест»": 63}


def test_a_register_that_does_not_add_up_is_not_fixed(market: Market) -> None:
    market.tick()
    first = runs(market)[0]
    market.at(datetime(2026, 12, 20, tzinfo=UTC))
    market.chain.supply[ASSET] += 1
    market.chain.hold(ASSET, market.people["person"].wallet, 137)
    market.at(first.record_at + DAY)
    market.tick()
    assert first.state == RunState.PLANNED
    assert first.error_en is not None
    assert "does not add up" in first.error_en


def test_tax_follows_the_holder(market: Market, ctx_for: Any) -> None:
    run = fixed(market)
    rows = {row.name: row.line for row in payouts.run_lines(market.as_officer(ctx_for), run.id, ALL).items}
    coupon = run.micro_kopeks_per_unit // 1_000_000  # 31 days at 21 %: 17.84 rubles
    assert coupon == 1784
    assert (rows["Иван Иванов"].gross_kopeks, rows["Иван Иванов"].tax_kopeks) == (137 * 1784, 31800)
    assert (rows["Джон Смит"].gross_kopeks, rows["Джон Смит"].tax_kopeks) == (60 * 1784, 32100)
    assert (rows["АО «Инвест»"].gross_kopeks, rows["АО «Инвест»"].tax_kopeks) == (3 * 1784, 0)
    assert run.gross_kopeks == run.required_kopeks == 200 * 1784


def test_nominal_is_paid_without_tax(market: Market) -> None:
    market.tick()
    last = runs(market)[-1]
    market.at(last.record_at + DAY / 4)
    market.tick()
    assert last.state == RunState.CALCULATED
    assert (last.gross_kopeks, last.tax_kopeks) == (200 * 100_000, 0)


def test_a_manual_calculation_needs_another_officer(market: Market, ctx_for: Any) -> None:
    run = fixed(market)
    officer = market.as_officer(ctx_for)
    payouts.recalculate(officer, run.id)
    with pytest.raises(SameOfficer):
        payouts.check(officer, run.id)
    assert payouts.check(market.as_officer(ctx_for), run.id).state == RunState.CHECKED


def test_a_check_promises_the_declaration_with_the_terms_of_the_payment(market: Market, ctx_for: Any) -> None:
    run = fixed(market)
    payouts.check(market.as_officer(ctx_for), run.id)
    (promise,) = custody.intents_of(market.ctx, execution.DECLARE_REF, run.id)
    assert promise.function == "declare"
    assert promise.args == [ASSET, 0, 0, 1, 1784 * 1_000_000, int(run.due_at.timestamp()), bytes32_of(run.id)]
    assert promise.wallet == payouts.operator_wallet(market.ctx)


def test_only_officers_of_corporate_actions_check(market: Market, ctx_for: Any) -> None:
    run = fixed(market)
    with pytest.raises(Forbidden):
        payouts.check(market.as_officer(ctx_for, Role.TREASURER), run.id)
    with pytest.raises(Forbidden):
        payouts.check(market.as_issuer(ctx_for), run.id)


def test_the_issuer_funds_with_a_second_factor_and_enough_money(market: Market, ctx_for: Any) -> None:
    run = declared(market, ctx_for)
    assert run.state == RunState.AWAIT_FUNDING
    market.chain.rubles(market.issuer.wallet, run.required_kopeks - 1)
    with pytest.raises(FundsShort):
        payouts.fund(market.as_issuer(ctx_for), run.id)
    market.chain.rubles(market.issuer.wallet, run.required_kopeks)
    with pytest.raises(StepUpRequired):
        payouts.fund(ctx_for(Role.ISSUER_SIGNER, participant_id=market.issuer.id, stepped_up=False), run.id)
    promise = payouts.fund(market.as_issuer(ctx_for), run.id)
    assert promise.args == [1, run.required_kopeks]
    assert payouts.fund(market.as_issuer(ctx_for), run.id).id == promise.id, "a double click is one funding"


def test_another_issuer_sees_and_funds_nothing(market: Market, ctx_for: Any) -> None:
    run = declared(market, ctx_for)
    stranger = ctx_for(Role.ISSUER_SIGNER, participant_id=market.people["company"].id)
    with pytest.raises(RunUnknown):
        payouts.run_page(stranger, run.id)
    with pytest.raises(RunUnknown):
        payouts.fund(stranger, run.id)


def test_holders_are_paid_after_the_due_time_and_told(market: Market, ctx_for: Any) -> None:
    run = funded(market, ctx_for)
    assert run.state == RunState.FUNDED
    assert not custody.intents_of(market.ctx, execution.BATCH_REF, f"{run.id}:0"), "not before the due time"
    market.at(run.due_at)
    market.tick()
    market.tick()
    (promise,) = custody.intents_of(market.ctx, execution.BATCH_REF, f"{run.id}:0")
    assert promise.args == [
        1,
        [market.people[name].wallet for name in ("person", "foreigner", "company")],
        [31800, 32100, 0],
    ]
    pay_all(market, run)
    assert run.state == RunState.DONE
    told = {one.participant_id: one.payload for one in market.ctx.session.exec(select(DomainEvent))
            if one.kind == "payout.paid"}  # fmt: skip
    assert told[market.people["person"].id]["net_kopeks"] == 137 * 1784 - 31800
    kinds = [one.kind for one in market.ctx.session.exec(select(DomainEvent).order_by(DomainEvent.seq))]
    assert [kind for kind in kinds if kind != "payout.paid"] == ["payout.declared", "payout.funded", "payout.done"]


def pay_all(market: Market, run: PayoutRun, *, frozen: str | None = None, done: bool = True) -> None:
    chain = market.ctx.session.exec(select(execution.ChainRun)).one()
    for line in execution.repository.unpaid_lines(market.ctx, run.id, chain.id):
        to_frozen = frozen is not None and line.holder == market.people[frozen].wallet
        gross, tax = line.gross_kopeks or 0, line.tax_kopeks or 0
        market.chain.pay(chain, line.holder, line.units, gross, tax, to_frozen=to_frozen)
    if done:
        chain.state = "DONE"
        market.ctx.session.add(chain)
    market.answer(execution.BATCH_REF)
    market.tick()


def test_a_blocked_holder_is_shown_as_held(market: Market, ctx_for: Any) -> None:
    run = funded(market, ctx_for)
    market.at(run.due_at)
    market.tick()
    pay_all(market, run, frozen="foreigner")
    rows = {row.name: row.state for row in payouts.run_lines(market.as_officer(ctx_for), run.id, ALL).items}
    assert rows == {
        "Иван Иванов": LineState.CONFIRMED,
        "Джон Смит": LineState.HELD,
        "АО «Инвест»": LineState.CONFIRMED,
    }


def test_distribution_goes_on_where_the_chain_stands(market: Market, ctx_for: Any) -> None:
    run = funded(market, ctx_for)
    chain = market.ctx.session.exec(select(execution.ChainRun)).one()
    market.at(run.due_at)
    person = market.people["person"].wallet
    market.chain.pay(chain, person, 137, 137 * 1784, 31800)  # paid, and then the worker's memory was lost
    market.tick()
    (promise,) = custody.intents_of(market.ctx, execution.BATCH_REF, f"{run.id}:0")
    assert person not in promise.args[1]
    assert len(promise.args[1]) == 2


def test_a_batch_refused_three_times_waits_for_a_person(market: Market, ctx_for: Any) -> None:
    run = funded(market, ctx_for)
    market.at(run.due_at)
    for _ in range(3):
        market.tick()
        assert market.answer(execution.BATCH_REF, confirmed=False)
    chain = market.ctx.session.exec(select(execution.ChainRun)).one()
    chain.state = "EXECUTING"
    market.ctx.session.add(chain)
    market.tick()
    market.tick()
    assert run.state == RunState.PARTIAL
    payouts.retry(market.as_officer(ctx_for), run.id)
    market.tick()
    assert len(custody.intents_of(market.ctx, execution.BATCH_REF, f"{run.id}:0")) == 4


def test_an_unfunded_run_is_overdue_after_the_day_and_can_still_be_funded(market: Market, ctx_for: Any) -> None:
    run = declared(market, ctx_for)
    market.at(run.due_at)
    market.tick()
    assert not custody.intents_of(market.ctx, execution.OVERDUE_REF, f"{run.id}:markOverdue"), "the day is not over"
    market.at(run.due_at + DAY)
    market.tick()
    (mark,) = custody.intents_of(market.ctx, execution.OVERDUE_REF, f"{run.id}:markOverdue")
    assert mark.function == "markOverdue"
    chain = market.ctx.session.exec(select(execution.ChainRun)).one()
    chain.state, chain.grace_ends_at = "OVERDUE", int((run.due_at + 14 * DAY).timestamp())
    market.ctx.session.add(chain)
    market.answer(execution.OVERDUE_REF)
    market.tick()
    assert run.state == RunState.OVERDUE
    market.chain.rubles(market.issuer.wallet, run.required_kopeks)
    assert payouts.fund(market.as_issuer(ctx_for), run.id).function == "fund"
    market.at(run.due_at + 15 * DAY)
    market.tick()
    assert custody.intents_of(market.ctx, execution.OVERDUE_REF, f"{run.id}:markDefaulted")


def test_a_cancelled_payment_can_be_planned_anew(market: Market, ctx_for: Any) -> None:
    run = fixed(market)
    officer = market.as_officer(ctx_for)
    with pytest.raises(NotAllowedInState):
        payouts.repeat(officer, run.id)
    assert payouts.cancel(officer, run.id, "ошибка в реестре").state == RunState.CANCELLED
    again = payouts.repeat(officer, run.id)
    market.tick()
    assert (again.state, again.attempt, again.gross_kopeks) == (RunState.CALCULATED, 2, run.gross_kopeks)


def test_a_declared_run_is_cancelled_on_chain(market: Market, ctx_for: Any) -> None:
    run = declared(market, ctx_for)
    payouts.cancel(market.as_officer(ctx_for), run.id, "решение эмитента")
    (promise,) = custody.intents_of(market.ctx, execution.CANCEL_REF, run.id)
    assert (promise.function, promise.args) == ("cancel", [1])
    assert run.state == RunState.AWAIT_FUNDING, "until the chain has done it"


def test_an_investor_sees_a_forecast_and_then_the_fixed_sum(market: Market, ctx_for: Any) -> None:
    market.tick()
    person = market.as_holder(ctx_for, "person")
    first, *rest = payouts.coming(person)
    assert (first.forecast, first.gross_kopeks, len(rest)) == (True, 137 * 1784, 6)
    run = funded(market, ctx_for)
    sure = payouts.coming(person)[0]
    assert (sure.forecast, sure.gross_kopeks, sure.tax_kopeks) == (False, 137 * 1784, 31800)
    market.at(run.due_at)
    market.tick()
    pay_all(market, run)
    (paid,) = payouts.received(person, ALL).items
    assert (paid.net_kopeks, paid.run.number) == (137 * 1784 - 31800, run.number)
    assert all(one.run.id != run.id for one in payouts.coming(person))


def test_a_redeemed_issue_is_closed_when_all_is_paid(market: Market, ctx_for: Any) -> None:
    market.tick()
    for run in runs(market):
        run.state = RunState.DONE
        market.ctx.session.add(run)
    chain = execution.repository.unplanned_issues(market.ctx)
    assert chain == []
    issue = market.ctx.session.get(execution.planning.ChainIssue, market.issue.chain_id_hash)
    issue.state = "REDEEMED"
    market.ctx.session.add(issue)
    market.tick()
    (promise,) = custody.intents_of(market.ctx, execution.CLOSE_REF, issue.issue_id)
    assert (promise.contract, promise.function, promise.args) == ("IssueRegistry", "close", [issue.issue_id])
