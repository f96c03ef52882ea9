"""Refusals of notifications.

MessageUnknown     no such message of the asker
"""

from backend.core.errors import NotFound


class MessageUnknown(NotFound):
    """No such message of the asker."""

    code = "message_unknown"
    message_ru = "Сообщение не найдено."
    message_en = "No such message."
