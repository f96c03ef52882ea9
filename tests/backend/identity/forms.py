"""Applications that keep every rule, for tests to break."""

from __future__ import annotations

import copy
from typing import Any

BANK = {"bic": "044599987", "account": "40702810500000012345"}

PERSON: dict[str, Any] = {
    "last_name": "Иванова",
    "first_name": "Мария",
    "patronymic": "Петровна",
    "birth_date": "1990-05-17",
    "birth_place": "г. Москва",
    "inn": "770012345606",
    "snils": "112-233-445 95",
    "passport": {
        "series": "4510",
        "number": "123456",
        "issued_by": "ОВД района Примерный",
        "issued_on": "2015-06-01",
        "department_code": "770-001",
    },
    "address": "117000, г. Москва, ул. Примерная, д. 1",
    "phone": "+79001234567",
    "bank": BANK,
    "source_of_funds": "Заработная плата",
    "consent_personal_data": True,
    "consent_rules": True,
}

SOLE_TRADER: dict[str, Any] = {**PERSON, "kind": "SOLE_TRADER", "ogrnip": "320770012345673", "okved": "62.01"}

ORGANISATION: dict[str, Any] = {
    "full_name": "Общество с ограниченной ответственностью «Завод металлоконструкций № 1»",
    "short_name": "ООО «Завод металлоконструкций № 1»",
    "inn": "7700123459",
    "ogrn": "1207700123454",
    "kpp": "770001001",
    "registered_on": "2020-03-02",
    "address": "117000, г. Москва, ул. Примерная, д. 1",
    "phone": "+74951234567",
    "okved": "25.11",
    "signer": {
        "last_name": "Петров",
        "first_name": "Пётр",
        "birth_date": "1980-01-01",
        "birth_place": "г. Тула",
        "position": "Генеральный директор",
        "basis": "Устав",
    },
    "owners": [{"full_name": "Петров Пётр", "share_percent": "100"}],
    "bank": BANK,
    "purpose": "Выпуск ЦФА",
    "source_of_funds": "Выручка",
    "consent_rules": True,
}


def changed(form: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A copy with some fields changed; ``a__b`` goes inside, None takes a field away."""
    found = copy.deepcopy(form)
    for path, value in changes.items():
        *parents, last = path.split("__")
        target = found
        for part in parents:
            target = target[part]
        if value is None:
            target.pop(last)
        else:
            target[last] = value
    return found
