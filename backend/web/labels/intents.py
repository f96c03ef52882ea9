"""Words of the way of a transaction."""

from __future__ import annotations

from backend.web.i18n import mark as _
from backend.web.labels.base import Label

LABELS: dict[str, dict[str, Label]] = {
    "intent": {
        "ACCEPTED": Label(_("Принято"), "blue"),
        "NONCE_GIVEN": Label(_("Готовится"), "blue"),
        "SIGNED": Label(_("Подписано"), "blue"),
        "SENT": Label(_("Отправлено"), "blue"),
        "MINED": Label(_("Записывается в реестр"), "blue"),
        "CONFIRMED": Label(_("Записано в реестр"), "green"),
        "REVERTED": Label(_("Отклонено реестром"), "red"),
        "FAILED": Label(_("Отказано"), "red"),
    },
}
