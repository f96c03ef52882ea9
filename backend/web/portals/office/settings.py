"""By which numbers the system judges today: dated rules, the register's own parameters, and what will change."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from starlette.responses import Response

from backend.core.clock import to_msk
from backend.core.rules import RuleRow
from backend.core.rules_view import RuleState, rules_today
from backend.identity import limits
from backend.web.deps import Listing, Page
from backend.web.exports import export
from backend.web.i18n import gettext as _
from backend.web.i18n import plural
from backend.web.labels import label
from backend.web.render import day, money, percent
from backend.web.routing import page_router

router = page_router("/office/settings")


@router.get("")
def settings(page: Page, listing: Listing) -> Response:
    """Rules in force at business time and coming changes; ``q`` looks in name and source."""
    found = [one for one in rules_today(page.ctx) if _fits(one, listing.q)]
    if listing.file:
        lines = [(one, row) for one in found for row in (*one.past, *([one.now] if one.now else []), *one.coming)]
        columns = [
            (_("Правило"), lambda line: _(label("rule", line[0].name).text)),
            (_("Код"), lambda line: line[0].name),
            (_("Значение"), lambda line: value_of(line[1])),
            (_("Действует с"), lambda line: day(line[1].effective_from)),
            (_("Источник"), lambda line: line[1].source),
        ]
        return export(lines, columns, "rules", listing.file)
    limit = limits.limit_in_force(page.ctx)
    yearly = next((one for one in rules_today(page.ctx) if one.name == "limit_class_yearly_kopeks"), None)
    return page.render(
        "office/settings.html",
        rules=found,
        coming=[(one, row) for one in found for row in one.coming],
        listing=listing,
        value_of=value_of,
        today=to_msk(page.ctx.now()).date(),
        limit=limit,
        drifted=limit.kopeks is not None
        and yearly is not None
        and yearly.now is not None
        and yearly.now.value != limit.kopeks,
    )


def value_of(row: RuleRow) -> str:
    """A value with its unit, which the rule's name tells."""
    name, value = row.name, row.value
    if name.endswith("_kopeks"):
        return money(int(value))
    if name.endswith("_percent"):
        try:
            return percent(Decimal(value), 0)
        except InvalidOperation:
            return str(value)
    if not isinstance(value, int):
        return _(label("rule_word", str(value)).text)
    for ending, one, few, many in (
        ("_working_days", _("рабочий день"), _("рабочих дня"), _("рабочих дней")),
        ("_days", _("день"), _("дня"), _("дней")),
        ("_hours", _("час"), _("часа"), _("часов")),
        ("_minutes", _("минута"), _("минуты"), _("минут")),
        ("_months", _("месяц"), _("месяца"), _("месяцев")),
        ("_years", _("год"), _("года"), _("лет")),
        ("_calls", _("операция"), _("операции"), _("операций")),
    ):
        if name.endswith(ending):
            return f"{value} {plural(value, one, few, many)}"
    return str(value)


def _fits(rule: RuleState, text: str | None) -> bool:
    if not text:
        return True
    words = [rule.name, _(label("rule", rule.name).text), *(row.source for row in (*rule.past, *rule.coming))]
    words += [rule.now.source] if rule.now else []
    return any(text.lower() in one.lower() for one in words)
