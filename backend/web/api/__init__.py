"""JSON API: one module a domain, each with ``router``. Add yours to :data:`ROUTERS`."""

from __future__ import annotations

from fastapi import APIRouter

from backend.web.api import (
    accounts,
    audit,
    auth,
    cash,
    control,
    identity,
    issues,
    network,
    notifications,
    orders,
    outbox,
    payouts,
    registrar,
    reports,
    status,
)

ROUTERS: list[APIRouter] = [
    status.router,
    auth.router,
    accounts.router,
    *identity.ROUTERS,
    cash.router,
    *issues.ROUTERS,
    *orders.ROUTERS,
    outbox.router,
    payouts.router,
    *audit.ROUTERS,
    *control.ROUTERS,
    network.router,
    notifications.router,
    registrar.router,
    reports.router,
]
