"""Refusals of custody.

WalletMissing     the participant or officer has no wallet yet
IntentDiffers     an idempotency key was used for another call
CallUnknown       no such contract or function in the deployment
IntentMissing     no such intent
CallNotAllowed    the wallet's owner may not make this call
LimitOfSigning    more than one call or one day may move
SecondPayload     a number of a wallet was signed before, for something else
"""

from backend.core.errors import Conflict, Forbidden, Invalid, NotFound


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


class SecondPayload(Conflict):
    """A number of a wallet was signed before, for something else."""

    code = "second_payload"
    message_ru = "Под этим номером кошелёк уже подписал другую операцию."
    message_en = "The wallet has signed another operation under this number."


class CallNotAllowed(Forbidden):
    """The wallet's owner may not make this call."""

    code = "call_not_allowed"
    message_ru = "Этому адресу не разрешено подписывать такую операцию."
    message_en = "This address may not sign such an operation."


class LimitOfSigning(Conflict):
    """More than one call, or one day, may move."""

    code = "limit_of_signing"
    message_ru = "Превышен предел подписания."
    message_en = "The limit of signing is exceeded."


class IntentMissing(NotFound):
    """No such intent."""

    code = "intent_missing"
    message_ru = "Операция не найдена."
    message_en = "There is no such operation."
