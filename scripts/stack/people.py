"""The first officers of an installation, and the accounts that its processes act with."""

from __future__ import annotations

from backend.accounts.models import Portal
from backend.core.permissions import CHAIN_ROLES, Role

CHAIN_NAMES = {
    Role.ADMINISTRATOR: "ADMINISTRATOR",
    Role.COMPLIANCE_OFFICER: "COMPLIANCE",
    Role.MODERATOR: "MODERATOR",
    Role.REGISTRAR: "REGISTRAR",
    Role.TREASURER: "TREASURER",
    Role.CORPORATE_ACTIONS: "OPERATOR",
}
PEOPLE: tuple[tuple[str, str, tuple[Role, ...], Portal], ...] = (
    ("admin1", "Анна Администратова", (Role.ADMINISTRATOR,), Portal.OFFICE),
    ("admin2", "Борис Администратов", (Role.ADMINISTRATOR,), Portal.OFFICE),
    ("kyc", "Вера Проверкина", (Role.KYC_OFFICER,), Portal.OFFICE),
    ("compliance1", "Глеб Комплаенсов", (Role.COMPLIANCE_OFFICER,), Portal.OFFICE),
    ("compliance2", "Дина Комплаенсова", (Role.COMPLIANCE_OFFICER,), Portal.OFFICE),
    ("moderator1", "Елена Модераторова", (Role.MODERATOR,), Portal.OFFICE),
    ("moderator2", "Фёдор Модераторов", (Role.MODERATOR,), Portal.OFFICE),
    ("treasurer1", "Жанна Казначеева", (Role.TREASURER,), Portal.OFFICE),
    ("treasurer2", "Захар Казначеев", (Role.TREASURER,), Portal.OFFICE),
    ("registrar1", "Инна Регистраторова", (Role.REGISTRAR,), Portal.OFFICE),
    ("registrar2", "Карл Регистраторов", (Role.REGISTRAR,), Portal.OFFICE),
    ("actions1", "Лидия Выплатова", (Role.CORPORATE_ACTIONS,), Portal.OFFICE),
    ("actions2", "Марк Выплатов", (Role.CORPORATE_ACTIONS,), Portal.OFFICE),
    ("auditor", "Нина Аудиторова", (Role.AUDITOR,), Portal.AUDIT),
    ("regulator", "Олег Регуляторов", (Role.REGULATOR,), Portal.AUDIT),
)
PROCESSES = {"operator": "OPERATOR", "compliance": "COMPLIANCE"}
"""Accounts of the worker itself, by the role that they hold on chain."""


def on_chain() -> dict[str, str]:
    """Role on chain of every officer who has one, by the officer's key."""
    return {key: CHAIN_NAMES[role] for key, _, roles, _ in PEOPLE for role in roles if role in CHAIN_ROLES}
