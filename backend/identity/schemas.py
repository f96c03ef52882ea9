"""What an application must hold, field by field (115-ФЗ ст. 7; Положение Банка России 444-П), and how each field is checked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from backend.core import identifiers
from backend.core.errors import Problem
from backend.core.identifiers import IdentifierError
from backend.identity.states import ApplicantKind


def _checked(parse: Callable[[str], str]) -> AfterValidator:
    def check(value: str) -> str:
        try:
            return parse(value)
        except IdentifierError as error:
            raise PydanticCustomError("identifier", "{text}", {"text": error.message}) from error

    return AfterValidator(check)


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[A-Za-zА-Яа-яЁё' \-]+$")
]
Inn10 = Annotated[str, _checked(identifiers.parse_inn10)]
Inn12 = Annotated[str, _checked(identifiers.parse_inn12)]
Ogrn = Annotated[str, _checked(identifiers.parse_ogrn)]
Ogrnip = Annotated[str, _checked(identifiers.parse_ogrnip)]
Kpp = Annotated[str, _checked(identifiers.parse_kpp)]
Snils = Annotated[str, _checked(identifiers.parse_snils)]
Phone = Annotated[str, _checked(identifiers.parse_phone)]
Bic = Annotated[str, _checked(identifiers.parse_bic)]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class Form(BaseModel):
    """Base of the forms: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Bank(Form):
    """The applicant's own account; its owner must be the applicant."""

    bic: Bic
    account: str

    @model_validator(mode="after")
    def _account_fits_bank(self) -> Bank:
        try:
            self.account = identifiers.parse_account(self.bic, self.account)
        except IdentifierError as error:
            raise PydanticCustomError("bank.account", "{text}", {"text": error.message}) from error
        return self


class Passport(Form):
    """Passport of the Russian Federation (document code 21)."""

    series: Annotated[str, _checked(identifiers.parse_passport_series)]
    number: Annotated[str, _checked(identifiers.parse_passport_number)]
    issued_by: Text
    issued_on: date
    department_code: Annotated[str, _checked(identifiers.parse_department_code)]


class Person(Form):
    """ФИО, birth and citizenship of somebody."""

    last_name: Name
    first_name: Name
    patronymic: Name | None = None
    birth_date: date
    birth_place: Text
    citizenship: Country = "RUS"

    @property
    def full_name(self) -> str:
        """ФИО in the usual order."""
        return " ".join(part for part in (self.last_name, self.first_name, self.patronymic) if part)


class PersonForm(Person):
    """Application of a natural person."""

    kind: Literal["PERSON"] = "PERSON"
    inn: Inn12 | None = None
    snils: Snils | None = None
    passport: Passport
    address: Text
    phone: Phone
    tax_resident: bool = True
    bank: Bank
    source_of_funds: Text
    consent_personal_data: Literal[True]
    consent_rules: Literal[True]


class SoleTraderForm(PersonForm):
    """Application of an individual entrepreneur (ИП)."""

    kind: Literal["SOLE_TRADER"] = "SOLE_TRADER"  # type: ignore[assignment]  # a narrower tag of the same field
    inn: Inn12
    ogrnip: Ogrnip
    okved: Text


class Signer(Person):
    """Who signs for the organisation, and by which power."""

    position: Text
    basis: Text
    valid_until: date | None = None


class Owner(Form):
    """Beneficial owner: more than 25 per cent, directly or not (115-ФЗ ст. 3)."""

    full_name: Text
    share_percent: Decimal = Field(gt=25, le=100, decimal_places=2)
    citizenship: Country = "RUS"


class OrganisationForm(Form):
    """Application of a legal entity."""

    kind: Literal["ORGANISATION"] = "ORGANISATION"
    full_name: Text
    short_name: Text
    inn: Inn10
    ogrn: Ogrn
    kpp: Kpp
    registered_on: date
    address: Text
    phone: Phone
    okved: Text
    signer: Signer
    owners: list[Owner] = Field(default_factory=list, max_length=20)
    no_owner_reason: Text | None = None
    bank: Bank
    purpose: Text
    source_of_funds: Text
    consent_rules: Literal[True]

    @model_validator(mode="after")
    def _owner_or_reason(self) -> OrganisationForm:
        if not self.owners and self.no_owner_reason is None:
            raise PydanticCustomError("owners", "Назовите бенефициарных владельцев или объясните, почему их нет.")
        return self


AnyForm = PersonForm | SoleTraderForm | OrganisationForm
FORMS: dict[ApplicantKind, type[PersonForm | SoleTraderForm | OrganisationForm]] = {
    ApplicantKind.PERSON: PersonForm,
    ApplicantKind.SOLE_TRADER: SoleTraderForm,
    ApplicantKind.ORGANISATION: OrganisationForm,
}
_RULE_FIELDS = {"bank.account": "account", "owners": "owners"}
_WORDS = {
    "missing": ("Заполните поле.", "Fill in this field."),
    "extra_forbidden": ("Такого поля нет в анкете.", "The form has no such field."),
    "string_too_short": ("Заполните поле.", "Fill in this field."),
    "string_too_long": ("Слишком длинный текст.", "The text is too long."),
    "string_pattern_mismatch": ("Недопустимые знаки.", "Characters that are not allowed."),
    "date_from_datetime_parsing": ("Дата в виде ГГГГ-ММ-ДД.", "A date as YYYY-MM-DD."),
    "date_parsing": ("Дата в виде ГГГГ-ММ-ДД.", "A date as YYYY-MM-DD."),
    "literal_error": ("Нужно согласие.", "Consent is needed."),
    "greater_than": ("Указывают долю больше 25 процентов.", "A share above 25 per cent is meant."),
    "less_than_equal": ("Доля не больше 100 процентов.", "A share is at most 100 per cent."),
}


def read_form(kind: ApplicantKind, data: dict[str, Any], today: date) -> tuple[AnyForm | None, list[Problem]]:
    """The form when every rule holds, and the problems when not. Dates are judged on ``today`` (Moscow)."""
    try:
        form = FORMS[kind].model_validate(data)
    except ValidationError as error:
        return None, [_problem(detail) for detail in error.errors()]
    problems = date_problems(form, today)
    return (None if problems else form), problems


def date_problems(form: AnyForm, today: date) -> list[Problem]:
    """Age, dates of documents and terms of powers."""
    found: list[Problem] = []
    people: list[tuple[str, Person]] = [("", form)] if isinstance(form, PersonForm) else [("signer.", form.signer)]
    for prefix, person in people:
        if not _years(person.birth_date, 18) <= today < _years(person.birth_date, 120):
            found.append(
                _told(f"{prefix}birth_date", "age", "Участнику должно быть 18 лет.", "Eighteen years or older.")
            )
    if isinstance(form, PersonForm):
        issued = form.passport.issued_on
        if not _years(form.birth_date, 14) <= issued <= today:
            ru, en = "Дата выдачи не подходит к дате рождения.", "The date of issue does not fit the date of birth."
            found.append(_told("passport.issued_on", "issued", ru, en))
        elif _passport_expired(form.birth_date, issued, today):
            ru, en = "Срок действия паспорта истёк.", "The passport has expired."
            found.append(_told("passport.issued_on", "expired", ru, en))
    elif form.signer.valid_until is not None and form.signer.valid_until < today:
        found.append(_told("signer.valid_until", "expired", "Срок полномочий истёк.", "The powers have expired."))
    return found


def _passport_expired(birth: date, issued: date, today: date) -> bool:
    # A passport issued before the 20th (45th) birthday is valid until 90 days after it (Постановление № 2267).
    for age in (20, 45):
        birthday = _years(birth, age)
        if issued < birthday and (today - birthday).days > 90:
            return True
    return False


def _years(day: date, count: int) -> date:
    try:
        return day.replace(year=day.year + count)
    except ValueError:
        return day.replace(year=day.year + count, day=28)


def _told(field: str, code: str, ru: str, en: str) -> Problem:
    return Problem(field, code, ru, en)


def _problem(detail: Any) -> Problem:
    kind = str(detail["type"])
    parts = [str(part) for part in detail["loc"]]
    if kind in _RULE_FIELDS:
        parts.append(_RULE_FIELDS[kind])
    ru, en = _WORDS.get(kind, (str(detail["msg"]), str(detail["msg"])))
    return Problem(".".join(parts) or "form", kind, ru, en)
