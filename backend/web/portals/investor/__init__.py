"""The investor's portal: pages over the services; no rule of business lives here."""

from __future__ import annotations

from fastapi import APIRouter

from backend.web.portals.investor import (
    cash,
    catalogue,
    market,
    notifications,
    orders,
    overview,
    payouts,
    portfolio,
    puts,
)
from backend.web.portals.statements import statements_of

ROUTERS: list[APIRouter] = [
    overview.router,
    catalogue.router,
    orders.router,
    portfolio.router,
    market.router,
    cash.router,
    payouts.router,
    puts.router,
    statements_of("investor"),
    notifications.router,
]
