"""Queries of payouts; the ones that limit to own records are :func:`runs_of_issuer`, :func:`coming_of` and :func:`received_of`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, exists, func, or_
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from backend.core.context import Context
from backend.core.pagination import Page, PageRequest, ordered, paginate
from backend.issues.service import Issue
from backend.payouts.models import PayoutCheck, PayoutLine, PayoutRun
from backend.payouts.states import EARLY, FINAL, UNPAID, Part, RunState
from indexer.models import (
    ChainCursor,
    ChainHolding,
    ChainIssue,
    ChainParticipant,
    ChainPayoutRule,
    ChainRecordDate,
    ChainRun,
    ChainRunPayment,
    ChainSupplyHistory,
    ChainTender,
    moment,
)


def mirror_time(ctx: Context) -> datetime | None:
    """Time of the last mirrored block."""
    timestamp = ctx.session.exec(select(ChainCursor.timestamp)).first()
    return moment(timestamp) if timestamp else None


def locked(ctx: Context, run_id: str) -> PayoutRun | None:
    """A run, locked for a move."""
    return ctx.session.exec(select(PayoutRun).where(PayoutRun.id == run_id).with_for_update()).first()


def unplanned_issues(ctx: Context) -> list[ChainIssue]:
    """Issues in circulation that have no run yet."""
    planned = select(PayoutRun.id).where(PayoutRun.asset == ChainIssue.asset).exists()
    return list(ctx.session.exec(select(ChainIssue).where(ChainIssue.state == "CIRCULATION", ~planned)))


def record_numbers(ctx: Context, asset: str) -> dict[int, int]:
    """Numbers of an asset's record dates by their second."""
    statement = select(ChainRecordDate.timestamp, ChainRecordDate.number).where(ChainRecordDate.asset == asset)
    return dict(ctx.session.exec(statement).all())


def in_states(ctx: Context, states: Collection[RunState]) -> list[PayoutRun]:
    """Runs in any of the states, locked, the earliest first."""
    statement = select(PayoutRun).where(col(PayoutRun.state).in_(states))
    return list(ctx.session.exec(statement.order_by(col(PayoutRun.due_at), col(PayoutRun.id)).with_for_update()))


def record_passed(ctx: Context, until: datetime) -> list[PayoutRun]:
    """Planned runs, and announced early redemptions, whose record second is over, locked."""
    early = col(PayoutRun.kind).in_(EARLY)
    waiting = or_(
        and_(col(PayoutRun.state) == RunState.PLANNED, ~early), and_(col(PayoutRun.state) == RunState.ANNOUNCED, early)
    )
    statement = select(PayoutRun).where(waiting, col(PayoutRun.record_at) < until)
    return list(ctx.session.exec(statement.order_by(col(PayoutRun.id)).with_for_update()))


def followed(ctx: Context, states: Collection[RunState]) -> list[tuple[PayoutRun, ChainRun]]:
    """Runs with their mirrored twin."""
    statement = (
        select(PayoutRun, ChainRun)
        .join(ChainRun, col(ChainRun.ref) == col(PayoutRun.chain_ref))
        .where(col(PayoutRun.state).in_(states))
        .order_by(col(PayoutRun.id))
    )
    return [(run, chain) for run, chain in ctx.session.exec(statement).all()]


# --- early redemption -------------------------------------------------------------------------------------------------


def circulating_of(ctx: Context, participant_id: str, wallet: str) -> list[tuple[Issue, ChainIssue]]:
    """Issues of an issuer in circulation."""
    statement = (
        select(Issue, ChainIssue)
        .join(ChainIssue, col(ChainIssue.issue_id) == col(Issue.chain_id_hash))
        .where(Issue.participant_id == participant_id, ChainIssue.issuer == wallet, ChainIssue.state == "CIRCULATION")
    )
    return [(issue, chain) for issue, chain in ctx.session.exec(statement.order_by(col(Issue.number))).all()]


def open_early_call(ctx: Context, asset: str) -> PayoutRun | None:
    """The call of an asset that is not cancelled."""
    statement = select(PayoutRun).where(PayoutRun.asset == asset, PayoutRun.kind == "EARLY_CALL")
    return ctx.session.exec(statement.where(PayoutRun.state != RunState.CANCELLED)).first()


def attempts(ctx: Context, issue_id: str, payment_number: int) -> int:
    """How many runs a payment has had."""
    statement = select(func.count()).where(PayoutRun.issue_id == issue_id, PayoutRun.payment_number == payment_number)
    return int(ctx.session.exec(statement).one())


def issues_without_put(ctx: Context) -> list[ChainIssue]:
    """Issues in circulation, their schedule planned, without a run of a put."""
    planned = select(PayoutRun.id).where(PayoutRun.asset == ChainIssue.asset).exists()
    put = select(PayoutRun.id).where(PayoutRun.asset == ChainIssue.asset, PayoutRun.kind == "EARLY_PUT").exists()
    return list(ctx.session.exec(select(ChainIssue).where(ChainIssue.state == "CIRCULATION", planned, ~put)))


def puts(ctx: Context, state: RunState) -> list[PayoutRun]:
    """Puts in a state, locked."""
    statement = select(PayoutRun).where(PayoutRun.kind == "EARLY_PUT", PayoutRun.state == state)
    return list(ctx.session.exec(statement.order_by(col(PayoutRun.id)).with_for_update()))


def puts_of_holder(ctx: Context, wallet: str) -> list[PayoutRun]:
    """Puts of what an address holds now, that are not over."""
    statement = (
        select(PayoutRun)
        .join(ChainHolding, col(ChainHolding.asset) == col(PayoutRun.asset))
        .where(ChainHolding.holder == wallet, col(ChainHolding.units) > 0, PayoutRun.kind == "EARLY_PUT")
        .where(col(PayoutRun.state).not_in(FINAL))
    )
    return list(ctx.session.exec(statement))


def tenders(ctx: Context, run: PayoutRun) -> tuple[list[tuple[str, int]], int]:
    """Who presented how many units, and how many the contract has counted in all."""
    chain = chain_run(ctx, run)
    if chain is None:
        return [], 0
    statement = select(ChainTender.holder, ChainTender.units).where(
        ChainTender.run_id == chain.id, ChainTender.state == "TENDERED"
    )
    return [(holder, units) for holder, units in ctx.session.exec(statement).all()], chain.units_tendered


def early_before(ctx: Context, until: datetime, state: RunState) -> list[PayoutRun]:
    """Early redemptions in a state whose record second is over, locked."""
    statement = select(PayoutRun).where(col(PayoutRun.kind).in_(EARLY), PayoutRun.state == state)
    return list(ctx.session.exec(statement.where(col(PayoutRun.record_at) < until).with_for_update()))


def planned_after_call(ctx: Context) -> list[PayoutRun]:
    """Planned runs of assets that were redeemed early, locked."""
    called = aliased(PayoutRun)
    paid = exists().where(
        col(called.asset) == col(PayoutRun.asset),
        col(called.kind) == "EARLY_CALL",
        col(called.state) == RunState.DONE,
    )
    statement = select(PayoutRun).where(PayoutRun.state == RunState.PLANNED, paid)
    return list(ctx.session.exec(statement.order_by(col(PayoutRun.id)).with_for_update()))


def _call_under_way(run: Any) -> Any:
    return and_(col(run.kind) == "EARLY_CALL", col(run.state).not_in({RunState.PLANNED, RunState.CANCELLED}))


def chain_run(ctx: Context, run: PayoutRun) -> ChainRun | None:
    """The run in the mirror."""
    return ctx.session.exec(select(ChainRun).where(ChainRun.ref == run.chain_ref)).first()


def chain_runs(ctx: Context, refs: Collection[str]) -> dict[str, ChainRun]:
    """Mirrored runs by reference."""
    return {row.ref: row for row in ctx.session.exec(select(ChainRun).where(col(ChainRun.ref).in_(refs)))}


def supply_at(ctx: Context, asset: str, timestamp: int) -> int:
    """Units in existence right after a second."""
    history = ChainSupplyHistory
    statement = select(history.supply_units).where(history.asset == asset, history.timestamp <= timestamp)
    order = (col(history.block_number).desc(), col(history.log_index).desc())
    return ctx.session.exec(statement.order_by(*order).limit(1)).first() or 0


def participants_on_chain(ctx: Context, asset: str) -> dict[str, ChainParticipant]:
    """Allowlist rows of everybody who ever held an asset, by address."""
    statement = select(ChainParticipant).join(ChainHolding, col(ChainHolding.holder) == col(ChainParticipant.address))
    return {row.address: row for row in ctx.session.exec(statement.where(ChainHolding.asset == asset))}


def lines(ctx: Context, run_id: str) -> list[PayoutLine]:
    """All lines of a run in their order."""
    statement = select(PayoutLine).where(PayoutLine.run_id == run_id)
    return list(ctx.session.exec(statement.order_by(col(PayoutLine.place))))


def line_page(ctx: Context, run_id: str, request: PageRequest) -> Page[PayoutLine]:
    """Lines of a run, a page of them; ``q`` finds an address."""
    statement = select(PayoutLine).where(PayoutLine.run_id == run_id)
    if request.q:
        statement = statement.where(col(PayoutLine.holder).contains(request.q.lower()))
    columns = {"units": col(PayoutLine.units), "gross": col(PayoutLine.gross_kopeks), "batch": col(PayoutLine.batch)}
    return paginate(ctx.session, ordered(statement, request, columns, "-units"), request)


def lines_of_batch(ctx: Context, run_id: str, batch: int) -> list[PayoutLine]:
    """Lines of one batch."""
    return list(ctx.session.exec(select(PayoutLine).where(PayoutLine.run_id == run_id, PayoutLine.batch == batch)))


def unpaid_lines(ctx: Context, run_id: str, chain_id: int) -> list[PayoutLine]:
    """Lines that the chain hasn't paid."""
    paid = exists().where(
        and_(col(ChainRunPayment.run_id) == chain_id, col(ChainRunPayment.holder) == col(PayoutLine.holder))
    )
    statement = select(PayoutLine).where(PayoutLine.run_id == run_id, ~paid)
    return list(ctx.session.exec(statement.order_by(col(PayoutLine.place))))


def payments(ctx: Context, chain_id: int) -> dict[str, ChainRunPayment]:
    """What the chain paid in a run, by holder."""
    found = ctx.session.exec(select(ChainRunPayment).where(ChainRunPayment.run_id == chain_id))
    return {row.holder: row for row in found}


def income_before(ctx: Context, run: PayoutRun, since: datetime, until: datetime) -> dict[str, int]:
    """Income of the run's holders in other runs of the same year, in kopeks: the base that the tax steps count from."""
    mine = select(PayoutLine.holder).where(PayoutLine.run_id == run.id)
    excluded = UNPAID | {RunState.PLANNED, RunState.RECORD_FIXED}
    statement = (
        select(PayoutLine.holder, func.sum(PayoutLine.gross_kopeks))
        .join(PayoutRun, col(PayoutRun.id) == col(PayoutLine.run_id))
        .where(
            PayoutRun.part == Part.INCOME,
            PayoutRun.id != run.id,
            col(PayoutRun.state).not_in(excluded),
            col(PayoutRun.due_at) >= since,
            col(PayoutRun.due_at) < until,
            col(PayoutLine.holder).in_(mine),
        )
        .group_by(col(PayoutLine.holder))
    )
    return {holder: int(total or 0) for holder, total in ctx.session.exec(statement).all()}


def tax_rule(ctx: Context) -> ChainPayoutRule | None:
    """The tax rule that the contract follows now."""
    statement = select(ChainPayoutRule).where(ChainPayoutRule.rule == "TAX")
    order = (col(ChainPayoutRule.block_number).desc(), col(ChainPayoutRule.log_index).desc())
    return ctx.session.exec(statement.order_by(*order).limit(1)).first()


def checks(ctx: Context, run: PayoutRun) -> list[PayoutCheck]:
    """Checks of the present calculation."""
    statement = select(PayoutCheck).where(PayoutCheck.run_id == run.id, PayoutCheck.calculation == run.calculation)
    return list(ctx.session.exec(statement.order_by(col(PayoutCheck.at))))


def redeemed_issues(ctx: Context) -> list[ChainIssue]:
    """Redeemed issues without units and without an open run: ready to be closed."""
    still = select(PayoutRun.id).where(PayoutRun.asset == ChainIssue.asset, col(PayoutRun.state).not_in(FINAL)).exists()
    statement = select(ChainIssue).where(ChainIssue.state == "REDEEMED", ChainIssue.supply_units == 0, ~still)
    return list(ctx.session.exec(statement))


def _listed(ctx: Context, statement: Any, request: PageRequest) -> Page[PayoutRun]:
    if request.q:
        found = col(PayoutRun.number).icontains(request.q) | col(PayoutRun.issue_number).icontains(request.q)
        statement = statement.where(found)
    columns = {
        "due_at": col(PayoutRun.due_at),
        "number": col(PayoutRun.number),
        "state": col(PayoutRun.state),
        "gross": col(PayoutRun.gross_kopeks),
    }
    return paginate(ctx.session, ordered(statement, request, columns, "due_at"), request)


def runs(
    ctx: Context,
    request: PageRequest,
    *,
    state: RunState | None = None,
    issue_id: str | None = None,
    since: date | None = None,
    until: date | None = None,
) -> Page[PayoutRun]:
    """Runs of everybody."""
    return _listed(ctx, _filtered(state, issue_id, since, until), request)


def runs_of_issuer(ctx: Context, request: PageRequest, issuer_id: str, *, only_open: bool) -> Page[PayoutRun]:
    """Runs of one issuer's issues, or those that aren't over."""
    statement = select(PayoutRun).where(PayoutRun.issuer_id == issuer_id)
    if only_open:
        statement = statement.where(col(PayoutRun.state).not_in(FINAL))
    return _listed(ctx, statement, request)


def _filtered(state: RunState | None, issue_id: str | None, since: date | None, until: date | None) -> Any:
    statement = select(PayoutRun)
    if state is not None:
        statement = statement.where(PayoutRun.state == state)
    if issue_id is not None:
        statement = statement.where(PayoutRun.issue_id == issue_id)
    if since is not None:
        statement = statement.where(col(PayoutRun.payment_date) >= since)
    if until is not None:
        statement = statement.where(col(PayoutRun.payment_date) <= until)
    return statement


def coming_of(ctx: Context, wallet: str) -> list[tuple[PayoutRun, int]]:
    """Open runs of assets that an address holds now, with its units."""
    called, run = aliased(PayoutRun), PayoutRun
    falls_away = exists().where(
        col(called.asset) == col(run.asset), _call_under_way(called), col(called.record_at) < col(run.record_at)
    )
    statement = (
        select(run, ChainHolding.units)
        .join(ChainHolding, col(ChainHolding.asset) == col(run.asset))
        .where(ChainHolding.holder == wallet, col(ChainHolding.units) > 0, ~falls_away)
        .where(
            or_(
                and_(col(run.state) == RunState.PLANNED, col(run.kind).not_in(EARLY)),
                and_(col(run.state) == RunState.ANNOUNCED, col(run.kind) == "EARLY_CALL"),
            )
        )
    )
    return [(run, units) for run, units in ctx.session.exec(statement.order_by(col(PayoutRun.due_at))).all()]


def ordered_of(ctx: Context, wallet: str) -> list[tuple[PayoutRun, PayoutLine]]:
    """Runs under way whose fixed register names an address, with its line."""
    states = set(RunState) - FINAL - {RunState.PLANNED}
    statement = (
        select(PayoutRun, PayoutLine)
        .join(PayoutLine, col(PayoutLine.run_id) == col(PayoutRun.id))
        .where(PayoutLine.holder == wallet, col(PayoutRun.state).in_(states))
    )
    return [(run, line) for run, line in ctx.session.exec(statement.order_by(col(PayoutRun.due_at))).all()]


def received_of(ctx: Context, wallet: str, request: PageRequest) -> Page[tuple[ChainRunPayment, ChainRun]]:
    """What the chain has paid to an address, the latest first."""
    statement: Any = (
        select(ChainRunPayment, ChainRun)
        .join(ChainRun, col(ChainRun.id) == col(ChainRunPayment.run_id))
        .where(ChainRunPayment.holder == wallet)
        .order_by(col(ChainRunPayment.block_number).desc(), col(ChainRunPayment.log_index).desc())
    )
    return paginate(ctx.session, statement, request)


def runs_by_ref(ctx: Context, refs: Collection[str]) -> dict[str, PayoutRun]:
    """Runs by their reference on chain."""
    return {row.chain_ref: row for row in ctx.session.exec(select(PayoutRun).where(col(PayoutRun.chain_ref).in_(refs)))}
