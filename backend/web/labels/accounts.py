"""Words of users and roles."""

from __future__ import annotations

from backend.web.i18n import mark as _
from backend.web.labels.base import Label

LABELS: dict[str, dict[str, Label]] = {
    "user": {
        "UNCONFIRMED": Label(_("Почта не подтверждена"), "orange"),
        "ACTIVE": Label(_("Действует"), "green"),
        "BLOCKED": Label(_("Закрыт"), "red"),
    },
    "role_change": {
        "PROPOSED": Label(_("Ждёт второго администратора"), "orange"),
        "APPROVED": Label(_("Исполняется"), "blue"),
        "DONE": Label(_("Исполнено"), "green"),
        "FAILED": Label(_("Отклонено реестром"), "red"),
        "CANCELLED": Label(_("Отозвано"), "secondary"),
    },
    "role": {
        "investor": Label(_("Инвестор"), "teal"),
        "issuer_editor": Label(_("Редактор эмитента"), "purple"),
        "issuer_signer": Label(_("Подписант эмитента"), "purple"),
        "kyc_officer": Label(_("Специалист по проверкам"), "blue"),
        "compliance_officer": Label(_("Комплаенс"), "blue"),
        "moderator": Label(_("Модератор"), "blue"),
        "treasurer": Label(_("Казначей"), "blue"),
        "registrar": Label(_("Регистратор"), "blue"),
        "corporate_actions": Label(_("Корпоративные действия"), "blue"),
        "administrator": Label(_("Администратор"), "blue"),
        "auditor": Label(_("Аудитор"), "orange"),
        "regulator": Label(_("Регулятор"), "orange"),
    },
}
