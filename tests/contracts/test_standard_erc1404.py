"""ERC-1404 as its text has it: a transfer that would be refused has a code, and each code a message for people."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.contracts import tokens
from tests.contracts.evm import Contract, Refused
from tests.contracts.system import LIMIT, NO_ADDRESS, System
from tests.contracts.tokens import BOARD, make_token

Obstacle = Callable[[System, Contract], None]


def nothing(system: System, token: Contract) -> None:
    """A transfer that may pass."""


def pause(system: System, token: Contract) -> None:
    token.setPaused(True, sender=BOARD)


def block(system: System, token: Contract) -> None:
    system.block(system.people.bob)


def freeze(system: System, token: Contract) -> None:
    token.setFrozenTokens(system.people.alice, 95, sender=system.people.compliance1)


def end(system: System, token: Contract) -> None:
    system.evm.travel(token.circulationEndsAt() + 1)


CASES: dict[str, tuple[Obstacle, int]] = {
    "none": (nothing, tokens.NONE),
    "paused": (pause, tokens.PAUSED),
    "receiver blocked": (block, tokens.IS_BLOCKED),
    "too much frozen": (freeze, tokens.INSUFFICIENT_FREE),
    "circulation over": (end, tokens.NOT_CIRCULATING),
}


@pytest.fixture
def token(system: System) -> Contract:
    tokens.prepare(system)
    return make_token(system, alice=100, bob=50)


@pytest.mark.parametrize("case", CASES)
def test_the_code_foretells_the_transfer(system: System, token: Contract, case: str) -> None:
    """0 means success; the code MUST be evaluated inside transfer and transferFrom, which then revert or pass accordingly."""
    obstacle, code = CASES[case]
    obstacle(system, token)
    people = system.people
    assert token.detectTransferRestriction(people.alice, people.bob, 10) == code
    token.approve(people.carol, 10, sender=people.alice)
    for deed, sender in (
        (lambda: token.transfer.call(people.bob, 10, sender=people.alice), "alice"),
        (lambda: token.transferFrom.call(people.alice, people.bob, 10, sender=people.carol), "carol"),
    ):
        try:
            passed = bool(deed())
        except Refused:
            passed = False
        assert passed is (code == 0), f"{case}, by {sender}"


def test_each_code_has_a_message_of_its_own(token: Contract) -> None:
    messages = [token.messageForTransferRestriction(code) for code in range(11)]
    assert len(set(messages)) == 11
    assert all(messages)


def test_a_code_that_is_none_has_a_message_too(token: Contract) -> None:
    assert {token.messageForTransferRestriction(code) for code in (11, 100, 255)} == {"unknown code"}


def test_strangers_and_the_zero_address_have_codes_and_no_revert(system: System, token: Contract) -> None:
    people = system.people
    assert token.detectTransferRestriction(people.stranger, people.bob, 1) == tokens.NOT_ADMITTED
    assert token.detectTransferRestriction(people.alice, people.stranger, 1) == tokens.NOT_ADMITTED
    assert token.detectTransferRestriction(people.alice, NO_ADDRESS, 1) == tokens.RECEIVER_INVALID
    assert token.detectTransferRestriction(people.alice, people.bob, 2**256 - 1) == tokens.INSUFFICIENT_FREE


def test_a_lacking_class_has_its_code(system: System) -> None:
    tokens.prepare(system)
    people, token = system.people, make_token(system, accessClass=LIMIT)
    system.participants.update(people.bob, 1, system.evm.now() + 1_000, b"\1" * 32, sender=people.compliance1)
    assert token.detectTransferRestriction(people.alice, people.bob, 1) == tokens.CLASS
