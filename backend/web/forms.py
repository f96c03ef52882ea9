"""Forms of the portals: values as typed, errors beside their fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile

from backend.core.errors import DomainError, Invalid, Lang, Problem
from backend.core.texts import cleaned

M = TypeVar("M", bound=BaseModel)

_WORDS: dict[str, tuple[str, str]] = {
    "missing": ("Заполните поле.", "Fill in this field."),
    "string_too_short": ("Слишком коротко.", "Too short."),
    "string_too_long": ("Слишком длинно.", "Too long."),
    "int_parsing": ("Нужно целое число.", "A whole number is needed."),
    "decimal_parsing": ("Нужно число.", "A number is needed."),
    "date_from_datetime_parsing": ("Нужна дата.", "A date is needed."),
    "date_parsing": ("Нужна дата.", "A date is needed."),
    "enum": ("Выберите из списка.", "Choose from the list."),
    "literal_error": ("Выберите из списка.", "Choose from the list."),
    "bool_parsing": ("Отметьте или снимите отметку.", "Tick or untick."),
    "extra_forbidden": ("Лишнее поле.", "Unknown field."),
}
_OTHERWISE = ("Проверьте значение.", "Check the value.")


SECRET_FIELDS = frozenset({"password", "current", "totp_code", "code", "csrf_token", "shown_hash"})
"""Never written back into a page, nor kept."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file from a form, read whole (the size was checked before)."""

    filename: str
    data: bytes


@dataclass(slots=True)
class Form:
    """What the user sent. ``values`` keeps every text; ``files`` the uploads by field."""

    values: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, list[Upload]] = field(default_factory=dict)

    def get(self, name: str, default: str = "") -> str:
        """The last value of a field, without spaces around."""
        texts = self.values.get(name)
        return texts[-1].strip() if texts else default

    def all(self, name: str) -> list[str]:
        """Every value of a repeated field."""
        return self.values.get(name, [])

    def checked(self, name: str) -> bool:
        """Is the box ticked?"""
        return self.get(name) in {"on", "true", "1", "yes"}

    def file(self, name: str) -> Upload | None:
        """The one file of a field, or None."""
        found = self.files.get(name)
        return found[-1] if found else None

    def read(self, model: type[M], **more: Any) -> M:
        """The form as a schema; raises Invalid that marks every wrong field. Empty texts count as absent."""
        multiple = {name for name, info in model.model_fields.items() if "list" in str(info.annotation)}
        content: dict[str, Any] = {
            name: texts if name in multiple else texts[-1].strip()
            for name, texts in self.values.items()
            if name in model.model_fields and (name in multiple or texts[-1].strip())
        }
        try:
            return model.model_validate({**content, **more})
        except ValidationError as error:
            raise Invalid(problems=problems_of(error.errors())) from error


@dataclass(frozen=True, slots=True)
class FormState:
    """A form that was refused: the page shows it again with what was typed and what is wrong."""

    values: dict[str, list[str]]
    errors: dict[str, str]
    summary: str
    code: str = ""


def form_of(data: FormData, contents: dict[int, bytes]) -> Form:
    """Texts and files of a parsed form; ``contents`` holds the bytes of each upload by identity."""
    form = Form()
    for name, value in data.multi_items():
        if isinstance(value, UploadFile):
            if value.filename:
                form.files.setdefault(name, []).append(Upload(value.filename, contents[id(value)]))
        else:
            form.values.setdefault(name, []).append(value)
    return form


def state_of(form: Form, error: DomainError, lang: Lang) -> FormState:
    """What the page needs to show a refusal."""
    errors = {problem.field: problem.text(lang) for problem in error.problems}
    values = {
        name: [cleaned(text) for text in texts] for name, texts in form.values.items() if name not in SECRET_FIELDS
    }
    return FormState(values=values, errors=errors, summary=error.text(lang), code=error.code)


def problems_of(errors: list[Any]) -> list[Problem]:
    """Pydantic's findings in the user's words, one a field."""
    return [_problem(error) for error in errors]


def _problem(error: dict[str, Any]) -> Problem:
    place = [str(part) for part in error["loc"] if part not in {"body", "query", "path", "header"}]
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, DomainError):
        return Problem(".".join(place), cause.code, cause.message_ru, cause.message_en)
    words = _WORDS.get(error["type"], _OTHERWISE)
    bound = next((value for name, value in (error.get("ctx") or {}).items() if name in {"ge", "gt", "le", "lt"}), None)
    if bound is not None:
        words = (f"Допустимое значение: {_SIGNS[error['type']]} {bound}.", f"Allowed: {_SIGNS[error['type']]} {bound}.")
    return Problem(".".join(place), error["type"], *words)


_SIGNS = {"greater_than_equal": "≥", "greater_than": ">", "less_than_equal": "≤", "less_than": "<"}
