"""Words of the register on chain: roles, proposals, participants, blocks."""

from __future__ import annotations

from backend.web.i18n import mark as _
from backend.web.labels.base import Label

LABELS: dict[str, dict[str, Label]] = {
    "chain_role": {
        "ADMIN_ROLE": Label(
            _("Управление правами"), "red", _("Только при развёртывании; затем отдаётся контракту двух подписей.")
        ),
        "ADMINISTRATOR": Label(_("Администратор"), "blue"),
        "COMPLIANCE": Label(_("Комплаенс"), "blue"),
        "MODERATOR": Label(_("Модератор"), "blue"),
        "REGISTRAR": Label(_("Регистратор"), "blue"),
        "TREASURER": Label(_("Казначей"), "blue"),
        "VENUE": Label(_("Площадка расчётов"), "teal", _("Контракт, который проводит расчёты.")),
        "OPERATOR": Label(_("Корпоративные действия"), "blue"),
        "FOUR_EYES": Label(_("Две подписи"), "purple", _("Контракт, который исполняет одобренное двумя сотрудниками.")),
    },
    "proposal": {
        "PROPOSED": Label(_("Ждёт второй подписи"), "orange", _("Исполнит другой сотрудник с той же ролью.")),
        "EXECUTED": Label(_("Исполнено"), "green"),
        "CANCELLED": Label(_("Отменено"), "secondary"),
    },
    "chain_participant": {
        "ACTIVE": Label(_("Допущен"), "green"),
        "BLOCKED": Label(_("Заблокирован"), "red"),
        "REPLACED": Label(_("Адрес заменён"), "secondary", _("Права перешли на новый адрес.")),
    },
    "chain_kind": {
        "PERSON": Label(_("Физическое лицо"), "teal"),
        "SOLE_TRADER": Label(_("Предприниматель"), "purple"),
        "ORGANISATION": Label(_("Организация"), "blue"),
        "NOMINEE": Label(_("Номинальный держатель"), "orange"),
        "SYSTEM": Label(_("Счёт оператора"), "secondary"),
    },
    "chain_issue": {
        "PLACEMENT": Label(_("Размещается"), "teal"),
        "FAILED": Label(_("Не состоялся"), "red"),
        "CIRCULATION": Label(_("Обращается"), "green"),
        "REDEEMED": Label(_("Погашен"), "blue"),
        "CLOSED": Label(_("Закрыт"), "secondary"),
    },
    "chain_run": {
        "DECLARED": Label(_("Объявлена"), "blue"),
        "FUNDED": Label(_("Обеспечена"), "teal"),
        "EXECUTING": Label(_("Выплачивается"), "blue"),
        "DONE": Label(_("Выплачена"), "green"),
        "CANCELLED": Label(_("Отменена"), "secondary"),
        "OVERDUE": Label(_("Просрочена"), "red"),
        "DEFAULTED": Label(_("Дефолт"), "red"),
    },
    "chain_transfer": {
        "ISSUE": Label(_("Выпуск"), "green"),
        "TRANSFER": Label(_("Перевод"), "blue"),
        "DELIVERY": Label(_("Поставка против платежа"), "teal"),
        "REDEMPTION": Label(_("Погашение"), "purple"),
        "BURN": Label(_("Списание единиц"), "orange"),
        "FORCED_BURN": Label(_("Принудительное списание"), "red", _("По акту суда или закону; основание — в событии.")),
        "FORCED": Label(_("Принудительный перевод"), "red", _("По акту суда или закону; основание — в событии.")),
        "REPLACEMENT": Label(_("Замена адреса"), "orange"),
    },
    "chain_tx": {
        "1": Label(_("Исполнена"), "green"),
        "0": Label(_("Отклонена"), "red", _("Контракт отказал; состояние не изменилось.")),
    },
    "chain_event": {
        "ParticipantAdmitted": Label(_("Допущен"), "green"),
        "ParticipantUpdated": Label(_("Условия допуска изменены"), "blue"),
        "ParticipantBlocked": Label(_("Заблокирован"), "red"),
        "ParticipantUnblocked": Label(_("Разблокирован"), "green"),
        "ParticipantReplaced": Label(_("Адрес заменён"), "orange"),
        "IssueDeployed": Label(_("Выпуск записан в реестр"), "blue"),
        "IssueStateChanged": Label(_("Состояние изменено"), "teal"),
        "AssetPaused": Label(_("Приостановка"), "orange"),
        "CirculationEnds": Label(_("Конец обращения назначен"), "secondary"),
    },
}
