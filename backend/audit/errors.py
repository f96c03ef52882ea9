"""Refusals of audit.

BlockUnknown, TransactionUnknown, AddressUnknown, TokenUnknown, EntryUnknown    nothing of that name in the mirror or the journal
NotAnchored                                                                    the entry isn't covered by an anchored root yet
"""

from backend.core.errors import Conflict, NotFound


class BlockUnknown(NotFound):
    """No such block in the mirror."""

    code = "block_unknown"
    message_ru = "Такого блока нет в зеркале реестра."
    message_en = "The mirror has no such block."


class TransactionUnknown(NotFound):
    """No such transaction in the mirror."""

    code = "transaction_unknown"
    message_ru = "Такой транзакции нет в зеркале реестра."
    message_en = "The mirror has no such transaction."


class AddressUnknown(NotFound):
    """Not an address."""

    code = "address_unknown"
    message_ru = "Такого адреса нет в реестре."
    message_en = "The register has no such address."


class TokenUnknown(NotFound):
    """No such asset in the register."""

    code = "token_unknown"
    message_ru = "Такого актива нет в реестре."
    message_en = "The register has no such asset."


class EntryUnknown(NotFound):
    """No such journal entry."""

    code = "entry_unknown"
    message_ru = "Такой записи журнала нет."
    message_en = "The journal has no such entry."


class NotAnchored(Conflict):
    """The entry isn't covered by an anchored root yet."""

    code = "entry_not_anchored"
    message_ru = "Запись ещё не закреплена в реестре: повторите позже."
    message_en = "The entry is not anchored yet: try later."
