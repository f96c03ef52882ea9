"""The auditor's portal: explorer of the chain, registers at any date, journal, integrity."""

from __future__ import annotations

from fastapi import APIRouter

from backend.web.portals.audit import chain, control, events, home, journal, network, tokens
from backend.web.portals.registers import registers_of

ROUTERS: list[APIRouter] = [
    home.router,
    chain.router,
    tokens.router,
    events.router,
    control.router,
    network.router,
    registers_of("/audit/registers"),
    journal.router,
]
