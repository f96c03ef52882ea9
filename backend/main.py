"""The web process: ``uvicorn backend.main:app``."""

from __future__ import annotations

from backend.web.app import create_app

__all__ = ["app", "create_app"]

app = create_app()
