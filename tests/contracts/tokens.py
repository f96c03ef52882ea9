"""A token ready for tests: its venue and a plain account in the place of FourEyes, so that a power is one call."""

from __future__ import annotations

from typing import Any

from tests.contracts.evm import Contract
from tests.contracts.system import (
    ADMINISTRATOR,
    DAY,
    FOUR_EYES,
    FREE,
    LIMIT,
    ORGANISATION,
    QUAL,
    TEST,
    System,
    account,
    digest,
)

BOARD = account("board")  # holds FOUR_EYES in these tests: what two officers have approved comes from it
BASIS = digest("basis")
REASON = digest("court order")
DOCUMENT = digest("scan of the order")

(
    NONE,
    PAUSED,
    LOCKED,
    NOT_CIRCULATING,
    VENUES_ONLY,
    NOT_ADMITTED,
    EXPIRED,
    IS_BLOCKED,
    CLASS,
    INSUFFICIENT_FREE,
    RECEIVER_INVALID,
) = range(11)


def prepare(system: System) -> None:
    """Admit issuer, alice, bob and carol (every class); make the venues and the board."""
    people = system.people
    system.make_venue(people.venue, people.venue2)
    system.four_eyes(system.manager, "grantRole", FOUR_EYES, BOARD, 0, by=people.pair(ADMINISTRATOR))
    system.admit(people.issuer, kind=ORGANISATION, classes=FREE | LIMIT | TEST | QUAL)
    system.admit(people.alice, people.bob, people.carol, classes=FREE | LIMIT | TEST | QUAL)


def make_token(system: System, *, alice: int = 100, bob: int = 0, carol: int = 0, **terms: Any) -> Contract:
    """A token that the registry doesn't know, with these units issued."""
    token = system.new_asset(**terms)
    holdings = {system.people.alice: alice, system.people.bob: bob, system.people.carol: carol}
    for holder, units in holdings.items():
        if units:
            token.issueUnits(holder, units, sender=system.people.venue)
    return token


def pass_date(system: System, token: Contract, number: int) -> None:
    """Move time just past a record date."""
    system.evm.travel(max(token.recordDateAt(number) + 1, system.evm.now() + 1))


def in_days(system: System, days: int) -> int:
    """Unix time that many days from now."""
    return system.evm.now() + days * DAY


def force(token: Contract, sender: str, source: str, to: str, units: int, *, bypass: bool = False) -> Any:
    """A forced transfer with its reason and document (the six-argument one)."""
    function = token.overload("forcedTransfer(address,address,uint64,bool,bytes32,bytes32)")
    return function(source, to, units, bypass, REASON, DOCUMENT, sender=sender)
