"""What a message says: a title, a sentence with the sums and numbers of the event, and where to look.

Words are made when a message is shown, so a reader who changes the language reads old messages in it too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from backend.core.errors import Lang
from backend.core.money import format_rubles


@dataclass(frozen=True, slots=True)
class Template:
    """Words in both languages; ``{name}`` stands for a value of the event. ``link`` is a path of the portal, ``mail`` sends a letter too."""

    title_ru: str
    title_en: str
    text_ru: str = ""
    text_en: str = ""
    link: str = ""
    mail: bool = False
    tone: str = "blue"


@dataclass(frozen=True, slots=True)
class Words:
    """A message ready to be read."""

    title: str
    text: str
    link: str
    tone: str


_T = Template
TEMPLATES: dict[str, Template] = {
    "identity.case.approved": _T(
        "Вы допущены к операциям", "You are admitted",
        "Ваш номер участника — {number}. Указывайте его в назначении платежа.",
        "Your participant number is {number}. Name it in your payments.", "/", mail=True, tone="green",
    ),
    "identity.case.remarks": _T(
        "Нужны уточнения по анкете", "Your application needs corrections",
        "Проверяющий оставил замечания: исправьте поля и отправьте анкету снова.",
        "The officer left remarks: correct the fields and send it again.", "/onboarding", mail=True, tone="orange",
    ),
    "identity.case.rejected": _T(
        "Анкета отклонена", "Your application was rejected", "Причина указана в анкете.", "The reason is in the application.",
        "/onboarding", mail=True, tone="red",
    ),
    "identity.participant.blocked": _T(
        "Операции приостановлены", "Operations are suspended", "Обратитесь к оператору.", "Contact the operator.",
        mail=True, tone="red",
    ),
    "identity.participant.unblocked": _T(
        "Операции возобновлены", "Operations are resumed", mail=True, tone="green"
    ),
    "cash.deposit.credited": _T(
        "Зачислены средства", "Money credited", "На счёт зачислено {kopeks}.", "{kopeks} credited.", "/cash", tone="green"
    ),
    "cash.withdrawal.confirmed": _T(
        "Средства выведены", "Money withdrawn", "Банк перечислил {kopeks}.", "The bank has paid {kopeks}.", "/cash", mail=True
    ),
    "cash.withdrawal.cancelled": _T(
        "Вывод отменён", "Withdrawal cancelled", "{kopeks} снова доступны.", "{kopeks} are free again.", "/cash", tone="orange"
    ),
    "issue.remarks": _T(
        "Замечания к выпуску", "Remarks to your issue", "Выпуск {number}: модератор оставил замечания.",
        "Issue {number}: the moderator left remarks.", "/issues/{issue}", mail=True, tone="orange",
    ),
    "issue.rejected": _T(
        "Выпуск отклонён", "Issue rejected", "Выпуск {number}: причина указана в карточке.",
        "Issue {number}: the reason is on its page.", "/issues/{issue}", mail=True, tone="red",
    ),
    "issue.approved_first": _T(
        "Выпуск одобрен первым модератором", "Approved by the first moderator", "Выпуск {number} ждёт второго.",
        "Issue {number} waits for the second.", "/issues/{issue}",
    ),
    "issue.approved_second": _T(
        "Выпуск утверждён", "Issue approved", "Выпуск {number} записывается в реестр.",
        "Issue {number} is being recorded.", "/issues/{issue}", tone="green",
    ),
    "issue.deployed": _T(
        "Выпуск в реестре", "Issue in the register", "Выпуск {number} опубликован.", "Issue {number} is published.",
        "/issues/{issue}", mail=True, tone="green",
    ),
    "issue.proposal_refused": _T(
        "Выпуск вернулся к модератору", "The issue is back with the moderator", "Выпуск {number}.", "Issue {number}.",
        "/issues/{issue}", tone="orange",
    ),
    "issue.deploy_failed": _T(
        "Запись выпуска отклонена", "Recording the issue was refused", "Выпуск {number}: оператор разбирается.",
        "Issue {number}: the operator looks into it.", "/issues/{issue}", tone="red",
    ),
    "order.accepted": _T(
        "Заявка принята", "Order accepted", "Сумма заявки удержана до итогов размещения.",
        "The sum is held until the placement ends.", "/orders/{order}", tone="green",
    ),
    "order.rejected": _T(
        "Заявка отклонена", "Order rejected", "{reason_ru}", "{reason_en}", "/orders/{order}", tone="red"
    ),
    "offer.accepted": _T("Операция записана в реестр", "Recorded in the register", link="/market", tone="green"),
    "offer.refused": _T("Операция отклонена", "Refused", "{reason_ru}", "{reason_en}", "/market", tone="red"),
    "payout.called": _T(
        "Эмитент погашает выпуск досрочно", "The issuer calls the issue",
        "Выпуск {issue_number}: {payment_date} за каждую единицу будет выплачено {kopeks}.",
        "Issue {issue_number}: {kopeks} a unit will be paid on {payment_date}.", "/payouts", mail=True, tone="orange",
    ),
    "payout.put_open": _T(
        "Можно предъявить единицы к выкупу", "Units may be presented",
        "Выпуск {issue_number}: до {until} единицы принимаются по {kopeks}, деньги поступят {payment_date}.",
        "Issue {issue_number}: units are taken at {kopeks} until {until}, the money comes on {payment_date}.",
        "/payouts/puts", mail=True, tone="orange",
    ),
    "payout.tendered": _T(
        "Единицы приняты к выкупу", "Units presented", "Выпуск {issue_number}: {units} ед. ждут выплаты.",
        "Issue {issue_number}: {units} units wait for the payment.", "/payouts/puts", tone="green",
    ),
    "payout.tender_refused": _T(
        "Единицы не приняты к выкупу", "Units were not taken", "{reason_ru}", "{reason_en}", "/payouts/puts", tone="red"
    ),
    "payout.declared": _T(
        "Обеспечьте выплату", "Fund a payout",
        "Выплата {number} по выпуску {issue_number}: нужно {kopeks} к {payment_date}.",
        "Payout {number} of issue {issue_number}: {kopeks} is needed by {payment_date}.", "/payouts/{payout}",
        mail=True, tone="orange",
    ),
    "payout.funded": _T(
        "Выплата обеспечена", "Payout funded", "Выплата {number}: {kopeks} в резерве.", "Payout {number}: {kopeks} in escrow.",
        "/payouts/{payout}", tone="green",
    ),
    "payout.paid": _T(
        "Поступила выплата", "Payout received",
        "По выпуску {issue_number} зачислено {net_kopeks} (начислено {gross_kopeks}, налог {tax_kopeks}).",
        "Issue {issue_number}: {net_kopeks} credited ({gross_kopeks} due, tax {tax_kopeks}).", "/payouts",
        mail=True, tone="green",
    ),
    "payout.done": _T(
        "Выплата завершена", "Payout complete", "Выплата {number} доведена до всех держателей.",
        "Payout {number} has reached every holder.", "/payouts/{payout}", tone="green",
    ),
    "payout.overdue": _T(
        "Выплата просрочена", "Payout overdue", "Выплата {number}: обеспечьте {kopeks} как можно скорее.",
        "Payout {number}: fund {kopeks} as soon as possible.", "/payouts/{payout}", mail=True, tone="red",
    ),
    "payout.default": _T(
        "Дефолт по выплате", "Payout in default", "Выплата {number}: льготный срок истёк.",
        "Payout {number}: the grace period is over.", "/payouts/{payout}", mail=True, tone="red",
    ),
    "payout.cancelled": _T(
        "Выплата отменена", "Payout cancelled", "Выплата {number} отменена оператором.",
        "Payout {number} was cancelled by the operator.", "/payouts/{payout}", tone="orange",
    ),
}  # fmt: skip


def words(kind: str, payload: dict[str, Any], lang: Lang) -> Words:
    """The message in a language; an event without a template shows its name."""
    found = TEMPLATES.get(kind)
    if found is None:
        return Words(kind, "", "", "secondary")
    values = _Values({name: _shown(name, value) for name, value in payload.items()})
    title, text = (found.title_ru, found.text_ru) if lang == "ru" else (found.title_en, found.text_en)
    return Words(title.format_map(values), text.format_map(values), found.link.format_map(values), found.tone)


class _Values(dict[str, str]):
    """A value that an event lacks is shown as a dash, never as an error."""

    def __missing__(self, key: str) -> str:
        return "—"


def _shown(name: str, value: object) -> str:
    if name.endswith("kopeks") and isinstance(value, int):
        return format_rubles(value)
    if name in _DAYS and isinstance(value, str):
        return f"{date.fromisoformat(value):%d.%m.%Y}"
    return "—" if value is None else str(value)


_DAYS = frozenset({"payment_date", "until"})
