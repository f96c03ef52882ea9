"""Who must have got what, from the decision files alone, by code that shares nothing with the platform.

Written the plain way on purpose: Decimal, dates, loops. If it and the platform agree to the kopek, two different calculations do.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

KOPEK = Decimal("0.01")
RUBLE = Decimal(1)
MICRO_KOPEK = Decimal("0.00000001")
NDFL, NDFL_ABOVE, STEP = Decimal("0.13"), Decimal("0.15"), Decimal(2_400_000)
# Days off of the production calendar that the two schedules meet.
NEW_YEAR_2027 = {date(2027, 1, day) for day in range(1, 11)}
MAY_2027 = {date(2027, 5, 3), date(2027, 5, 10)}


def half_up(value: Decimal, step: Decimal) -> Decimal:
    """Round to a step, halves away from zero."""
    return value.quantize(step, ROUND_HALF_UP)


def following(day: date) -> date:
    """The next working day on or after."""
    while day.weekday() >= 5 or day in NEW_YEAR_2027 | MAY_2027:
        day += timedelta(days=1)
    return day


def coupon_dates(decision: dict[str, Any]) -> list[date]:
    """Planned dates of a monthly coupon."""
    first = date.fromisoformat(decision["income"]["first_payment"])
    dates = []
    for index in range(decision["income"]["payments"]):
        month = first.month - 1 + index
        dates.append(date(first.year + month // 12, month % 12 + 1, first.day))
    return dates


def coupon_of_unit(decision: dict[str, Any], start: date, end: date) -> Decimal:
    """Income of one unit in a period, ACT/365, rubles, not rounded."""
    rate = Decimal(decision["income"]["rate"]) / 100
    return Decimal(decision["nominal"]) * rate * (end - start).days / 365


def tax(income: Decimal, earlier: Decimal = Decimal(0)) -> Decimal:
    """НДФЛ of a payment in whole rubles, halves up (НК РФ ст. 52 п. 6): 13 %, above 2.4 million of the year's income 15 %."""
    below = max(Decimal(0), min(income, STEP - earlier))
    return half_up(below * NDFL + (income - below) * NDFL_ABOVE, RUBLE)


def monthly_coupons(decision: dict[str, Any], holders: list[dict[str, int]]) -> list[tuple[str, str, Decimal]]:
    """(payment date, holder, gross) of each coupon; ``holders`` lists units by holder at each record date. PER_UNIT rounding."""
    start = date.fromisoformat(decision["crediting"])
    paid = []
    for end, units in zip(coupon_dates(decision), holders, strict=True):
        one = half_up(coupon_of_unit(decision, start, end), KOPEK)
        paid += [(following(end).isoformat(), who, one * count) for who, count in units.items()]
        start = end
    return paid


def discount_income(decision: dict[str, Any], units: dict[str, int]) -> list[tuple[str, str, Decimal]]:
    """(payment date, holder, gross) of the one payment. The rate of a unit is declared in millionths of a kopek; PER_HOLDER rounding."""
    start, end = date.fromisoformat(decision["crediting"]), date.fromisoformat(decision["redemption"]["date"])
    one = half_up(coupon_of_unit(decision, start, end), MICRO_KOPEK)
    return [(following(end).isoformat(), who, half_up(one * count, KOPEK)) for who, count in units.items()]


def with_tax(payments: list[tuple[str, str, Decimal]]) -> dict[str, list[tuple[Decimal, Decimal]]]:
    """(gross, tax) by holder, taxed in order of time on the year's running income."""
    found: dict[str, list[tuple[Decimal, Decimal]]] = {}
    for _, who, gross in sorted(payments, key=lambda one: one[0]):
        earlier = sum((one for one, _ in found.get(who, [])), Decimal(0))
        found.setdefault(who, []).append((gross, tax(gross, earlier)))
    return found


def fifo(orders: list[tuple[str, int]], maximum: int) -> dict[str, int]:
    """First come, first served; the last one in part."""
    got: dict[str, int] = {}
    left = maximum
    for who, units in orders:
        take = min(units, left)
        got[who] = got.get(who, 0) + take
        left -= take
    return got


def pro_rata(orders: list[tuple[str, int]], maximum: int) -> dict[str, int]:
    """Shares in proportion; running totals rounded down, so nothing is left over."""
    demand = sum(units for _, units in orders)
    if demand <= maximum:
        return fifo(orders, maximum)
    got: dict[str, int] = {}
    before = running = 0
    for who, units in orders:
        running += units
        upto = running * maximum // demand
        got[who] = got.get(who, 0) + upto - before
        before = upto
    return got
