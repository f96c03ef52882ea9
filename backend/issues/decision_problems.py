"""From what a validator says to what a person reads: fields and sentences of a refused decision."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic_core import ErrorDetails

from backend.core.errors import Invalid
from backend.core.errors import Problem as FieldProblem
from backend.issues.decision_terms import TAG, VARIANT_KEY, VARIANTS

__all__ = ["DecisionInvalid", "DecisionUnreadable", "FieldProblem", "problems_of"]

_MISSING: Final = ("Поле обязательно.", "The field is required.")
_SENTENCES: Final[Mapping[str, tuple[str, str]]] = {
    "missing": _MISSING,
    "extra_forbidden": ("Неизвестное поле.", "Unknown field."),
    "invalid_key": ("Имя поля должно быть текстом.", "A field's name must be text."),
    "enum": ("Допустимо: {expected}.", "Allowed: {expected}."),
    "literal_error": ("Допустимо: {expected}.", "Allowed: {expected}."),
    "greater_than_equal": ("Не меньше {ge}.", "At least {ge}."),
    "less_than_equal": (
        "Не больше {le}: иначе не помещается в реестр.",
        "At most {le}: more does not fit the register.",
    ),
    "string_too_long": ("Не длиннее {max_length} знаков.", "At most {max_length} characters."),
    "string_type": ("Нужен текст.", "Text is needed."),
    "string_pattern_mismatch": ("Запись не той формы.", "The value has another form."),
    "int_type": ("Нужно целое число.", "A whole number is needed."),
    "bool_type": ("Нужно true или false.", "true or false is needed."),
    "list_type": ("Нужен список.", "A list is needed."),
    "too_short": ("Не меньше {min_length} значений.", "At least {min_length} items."),
    "too_long": ("Не больше {max_length} значений.", "At most {max_length} items."),
}
_SECTION: Final = ("Нужен раздел с полями.", "A section with fields is needed.")
_OTHER: Final = ("Недопустимое значение.", "The value is not allowed.")
_NULLABLE_TYPES: Final = frozenset({"extra_forbidden", "missing"})


class DecisionInvalid(Invalid):
    """A decision breaks rules; ``problems`` lists every field with its sentence."""

    code = "decision_invalid"
    message_ru = "Решение о выпуске не принято: исправьте отмеченные поля."
    message_en = "The issuance decision was not accepted: correct the marked fields."

    def __init__(self, problems: list[FieldProblem]) -> None:
        super().__init__(problems=problems)

    def __str__(self) -> str:
        return "; ".join(f"{problem.field}: {problem.message_en}" for problem in self.problems)


class DecisionUnreadable(DecisionInvalid):
    """A file is not a decision at all; ``line`` is where reading stopped, counted from 1, if known."""

    code = "decision_unreadable"

    def __init__(self, code: str, ru: str, en: str, line: int | None = None) -> None:
        self.line = line
        at_ru, at_en = ("", "") if line is None else (f"Строка {line}: ", f"Line {line}: ")
        super().__init__([FieldProblem("document", code, at_ru + ru, at_en + en)])


def problems_of(errors: Iterable[ErrorDetails]) -> list[FieldProblem]:
    """Translate the errors of pydantic, one problem a field."""
    found: dict[str, FieldProblem] = {}
    for error in errors:
        problem = _problem(error)
        found.setdefault(problem.field, problem)
    return list(found.values())


def _problem(error: ErrorDetails) -> FieldProblem:
    path = [str(part) for part in error["loc"] if not str(part).startswith(TAG)]
    context: dict[str, Any] = dict(error.get("ctx", {}))
    code = error["type"]
    if error["input"] is None and code not in _NULLABLE_TYPES:
        code = "missing"
    if code == "variant":
        return _variant_problem(path, error["input"])
    if "ru" in context and code != "missing":
        return FieldProblem(".".join(path), code, context["ru"], context["en"])
    if code in ("model_type", "model_attributes_type", "dict_type"):
        code, sentence = "section", _SECTION
    else:
        sentence = _SENTENCES.get(code, _OTHER)
    ru, en = (text.format_map(_Known(context)) for text in sentence)
    return FieldProblem(".".join(path), code, ru, en)


def _variant_problem(path: list[str], value: object) -> FieldProblem:
    section = path[-1]
    names = ", ".join(VARIANTS[section])
    if isinstance(value, dict):
        path = [*path, VARIANT_KEY[section]]
    return FieldProblem(".".join(path), "enum", f"Допустимо: {names}.", f"Allowed: {names}.")


class _Known(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"
