"""Refusals of payouts.

RunUnknown             no such run, or another issuer's
SameOfficer            the check must be another officer's
AmountUnknown          the index isn't entered and confirmed yet
AmountKnown            the amount is fixed already
NotFundable            the run doesn't wait for money
FundsShort             the issuer has less free than the run needs
NotCallable            the decision gives no call, or the issue isn't in circulation
CallExists             the issue is called already
PutClosed              the window of a put takes no units now
UnitsShort             fewer free units than presented
CallPending            the same act is on its way to the chain
"""

from backend.core.errors import Conflict, Forbidden, Invalid, NotAllowedInState, NotFound


class RunUnknown(NotFound):
    """No such run, or another issuer's."""

    code = "payout_unknown"
    message_ru = "Выплата не найдена."
    message_en = "No such payout."


class SameOfficer(Forbidden):
    """The check must be another officer's."""

    code = "payout_same_officer"
    message_ru = "Проверить должен другой сотрудник."
    message_en = "Another officer must check."


class AmountUnknown(NotAllowedInState):
    """The index isn't entered and confirmed yet."""

    code = "payout_amount_unknown"
    message_ru = "Размер выплаты ещё не определён: введите и подтвердите значение показателя."
    message_en = "The amount is not known yet: enter and confirm the value of the index."


class AmountKnown(NotAllowedInState):
    """The amount is fixed already."""

    code = "payout_amount_known"
    message_ru = "Размер этой выплаты уже определён."
    message_en = "The amount of this payout is fixed already."


class NotFundable(NotAllowedInState):
    """The run doesn't wait for money."""

    code = "payout_not_fundable"
    message_ru = "Эта выплата сейчас не ждёт средств."
    message_en = "This payout does not wait for money now."


class FundsShort(Invalid):
    """The issuer has less free than the run needs."""

    code = "payout_funds_short"
    message_ru = "Свободных средств не хватает для выплаты."
    message_en = "There is not enough free money for the payout."


class NotCallable(NotAllowedInState):
    """The decision gives no call, or the issue isn't in circulation."""

    code = "payout_not_callable"
    message_ru = "Досрочно погасить этот выпуск по решению эмитента нельзя."
    message_en = "The issuer can't call this issue."


class CallExists(Conflict):
    """The issue is called already."""

    code = "payout_call_exists"
    message_ru = "Досрочное погашение этого выпуска уже объявлено."
    message_en = "The call of this issue is declared already."


class PutClosed(NotAllowedInState):
    """The window of a put takes no units now."""

    code = "payout_put_closed"
    message_ru = "Единицы принимаются только в срок предъявления."
    message_en = "Units are taken within the window only."


class UnitsShort(Invalid):
    """Fewer free units than presented."""

    code = "payout_units_short"
    message_ru = "Столько свободных единиц у вас нет."
    message_en = "You don't have that many free units."


class CallPending(Conflict):
    """The same act is on its way to the chain."""

    code = "payout_call_pending"
    message_ru = "Это действие уже выполняется: дождитесь записи в реестр."
    message_en = "This is under way already: wait until the register has recorded it."
