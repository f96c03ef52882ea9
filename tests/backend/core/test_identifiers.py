"""Identifiers: the shared cases, how people type them, and what a refusal says."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.core import identifiers
from backend.core.identifiers import IdentifierError

CASES = Path(__file__).parents[2] / "cases"


def _cases() -> list[dict[str, str]]:
    with (CASES / "identifiers.tsv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@pytest.mark.parametrize("case", _cases(), ids=lambda case: f"{case['number']}-{case['kind']}")
def test_shared_case(case: dict[str, str]) -> None:
    assert identifiers.is_valid(case["kind"], case["value"]) is (case["valid"] == "yes")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("ИНН10", "7728168971"),
        ("ОГРН", "1027700067328"),
        ("БИК+к/с", "044525593/30101810200000000593"),
        ("БИК+к/с", "044525225/30101810400000000225"),
        ("БИК+к/с", "044525974/30101810145250000974"),
    ],
)
def test_published_number_is_accepted(kind: str, value: str) -> None:
    assert identifiers.is_valid(kind, value)


@pytest.mark.parametrize(
    "typed",
    [
        "7700123459",
        " 77 0012 3459 ",
        "7700-123-459",
        "7700\u00a0123\u202f459",
        "\uff17\uff17\uff10\uff10\uff11\uff12\uff13\uff14\uff15\uff19",
        "7700\u2013123\u2014459\ufeff",
    ],
)
def test_what_a_person_types_becomes_one_form(typed: str) -> None:
    assert identifiers.parse_inn(typed) == "7700123459"


@pytest.mark.parametrize(
    ("parse", "value", "code"),
    [
        (identifiers.parse_inn, "", "empty"),
        (identifiers.parse_inn, "770012345", "length"),
        (identifiers.parse_inn, "77001234590", "length"),
        (identifiers.parse_inn, "77О0123459", "letter_o"),
        (identifiers.parse_inn, "77a0123459", "not_digits"),
        (identifiers.parse_inn, "7700123٤59", "not_digits"),
        (identifiers.parse_inn, "0012345678", "region"),
        (identifiers.parse_inn, "000000000000", "zeros"),
        (identifiers.parse_inn, "7700123450", "checksum"),
        (identifiers.parse_ogrn, "2207700123453", "first_digit"),
        (identifiers.parse_ogrnip, "120770012345673", "first_digit"),
        (identifiers.parse_registration_number, "320770012345674", "checksum"),
        (identifiers.parse_kpp, "7701", "format"),
        (identifiers.parse_kpp, "000101001", "region"),
        (identifiers.parse_bic, "144525225", "prefix"),
        (identifiers.parse_lei, "253400", "format"),
        (identifiers.parse_passport_series, "45081", "length"),
        (identifiers.parse_passport_number, "000000", "zeros"),
        (identifiers.parse_phone, "+1 202 555 01 23", "country"),
        (identifiers.parse_phone, "+7 012 555 01 23", "area_code"),
    ],
)
def test_refusal_names_its_cause(parse: object, value: str, code: str) -> None:
    with pytest.raises(IdentifierError) as refused:
        parse(value)  # type: ignore[operator]  # a table of parsers of one signature
    assert refused.value.code == code
    assert refused.value.message


def test_lost_leading_zero_is_suspected() -> None:
    with pytest.raises(IdentifierError, match="ведущий ноль"):
        identifiers.parse_bic("44525225")


def test_account_key_refusal_names_both_numbers() -> None:
    with pytest.raises(IdentifierError, match=r"40702810500000012345.*044599986"):
        identifiers.parse_account("044599986", "40702810500000012345")


def test_treasury_account_passes_by_form() -> None:
    assert identifiers.parse_account("017003983", "03100643000000017300") == "03100643000000017300"


def test_correspondent_account_must_be_one() -> None:
    with pytest.raises(IdentifierError, match="301"):
        identifiers.parse_correspondent_account("044599987", "40702810500000012345")


@pytest.mark.parametrize(
    ("parse", "typed", "canonical"),
    [
        (identifiers.parse_kpp, "7701 01001", "770101001"),
        (identifiers.parse_kpp, "7701ab001", "7701AB001"),
        (identifiers.parse_department_code, "770001", "770-001"),
        (identifiers.parse_passport_series, "45 08", "4508"),
        (identifiers.parse_passport_number, "123456", "123456"),
        (identifiers.parse_phone, "8 (916) 123-45-67", "+79161234567"),
        (identifiers.parse_phone, "+7 916 123 45 67", "+79161234567"),
        (identifiers.parse_phone, "9161234567", "+79161234567"),
        (identifiers.parse_snils, "001-001-998 00", "00100199800"),
        (identifiers.parse_lei, "253400synth000000189", "253400SYNTH000000189"),
        (identifiers.parse_registration_number, "1207700123454", "1207700123454"),
    ],
)
def test_canonical_form(parse: object, typed: str, canonical: str) -> None:
    assert parse(typed) == canonical  # type: ignore[operator]  # a table of parsers of one signature


def _inn10(head: str) -> str:
    weights = (2, 4, 10, 3, 5, 9, 4, 6, 8)
    return head + str(sum(int(d) * w for d, w in zip(head, weights, strict=True)) % 11 % 10)


_HEADS = st.integers(10_000_000, 999_999_999).map(lambda number: f"{number:09d}")


@given(_HEADS)
def test_every_inn_with_its_check_digit_is_accepted(head: str) -> None:
    assert identifiers.parse_inn10(_inn10(head)) == _inn10(head)


@given(_HEADS, st.integers(1, 9))
def test_every_other_check_digit_is_refused(head: str, shift: int) -> None:
    wrong = head + str((int(_inn10(head)[-1]) + shift) % 10)
    assert not identifiers.is_valid("ИНН10", wrong)


@given(st.text(max_size=30), st.sampled_from(sorted(identifiers.PARSERS)))
def test_any_text_is_either_parsed_or_refused(text: str, kind: str) -> None:
    assert identifiers.is_valid(kind, text) in (True, False)


@given(
    st.sampled_from([c["value"] for c in _cases() if c["kind"] in ("ИНН10", "ИНН12", "СНИЛС") and c["valid"] == "yes"])
)
def test_parsing_is_idempotent(value: str) -> None:
    parse = identifiers.parse_snils if len(identifiers.normalise(value)) == 11 else identifiers.parse_inn
    assert parse(parse(value)) == parse(value)
