"""Acts of the journal and what they were done to, in words: by the name that the journal keeps for ever, so words of what is recorded no
more stay.
"""

from __future__ import annotations

from backend.web.i18n import gettext
from backend.web.i18n import mark as _
from backend.web.labels.base import Label

LABELS: dict[str, dict[str, Label]] = {
    "journal_action": {
        "accounts.user.added": Label(_("Пользователь добавлен")),
        "accounts.user.confirmed": Label(_("Почта пользователя подтверждена")),
        "accounts.user.linked": Label(_("Пользователь привязан к участнику")),
        "accounts.user.provider_linked": Label(_("Вход через внешнюю службу подключён")),
        "accounts.user.locked_out": Label(_("Вход временно закрыт после неверных попыток")),
        "accounts.user.blocked": Label(_("Учётная запись закрыта")),
        "accounts.user.unblocked": Label(_("Учётная запись снова открыта")),
        "accounts.password.changed": Label(_("Пароль изменён")),
        "accounts.password.reset": Label(_("Пароль восстановлен по ссылке")),
        "accounts.second_factor.on": Label(_("Второй фактор подключён")),
        "accounts.session.opened": Label(_("Вход выполнен")),
        "accounts.session.stepped_up": Label(_("Вход подтверждён кодом")),
        "accounts.session.ended": Label(_("Сеанс завершён")),
        "accounts.session.others_ended": Label(_("Остальные сеансы завершены")),
        "accounts.session.reuse_detected": Label(_("Сеанс прерван: ключ входа предъявлен повторно")),
        "accounts.role.proposed": Label(_("Изменение роли предложено")),
        "accounts.role.approved": Label(_("Изменение роли утверждено")),
        "accounts.role.granted": Label(_("Роль выдана")),
        "accounts.role.revoked": Label(_("Роль снята")),
        "identity.case.started": Label(_("Анкета начата")),
        "identity.case.submitted": Label(_("Анкета подана")),
        "identity.case.withdrawn": Label(_("Анкета отозвана")),
        "identity.case.remarks": Label(_("По анкете даны замечания")),
        "identity.case.approving": Label(_("Анкета одобрена, допуск отправлен в реестр")),
        "identity.case.rejected": Label(_("По анкете отказано")),
        "identity.case.held": Label(_("Уничтожение данных анкеты запрещено")),
        "identity.case.hold_lifted": Label(_("Запрет на уничтожение данных анкеты снят")),
        "identity.case.erased": Label(_("Данные анкеты уничтожены по окончании срока")),
        "identity.participant.admission_requested": Label(_("Допуск участника отправлен в реестр")),
        "identity.participant.admission_refused": Label(_("Реестр отклонил допуск участника")),
        "identity.participant.admitted": Label(_("Участник допущен")),
        "identity.participant.change_requested": Label(_("Изменение допуска участника отправлено")),
        "identity.participant.blocked": Label(_("Участник заблокирован")),
        "identity.participant.unblock_proposed": Label(_("Предложено разблокировать участника")),
        "identity.participant.unblocked": Label(_("Участник разблокирован")),
        "identity.participant.powers_renewed": Label(_("Полномочия подписанта обновлены")),
        "identity.limit_proposed": Label(_("Годовой лимит предложен")),
        "identity.watchlist.imported": Label(_("Перечень загружен")),
        "tasks.approved": Label(_("Предложение утверждено вторым сотрудником")),
        "tasks.cancelled": Label(_("Предложение второму сотруднику отозвано")),
        "issues.draft.created": Label(_("Черновик решения создан")),
        "issues.submitted": Label(_("Решение о выпуске подано")),
        "issues.recalled": Label(_("Решение о выпуске отозвано эмитентом")),
        "issue.remarks": Label(_("По решению о выпуске даны замечания")),
        "issue.rejected": Label(_("Выпуск отклонён")),
        "issue.approved_first": Label(_("Выпуск одобрен первым модератором")),
        "issue.approved_second": Label(_("Выпуск одобрен вторым модератором")),
        "issue.proposal_refused": Label(_("Реестр отклонил предложение о выпуске")),
        "issue.proposal_ended": Label(_("Предложение о выпуске утратило силу")),
        "issue.proposal_cancelled": Label(_("Предложение о выпуске отозвано")),
        "issue.proposal_not_cancelled": Label(_("Предложение о выпуске отозвать не удалось")),
        "issue.deployed": Label(_("Выпуск внесён в реестр")),
        "issue.deploy_failed": Label(_("Реестр отклонил выпуск")),
        "orders.placed": Label(_("Заявка на покупку подана")),
        "orders.recalled": Label(_("Заявка на покупку отозвана")),
        "orders.cancelled": Label(_("Заявка на покупку отменена оператором")),
        "orders.transfer": Label(_("Перевод единиц поручен")),
        "orders.offer": Label(_("Предложение о продаже подано")),
        "orders.accept": Label(_("Предложение о продаже принято")),
        "orders.withdraw": Label(_("Предложение о продаже отозвано")),
        "cash.statement.imported": Label(_("Выписка банка загружена")),
        "cash.deposit.matched": Label(_("Владелец поступления определён")),
        "cash.deposit.return_ordered": Label(_("Возврат поступления поручен")),
        "cash.withdrawal.requested": Label(_("Вывод денег запрошен")),
        "cash.withdrawal.confirming": Label(_("Вывод денег оплачен банком")),
        "cash.withdrawal.cancelling": Label(_("Вывод денег отменён, деньги возвращаются")),
        "payouts.planned": Label(_("График выплат составлен")),
        "payouts.put_planned": Label(_("Выкуп по требованию запланирован")),
        "payouts.call_declared": Label(_("Эмитент объявил досрочное погашение")),
        "payouts.announced": Label(_("Досрочное погашение объявлено в реестре")),
        "payouts.tendered": Label(_("Единицы предъявлены к выкупу")),
        "payouts.record_fixed": Label(_("Список получателей выплаты зафиксирован")),
        "payouts.index_entered": Label(_("Значение показателя введено")),
        "payouts.index_confirmed": Label(_("Значение показателя подтверждено")),
        "payouts.calculated": Label(_("Выплата рассчитана")),
        "payouts.checked": Label(_("Расчёт выплаты проверен")),
        "payouts.await_funding": Label(_("Выплата объявлена и ждёт средств эмитента")),
        "payouts.fund_requested": Label(_("Эмитент направил средства на выплату")),
        "payouts.funded": Label(_("Выплата обеспечена")),
        "payouts.executing": Label(_("Выплата начата")),
        "payouts.partial": Label(_("Выплата прошла не всем")),
        "payouts.retried": Label(_("Отклонённые части выплаты отправлены снова")),
        "payouts.done": Label(_("Выплата завершена")),
        "payouts.overdue": Label(_("Выплата просрочена")),
        "payouts.default": Label(_("По выплате наступил дефолт")),
        "payouts.cancelled": Label(_("Выплата отменена")),
        "payouts.repeated": Label(_("Выплата запланирована заново")),
        "registrar.act_proposed": Label(_("Действие регистратора предложено")),
        "registrar.act_repeated": Label(_("Действие регистратора предложено повторно")),
        "registrar.address_replaced": Label(_("Адрес участника заменён")),
        "registrar.document_read": Label(_("Документ-основание открыт")),
        "reports.statement_made": Label(_("Выписка выдана")),
        "reports.register_read": Label(_("Реестр прочитан")),
        "reports.register_frozen": Label(_("Реестр за месяц сохранён")),
        "custody.call.accepted": Label(_("Операция принята к исполнению")),
        "custody.call.cancelled": Label(_("Отмена операции подписана")),
        "custody.call.given_up": Label(_("Операция отмечена неисполненной")),
        "custody.call.renumbered": Label(_("Операции дан новый номер")),
        "custody.wallet.stopped": Label(_("Кошелёк остановлен")),
        "custody.wallet.resumed": Label(_("Работа кошелька возобновлена")),
        "custody.kek.rotated": Label(_("Ключ шифрования сменён")),
        "network.lists.seeded": Label(_("Списки сети заведены")),
        "network.account.allowed": Label(_("Отправитель допущен")),
        "network.account.removed": Label(_("Допуск отправителя отозван")),
        "network.node.allowed": Label(_("Узел допущен")),
        "network.node.removed": Label(_("Допуск узла отозван")),
        "network.node.repair": Label(_("Выравнивание узла поручено")),
        "network.node.repaired": Label(_("Узел выровнен")),
        "network.alarm.raised": Label(_("Поднята тревога сети")),
        "network.alarm.closed": Label(_("Тревога сети закрыта")),
        "network.vote.proposed": Label(_("Голосование о валидаторе предложено")),
        "network.vote.approved": Label(_("Голосование о валидаторе утверждено")),
        "network.vote.carried": Label(_("Голосование о валидаторе состоялось")),
        "network.vote.withdrawn": Label(_("Голосование о валидаторе отозвано")),
        "audit.key.made": Label(_("Ключ подписи выгрузок создан")),
        "web.viewed": Label(_("Страница просмотрена")),
    },
    "journal_entity": {
        "audit_key": Label(_("Ключ подписи выгрузок")),
        "case": Label(_("Анкета")),
        "deposit": Label(_("Поступление денег")),
        "document": Label(_("Выданная выписка")),
        "intent": Label(_("Операция в реестре")),
        "issue": Label(_("Выпуск")),
        "kek": Label(_("Ключ шифрования")),
        "limit": Label(_("Лимит инвестора")),
        "network": Label(_("Сеть")),
        "order": Label(_("Заявка")),
        "page": Label(_("Страница")),
        "participant": Label(_("Участник")),
        "payout": Label(_("Выплата")),
        "proposal": Label(_("Предложение")),
        "register": Label(_("Реестр")),
        "register_snapshot": Label(_("Сохранённый реестр")),
        "registrar_act": Label(_("Действие регистратора")),
        "session": Label(_("Сеанс")),
        "statement": Label(_("Выписка банка")),
        "user": Label(_("Пользователь")),
        "wallet": Label(_("Кошелёк")),
        "watchlist": Label(_("Перечень лиц")),
        "wish": Label(_("Перевод или предложение")),
        "withdrawal": Label(_("Вывод денег")),
    },
}


def entities(chosen: str = "") -> list[tuple[str, str]]:
    """What acts are done to, as choices of a filter in the reader's alphabet; one from another version stays chosen by its code."""
    told = {name: gettext(one.text) for name, one in LABELS["journal_entity"].items()}
    told.setdefault(chosen, chosen)
    told.pop("", None)
    return [("", gettext("Любой")), *sorted(told.items(), key=lambda one: _plain(one[1]))]


def acts_named(text: str | None) -> frozenset[str]:
    """Acts whose words, in the reader's language, hold every word of a text (or its part); none for an empty text."""
    sought = _plain(text or "").split()
    if not sought:
        return frozenset()
    words = {action: _plain(gettext(one.text)) for action, one in LABELS["journal_action"].items()}
    return frozenset(action for action, told in words.items() if all(one in told for one in sought))


def _plain(text: str) -> str:
    return text.casefold().replace("ё", "е")
