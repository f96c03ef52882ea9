"""The issuer's portal: one module a domain, all over the services."""

from __future__ import annotations

from fastapi import APIRouter

from backend.web.portals.issuer import cash, drafts, early, home, payouts, sales

ROUTERS: list[APIRouter] = [home.router, drafts.router, sales.router, early.router, payouts.router, cash.router]
