"""Pages: one package a portal, one module a domain, each with ``router``. Add yours to :data:`ROUTERS`."""

from __future__ import annotations

from fastapi import APIRouter

from backend.web import live
from backend.web.portals import audit, auth, dev, investor, issuer, office, oidc, onboarding, profile, verify, welcome
from backend.web.portals.issuer import reports as issuer_reports
from backend.web.portals.statements import statements_of

ROUTERS: list[APIRouter] = [
    auth.router,
    oidc.router,
    verify.router,
    profile.router,
    *audit.ROUTERS,  # before the streams: /audit/events is a page, and a stream when it is asked for a topic
    live.router,
    dev.router,
    *issuer.ROUTERS,
    issuer_reports.router,
    statements_of("issuer"),
    *office.ROUTERS,
    onboarding.router,
    *investor.ROUTERS,
    welcome.router,  # last: a portal's own home page wins over it
]
