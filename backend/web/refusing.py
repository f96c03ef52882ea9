"""Refusals of the web itself, and how a refusal leaves a trace although what was asked for is rolled back."""

from __future__ import annotations

from typing import TypeVar

from backend.core.errors import DomainError, Forbidden, StepUpRequired
from backend.core.signing import Signing

T = TypeVar("T")


class CsrfWrong(Forbidden):
    """The form is not one of ours, or of an ended session."""

    code = "csrf"
    message_ru = "Страница устарела. Откройте форму ещё раз и повторите."
    message_en = "The page is out of date. Open the form again and repeat."


class NotYetSeen(StepUpRequired):
    """What would be signed was not shown to the person as it would be signed now, or a code is missing. ``signing`` tells what it is."""

    code = "confirmation_required"
    message_ru = "Посмотрите, что будет подписано, и подтвердите."
    message_en = "Look at what will be signed, and confirm."

    def __init__(self, signing: Signing) -> None:
        self.signing = signing
        super().__init__()


class KeptRefusal(Exception):
    """A refusal whose trace must be kept, such as a failed attempt to sign in."""

    def __init__(self, refusal: DomainError) -> None:
        self.refusal = refusal
        super().__init__(refusal.code)


def keep(outcome: DomainError | T) -> T:
    """The outcome of a service that returns its refusals; a refusal is committed, then raised."""
    if isinstance(outcome, DomainError):
        raise KeptRefusal(outcome)
    return outcome
