"""What the blocks tell of the validators: rounds, seals, proposers, intervals, as an operator reads them in /metrics."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine, text

from indexer.metrics import serving
from indexer.settings import Settings
from indexer.sync.consensus import WINDOW, Agreement, Watch
from indexer.sync.status import Status
from tests.indexer.fake_node import CHAIN_ID, FakeChain, write_deployment
from tests.indexer.qbft import STRANGER, VALIDATORS, QbftChain, address_of
from tests.indexer.test_validators import read

NAMES = [address_of(key) for key in VALIDATORS]


@pytest.fixture
def settings(tmp_path: Path, sqlite_engine: Engine) -> Settings:
    deployment = write_deployment(tmp_path / "deployment.json")
    known = {"rpc_url": "http://node", "chain_id": CHAIN_ID, "deployment_file": deployment}
    return Settings(database_url=str(sqlite_engine.url), start_grace_s=0.0, **known)


def metrics(port: int) -> dict[str, float]:
    lines = httpx.get(f"http://127.0.0.1:{port}/metrics").text.splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def of(name: str, number: int) -> str:
    return f'kapital_chain_{name}{{validator="{NAMES[number]}"}}'


def fed(chain: FakeChain) -> Agreement:
    agreement = Agreement()
    for number, block in enumerate(chain.blocks):
        agreement.add(block, number, int(block["timestamp"], 16))
    return agreement


def test_rounds_seals_and_proposers_of_mirrored_blocks_are_told(settings: Settings, sqlite_engine: Engine) -> None:
    chain = QbftChain()
    for number in range(8):  # all four seal, each in turn proposes
        chain.signers, chain.proposer = VALIDATORS, VALIDATORS[number % 4]
        chain.add()
    chain.signers, chain.proposer, chain.turn = (
        VALIDATORS[:3],
        VALIDATORS[0],
        2,
    )  # the fourth is gone, two rounds were lost
    chain.add()
    read(chain, settings, sqlite_engine)
    with serving("127.0.0.1", 0, Status(), Watch(sqlite_engine)) as port:
        assert port is not None
        told = metrics(port)
    assert told["kapital_chain_height"] == 9
    assert (told["kapital_chain_seals"], told["kapital_chain_quorum"], told["kapital_chain_validators"]) == (3, 3, 4)
    assert (told["kapital_chain_round"], told["kapital_chain_late_blocks_total"]) == (2, 1)
    assert told["kapital_chain_late_rounds_total"] == 2
    assert [told[of("missing_seals_total", number)] for number in range(4)] == [0, 0, 0, 1]
    assert [told[of("proposed_blocks_total", number)] for number in range(4)] == [3, 2, 2, 2]
    assert told[of("proposer_share", 0)] == pytest.approx(3 / 9)
    assert [told[of("silent_blocks", number)] for number in range(4)] == [0, 0, 0, 1]


def test_each_reading_counts_what_was_written_since_the_last(settings: Settings, sqlite_engine: Engine) -> None:
    chain, watch = QbftChain(), Watch(sqlite_engine)
    assert watch.read().height == -1
    chain.add()
    read(chain, settings, sqlite_engine)
    assert watch.read().blocks == watch.read().blocks == 2
    chain.turn = 1
    chain.add()
    read(chain, settings, sqlite_engine)
    found = watch.read()
    assert (found.blocks, found.round, found.late_blocks) == (3, 1, 1)


def test_a_validator_that_never_took_part_is_silent_since_the_first_block() -> None:
    chain = QbftChain()
    for _ in range(5):
        chain.add()
    assert fed(chain).silent_blocks(NAMES[3]) == 5


def test_a_strange_seal_makes_nobody_a_validator() -> None:
    chain = QbftChain()
    chain.signers = [*VALIDATORS[:3], STRANGER]
    chain.add()
    found = fed(chain)
    assert address_of(STRANGER) not in found.seen
    assert address_of(STRANGER) not in found.validators


def test_shares_are_those_of_the_last_window_only() -> None:
    chain = QbftChain()
    for proposer in [0] * 30 + [1] * WINDOW:
        chain.proposer = VALIDATORS[proposer]
        chain.add()
    found = fed(chain)
    assert (found.share(NAMES[0]), found.share(NAMES[1])) == (0.0, 1.0)


def test_intervals_fall_into_the_buckets_of_their_seconds_and_the_genesis_counts_for_none() -> None:
    agreement = Agreement()
    header = FakeChain().blocks[0]
    for number, moment in enumerate((0, 1000, 1002, 1004, 1011)):
        agreement.add(header, number, moment)
    assert agreement.interval_sum == 11
    cumulated = dict(agreement.cumulated())
    assert (cumulated["1.5"], cumulated["2.0"], cumulated["6.0"], cumulated["10.0"]) == (0, 2, 2, 3)
    assert cumulated["+Inf"] == 3


def test_a_chain_without_seals_tells_its_intervals_and_nothing_of_rounds(
    settings: Settings, sqlite_engine: Engine
) -> None:
    chain = FakeChain()
    chain.add()
    read(chain, settings, sqlite_engine)
    with serving("127.0.0.1", 0, Status(), Watch(sqlite_engine)) as port:
        assert port is not None
        told = metrics(port)
    assert told["kapital_chain_height"] == 1
    assert not [name for name in told if "round" in name or "seal" in name or "validator" in name]


def test_the_age_is_that_of_the_last_block_and_never_negative() -> None:
    header = FakeChain().blocks[0]
    old, ahead = Agreement(), Agreement()
    old.add(header, 1, int(time.time()) - 50)
    ahead.add(header, 1, int(time.time()) + 10_000)
    assert 50 <= old.age_s < 60
    assert (ahead.age_s, Agreement().age_s) == (0.0, 0.0)


def test_figures_stay_readable_while_the_database_is_away(settings: Settings, sqlite_engine: Engine) -> None:
    chain, watch = QbftChain(), Watch(sqlite_engine)
    chain.add()
    read(chain, settings, sqlite_engine)
    assert watch.read().height == 1
    with sqlite_engine.begin() as connection:
        connection.execute(text("ALTER TABLE chain_blocks RENAME TO away"))
    assert watch.read().height == 1
