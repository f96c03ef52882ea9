"""Menus of the portals. A portal's engineer adds entries here; an entry shows only to those who have its permission."""

from __future__ import annotations

from dataclasses import dataclass

from backend.core.context import Actor
from backend.core.permissions import Permission
from backend.web.i18n import mark as _


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: address, title (Russian), icon of tabler-icons, permission (None: everybody signed in)."""

    path: str
    title: str
    icon: str
    permission: Permission | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Lines under one heading; a heading may be empty."""

    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class PortalFace:
    """Name, icon and promise of a portal."""

    title: str
    icon: str
    lead: str


FACES: dict[str, PortalFace] = {
    "investor": PortalFace(_("Инвестор"), "chart-arcs", _("Каталог выпусков, заявки, портфель и выплаты")),
    "issuer": PortalFace(_("Эмитент"), "building-bank", _("Выпуск ЦФА: от решения до погашения")),
    "office": PortalFace(_("Бэк-офис"), "layout-dashboard", _("Проверки, модерация, счёт, выплаты и реестр")),
    "audit": PortalFace(_("Аудит"), "binary-tree-2", _("Блоки, транзакции, реестр на дату, целостность")),
}

NAV: dict[str, list[Group]] = {
    "investor": [
        Group(
            "",
            (
                Entry("/investor", _("Обзор"), "home"),
                Entry("/investor/issues", _("Каталог выпусков"), "list-search", Permission.CATALOGUE_READ),
            ),
        ),
        Group(
            _("Вложения"),
            (
                Entry("/investor/portfolio", _("Портфель"), "chart-arcs", Permission.HOLDING_READ),
                Entry("/investor/orders", _("Заявки"), "writing-sign", Permission.ORDER_PLACE),
                Entry("/investor/market", _("Вторичный рынок"), "arrows-exchange", Permission.OFFER_MAKE),
                Entry("/investor/payouts", _("Выплаты"), "calendar-dollar", Permission.PAYOUT_READ_OWN),
                Entry("/investor/operations", _("Операции"), "history", Permission.HOLDING_READ),
            ),
        ),
        Group(
            _("Счёт"),
            (
                Entry("/investor/cash", _("Деньги"), "wallet", Permission.CASH_READ),
                Entry("/investor/statements", _("Выписки"), "file-certificate", Permission.REPORT_OWN),
                Entry("/investor/notifications", _("Сообщения"), "bell", Permission.NOTIFICATION_READ),
                Entry("/investor/onboarding", _("Анкета участника"), "clipboard-text"),
            ),
        ),
    ],
    "issuer": [
        Group(
            "",
            (
                Entry("/issuer", _("Обзор"), "home"),
                Entry("/issuer/issues", _("Выпуски"), "file-certificate", Permission.ISSUE_DRAFT),
                Entry("/issuer/payouts", _("Выплаты"), "calendar-event", Permission.PAYOUT_READ_OWN),
                Entry("/issuer/cash", _("Деньги"), "wallet", Permission.CASH_READ),
                Entry("/issuer/reports", _("Отчёты"), "report", Permission.REPORT_OWN),
                Entry("/issuer/statements", _("Выписки"), "file-certificate", Permission.REPORT_OWN),
                Entry("/issuer/onboarding", _("Анкета эмитента"), "clipboard-text"),
            ),
        ),
    ],
    "office": [
        Group(
            "",
            (
                Entry("/office", _("Обзор"), "home"),
                Entry("/office/tasks", _("Задачи"), "users", Permission.TASK_READ),
            ),
        ),
        Group(
            _("Участники"),
            (
                Entry("/office/cases", _("Анкеты"), "id-badge-2", Permission.CASE_READ),
                Entry("/office/participants", _("Реестр участников"), "address-book", Permission.PARTICIPANT_READ),
                Entry("/office/watchlists", _("Перечни"), "list-search", Permission.WATCHLIST_MANAGE),
                Entry("/office/limits", _("Квалификация и лимиты"), "gauge", Permission.PARTICIPANT_READ),
                Entry("/office/registrar", _("Стол регистратора"), "gavel", Permission.REGISTRAR_ACT),
            ),
        ),
        Group(
            _("Выпуски"),
            (
                Entry("/office/issues", _("Модерация"), "file-search", Permission.ISSUE_READ_ALL),
                Entry("/office/placements", _("Размещения"), "chart-bar", Permission.ORDER_READ_ALL),
                Entry("/office/payouts", _("Выплаты"), "calendar-event", Permission.PAYOUT_READ_ALL),
            ),
        ),
        Group(
            _("Деньги"),
            (
                Entry("/office/cash", _("Номинальный счёт"), "building-bank", Permission.CASH_READ_ALL),
                Entry("/office/cash/deposits", _("Поступления"), "arrow-down-left", Permission.CASH_READ_ALL),
                Entry("/office/cash/withdrawals", _("Выводы"), "arrow-up-right", Permission.CASH_READ_ALL),
            ),
        ),
        Group(
            _("Система"),
            (
                Entry("/office/users", _("Пользователи и роли"), "user-cog", Permission.USER_READ),
                Entry("/office/network", _("Сеть"), "topology-star", Permission.NETWORK_READ),
                Entry("/office/outbox", _("Отправка в реестр"), "send", Permission.OUTBOX_READ),
                Entry("/office/journal", _("Журнал"), "history", Permission.JOURNAL_READ),
                Entry("/office/reports", _("Отчёты"), "report", Permission.REPORT_READ),
                Entry("/office/settings", _("Настройки"), "settings", Permission.SETTINGS_READ),
            ),
        ),
    ],
    "audit": [
        Group(
            "",
            (
                Entry("/audit", _("Обзор"), "home"),
                Entry("/audit/network", _("Сеть и валидаторы"), "topology-star", Permission.HOLDER_READ_ALL),
                Entry("/audit/integrity", _("Целостность"), "shield-check", Permission.INTEGRITY_CHECK),
            ),
        ),
        Group(
            _("Цепочка"),
            (
                Entry("/audit/blocks", _("Блоки"), "cube", Permission.EXPLORER_READ),
                Entry("/audit/transactions", _("Транзакции"), "arrows-exchange", Permission.EXPLORER_READ),
                Entry("/audit/events", _("События"), "list-details", Permission.HOLDER_READ_ALL),
            ),
        ),
        Group(
            _("Реестры"),
            (
                Entry("/audit/tokens", _("Активы"), "coins", Permission.EXPLORER_READ),
                Entry("/audit/participants", _("Участники"), "users", Permission.PARTICIPANT_READ),
                Entry("/audit/registers", _("Отчёты"), "report", Permission.REPORT_READ),
            ),
        ),
        Group(
            _("Контроль"),
            (
                Entry("/audit/proposals", _("Две подписи"), "signature", Permission.HOLDER_READ_ALL),
                Entry("/audit/roles", _("Роли"), "key", Permission.HOLDER_READ_ALL),
                Entry("/audit/journal", _("Журнал"), "notebook", Permission.JOURNAL_READ),
            ),
        ),
    ],
}


def menu_of(portal: str, actor: Actor) -> list[Group]:
    """The groups of a portal with the entries that the actor may open; empty groups are left out."""
    groups = [
        Group(group.title, tuple(one for one in group.entries if one.permission is None or actor.may(one.permission)))
        for group in NAV.get(portal, [])
    ]
    return [group for group in groups if group.entries]


def current_entry(portal: str, path: str) -> str:
    """Path of the entry that a page belongs to: the longest one that the page's path starts with. A portal's overview is itself alone."""
    paths = [one.path for group in NAV.get(portal, []) for one in group.entries]
    found = [one for one in paths if path == one or (path.startswith(one + "/") and one != f"/{portal}")]
    return max(found, key=len, default="")
