"""The structured form of a decision: its main fields over the whole content, which may hold more than the form shows."""

from __future__ import annotations

import copy
from typing import Any

import yaml

from backend.core.context import Context
from backend.core.daycount import DayCount
from backend.identity import service as identity
from backend.identity.service import Participant
from backend.web.forms import Form
from backend.web.i18n import gettext as _
from backend.web.i18n import mark

Options = list[tuple[str, str]]

TEXTS = (
    "title", "rights", "nominal", "price", "crediting", "income.rate", "income.spread", "income.floor", "income.cap",
    "income.first_payment", "redemption.date", "payout_account.bic", "payout_account.account", "security.object",
    "security.guarantor.name", "security.guarantor.inn", "income.fixing.source", "liability_limits", "other_terms",
)  # fmt: skip
NUMBERS = (
    "units.maximum", "units.minimum_to_issue", "units.order_min", "units.order_max", "income.payments",
    "income.fixing.days_before_period",
)  # fmt: skip
MOMENTS = ("placement.starts", "placement.ends", "lock.until")
CHOICES = (
    "profile", "access_class", "placement.allocation", "income.kind", "income.index", "income.day_count",
    "income.rounding", "income.period", "income.business_days", "redemption.business_days", "tax_agent",
)  # fmt: skip
MOSCOW = "+03:00"
_FLOATING_ONLY = ("income.index", "income.spread", "income.floor", "income.cap", "income.fixing")

_OPTIONS: dict[str, list[tuple[str, str]]] = {
    "profile": [("DEBT", mark("Долг: деньги по твёрдым условиям")), ("GENERAL", mark("Иные ЦФА"))],
    "access_class": [
        ("FREE", mark("Доступен каждому")),
        ("LIMIT", mark("В пределах годового лимита")),
        ("TEST", mark("После тестирования")),
        ("QUAL", mark("Для квалифицированных")),
    ],
    "placement.allocation": [
        ("FIFO", mark("По очереди подачи")),
        ("PRO_RATA", mark("Пропорционально заявкам")),
        ("ISSUER_CHOICE", mark("По решению эмитента")),
    ],
    "income.kind": [("fixed", mark("Постоянная ставка")), ("floating", mark("Показатель и надбавка"))],
    "income.index": [("KEY_RATE", mark("Ключевая ставка")), ("RUONIA", "RUONIA")],
    "income.rounding": [("PER_UNIT", mark("На каждую единицу")), ("PER_HOLDER", mark("На сумму держателя"))],
    "income.period": [
        ("monthly", mark("Ежемесячно")),
        ("quarterly", mark("Ежеквартально")),
        ("semiannual", mark("Раз в полгода")),
        ("annual", mark("Раз в год")),
        ("at_redemption", mark("При погашении")),
    ],
    "income.business_days": [
        ("FOLLOWING", mark("На следующий рабочий день")),
        ("MODIFIED_FOLLOWING", mark("На следующий, но не в другой месяц")),
        ("PRECEDING", mark("На предыдущий рабочий день")),
        ("NONE", mark("Не переносить")),
    ],
    "tax_agent": [("ISSUER", mark("Эмитент")), ("OPERATOR", mark("Оператор"))],
    "security.kind": [
        ("none", mark("Без обеспечения")),
        ("guarantee", mark("Поручительство")),
        ("pledge", mark("Залог")),
    ],
}


def options() -> dict[str, Options]:
    """Choices of the form by field, in the language of the page."""
    found = {name: [(value, _(words)) for value, words in pairs] for name, pairs in _OPTIONS.items()}
    found["redemption.business_days"] = found["income.business_days"]
    found["income.day_count"] = [(one.value, one.value) for one in DayCount]
    return found


def blank(ctx: Context, owner: Participant) -> dict[str, Any]:
    """A new decision: the issuer's own details and the usual choices."""
    known = identity.profile(ctx, owner)
    bank = known.get("bank") or {}
    return {
        "profile": "DEBT",
        "issuer": {
            "name": known.get("full_name") or known.get("name"),
            "inn": known.get("inn"),
            "ogrn": known.get("ogrn"),
            "address": known.get("address"),
        },
        "rights": _("Денежное требование: выплата номинала и периодического дохода"),
        "access_class": "FREE",
        "placement": {"allocation": "FIFO", "recall": "until_end"},
        "income": {
            "kind": "fixed",
            "day_count": "ACT/365F",
            "rounding": "PER_UNIT",
            "period": "monthly",
            "business_days": "FOLLOWING",
            "accrue_on_shift": False,
        },
        "record_date": {"rule": "T-1", "time": "23:59:59+03:00"},
        "redemption": {"business_days": "FOLLOWING", "nominal": "full"},
        "tax_agent": "ISSUER",
        "payout_account": {"bic": bank.get("bic"), "account": bank.get("account")},
        "security": "none",
        "documents": ["decision.pdf"],
    }


def apply(content: dict[str, Any], form: Form) -> dict[str, Any]:
    """The content with the form's fields put over it; an empty field takes the term away."""
    made = copy.deepcopy(content)
    for path in (*TEXTS, *CHOICES):
        _put(made, form, path, form.get(path))
    for path in NUMBERS:
        text = form.get(path).replace(" ", "").replace("\u00a0", "")
        _put(made, form, path, int(text) if text.isdecimal() and text.isascii() else text)
    for path in MOMENTS:
        text = form.get(path)
        _put(made, form, path, f"{text}{MOSCOW}" if text and "+" not in text else text)
    _security(made, form)
    if "documents" in form.values:
        made["documents"] = [line.strip() for line in form.get("documents").splitlines() if line.strip()]
    if form.get("income.kind") == "fixed":
        for path in _FLOATING_ONLY:
            _drop(made, path.split("."))
    elif form.get("income.kind") == "floating":
        _drop(made, ["income", "rate"])
        made["income"].setdefault("fixing", {})["fallback"] = "last_known"
    return made


def shown(content: dict[str, Any]) -> dict[str, str]:
    """Texts of the form's fields for a content."""
    found = {path: _text(_get(content, path)) for path in (*TEXTS, *NUMBERS, *CHOICES)}
    found.update({path: _text(_get(content, path)).removesuffix(MOSCOW)[:19] for path in MOMENTS})
    security = content.get("security")
    found["security.kind"] = _text(security.get("kind")) if isinstance(security, dict) else "none"
    documents = content.get("documents")
    found["documents"] = "\n".join(str(one) for one in documents) if isinstance(documents, list) else ""
    return found


def as_text(content: dict[str, Any]) -> str:
    """The whole content as YAML that reads back the same."""
    return str(yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=110))


def _security(made: dict[str, Any], form: Form) -> None:
    kind = form.get("security.kind")
    if kind == "guarantee":
        names = ("name", "inn")
        guarantor = {name: form.get(f"security.guarantor.{name}") for name in names}
        made["security"] = {"kind": kind, "guarantor": {name: text for name, text in guarantor.items() if text}}
    elif kind == "pledge":
        made["security"] = {"kind": kind, **({"object": text} if (text := form.get("security.object")) else {})}
    elif kind == "none":
        made["security"] = "none"


def _put(content: dict[str, Any], form: Form, path: str, value: Any) -> None:
    if path not in form.values or path.startswith("security."):
        return
    parts = path.split(".")
    if value == "":
        if isinstance(_get(content, path), str | int):  # what the form can't show, it doesn't take away
            _drop(content, parts)
        return
    place = content
    for part in parts[:-1]:
        if not isinstance(place.get(part), dict):
            place[part] = {}
        place = place[part]
    place[parts[-1]] = value


def _drop(content: dict[str, Any], parts: list[str]) -> None:
    place: Any = content
    for part in parts[:-1]:
        place = place.get(part) if isinstance(place, dict) else None
    if isinstance(place, dict):
        place.pop(parts[-1], None)
    if len(parts) == 2 and content.get(parts[0]) == {}:
        del content[parts[0]]


def _get(content: dict[str, Any], path: str) -> Any:
    place: Any = content
    for part in path.split("."):
        place = place.get(part) if isinstance(place, dict) else None
    return place


def _text(value: Any) -> str:
    return "" if value is None or isinstance(value, dict | list) else str(value)
