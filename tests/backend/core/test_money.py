"""Money: what a person types and reads, rounding, and splits that lose nothing."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.core import money
from backend.core.money import MAX_KOPEKS, MoneyError

KOPEKS = st.integers(-MAX_KOPEKS, MAX_KOPEKS)


@pytest.mark.parametrize(
    ("typed", "kopeks"),
    [
        ("1 234,50", 123450),
        ("1234.5", 123450),
        ("1\u00a0234\u202f567,89 ₽", 123456789),
        ("0", 0),
        ("100 руб.", 10000),
        ("5р.", 500),
        ("1000.00", 100000),
    ],
)
def test_typed_sum_is_understood(typed: str, kopeks: int) -> None:
    assert money.parse_rubles(typed) == kopeks


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "empty"),
        ("₽", "empty"),
        ("много", "not_a_sum"),
        ("1,234.50", "not_a_sum"),
        ("12 34", "not_a_sum"),
        ("1e3", "not_a_sum"),
        ("NaN", "not_a_sum"),
        ("1.", "not_a_sum"),
        ("999.999", "decimals"),
        ("1,000", "decimals"),
        ("-5", "negative"),
        ("92233720368547758.08", "too_large"),
    ],
)
def test_bad_sum_is_refused_with_its_cause(typed: str, code: str) -> None:
    with pytest.raises(MoneyError) as refused:
        money.parse_rubles(typed)
    assert refused.value.code == code


def test_display_uses_no_break_spaces() -> None:
    assert money.format_rubles(123456789) == "1\u00a0234\u00a0567,89\u00a0₽"
    assert money.format_rubles(-5) == "\u22120,05\u00a0₽"


def test_largest_register_value_fits_and_the_next_does_not() -> None:
    assert money.rubles_to_kopeks(money.kopeks_to_rubles(MAX_KOPEKS)) == MAX_KOPEKS
    with pytest.raises(MoneyError, match="велика"):
        money.check_kopeks(MAX_KOPEKS + 1)
    with pytest.raises(MoneyError, match="не сумма"):
        money.rubles_to_kopeks(Decimal("Infinity"))


@given(KOPEKS)
def test_display_is_read_back(kopeks: int) -> None:
    assert money.parse_rubles(money.format_rubles(kopeks), allow_negative=True) == kopeks
    assert money.rubles_to_kopeks(Decimal(money.format_kopeks(kopeks))) == kopeks


@pytest.mark.parametrize(
    ("value", "rounded"),
    [("0.5", 1), ("1.5", 2), ("2.5", 3), ("2.49", 2), ("-0.5", -1), ("-2.49", -2), ("0", 0)],
)
def test_half_goes_up(value: str, rounded: int) -> None:
    assert money.round_half_up(Decimal(value)) == rounded


@given(st.fractions())
def test_rounding_is_never_off_by_more_than_a_half(value: Fraction) -> None:
    assert abs(money.round_half_up(value) - value) <= Fraction(1, 2)


def test_fifty_kopeks_make_a_ruble() -> None:
    assert money.round_to_whole_rubles(12350) == 12400
    assert money.round_to_whole_rubles(12349) == 12300


def test_micro_kopeks_round_half_up_both_ways() -> None:
    assert money.to_micro_kopeks(Fraction(1, 3)) == 333_333
    assert money.micro_to_kopeks(1_500_000) == 2


@given(st.integers(0, 10**15), st.lists(st.integers(0, 10**9), min_size=1, max_size=50))
def test_split_adds_up_and_is_fair(total: int, weights: list[int]) -> None:
    if not sum(weights):
        with pytest.raises(ValueError, match="weights"):
            money.split_by_weights(total, weights)
        return
    parts = money.split_by_weights(total, weights)
    assert sum(parts) == total
    assert all(abs(p - Fraction(total * w, sum(weights))) < 1 for p, w in zip(parts, weights, strict=True))
