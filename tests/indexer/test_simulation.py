"""A few seeds of the simulation; ``make simulate`` plays hundreds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.indexer.simulation import play

SEEDS = range(8)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_of_trouble_ends_with_the_right_digest_or_a_right_halt(
    seed: int, database_url: str, tmp_path: Path
) -> None:
    assert play(seed, database_url, tmp_path).lives >= 1
