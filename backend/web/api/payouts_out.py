"""Answers about payouts."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from backend.core.money import MICRO
from backend.custody.models import Intent
from backend.payouts import service as payouts
from backend.payouts.service import (
    BatchRow,
    Coming,
    LineRow,
    LineState,
    Part,
    Received,
    RunPage,
    RunRow,
    RunState,
)
from backend.web.api.money import Rubles, rubles
from backend.web.i18n import gettext
from backend.web.labels import label


class RunOut(BaseModel):
    """A run. Sums are rubles; ``per_unit`` has six more decimals than a kopek; funded and paid are the chain's."""

    id: str
    number: str
    issue_id: str
    issue_number: str
    asset: str
    payment_number: int
    part: Part
    kind: str
    kind_text: str
    state: RunState
    state_text: str
    next_step: str
    payment_date: date
    record_at: datetime
    due_at: datetime
    calendar_known: bool
    per_unit: str | None
    rounding: str
    units: int
    holders: int
    gross: Rubles
    tax: Rubles
    net: Rubles
    required: Rubles
    tax_agent: str
    chain_run: int | None
    chain_state: str | None
    funded: Rubles
    paid: Rubles
    withheld: Rubles
    returned: Rubles
    holders_paid: int
    declared_tx: str | None
    funded_tx: str | None
    closed_tx: str | None
    grace_ends_at: datetime | None
    error: str | None


class PromiseOut(BaseModel):
    """A transaction of the run: promised, on its way, recorded or refused."""

    intent_id: str
    state: str
    state_text: str
    summary: str
    tx_hash: str | None
    error: str | None
    created_at: datetime


class CheckOut(BaseModel):
    """An officer's check."""

    user_id: str
    at: datetime


class IndexOut(BaseModel):
    """The entered value of the index."""

    value: str
    source: str
    on: date
    entered_by: str
    confirmed_by: str | None


class RunPageOut(RunOut):
    """A run whole."""

    calculation: int
    register_hash: str | None
    fixing_date: date | None
    accrual_start: date | None
    accrual_end: date | None
    launched_by: str | None
    checks: list[CheckOut]
    index: IndexOut | None
    intents: list[PromiseOut]


class LineOut(BaseModel):
    """What one holder is due and was paid."""

    holder: str
    number: str | None
    name: str | None
    units: int
    batch: int
    tax_status: str
    gross: Rubles | None
    tax: Rubles | None
    net: Rubles | None
    state: LineState
    state_text: str
    tx_hash: str | None
    paid_at: datetime | None


class BatchOut(BaseModel):
    """A batch of holders paid by one transaction."""

    batch: int
    lines: int
    paid: int
    gross: Rubles
    tax: Rubles
    intent: PromiseOut | None


class ComingOut(BaseModel):
    """A payout to expect; ``forecast`` is by the units held now, otherwise by the fixed register."""

    payout_id: str
    number: str
    issue_id: str
    issue_number: str
    kind: str
    kind_text: str
    state: RunState
    state_text: str
    payment_date: date
    due_at: datetime
    record_at: datetime
    units: int
    gross: Rubles | None
    tax: Rubles | None
    forecast: bool


class ReceivedOut(BaseModel):
    """A payout that was made."""

    payout_id: str | None
    number: str | None
    issue_number: str | None
    asset: str
    kind: str
    kind_text: str
    units: int
    gross: Rubles
    tax: Rubles
    net: Rubles
    to_frozen: bool
    tx_hash: str
    at: datetime


def per_unit(micro: int | None) -> str | None:
    """Rubles a unit with all decimals that the rate has, two at least."""
    if micro is None:
        return None
    whole, _, fraction = f"{Decimal(micro) / (MICRO * 100):f}".partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"


def run_out(lang: str, row: RunRow) -> RunOut:
    """The answer about a run."""
    return RunOut(**_run_fields(lang, row))


def _run_fields(lang: str, row: RunRow) -> dict[str, Any]:
    one, chain = row.run, row.chain
    words = label("payout", one.state)
    return {
        **{name: getattr(one, name) for name in _COPIED},
        "kind_text": gettext(label("payout_kind", one.kind).text),
        "state_text": gettext(words.text),
        "next_step": gettext(words.hint) if words.hint else "",
        "per_unit": per_unit(one.micro_kopeks_per_unit),
        "gross": rubles(one.gross_kopeks),
        "tax": rubles(one.tax_kopeks),
        "net": rubles(one.gross_kopeks - one.tax_kopeks),
        "required": rubles(one.required_kopeks),
        "chain_run": chain.id if chain else None,
        "chain_state": chain.state if chain else None,
        "funded": rubles(chain.funded_kopeks if chain else 0),
        "paid": rubles(chain.kopeks_paid if chain else 0),
        "withheld": rubles(chain.withheld_kopeks if chain else 0),
        "returned": rubles(chain.returned_kopeks if chain else 0),
        "holders_paid": chain.holders_paid if chain else 0,
        "declared_tx": chain.declared_tx if chain else None,
        "funded_tx": chain.funded_tx if chain else None,
        "closed_tx": chain.closed_tx if chain else None,
        "grace_ends_at": payouts.grace_end(chain),
        "error": one.error_ru if lang == "ru" else one.error_en,
    }


_COPIED = (
    "id", "number", "issue_id", "issue_number", "asset", "payment_number", "part", "kind", "state", "payment_date",
    "record_at", "due_at", "calendar_known", "rounding", "units", "holders", "tax_agent",
)  # fmt: skip


def run_page_out(lang: str, page: RunPage) -> RunPageOut:
    """The answer about a run, whole."""
    one, index = page.run, page.index
    return RunPageOut(
        **_run_fields(lang, page),
        calculation=one.calculation,
        register_hash=one.register_hash,
        fixing_date=one.fixing_date,
        accrual_start=one.accrual_start,
        accrual_end=one.accrual_end,
        launched_by=one.launched_by,
        checks=[CheckOut(user_id=check.user_id, at=check.at) for check in page.checks],
        index=IndexOut(
            value=index.value,
            source=index.source,
            on=index.on_date,
            entered_by=index.entered_by,
            confirmed_by=index.confirmed_by,
        )
        if index
        else None,
        intents=[promise_out(lang, one) for one in page.intents],
    )


def promise_out(lang: str, intent: Intent) -> PromiseOut:
    """The answer about a transaction of the run."""
    return PromiseOut(
        intent_id=intent.id,
        state=intent.state.value,
        state_text=gettext(label("intent", intent.state).text),
        summary=intent.summary,
        tx_hash=intent.tx_hash,
        error=intent.error_ru if lang == "ru" else intent.error_en,
        created_at=intent.created_at,
    )


def line_out(row: LineRow) -> LineOut:
    """The answer about a line."""
    line, payment = row.line, row.payment
    known = line.gross_kopeks is not None
    return LineOut(
        holder=line.holder,
        number=row.number,
        name=row.name,
        units=line.units,
        batch=line.batch,
        tax_status=line.tax_status,
        gross=rubles(line.gross_kopeks or 0) if known else None,
        tax=rubles(line.tax_kopeks or 0) if known else None,
        net=rubles(row.net_kopeks) if known else None,
        state=row.state,
        state_text=gettext(label("payout_line", row.state).text),
        tx_hash=payment.tx_hash if payment else None,
        paid_at=payment.at if payment else None,
    )


def batch_out(lang: str, row: BatchRow) -> BatchOut:
    """The answer about a batch."""
    return BatchOut(
        batch=row.batch,
        lines=row.lines,
        paid=row.paid,
        gross=rubles(row.gross_kopeks),
        tax=rubles(row.tax_kopeks),
        intent=promise_out(lang, row.intent) if row.intent else None,
    )


def coming_out(one: Coming) -> ComingOut:
    """The answer about a payout to expect."""
    row = one.run
    return ComingOut(
        payout_id=row.id,
        number=row.number,
        issue_id=row.issue_id,
        issue_number=row.issue_number,
        kind=row.kind,
        kind_text=gettext(label("payout_kind", row.kind).text),
        state=row.state,
        state_text=gettext(label("payout", row.state).text),
        payment_date=row.payment_date,
        due_at=row.due_at,
        record_at=row.record_at,
        units=one.units,
        gross=None if one.gross_kopeks is None else rubles(one.gross_kopeks),
        tax=None if one.tax_kopeks is None else rubles(one.tax_kopeks),
        forecast=one.forecast,
    )


def received_out(one: Received) -> ReceivedOut:
    """The answer about a payout that was made."""
    return ReceivedOut(
        payout_id=one.run.id if one.run else None,
        number=one.run.number if one.run else None,
        issue_number=one.run.issue_number if one.run else None,
        asset=one.chain.asset,
        kind=one.chain.kind,
        kind_text=gettext(label("payout_kind", one.chain.kind).text),
        units=one.payment.units,
        gross=rubles(one.payment.gross_kopeks),
        tax=rubles(one.payment.withheld_kopeks),
        net=rubles(one.net_kopeks),
        to_frozen=one.payment.to_frozen,
        tx_hash=one.payment.tx_hash,
        at=one.payment.at,
    )
