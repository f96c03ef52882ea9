"""Money: integer kopeks inside, Decimal rubles and «1 234 567,89 ₽» at the edge. No float anywhere.

Sums are kept in 63-bit signed registers (a SQL bigint), so nothing above :data:`MAX_KOPEKS` is accepted.
Amounts per unit of a digital asset are kept in millionths of a kopek (micro-kopeks), as the payout contract does.
Half up means away from zero for negative sums, as the bookkeeper's sign reversal expects.
"""

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final

__all__ = [
    "KOPEKS_IN_RUBLE",
    "MAX_KOPEKS",
    "MICRO",
    "MoneyError",
    "check_kopeks",
    "format_kopeks",
    "format_rubles",
    "kopeks_to_rubles",
    "micro_to_kopeks",
    "parse_rubles",
    "round_half_up",
    "round_to_whole_rubles",
    "rubles_to_kopeks",
    "split_by_weights",
    "to_micro_kopeks",
]

KOPEKS_IN_RUBLE: Final = 100
MICRO: Final = 1_000_000
"""Micro-kopeks in a kopek."""
MAX_KOPEKS: Final = 2**63 - 1
_NBSP: Final = "\u00a0"
_MINUS: Final = "\u2212"
_CURRENCY: Final = re.compile(r"(₽|руб\.?|р\.|RUB)$", re.IGNORECASE)
_GROUPED: Final = re.compile(r"-?(\d+|\d{1,3}(?: \d{3})+)(?:[.,](\d+))?")


class MoneyError(ValueError):
    """A sum was refused. ``code`` is stable for programs, ``message`` is Russian for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def check_kopeks(kopeks: int) -> int:
    """Return ``kopeks`` if it fits the register, else raise :class:`MoneyError` ``too_large``."""
    if abs(kopeks) > MAX_KOPEKS:
        raise MoneyError("too_large", "Сумма слишком велика для учёта.")
    return kopeks


def rubles_to_kopeks(rubles: Decimal) -> int:
    """Return whole kopeks; refuse more than two decimals rather than round them away silently."""
    if not rubles.is_finite():
        raise MoneyError("not_a_sum", "Это не сумма.")
    exact = Fraction(rubles) * KOPEKS_IN_RUBLE
    if exact.denominator != 1:
        raise MoneyError("decimals", "В сумме больше двух знаков после запятой.")
    return check_kopeks(exact.numerator)


def kopeks_to_rubles(kopeks: int) -> Decimal:
    """Return rubles with exactly two decimals."""
    sign, digits = (1 if kopeks < 0 else 0), tuple(int(digit) for digit in str(abs(kopeks)))
    return Decimal((sign, digits, -2))


def format_kopeks(kopeks: int) -> str:
    """Return plain text for files and messages: ``1234.50``."""
    return f"{kopeks_to_rubles(kopeks):f}"


def format_rubles(kopeks: int) -> str:
    """Return text for people, «1 234 567,89 ₽», with no-break spaces and a real minus sign."""
    rubles, cents = divmod(abs(kopeks), KOPEKS_IN_RUBLE)
    grouped = f"{rubles:,}".replace(",", _NBSP)
    return f"{_MINUS if kopeks < 0 else ''}{grouped},{cents:02d}{_NBSP}₽"


def parse_rubles(text: str, *, allow_negative: bool = False) -> int:
    """Return kopeks from what a person typed: ``1 234,50``, ``1234.5``, ``−3 ₽``.

    Raises :class:`MoneyError`: ``empty``, ``not_a_sum``, ``decimals``, ``negative`` or ``too_large``.
    """
    plain = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip().replace(_MINUS, "-")
    plain = _CURRENCY.sub("", plain).strip()
    if not plain:
        raise MoneyError("empty", "Сумма не указана.")
    found = _GROUPED.fullmatch(plain)
    if found is None or not plain.isascii():
        raise MoneyError("not_a_sum", "Сумма записана неверно: ожидается, например, 1 234,50.")
    if len(found.group(2) or "") > 2:
        raise MoneyError("decimals", "В сумме больше двух знаков после запятой.")
    if plain.startswith("-") and not allow_negative:
        raise MoneyError("negative", "Сумма не может быть отрицательной.")
    return rubles_to_kopeks(Decimal(plain.replace(" ", "").replace(",", ".")))


def round_half_up(value: Fraction | Decimal | int) -> int:
    """Return the nearest integer; a half goes away from zero."""
    exact = Fraction(value)
    magnitude = (2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator)
    return -magnitude if exact < 0 else magnitude


def round_to_whole_rubles(kopeks: Fraction | int) -> int:
    """Return kopeks of the nearest whole ruble; 50 kopeks go up (НК РФ ст. 52 п. 6)."""
    return round_half_up(Fraction(kopeks) / KOPEKS_IN_RUBLE) * KOPEKS_IN_RUBLE


def to_micro_kopeks(kopeks: Fraction | int) -> int:
    """Return an amount per unit, given in kopeks, as whole micro-kopeks, half up."""
    return round_half_up(Fraction(kopeks) * MICRO)


def micro_to_kopeks(micro: int) -> int:
    """Return whole kopeks of a sum in micro-kopeks, half up."""
    return round_half_up(Fraction(micro, MICRO))


def split_by_weights(total: int, weights: Sequence[int]) -> list[int]:
    """Split ``total`` (≥ 0) in proportion to ``weights`` so that the parts add up to it exactly.

    Largest remainder; among equal remainders the earlier part gets the odd kopek, so the result is reproducible.
    Raises ValueError for a negative argument or when all weights are zero.
    """
    whole = sum(weights)
    if total < 0 or whole <= 0 or any(weight < 0 for weight in weights):
        raise ValueError("total must not be negative and weights must add up to more than zero")
    parts = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for index in by_remainder[: total - sum(parts)]:
        parts[index] += 1
    return parts
