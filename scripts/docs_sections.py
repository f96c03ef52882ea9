"""Generated sections of documents: what stands between two markers is made from the code, the rest is written by hand.

<!-- generated: NAME -->
…
<!-- end: NAME -->
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent / "docs"


class MarkersMissingError(Exception):
    """The document has no place for the section."""


def with_section(document: str, name: str, body: str) -> str:
    """The document with the section's content replaced. Raises MarkersMissingError."""
    begin, end = f"<!-- generated: {name} -->\n", f"<!-- end: {name} -->"
    before, found, rest = document.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise MarkersMissingError(f"markers of the section {name!r} are missing")
    return f"{before}{begin}\n{body.strip()}\n\n{end}{after}"


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; a bar inside a cell is escaped."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def refresh(path: Path, sections: Mapping[str, str], *, check: bool) -> int:
    """Write the sections into the document, or only compare them; 1 when they differ and `check` is asked for."""
    present = path.read_text(encoding="utf-8")
    fresh = present
    for name, body in sections.items():
        fresh = with_section(fresh, name, body)
    if fresh == present:
        return 0
    if check:
        print(f"{path.relative_to(DOCS.parent)} is not what the code says: run the same command without --check")
        return 1
    path.write_text(fresh, encoding="utf-8")
    return 0
