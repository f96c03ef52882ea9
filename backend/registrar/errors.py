"""Refusals of the registrar's desk.

ActUnknown       no such act
ActInvalid       the act can't be carried out as asked; the field says which part of it
"""

from backend.core.errors import Invalid, NotFound


class ActUnknown(NotFound):
    """No such act."""

    code = "act_unknown"
    message_ru = "Такого действия регистратора нет."
    message_en = "No such act of a registrar."


class ActInvalid(Invalid):
    """The act can't be carried out as asked."""

    code = "act_invalid"
    message_ru = "Действие не может быть исполнено."
    message_en = "The act can't be carried out."
