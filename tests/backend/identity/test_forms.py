"""What an application must hold: each rule names its field."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from backend.identity.schemas import read_form
from backend.identity.states import ApplicantKind
from tests.backend.identity.forms import ORGANISATION, PERSON, SOLE_TRADER, changed

TODAY = date(2026, 12, 1)
KINDS = {
    ApplicantKind.PERSON: PERSON,
    ApplicantKind.SOLE_TRADER: SOLE_TRADER,
    ApplicantKind.ORGANISATION: ORGANISATION,
}
CASES = Path(__file__).parents[2] / "cases" / "identifiers.tsv"
# where the form asks for an identifier of the shared table
ASKED: dict[str, tuple[ApplicantKind, str]] = {
    "ИНН10": (ApplicantKind.ORGANISATION, "inn"),
    "ИНН12": (ApplicantKind.PERSON, "inn"),
    "СНИЛС": (ApplicantKind.PERSON, "snils"),
    "ОГРН": (ApplicantKind.ORGANISATION, "ogrn"),
    "ОГРНИП": (ApplicantKind.SOLE_TRADER, "ogrnip"),
    "БИК+р/с": (ApplicantKind.PERSON, "bank"),
}


def rows() -> list[dict[str, str]]:
    with CASES.open(encoding="utf-8") as file:
        return [row for row in csv.DictReader(file, delimiter="\t") if row["kind"] in ASKED]


def fields(kind: ApplicantKind, **changes: Any) -> list[str]:
    form, problems = read_form(kind, changed(KINDS[kind], **changes), TODAY)
    assert (form is None) == bool(problems)
    assert all(one.message_ru and one.message_en for one in problems)
    return [one.field for one in problems]


@pytest.mark.parametrize("kind", KINDS)
def test_a_complete_application_has_no_problem(kind: ApplicantKind) -> None:
    assert fields(kind) == []


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row['number']} {row['kind']} {row['why']}")
def test_identifiers_of_the_shared_table_are_judged_through_the_form(row: dict[str, str]) -> None:
    kind, field = ASKED[row["kind"]]
    value: Any = row["value"]
    if field == "bank":
        bic, account = row["value"].split(" / ")
        value, field = {"bic": bic, "account": account}, "bank.account"
    found = fields(kind, **{field.split(".")[0]: value})
    assert found == ([] if row["valid"] == "yes" else [field])


@pytest.mark.parametrize(
    ("kind", "changes", "field"),
    [
        (ApplicantKind.PERSON, {"last_name": None}, "last_name"),
        (ApplicantKind.PERSON, {"last_name": "<b>"}, "last_name"),
        (ApplicantKind.PERSON, {"birth_date": "1900-01-01"}, "birth_date"),
        (ApplicantKind.PERSON, {"birth_date": "17.05.1990"}, "birth_date"),
        (ApplicantKind.PERSON, {"passport__issued_on": "2027-01-01"}, "passport.issued_on"),
        (ApplicantKind.PERSON, {"passport__issued_on": "2009-01-01"}, "passport.issued_on"),
        (ApplicantKind.PERSON, {"passport__series": "45"}, "passport.series"),
        (ApplicantKind.PERSON, {"passport__department_code": "77"}, "passport.department_code"),
        (ApplicantKind.PERSON, {"phone": "12"}, "phone"),
        (ApplicantKind.PERSON, {"consent_rules": False}, "consent_rules"),
        (ApplicantKind.PERSON, {"consent_personal_data": None}, "consent_personal_data"),
        (ApplicantKind.PERSON, {"unknown": "x"}, "unknown"),
        (ApplicantKind.PERSON, {"bank__bic": "1"}, "bank.bic"),
        (ApplicantKind.SOLE_TRADER, {"ogrnip": None}, "ogrnip"),
        (ApplicantKind.ORGANISATION, {"owners": []}, "owners"),
        (ApplicantKind.ORGANISATION, {"owners": [{"full_name": "А", "share_percent": "25"}]}, "owners.0.share_percent"),
        (ApplicantKind.ORGANISATION, {"signer__valid_until": "2026-11-30"}, "signer.valid_until"),
        (ApplicantKind.ORGANISATION, {"signer__birth_date": "2010-01-01"}, "signer.birth_date"),
        (ApplicantKind.ORGANISATION, {"kpp": "7"}, "kpp"),
    ],
)
def test_a_broken_rule_names_its_field(kind: ApplicantKind, changes: dict[str, Any], field: str) -> None:
    assert fields(kind, **changes) == [field]


@pytest.mark.parametrize(
    ("birth", "issued", "expired"),
    [("1981-11-01", "2001-12-01", False), ("1981-01-01", "2001-12-01", True), ("1961-01-01", "2006-01-01", False)],
)
def test_a_passport_is_valid_until_ninety_days_after_a_birthday(birth: str, issued: str, *, expired: bool) -> None:
    found = fields(ApplicantKind.PERSON, birth_date=birth, passport__issued_on=issued)
    assert found == (["passport.issued_on"] if expired else [])


def test_no_owner_needs_a_reason() -> None:
    assert fields(ApplicantKind.ORGANISATION, owners=[], no_owner_reason="Государственная корпорация") == []
