"""Who takes part: four investors, two issuers; all persons, companies and numbers are made up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

BIC = "044599987"
W10 = (2, 4, 10, 3, 5, 9, 4, 6, 8)
W11 = (7, *W10)
W12 = (3, *W11)
_KEY_WEIGHTS = (7, 1, 3)


@dataclass(frozen=True, slots=True)
class Actor:
    """One participant of the story."""

    key: str
    name: str
    portal: str
    kind: str
    form: dict[str, Any]
    classes: tuple[str, ...] = ("FREE",)

    @property
    def email(self) -> str:
        """Address of sign-in."""
        return f"{self.key}@example.ru"


def inn12(body: str) -> str:
    """ИНН of a person with its two check digits over ten digits."""
    first = sum(w * int(d) for w, d in zip(W11, body, strict=True)) % 11 % 10
    second = sum(w * int(d) for w, d in zip(W12, f"{body}{first}", strict=True)) % 11 % 10
    return f"{body}{first}{second}"


def account(tail: int) -> str:
    """A settlement account at :data:`BIC` with its key digit."""
    template = f"40817810{{}}{tail:011d}"
    for key in range(10):
        number = template.format(key)
        digits = BIC[-3:] + number
        if sum(int(d) * _KEY_WEIGHTS[i % 3] % 10 for i, d in enumerate(digits)) % 10 == 0:
            return number
    raise AssertionError("one of ten keys fits")


def _person(key: str, names: tuple[str, str, str], inn: str, number: int) -> Actor:
    last, first, patronymic = names
    form = {
        "kind": "PERSON",
        "last_name": last,
        "first_name": first,
        "patronymic": patronymic,
        "birth_date": f"199{number}-03-15",
        "birth_place": "г. Москва",
        "citizenship": "RUS",
        "inn": inn,
        "passport": {
            "series": f"45{10 + number}",
            "number": f"12345{number}",
            "issued_by": "ОВД Примерного района г. Москвы",
            "issued_on": "2015-04-20",
            "department_code": "770-001",
        },
        "address": f"117000, г. Москва, ул. Примерная, д. {number}",
        "phone": f"+7916000000{number}",
        "tax_resident": True,
        "bank": {"bic": BIC, "account": account(100 + number)},
        "source_of_funds": "Заработная плата и накопления",
        "consent_personal_data": True,
        "consent_rules": True,
    }
    return Actor(key, f"{last} {first} {patronymic}", "investor", "PERSON", form)


def _company(key: str, name: str, numbers: tuple[str, str, str], number: int) -> Actor:
    inn, ogrn, kpp = numbers
    form = {
        "kind": "ORGANISATION",
        "full_name": name,
        "short_name": name,
        "inn": inn,
        "ogrn": ogrn,
        "kpp": kpp,
        "registered_on": "2012-05-14",
        "address": "117000, г. Москва, ул. Примерная, д. 1",
        "phone": f"+7495000000{number}",
        "okved": "25.11",
        "signer": {
            "last_name": "Директоров",
            "first_name": "Павел",
            "patronymic": "Сергеевич",
            "birth_date": "1975-06-01",
            "birth_place": "г. Тула",
            "position": "Генеральный директор",
            "basis": "Устав, протокол № 1 от 12.05.2024",
            "valid_until": "2029-05-12",
        },
        "owners": [{"full_name": "Директоров Павел Сергеевич", "share_percent": "60.00"}],
        "bank": {"bic": BIC, "account": "40702810500000012345"},
        "purpose": "Выпуск долговых ЦФА",
        "source_of_funds": "Выручка",
        "consent_rules": True,
    }
    return Actor(key, name, "issuer", "ORGANISATION", form)


MARIA = _person("maria", ("Иванова", "Мария", "Петровна"), "770012345606", 1)
PYOTR = _person("pyotr", ("Соколов", "Пётр", "Андреевич"), inn12("7701234567"), 2)
OLGA = _person("olga", ("Лебедева", "Ольга", "Игоревна"), inn12("7702345678"), 3)
IVAN = _person("ivan", ("Новиков", "Иван", "Олегович"), inn12("7703456789"), 4)
SERGEY = _person("sergey", ("Волков", "Сергей", "Юрьевич"), inn12("7704567890"), 5)
FACTORY = _company("factory", "ООО «Завод металлоконструкций № 1»", ("7700123459", "1207700123454", "770001001"), 6)
RETAIL = _company("retail", "АО «Ритейл-Сеть»", ("7700000070", "1217700000100", "770001001"), 7)

INVESTORS = (MARIA, PYOTR, OLGA, IVAN, SERGEY)
ISSUERS = (FACTORY, RETAIL)
ALL = (*INVESTORS, *ISSUERS)
