"""Early redemption: the issuer's call of the whole issue and the investors' put, each as the decision grants it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from backend.core.clock import MSK
from backend.core.context import Context
from backend.core.errors import Invalid, NotAllowedInState, StepUpRequired
from backend.core.events import DomainEvent
from backend.core.ids import bytes32_of
from backend.core.pagination import PageRequest
from backend.core.permissions import Role
from backend.custody import calls
from backend.custody import service as custody
from backend.issues import moderation
from backend.issues.decision import read_decision_yaml, validate_decision
from backend.payouts import early, execution
from backend.payouts import service as payouts
from backend.payouts.errors import CallExists, CallPending, NotCallable, PutClosed, RunUnknown, UnitsShort
from backend.payouts.service import PayoutRun, RunState
from indexer.models import ChainHolding, ChainRecordDate, ChainRun, ChainTender
from tests.backend.payouts.market import ASSET, DECISIONS, Market, make_market

SECOND = timedelta(seconds=1)
DAY = date(2027, 3, 4)
PUT_ENDS = datetime(2027, 12, 10, 20, 59, 59, tzinfo=UTC)


def msk(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=MSK)  # type: ignore[misc,arg-type]  # year, month, day, …


def run_of(market: Market, kind: str) -> PayoutRun:
    return market.ctx.session.exec(select(PayoutRun).where(PayoutRun.kind == kind)).one()


def mirrored(market: Market, run: PayoutRun) -> ChainRun:
    """The declaration as the chain shows it."""
    found = market.chain.run(
        run.chain_ref, ASSET, kind=run.kind, micro=run.micro_kopeks_per_unit or 0, due_at=run.due_at, number=77
    )
    market.answer(execution.DECLARE_REF)
    market.tick()
    return found


def events(market: Market, kind: str) -> list[DomainEvent]:
    return list(market.ctx.session.exec(select(DomainEvent).where(DomainEvent.kind == kind)))


# --- call -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def market(ctx_for: Any) -> Market:
    """Monthly coupons until June 2027; the issuer may call from 1 March with 30 days' notice."""
    made = make_market(ctx_for)
    made.at(datetime(2027, 1, 20, 9, tzinfo=UTC))
    made.tick()
    return made


def test_the_days_of_a_call_follow_the_decision_and_the_notice(market: Market, ctx_for: Any) -> None:
    issuer = market.as_issuer(ctx_for)
    (found,) = payouts.my_calls(issuer)
    assert (found.notice_days, found.units, found.present) == (30, 200, None)
    assert [one.day for one in found.days] == [date(2027, 3, 4), date(2027, 4, 5), date(2027, 5, 4)]
    assert {one.price_kopeks for one in found.days} == {100_000}
    market.at(datetime(2027, 2, 3, 9, tzinfo=UTC))  # 29 days before 4 March
    assert payouts.my_calls(issuer)[0].days[0].day == date(2027, 4, 5)


def test_a_call_is_declared_by_the_issuer_at_once_and_told_to_every_holder(market: Market, ctx_for: Any) -> None:
    issuer = market.as_issuer(ctx_for)
    run = payouts.declare_call(issuer, market.issue.id, DAY)
    (intent,) = custody.intents_of(market.ctx, execution.DECLARE_REF, run.id)
    assert intent.wallet == market.issuer.wallet
    record = market.ctx.session.exec(select(ChainRecordDate).where(ChainRecordDate.at == run.record_at)).one()
    due = int(msk(2027, 3, 4, 12).timestamp())
    assert intent.args == [ASSET, 3, 0, record.number, 100_000 * 1_000_000, due, run.chain_ref]
    assert calls.encode("Payouts", "declare", intent.args)
    with pytest.raises(CallExists):
        payouts.declare_call(issuer, market.issue.id, DAY)
    mirrored(market, run)
    assert run.state == RunState.ANNOUNCED
    assert {one.participant_id for one in events(market, "payout.called")} == {one.id for one in market.people.values()}
    market.tick()
    assert len(events(market, "payout.called")) == 3


def test_holders_see_the_call_instead_of_what_it_ends(market: Market, ctx_for: Any) -> None:
    mirrored(market, payouts.declare_call(market.as_issuer(ctx_for), market.issue.id, DAY))
    coming = payouts.coming(market.as_holder(ctx_for, "person"))
    assert [(one.run.kind, one.run.payment_date) for one in coming][-2:] == [("COUPON", DAY), ("EARLY_CALL", DAY)]
    assert coming[-1].gross_kopeks == 137 * 100_000


def test_a_call_is_fixed_checked_funded_and_ends_the_schedule(market: Market, ctx_for: Any) -> None:
    run = payouts.declare_call(market.as_issuer(ctx_for), market.issue.id, DAY)
    chain = mirrored(market, run)
    market.at(run.record_at + SECOND)
    market.tick()
    assert (run.state, run.units, run.required_kopeks) == (RunState.CALCULATED, 200, 20_000_000)
    payouts.check(market.as_officer(ctx_for), run.id)
    market.tick()
    assert run.state == RunState.AWAIT_FUNDING
    assert len(custody.intents_of(market.ctx, execution.DECLARE_REF, run.id)) == 1, "it is declared once"
    market.chain.rubles(market.issuer.wallet, 20_000_000)
    assert payouts.fund(market.as_issuer(ctx_for), run.id).args == [chain.id, 20_000_000]
    chain.state = "DONE"
    market.ctx.session.add(chain)
    market.tick()
    assert run.state == RunState.DONE
    left = market.ctx.session.exec(select(PayoutRun).where(PayoutRun.record_at > run.record_at)).all()
    assert len(left) == 4
    assert {one.state for one in left} == {RunState.CANCELLED}


def test_a_cancelled_call_gives_the_schedule_back_and_can_be_declared_anew(market: Market, ctx_for: Any) -> None:
    issuer = market.as_issuer(ctx_for)
    run = payouts.declare_call(issuer, market.issue.id, DAY)
    officer = market.as_officer(ctx_for)
    with pytest.raises(CallPending):
        payouts.cancel(officer, run.id, "Ошибка эмитента")
    chain = mirrored(market, run)
    payouts.cancel(officer, run.id, "Ошибка эмитента")
    assert custody.intents_of(market.ctx, execution.CANCEL_REF, run.id)[0].args == [chain.id]
    chain.state = "CANCELLED"
    market.ctx.session.add(chain)
    market.answer(execution.CANCEL_REF)
    market.tick()
    assert run.state == RunState.CANCELLED
    assert payouts.coming(market.as_holder(ctx_for, "person"))[-1].run.kind == "REDEMPTION"
    with pytest.raises(NotAllowedInState):
        payouts.repeat(officer, run.id)
    assert payouts.declare_call(issuer, market.issue.id, DAY).attempt == 2


def test_a_call_that_never_reached_the_register_is_dropped(market: Market, ctx_for: Any) -> None:
    run = payouts.declare_call(market.as_issuer(ctx_for), market.issue.id, DAY)
    market.answer(execution.DECLARE_REF, confirmed=False)
    market.tick()
    assert run.error_ru == "Отказ."
    market.at(run.record_at + SECOND)
    market.tick()
    assert run.state == RunState.CANCELLED


def test_only_the_issuers_signer_calls_on_an_offered_day(market: Market, ctx_for: Any) -> None:
    issuer = market.as_issuer(ctx_for)
    for day in (date(2027, 2, 4), date(2027, 3, 5), date(2027, 6, 4)):
        with pytest.raises(Invalid) as refused:
            payouts.declare_call(issuer, market.issue.id, day)
        assert [one.field for one in refused.value.problems] == ["day"]
    with pytest.raises(NotCallable):
        payouts.declare_call(issuer, "another", DAY)
    tired = market._with(ctx_for(Role.ISSUER_SIGNER, participant_id=market.issuer.id, stepped_up=False))
    with pytest.raises(StepUpRequired):
        payouts.declare_call(tired, market.issue.id, DAY)


# --- a calendar run through in minutes ----------------------------------------------------------------------------------


def paced(market: Market, folder: Path, decision: str, rows: list[tuple[datetime, datetime]]) -> Context:
    """The market's issue with the record dates of a compressed calendar in its token; the context that knows the calendar."""
    path = folder / "calendar.json"
    path.write_text(json.dumps([[planned.isoformat(), real.isoformat()] for planned, real in rows]))
    ctx = replace(market.ctx, settings=market.ctx.settings.model_copy(update={"calendar_file": path}))
    content = validate_decision(read_decision_yaml((DECISIONS / decision).read_bytes()))
    moments = moderation.deployment_args(ctx, market.issue, content)[0][-1]
    for row in ctx.session.exec(select(ChainRecordDate)).all():
        ctx.session.delete(row)
    ctx.session.flush()
    for number, second in enumerate(moments, start=1):
        at = datetime.fromtimestamp(second, UTC)
        market.chain._add(ChainRecordDate(asset=ASSET, number=number, timestamp=second, at=at, block_number=0))
    market.ctx = ctx
    return ctx


def test_a_call_keeps_its_notice_in_the_days_of_a_compressed_calendar(ctx_for: Any, tmp_path: Path) -> None:
    market, start = make_market(ctx_for), datetime(2026, 12, 4, 9, tzinfo=UTC)
    rows = [(msk(2027, 1, 1), start), (msk(2027, 7, 1), start + timedelta(seconds=181 * 10))]  # a day takes ten seconds
    ctx = paced(market, tmp_path, "01-monthly-coupon.yaml", rows)

    def days(moment: datetime) -> list[date]:
        market.at(moment)
        (found,) = payouts.my_calls(replace(market.as_issuer(ctx_for), settings=ctx.settings))
        return [one.day for one in found.days]

    every = [date(2027, 3, 4), date(2027, 4, 5), date(2027, 5, 4)]
    assert days(start) == every
    assert days(start + timedelta(seconds=10 * 32 + 5)) == every, "on 2 February, thirty days ahead"
    assert days(start + timedelta(seconds=10 * 33 + 5)) == every[1:]
    run = payouts.declare_call(replace(market.as_issuer(ctx_for), settings=ctx.settings), market.issue.id, every[1])
    assert start < run.record_at < run.due_at < start + timedelta(seconds=181 * 10)


def test_the_window_of_a_put_opens_and_closes_in_a_compressed_calendar(ctx_for: Any, tmp_path: Path) -> None:
    decision, start = "03-key-rate-floater.yaml", datetime(2026, 12, 4, 10, tzinfo=UTC)
    market = make_market(ctx_for, decision)
    rows = [(msk(2027, 11, 1), start), (msk(2027, 12, 31), start + timedelta(seconds=60 * 10))]
    ctx = paced(market, tmp_path, decision, rows)
    market.at(start + timedelta(seconds=10 * 30 - 1))  # the last second of November
    market.tick()
    run = run_of(market, "EARLY_PUT")
    assert run.record_at == start + timedelta(seconds=10 * 40 - 1)
    assert custody.intents_of(ctx, execution.DECLARE_REF, run.id) == []
    market.at(start + timedelta(seconds=10 * 30))
    market.tick()
    assert len(custody.intents_of(ctx, execution.DECLARE_REF, run.id)) == 1
    mirrored(market, run)
    (view,) = payouts.my_puts(replace(market.as_holder(ctx_for, "person"), settings=ctx.settings))
    assert (view.open, view.opens_at) == (True, start + timedelta(seconds=10 * 30))
    market.at(run.record_at + SECOND)
    (view,) = payouts.my_puts(replace(market.as_holder(ctx_for, "person"), settings=ctx.settings))
    assert not view.open


# --- put --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def floater(ctx_for: Any) -> Market:
    """Investors may put between 1 and 10 December 2027 and are paid on the 20th."""
    made = make_market(ctx_for, "03-key-rate-floater.yaml")
    number = len(made.ctx.session.exec(select(ChainRecordDate)).all()) + 1
    made.chain._add(
        ChainRecordDate(asset=ASSET, number=number, timestamp=int(PUT_ENDS.timestamp()), at=PUT_ENDS, block_number=0)
    )
    made.at(datetime(2027, 11, 20, 9, tzinfo=UTC))
    made.tick()
    return made


def opened(market: Market) -> tuple[PayoutRun, ChainRun]:
    market.at(msk(2027, 12, 1, 0))
    market.tick()
    run = run_of(market, "EARLY_PUT")
    return run, mirrored(market, run)


def tendered(market: Market, chain: ChainRun, name: str, units: int) -> None:
    """The mirror after a holder's tender."""
    wallet = market.people[name].wallet
    row = market.ctx.session.get(ChainTender, (chain.id, wallet)) or ChainTender(
        run_id=chain.id, holder=wallet, encumbrance_id=1, units=0, state="TENDERED", block_number=1,
        tx_hash=bytes32_of(name), at=market.chain.at,
    )  # fmt: skip
    row.units += units
    chain.units_tendered += units
    held = market.ctx.session.get_one(ChainHolding, (ASSET, wallet))
    held.free_units -= units
    market.ctx.session.add_all([row, chain, held])
    market.answer(early.TENDER_REF)


def test_the_token_remembers_the_end_of_the_window(floater: Market) -> None:
    terms = moderation.deployment_args(floater.ctx, floater.issue, validate_decision(floater.issue.content))[0]
    assert int(PUT_ENDS.timestamp()) in terms[-1]
    assert terms[-1] == sorted(terms[-1])


def test_a_put_is_declared_when_its_window_opens_and_holders_are_told(floater: Market, ctx_for: Any) -> None:
    run = run_of(floater, "EARLY_PUT")
    assert (run.state, run.micro_kopeks_per_unit) == (RunState.PLANNED, 7_000_000 * 1_000_000), "after 30 % amortised"
    assert custody.intents_of(floater.ctx, execution.DECLARE_REF, run.id) == []
    run, _ = opened(floater)
    (intent,) = custody.intents_of(floater.ctx, execution.DECLARE_REF, run.id)
    assert intent.args[1] == 4
    assert intent.wallet == execution.operator_wallet(floater.ctx)
    assert run.state == RunState.ANNOUNCED
    assert len(events(floater, "payout.put_open")) == 3
    (view,) = payouts.my_puts(floater.as_holder(ctx_for, "person"))
    assert (view.open, view.free_units, view.presented_units, view.price_kopeks) == (True, 137, 0, 7_000_000)
    assert all(one.run.kind != "EARLY_PUT" for one in payouts.coming(floater.as_holder(ctx_for, "person")))


def test_a_holder_presents_units_within_the_window(floater: Market, ctx_for: Any) -> None:
    run, chain = opened(floater)
    person = floater.as_holder(ctx_for, "person")
    intent = payouts.tender(person, run.id, 40)
    assert (intent.wallet, intent.function, intent.args) == (person.actor.wallet, "tender", [chain.id, 40])
    with pytest.raises(CallPending):
        payouts.tender(person, run.id, 40)
    tendered(floater, chain, "person", 40)
    assert payouts.my_put(person, run.id).presented_units == 40
    assert [one.payload["units"] for one in events(floater, "payout.tendered")] == [40]
    for units, error in ((98, UnitsShort), (0, Invalid), (-1, Invalid)):
        with pytest.raises(error):
            payouts.tender(person, run.id, units)
    payouts.tender(person, run.id, 97)
    floater.at(PUT_ENDS + SECOND)
    with pytest.raises(PutClosed):
        payouts.tender(floater.as_holder(ctx_for, "company"), run.id, 1)


def test_only_who_presented_units_is_paid(floater: Market, ctx_for: Any) -> None:
    run, chain = opened(floater)
    for name, units in (("person", 40), ("company", 3)):
        payouts.tender(floater.as_holder(ctx_for, name), run.id, units)
        tendered(floater, chain, name, units)
    floater.at(PUT_ENDS + SECOND)
    floater.tick()
    officer = floater.as_officer(ctx_for)
    rows = payouts.run_lines(officer, run.id, PageRequest(size=50)).items
    assert {(row.name, row.line.units, row.line.gross_kopeks, row.line.tax_kopeks) for row in rows} == {
        ("Иван Иванов", 40, 40 * 7_000_000, 0),
        ("АО «Инвест»", 3, 3 * 7_000_000, 0),
    }
    payouts.check(officer, run.id)
    floater.tick()
    assert (run.state, run.required_kopeks) == (RunState.AWAIT_FUNDING, 43 * 7_000_000)
    chain.state = "FUNDED"
    floater.ctx.session.add(chain)
    floater.at(run.due_at)
    floater.tick()
    batch = custody.intents_of(floater.ctx, execution.BATCH_REF, f"{run.id}:0")[0]
    assert batch.args[1] == [floater.people["person"].wallet, floater.people["company"].wallet]


def test_a_put_that_nobody_used_is_completed_with_nothing(floater: Market) -> None:
    run, chain = opened(floater)
    floater.at(PUT_ENDS + SECOND)
    floater.tick()
    floater.tick()
    (intent,) = custody.intents_of(floater.ctx, execution.FUND_REF, run.id)
    assert (intent.args, intent.wallet) == ([chain.id, 0], execution.operator_wallet(floater.ctx))
    chain.state = "DONE"
    floater.ctx.session.add(chain)
    floater.answer(execution.FUND_REF)
    floater.tick()
    assert run.state == RunState.DONE


def test_strangers_and_missed_windows(floater: Market, ctx_for: Any) -> None:
    run = run_of(floater, "EARLY_PUT")
    with pytest.raises(PutClosed):
        payouts.tender(floater.as_holder(ctx_for, "person"), run.id, 1)
    stranger = floater._with(ctx_for(Role.INVESTOR, participant_id=floater.issuer.id))
    with pytest.raises(RunUnknown):
        payouts.my_put(stranger, run.id)
    assert payouts.my_calls(floater.as_issuer(ctx_for)) == []
    floater.at(msk(2027, 12, 1, 0))
    for _ in range(execution.ATTEMPTS + 1):
        floater.tick()
        floater.answer(execution.DECLARE_REF, confirmed=False)
    assert len(custody.intents_of(floater.ctx, execution.DECLARE_REF, run.id)) == execution.ATTEMPTS
    floater.at(PUT_ENDS + SECOND)
    floater.tick()
    assert run.state == RunState.CANCELLED
