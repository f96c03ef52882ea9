"""What other packages may call, in one place."""

from __future__ import annotations

from backend.reports.models import IssuedDocument, RegisterSnapshot
from backend.reports.registers import Period, RegisterKind, Table, note_read, register
from backend.reports.snapshots import freeze_month, snapshot_table, snapshots
from backend.reports.statements import (
    MADE,
    FileKind,
    Verification,
    check_file,
    document_json,
    document_pdf,
    document_period,
    make_statement,
    my_documents,
    verify,
)

__all__ = [
    "MADE",
    "FileKind",
    "IssuedDocument",
    "Period",
    "RegisterKind",
    "RegisterSnapshot",
    "Table",
    "Verification",
    "check_file",
    "document_json",
    "document_pdf",
    "document_period",
    "freeze_month",
    "make_statement",
    "my_documents",
    "note_read",
    "register",
    "snapshot_table",
    "snapshots",
    "verify",
]
