"""Words of issues: on the way to the register, and after it."""

from __future__ import annotations

from backend.web.i18n import mark as _
from backend.web.labels.base import Label

LABELS: dict[str, dict[str, Label]] = {
    "issue": {
        "DRAFT": Label(_("Черновик"), "secondary", _("Исправьте замечания, приложите документы и подпишите решение.")),
        "MODERATION": Label(_("На модерации"), "orange", _("Решение проверяет модератор.")),
        "REMARKS": Label(_("Есть замечания"), "orange", _("Эмитент исправляет решение и подписывает новую версию.")),
        "APPROVED": Label(_("Одобрен первым модератором"), "blue", _("Нужно одобрение второго модератора.")),
        "DEPLOYING": Label(_("Выпускается"), "blue", _("Токен записывается в реестр.")),
        "DEPLOYED": Label(_("В реестре"), "green"),
        "REJECTED": Label(_("Отклонён"), "red", _("Подайте новое решение.")),
        "RECALLED": Label(_("Отозван эмитентом"), "secondary"),
        "SCHEDULED": Label(_("Ждёт размещения"), "blue", _("Заявки принимаются с начала размещения.")),
        "PLACEMENT": Label(_("Размещается"), "teal", _("Инвесторы подают заявки.")),
        "SUSPENDED": Label(_("Приостановлен"), "orange", _("Операции остановлены оператором.")),
        "ALLOCATION": Label(_("Книга закрыта"), "blue", _("Заявки распределяются.")),
        "SETTLEMENT": Label(_("Расчёты"), "blue", _("Единицы зачисляются, деньги поступают эмитенту.")),
        "FAILED_MINIMUM": Label(_("Минимум не собран"), "red", _("Деньги возвращаются инвесторам.")),
        "CANCELLED": Label(_("Не состоялся"), "red"),
        "CIRCULATION": Label(_("Обращается"), "green", _("Выплаты — по графику.")),
        "LOCKED": Label(_("Обращение закрыто до срока"), "teal", _("Продавать можно после окончания срока.")),
        "REDEMPTION": Label(_("Погашается"), "purple", _("Эмитент обеспечивает выплату номинала.")),
        "OVERDUE": Label(_("Просрочка выплаты"), "red", _("Идёт льготный срок.")),
        "DEFAULT": Label(_("Дефолт"), "red"),
        "REDEEMED": Label(_("Погашен"), "green"),
        "CLOSED": Label(_("Закрыт"), "secondary"),
    },
    "allocation": {
        "FIFO": Label(_("По очереди подачи")),
        "PRO_RATA": Label(_("Пропорционально заявкам")),
        "ISSUER_CHOICE": Label(_("По решению эмитента")),
    },
    "access_class": {
        "FREE": Label(_("Доступен каждому"), "green"),
        "LIMIT": Label(_("В пределах годового лимита"), "teal"),
        "TEST": Label(_("После тестирования"), "blue"),
        "QUAL": Label(_("Для квалифицированных"), "purple"),
    },
    "payment_kind": {
        "PURCHASE": Label(_("Размещение"), "teal"),
        "COUPON": Label(_("Доход"), "teal"),
        "AMORTISATION": Label(_("Часть номинала"), "purple"),
        "REDEMPTION": Label(_("Погашение"), "purple"),
        "COUPON_AND_AMORTISATION": Label(_("Доход и часть номинала"), "purple"),
        "COUPON_AND_REDEMPTION": Label(_("Доход и погашение"), "purple"),
    },
}
