"""Seeded lives of the outbox with killed processes; ``make chaos-sender`` lives all of them (KAPITAL_TEST_SENDER_SEEDS)."""

from __future__ import annotations

import os

import pytest
from sqlalchemy.engine import Engine

from backend.settings import Settings
from tests.backend.custody.chaos import live
from tests.backend.custody.world import World
from tests.factories.chain import write_deployment

SEEDS = range(int(os.environ.get("KAPITAL_TEST_SENDER_SEEDS", "4")))


@pytest.mark.parametrize("seed", SEEDS)
def test_every_promise_is_kept_once_whatever_dies_or_is_lost(embedded: Engine, settings: Settings, seed: int) -> None:
    write_deployment(settings)
    tally = live(World(embedded, settings), seed)
    assert tally.deaths, "nobody was killed: the seed shows nothing"


@pytest.mark.parametrize("engine", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
@pytest.mark.parametrize("seed", [seed for seed in SEEDS if seed % 4 == 3])
def test_the_same_on_a_server_that_drops_its_connections(engine: Engine, settings: Settings, seed: int) -> None:
    write_deployment(settings)
    tally = live(World(engine, settings), 10_000 + seed)
    assert tally.deaths, "nobody was killed: the seed shows nothing"
