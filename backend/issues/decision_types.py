"""Scalar types of a decision's terms: how a value is written, what it becomes, and the sentence that refuses it.

Sums and percents are decimal strings (a float is refused: it can't hold 0.10), dates are ``YYYY-MM-DD``, moments carry
an offset and are kept in Moscow time.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, StrictInt
from pydantic_core import PydanticCustomError

from backend.core import identifiers
from backend.core.daycount import DayCount
from backend.core.identifiers import IdentifierError
from backend.core.money import MAX_KOPEKS, MoneyError, rubles_to_kopeks

MSK: Final = timezone(timedelta(hours=3), "MSK")
MAX_UNITS: Final = 2**63 - 1
"""What a SQL bigint and the token's 64-bit counters both hold."""
_BIDI: Final = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_NUMBER: Final = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
_FORMULA: Final = re.compile(r"([A-Z_]+)(?: ?\* ?([0-9]{1,9}(?:\.[0-9]{1,6})?))?")


class Index(StrEnum):
    """Published figures that a payment may follow."""

    KEY_RATE = "KEY_RATE"
    RUONIA = "RUONIA"
    CPI = "CPI"
    GOLD_RUB_PER_GRAM = "GOLD_RUB_PER_GRAM"
    SILVER_RUB_PER_GRAM = "SILVER_RUB_PER_GRAM"
    USD_RUB = "USD_RUB"
    CNY_RUB = "CNY_RUB"


def refusal(code: str, ru: str, en: str) -> PydanticCustomError:
    """Return the error of a field with its sentence in both languages."""
    return PydanticCustomError(code, "{en}", {"ru": ru, "en": en})


def number(value: object) -> Decimal:
    """Read a decimal from text or a whole number; floats and exponents are refused."""
    if isinstance(value, Decimal) and value.is_finite():
        return value
    if isinstance(value, bool | float):
        raise refusal(
            "number_as_text",
            "Запишите число строкой, например «1000.00».",
            "Write the number as text, such as '1000.00'.",
        )
    text = str(value).strip() if isinstance(value, str | int) else ""
    if not _NUMBER.fullmatch(text):
        raise refusal("number", "Это не число вида «1000.00».", "This is not a number such as '1000.00'.")
    try:
        return Decimal(text)
    except InvalidOperation:  # pragma: no cover  (the pattern admits only what Decimal reads)
        raise refusal("number", "Это не число.", "This is not a number.") from None


def _money(value: object) -> Decimal:
    amount = number(value)
    try:
        kopeks = rubles_to_kopeks(amount)
    except MoneyError as error:
        english = "More than two decimals." if error.code == "decimals" else "The sum is too large."
        raise refusal(error.code, error.message, english) from error
    if kopeks <= 0:
        raise refusal("not_positive", "Сумма должна быть больше нуля.", "The sum must be above zero.")
    return amount.quantize(Decimal("0.01")) if kopeks <= MAX_KOPEKS else amount


def _percent(low: int, high: int, places: int = 6) -> Callable[[object], Decimal]:
    def read(value: object) -> Decimal:
        share = number(value)
        if share < low or share > high:
            raise refusal("range", f"Допустимо от {low} до {high} процентов.", f"Allowed: {low} to {high} per cent.")
        exponent = share.as_tuple().exponent
        if isinstance(exponent, int) and -exponent > places:
            raise refusal("decimals", f"Не больше {places} знаков после запятой.", f"At most {places} decimals.")
        return share

    return read


def _date(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            raise ValueError
        day = date.fromisoformat(value)
    except ValueError:
        raise refusal("date", "Нужна дата вида 2026-12-31.", "A date such as 2026-12-31 is needed.") from None
    _check_year(day.year)
    return day


def _moment(value: object) -> datetime:
    try:
        moment = (
            value if isinstance(value, datetime) else datetime.fromisoformat(value) if isinstance(value, str) else None
        )
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or moment.microsecond:
        raise refusal(
            "moment",
            "Нужны дата и время с часовым поясом, например 2026-12-01T10:00+03:00.",
            "A date and time with an offset is needed, such as 2026-12-01T10:00+03:00.",
        )
    _check_year(moment.year)
    return moment.astimezone(MSK)


def _check_year(year: int) -> None:
    if not 2020 <= year <= 2100:
        raise refusal("year", "Год должен быть от 2020 до 2100.", "The year must be from 2020 to 2100.")


def _moscow_time(value: object) -> time:
    try:
        moment = value if isinstance(value, time) else time.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.utcoffset() != timedelta(hours=3) or moment.microsecond:
        raise refusal(
            "time",
            "Нужно московское время вида 23:59:59+03:00.",
            "Moscow time such as 23:59:59+03:00 is needed.",
        )
    return moment.replace(tzinfo=MSK)


def _plain_text(value: str) -> str:
    if not value.strip():
        raise refusal("empty", "Заполните поле.", "Fill in the field.")
    if any(unicodedata.category(sign) in ("Cc", "Cs") or sign in _BIDI for sign in value):
        raise refusal(
            "characters", "В тексте есть недопустимые знаки.", "The text has characters that are not allowed."
        )
    return value.strip()


def _identifier(parse: Callable[[str], str], english: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        try:
            return parse(str(value) if isinstance(value, str | int) and not isinstance(value, bool) else "")
        except IdentifierError as error:
            raise refusal(error.code, error.message, f"{english}: {error.code}.") from error

    return read


def _account_form(value: str) -> str:
    """Check the form alone; whether the key fits the bank is a rule over both fields."""
    text = identifiers.normalise(value)
    if not re.fullmatch(r"[0-9]{20}", text):
        raise IdentifierError("length", "Номер счёта: должно быть 20 цифр.")
    return text


def parse_formula(text: str) -> tuple[Index, Decimal]:
    """Return the index and the factor of ``INDEX`` or ``INDEX * 1.00``; ValueError for anything else."""
    found = _FORMULA.fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    return Index(found.group(1)), Decimal(found.group(2) or "1")


def _formula(value: str) -> str:
    try:
        _, factor = parse_formula(value)
    except ValueError:
        raise refusal(
            "formula",
            "Формула — показатель или показатель, умноженный на число: «GOLD_RUB_PER_GRAM * 1.00».",
            "A formula is an index, or an index times a number: 'GOLD_RUB_PER_GRAM * 1.00'.",
        ) from None
    if not factor:
        raise refusal("formula", "Множитель должен быть больше нуля.", "The factor must be above zero.")
    return value.strip()


def _day_count(value: object) -> DayCount:
    try:
        return DayCount(str(value))
    except ValueError:
        raise refusal("enum", f"Допустимо: {', '.join(DayCount)}.", f"Allowed: {', '.join(DayCount)}.") from None


Text = Annotated[str, Field(max_length=2000), AfterValidator(_plain_text)]
ShortText = Annotated[str, Field(max_length=200), AfterValidator(_plain_text)]
Money = Annotated[Decimal, BeforeValidator(_money)]
Rate = Annotated[Decimal, BeforeValidator(_percent(0, 1000))]
Spread = Annotated[Decimal, BeforeValidator(_percent(-100, 100))]
Share = Annotated[Decimal, BeforeValidator(_percent(0, 100))]
Day = Annotated[date, BeforeValidator(_date)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
MoscowTime = Annotated[time, BeforeValidator(_moscow_time)]
Units = Annotated[StrictInt, Field(ge=1, le=MAX_UNITS)]
UnitsOrNone = Annotated[StrictInt, Field(ge=0, le=MAX_UNITS)]
Days = Annotated[StrictInt, Field(ge=0, le=3650)]
Inn = Annotated[str, BeforeValidator(_identifier(identifiers.parse_inn, "Taxpayer number"))]
RegistrationNumber = Annotated[
    str, BeforeValidator(_identifier(identifiers.parse_registration_number, "Registration number"))
]
Bic = Annotated[str, BeforeValidator(_identifier(identifiers.parse_bic, "Bank code"))]
AccountNumber = Annotated[str, BeforeValidator(_identifier(_account_form, "Account number"))]
Formula = Annotated[str, AfterValidator(_formula)]
DayCountName = Annotated[DayCount, BeforeValidator(_day_count)]
