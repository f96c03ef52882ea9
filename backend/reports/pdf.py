"""A statement on paper, set by Typst from the statement's content; the template is ``data/statement.typ``."""

from __future__ import annotations

import io
import json
from importlib.resources import as_file, files
from typing import Any

import segno
import typst


def statement(content: dict[str, Any], sha256: str, verify_url: str) -> bytes:
    """PDF of a statement with its digest and the address where both can be checked; the same arguments give the same bytes."""
    texts = {"content": json.dumps(content, ensure_ascii=False), "sha256": sha256, "verify_url": verify_url}
    inputs = {**texts, "qr": _qr(verify_url)}
    with as_file(files("backend.reports").joinpath("data/statement.typ")) as template:
        made = typst.compile(str(template), format="pdf", sys_inputs=inputs)
    if not isinstance(made, bytes):
        raise TypeError("one PDF was expected")
    return made


def _qr(url: str) -> str:
    drawing = io.BytesIO()
    segno.make(url, error="m").save(drawing, kind="svg", border=0, svgclass=None, lineclass=None)
    return drawing.getvalue().decode()
