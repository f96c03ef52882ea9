"""A decision's terms and risks in plain words. Words only: the terms themselves come from ``issues``."""

from __future__ import annotations

from collections.abc import Iterator

from backend.issues.decision_terms import (
    AccessClass,
    Decision,
    FixedIncome,
    FloatingIncome,
    IndexedIncome,
    Period,
    Pledge,
    RecordAtWindow,
    RecordBefore,
)
from backend.issues.decision_types import Index
from backend.web.i18n import gettext as _
from backend.web.i18n import mark
from backend.web.portals.investor.common import word
from backend.web.render import day, moment, money, percent, units

INCOME_KINDS = {
    "fixed": mark("Постоянная ставка"),
    "floating": mark("Плавающая ставка"),
    "indexed": mark("По цене актива"),
}
_PERIODS = {
    Period.MONTHLY: mark("каждый месяц"),
    Period.QUARTERLY: mark("каждый квартал"),
    Period.SEMIANNUAL: mark("раз в полгода"),
    Period.ANNUAL: mark("раз в год"),
    Period.AT_REDEMPTION: mark("один раз, при погашении"),
}
_INDEXES = {
    Index.KEY_RATE: mark("ключевая ставка Банка России"),
    Index.RUONIA: mark("ставка RUONIA"),
    Index.CPI: mark("индекс потребительских цен"),
    Index.GOLD_RUB_PER_GRAM: mark("цена золота за грамм"),
    Index.SILVER_RUB_PER_GRAM: mark("цена серебра за грамм"),
    Index.USD_RUB: mark("курс доллара к рублю"),
    Index.CNY_RUB: mark("курс юаня к рублю"),
}


def income_in_short(decision: Decision) -> str:
    """A line for cards and lists: «21,00 % годовых»."""
    income = decision.income
    if isinstance(income, FixedIncome):
        return _("{rate} годовых").format(rate=percent(income.rate))
    if isinstance(income, FloatingIncome):
        return _("{index} + {spread}").format(index=_(_INDEXES[income.index]), spread=percent(income.spread))
    return _(_INDEXES[income.index])


def in_words(decision: Decision) -> list[tuple[str, str]]:
    """Question and answer, in the order in which people ask."""
    return list(_answers(decision))


def _answers(decision: Decision) -> Iterator[tuple[str, str]]:
    issuer = decision.issuer
    yield _("Кто занимает деньги"), _("{name}, ИНН {inn}").format(name=issuer.name, inn=issuer.inn)
    yield _("Что вы получаете"), decision.rights
    yield _("Сколько стоит единица"), _price(decision)
    yield _("Какой доход"), _income(decision)
    if decision.amortisation:
        parts = ", ".join(f"{day(one.date)} — {percent(one.percent)}" for one in decision.amortisation)
        yield _("Возврат номинала частями"), parts
    yield _("Когда вернут номинал"), _redemption(decision)
    yield _("Кому платят"), _record(decision)
    if decision.lock.until:
        yield _("Когда можно продать"), _("После {at}").format(at=moment(decision.lock.until))
    if decision.early_redemption:
        yield _("Досрочно"), _early(decision)
    if decision.buy_back:
        words = _("Эмитент выкупает единицы по своим котировкам в рабочие дни, {hours}, расчёты {settlement}.")
        yield _("Выкуп"), words.format(hours=decision.buy_back.hours, settlement=decision.buy_back.settlement)
    yield _("Чем обеспечено"), _security(decision)
    yield _("Кто может купить"), word("access_class", decision.access_class.value)
    yield _("Если заявок больше"), word("allocation", decision.placement.allocation.value)
    yield _("Если заявок мало"), _minimum(decision)
    agent = (
        _("Эмитент удерживает налог при выплате.")
        if decision.tax_agent == "ISSUER"
        else _("Оператор удерживает налог при выплате.")
    )
    yield _("Налог"), agent
    if decision.liability_limits:
        yield _("Пределы ответственности"), decision.liability_limits
    if decision.other_terms:
        yield _("Прочее"), decision.other_terms


def risks(decision: Decision) -> list[tuple[str, str]]:
    """The risk sheet: title and sentence."""
    found = [
        (_("Деньги не застрахованы"), _("Вложения в ЦФА не участвуют в системе страхования вкладов.")),
        (_("Эмитент может не заплатить"), _("Выплаты зависят от эмитента. При его банкротстве можно потерять всё.")),
        (_("Продать может не получиться"), _("Покупателя на ваши единицы может не найтись, или цена будет ниже.")),
        (_("Технические сбои"), _("Операции могут быть приостановлены оператором; записи реестра сохраняются.")),
    ]
    if decision.security == "none":
        found.insert(1, (_("Обеспечения нет"), _("Ни залога, ни поручительства нет: отвечает только эмитент.")))
    if isinstance(decision.income, FloatingIncome | IndexedIncome):
        index = _(_INDEXES[decision.income.index])
        found.append((_("Доход неизвестен заранее"), _("Он зависит от показателя: {index}.").format(index=index)))
    if decision.redemption.formula is not None:
        found.append(
            (_("Номинал не гарантирован"), _("При погашении платят по формуле; сумма может быть меньше вложенной."))
        )
    if decision.early_redemption and decision.early_redemption.issuer_call:
        found.append(
            (
                _("Досрочное погашение"),
                _("Эмитент вправе погасить выпуск раньше: доход за оставшийся срок не платится."),
            )
        )
    if decision.access_class is not AccessClass.FREE:
        found.append((_("Сложный инструмент"), _("Выпуск доступен не всем: проверьте, что понимаете его условия.")))
    return found


def _price(decision: Decision) -> str:
    nominal = money(decision.nominal_kopeks)
    if decision.price_kopeks is None:
        return _("Цена следует за показателем на дату закрытия заявок.")
    return _("{price}; номинал {nominal}").format(price=money(decision.price_kopeks), nominal=nominal)


def _income(decision: Decision) -> str:
    income = decision.income
    short = income_in_short(decision)
    if isinstance(income, IndexedIncome):
        return _("Доход — изменение показателя: {index}. Источник: {source}.").format(index=short, source=income.source)
    paid = _(_PERIODS[income.period])
    text = _("{short}, выплата {paid}").format(short=short, paid=paid)
    if isinstance(income, FloatingIncome):
        bounds = [
            _("не ниже {rate}").format(rate=percent(income.floor)) if income.floor is not None else "",
            _("не выше {rate}").format(rate=percent(income.cap)) if income.cap is not None else "",
        ]
        text = ", ".join([text, *(one for one in bounds if one)])
    if income.payments:
        text += _("; выплат: {count}, первая {first}").format(count=income.payments, first=day(income.first_payment))
    return text + "."


def _redemption(decision: Decision) -> str:
    redemption = decision.redemption
    if redemption.formula is not None:
        return _("{day}, по формуле {formula}").format(day=day(redemption.date), formula=redemption.formula)
    return day(redemption.date)


def _record(decision: Decision) -> str:
    record = decision.record_date
    if isinstance(record, RecordBefore):
        at = record.time.strftime("%H:%M")
        return _("Тем, у кого единицы есть накануне дня выплаты в {at} МСК.").format(at=at)
    if isinstance(record, RecordAtWindow):
        return _("Тем, у кого единицы есть {at}.").format(at=moment(record.window_opens))
    return _("Тем, кто предъявит единицы.")


def _early(decision: Decision) -> str:
    early, parts = decision.early_redemption, []
    if early and early.issuer_call:
        words = _("Эмитент вправе погасить с {day}, предупредив за {days} дн")
        parts.append(words.format(day=day(early.issuer_call.from_date), days=early.issuer_call.notice_days))
    if early and early.investor_put:
        put = early.investor_put
        words = _("Вы вправе предъявить с {since} по {until}, выплата {pay} по {price} номинала")
        parts.append(
            words.format(
                since=day(put.window[0]), until=day(put.window[1]), pay=day(put.pay), price=percent(put.price_percent)
            )
        )
    return ". ".join(parts) + "."


def _security(decision: Decision) -> str:
    if isinstance(decision.security, str):
        return _("Ничем: отвечает только эмитент.")
    if isinstance(decision.security, Pledge):
        return _("Залог: {what}").format(what=decision.security.object)
    return _("Поручительство: {name}").format(name=decision.security.guarantor.name)


def _minimum(decision: Decision) -> str:
    least = decision.units.minimum_to_issue
    if not least:
        return _("Выпуск состоится при любом числе заявок.")
    return _("Если заявок меньше чем на {least} ед., выпуск не состоится и деньги вернутся.").format(least=units(least))
