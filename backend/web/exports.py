"""Lists as files: CSV (UTF-8 with a mark, semicolons, as Russian Excel opens it) and XLSX."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import xlsxwriter
from starlette.responses import Response

from backend.core.pagination import FileKind, Page
from backend.web.i18n import gettext

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

Columns = Sequence[tuple[str, Callable[[Any], Any]]]


def export(rows: Page[Any] | Iterable[Any], columns: Columns, name: str, kind: FileKind | None) -> Response:
    """Rows as a file, a CSV unless asked otherwise; ``columns`` are titles, in the language of the reader, with functions of a row.

    A page that isn't all of its list says so in the last line and in the file's name, lest a part be taken for the whole.
    """
    titles = [gettext(title) for title, _ in columns]
    found = rows.items if isinstance(rows, Page) else rows
    lines = [[value(row) for _, value in columns] for row in found]
    if isinstance(rows, Page) and (rows.more or rows.total > len(lines)):
        name = f"{name}-first-{len(lines)}"
        lines.append(
            [gettext("Список длиннее: в файле его первые строки, всего {rows}. Сузьте отбор.").format(rows=len(lines))]
        )
    content, media = (
        (_xlsx(titles, lines), XLSX) if kind == "xlsx" else (_csv(titles, lines), "text/csv; charset=utf-8")
    )
    return Response(content, media_type=media, headers={"Content-Disposition": f'attachment; filename="{name}.{kind}"'})


def _csv(titles: list[str], lines: list[list[Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(titles)
    writer.writerows([[_harmless(cell) for cell in line] for line in lines])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _harmless(cell: Any) -> Any:
    # A text that a spreadsheet would run as a formula is shown as text instead.
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell


def _xlsx(titles: list[str], lines: list[list[Any]]) -> bytes:
    memory = io.BytesIO()
    book = xlsxwriter.Workbook(memory, {"in_memory": True, "strings_to_formulas": False, "remove_timezone": True})
    sheet, bold = book.add_worksheet(), book.add_format({"bold": True})
    sheet.write_row(0, 0, titles, bold)
    for number, line in enumerate(lines, start=1):
        sheet.write_row(number, 0, [cell if isinstance(cell, int | float | str) else str(cell or "") for cell in line])
    sheet.autofit()
    book.close()
    return memory.getvalue()
