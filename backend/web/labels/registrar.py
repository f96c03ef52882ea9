"""Words of the registrar's desk."""

from __future__ import annotations

from backend.web.i18n import mark as _
from backend.web.labels.base import Label

LABELS: dict[str, dict[str, Label]] = {
    "act_kind": {
        "COURT_TRANSFER": Label(_("Взыскание"), "red", _("Единицы переходят другому лицу по акту суда или пристава.")),
        "ARREST": Label(_("Арест"), "orange", _("Единицы остаются у владельца, но распоряжаться ими нельзя.")),
        "RELEASE": Label(_("Снятие ареста или залога"), "green", _("Единицы снова свободны.")),
        "INHERITANCE": Label(
            _("Наследство"), "purple", _("Единицы переходят наследнику; класс доступа не проверяется.")
        ),
        "REPLACEMENT": Label(
            _("Замена адреса"), "blue", _("Права, деньги и история переходят на новый адрес того же участника.")
        ),
        "CORRECTION": Label(
            _("Исправление записи"), "teal", _("Ошибочная запись отменяется обратной; ничего не удаляется.")
        ),
    },
    "act_step": {
        "SENDING": Label(_("Записывается"), "blue", _("Предложение отправлено в реестр.")),
        "REFUSED": Label(_("Отклонено реестром"), "red", _("Реестр не принял предложение; его можно повторить.")),
        "WAITING": Label(_("Ждёт второго регистратора"), "orange", _("Утвердить должен другой регистратор.")),
        "EXECUTED": Label(_("Исполнено"), "green"),
        "CANCELLED": Label(_("Отозвано"), "secondary", _("Предложение отозвано; его можно повторить.")),
        "EXPIRED": Label(_("Срок истёк"), "secondary", _("Никто не утвердил вовремя; предложение можно повторить.")),
    },
    "encumbrance": {
        "ORDER": Label(_("Предложение на рынке"), "blue"),
        "PLEDGE": Label(_("Залог"), "purple"),
        "LOCKUP": Label(_("Запрет владельца"), "secondary"),
        "ARREST": Label(_("Арест"), "red"),
        "FREEZE": Label(_("Заморозка"), "orange"),
    },
}
