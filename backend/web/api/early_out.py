"""Answers about early redemption."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel

from backend.payouts.service import Callable, PutView
from backend.web.api.money import rubles


class CallDayOut(BaseModel):
    """A day on which the whole issue may be redeemed."""

    day: date
    record_at: datetime
    price: str


class CallableOut(BaseModel):
    """An issue that its issuer may call; ``payout_id`` of a call that is declared already."""

    issue_id: str
    number: str
    title: str
    notice_days: int
    units: int
    days: list[CallDayOut]
    payout_id: str | None


class PutOut(BaseModel):
    """A put of what the asker holds; rubles a unit."""

    payout_id: str
    issue_id: str
    issue_number: str
    opens_at: datetime
    closes_at: datetime
    payment_date: date
    price: str
    minimum_units: int
    free_units: int
    presented_units: int
    open: bool
    pending: bool


def callable_out(one: Callable) -> CallableOut:
    """The answer about a call."""
    return CallableOut(
        issue_id=one.issue.id,
        number=one.issue.number,
        title=one.issue.title,
        notice_days=one.notice_days,
        units=one.units,
        days=[CallDayOut(day=day.day, record_at=day.record_at, price=rubles(day.price_kopeks)) for day in one.days],
        payout_id=one.present.id if one.present else None,
    )


def put_out(one: PutView) -> PutOut:
    """The answer about a put."""
    return PutOut(
        payout_id=one.run.id,
        issue_id=one.run.issue_id,
        issue_number=one.run.issue_number,
        opens_at=one.opens_at,
        closes_at=one.run.record_at,
        payment_date=one.run.payment_date,
        price=rubles(one.price_kopeks),
        minimum_units=one.minimum_units,
        free_units=one.free_units,
        presented_units=one.presented_units,
        open=one.open,
        pending=one.pending,
    )
