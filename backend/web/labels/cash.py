"""Words of the nominal account."""

from __future__ import annotations

from backend.web.i18n import mark as _
from backend.web.labels.base import Label

LABELS: dict[str, dict[str, Label]] = {
    "deposit": {
        "QUEUED": Label(_("Ждёт решения"), "orange", _("Назовите владельца или верните платёж.")),
        "CREDITING": Label(_("Зачисляется"), "blue", _("Зачисление записывается в реестр.")),
        "CREDITED": Label(_("Зачислено"), "green"),
        "RETURN_ORDERED": Label(_("К возврату"), "orange", _("Отправьте платёж через банк; выписка закроет возврат.")),
        "RETURNED": Label(_("Возвращено"), "secondary"),
    },
    "why_queued": {
        "no_number": Label(_("В назначении нет номера участника")),
        "several_numbers": Label(_("Указано несколько номеров")),
        "unknown_number": Label(_("Номер не найден в реестре")),
        "another_payer": Label(_("Плательщик не совпадает с участником")),
        "refused": Label(_("Реестр отклонил зачисление")),
    },
    "withdrawal": {
        "REQUESTED": Label(_("Оформляется"), "blue", _("Деньги резервируются в реестре.")),
        "REFUSED": Label(_("Отказано"), "red", _("Деньги остались на счёте.")),
        "IN_TRANSIT": Label(_("Ждёт оплаты банком"), "orange", _("Казначей платит через банк.")),
        "CONFIRMING": Label(_("Оплачено, записывается"), "blue", _("Списание записывается в реестр.")),
        "PAID": Label(_("Выплачено"), "green"),
        "CANCELLING": Label(_("Возвращается"), "blue", _("Деньги возвращаются на счёт участника.")),
        "CANCELLED": Label(_("Отменено"), "secondary", _("Деньги снова на счёте участника.")),
    },
    "ruble_entry": {
        "CREDIT": Label(_("Пополнение"), "green"),
        "HOLD": Label(_("Заблокировано под заявку"), "blue"),
        "RELEASE": Label(_("Разблокировано"), "blue"),
        "PAID_OUT": Label(_("Списание по расчётам"), "orange"),
        "PAID_IN": Label(_("Поступление по расчётам"), "green"),
        "FREEZE": Label(_("Заморожено"), "red"),
        "UNFREEZE": Label(_("Разморожено"), "teal"),
        "MOVED_OUT": Label(_("Переведено на новый адрес"), "secondary"),
        "MOVED_IN": Label(_("Принято со старого адреса"), "secondary"),
        "WITHDRAWAL_REQUEST": Label(_("Вывод: заявка"), "blue"),
        "WITHDRAWAL_CONFIRM": Label(_("Вывод: выплачено банком"), "orange"),
        "WITHDRAWAL_CANCEL": Label(_("Вывод: возвращено"), "teal"),
    },
}
