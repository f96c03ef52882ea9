"""History is written once a record date and holder: whoever moves next pays nothing for it."""

from __future__ import annotations

from tests.contracts import tokens
from tests.contracts.system import System
from tests.contracts.tokens import make_token, pass_date


def test_history_is_written_once_a_date_and_holder(system: System) -> None:
    tokens.prepare(system)
    people, token = system.people, make_token(system, bob=50)
    before = token.transfer(people.bob, 1, sender=people.alice).gas
    pass_date(system, token, 1)
    first = token.transfer(people.bob, 1, sender=people.alice).gas
    after = token.transfer(people.bob, 1, sender=people.alice).gas
    assert after == before < first
