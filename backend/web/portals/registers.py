"""Registers at a date and frozen months, as pages and files; the same in the back office and for auditors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from backend.core.clock import MSK
from backend.core.errors import Invalid
from backend.core.pagination import FileKind
from backend.core.permissions import Permission
from backend.reports import service as reports
from backend.reports.service import RegisterKind
from backend.web.deps import Form, Listing, Page, PageContext, open_context
from backend.web.exports import export
from backend.web.i18n import gettext as _
from backend.web.i18n import mark
from backend.web.labels import label
from backend.web.routing import page_router

Day = Annotated[str | None, Query(max_length=10)]


# Which words the codes in a column have; the files keep the codes.
WORDS = {
    RegisterKind.PARTICIPANTS: {1: "chain_kind", 2: "chain_participant"},
    RegisterKind.ISSUES: {2: "chain_issue"},
    RegisterKind.PAYOUTS: {2: "payout_kind", 3: "payout"},
}
TITLES = (
    mark("Номер"), mark("Вид"), mark("Состояние"), mark("Адрес"), mark("Категории"), mark("Допущен до (МСК)"),
    mark("Блок допуска"), mark("Название"), mark("Номинал, руб."), mark("Объём, ед."), mark("В обращении, ед."),
    mark("Держателей"), mark("Хэш решения"), mark("Внесён (МСК)"), mark("Погашение (МСК)"), mark("Время (МСК)"),
    mark("Выпуск"), mark("Продавец"), mark("Покупатель"), mark("Единиц"), mark("Сумма, руб."), mark("Транзакция"),
    mark("Номер держателя"), mark("По номиналу, руб."), mark("Дата"), mark("Начислено, руб."), mark("Налог, руб."),
    mark("Выплачено, руб."), mark("первичное размещение"), mark("вторичная сделка"), mark("эмитент"),
)  # fmt: skip


def registers_of(path: str) -> APIRouter:
    """The pages under ``path``."""
    router = page_router(path)

    @router.get("")
    def register(
        page: Page,
        listing: Listing,
        kind: RegisterKind = RegisterKind.PARTICIPANTS,
        since: Day = None,
        until: Day = None,
    ) -> Response:
        """One register, at a date or for a period, and what is frozen."""
        last = _end(page, until)
        table = reports.register(page.ctx, kind, _start(since), last)
        with open_context(page.request, page.actor) as noting:
            reports.note_read(noting, table, last)
        found = [row for row in table.rows if _fits(row, listing.q)]
        if listing.file:
            return _file(table.titles, found, f"{table.name}-{until}" if until else table.name, listing.file)
        return page.render(
            "reports/registers.html",
            base=path,
            table=table,
            rows=listing.of(found),
            listing=listing,
            kind=kind,
            kinds=list(RegisterKind),
            told=lambda place, cell: _told(kind, place, cell),
            periodic=kind in {RegisterKind.DEALS, RegisterKind.PAYOUTS},
            since=since or "",
            until=until or "",
            snapshots=reports.snapshots(page.ctx),
            may_make=page.actor.may(Permission.REPORT_MAKE),
        )

    @router.get("/frozen/{month}/{kind}")
    def frozen(page: Page, listing: Listing, month: str, kind: RegisterKind) -> Response:
        """A frozen register as a file."""
        row, table = reports.snapshot_table(page.ctx, month, kind.value)
        return _file(table.titles, table.rows, f"{row.kind}-{row.month}", listing.file)

    @router.post("/statements")
    def statement(page: Page, form: Form) -> Response:
        """A statement of the participant with a number, by the registrar."""
        number = form.get("number").upper()
        if not number:
            raise Invalid("Укажите номер участника.", "State the participant's number.", field="number")
        made = reports.make_statement(page.ctx, None, _end(page, form.get("moment"), "moment"), number)
        return page.redirect(
            f"{path}/statements/{made.number}", toast=_("Выписка %(number)s готова.") % {"number": made.number}
        )

    @router.get("/statements/{number}")
    def made(page: Page, number: str) -> Response:
        """A statement that was made for a participant: its files."""
        page.ctx.require(Permission.REPORT_MAKE)
        return page.render("reports/statement.html", base=path, found=reports.verify(page.ctx, number))

    @router.get("/statements/{number}/file")
    def paper(page: Page, number: str) -> Response:
        """On paper, or for machines."""
        page.ctx.require(Permission.REPORT_MAKE)
        if page.request.query_params.get("format") == "json":
            return _download(reports.document_json(page.ctx, number), "application/json", f"{number}.json")
        return _download(reports.document_pdf(page.ctx, number), "application/pdf", f"{number}.pdf")

    return router


def _file(titles: Sequence[str], rows: Iterable[list[Any]], name: str, kind: FileKind | None) -> Response:
    columns = [(title, lambda row, place=place: row[place]) for place, title in enumerate(titles)]
    return export(rows, columns, name, kind)


def _told(kind: RegisterKind, place: int, cell: Any) -> Any:
    """A cell in words where it is a code."""
    words = WORDS.get(kind, {}).get(place)
    return _(label(words, cell).text) if words and cell else _(cell) if isinstance(cell, str) and cell else cell


def _fits(row: list[Any], text: str | None) -> bool:
    return not text or any(text.lower() in str(cell).lower() for cell in row)


def _start(text: str | None) -> datetime | None:
    return datetime.combine(_day(text, "since"), time(0), MSK) if text else None


def _end(page: PageContext, text: str | None, field: str = "until") -> datetime | None:
    """The last second of a Moscow day; of today it is this moment, for the day isn't over."""
    if not text:
        return None
    wanted = _day(text, field)
    if wanted == page.ctx.now().astimezone(MSK).date():
        return None
    return datetime.combine(wanted, time(23, 59, 59), MSK)


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid("Нужна дата.", "A date is needed.", field=field) from error


def _download(content: bytes, media: str, name: str) -> Response:
    return Response(content, media_type=media, headers={"Content-Disposition": f'attachment; filename="{name}"'})
