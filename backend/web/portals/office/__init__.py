"""The back office: one module a domain, all over the services."""

from __future__ import annotations

from fastapi import APIRouter

from backend.web.portals.office.cases import router as cases
from backend.web.portals.office.cash import router as cash
from backend.web.portals.office.home import router as home
from backend.web.portals.office.issues import router as issues
from backend.web.portals.office.journal import router as journal
from backend.web.portals.office.limits import router as limits
from backend.web.portals.office.network import router as network
from backend.web.portals.office.network_validators import router as network_validators
from backend.web.portals.office.outbox import router as outbox
from backend.web.portals.office.participants import router as participants
from backend.web.portals.office.payouts import router as payouts
from backend.web.portals.office.placements import router as placements
from backend.web.portals.office.registrar import router as registrar
from backend.web.portals.office.settings import router as settings
from backend.web.portals.office.tasks import router as tasks
from backend.web.portals.office.users import router as users
from backend.web.portals.registers import registers_of

ROUTERS: list[APIRouter] = [
    home,
    cases,
    participants,
    issues,
    placements,
    payouts,
    cash,
    registrar,
    limits,
    registers_of("/office/reports"),
    settings,
    tasks,
    users,
    network_validators,
    network,
    outbox,
    journal,
]
