"""The application: routes at import, engine and settings at start."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import select
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.staticfiles import StaticFiles

from backend.core.clock import clock_of
from backend.core.db import unit_of_work
from backend.settings import Settings, get_settings
from backend.web import api, errors, portals
from backend.web.security import Shell
from indexer.db import create_database_engine

STATIC = Path(__file__).parent / "static"
DESCRIPTION = (
    "Operator of an information system that issues digital financial assets (259-ФЗ): JSON API of all portals."
)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application with all routes; nothing is opened before its start. ``settings`` default to the environment's."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.settings = settings or get_settings()
        app.state.clock = clock_of(app.state.settings.clock)
        app.state.engine = create_database_engine(app.state.settings.database_url)
        yield
        app.state.engine.dispose()

    app = FastAPI(
        title="Kapital", version="1.0.0", description=DESCRIPTION, lifespan=lifespan, docs_url=None, redoc_url=None,
        openapi_url="/api/v1/openapi.json",
    )  # fmt: skip
    app.add_middleware(Shell)
    errors.install(app)
    for router in (*api.ROUTERS, *portals.ROUTERS):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_api_route("/healthz", alive, include_in_schema=False)
    app.add_api_route("/readyz", ready, include_in_schema=False)
    return app


def ready(request: Request) -> PlainTextResponse:
    """The process can do its work: the database answers. 503 when it doesn't; a load balancer then asks another process."""
    try:
        with unit_of_work(request.app.state.engine, write=False) as session:
            session.exec(select(1)).one()
    except SQLAlchemyError:
        return PlainTextResponse("the database gives no answer", status_code=503)
    return PlainTextResponse("ok")


def alive() -> PlainTextResponse:
    """The process answers."""
    return PlainTextResponse("ok")
