"""Refusals of cash.

StatementDiffers       the same number with other content
StatementGap           the opening balance isn't the last closing balance
StatementAccount       another account's statement
BankDetailsMissing     the participant has no verified account
FundsShort             more than is free
"""

from backend.core.errors import Conflict, Invalid


class StatementDiffers(Conflict):
    """The same number with other content."""

    code = "statement_differs"
    message_ru = "Выписка с таким номером уже загружена, но её содержание другое."
    message_en = "A statement of this number was imported already with other content."


class StatementGap(Invalid):
    """The opening balance isn't the last closing balance."""

    code = "statement_gap"
    message_ru = "Входящий остаток не равен исходящему остатку прошлой выписки: пропущена выписка."
    message_en = "The opening balance is not the last closing balance: a statement is missing."


class StatementAccount(Invalid):
    """Another account's statement."""

    code = "statement_account"
    message_ru = "Это выписка по другому счёту."
    message_en = "This statement is of another account."


class BankDetailsMissing(Invalid):
    """The participant has no verified account."""

    code = "bank_details_missing"
    message_ru = "Нет проверенных банковских реквизитов."
    message_en = "There are no verified bank details."


class FundsShort(Invalid):
    """More than is free."""

    code = "funds_short"
    message_ru = "На счёте недостаточно свободных средств."
    message_en = "There is not enough free money on the account."
