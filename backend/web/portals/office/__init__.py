"""The back office: one module a domain, all over the services."""

from __future__ import annotations

from fastapi import APIRouter

from backend.web.portals.office import (
    cases,
    cash,
    home,
    issues,
    journal,
    participants,
    payouts,
    placements,
    tasks,
    users,
)

ROUTERS: list[APIRouter] = [
    home.router,
    cases.router,
    participants.router,
    issues.router,
    placements.router,
    payouts.router,
    cash.router,
    tasks.router,
    users.router,
    journal.router,
]
