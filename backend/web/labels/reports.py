"""Words of reports: kinds of documents and of registers."""

from __future__ import annotations

from backend.web.i18n import mark as _
from backend.web.labels.base import Label

LABELS: dict[str, dict[str, Label]] = {
    "issued_document": {"statement": Label(_("Выписка"), "blue")},
    "register_kind": {
        "participants": Label(_("Участники"), "blue"),
        "issues": Label(_("Выпуски"), "blue"),
        "deals": Label(_("Сделки"), "blue"),
        "holders": Label(_("Держатели"), "blue"),
        "payouts": Label(_("Выплаты"), "blue"),
    },
}
