"""Words of applications and participants."""

from __future__ import annotations

from backend.web.i18n import mark as _
from backend.web.labels.base import Label

LABELS: dict[str, dict[str, Label]] = {
    "case": {
        "DRAFT": Label(_("Черновик"), "secondary", _("Заполните анкету и отправьте её на проверку.")),
        "SUBMITTED": Label(_("Подана"), "blue", _("Идут автоматические проверки.")),
        "IN_REVIEW": Label(_("На проверке"), "orange", _("Сотрудник сверяет сведения и документы.")),
        "NEED_INFO": Label(_("Нужны исправления"), "orange", _("Заявитель исправляет анкету по замечаниям.")),
        "ADMITTING": Label(_("Допускается"), "blue", _("Допуск записывается в реестр.")),
        "APPROVED": Label(_("Допущен"), "green", _("Участник может работать.")),
        "REJECTED": Label(_("Отказано"), "red", _("Заявитель может исправить анкету и подать её снова.")),
        "WITHDRAWN": Label(_("Отозвана"), "secondary", _("Заявитель забрал анкету.")),
    },
    "applicant": {
        "PERSON": Label(_("Физическое лицо"), "teal"),
        "SOLE_TRADER": Label(_("Предприниматель"), "purple"),
        "ORGANISATION": Label(_("Организация"), "blue"),
        "SYSTEM": Label(_("Счёт оператора"), "secondary"),
    },
    "portal": {
        "investor": Label(_("Инвестор"), "teal"),
        "issuer": Label(_("Эмитент"), "purple"),
        "office": Label(_("Бэк-офис"), "blue"),
        "audit": Label(_("Аудит"), "orange"),
        "system": Label(_("Оператор"), "secondary"),
    },
    "participant": {
        "ADMITTING": Label(_("Допускается"), "blue", _("Допуск записывается в реестр.")),
        "ACTIVE": Label(_("Действует"), "green"),
        "BLOCKED": Label(_("Заблокирован"), "red", _("Операции запрещены; разблокируют два сотрудника комплаенса.")),
        "TERMINATED": Label(_("Отношения прекращены"), "secondary"),
        "REPLACED": Label(_("Адрес заменён"), "secondary", _("Права перешли на новый адрес.")),
    },
    "check": {
        "ok": Label(_("Пройдена"), "green"),
        "warn": Label(_("Обратите внимание"), "orange"),
        "fail": Label(_("Не пройдена"), "red"),
        "manual": Label(_("Проверьте вручную"), "blue"),
    },
    "class": {
        "FREE": Label(_("Без ограничений"), "secondary", _("Выпуски, открытые каждому.")),
        "LIMIT": Label(_("В пределах годового лимита"), "teal"),
        "TEST": Label(_("После тестирования"), "blue"),
        "QUAL": Label(_("Квалифицированный"), "purple"),
    },
    "tax": {
        "resident": Label(_("Налоговый резидент"), "secondary"),
        "non_resident": Label(_("Не резидент"), "secondary"),
        "self_taxed": Label(_("Платит налог сам"), "secondary"),
    },
    "document_kind": {
        "passport": Label(_("Паспорт")),
        "charter": Label(_("Устав")),
        "appointment": Label(_("Решение о назначении")),
        "egrul": Label(_("Выписка ЕГРЮЛ/ЕГРИП")),
        "owners": Label(_("Сведения о владельцах")),
        "accounts": Label(_("Отчётность")),
        "power": Label(_("Доверенность")),
        "other": Label(_("Другой документ")),
    },
    "note": {
        "admission_requested": Label(_("Допуск отправлен в реестр"), "blue"),
        "admission_refused": Label(_("Реестр отклонил допуск"), "red"),
        "admitted": Label(_("Допущен"), "green"),
        "change_requested": Label(_("Изменение допуска отправлено"), "blue"),
        "changed": Label(_("Допуск изменён"), "green"),
        "blocked": Label(_("Заблокирован"), "red"),
        "unblock_proposed": Label(_("Предложено разблокировать"), "orange"),
        "unblocked": Label(_("Разблокирован"), "green"),
    },
}
