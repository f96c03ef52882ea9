"""Options of charts (ECharts). Sums are text of rubles, so that nothing is rounded on the way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from backend.core.clock import to_msk
from backend.issues.service import CashFlow
from backend.orders.service import Position
from backend.payouts.service import Coming
from backend.web.i18n import gettext as _
from backend.web.portals.investor.common import rubles

MONTH = "%m.%Y"
DAY = "%d.%m.%Y"


def of_flow(flow: Sequence[CashFlow]) -> dict[str, Any]:
    """What is paid and received, by day: income and principal stacked."""
    return {
        "legend": {},
        "xAxis": {"type": "category", "data": [one.day.strftime(DAY) for one in flow]},
        "yAxis": {"type": "value", "name": "₽"},
        "series": [
            _bars(_("Вложение и возврат номинала"), [rubles(one.principal_kopeks) or "0" for one in flow]),
            _bars(_("Доход"), [rubles(one.income_kopeks) or "0" for one in flow]),
        ],
    }


def of_positions(positions: Sequence[Position]) -> dict[str, Any]:
    """Shares of the portfolio by nominal value."""
    data = [{"name": one.number, "value": rubles(one.value_kopeks)} for one in positions]
    return {
        "legend": {"bottom": 0, "top": "auto", "right": "center"},
        "series": [
            {"type": "pie", "radius": ["52%", "76%"], "center": ["50%", "44%"], "label": {"show": False}, "data": data}
        ],
    }


def of_coming(coming: Iterable[Coming]) -> dict[str, Any]:
    """Coming payouts by month; those without an amount yet are left out."""
    months: dict[str, int] = {}
    for one in coming:
        month = to_msk(one.run.due_at).strftime(MONTH)
        months[month] = months.get(month, 0) + (one.gross_kopeks or 0)
    return {
        "xAxis": {"type": "category", "data": list(months)},
        "yAxis": {"type": "value", "name": "₽"},
        "series": [_bars(_("К получению"), [rubles(total) for total in months.values()])],
    }


def of_balance(points: Sequence[tuple[datetime, int]]) -> dict[str, Any]:
    """The balance after each move."""
    return {
        "xAxis": {"type": "time", "minInterval": 24 * 3600 * 1000},
        "yAxis": {"type": "value", "name": "₽"},
        "series": [
            {
                "name": _("Остаток"),
                "type": "line",
                "step": "end",
                "showSymbol": False,
                "areaStyle": {"opacity": 0.14},
                "data": [[to_msk(at).strftime("%Y-%m-%d %H:%M:%S"), rubles(total)] for at, total in points],
            }
        ],
    }


def _bars(name: str, data: list[str]) -> dict[str, Any]:
    return {
        "name": name,
        "type": "bar",
        "stack": "all",
        "barMaxWidth": 28,
        "itemStyle": {"borderRadius": 4},
        "data": data,
    }
