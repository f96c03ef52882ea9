"""Words for calls of the contracts: what each does, what each argument is called, what numbers of an enumeration mean."""

from __future__ import annotations

from indexer.chain import enums

TITLES: dict[tuple[str, str], str] = {
    ("Rubles", "requestWithdrawal"): "Вывести деньги",
    ("Rubles", "credit"): "Зачислить банковский платёж",
    ("Rubles", "confirmWithdrawal"): "Подтвердить вывод денег",
    ("Rubles", "cancelWithdrawal"): "Отменить вывод денег",
    ("Rubles", "freeze"): "Заморозить деньги",
    ("Placement", "order"): "Подать заявку в размещении",
    ("Placement", "recall"): "Отозвать заявку",
    ("Placement", "allocate"): "Распределить выпуск по заявкам",
    ("Placement", "cancelOrder"): "Снять заявку",
    ("Placement", "suspend"): "Приостановить размещение",
    ("Placement", "close"): "Закрыть книгу заявок",
    ("Placement", "settle"): "Рассчитать заявки",
    ("Exchange", "offer"): "Предложить к продаже",
    ("Exchange", "accept"): "Принять предложение",
    ("Exchange", "withdraw"): "Отозвать предложение",
    ("Exchange", "expire"): "Закрыть истёкшее предложение",
    ("DigitalAsset", "transfer"): "Передать цифровые финансовые активы",
    ("Payouts", "declare"): "Объявить выплату",
    ("Payouts", "fund"): "Обеспечить выплату деньгами",
    ("Payouts", "distribute"): "Выплатить владельцам",
    ("Payouts", "cancel"): "Отменить выплату",
    ("Payouts", "tender"): "Предъявить к досрочному погашению",
    ("Payouts", "returnTender"): "Вернуть предъявленное",
    ("Payouts", "markOverdue"): "Отметить просрочку",
    ("Payouts", "markDefaulted"): "Отметить дефолт",
    ("Participants", "admit"): "Допустить участника",
    ("Participants", "update"): "Изменить допуск участника",
    ("Participants", "block_"): "Заблокировать участника",
    ("IssueRegistry", "advance"): "Изменить состояние выпуска",
    ("IssueRegistry", "close"): "Закрыть выпуск",
    ("FourEyes", "propose"): "Предложить действие второму сотруднику",
    ("FourEyes", "approve"): "Утвердить предложение другого сотрудника",
    ("FourEyes", "cancel"): "Снять своё предложение",
    ("Anchors", "anchor"): "Закрепить записи журнала",
    ("AccessManager", "grantRole"): "Выдать роль в реестре",
    ("AccessManager", "revokeRole"): "Отозвать роль в реестре",
    ("FourEyes", "setRule"): "Изменить правило двух сотрудников",
    ("Participants", "unblock"): "Разблокировать участника",
    ("Participants", "setLimit"): "Изменить годовой лимит",
    ("Participants", "replace"): "Заменить адрес участника",
    ("Rubles", "moveAll"): "Перенести деньги на новый адрес",
    ("Rubles", "unfreeze"): "Снять заморозку денег",
    ("IssueRegistry", "deploy"): "Внести выпуск в реестр",
    ("Payouts", "setTaxRule"): "Изменить правило налога",
    ("Payouts", "setGrace"): "Изменить льготный срок",
    ("DigitalAsset", "forcedTransfer"): "Принудительно перевести активы",
    ("DigitalAsset", "forcedBurn"): "Принудительно погасить активы",
    ("DigitalAsset", "replaceHolder"): "Заменить владельца",
    ("DigitalAsset", "setPaused"): "Приостановить или возобновить выпуск",
    ("DigitalAsset", "appendRecordDate"): "Добавить дату фиксации",
    ("DigitalAsset", "encumber"): "Наложить обременение",
    ("DigitalAsset", "release"): "Снять обременение",
    ("DigitalAsset", "unfreeze"): "Снять заморозку активов",
    ("DigitalAsset", "setFrozenTokens"): "Изменить число замороженных активов",
    ("DigitalAsset", "setDocument"): "Заменить документ выпуска",
    ("DigitalAsset", "removeDocument"): "Убрать документ выпуска",
}
"""What each call does, for people."""

LABELS: dict[str, str] = {
    "accessClass": "Класс доступа",
    "account": "Чей счёт",
    "admittedUntil": "Допуск до",
    "allocation": "Распределение",
    "asset": "Актив",
    "bankRef": "Хеш номера операции банка",
    "basis": "Хеш основания",
    "burnOnIssuerAcquire": "Погашать при выкупе эмитентом",
    "buyer": "Покупатель",
    "classes": "Классы доступа",
    "count": "Заявок за раз",
    "creditingAt": "Зачисление",
    "decisionHash": "Хеш решения о выпуске",
    "documentHash": "Хеш документа",
    "dueAt": "Срок выплаты",
    "effectiveFrom": "Действует с",
    "endsAt": "Конец приёма заявок",
    "executionDelay": "Задержка исполнения, секунд",
    "expiresAt": "Действует до",
    "firstEntry": "Первая запись",
    "from": "От кого",
    "graceSeconds_": "Льготный срок, секунд",
    "holder": "Владелец",
    "holders": "Владельцы",
    "id": "Номер",
    "issueId": "Номер выпуска в реестре",
    "issuer": "Эмитент",
    "kind": "Вид",
    "kinds": "Вид",
    "kopeks": "Сумма",
    "lastEntry": "Последняя запись",
    "lockedUntil": "Запрет передачи до",
    "maturity": "Погашение",
    "maximumUnits": "Единиц не больше",
    "maximumWithheldBps_": "Удержание не больше, сотых долей процента",
    "microKopeksPerUnit": "На одну единицу",
    "minimumUnits": "Единиц не меньше",
    "moment": "Дата фиксации",
    "name": "Название",
    "nominalKopeks": "Номинал",
    "orderId": "Номер заявки",
    "orderIds": "Номера заявок",
    "orderMax": "В заявке не больше единиц",
    "orderMin": "В заявке не меньше единиц",
    "paused_": "Приостановить",
    "priceKopeks": "Цена за единицу",
    "reason": "Хеш причины",
    "recordDate": "Номер даты фиксации",
    "recordDates": "Даты фиксации",
    "role": "Роль",
    "roleId": "Роль",
    "root": "Корень записей",
    "rounding": "Округление",
    "selector": "Функция",
    "startsAt": "Начало приёма заявок",
    "suspended": "Приостановить",
    "symbol": "Обозначение",
    "target": "Договор",
    "taxAccount_": "Счёт для налога",
    "to": "Кому",
    "transferMode": "Обращение",
    "units": "Единиц",
    "until": "До",
    "uri": "Адрес документа",
    "who": "Участник",
    "withheldKopeks": "Удержано",
}
"""Arguments by their names in the ABI."""

OMITTED = frozenset({"clientRef", "ref", "profileHash", "profileHashes", "detailsHash"})
"""Marks by which a call is found again: they tell a person nothing, and some are made anew at each attempt."""

MOMENTS = frozenset(
    [
        "admittedUntil",
        "creditingAt",
        "dueAt",
        "effectiveFrom",
        "endsAt",
        "expiresAt",
        "lockedUntil",
        "maturity",
        "moment",
        "recordDates",
        "startsAt",
        "until",
    ]
)
"""Seconds since 1970."""

_CLASSES = ("FREE", "LIMIT", "TEST", "QUAL")
_PARTICIPANT = ("—", "физическое лицо", "ИП", "организация", "номинальный держатель", "счёт оператора")
_RUN = ("купон", "амортизация", "погашение", "досрочно по решению эмитента", "досрочно по требованию владельцев")
_ENCUMBRANCE = ("заявка", "залог", "запрет передачи", "арест", "заморозка")
_MEMBERS: dict[tuple[str, str], tuple[str, ...]] = {
    ("Participants", "kinds"): _PARTICIPANT,
    ("Payouts", "kind"): _RUN,
    ("Payouts", "rounding"): ("на единицу", "на владельца"),
    ("DigitalAsset", "kind"): _ENCUMBRANCE,
    ("IssueRegistry", "allocation"): ("по времени заявок", "пропорционально", "по решению эмитента"),
    ("IssueRegistry", "transferMode"): ("между участниками", "только на площадках"),
    ("IssueRegistry", "to"): ("—", "размещение", "не состоялся", "в обращении", "погашен", "закрыт"),
    ("Anchors", "kind"): ("журнал", "документы", "реестры"),
}


def member(contract: str, name: str, value: int) -> str | None:
    """A number of an enumeration, of classes or of a role in words; None for any other number."""
    if name in {"roleId", "role"}:
        return enums.role_name(value)
    if name in {"classes", "accessClass"}:
        return ", ".join(one for place, one in enumerate(_CLASSES) if value >> place & 1) or "—"
    members = _MEMBERS.get((contract, name))
    return members[value] if members is not None and value < len(members) else None
