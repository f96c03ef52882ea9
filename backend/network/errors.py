"""Refusals of permissioning.

NoNetwork            409   the installation runs on the embedded node: there is nothing to admit to
NetworkFileBroken    409   the file of nodes can't be read or says nonsense
EntryListed          409   the entry is in the wanted list already
EntryNotListed       409   it is not
BadEntry             422   no address, no enode
SameAdministrator    403   the second administrator must be another person
CandidateNotReady    409   a validator to be voted in is unknown, silent or behind: voting it in could halt the chain
LastValidators       409   the vote would leave the network without a validator
"""

from __future__ import annotations

from backend.core.errors import Conflict, Forbidden, Invalid


class NoNetwork(Conflict):
    """No file of nodes is set."""

    code = "no_network"
    message_ru = "Установка работает на встроенном узле: списков допуска и валидаторов у него нет."
    message_en = "This installation runs on the embedded node: it has no permission lists and no validators."


class NetworkFileBroken(Conflict):
    """The file of nodes is missing or wrong."""

    code = "network_file_broken"
    message_ru = "Файл узлов сети не читается."
    message_en = "The file of the network's nodes can't be read."


class EntryListed(Conflict):
    """Already wanted."""

    code = "entry_listed"
    message_ru = "Запись уже есть в списке."
    message_en = "The entry is in the list already."


class EntryNotListed(Conflict):
    """Not wanted."""

    code = "entry_not_listed"
    message_ru = "Такой записи в списке нет."
    message_en = "The list has no such entry."


class BadEntry(Invalid):
    """Neither an address nor an enode."""

    code = "bad_entry"


class SameAdministrator(Forbidden):
    """Four eyes are those of two people."""

    code = "same_officer"
    message_ru = "Утвердить должен другой администратор."
    message_en = "Another administrator must approve."


class CandidateNotReady(Conflict):
    """Voting in a node that hasn't the chain can halt it."""

    code = "candidate_not_ready"


class LastValidators(Conflict):
    """Nobody would seal blocks."""

    code = "last_validators"
    message_ru = "В сети должен остаться хотя бы один валидатор."
    message_en = "The network must keep one validator at least."
