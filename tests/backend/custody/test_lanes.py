"""More than one lane of a worker: what one has leased is no burden to the others."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy.engine import Engine

from backend.custody.lanes import Lanes
from backend.custody.outbox import Outbox
from backend.custody.states import IntentState
from backend.settings import Settings
from tests.backend.custody.world import World
from tests.factories.chain import write_deployment

PATIENCE_S = 60.0


@pytest.fixture
def world(embedded: Engine, settings: Settings) -> World:
    write_deployment(settings)
    return World(embedded, settings)


def test_a_lane_with_nothing_left_to_do_gives_its_wallets_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    wallet = world.wallet("treasury")
    world.ask(wallet, 1)
    first, released = world.worker(), threading.Event()
    release = Outbox.release

    def noting(outbox: Outbox) -> None:
        release(outbox)
        released.set()

    monkeypatch.setattr(Outbox, "release", noting)
    lanes = Lanes(first, 1)
    with lanes.running():
        lanes.wake()
        assert released.wait(PATIENCE_S)
        assert [one.state for one in world.intents()] == [IntentState.SENT]
        assert world.wallet_row(wallet).lease_owner is None
        world.ask(wallet, 2)
        first.round()  # needs not wait for the end of a lease
        assert [one.state for one in world.intents()] == [IntentState.SENT, IntentState.SENT]


def test_a_lane_that_failed_takes_its_work_up_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.ask(world.wallet("treasury"), 1)
    carry, done, failures = Outbox.carry, threading.Event(), iter([RuntimeError("the disk is full")])

    def failing_once(outbox: Outbox) -> int:
        for failure in failures:
            raise failure
        moves = carry(outbox)
        done.set()
        return moves

    monkeypatch.setattr(Outbox, "carry", failing_once)
    monkeypatch.setattr("backend.custody.lanes.RETRY_AFTER_S", 0.0)
    lanes = Lanes(world.worker(), 1)
    with lanes.running():
        lanes.wake()
        assert done.wait(PATIENCE_S)
    assert [one.state for one in world.intents()] == [IntentState.SENT]
