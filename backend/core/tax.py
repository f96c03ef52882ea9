"""Personal income tax (НДФЛ) withheld from payouts, by a dated table of rates.

The table is ``data/personal_income_tax.yaml``. The base is the income of the calendar year, Moscow time; the tax of one
payment is the tax on the part of the base that the payment adds. It is taken in whole rubles, 50 kopeks and more up
(НК РФ ст. 52 п. 6).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from backend.core.money import round_to_whole_rubles

__all__ = ["TaxResult", "TaxScale", "TaxStatus", "TaxTable", "income_tax", "load_tax_table", "tax_table"]


class TaxStatus(StrEnum):
    """How a holder is taxed on a payout."""

    RESIDENT = "resident"
    """A person who is a tax resident of Russia: steps of 13 and 15 %."""
    NON_RESIDENT = "non_resident"
    """A person who is not: 30 % unless a treaty is confirmed."""
    SELF_TAXED = "self_taxed"
    """A Russian organisation or entrepreneur: paid gross."""


@dataclass(frozen=True, slots=True)
class TaxScale:
    """Rates that hold from a day on. ``steps`` are pairs (base above, in kopeks; share), in rising order."""

    effective_from: date
    source: str
    steps: tuple[tuple[int, Fraction], ...]

    def tax_of_base(self, base_kopeks: int) -> Fraction:
        """Return the unrounded tax, in kopeks, of a whole yearly base."""
        tops = [over for over, _ in self.steps[1:]] + [max(base_kopeks, self.steps[-1][0])]
        parts = zip(self.steps, tops, strict=True)
        return sum((share * max(0, min(base_kopeks, top) - over) for (over, share), top in parts), Fraction(0))


@dataclass(frozen=True, slots=True)
class TaxResult:
    """Tax of one payment, in kopeks, with the row of the table that it follows."""

    income_kopeks: int
    tax_kopeks: int
    scale: TaxScale

    @property
    def net_kopeks(self) -> int:
        """What the holder receives."""
        return self.income_kopeks - self.tax_kopeks


@dataclass(frozen=True, slots=True)
class TaxTable:
    """Dated scales by tax status."""

    scales: Mapping[TaxStatus, tuple[TaxScale, ...]]

    def scale(self, status: TaxStatus, on: date) -> TaxScale:
        """Return the scale that holds on the day of payment; LookupError when the table starts later."""
        held = [scale for scale in self.scales[status] if scale.effective_from <= on]
        if not held:
            raise LookupError(f"no tax scale for {status} on {on}")
        return held[-1]


def load_tax_table(text: str) -> TaxTable:
    """Read a table of scales from YAML."""
    content: dict[str, list[dict[str, Any]]] = yaml.safe_load(text)
    return TaxTable({TaxStatus(key): _read_scales(rows) for key, rows in content.items()})


def _read_scales(rows: list[dict[str, Any]]) -> tuple[TaxScale, ...]:
    return tuple(sorted((_read_scale(row) for row in rows), key=lambda scale: scale.effective_from))


def _read_scale(row: dict[str, Any]) -> TaxScale:
    steps = tuple((int(step["over_kopeks"]), Fraction(step["percent"]) / 100) for step in row["steps"])
    if steps[0][0] != 0 or list(steps) != sorted(steps, key=lambda step: step[0]):
        raise ValueError("steps of a tax scale start at zero and rise")
    return TaxScale(date.fromisoformat(row["effective_from"]), str(row["source"]), steps)


@cache
def tax_table() -> TaxTable:
    """Return the table that comes with the product."""
    return load_tax_table(files("backend.core").joinpath("data/personal_income_tax.yaml").read_text(encoding="utf-8"))


def income_tax(
    income_kopeks: int, status: TaxStatus, on: date, *, base_before_kopeks: int = 0, table: TaxTable | None = None
) -> TaxResult:
    """Return the tax of a payment of ``income_kopeks`` made on ``on``.

    ``base_before_kopeks`` is the income of the same base paid earlier in the year. A negative income is a ValueError.
    """
    if income_kopeks < 0 or base_before_kopeks < 0:
        raise ValueError("income and base must not be negative")
    scale = (table or tax_table()).scale(status, on)
    exact = scale.tax_of_base(base_before_kopeks + income_kopeks) - scale.tax_of_base(base_before_kopeks)
    return TaxResult(income_kopeks, round_to_whole_rubles(exact), scale)
