"""Watch-lists: imported by the compliance officer as CSV (name;ИНН), kept as digests, compared at submission and at import.

Lists of Росфинмониторинг and others are files that the operator receives; no source is queried from here.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from sqlmodel import col, delete, select

from backend.core import vault
from backend.core.context import Context
from backend.core.errors import Invalid
from backend.core.ids import new_id
from backend.core.journal import record
from backend.core.permissions import Permission
from backend.identity import repository
from backend.identity.models import Case, Participant, WatchlistEntry
from backend.identity.participants import profile
from backend.identity.states import OPEN

MAXIMUM_ROWS = 200_000


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import found: rows read, numbers of participants and applications that match."""

    rows: int
    participants: list[str]
    cases: list[str]


def import_list(ctx: Context, source: str, content: bytes) -> ImportResult:
    """Replace the list of a source by the file's rows; both the register and open applications are compared at once."""
    ctx.require(Permission.WATCHLIST_MANAGE)
    rows = _rows(content)
    if not source.strip():
        raise Invalid("Назовите перечень.", "Name the list.", field="source")
    ctx.session.exec(delete(WatchlistEntry).where(col(WatchlistEntry.source) == source))
    names, numbers = set(), set()
    for name, inn in rows:
        name_digest = repository.digest(ctx, "name", name) if name else None
        inn_digest = repository.digest(ctx, "inn", inn) if inn else None
        names.add(name_digest)
        numbers.add(inn_digest)
        ctx.session.add(
            WatchlistEntry(
                id=new_id(),
                source=source,
                name_digest=name_digest,
                inn_digest=inn_digest,
                label=vault.seal(ctx, "watchlists", name.encode()),
                imported_at=ctx.now(),
            )
        )
    ctx.session.flush()
    result = ImportResult(len(rows), _matching(ctx, names, numbers), _matching_cases(ctx, numbers))
    details = {"source": source, "rows": len(rows), "hits": len(result.participants) + len(result.cases)}
    record(ctx, action="identity.watchlist.imported", entity="watchlist", entity_id=source[:60], details=details)
    return result


def _matching(ctx: Context, names: set[str | None], numbers: set[str | None]) -> list[str]:
    found = []
    for one in ctx.session.exec(select(Participant)):
        by_inn = one.inn_digest is not None and one.inn_digest in numbers
        if by_inn or repository.digest(ctx, "name", str(profile(ctx, one)["full_name"])) in names:
            found.append(one.number)
    return found


def _matching_cases(ctx: Context, numbers: set[str | None]) -> list[str]:
    statement = select(Case).where(col(Case.state).in_(OPEN), col(Case.inn_digest).is_not(None))
    return [one.id for one in ctx.session.exec(statement) if one.inn_digest in numbers]


def _rows(content: bytes) -> list[tuple[str, str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid("Файл должен быть в UTF-8.", "The file must be UTF-8.", field="file") from error
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=";") if any(cell.strip() for cell in row)]
    if not rows or len(rows) > MAXIMUM_ROWS:
        raise Invalid("В файле нет строк или их слишком много.", "No rows, or too many.", field="file")
    return [(row[0].strip(), row[1].strip() if len(row) > 1 else "") for row in rows]
