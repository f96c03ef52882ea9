"""Refusals of orders, told before the chain is asked; the contract stays the judge.

PlacementClosed      no placement takes orders now
OrderSizeWrong       outside the limits of one order
ClassMissing         the participant lacks the access class
FundsShort           not enough free rubles
RiskNotAccepted      the risk statement isn't confirmed
OrderUnknown         no such order, or another's
OfferUnknown         no such offer
UnitsShort           not enough free units
"""

from backend.core.errors import Forbidden, Invalid, NotAllowedInState, NotFound


class PlacementClosed(NotAllowedInState):
    """No placement takes orders now."""

    code = "placement_closed"
    message_ru = "Заявки по этому выпуску сейчас не принимаются."
    message_en = "This issue takes no orders now."


class OrderSizeWrong(Invalid):
    """Outside the limits of one order."""

    code = "order_size"
    message_ru = "Количество вне пределов одной заявки."
    message_en = "The number of units is outside the limits of an order."


class ClassMissing(Forbidden):
    """The participant lacks the access class."""

    code = "class_missing"
    message_ru = "Выпуск доступен инвесторам другого класса. Пройдите тестирование или получите статус квалифицированного инвестора."
    message_en = "The issue is for investors of another class."


class FundsShort(Invalid):
    """Not enough free rubles."""

    code = "funds_short"
    message_ru = "Недостаточно свободных средств. Пополните счёт."
    message_en = "Not enough free money. Top up the account."


class RiskNotAccepted(Invalid):
    """The risk statement isn't confirmed."""

    code = "risk_not_accepted"
    message_ru = "Подтвердите, что ознакомились с рисками."
    message_en = "Confirm that you have read the risks."


class OrderUnknown(NotFound):
    """No such order, or another's."""

    code = "order_unknown"
    message_ru = "Заявка не найдена."
    message_en = "No such order."


class OfferUnknown(NotFound):
    """No such offer."""

    code = "offer_unknown"
    message_ru = "Предложение не найдено."
    message_en = "No such offer."


class UnitsShort(Invalid):
    """Not enough free units."""

    code = "units_short"
    message_ru = "Недостаточно свободных единиц актива."
    message_en = "Not enough free units."
