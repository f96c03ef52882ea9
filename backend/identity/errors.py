"""Refusals of identity.

CaseInvalid            the application breaks rules; every field is listed
CaseNotOpen            it can't be changed now
CaseExists             the user has an open application already
TooManyFiles           more documents than allowed
ParticipantUnknown     no such participant
ParticipantNotActive   not admitted, blocked, or expired
PowersEnded            nobody may sign for the organisation any more
"""

from backend.core.errors import Conflict, Forbidden, Invalid, NotAllowedInState, NotFound


class CaseInvalid(Invalid):
    """The application breaks rules; every field is listed."""

    code = "case_invalid"
    message_ru = "Анкета заполнена не полностью или с ошибками."
    message_en = "The application is incomplete or has errors."


class CaseNotOpen(NotAllowedInState):
    """It can't be changed now."""

    code = "case_not_open"
    message_ru = "Анкета на проверке или уже рассмотрена: изменить её нельзя."
    message_en = "The application is under review or decided: it can't be changed."


class CaseExists(Conflict):
    """The user has an open application already."""

    code = "case_exists"
    message_ru = "У вас уже есть анкета. Продолжите её заполнение."
    message_en = "You already have an application. Go on with it."


class TooManyFiles(Invalid):
    """More documents than allowed."""

    code = "too_many_files"
    message_ru = "Можно приложить не больше десяти документов."
    message_en = "At most ten documents may be attached."


class ParticipantUnknown(NotFound):
    """No such participant."""

    code = "participant_unknown"
    message_ru = "Участник не найден."
    message_en = "No such participant."


class ParticipantNotActive(Forbidden):
    """Not admitted, blocked, or expired."""

    code = "participant_not_active"
    message_ru = "Операции недоступны: участник не допущен, заблокирован или истёк срок допуска."
    message_en = "Not possible: the participant is not admitted, is blocked, or the admission has ended."


class PowersEnded(Forbidden):
    """Nobody may sign for the organisation any more."""

    code = "powers_ended"
    message_ru = "Срок полномочий подписанта организации истёк. Передайте оператору новый документ о полномочиях."
    message_en = "The powers of the organisation's signer have ended. Give the operator a new document."
