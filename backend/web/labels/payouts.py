"""Words of payouts."""

from __future__ import annotations

from backend.web.i18n import mark as _
from backend.web.labels.base import Label

LABELS: dict[str, dict[str, Label]] = {
    "payout": {
        "PLANNED": Label(_("Запланирована"), "secondary", _("Список получателей будет зафиксирован на дату фиксации.")),
        "ANNOUNCED": Label(
            _("Объявлена заранее"), "teal", _("Досрочное погашение объявлено; получатели определятся на дату фиксации.")
        ),
        "RECORD_FIXED": Label(
            _("Список зафиксирован"), "blue", _("Рассчитывается; для плавающей ставки нужно значение показателя.")
        ),
        "CALCULATED": Label(
            _("Ждёт проверки"), "orange", _("Расчёт должен проверить сотрудник корпоративных действий.")
        ),
        "CHECKED": Label(_("Проверена"), "blue", _("Объявление записывается в реестр.")),
        "AWAIT_FUNDING": Label(_("Ждёт средств эмитента"), "orange", _("Эмитент должен обеспечить всю сумму.")),
        "FUNDED": Label(_("Обеспечена"), "teal", _("Средства поступят держателям в срок выплаты.")),
        "EXECUTING": Label(_("Выплачивается"), "blue", _("Средства зачисляются держателям частями.")),
        "PARTIAL": Label(_("Выплачена не всем"), "orange", _("Часть зачислений отклонена: нужен сотрудник.")),
        "DONE": Label(_("Выплачена"), "green"),
        "OVERDUE": Label(_("Просрочена"), "red", _("Эмитент не обеспечил выплату в срок.")),
        "DEFAULT": Label(_("Дефолт"), "red", _("Льготный срок истёк.")),
        "CANCELLED": Label(_("Отменена"), "secondary"),
    },
    "payout_line": {
        "DUE": Label(_("К выплате"), "secondary"),
        "TAXED": Label(_("Рассчитано"), "blue"),
        "SENT": Label(_("Зачисляется"), "blue"),
        "HELD": Label(_("На замороженном счёте"), "orange"),
        "CONFIRMED": Label(_("Зачислено"), "green"),
    },
    "rounding": {
        "PER_UNIT": Label(_("До копейки на единицу")),
        "PER_HOLDER": Label(_("До копейки на держателя")),
    },
    "payout_kind": {
        "COUPON": Label(_("Доход"), "teal"),
        "AMORTISATION": Label(_("Часть номинала"), "purple"),
        "REDEMPTION": Label(_("Погашение"), "purple"),
        "EARLY_CALL": Label(_("Досрочное погашение"), "purple"),
        "EARLY_PUT": Label(_("Выкуп по требованию"), "purple"),
    },
}
