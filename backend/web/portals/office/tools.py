"""What several pages share: files of lists, fragments that keep themselves fresh, names of officers, charts."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from backend.accounts import service as accounts
from backend.core.clock import MSK
from backend.core.context import Context
from backend.core.errors import Invalid, NotFound
from backend.core.files import StoredFile
from backend.custody import service as custody
from backend.custody.models import Intent
from backend.web.deps import PageContext


def fragment(page: PageContext, template: str, state: str, *, stamp: str = "", **context: Any) -> Response:
    """A part of a page; when the stamp (the state unless given) isn't the one in the address (``seen``), the whole page is loaded anew."""
    response = page.render(template, state=state, **context)
    seen = page.request.query_params.get("seen")
    if seen and seen != (stamp or state):
        response.headers["HX-Refresh"] = "true"
    return response


def intents_of(ctx: Context, record_id: str, *ref_kinds: str) -> list[Intent]:
    """Transactions of a record, the earliest first."""
    found = [one for kind in ref_kinds for one in custody.intents_of(ctx, kind, record_id)]
    return sorted(found, key=lambda one: one.created_at)


def person(ctx: Context, user_id: str | None) -> str:
    """Name of a user, or a dash."""
    if not user_id:
        return "—"
    try:
        return accounts.account(ctx, user_id).name
    except NotFound:
        return user_id[:8]


def inline_file(stored: StoredFile, data: bytes) -> Response:
    """A document shown in the browser; its type was found by its content when it came in."""
    disposition = f"inline; filename*=UTF-8''{quote(stored.name)}"
    return Response(data, media_type=stored.media_type, headers={"Content-Disposition": disposition})


def end_of_day(text: str, field: str) -> datetime:
    """The last second of a Moscow day that a date field names."""
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise Invalid("Нужна дата.", "A date is needed.", field=field) from error
    return datetime.combine(day, time(23, 59, 59), MSK)


def rubles_axis(kopeks: int) -> float:
    """A sum as a height on a chart, rubles; never counted with."""
    return round(kopeks / 100, 2)
