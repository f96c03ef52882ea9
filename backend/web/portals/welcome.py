"""The first page of a portal for users who may do nothing yet."""

from __future__ import annotations

from starlette.responses import Response

from backend.web.deps import Page
from backend.web.nav import FACES
from backend.web.routing import page_router

router = page_router()


def welcome(page: Page) -> Response:
    """What this portal is for and what to do first."""
    return page.render("home/welcome.html", face=FACES[page.portal])


for _portal in FACES:
    router.add_api_route(f"/{_portal}", welcome, methods=["GET"])
