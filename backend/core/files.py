"""Uploaded documents: checked by content, hashed, encrypted, kept by hash of the row and never by the user's file name."""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
from datetime import datetime

from sqlmodel import Field, SQLModel

from backend.core import vault
from backend.core.context import Context
from backend.core.db import UtcDateTime
from backend.core.errors import DomainError, Invalid, NotFound, TooLarge
from backend.core.ids import new_id

# Media types by the bytes that a file starts with (the name and the browser's word are not trusted).
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)
DOCUMENT_TYPES = frozenset(media for _, media in _SIGNATURES)

INFECTED = 1
"""What scanners such as clamdscan end with when they have found something."""
SCAN_WITHIN_S = 60


class StoredFile(SQLModel, table=True):
    """A document; ``sha256`` is of the plain bytes, as published and anchored."""

    __tablename__ = "stored_files"

    id: str = Field(primary_key=True)
    owner_id: str = Field(index=True)
    name: str
    media_type: str
    size_bytes: int
    sha256: str = Field(index=True)
    uploaded_by: str | None = None
    at: datetime = Field(sa_type=UtcDateTime)


def media_type_of(data: bytes) -> str | None:
    """Media type told by the content, or None when it isn't one we take."""
    return next((media for start, media in _SIGNATURES if data.startswith(start)), None)


def store(
    ctx: Context, owner_id: str, filename: str, data: bytes, allowed: frozenset[str] = DOCUMENT_TYPES
) -> StoredFile:
    """Check and keep a document. Raises Invalid (empty, other type) or TooLarge, both naming the field ``file``."""
    if not data:
        raise Invalid("Файл пуст.", "The file is empty.", code="file_empty", field="file")
    limit = ctx.settings.upload_max_bytes
    if len(data) > limit:
        megabytes = limit // (1024 * 1024)
        raise TooLarge(f"Файл больше {megabytes} МБ.", f"The file exceeds {megabytes} MB.", field="file")
    media = media_type_of(data)
    if media is None or media not in allowed:
        raise Invalid(
            "Принимаются файлы PDF, PNG и JPEG.", "Only PDF, PNG and JPEG are taken.", code="file_type", field="file"
        )
    if ctx.settings.virus_scan_command is not None:
        _scan(shlex.split(ctx.settings.virus_scan_command), data)
    row = StoredFile(
        id=new_id(),
        owner_id=owner_id,
        name=safe_name(filename),
        media_type=media,
        size_bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        uploaded_by=ctx.actor.user_id,
        at=ctx.now(),
    )
    _write(ctx, row.id, vault.seal(ctx, owner_id, data))
    ctx.session.add(row)
    ctx.session.flush()
    return row


def load(ctx: Context, file_id: str) -> tuple[StoredFile, bytes]:
    """The row and its plain bytes. Whether the asker may see it is the calling domain's rule."""
    row = ctx.session.get(StoredFile, file_id)
    path = ctx.settings.files_dir / f"{file_id}.bin"
    if row is None or not path.exists():
        raise NotFound
    return row, vault.unseal(ctx, row.owner_id, path.read_bytes())


def destroy(ctx: Context, file_id: str) -> None:
    """Remove a document and its row; nothing happens when it is gone already."""
    (ctx.settings.files_dir / f"{file_id}.bin").unlink(missing_ok=True)
    row = ctx.session.get(StoredFile, file_id)
    if row is not None:
        ctx.session.delete(row)


def safe_name(filename: str) -> str:
    """The last part of the name without control characters, at most 120 characters."""
    name = filename.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in name if c.isprintable())[:120] or "document"


class ScannerSilent(DomainError):
    """The virus scanner gave no verdict, so nothing is taken."""

    status = 503
    code = "scanner_unavailable"
    message_ru = "Проверка файла на вирусы сейчас недоступна. Приложите его позже."
    message_en = "The virus scanner is unavailable. Attach the file later."


def _scan(command: list[str], data: bytes) -> None:
    try:
        verdict = subprocess.run(command, input=data, capture_output=True, timeout=SCAN_WITHIN_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ScannerSilent(field="file") from error
    if verdict.returncode == INFECTED:
        raise Invalid("В файле найден вирус.", "A virus was found in the file.", code="file_infected", field="file")
    if verdict.returncode != 0:
        raise ScannerSilent(field="file")


def _write(ctx: Context, file_id: str, blob: bytes) -> None:
    # Written and synced before the row is committed: a row never points at nothing; a crash leaves at most an orphan file.
    folder = ctx.settings.files_dir
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"{file_id}.tmp"
    with temporary.open("wb") as handle:
        handle.write(blob)
        handle.flush()
        os.fsync(handle.fileno())
    temporary.rename(folder / f"{file_id}.bin")
