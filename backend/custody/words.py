"""The call in plain words, as it is accepted and signed: who, what, how much, of which issue. Its hash goes with the signature."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlmodel import select

from backend.core.context import Context
from backend.core.money import format_rubles
from backend.custody import calls
from backend.custody.models import Wallet
from indexer.models import ChainIssue, ChainParticipant

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
}

_OWNERS = {"participant": "участник", "officer": "сотрудник", "system": "служебный адрес"}


def shown(ctx: Context, wallet: Wallet, contract: str, function: str, target: str, data: str, summary: str) -> str:
    """The call in words, decoded from the very bytes that will be signed, not from what was asked for."""
    decoded = calls.decode_call(contract, data)
    name, values = decoded if decoded is not None else (function.partition("(")[0], {"data": data})
    title = TITLES.get((contract, name), f"{contract}.{name}")
    lines = [
        f"Что: {title}" + (f" ({summary})" if summary else ""),
        f"Кто: {_OWNERS.get(wallet.owner_kind, wallet.owner_kind)} {wallet.owner_id}, адрес {wallet.address}",
        f"Где: {contract}.{name}, адрес {target}",
    ]
    issue = _issue(ctx, contract, target, values)
    if issue is not None:
        lines.append(f"Выпуск: {issue.symbol} «{issue.name}»")
    lines += [f"{label}: {_value(ctx, label, value)}" for label, value in values.items()]
    return "\n".join(lines)


def hash_of(text: str) -> str:
    """sha-256 of what was shown, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def _issue(ctx: Context, contract: str, target: str, values: dict[str, Any]) -> ChainIssue | None:
    if contract == "DigitalAsset":
        statement = select(ChainIssue).where(ChainIssue.asset == target.lower())
    elif "issueId" in values:
        statement = select(ChainIssue).where(ChainIssue.issue_id == str(values["issueId"]).lower())
    elif "asset" in values:
        statement = select(ChainIssue).where(ChainIssue.asset == str(values["asset"]).lower())
    else:
        return None
    return ctx.session.exec(statement).first()


def _value(ctx: Context, label: str, value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_value(ctx, label, one) for one in value) or "—"
    if isinstance(value, int) and not isinstance(value, bool) and "kopeks" in label.lower():
        return format_rubles(value)
    if isinstance(value, str) and len(value) == 42 and value.startswith("0x"):
        known = ctx.session.get(ChainParticipant, value.lower())
        return f"участник № {known.number}, адрес {value}" if known is not None else value
    return str(value)
