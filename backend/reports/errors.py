"""Refusals of reports.

DocumentUnknown    no such document, or another participant's
PeriodInvalid      the period ends before it begins, or in the future
"""

from backend.core.errors import Invalid, NotFound


class DocumentUnknown(NotFound):
    """No such document, or another participant's."""

    code = "document_unknown"
    message_ru = "Документ с таким номером не найден."
    message_en = "No document of this number."


class PeriodInvalid(Invalid):
    """The period ends before it begins, or in the future."""

    code = "period_invalid"
    message_ru = "Период указан неверно."
    message_en = "The period is wrong."
