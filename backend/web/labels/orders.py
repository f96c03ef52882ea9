"""Words of orders, the secondary market and moves of units."""

from __future__ import annotations

from backend.web.i18n import mark as _
from backend.web.labels.base import Label

LABELS: dict[str, dict[str, Label]] = {
    "order": {
        "CHECKING": Label(_("Записывается"), "blue", _("Заявка записывается в реестр, обычно это несколько секунд.")),
        "REJECTED": Label(_("Отклонена"), "red", _("Деньги не списаны. Исправьте причину и подайте заявку снова.")),
        "ACCEPTED": Label(_("Принята"), "teal", _("Деньги заблокированы под заявку до окончания размещения.")),
        "RECALLED": Label(_("Отозвана"), "secondary", _("Деньги снова свободны.")),
        "CANCELLED_BY_OPERATOR": Label(_("Отменена оператором"), "red", _("Деньги снова свободны.")),
        "SETTLED": Label(_("Исполнена"), "green", _("Единицы зачислены в портфель.")),
        "PARTIAL": Label(_("Исполнена частично"), "orange", _("Остаток денег вернулся на счёт.")),
        "UNALLOCATED": Label(_("Не исполнена"), "secondary", _("Деньги снова свободны.")),
    },
    "wish": {
        "SENT": Label(_("Записывается"), "blue", _("Операция записывается в реестр, обычно это несколько секунд.")),
        "ON_CHAIN": Label(_("Выполнена"), "green", _("Операция записана в реестр.")),
        "REFUSED": Label(_("Отклонена реестром"), "red", _("Ничего не изменилось. Причина — ниже.")),
    },
    "wish_kind": {
        "TRANSFER": Label(_("Перевод"), "blue"),
        "OFFER": Label(_("Предложение о продаже"), "purple"),
        "ACCEPT": Label(_("Покупка"), "teal"),
        "WITHDRAW": Label(_("Отзыв предложения"), "secondary"),
    },
    "offer": {
        "OPEN": Label(_("Открыто"), "teal", _("Единицы обременены до сделки, отзыва или конца срока.")),
        "FILLED": Label(_("Исполнено"), "green"),
        "WITHDRAWN": Label(_("Отозвано"), "secondary"),
        "EXPIRED": Label(_("Срок истёк"), "secondary"),
    },
    "unit_move": {
        "ISSUE": Label(_("Зачисление при размещении"), "green"),
        "TRANSFER": Label(_("Перевод"), "blue"),
        "DELIVERY": Label(_("Сделка"), "purple"),
        "REDEMPTION": Label(_("Погашение"), "purple"),
        "BURN": Label(_("Списание"), "secondary"),
        "FORCED": Label(_("Перевод по решению"), "orange"),
        "FORCED_BURN": Label(_("Списание по решению"), "orange"),
        "REPLACEMENT": Label(_("Замена адреса"), "secondary"),
    },
}
