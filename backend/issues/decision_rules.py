"""What the fields of a decision must be together: order of dates, sums that fit, and what each profile allows.

A rule names the fields it reads. It is skipped when one of them was refused already, so a person reads the cause and
not its consequences; therefore rules stand in the order from cause to consequence.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from backend.core.business_days import adjust
from backend.core.identifiers import IdentifierError, parse_account
from backend.core.money import MAX_KOPEKS
from backend.issues.decision_problems import FieldProblem
from backend.issues.decision_terms import (
    AccessClass,
    Decision,
    FixedIncome,
    FloatingIncome,
    IndexedIncome,
    Period,
    PriceFormula,
    Profile,
    RecordAtEvent,
    RecordAtWindow,
    RecordBefore,
)

__all__ = ["RULES", "Rule", "check_rules"]

Found = Iterator[FieldProblem]


@dataclass(frozen=True, slots=True)
class Rule:
    """A check over the fields in ``reads`` (dotted paths; a section stands for all of its fields)."""

    reads: tuple[str, ...]
    check: Callable[[Decision], Found]

    def blocked_by(self, fields: set[str]) -> bool:
        """Tell whether a field that the rule reads has been refused."""
        return any(_related(read, field) for read in self.reads for field in fields)


RULES: Final[list[Rule]] = []


def check_rules(decision: Decision, known: list[FieldProblem]) -> list[FieldProblem]:
    """Return ``known`` and what the rules find, at most one problem a field."""
    found = {problem.field: problem for problem in known}
    for rule in RULES:
        if not rule.blocked_by(set(found)):
            for problem in rule.check(decision):
                found.setdefault(problem.field, problem)
    return list(found.values())


def _related(one: str, other: str) -> bool:
    return one == other or one.startswith(other + ".") or other.startswith(one + ".")


def _rule(*reads: str) -> Callable[[Callable[[Decision], Found]], Callable[[Decision], Found]]:
    def register(check: Callable[[Decision], Found]) -> Callable[[Decision], Found]:
        RULES.append(Rule(reads, check))
        return check

    return register


def _coupons(decision: Decision) -> FixedIncome | FloatingIncome | None:
    return None if isinstance(decision.income, IndexedIncome) else decision.income


def _placed_until(decision: Decision) -> date:
    """Day on which the last units can arise: the crediting, or the end of a placement that credits daily."""
    return decision.crediting or decision.placement.ends.date()


@_rule("units.maximum", "units.minimum_to_issue")
def _minimum_fits(decision: Decision) -> Found:
    if decision.units.minimum_to_issue > decision.units.maximum:
        yield FieldProblem(
            "units.minimum_to_issue",
            "above_maximum",
            "Минимум для признания выпуска состоявшимся больше максимального количества единиц.",
            "The minimum to issue is above the maximum number of units.",
        )


@_rule("units.maximum", "units.order_min", "units.order_max")
def _order_bounds(decision: Decision) -> Found:
    units = decision.units
    if units.order_max > units.maximum:
        ru, en = "Наибольшая заявка больше всего выпуска.", "The largest order is above the whole issue."
        yield FieldProblem("units.order_max", "above_maximum", ru, en)
    if units.order_min > units.order_max:
        ru, en = "Наименьшая заявка больше наибольшей.", "The smallest order is above the largest."
        yield FieldProblem("units.order_min", "above_maximum", ru, en)


@_rule("units.maximum", "nominal", "price")
def _sum_fits(decision: Decision) -> Found:
    per_unit = max(decision.nominal_kopeks or 0, decision.price_kopeks or 0)
    if per_unit * decision.units.maximum > MAX_KOPEKS:
        ru, en = "Сумма выпуска не помещается в реестр.", "The sum of the issue does not fit the register."
        yield FieldProblem("units.maximum", "too_large", ru, en)


@_rule("placement.starts", "placement.ends")
def _placement_order(decision: Decision) -> Found:
    starts, ends = decision.placement_window
    if ends <= starts:
        ru, en = "Размещение заканчивается раньше, чем начинается.", "The placement ends before it starts."
        yield FieldProblem("placement.ends", "before_start", ru, en)


@_rule("crediting", "placement", "income", "profile")
def _crediting_given(decision: Decision) -> Found:
    daily = decision.placement.crediting is not None
    if daily and decision.crediting is not None:
        ru, en = "Укажите либо дату зачисления, либо ежедневное зачисление.", "Give either a crediting date or daily."
        yield FieldProblem("crediting", "twice", ru, en)
    elif not daily and decision.crediting is None:
        ru, en = "Укажите дату зачисления.", "The crediting date is required."
        yield FieldProblem("crediting", "missing", ru, en)
    elif daily and (decision.profile is Profile.DEBT or not isinstance(decision.income, IndexedIncome)):
        yield FieldProblem(
            "placement.crediting",
            "daily_forbidden",
            "Ежедневное зачисление невозможно: доход всех единиц должен начисляться с одного дня.",
            "Daily crediting is impossible: income of all units must accrue from one day.",
        )


@_rule("crediting", "placement.ends")
def _crediting_after_placement(decision: Decision) -> Found:
    if decision.crediting is not None and decision.crediting < decision.placement.ends.date():
        ru, en = "Зачисление раньше окончания размещения.", "Crediting is before the placement ends."
        yield FieldProblem("crediting", "before_placement_end", ru, en)


@_rule("crediting", "placement.ends", "redemption.date", "redemption.business_days")
def _redemption_after_crediting(decision: Decision) -> Found:
    redemption = decision.redemption
    if min(redemption.date, adjust(redemption.date, redemption.business_days)) <= _placed_until(decision):
        ru, en = "Погашение не позже зачисления.", "The redemption is not after the crediting."
        yield FieldProblem("redemption.date", "before_crediting", ru, en)


@_rule("issuer.inn", "issuer.ogrn")
def _issuer_numbers(decision: Decision) -> Found:
    organisation = len(decision.issuer.inn) == 10
    if organisation != (len(decision.issuer.ogrn) == 13):
        expected = "ОГРН из 13 цифр" if organisation else "ОГРНИП из 15 цифр"
        english = "Does not belong to the same kind of person as the taxpayer number."
        yield FieldProblem("issuer.ogrn", "kind", f"При таком ИНН нужен {expected}.", english)


@_rule("payout_account")
def _account_fits_bank(decision: Decision) -> Found:
    account = decision.payout_account
    if account is None:
        return
    try:
        parse_account(account.bic, account.account)
    except IdentifierError as error:
        english = "The account key does not fit the bank: check the bank code and the account."
        yield FieldProblem("payout_account.bic", error.code, error.message, english)


@_rule("profile", "burn_on_issuer_acquire")
def _debt_is_burnt(decision: Decision) -> Found:
    if decision.profile is Profile.DEBT and decision.burn_on_issuer_acquire is False:
        yield FieldProblem(
            "burn_on_issuer_acquire",
            "debt_burns",
            "Долговые ЦФА, которые приобрёл эмитент, всегда погашаются (282-ФЗ ст. 2 п. 16).",
            "A debt issue always burns what the issuer acquires.",
        )


@_rule("profile", "nominal", "price", "income", "redemption")
def _debt_is_money_only(decision: Decision) -> Found:
    if decision.profile is not Profile.DEBT:
        return
    ru = "Для долговых ЦФА допустимы только заранее известная цена, номинал и периодический доход."
    en = "A debt issue has a known price, a nominal and periodic income only."
    if decision.nominal is None:
        yield FieldProblem("nominal", "debt_terms", ru, en)
    if isinstance(decision.price, PriceFormula):
        yield FieldProblem("price", "debt_terms", ru, en)
    if isinstance(decision.income, IndexedIncome):
        yield FieldProblem("income.kind", "debt_terms", ru, en)
    if decision.redemption.formula is not None:
        yield FieldProblem("redemption.formula", "debt_terms", ru, en)


@_rule("access_class", "income")
def _free_means_fixed(decision: Decision) -> Found:
    if decision.access_class is AccessClass.FREE and not isinstance(decision.income, FixedIncome):
        yield FieldProblem(
            "access_class",
            "free_needs_fixed",
            "Без ограничений доступны только ЦФА, выплаты по которым не зависят от переменных величин.",
            "Free access is only for payments that depend on no variable.",
        )


@_rule("income", "nominal")
def _coupons_need_nominal(decision: Decision) -> Found:
    if _coupons(decision) is not None and decision.nominal is None:
        ru, en = "Доход в процентах начисляется на номинал: укажите его.", "Percent income needs a nominal."
        yield FieldProblem("nominal", "missing", ru, en)


@_rule("income")
def _coupon_schedule_given(decision: Decision) -> Found:
    income = _coupons(decision)
    if income is None:
        return
    periodic = income.period is not Period.AT_REDEMPTION
    for name, value in (("first_payment", income.first_payment), ("payments", income.payments)):
        if periodic and value is None:
            ru, en = "Поле обязательно при периодических выплатах.", "Required for periodic payments."
            yield FieldProblem(f"income.{name}", "missing", ru, en)
        if not periodic and value is not None:
            ru, en = "При выплате в погашение не указывается.", "Not allowed when income is paid at redemption."
            yield FieldProblem(f"income.{name}", "not_allowed", ru, en)
    if isinstance(income, FloatingIncome) and (income.cap is not None and income.cap < (income.floor or 0)):
        ru, en = "Верхняя граница ставки ниже нижней.", "The cap is below the floor."
        yield FieldProblem("income.cap", "below_floor", ru, en)


@_rule("income", "crediting")
def _first_coupon_after_crediting(decision: Decision) -> Found:
    income = _coupons(decision)
    if income is None or income.first_payment is None or decision.crediting is None:
        return
    if min(income.first_payment, adjust(income.first_payment, income.business_days)) <= decision.crediting:
        ru, en = "Первая выплата не позже зачисления.", "The first payment is not after the crediting."
        yield FieldProblem("income.first_payment", "before_crediting", ru, en)


@_rule("income", "redemption.date")
def _schedule_ends_at_redemption(decision: Decision) -> Found:
    income = _coupons(decision)
    if income is None or not income.payment_dates:
        return
    last = income.payment_dates[-1]
    if last > decision.redemption.date:
        ru, en = "Последняя выплата позже погашения.", "The schedule runs past the redemption."
        yield FieldProblem("income.payments", "past_redemption", ru, en)
    if last < decision.redemption.date:
        ru = "График заканчивается раньше погашения: за последний срок доход не предусмотрен."
        yield FieldProblem("income.payments", "short", ru, "The schedule ends before the redemption.")


@_rule("redemption", "nominal", "amortisation")
def _redemption_amount(decision: Decision) -> Found:
    redemption = decision.redemption
    if (redemption.nominal is None) == (redemption.formula is None):
        ru, en = "Укажите либо номинал, либо формулу погашения.", "Give either the nominal or a formula."
        yield FieldProblem("redemption.nominal", "one_of", ru, en)
    elif redemption.formula is None and decision.nominal is None:
        ru, en = "Погашение по номиналу требует номинала.", "Redemption at the nominal needs a nominal."
        yield FieldProblem("nominal", "missing", ru, en)
    elif redemption.formula is None and (redemption.nominal == "remaining") != bool(decision.amortisation):
        ru = "При амортизации гасится остаток (remaining), без неё — весь номинал (full)."
        en = "With amortisation the remaining nominal is redeemed, without it the full one."
        yield FieldProblem("redemption.nominal", "amortisation", ru, en)


@_rule("amortisation", "income", "redemption")
def _amortisation_fits(decision: Decision) -> Found:
    income = _coupons(decision)
    allowed = set() if income is None else set(income.payment_dates) - {decision.redemption.date}
    previous = date.min
    for index, part in enumerate(decision.amortisation):
        field = f"amortisation.{index}"
        if part.date not in allowed or part.date <= previous:
            ru = "Дата амортизации должна совпадать с датой выплаты дохода до погашения, по порядку."
            en = "An amortisation falls on a payment date before the redemption, in order."
            yield FieldProblem(f"{field}.date", "not_a_payment_date", ru, en)
        if part.percent == 0:
            ru, en = "Доля должна быть больше нуля.", "The share must be above zero."
            yield FieldProblem(f"{field}.percent", "not_positive", ru, en)
        previous = part.date
    if decision.amortisation and sum(part.percent for part in decision.amortisation) >= 100:
        ru, en = "Доли амортизации в сумме должны быть меньше 100 %.", "The shares must add up to less than 100 %."
        yield FieldProblem(f"amortisation.{len(decision.amortisation) - 1}.percent", "too_much", ru, en)


@_rule("record_date", "income", "crediting", "redemption.date")
def _record_date_fits(decision: Decision) -> Found:
    record, income = decision.record_date, _coupons(decision)
    at_end = income is None or income.period is Period.AT_REDEMPTION
    if isinstance(record, RecordAtWindow):
        if not at_end:
            ru, en = "При периодических выплатах нужна дата фиксации T-1.", "Periodic payments need the T-1 rule."
            yield FieldProblem("record_date.rule", "periodic", ru, en)
        elif not _placed_until(decision) < record.window_opens.date() <= decision.redemption.date:
            ru, en = "Окно должно открываться между зачислением и погашением.", "The window opens before redemption."
            yield FieldProblem("record_date.window_opens", "range", ru, en)
    if isinstance(record, RecordAtEvent) and income is not None:
        ru, en = "Для начисляемого дохода нужна дата фиксации.", "Accrued income needs a record date."
        yield FieldProblem("record_date.rule", "event", ru, en)


@_rule("lock", "record_date", "redemption.date")
def _lock_fits(decision: Decision) -> Found:
    lock = decision.lock
    if lock.until is not None and lock.until.date() > decision.redemption.date:
        ru, en = "Запрет распоряжения заканчивается позже погашения.", "The lock ends after the redemption."
        yield FieldProblem("lock.until", "after_redemption", ru, en)
    if lock.from_window and not isinstance(decision.record_date, RecordAtWindow):
        ru, en = "Окна погашения в решении нет.", "The decision has no redemption window."
        yield FieldProblem("lock.from_window", "no_window", ru, en)
    if lock.before_payment_days and not isinstance(decision.record_date, RecordBefore):
        ru, en = "Запрет перед выплатой возможен при фиксации T-1.", "A lock before payment needs the T-1 rule."
        yield FieldProblem("lock.before_payment_days", "no_record_date", ru, en)


@_rule("early_redemption", "crediting", "placement.ends", "redemption.date", "units.maximum")
def _early_redemption_fits(decision: Decision) -> Found:
    early = decision.early_redemption
    first, last = _placed_until(decision) + timedelta(days=1), decision.redemption.date - timedelta(days=1)
    ru, en = "Дата должна быть между зачислением и погашением.", "The day must be between crediting and redemption."
    if early is not None and early.issuer_call and not first <= early.issuer_call.from_date <= last:
        yield FieldProblem("early_redemption.issuer_call.from", "range", ru, en)
    put = early.investor_put if early is not None else None
    if put is None:
        return
    if not first <= put.window[0] <= put.window[1]:
        yield FieldProblem("early_redemption.investor_put.window", "range", ru, en)
    if not put.window[1] <= put.pay <= last:
        yield FieldProblem("early_redemption.investor_put.pay", "range", ru, en)
    if put.minimum_units > decision.units.maximum:
        ru, en = "Больше, чем единиц в выпуске.", "More than the units of the issue."
        yield FieldProblem("early_redemption.investor_put.minimum_units", "above_maximum", ru, en)


@_rule("documents")
def _documents_differ(decision: Decision) -> Found:
    for index, name in enumerate(decision.documents):
        if name in decision.documents[:index]:
            yield FieldProblem(f"documents.{index}", "repeated", "Документ указан дважды.", "The document is repeated.")
