"""For anybody: is a document that the operator is said to have given out really its own? Nothing personal is told."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response

from backend.audit.certificates import Certificate, certificate
from backend.core.context import Context
from backend.core.errors import Invalid, NotFound
from backend.reports import service as reports
from backend.reports.service import MADE, FileKind, Verification
from backend.web.deps import Form, OpenPage, PageContext
from backend.web.i18n import gettext as _
from backend.web.routing import page_router

router = page_router("/verify")
_FILE_WORDS = {FileKind.COPY: "copy", FileKind.PAPER: "paper", None: "foreign"}


@router.get("")
def ask(page: OpenPage, number: str = "") -> Response:
    """Number or file."""
    if number.strip():
        return page.redirect(f"/verify/{number.strip().upper()[:40]}")
    return page.render("verify/ask.html")


@router.post("")
def find_by_file(page: OpenPage, form: Form) -> Response:
    """A machine-readable copy is found by its digest alone."""
    found, kind = reports.check_file(page.ctx, _file(form))
    return _shown(page, found, file=_FILE_WORDS[kind])


@router.get("/{number}")
def document(page: OpenPage, number: str, sha256: str = "") -> Response:
    """What is known of a number, and whether a digest belongs to it."""
    try:
        found = reports.verify(page.ctx, number, sha256 or None)
    except NotFound:
        return page.render("verify/unknown.html", 404, number=number[:40])
    return _shown(page, found)


@router.post("/{number}")
def check_file(page: OpenPage, form: Form, number: str) -> Response:
    """Is this file the document of this number?"""
    found, kind = reports.check_file(page.ctx, _file(form), number)
    return _shown(page, found, file=_FILE_WORDS[kind])


@router.get("/{number}/proof.json")
def proof(page: OpenPage, number: str) -> Response:
    """The operator's signature and the way to the root on chain, as a file."""
    found = reports.verify(page.ctx, number)
    return proof_file(certificate_of(page.ctx, found), found.number)


def certificate_of(ctx: Context, found: Verification) -> Certificate:
    """What is attested of a document to anybody."""
    return certificate(ctx, found.attested, action=MADE, entity_id=found.document_id)


def proof_file(made: Certificate, number: str) -> Response:
    """A certificate as a download."""
    text = json.dumps(made.as_dict(), ensure_ascii=False, indent=2)
    headers = {"Content-Disposition": f'attachment; filename="{number}.proof.json"'}
    return Response(text, media_type="application/json", headers=headers)


def _shown(page: PageContext, found: Verification, **more: Any) -> Response:
    context = {"found": found, "certificate": certificate_of(page.ctx, found), "file": "", **more}
    return page.render("verify/document.html", **context)


def _file(form: Form) -> bytes:
    file = form.file("file")
    if file is None:
        raise Invalid(_("Выберите файл."), "Choose a file.", field="file")
    return file.data
