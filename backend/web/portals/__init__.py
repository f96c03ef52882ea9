"""Pages: one package a portal, one module a domain, each with ``router``. Add yours to :data:`ROUTERS`."""

from __future__ import annotations

from fastapi import APIRouter

from backend.web import live
from backend.web.portals import auth, dev, office, oidc, profile, welcome

ROUTERS: list[APIRouter] = [
    auth.router,
    oidc.router,
    profile.router,
    live.router,
    dev.router,
    *office.ROUTERS,
    welcome.router,  # last: a portal's own home page wins over it
]
