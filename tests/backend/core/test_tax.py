"""Personal income tax: rates by day and residency, the step, whole rubles."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.core.tax import TaxStatus, income_tax, load_tax_table, tax_table

DAY = date(2027, 1, 11)


def test_each_payment_is_taxed_in_whole_rubles() -> None:
    assert income_tax(709_386, TaxStatus.RESIDENT, DAY).tax_kopeks == 92_200
    assert income_tax(709_386, TaxStatus.RESIDENT, DAY).net_kopeks == 617_186
    assert income_tax(709_386, TaxStatus.NON_RESIDENT, DAY).net_kopeks == 496_586


def test_step_applies_to_the_part_above_it() -> None:
    assert income_tax(500_000, TaxStatus.RESIDENT, DAY, base_before_kopeks=239_900_000).tax_kopeks == 73_000


def test_step_was_higher_before_2025() -> None:
    result = income_tax(500_000, TaxStatus.RESIDENT, date(2024, 12, 31), base_before_kopeks=239_900_000)
    assert result.tax_kopeks == 65_000


def test_organisation_is_paid_gross() -> None:
    assert income_tax(709_386, TaxStatus.SELF_TAXED, DAY).tax_kopeks == 0


def test_day_before_the_table_is_refused() -> None:
    with pytest.raises(LookupError, match="2020-12-31"):
        tax_table().scale(TaxStatus.RESIDENT, date(2020, 12, 31))


def test_negative_income_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        income_tax(-1, TaxStatus.RESIDENT, DAY)


def test_steps_must_start_at_zero() -> None:
    row = 'resident: [{effective_from: "2026-01-01", source: s, steps: [{over_kopeks: 5, percent: "13"}]}]'
    with pytest.raises(ValueError, match="start at zero"):
        load_tax_table(row)


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.sampled_from(list(TaxStatus)))
def test_tax_is_whole_rubles_and_never_more_than_the_income(income: int, before: int, status: TaxStatus) -> None:
    result = income_tax(income, status, DAY, base_before_kopeks=before)
    assert result.tax_kopeks % 100 == 0
    assert 0 <= result.tax_kopeks <= income
