"""How a domain makes its routers."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.responses import HTMLResponse

from backend.web.idempotency import OnceRoute

# Number of a row in an address; a larger one would not fit the databases' 64 bits.
RowNumber = Annotated[int, Path(ge=0, le=2**62)]

PROBLEM = {"description": "Problem details (RFC 9457)", "content": {"application/problem+json": {}}}
PROBLEMS: dict[int | str, dict[str, Any]] = {401: PROBLEM, 403: PROBLEM, 409: PROBLEM, 422: PROBLEM}


def api_router(prefix: str, tag: str) -> APIRouter:
    """JSON routes under /api/v1 + ``prefix``; idempotency keys are honoured."""
    return APIRouter(prefix=f"/api/v1{prefix}", tags=[tag], route_class=OnceRoute, responses=PROBLEMS)


def page_router(prefix: str = "") -> APIRouter:
    """Pages under ``prefix`` (such as /investor); not in the API's description."""
    return APIRouter(prefix=prefix, route_class=OnceRoute, include_in_schema=False, default_response_class=HTMLResponse)
