"""Words of the network: lists, changes, what nodes answered."""

from __future__ import annotations

from backend.web.i18n import mark as _
from backend.web.labels.base import Label

LABELS: dict[str, dict[str, Label]] = {
    "network_role": {
        "validator": Label(_("Валидатор"), "purple", _("Подтверждает блоки и голосует.")),
        "rpc": Label(_("Узел доступа"), "blue", _("Через него работает платформа; блоков не подтверждает.")),
    },
    "network_act": {
        "ACCOUNT.ADD": Label(_("Допуск отправителя"), "green"),
        "ACCOUNT.REMOVE": Label(_("Отзыв отправителя"), "red"),
        "NODE.ADD": Label(_("Допуск узла"), "green"),
        "NODE.REMOVE": Label(_("Отзыв узла"), "red"),
        "VALIDATOR.ADD": Label(_("Ввод валидатора"), "green"),
        "VALIDATOR.REMOVE": Label(_("Вывод валидатора"), "red"),
    },
    "network_change": {
        "PROPOSED": Label(_("Ждёт второго администратора"), "orange", _("Утвердить должен другой администратор.")),
        "OPEN": Label(_("Рассылается"), "blue", _("Повторяется, пока запись не окажется на каждом узле.")),
        "CLOSING": Label(_("Завершается"), "blue", _("Состав валидаторов изменился; узлы забывают голос.")),
        "WITHDRAWING": Label(_("Отзывается"), "orange", _("Узлы забывают голос.")),
        "DONE": Label(_("На всех узлах"), "green"),
        "CANCELLED": Label(_("Отозвано"), "secondary"),
        "SUPERSEDED": Label(_("Заменено следующим"), "secondary", _("Раньше, чем дошло до всех узлов.")),
    },
    "network_delivery": {
        "PENDING": Label(_("Ждёт отправки"), "secondary"),
        "DONE": Label(_("Принято"), "green"),
        "FAILED": Label(_("Не принято"), "red", _("Будет повторено.")),
        "CLEARED": Label(_("Голос забыт"), "secondary"),
    },
    "network_alarm": {
        "DRIFT": Label(_("Списки узла разошлись"), "orange"),
        "UNREACHABLE": Label(_("Узел молчит"), "red"),
        "FOREIGN_SENDER": Label(_("Чужой отправитель в блоке"), "red"),
    },
    "network_reason": {
        "ok": Label(_("принято"), "green"),
        "present": Label(_("уже было"), "green"),
        "absent": Label(_("уже не было"), "green"),
        "invalid": Label(_("узел считает запись неверной"), "red"),
        "duplicate": Label(_("запись повторяется"), "red"),
        "fixed": Label(_("это постоянный сосед узла: уберите его из static-nodes.json и перезапустите узел"), "red"),
        "not_saved": Label(_("узел не смог записать файл списков: проверьте права и место на диске"), "red"),
        "out_of_sync": Label(
            _("действует до перезапуска: файл списков узла отличается от его памяти, исправьте файл"), "orange"
        ),
        "not_enabled": Label(_("списки допуска на узле выключены"), "red"),
        "unauthorized": Label(_("узел не принял подпись запроса: проверьте ключ"), "red"),
        "unreachable": Label(_("узел не отвечает"), "red"),
        "refused": Label(_("узел ответил ошибкой"), "red"),
        "wallet": Label(_("кошелёк создан платформой"), "secondary"),
        "genesis": Label(_("с первого блока сети"), "secondary"),
    },
}
