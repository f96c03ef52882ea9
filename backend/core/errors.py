"""Errors that a user can be told about.

    DomainError                 code, status, sentence in Russian and English, the field it concerns
    ├── Invalid        422      input breaks a rule; `problems` lists every field
    ├── TooLarge       413      an upload or a list exceeds its bound
    ├── Unauthenticated 401     no session, or it has ended
    ├── StepUpRequired 401      a second factor within the last minutes is needed
    ├── Forbidden      403      the role lacks the permission
    ├── NotFound       404      no such record, or not the asker's own
    └── Conflict       409      the record is in another state, or the key was used for something else
        └── NotAllowedInState   a move that the state machine doesn't have

Each domain subclasses these in its own errors.py. One handler in backend.web renders them (RFC 9457).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Lang = Literal["ru", "en"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one field; `field` is a dotted path such as ``units.minimum_to_issue``."""

    field: str
    code: str
    message_ru: str
    message_en: str

    def text(self, lang: Lang) -> str:
        """The sentence in the user's language."""
        return self.message_ru if lang == "ru" else self.message_en


class DomainError(Exception):
    """Base of all refusals. ``code`` is stable and machine-readable, ``status`` is the HTTP status at the edge."""

    status = 400
    code = "error"
    message_ru = "Запрос не выполнен."
    message_en = "The request was not carried out."

    def __init__(
        self,
        message_ru: str | None = None,
        message_en: str | None = None,
        *,
        code: str | None = None,
        field: str | None = None,
        problems: list[Problem] | None = None,
    ) -> None:
        self.code = code or type(self).code
        self.message_ru = message_ru or type(self).message_ru
        self.message_en = message_en or type(self).message_en
        self.field = field
        self.problems = problems or []
        if field and not self.problems:
            self.problems = [Problem(field, self.code, self.message_ru, self.message_en)]
        super().__init__(f"{self.code}: {self.message_en}")

    def text(self, lang: Lang) -> str:
        """The sentence in the user's language."""
        return self.message_ru if lang == "ru" else self.message_en


class Invalid(DomainError):
    """Input breaks a rule."""

    status = 422
    code = "invalid"
    message_ru = "Проверьте отмеченные поля."
    message_en = "Check the marked fields."


class TooLarge(DomainError):
    """An upload or a list exceeds its bound."""

    status = 413
    code = "too_large"
    message_ru = "Слишком большой объём данных."
    message_en = "Too much data."


class Unauthenticated(DomainError):
    """No session, or it has ended."""

    status = 401
    code = "unauthenticated"
    message_ru = "Войдите, чтобы продолжить."
    message_en = "Sign in to continue."


class StepUpRequired(DomainError):
    """The action is signed in the user's name and needs a fresh second factor."""

    status = 401
    code = "step_up_required"
    message_ru = "Подтвердите действие кодом из приложения."
    message_en = "Confirm the action with a code from your authenticator."


class Forbidden(DomainError):
    """The role lacks the permission."""

    status = 403
    code = "forbidden"
    message_ru = "Недостаточно прав для этого действия."
    message_en = "You have no right to do this."


class NotFound(DomainError):
    """No such record, or it belongs to somebody else (the asker isn't told which)."""

    status = 404
    code = "not_found"
    message_ru = "Запись не найдена."
    message_en = "No such record."


class Conflict(DomainError):
    """The record has changed, or an idempotency key was used for something else."""

    status = 409
    code = "conflict"
    message_ru = "Действие уже выполнено или запись изменилась. Обновите страницу."
    message_en = "Already done, or the record has changed. Reload the page."


class NotAllowedInState(Conflict):
    """A move that the state machine of the record doesn't have."""

    code = "not_allowed_in_state"
    message_ru = "Это действие недоступно в текущем состоянии."
    message_en = "This action is not available in the current state."
