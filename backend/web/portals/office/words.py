"""Names of the fields of an application, in the order in which an officer reads them."""

from __future__ import annotations

from typing import Any

from backend.web.i18n import gettext as _
from backend.web.i18n import mark
from backend.web.render import as_read

SECTIONS: list[tuple[str, list[tuple[str, str]]]] = [
    (
        mark("Кто это"),
        [
            ("full_name", mark("Полное наименование")),
            ("short_name", mark("Краткое наименование")),
            ("last_name", mark("Фамилия")),
            ("first_name", mark("Имя")),
            ("patronymic", mark("Отчество")),
            ("birth_date", mark("Дата рождения")),
            ("birth_place", mark("Место рождения")),
            ("citizenship", mark("Гражданство")),
            ("registered_on", mark("Дата регистрации")),
        ],
    ),
    (
        mark("Номера"),
        [
            ("inn", mark("ИНН")),
            ("snils", mark("СНИЛС")),
            ("ogrn", mark("ОГРН")),
            ("ogrnip", mark("ОГРНИП")),
            ("kpp", mark("КПП")),
            ("okved", mark("ОКВЭД")),
            ("passport.series", mark("Паспорт: серия")),
            ("passport.number", mark("Паспорт: номер")),
            ("passport.issued_by", mark("Паспорт: кем выдан")),
            ("passport.issued_on", mark("Паспорт: дата выдачи")),
            ("passport.department_code", mark("Паспорт: код подразделения")),
        ],
    ),
    (
        mark("Связь и деньги"),
        [
            ("address", mark("Адрес")),
            ("phone", mark("Телефон")),
            ("bank.bic", mark("БИК банка")),
            ("bank.account", mark("Номер счёта")),
            ("source_of_funds", mark("Происхождение средств")),
            ("purpose", mark("Цель работы")),
            ("tax_resident", mark("Налоговый резидент")),
        ],
    ),
    (
        mark("Подписант"),
        [
            ("signer.last_name", mark("Фамилия")),
            ("signer.first_name", mark("Имя")),
            ("signer.patronymic", mark("Отчество")),
            ("signer.position", mark("Должность")),
            ("signer.basis", mark("Основание полномочий")),
            ("signer.valid_until", mark("Полномочия до")),
            ("signer.birth_date", mark("Дата рождения")),
            ("signer.citizenship", mark("Гражданство")),
        ],
    ),
]


def sections_of(form: dict[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Sections with the fields that the form holds; what has no name here stands under its own path at the end."""
    leaves = _flat(form)
    known = {path for _title, fields in SECTIONS for path, _words in fields}
    found = [
        (_(title), [(_(words), leaves[path]) for path, words in fields if path in leaves]) for title, fields in SECTIONS
    ]
    owners = [
        (str(one.get("full_name", "—")), f"{one.get('share_percent', '—')} %")
        for one in form.get("owners") or []
        if isinstance(one, dict)
    ]
    others = [
        (path, text)
        for path, text in leaves.items()
        if path not in known and not path.startswith("owners") and not path.startswith("consent") and path != "kind"
    ]
    return [one for one in [*found, (_("Владельцы"), owners), (_("Прочее"), others)] if one[1]]


def field_choices(form: dict[str, Any]) -> list[tuple[str, str]]:
    """Fields to which a remark may be made."""
    leaves = _flat(form)
    named = [(path, _(words)) for _title, fields in SECTIONS for path, words in fields if path in leaves]
    return [("form", _("Анкета в целом")), ("files", _("Документы")), *named]


def _flat(form: dict[str, Any], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in form.items():
        path = f"{prefix}{key}"
        if isinstance(value, dict):
            found.update(_flat(value, f"{path}."))
        elif isinstance(value, bool):
            found[path] = _("да") if value else _("нет")
        elif value not in (None, "", []) and not isinstance(value, list):
            found[path] = as_read(str(value))
    return found
