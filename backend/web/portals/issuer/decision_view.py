"""A decision as people read it: terms in words, the flow of money with its chart, what changed between two versions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from backend.issues.decision import DecisionInvalid, validate_decision
from backend.issues.decision_terms import Decision, FixedIncome, FloatingIncome
from backend.issues.schedule import CashFlow, PlannedPayment, cash_flow_preview, planned_payments
from backend.web.i18n import gettext as _
from backend.web.i18n import mark

Row = tuple[str, Any]

FIELD_WORDS: dict[str, str] = {
    "title": mark("Название"),
    "profile": mark("Вид прав"),
    "rights": mark("Права по единице"),
    "nominal": mark("Номинал, ₽"),
    "price": mark("Цена размещения, ₽"),
    "units": mark("Количество"),
    "units.maximum": mark("Наибольшее число единиц"),
    "units.minimum_to_issue": mark("Наименьшее для выпуска"),
    "units.order_min": mark("Наименьшая заявка"),
    "units.order_max": mark("Наибольшая заявка"),
    "access_class": mark("Кому доступен"),
    "issuer": mark("Эмитент"),
    "issuer.name": mark("Эмитент: название"),
    "issuer.inn": mark("Эмитент: ИНН"),
    "issuer.ogrn": mark("Эмитент: ОГРН"),
    "issuer.address": mark("Эмитент: адрес"),
    "placement": mark("Размещение"),
    "placement.starts": mark("Начало размещения"),
    "placement.ends": mark("Окончание размещения"),
    "placement.allocation": mark("Распределение заявок"),
    "crediting": mark("День зачисления"),
    "income": mark("Доход"),
    "income.kind": mark("Вид дохода"),
    "income.rate": mark("Ставка, % годовых"),
    "income.index": mark("Показатель"),
    "income.spread": mark("Надбавка, %"),
    "income.day_count": mark("База расчёта"),
    "income.rounding": mark("Округление"),
    "income.period": mark("Период выплат"),
    "income.first_payment": mark("Первая выплата"),
    "income.payments": mark("Число выплат"),
    "income.business_days": mark("Перенос с выходных"),
    "record_date": mark("Дата фиксации"),
    "lock.until": mark("Нельзя продавать до"),
    "redemption": mark("Погашение"),
    "redemption.date": mark("Дата погашения"),
    "redemption.nominal": mark("Номинал при погашении"),
    "early_redemption": mark("Досрочное погашение"),
    "tax_agent": mark("Налоговый агент"),
    "payout_account": mark("Счёт эмитента для выплат"),
    "payout_account.bic": mark("БИК"),
    "payout_account.account": mark("Номер счёта"),
    "security": mark("Обеспечение"),
    "documents": mark("Документы"),
    "form": mark("Анкета в целом"),
    "document": mark("Файл решения"),
}


@dataclass(frozen=True, slots=True)
class DecisionView:
    """A valid decision with its payments and the flow for one quantity."""

    decision: Decision
    units: int
    payments: list[PlannedPayment]
    flow: list[CashFlow]
    chart: dict[str, Any]

    @property
    def calendar_known(self) -> bool:
        """Whether every date rests on a published production calendar."""
        return all(one.calendar_known for one in self.payments)

    @property
    def paid_kopeks(self) -> int | None:
        """Everything that the issuer pays over the life of the units; None while an index is open."""
        sums = [one.total_kopeks for one in self.flow[1:]]
        return None if None in sums else sum(one for one in sums if one is not None)


def read(content: dict[str, Any], units: int | None = None) -> DecisionView | None:
    """The decision when it keeps every rule, else None. ``units`` defaults to the whole issue."""
    try:
        decision = validate_decision(content)
    except DecisionInvalid:
        return None
    count = min(max(units or decision.units.maximum, 1), decision.units.maximum)
    flow = cash_flow_preview(decision, count)
    return DecisionView(decision, count, planned_payments(decision), flow, flow_chart(flow))


def flow_chart(flow: list[CashFlow]) -> dict[str, Any]:
    """Columns of income and principal by day, rubles."""
    paid = flow[1:]
    return {
        "xAxis": {"type": "category", "data": [one.day.strftime("%d.%m.%y") for one in paid]},
        "yAxis": {"type": "value"},
        "legend": {},
        "series": [
            {"type": "bar", "stack": "sum", "name": _("Доход"), "data": [_rubles(one.income_kopeks) for one in paid]},
            {
                "type": "bar",
                "stack": "sum",
                "name": _("Номинал"),
                "data": [_rubles(one.principal_kopeks) for one in paid],
            },
        ],
    }


def terms(decision: Decision) -> list[Row]:
    """The main terms in words, one a line; money in kopeks is for the template's filter."""
    return [
        (_("Вид прав"), _("Денежное требование (долг)") if decision.profile == "DEBT" else _("Иные ЦФА")),
        (_("Права по единице"), decision.rights),
        (_("Доход"), income_words(decision)),
        (_("Дата фиксации"), record_words(decision)),
        (_("Погашение"), decision.redemption.date.strftime("%d.%m.%Y")),
        (_("Обеспечение"), _SECURITY[getattr(decision.security, "kind", "none")]()),
        (_("Налоговый агент"), _("Эмитент") if decision.tax_agent == "ISSUER" else _("Оператор")),
        (_("Эмитент"), f"{decision.issuer.name}, {_('ИНН')} {decision.issuer.inn}"),
    ]


def income_words(decision: Decision) -> str:
    """Rate and period in one phrase."""
    income = decision.income
    if isinstance(income, FixedIncome):
        return f"{_number(income.rate)} % {_('годовых')}, {_PERIODS[income.period.value]()}"
    if isinstance(income, FloatingIncome):
        return f"{income.index.value} {income.spread:+} %, {_PERIODS[income.period.value]()}"
    return f"{_('Изменение показателя')} {income.index.value}"


def record_words(decision: Decision) -> str:
    """When the list of payees is fixed."""
    rule = decision.record_date.rule
    if rule == "T-1":
        return _("Конец дня перед выплатой")
    return _("Открытие окна погашения") if rule == "AT_REDEMPTION_WINDOW" else _("При предъявлении")


def field_words(path: str) -> str:
    """Name of a field as people call it, with the path when it has no name."""
    words = FIELD_WORDS.get(path) or FIELD_WORDS.get(path.split(".", maxsplit=1)[0])
    if words is None:
        return path
    return _(words) if path in FIELD_WORDS else f"{_(words)} ({path})"


@dataclass(frozen=True, slots=True)
class Change:
    """A field that two versions state differently."""

    path: str
    words: str
    before: str
    after: str


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    """Every field that was added, dropped or changed, in order of the newer version."""
    old, new = dict(flat(before)), dict(flat(after))
    paths = list(new) + [path for path in old if path not in new]
    return [
        Change(path, field_words(path), old.get(path, "—"), new.get(path, "—"))
        for path in paths
        if old.get(path) != new.get(path)
    ]


def flat(content: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Leaves of a nested content as ``a.b.0`` and text."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield from flat(value, f"{path}.{key}" if path else str(key))
    elif isinstance(content, list):
        for number, value in enumerate(content):
            yield from flat(value, f"{path}.{number}")
    else:
        yield path, "—" if content is None else str(content)


_PERIODS = {
    "monthly": lambda: _("ежемесячно"),
    "quarterly": lambda: _("ежеквартально"),
    "semiannual": lambda: _("раз в полгода"),
    "annual": lambda: _("раз в год"),
    "at_redemption": lambda: _("при погашении"),
}
_SECURITY = {
    "none": lambda: _("Нет"),
    "guarantee": lambda: _("Поручительство"),
    "pledge": lambda: _("Залог"),
}


def _number(value: Any) -> str:
    return f"{value:f}".replace(".", ",")


def _rubles(kopeks: int | None) -> float | None:
    return None if kopeks is None else round(kopeks / 100, 2)  # a height on the screen, never counted with
