"""The worker over a permissioned network: a new wallet's first call waits until the nodes admit it, then goes out by itself."""

from __future__ import annotations

import threading
import time
from typing import cast

import pytest
from sqlalchemy.engine import Engine

from backend.custody.node import Node
from backend.custody.states import IntentState
from backend.network import repository
from backend.network.states import Kind
from backend.settings import Settings
from backend.worker import Worker, beside, run
from tests.backend.custody.world import World
from tests.backend.network.fake_besu import FakeNetwork
from tests.factories.chain import write_deployment


@pytest.fixture
def world(embedded: Engine, settings: Settings, besu: FakeNetwork) -> World:
    write_deployment(settings)
    chosen = settings.model_copy(update={"besu_nodes_file": besu.file, "worker_interval_s": 0.02})
    return World(embedded, chosen)


@pytest.fixture
def worker(world: World, monkeypatch: pytest.MonkeyPatch) -> Worker:
    monkeypatch.setattr("backend.worker.TICKS", [])  # the domains have tests of their own
    return Worker(world.engine, world.settings, cast("Node", world.node))


def test_the_first_call_of_a_wallet_waits_for_its_admission(world: World, worker: Worker, besu: FakeNetwork) -> None:
    wallet = world.wallet("treasury")
    world.ask(wallet, 1)
    for _ in range(3):
        worker.round()
    assert [one.state for one in world.intents()] == [IntentState.ACCEPTED]
    assert worker.jobs is not None
    worker.jobs.round()
    assert all(wallet in one.accounts for one in besu.nodes)
    worker.round()
    assert [one.state for one in world.intents()] == [IntentState.SENT]


def test_what_was_removed_does_not_hold_up_what_is_on_its_way(world: World, worker: Worker) -> None:
    wallet = world.wallet("treasury")
    world.ask(wallet, 1)
    assert worker.jobs is not None
    worker.jobs.round()
    worker.round()
    with world.unit() as ctx:
        row = repository.entry(ctx, Kind.ACCOUNT, wallet)
        assert row is not None
        row.wanted = False
        ctx.session.add(row)
    world.ask(wallet, 2)
    worker.round()
    assert [one.state for one in world.intents()] == [IntentState.SENT, IntentState.ACCEPTED]


def test_a_running_worker_does_both_in_its_threads(world: World, worker: Worker, besu: FakeNetwork) -> None:
    wallet, stop = world.wallet("treasury"), threading.Event()
    world.ask(wallet, 1)
    with beside(worker, stop):
        rounds = threading.Thread(target=run, args=(worker, stop, 0.02), daemon=True)
        rounds.start()
        deadline = time.monotonic() + 60
        while [one.state for one in world.intents()] != [IntentState.SENT]:
            assert time.monotonic() < deadline, world.intents()
            time.sleep(0.05)
        stop.set()
        rounds.join(10)
    worker.stop()
    assert all(wallet in one.accounts for one in besu.nodes)


def test_over_the_embedded_node_nothing_waits(
    embedded: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.worker.TICKS", [])
    write_deployment(settings)
    world = World(embedded, settings)
    worker = Worker(world.engine, world.settings, cast("Node", world.node))
    world.ask(world.wallet("treasury"), 1)
    worker.round()
    assert worker.jobs is None
    assert [one.state for one in world.intents()] == [IntentState.SENT]
