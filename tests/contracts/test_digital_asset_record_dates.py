"""Record dates: who held how much is exact for ever, whoever moves afterwards, and costs an ordinary transfer nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.contracts import tokens
from tests.contracts.evm import Contract, refused
from tests.contracts.system import FOUR_EYES, System
from tests.contracts.tokens import BOARD, in_days, make_token, pass_date


@pytest.fixture
def ready(system: System) -> System:
    tokens.prepare(system)
    return system


def held(system: System, token: Contract, number: int) -> list[int]:
    """Units of alice, bob and carol at a record date."""
    people = system.people
    units: list[int] = token.unitsAtBatch([people.alice, people.bob, people.carol], number)
    assert units == [token.unitsAt(who, number) for who in (people.alice, people.bob, people.carol)]
    return units


def test_a_holder_nobody_touched_still_held_at_the_date(ready: System) -> None:
    """Nobody has to call a snapshot in time: a coupon is never computed on today's balance."""
    token = make_token(ready, bob=20)
    pass_date(ready, token, 1)
    assert (held(ready, token, 1), token.supplyAt(1), token.holdersAt(1)) == ([100, 20, 0], 120, 2)


def test_later_moves_do_not_change_what_was(ready: System) -> None:
    people, token = ready.people, make_token(ready, bob=20)
    pass_date(ready, token, 1)
    token.transfer(people.carol, 100, sender=people.alice)
    token.issueUnits(people.bob, 80, sender=people.venue)
    pass_date(ready, token, 2)
    token.redeem([people.carol], [40], sender=people.venue)
    token.forcedBurn(people.bob, 100, tokens.REASON, tokens.DOCUMENT, sender=BOARD)
    assert (held(ready, token, 1), token.supplyAt(1), token.holdersAt(1)) == ([100, 20, 0], 120, 2)
    assert (held(ready, token, 2), token.supplyAt(2), token.holdersAt(2)) == ([0, 100, 100], 200, 2)
    pass_date(ready, token, 3)
    assert (held(ready, token, 3), token.supplyAt(3), token.holdersAt(3)) == ([0, 0, 60], 60, 1)


def test_several_dates_pass_without_a_move(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    pass_date(ready, token, 2)
    token.transfer(people.bob, 30, sender=people.alice)
    assert held(ready, token, 1) == held(ready, token, 2) == [100, 0, 0]
    assert (token.supplyAt(1), token.supplyAt(2), token.holdersAt(1), token.holdersAt(2)) == (100, 100, 1, 1)


def test_nothing_was_held_before_the_first_unit(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    pass_date(ready, token, 1)
    token.transfer(people.bob, 30, sender=people.alice)
    pass_date(ready, token, 2)
    token.transfer(people.bob, 30, sender=people.alice)
    assert (held(ready, token, 1), held(ready, token, 2)) == ([100, 0, 0], [70, 30, 0])


def test_a_holder_who_sold_everything_and_came_back(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    pass_date(ready, token, 1)
    token.transfer(people.bob, 100, sender=people.alice)
    pass_date(ready, token, 2)
    token.transfer(people.alice, 40, sender=people.bob)
    pass_date(ready, token, 3)
    assert [held(ready, token, n) for n in (1, 2, 3)] == [[100, 0, 0], [0, 100, 0], [40, 60, 0]]
    assert [token.holdersAt(n) for n in (1, 2, 3)] == [1, 1, 2]


def test_a_move_in_the_last_second_counts_and_one_later_does_not(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    record_at = token.recordDateAt(1)
    ready.evm.next_at(record_at)
    token.transfer(people.bob, 30, sender=people.alice)
    ready.evm.next_at(record_at + 1)
    token.transfer(people.bob, 30, sender=people.alice)
    assert held(ready, token, 1) == [70, 30, 0]


def test_a_date_ahead_or_unknown_is_refused(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    record_at = token.recordDateAt(1)
    questions: list[Callable[[int], object]] = [
        lambda number: token.unitsAt(people.alice, number),
        lambda number: token.unitsAtBatch([people.alice], number),
        token.supplyAt,
        token.holdersAt,
    ]
    for ask in questions:
        with refused("RecordDateAhead", number=1, at=record_at):
            ask(1)
        for number in (0, 4):
            with refused("RecordDateUnknown", number=number):
                ask(number)


# --- appended dates --------------------------------------------------------------------------------------------------


def test_a_date_appended_between_two_keeps_their_numbers(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    first = token.recordDateAt(1)
    between = (first + token.recordDateAt(2)) // 2
    assert dict(token.appendRecordDate(between, sender=BOARD).event("RecordDateSet")) == {"number": 4, "at": between}
    assert (token.recordDateCount(), token.recordDateAt(1), token.recordDateAt(4)) == (4, first, between)
    pass_date(ready, token, 1)
    token.transfer(people.bob, 10, sender=people.alice)
    pass_date(ready, token, 4)
    token.transfer(people.bob, 10, sender=people.alice)
    pass_date(ready, token, 2)
    token.transfer(people.bob, 10, sender=people.alice)
    assert [held(ready, token, n)[:2] for n in (1, 4, 2)] == [[100, 0], [90, 10], [80, 20]]


def test_a_date_appended_before_the_first(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    token.appendRecordDate(in_days(ready, 1), sender=BOARD)
    pass_date(ready, token, 4)
    token.transfer(people.bob, 10, sender=people.alice)
    pass_date(ready, token, 1)
    token.transfer(people.bob, 10, sender=people.alice)
    assert [held(ready, token, n)[:2] for n in (4, 1)] == [[100, 0], [90, 10]]


def test_a_date_appended_while_a_passed_one_awaits_its_first_move(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    pass_date(ready, token, 1)
    token.appendRecordDate(in_days(ready, 1), sender=BOARD)
    token.transfer(people.bob, 10, sender=people.alice)
    pass_date(ready, token, 4)
    token.transfer(people.bob, 10, sender=people.alice)
    assert [held(ready, token, n)[:2] for n in (1, 4)] == [[100, 0], [90, 10]]


def test_an_appended_date_does_not_prolong_circulation(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    end = token.circulationEndsAt()
    token.appendRecordDate(end + 1_000, sender=BOARD)
    assert token.circulationEndsAt() == end
    token.endCirculation(4, sender=people.venue)
    assert token.circulationEndsAt() == end + 1_000


def test_dates_are_appended_by_four_eyes_and_in_the_future(ready: System) -> None:
    people, token = ready.people, make_token(ready)
    with refused("RoleRequired", who=people.issuer, role=FOUR_EYES):
        token.appendRecordDate(in_days(ready, 1), sender=people.issuer)
    moment = in_days(ready, 1)
    ready.evm.next_at(moment)
    with refused("RecordDateInvalid", at=moment):
        token.appendRecordDate(moment, sender=BOARD)
