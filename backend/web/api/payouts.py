"""Payouts: the office's calendar and acts, the issuer's funding, an investor's coming and received payouts."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from backend.core.pagination import FileKind, Page
from backend.payouts import service as payouts
from backend.payouts.service import RunState
from backend.web import exports
from backend.web.api.early_out import CallableOut, PutOut, callable_out, put_out
from backend.web.api.identity_out import IntentOut, intent_out
from backend.web.api.money import PageOut, page_out, rubles
from backend.web.api.payouts_out import (
    BatchOut,
    ComingOut,
    LineOut,
    ReceivedOut,
    RunOut,
    RunPageOut,
    batch_out,
    coming_out,
    line_out,
    received_out,
    run_out,
    run_page_out,
)
from backend.web.deps import Ctx, Listing
from backend.web.i18n import gettext, mark
from backend.web.labels import label
from backend.web.routing import api_router

router = api_router("/payouts", "payouts")


class Body(BaseModel):
    """Base of request bodies."""

    model_config = ConfigDict(extra="forbid")


class IndexBody(Body):
    """Value of the index that a floating or indexed payment follows: percents a year, or rubles."""

    value: str = Field(max_length=30, examples=["16.50"])
    source: str = Field(max_length=200, examples=["Банк России, ключевая ставка"])
    on: date = Field(examples=["2026-12-16"])


class CallBody(Body):
    """The issuer's call."""

    issue_id: str = Field(max_length=40)
    day: date = Field(examples=["2027-03-04"])


class UnitsBody(Body):
    """How many units."""

    units: int = Field(gt=0, le=2**62, examples=[10])


class ReasonBody(Body):
    """Why."""

    reason: str = Field(max_length=300, examples=["Ошибка в расчёте"])


# --- lists ------------------------------------------------------------------------------------------------------------


@router.get("", summary="Payouts of all issues", response_model=PageOut[RunOut])
def all_runs(
    ctx: Ctx,
    listing: Listing,
    state: RunState | None = None,
    issue_id: str | None = None,
    since: date | None = None,
    until: date | None = None,
) -> Any:
    """The office's calendar; ``q`` finds a number of the payout or of the issue."""
    page = payouts.all_runs(ctx, listing, state=state, issue_id=issue_id, since=since, until=until)
    return _file(page, listing.file) or page_out(page, lambda row: run_out(ctx.lang, row))


@router.get("/issuer", summary="Payouts of own issues", response_model=PageOut[RunOut])
def issuer_runs(ctx: Ctx, listing: Listing) -> Any:
    """The issuer's calendar."""
    page = payouts.issuer_runs(ctx, listing)
    return _file(page, listing.file) or page_out(page, lambda row: run_out(ctx.lang, row))


@router.get("/coming", summary="Payouts that I may expect")
def coming(ctx: Ctx) -> list[ComingOut]:
    """By the fixed register, or a forecast by the units held now."""
    return [coming_out(one) for one in payouts.coming(ctx)]


@router.get("/received", summary="Payouts that I received")
def received(ctx: Ctx, listing: Listing) -> PageOut[ReceivedOut]:
    """As the chain recorded them, the latest first."""
    return page_out(payouts.received(ctx, listing), received_out)


@router.get("/calls", summary="Issues that I may redeem early")
def calls(ctx: Ctx) -> list[CallableOut]:
    """The issuer's call by the decision: the days that the notice leaves, and what a unit is paid."""
    return [callable_out(one) for one in payouts.my_calls(ctx)]


@router.post("/calls", status_code=201, summary="Redeem an issue early")
def declare_call(ctx: Ctx, body: CallBody) -> RunPageOut:
    """The whole issue on a payment day; declared in the issuer's name; needs a fresh second factor."""
    return run(ctx, payouts.declare_call(ctx, body.issue_id, body.day).id)


@router.get("/puts", summary="Puts of what I hold")
def puts(ctx: Ctx) -> list[PutOut]:
    """Windows in which the issuer must buy back what is presented."""
    return [put_out(one) for one in payouts.my_puts(ctx)]


@router.post("/{run_id}/tender", summary="Present units to a put")
def tender(ctx: Ctx, run_id: str, body: UnitsBody) -> IntentOut:
    """Within its window; adds to what was presented; needs a fresh second factor."""
    return intent_out(payouts.tender(ctx, run_id, body.units))


@router.get("/{run_id}", summary="A payout")
def run(ctx: Ctx, run_id: str) -> RunPageOut:
    """For the office and the issuer."""
    return run_page_out(ctx.lang, payouts.run_page(ctx, run_id))


@router.get("/{run_id}/lines", summary="Payments by holder", response_model=PageOut[LineOut])
def lines(ctx: Ctx, run_id: str, listing: Listing) -> Any:
    """The report of payments; ``format=csv`` or ``xlsx`` gives all of it."""
    page = payouts.run_lines(ctx, run_id, listing)
    if listing.file:
        return exports.export(page, LINE_COLUMNS, "payments", listing.file)
    return page_out(page, line_out)


@router.get("/{run_id}/batches", summary="Batches")
def batches(ctx: Ctx, run_id: str) -> list[BatchOut]:
    """Each is one transaction."""
    return [batch_out(ctx.lang, one) for one in payouts.run_batches(ctx, run_id)]


# --- acts -------------------------------------------------------------------------------------------------------------


@router.post("/{run_id}/index", summary="Enter the value of the index")
def enter_index(ctx: Ctx, run_id: str, body: IndexBody) -> RunPageOut:
    """Another officer confirms it."""
    payouts.enter_index(ctx, run_id, body.value, body.source, body.on)
    return run(ctx, run_id)


@router.post("/{run_id}/index/confirm", summary="Confirm the value of the index")
def confirm_index(ctx: Ctx, run_id: str) -> RunPageOut:
    """By another officer than the one who entered it."""
    payouts.confirm_index(ctx, run_id)
    return run(ctx, run_id)


@router.post("/{run_id}/calculate", summary="Calculate anew")
def calculate(ctx: Ctx, run_id: str) -> RunPageOut:
    """On the same register; another officer checks it."""
    payouts.recalculate(ctx, run_id)
    return run(ctx, run_id)


@router.post("/{run_id}/check", summary="Check a calculation")
def check(ctx: Ctx, run_id: str) -> RunPageOut:
    """It is then declared on chain."""
    payouts.check(ctx, run_id)
    return run(ctx, run_id)


@router.post("/{run_id}/declare", summary="Declare again after a refusal")
def declare(ctx: Ctx, run_id: str) -> IntentOut:
    """By an officer in the operator's name or by the issuer."""
    return intent_out(payouts.declare(ctx, run_id))


@router.post("/{run_id}/fund", summary="Fund a payout")
def fund(ctx: Ctx, run_id: str) -> IntentOut:
    """The whole sum from the issuer's free rubles; needs a fresh second factor."""
    return intent_out(payouts.fund(ctx, run_id))


@router.post("/{run_id}/cancel", summary="Cancel a payout")
def cancel(ctx: Ctx, run_id: str, body: ReasonBody) -> RunPageOut:
    """Before the first batch."""
    payouts.cancel(ctx, run_id, body.reason)
    return run(ctx, run_id)


@router.post("/{run_id}/retry", summary="Send refused batches again")
def retry(ctx: Ctx, run_id: str) -> RunPageOut:
    """Of a partial run."""
    payouts.retry(ctx, run_id)
    return run(ctx, run_id)


@router.post("/{run_id}/repeat", status_code=201, summary="Plan a cancelled payout anew")
def repeat(ctx: Ctx, run_id: str) -> RunPageOut:
    """A run of its own."""
    return run(ctx, payouts.repeat(ctx, run_id).id)


# --- files ------------------------------------------------------------------------------------------------------------


RUN_COLUMNS: exports.Columns = [
    (mark("Номер"), lambda row: row.run.number),
    (mark("Выпуск"), lambda row: row.run.issue_number),
    (mark("Вид"), lambda row: row.run.kind),
    (mark("Состояние"), lambda row: gettext(label("payout", row.run.state).text)),
    (mark("Дата выплаты"), lambda row: row.run.payment_date.isoformat()),
    (mark("Держателей"), lambda row: row.run.holders),
    (mark("Единиц"), lambda row: row.run.units),
    (mark("Начислено, руб."), lambda row: rubles(row.run.gross_kopeks)),
    (mark("Налог, руб."), lambda row: rubles(row.run.tax_kopeks)),
    (mark("Выплачено, руб."), lambda row: rubles(row.chain.kopeks_paid if row.chain else 0)),
]
LINE_COLUMNS: exports.Columns = [
    (mark("Адрес"), lambda row: row.line.holder),
    (mark("Номер"), lambda row: row.number or ""),
    (mark("Держатель"), lambda row: row.name or ""),
    (mark("Единиц"), lambda row: row.line.units),
    (mark("Начислено, руб."), lambda row: rubles(row.line.gross_kopeks or 0)),
    (mark("Налог, руб."), lambda row: rubles(row.line.tax_kopeks or 0)),
    (mark("К получению, руб."), lambda row: rubles(row.net_kopeks)),
    (mark("Состояние"), lambda row: gettext(label("payout_line", row.state).text)),
    (mark("Транзакция"), lambda row: row.payment.tx_hash if row.payment else ""),
]


def _file(rows: Page[Any], kind: FileKind | None) -> Response | None:
    return exports.export(rows, RUN_COLUMNS, "payouts", kind) if kind else None
