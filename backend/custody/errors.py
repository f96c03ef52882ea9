"""Refusals of custody.

WalletMissing     the participant or officer has no wallet yet
IntentDiffers     an idempotency key was used for another call
CallUnknown       no such contract or function in the deployment
"""

from backend.core.errors import Conflict, Invalid, NotFound


class WalletMissing(NotFound):
    """The participant or officer has no wallet yet."""

    code = "wallet_missing"
    message_ru = "Адрес в реестре ещё не открыт."
    message_en = "There is no address in the register yet."


class IntentDiffers(Conflict):
    """The idempotency key was used for another call."""

    code = "intent_differs"
    message_ru = "Этот запрос уже использован для другой операции."
    message_en = "This request key was already used for another operation."


class CallUnknown(Invalid):
    """No such contract or function in the deployment."""

    code = "call_unknown"
    message_ru = "Неизвестная операция реестра."
    message_en = "Unknown operation of the register."
