"""One sentence in Russian and in English for each custom error of the contracts; values by their names in the ABI."""

UNKNOWN = ("Реестр отклонил операцию.", "The register refused the operation.")
PANIC = ("Внутренняя ошибка реестра. Сообщите оператору.", "Internal error of the register. Tell the operator.")

SENTENCES: dict[str, tuple[str, str]] = {
    # participants
    "ParticipantNotAdmitted": ("Участник {who} не допущен к системе.", "Participant {who} is not admitted."),
    "ParticipantExpired": (
        "Допуск участника {who} истёк {admittedUntil}.",
        "Admission of {who} ended on {admittedUntil}.",
    ),
    "ParticipantIsBlocked": ("Участник {who} заблокирован.", "Participant {who} is blocked."),
    "ParticipantClass": (
        "Участнику {who} недоступны активы класса {required}.",
        "Participant {who} may not hold assets of class {required}.",
    ),
    "ParticipantExists": ("Участник {who} уже допущен.", "Participant {who} is already admitted."),
    "ParticipantWrongStatus": (
        "Действие недоступно при текущем статусе участника {who}.",
        "Not possible in the present status of participant {who}.",
    ),
    "ParticipantTermsInvalid": ("Неверные условия допуска участника {who}.", "Invalid terms of admission of {who}."),
    "LimitExceeded": (
        "Превышен годовой лимит: доступно {availableKopeks}, нужно {wantedKopeks}.",
        "Yearly limit exceeded: {availableKopeks} available, {wantedKopeks} wanted.",
    ),
    "LimitTermsInvalid": (
        "Новый лимит нельзя ввести с {effectiveFrom}.",
        "A new limit can't take effect on {effectiveFrom}.",
    ),
    "ParticipantHasReservation": (
        "У участника {who} зарезервировано {reservedKopeks} лимита в открытых заявках.",
        "Participant {who} has {reservedKopeks} of the limit reserved in open orders.",
    ),
    "RoleRequired": ("У адреса {who} нет роли {role} в реестре.", "Address {who} lacks role {role} in the register."),
    # four eyes
    "ActionUnknown": ("Для этого действия не назначена роль.", "No role is named for this action."),
    "ActionNotProposed": ("Предложение № {id} уже закрыто.", "Proposal {id} is closed already."),
    "ActionExpired": ("Срок предложения № {id} истёк {expiresAt}.", "Proposal {id} expired on {expiresAt}."),
    "ActionExpiryInvalid": ("Неверный срок предложения: {expiresAt}.", "Invalid expiry of the proposal: {expiresAt}."),
    "ActionSameOfficer": (
        "Утвердить предложение № {id} должен другой сотрудник.",
        "Another officer must approve proposal {id}.",
    ),
    "ActionDataDiffers": (
        "Содержание утверждения отличается от предложения № {id}.",
        "The approval differs from proposal {id}.",
    ),
    "ActionWithoutDocument": ("Нужен документ-основание.", "A document that justifies the action is needed."),
    # issues
    "IssueExists": ("Такой выпуск уже внесён в реестр.", "This issue is in the register already."),
    "IssueUnknown": ("Выпуск не найден в реестре.", "No such issue in the register."),
    "IssueTermsInvalid": ("Неверное условие выпуска: {field}.", "Invalid term of the issue: {field}."),
    "IssueWrongState": (
        "Действие недоступно в текущем состоянии выпуска.",
        "Not possible in the present state of the issue.",
    ),
    # tokens
    "AssetLocked": (
        "Актив нельзя передавать до {until}: действует запрет.",
        "Units can't be moved until {until}: lock-up.",
    ),
    "AssetIsPaused": ("Операции с выпуском приостановлены.", "Operations with the issue are paused."),
    "AssetNotCirculating": ("Обращение выпуска завершено {endedAt}.", "Circulation of the issue ended on {endedAt}."),
    "AssetVenuesOnly": (
        "Передача возможна только через сделку в системе.",
        "Units move only through deals in the system.",
    ),
    "AssetMaximum": (
        "Превышено максимальное количество: {maximum}, запрошено {wanted}.",
        "Above the maximum of {maximum} units: {wanted} wanted.",
    ),
    "AssetMatured": ("Срок выпуска истёк {maturity}.", "The issue matured on {maturity}."),
    "UnitsInsufficient": ("Свободно {free} ед., нужно {wanted}.", "{free} units are free, {wanted} wanted."),
    "UnitsOverflow": ("Количество {wanted} не помещается в реестр.", "{wanted} units do not fit the register."),
    "EncumbranceUnknown": ("Обременение № {id} не найдено.", "No encumbrance {id}."),
    "EncumbranceNotReleasable": ("Обременение № {id} снять нельзя.", "Encumbrance {id} can't be released."),
    "EncumbranceTooSmall": (
        "В обременении № {id} {units} ед., нужно {wanted}.",
        "Encumbrance {id} holds {units} units, {wanted} wanted.",
    ),
    "EncumbranceInvalid": (
        "Нельзя обременить {units} ед. участника {holder}: неверные вид, количество или срок.",
        "{units} units of {holder} can't be encumbered: wrong kind, number or term.",
    ),
    "HolderNotReplaced": ("Адрес {from} не заменён на {to}.", "Address {from} is not replaced by {to}."),
    "HolderHasOrders": ("У владельца {units} ед. в открытых предложениях.", "The holder has {units} units on offer."),
    "RecordDateInvalid": ("Дата фиксации {at} недопустима.", "Record date {at} is not allowed."),
    "RecordDateUnknown": ("Нет даты фиксации № {number}.", "There is no record date {number}."),
    "RecordDateAhead": ("Дата фиксации № {number} ещё не наступила: {at}.", "Record date {number} lies ahead: {at}."),
    "ReceiverInvalid": ("Получатель {to} недопустим.", "Receiver {to} is not allowed."),
    "DocumentInvalid": ("Неверный документ выпуска.", "Invalid document of the issue."),
    "DocumentUnknown": ("Документ выпуска не найден.", "No such document of the issue."),
    # rubles
    "RublesInsufficient": (
        "Недостаточно средств: доступно {available}, нужно {wanted}.",
        "{available} available, {wanted} wanted.",
    ),
    "RublesNotHeld": ("Удержано {held}, нужно {wanted}.", "{held} held, {wanted} wanted."),
    "RublesAlreadyCredited": ("Этот банковский платёж уже учтён.", "This bank payment is counted already."),
    "RublesOverflow": ("Сумма не помещается в реестр.", "The sum does not fit the register."),
    "RublesZeroAmount": ("Сумма должна быть больше нуля.", "The sum must be above zero."),
    "RublesInUse": (
        "На счёте {account} есть удержанные {held} и средства в пути {inTransit}.",
        "Account {account} has {held} held and {inTransit} in transit.",
    ),
    "WithdrawalRefUsed": (
        "Эта операция банка уже подтвердила другую заявку.",
        "This bank operation has confirmed another withdrawal already.",
    ),
    "WithdrawalExists": ("Такая заявка на вывод уже есть.", "This withdrawal exists already."),
    "WithdrawalNotOpen": ("Заявка на вывод уже закрыта.", "The withdrawal is closed already."),
    # placement
    "PlacementUnknown": ("Размещение не найдено.", "No such placement."),
    "PlacementWrongState": (
        "Действие недоступно в текущем состоянии размещения.",
        "Not possible in the present state of the placement.",
    ),
    "PlacementNotStarted": ("Приём заявок начнётся {startsAt}.", "Orders are taken from {startsAt}."),
    "PlacementEnded": ("Приём заявок закончился {endsAt}.", "Orders were taken until {endsAt}."),
    "PlacementNotEnded": ("Приём заявок продлится до {endsAt}.", "Orders are taken until {endsAt}."),
    "PlacementNotCrediting": ("Зачисление начнётся {creditingAt}.", "Crediting starts on {creditingAt}."),
    "PlacementFull": ("Выпуск размещён полностью. Следите за отзывами заявок.", "The issue is fully subscribed."),
    "PlacementNotIssuer": ("Это может сделать только эмитент.", "Only the issuer may do this."),
    "PlacementOnlyRegistry": (
        "Размещение открывает только реестр выпусков.",
        "Only the register of issues opens a placement.",
    ),
    "OrderSize": (
        "В заявке {units} ед., допустимо от {orderMin} до {orderMax}.",
        "{units} units; {orderMin} to {orderMax} allowed.",
    ),
    "OrderNotOpen": ("Заявка № {orderId} уже закрыта.", "Order {orderId} is closed already."),
    "OrderNotYours": (
        "Заявка № {orderId} принадлежит другому участнику.",
        "Order {orderId} belongs to another participant.",
    ),
    "OrderByIssuer": ("Эмитент не может покупать собственный выпуск.", "The issuer can't buy its own issue."),
    "AllocationTooLarge": (
        "Распределено {wanted} ед., допустимо {allowed}.",
        "{wanted} units allocated, {allowed} allowed.",
    ),
    "AllocationMissing": ("Эмитент ещё не распределил заявки.", "The issuer has not allocated the orders yet."),
    # exchange
    "OfferNotOpen": ("Предложение № {id} уже закрыто.", "Offer {id} is closed already."),
    "OfferHasExpired": ("Срок предложения № {id} истёк {expiresAt}.", "Offer {id} expired on {expiresAt}."),
    "OfferNotExpired": ("Предложение № {id} действует до {expiresAt}.", "Offer {id} is valid until {expiresAt}."),
    "OfferNotYours": (
        "Предложение № {id} принадлежит другому участнику.",
        "Offer {id} belongs to another participant.",
    ),
    "OfferForAnother": (
        "Предложение № {id} адресовано другому участнику.",
        "Offer {id} is addressed to another participant.",
    ),
    "OfferUnits": (
        "Количество {wanted} не подходит: от {minimum}, осталось {left}.",
        "{wanted} units: at least {minimum}, {left} left.",
    ),
    "OfferTermsInvalid": ("Неверное условие предложения: {field}.", "Invalid term of the offer: {field}."),
    "OfferAssetUnknown": ("Такого актива нет в реестре.", "No such asset in the register."),
    # payouts
    "RunUnknown": ("Выплата № {id} не найдена.", "No payout {id}."),
    "RunWrongState": (
        "Действие недоступно в текущем состоянии выплаты № {id}.",
        "Not possible in the present state of payout {id}.",
    ),
    "RunNotIssuer": ("Выплату № {id} проводит эмитент.", "Payout {id} belongs to the issuer."),
    "RunRecordDateAhead": ("Дата фиксации ещё не наступила: {recordAt}.", "The record date lies ahead: {recordAt}."),
    "RunNotDue": ("Выплата начнётся {dueAt}.", "The payout starts on {dueAt}."),
    "RunAlreadyPaid": (
        "Владелец {holder} уже получил выплату № {id}.",
        "Holder {holder} was paid in payout {id} already.",
    ),
    "RunHolderWithoutUnits": (
        "У {holder} не было актива на дату фиксации.",
        "{holder} had no units at the record date.",
    ),
    "RunUnderfunded": ("Для выплаты нужно {required}, внесено {given}.", "The payout needs {required}, {given} given."),
    "RunWithheldTooMuch": (
        "Удержание {withheld} больше допустимого {allowed}.",
        "{withheld} withheld, at most {allowed} allowed.",
    ),
    "RunTermsInvalid": ("Неверное условие выплаты: {field}.", "Invalid term of the payout: {field}."),
    "RunTenderClosed": ("Приём требований закончился {recordAt}.", "Tenders were taken until {recordAt}."),
    "RunTenderMissing": ("{holder} не предъявлял актив к выкупу.", "{holder} tendered no units."),
    # anchors
    "AnchorEmpty": ("Нечего закреплять.", "Nothing to anchor."),
    "AnchorOutOfSequence": (
        "Следующая запись журнала — {expectedFirst}.",
        "The next entry of the journal is {expectedFirst}.",
    ),
    # libraries
    "AccessManagerUnauthorizedCall": (
        "У адреса {caller} нет права на это действие.",
        "Address {caller} has no right to this action.",
    ),
    "AccessManagerUnauthorizedAccount": (
        "У адреса {msgsender} нет роли {roleId} в реестре.",
        "Address {msgsender} lacks role {roleId} in the register.",
    ),
    "AccessManagerUnauthorizedCancel": (
        "Адрес {msgsender} не может отменить эту операцию.",
        "Address {msgsender} can't cancel this operation.",
    ),
    "AccessManagerUnauthorizedConsume": (
        "Договор {target} не может исполнить эту операцию.",
        "Contract {target} can't consume this operation.",
    ),
    "AccessManagerAlreadyScheduled": ("Эта операция уже запланирована.", "This operation is scheduled already."),
    "AccessManagerNotScheduled": ("Эта операция не запланирована.", "This operation is not scheduled."),
    "AccessManagerNotReady": ("Срок этой операции ещё не наступил.", "This operation is not due yet."),
    "AccessManagerExpired": ("Срок этой операции истёк.", "This operation has expired."),
    "AccessManagerLockedRole": ("Роль {roleId} изменить нельзя.", "Role {roleId} can't be changed."),
    "AccessManagerLockedFunction": (
        "Право на {selector} изменить нельзя.",
        "The right to {selector} can't be changed.",
    ),
    "AccessManagerBadConfirmation": (
        "От роли отказывается только её владелец.",
        "Only its holder can renounce a role.",
    ),
    "AccessManagerInvalidInitialAdmin": (
        "Недопустимый первый администратор {initialAdmin}.",
        "Invalid first administrator {initialAdmin}.",
    ),
    "ERC20InsufficientAllowance": (
        "Разрешено списать {allowance} ед., нужно {needed}.",
        "{allowance} units allowed, {needed} needed.",
    ),
    "ERC20InsufficientBalance": (
        "Есть {balance} ед., нужно {needed}.",
        "The holder has {balance} units, {needed} needed.",
    ),
    "ERC20InvalidSender": ("Отправитель {sender} недопустим.", "Sender {sender} is not allowed."),
    "ERC20InvalidReceiver": ("Получатель {receiver} недопустим.", "Receiver {receiver} is not allowed."),
    "ERC20InvalidApprover": (
        "Адрес {approver} не может дать разрешение.",
        "Address {approver} can't give an allowance.",
    ),
    "ERC20InvalidSpender": (
        "Адресу {spender} нельзя дать разрешение.",
        "Address {spender} can't be given an allowance.",
    ),
    "AddressEmptyCode": ("По адресу {target} нет договора.", "There is no contract at {target}."),
    "FailedCall": ("Вложенный вызов отклонён.", "The inner call was refused."),
    "FailedDeployment": ("Развернуть договор не удалось.", "The contract could not be deployed."),
    "InsufficientBalance": ("Средств {balance}, нужно {needed}.", "{balance} available, {needed} needed."),
    "SafeCastOverflowedUintDowncast": ("Число {value} не помещается в реестр.", "{value} does not fit the register."),
}
