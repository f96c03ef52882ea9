"""Russian identifiers: normalisation and checks of registration, tax, bank and passport numbers.

Every ``parse_*`` function takes what a person typed (spaces, dashes, no-break spaces and full-width digits
allowed), returns the canonical string, and raises :class:`IdentifierError` that names the cause in Russian.
The check digits follow the published orders: ИНН, Приказ ФНС ЕД-7-14/559@; СНИЛС, Постановление Правления ПФР 192п;
ОГРН and ОГРНИП, Приказ Минфина 165н; bank accounts, Bank of Russia order on the account key (515 of 08.09.1997);
LEI, ISO 17442 with ISO 7064 MOD 97-10. A correct check digit doesn't prove that the number was ever issued.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Final

__all__ = [
    "PARSERS",
    "IdentifierError",
    "bank_of_russia_unit",
    "is_valid",
    "normalise",
    "parse_account",
    "parse_bic",
    "parse_correspondent_account",
    "parse_department_code",
    "parse_inn",
    "parse_inn10",
    "parse_inn12",
    "parse_kpp",
    "parse_lei",
    "parse_ogrn",
    "parse_ogrnip",
    "parse_passport_number",
    "parse_passport_series",
    "parse_phone",
    "parse_registration_number",
    "parse_snils",
]

_INN10_WEIGHTS: Final = (2, 4, 10, 3, 5, 9, 4, 6, 8)
_INN12_FIRST: Final = (7, *_INN10_WEIGHTS)
_INN12_SECOND: Final = (3, *_INN12_FIRST)
_ACCOUNT_WEIGHTS: Final = (7, 1, 3)
_SEPARATORS: Final = re.compile(r"[\s\-\u2010-\u2015\u2212\u200b\u2060\ufeff]+")
_LETTER_O: Final = frozenset("ОоOo")
_SNILS_UNCHECKED_UP_TO: Final = 1_001_998
_BANK_OF_RUSSIA_ENDINGS: Final = frozenset({"000", "001", "002"})
_TREASURY_BIC_PREFIXES: Final = frozenset({"00", "01", "02"})


class IdentifierError(ValueError):
    """A number was refused. ``code`` is stable for programs, ``message`` is Russian for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def normalise(value: str) -> str:
    """Return ``value`` without spaces and dashes of any kind, with full-width digits made plain."""
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", value))


def _digits(name: str, value: str, *lengths: int) -> str:
    """Return the digits of ``value``; refuse letters, a wrong length and nothing but zeros."""
    text = normalise(value)
    if not text:
        raise IdentifierError("empty", f"{name}: значение не указано.")
    if _LETTER_O & set(text):
        raise IdentifierError("letter_o", f"{name}: вместо нуля введена буква «О».")
    if not (text.isascii() and text.isdigit()):
        raise IdentifierError("not_digits", f"{name}: допустимы только цифры.")
    if len(text) not in lengths:
        raise IdentifierError("length", _length_message(name, len(text), lengths))
    if not text.strip("0"):
        raise IdentifierError("zeros", f"{name}: номер из одних нулей не существует.")
    return text


def _length_message(name: str, got: int, lengths: Sequence[int]) -> str:
    expected = " или ".join(str(length) for length in lengths)
    message = f"{name}: должно быть {expected} цифр, введено {got}."
    if got + 1 in lengths:
        message += " Возможно, потерян ведущий ноль (так бывает при копировании из таблицы)."
    return message


def _weighted(text: str, weights: Sequence[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(text, weights, strict=False))


def _checksum(name: str) -> IdentifierError:
    return IdentifierError("checksum", f"{name}: контрольная цифра не сходится, в номере опечатка.")


def parse_inn10(value: str) -> str:
    """Return the ИНН of an organisation (10 digits)."""
    text = _digits("ИНН организации", value, 10)
    _refuse_inn_region(text)
    if _weighted(text, _INN10_WEIGHTS) % 11 % 10 != int(text[9]):
        raise _checksum("ИНН")
    return text


def parse_inn12(value: str) -> str:
    """Return the ИНН of a person or an individual entrepreneur (12 digits)."""
    text = _digits("ИНН физического лица", value, 12)
    _refuse_inn_region(text)
    first = _weighted(text, _INN12_FIRST) % 11 % 10
    second = _weighted(text, _INN12_SECOND) % 11 % 10
    if (first, second) != (int(text[10]), int(text[11])):
        raise _checksum("ИНН")
    return text


def parse_inn(value: str) -> str:
    """Return an ИНН of either kind (10 or 12 digits)."""
    text = _digits("ИНН", value, 10, 12)
    return parse_inn10(text) if len(text) == 10 else parse_inn12(text)


def _refuse_inn_region(text: str) -> None:
    if text.startswith("00"):
        raise IdentifierError("region", "ИНН: код региона 00 не существует.")


def parse_snils(value: str) -> str:
    """Return СНИЛС as 11 digits. Numbers up to 001-001-998 were issued without a control number."""
    text = _digits("СНИЛС", value, 11)
    if int(text[:9]) == 0:
        raise IdentifierError("zeros", "СНИЛС: номер из одних нулей не существует.")
    if int(text[:9]) > _SNILS_UNCHECKED_UP_TO:
        control = _weighted(text, range(9, 0, -1)) % 101 % 100
        if control != int(text[9:]):
            raise IdentifierError("checksum", "СНИЛС: контрольное число не сходится, в номере опечатка.")
    return text


def parse_ogrn(value: str) -> str:
    """Return ОГРН of an organisation (13 digits, first digit 1 or 5; 2 would be a ГРН entry)."""
    text = _digits("ОГРН", value, 13)
    if text[0] not in "15":
        raise IdentifierError(
            "first_digit", f"ОГРН: первая цифра должна быть 1 или 5; с цифры {text[0]} начинается ГРН записи, не ОГРН."
        )
    if int(text[:12]) % 11 % 10 != int(text[12]):
        raise _checksum("ОГРН")
    return text


def parse_ogrnip(value: str) -> str:
    """Return ОГРНИП of an individual entrepreneur (15 digits, first digit 3)."""
    text = _digits("ОГРНИП", value, 15)
    if text[0] != "3":
        raise IdentifierError("first_digit", "ОГРНИП: первая цифра должна быть 3.")
    if int(text[:14]) % 13 % 10 != int(text[14]):
        raise _checksum("ОГРНИП")
    return text


def parse_registration_number(value: str) -> str:
    """Return ОГРН or ОГРНИП, told apart by length."""
    text = normalise(value)
    return parse_ogrnip(text) if len(text) == 15 else parse_ogrn(text)


def parse_kpp(value: str) -> str:
    """Return КПП: four digits of the tax office, two signs of the reason, three digits."""
    text = normalise(value).upper()
    if not re.fullmatch(r"[0-9]{4}[0-9A-Z]{2}[0-9]{3}", text):
        raise IdentifierError("format", "КПП: девять знаков, вида 770101001 (5-й и 6-й могут быть латинскими буквами).")
    if text.startswith("00"):
        raise IdentifierError("region", "КПП: код региона 00 не существует.")
    return text


def parse_bic(value: str) -> str:
    """Return БИК (9 digits): 04 for banks and Bank of Russia units, 00 to 02 for treasury bodies."""
    text = _digits("БИК", value, 9)
    if text[:2] != "04" and text[:2] not in _TREASURY_BIC_PREFIXES:
        raise IdentifierError("prefix", "БИК: должен начинаться с 04 (банки) или с 00, 01, 02 (казначейство).")
    return text


def bank_of_russia_unit(bic: str) -> bool:
    """Tell whether the БИК belongs to a unit of the Bank of Russia (it ends in 000, 001 or 002)."""
    return bic[-3:] in _BANK_OF_RUSSIA_ENDINGS


def parse_account(bic: str, value: str) -> str:
    """Return a 20-digit account whose key fits the bank. Treasury accounts have another key and pass by form only."""
    bank = parse_bic(bic)
    text = _digits("Номер счёта", value, 20)
    if bank[:2] in _TREASURY_BIC_PREFIXES:
        return text
    central = bank_of_russia_unit(bank) or text.startswith("30101")
    prefix = "0" + bank[4:6] if central else bank[6:]
    return _checked_account(prefix, bank, text)


def parse_correspondent_account(bic: str, value: str) -> str:
    """Return a bank's correspondent account (301...) with the Bank of Russia."""
    text = _digits("Корреспондентский счёт", value, 20)
    if not text.startswith("301"):
        raise IdentifierError("prefix", "Корреспондентский счёт: должен начинаться с 301.")
    bank = parse_bic(bic)
    return _checked_account("0" + bank[4:6], bank, text)


def _checked_account(prefix: str, bic: str, text: str) -> str:
    weights = _ACCOUNT_WEIGHTS * 8
    if _weighted(prefix + text, weights) % 10:
        raise IdentifierError("account_key", f"Ключ счёта {text} не подходит к БИК {bic}: проверьте счёт и БИК.")
    return text


def parse_lei(value: str) -> str:
    """Return a LEI: 18 letters and digits and two check digits (ISO 17442)."""
    text = normalise(value).upper()
    if not re.fullmatch(r"[0-9A-Z]{18}[0-9]{2}", text):
        raise IdentifierError("format", "LEI: двадцать знаков, латинские буквы и цифры, последние два — цифры.")
    if int("".join(str(int(sign, 36)) for sign in text)) % 97 != 1:
        raise IdentifierError("checksum", "LEI: контрольные цифры не сходятся, в номере опечатка.")
    return text


def parse_passport_series(value: str) -> str:
    """Return the series of a Russian passport (4 digits)."""
    return _digits("Серия паспорта", value, 4)


def parse_passport_number(value: str) -> str:
    """Return the number of a Russian passport (6 digits)."""
    return _digits("Номер паспорта", value, 6)


def parse_department_code(value: str) -> str:
    """Return the code of the department that issued a passport, as ``NNN-NNN``."""
    text = _digits("Код подразделения", value, 6)
    return f"{text[:3]}-{text[3:]}"


def parse_phone(value: str) -> str:
    """Return a Russian phone as ``+7XXXXXXXXXX``; a leading 8 and a bare ten-digit number are understood."""
    text = re.sub(r"[().]", "", normalise(value)).removeprefix("+")
    text = _digits("Телефон", text, 10, 11)
    if len(text) == 11:
        if text[0] not in "78":
            raise IdentifierError("country", "Телефон: нужен российский номер, начинающийся с +7.")
        text = text[1:]
    if text[0] in "012":
        raise IdentifierError("area_code", f"Телефон: кода {text[:3]} в России нет.")
    return "+7" + text


def _pair(parser: Callable[[str, str], str]) -> Callable[[str], str]:
    """Make a checker of «БИК / счёт» out of a checker of two values."""

    def parse(value: str) -> str:
        bic, slash, account = value.partition("/")
        if not slash:
            raise IdentifierError("format", "Укажите БИК и счёт через косую черту.")
        return f"{parse_bic(bic)}/{parser(bic, account)}"

    return parse


PARSERS: Final[dict[str, Callable[[str], str]]] = {
    "ИНН": parse_inn,
    "ИНН10": parse_inn10,
    "ИНН12": parse_inn12,
    "СНИЛС": parse_snils,
    "ОГРН": parse_ogrn,
    "ОГРНИП": parse_ogrnip,
    "КПП": parse_kpp,
    "БИК": parse_bic,
    "БИК+р/с": _pair(parse_account),
    "БИК+к/с": _pair(parse_correspondent_account),
    "БИК ЦБ": _pair(parse_account),
    "LEI": parse_lei,
    "телефон": parse_phone,
}
"""Parsers by the Russian name of the kind, as forms and data files call it."""


def is_valid(kind: str, value: str) -> bool:
    """Tell whether ``value`` is a correct number of ``kind`` (a key of :data:`PARSERS`)."""
    try:
        PARSERS[kind](value)
    except IdentifierError:
        return False
    return True
