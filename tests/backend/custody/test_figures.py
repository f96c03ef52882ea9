"""What an operator reads of a running worker: outbox, signatures, rounds, and whether it lives."""

from __future__ import annotations

import threading
from typing import cast

import httpx
import pytest
from sqlalchemy.engine import Engine

from backend.core.watching import watched
from backend.custody.keys.base import KeyStoreError
from backend.custody.node import Node
from backend.settings import Settings
from backend.worker import SILENT_S, Worker, run
from tests.backend.custody.world import World
from tests.factories.chain import write_deployment


@pytest.fixture
def world(embedded: Engine, settings: Settings) -> World:
    write_deployment(settings)
    return World(embedded, settings)


@pytest.fixture
def worker(world: World, monkeypatch: pytest.MonkeyPatch) -> Worker:
    monkeypatch.setattr("backend.worker.TICKS", [])  # the domains have tests of their own
    return Worker(world.engine, world.settings, cast("Node", world.node))


def metrics(worker: Worker) -> dict[str, float]:
    with watched("127.0.0.1", 0, worker.figures, lambda: worker.silent_s, SILENT_S) as port:
        lines = httpx.get(f"http://127.0.0.1:{port}/metrics").text.splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def test_a_working_worker_tells_its_rounds_its_signatures_and_the_outbox(world: World, worker: Worker) -> None:
    world.ask(world.wallet("treasury"), 1)
    assert metrics(worker)['kapital_outbox_intents{state="ACCEPTED"}'] == 1
    worker.round()
    told = metrics(worker)
    assert told['kapital_outbox_intents{state="ACCEPTED"}'] == 0
    assert (told["kapital_worker_rounds_total"], told["kapital_worker_failures_total"]) == (1, 0)
    assert (told["kapital_signatures_total"], told["kapital_signature_errors_total"]) == (1, 0)
    assert told["kapital_signature_seconds_total"] > 0


def test_room_on_the_disk_is_told_before_the_folder_of_documents_is_made(world: World, worker: Worker) -> None:
    assert not world.settings.files_dir.exists()
    told = metrics(worker)
    assert 0 < told["kapital_disk_free_bytes"] < told["kapital_disk_size_bytes"]


def test_a_key_that_cannot_be_used_is_counted(world: World, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    world.ask(world.wallet("treasury"), 1)
    refusal = KeyStoreError("the device is gone")
    monkeypatch.setattr("backend.custody.signing.signatures", lambda _ctx, _keys, wanted: [refusal] * len(wanted))
    worker.round()
    told = metrics(worker)
    assert (told["kapital_signatures_total"], told["kapital_signature_errors_total"]) == (0, 1)


def test_a_failed_round_is_counted_and_the_next_one_comes(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    outcomes = iter([ValueError("broken"), None])

    def round_of(_worker: Worker) -> int:
        outcome = next(outcomes)
        if outcome is not None:
            raise outcome
        stop.set()
        return 0

    monkeypatch.setattr(Worker, "round", round_of)
    monkeypatch.setattr("backend.worker.RETRY_AFTER_S", 0.01)
    run(worker, stop, 0.0)
    assert worker.failures == 1


def test_a_worker_that_hangs_is_not_healthy_and_nothing_else_is_served() -> None:
    silent = [0.0]
    with watched("127.0.0.1", 0, lambda: b"", lambda: silent[0], SILENT_S) as port:
        ask = f"http://127.0.0.1:{port}"
        assert httpx.get(f"{ask}/health").status_code == 200
        silent[0] = SILENT_S
        assert httpx.get(f"{ask}/health").status_code == 503
        assert httpx.get(f"{ask}/outbox").status_code == 404
    with watched("127.0.0.1", None, lambda: b"", lambda: 0.0, SILENT_S) as port:
        assert port is None
