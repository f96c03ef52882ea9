"""Messages to the investor."""

from __future__ import annotations

from starlette.responses import Response

from backend.notifications import service as notifications
from backend.web.deps import Form, Listing, Page
from backend.web.exports import export
from backend.web.i18n import gettext as _
from backend.web.routing import page_router

router = page_router("/investor/notifications")


@router.get("")
def messages(page: Page, listing: Listing, unread: bool = False) -> Response:
    """Latest first."""
    rows = notifications.my_messages(page.ctx, listing, unread=unread)
    if listing.file:
        return export(rows, _COLUMNS, "messages", listing.file)
    return page.render(
        "investor/notifications.html", rows=rows, listing=listing, unread=notifications.unread_count(page.ctx)
    )


@router.post("/read")
def read_all(page: Page, form: Form) -> Response:
    """Mark every message as read."""
    del form
    notifications.mark_all_read(page.ctx)
    return page.redirect("/investor/notifications", toast=_("Все сообщения отмечены прочитанными."))


_COLUMNS = [
    ("Время", lambda one: one.row.at.isoformat(timespec="seconds")),
    ("Сообщение", lambda one: one.words.title),
    ("Текст", lambda one: one.words.text),
]
