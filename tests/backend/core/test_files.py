"""Documents: checked by content, by the scanner that the operator has, and kept encrypted."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace

import pytest

from backend.core import files
from backend.core.context import Context
from backend.core.errors import DomainError, Invalid
from backend.core.permissions import Role
from tests.backend.conftest import ContextMaker

PDF = b"%PDF-1.7 synthetic"
EICAR_LIKE = b"%PDF-1.7 EICAR"
SCANNER = "import sys; sys.exit(1 if b'EICAR' in sys.stdin.buffer.read() else 0)"


def scanned(ctx: Context, command: str) -> Context:
    return replace(ctx, settings=ctx.settings.model_copy(update={"virus_scan_command": command}))


@pytest.fixture
def ctx(ctx_for: ContextMaker) -> Context:
    return scanned(ctx_for(Role.INVESTOR), f"{shlex.quote(sys.executable)} -c {shlex.quote(SCANNER)}")


def test_a_document_that_the_scanner_passes_is_kept(ctx: Context) -> None:
    stored = files.store(ctx, "owner", "паспорт.pdf", PDF)
    assert files.load(ctx, stored.id) == (stored, PDF)


def test_a_document_that_the_scanner_condemns_is_refused_and_not_kept(ctx: Context) -> None:
    with pytest.raises(Invalid) as refused:
        files.store(ctx, "owner", "паспорт.pdf", EICAR_LIKE)
    assert (refused.value.code, refused.value.field) == ("file_infected", "file")
    assert not list(ctx.settings.files_dir.glob("*.bin"))


@pytest.mark.parametrize("command", ["/nonexistent/scanner", f"{shlex.quote(sys.executable)} -c 'raise SystemExit(2)'"])
def test_without_a_verdict_nothing_is_taken(ctx: Context, command: str) -> None:
    with pytest.raises(DomainError) as refused:
        files.store(scanned(ctx, command), "owner", "паспорт.pdf", PDF)
    assert (refused.value.status, refused.value.code) == (503, "scanner_unavailable")


def test_the_kept_bytes_do_not_show_the_document(ctx: Context) -> None:
    files.store(ctx, "owner", "паспорт.pdf", PDF)
    (blob,) = ctx.settings.files_dir.glob("*.bin")
    assert PDF not in blob.read_bytes()
