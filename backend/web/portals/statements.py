"""Statements of a participant: make one, find it again, hand it to somebody who can check it. The same pages in both portals."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from starlette.responses import Response

from backend.core.clock import MSK
from backend.core.errors import Invalid
from backend.core.permissions import Permission
from backend.reports import service as reports
from backend.web.deps import Form, Listing, Page, PageContext
from backend.web.exports import Columns, export
from backend.web.i18n import gettext as _
from backend.web.portals.verify import certificate_of, proof_file
from backend.web.render import moment as told
from backend.web.routing import page_router


def statements_of(portal: str) -> APIRouter:
    """The pages under ``/{portal}/statements``."""
    path = f"/{portal}/statements"
    router = page_router(path)

    @router.get("")
    def statements(page: Page, listing: Listing) -> Response:
        """What was given out, the latest first, and a form for a new one."""
        page.ctx.require(Permission.REPORT_OWN)
        admitted = page.actor.participant_id is not None
        rows = reports.my_documents(page.ctx, listing) if admitted else None
        periods = {one.number: reports.document_period(page.ctx, one) for one in rows.items} if rows else {}
        if listing.file and rows:
            return export(rows, _columns(page, periods), "statements", listing.file)
        at = page.ctx.now()
        now = at.astimezone(MSK).strftime("%Y-%m-%dT%H:%M")
        return page.render(
            "statements/list.html", rows=rows, listing=listing, periods=periods, base=path, at=at, now=now
        )

    @router.post("")
    def make(page: Page, form: Form) -> Response:
        """A statement for a period of Moscow time; without an end, of this very moment."""
        made = reports.make_statement(page.ctx, _moment(form, "since"), _moment(form, "until"))
        return page.redirect(path, toast=_("Выписка %(number)s готова.") % {"number": made.number})

    @router.get("/{number}.pdf")
    def paper(page: Page, number: str) -> Response:
        """On paper."""
        return _download(reports.document_pdf(page.ctx, number), "application/pdf", f"{number}.pdf")

    @router.get("/{number}.json")
    def copy(page: Page, number: str) -> Response:
        """For machines; its SHA-256 stands on the paper."""
        return _download(reports.document_json(page.ctx, number), "application/json", f"{number}.json")

    @router.get("/{number}.proof")
    def proof(page: Page, number: str) -> Response:
        """The operator's signature and the proof against the root on chain."""
        page.ctx.require(Permission.REPORT_OWN)
        found = reports.verify(page.ctx, number)
        return proof_file(certificate_of(page.ctx, found), found.number)

    return router


def _columns(page: PageContext, periods: dict[str, tuple[datetime, datetime]]) -> Columns:
    address = page.ctx.settings.public_url
    return [
        (_("Номер"), lambda row: row.number),
        (_("Составлена"), lambda row: told(row.made_at)),
        (_("Период с"), lambda row: told(periods[row.number][0])),
        (_("Период по"), lambda row: told(periods[row.number][1])),
        (_("Блок"), lambda row: row.block_number),
        (_("SHA-256"), lambda row: row.sha256),
        (_("Страница проверки"), lambda row: f"{address}/verify/{row.number}"),
    ]


def _moment(form: Form, name: str) -> datetime | None:
    text = form.get(name)
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid("Нужны дата и время.", "A date and a time are needed.", field=name) from error
    return found if found.tzinfo else found.replace(tzinfo=MSK)


def _download(content: bytes, media: str, name: str) -> Response:
    return Response(content, media_type=media, headers={"Content-Disposition": f'attachment; filename="{name}"'})
