"""Automatic checks of a submitted application. A source that isn't connected is said to be so; nothing is assumed passed.

Each result: ``code``, ``result`` (ok | warn | fail | manual) and words in two languages; no personal data.
"""

from __future__ import annotations

from typing import Any

from backend.core.context import Context
from backend.identity import repository
from backend.identity.models import Case
from backend.identity.schemas import AnyForm, PersonForm

_MANUAL = (
    ("egrul", "Сведения ЕГРЮЛ/ЕГРИП: источник не подключён, проверьте вручную", "ЕГРЮЛ/ЕГРИП: not connected, check by hand"),
    ("passport_mvd", "Действительность паспорта (МВД): источник не подключён, проверьте вручную",
     "Passport validity (МВД): not connected, check by hand"),
    ("bank_name", "Владелец счёта в банке: проверьте по первому платежу", "Account owner at the bank: check by the first payment"),
)  # fmt: skip


def run(ctx: Context, case: Case, form: AnyForm) -> list[dict[str, Any]]:
    """All checks of one version."""
    results = [_result("fields", "ok", "Реквизиты и контрольные числа верны", "Fields and check digits are right")]
    same = repository.other_open_cases(ctx, case)
    results.append(
        _result(
            "duplicate",
            "warn",
            "Есть другая анкета с тем же ИНН или документом",
            "Another application has the same ИНН or document",
        )
        if same
        else _result("duplicate", "ok", "Повторных анкет нет", "No duplicate applications")
    )
    name = form.full_name
    hits = repository.watchlist_hits(ctx, case.inn_digest, repository.digest(ctx, "name", name))
    results.append(
        _result("watchlist", "fail", "Совпадение с перечнем: решает комплаенс", "A watch-list hit: compliance decides")
        if hits
        else _result("watchlist", "ok", "Совпадений с загруженными перечнями нет", "No hits in the imported lists")
    )
    if not repository.files_of(ctx, case.id):
        results.append(_result("files", "warn", "Документы не приложены", "No documents are attached"))
    for code, ru, en in _MANUAL:
        if code != "passport_mvd" or isinstance(form, PersonForm):
            results.append(_result(code, "manual", ru, en))
    return results


def _result(code: str, result: str, ru: str, en: str) -> dict[str, Any]:
    return {"code": code, "result": result, "ru": ru, "en": en}
