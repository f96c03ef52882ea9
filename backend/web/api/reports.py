"""Registers, statements, frozen registers, and the check of a document by its number."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import File, Form, Query, UploadFile
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from backend.audit.certificates import certificate
from backend.issues import service as issues
from backend.reports import service as reports
from backend.reports.service import MADE, FileKind, IssuedDocument, RegisterKind, RegisterSnapshot, Table, Verification
from backend.web import exports
from backend.web.api.money import PageOut, page_out
from backend.web.deps import Ctx, Listing, OpenCtx, open_context
from backend.web.routing import api_router

router = api_router("/reports", "reports")

Format = Annotated[Literal["json", "csv", "xlsx"], Query(alias="format")]


class StatementBody(BaseModel):
    """A statement for a period; ``number`` of a participant for officers, left out for one's own."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"since": "2026-12-01T00:00:00+03:00", "until": "2026-12-31T23:59:59+03:00"}]},
    )
    since: datetime | None = None
    until: datetime | None = None
    number: str | None = Field(None, max_length=30)


class TableOut(BaseModel):
    """A register as titles and rows."""

    name: str
    titles: list[str]
    rows: list[list[Any]]


class DocumentOut(BaseModel):
    """A document that was given out."""

    number: str
    kind: str
    sha256: str
    block_number: int
    made_at: datetime
    pdf: str
    json_: str = Field(serialization_alias="json")


class VerificationOut(BaseModel):
    """``matches`` is null when no digest was given."""

    number: str
    kind: str
    sha256: str
    made_at: datetime
    block_number: int
    block_hash: str
    matches: bool | None


class FileCheckOut(VerificationOut):
    """``file``: copy (machine-readable), paper (PDF), null when it isn't ours or was changed."""

    file: FileKind | None


class SnapshotOut(BaseModel):
    """A frozen register."""

    month: str
    kind: str
    rows: int
    sha256: str
    made_at: datetime


@router.get("/registers/{kind}", summary="A register", response_model=TableOut)
def register(
    ctx: Ctx,
    request: Request,
    kind: RegisterKind,
    since: datetime | None = None,
    until: datetime | None = None,
    as_: Format = "json",
) -> Any:
    """Participants, issues, deals, holders at a moment, payouts; ``format`` json, csv or xlsx."""
    table = reports.register(ctx, kind, since, until)
    with open_context(request, ctx.actor) as noting:
        reports.note_read(noting, table, until)
    return table_answer(table, as_)


@router.get("/issues/{issue_id}/holders", summary="Holders of an issue", response_model=TableOut)
def holders(ctx: Ctx, issue_id: str, at: datetime | None = None, as_: Format = "csv") -> Any:
    """For the issue's own issuer, officers and auditors, right after a moment (now when left out)."""
    rows = [[one.number or "", one.name or "", one.wallet, one.units] for one in issues.holders(ctx, issue_id, at)]
    return table_answer(Table("holders", ["Номер", "Держатель", "Адрес", "Единиц"], rows), as_)


@router.post("/statements", status_code=201, summary="Give out a statement")
def make_statement(ctx: Ctx, body: StatementBody) -> DocumentOut:
    """Rights and rubles at the end of the period, operations within it."""
    return document_out(reports.make_statement(ctx, body.since, body.until, body.number))


@router.get("/documents", summary="My documents")
def documents(ctx: Ctx, listing: Listing) -> PageOut[DocumentOut]:
    """The latest first."""
    return page_out(reports.my_documents(ctx, listing), document_out)


@router.get("/documents/{number}.pdf", summary="A document on paper")
def document_pdf(ctx: Ctx, number: str) -> Response:
    """PDF."""
    return _file(reports.document_pdf(ctx, number), "application/pdf", f"{number}.pdf")


@router.get("/documents/{number}.json", summary="A document for machines")
def document_json(ctx: Ctx, number: str) -> Response:
    """Its SHA-256 is the one on the paper."""
    return _file(reports.document_json(ctx, number), "application/json", f"{number}.json")


@router.get("/verify/{number}", summary="Check a document")
def verify(ctx: OpenCtx, number: str, sha256: Annotated[str | None, Query(max_length=70)] = None) -> VerificationOut:
    """Open to everybody; the owner isn't told."""
    return verification_out(reports.verify(ctx, number, sha256))


@router.get("/verify/{number}/proof", summary="Proof of a document")
def proof(ctx: OpenCtx, number: str) -> dict[str, Any]:
    """Open to everybody: what is attested, the operator's signature (Ed25519) and the way to the journal's root on chain."""
    found = reports.verify(ctx, number)
    return certificate(ctx, found.attested, action=MADE, entity_id=found.document_id).as_dict()


@router.post("/verify", summary="Check a file")
def verify_file(
    ctx: OpenCtx, file: Annotated[UploadFile, File()], number: Annotated[str | None, Form(max_length=40)] = None
) -> FileCheckOut:
    """Open to everybody; the file isn't kept. Without ``number`` only a machine-readable copy is found."""
    found, kind = reports.check_file(ctx, file.file.read(), number)
    return FileCheckOut(**verification_out(found).model_dump(), file=kind)


@router.get("/snapshots", summary="Frozen registers")
def snapshots(ctx: Ctx) -> list[SnapshotOut]:
    """The latest month first."""
    return [snapshot_out(one) for one in reports.snapshots(ctx)]


@router.get("/snapshots/{month}/{kind}", summary="A frozen register", response_model=TableOut)
def snapshot(ctx: Ctx, month: str, kind: RegisterKind, as_: Format = "json") -> Any:
    """As it was at the end of the month."""
    return table_answer(reports.snapshot_table(ctx, month, kind.value)[1], as_)


def table_answer(table: Table, kind: Literal["json", "csv", "xlsx"]) -> TableOut | Response:
    """A table as JSON or as a file."""
    if kind == "json":
        return TableOut(name=table.name, titles=table.titles, rows=table.rows)
    columns = [(title, lambda row, place=place: row[place]) for place, title in enumerate(table.titles)]
    return exports.export(table.rows, columns, table.name, kind)


def document_out(row: IssuedDocument) -> DocumentOut:
    """The answer about a document."""
    path = f"/api/v1/reports/documents/{row.number}"
    return DocumentOut(
        number=row.number,
        kind=row.kind,
        sha256=row.sha256,
        block_number=row.block_number,
        made_at=row.made_at,
        pdf=f"{path}.pdf",
        json_=f"{path}.json",
    )


def verification_out(found: Verification) -> VerificationOut:
    """The answer about a check."""
    return VerificationOut(**{name: getattr(found, name) for name in VerificationOut.model_fields})


def snapshot_out(row: RegisterSnapshot) -> SnapshotOut:
    """The answer about a frozen register."""
    return SnapshotOut(**{name: getattr(row, name) for name in SnapshotOut.model_fields})


def _file(content: bytes, media: str, name: str) -> Response:
    return Response(content, media_type=media, headers={"Content-Disposition": f'attachment; filename="{name}"'})
