"""Who may seal a QBFT block: the chain's own votes say so, not the block itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from coincurve import PrivateKey
from sqlalchemy import Engine, select
from sqlmodel import col

from indexer.chain.client import RpcClient
from indexer.chain.errors import ProofFailed
from indexer.chain.validators import ValidatorTally
from indexer.db import session_scope
from indexer.models import ChainAlarm, ChainBlock
from indexer.projections import Projections
from indexer.settings import Settings
from indexer.sync.checkpoint import load_cursor, load_tally
from indexer.sync.loop import Indexer
from tests.indexer.fake_node import CHAIN_ID, FakeNode, credit, write_deployment
from tests.indexer.qbft import ADD, DROP, STRANGER, VALIDATORS, QbftChain, address_of

NEWCOMER = PrivateKey(b"\x55" * 32)
ALICE = "0x" + "a" * 40


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    deployment = write_deployment(tmp_path / "deployment.json")
    known = {"rpc_url": "http://node", "chain_id": CHAIN_ID, "deployment_file": deployment}
    return Settings(database_url=database_url, poll_interval_s=0.005, start_grace_s=0.0, chunk_blocks=3, **known)


def read(chain: QbftChain, settings: Settings, engine: Engine) -> Indexer:
    indexer = Indexer(settings, engine, RpcClient("http://node", transport=FakeNode(chain).transport), Projections)
    indexer.start()
    try:
        while indexer.step():
            pass
    finally:
        indexer.close()
    return indexer


def grown(blocks: int) -> QbftChain:
    chain = QbftChain()
    for number in range(blocks):
        chain.add([credit(ALICE, 1, number + 1)])
    return chain


def elect(chain: QbftChain, candidate: PrivateKey, vote: bytes, voters: list[PrivateKey]) -> None:
    """One block of each voter with his vote."""
    for voter in voters:
        chain.proposer, chain.vote = voter, (address_of(candidate), vote)
        chain.add()
    chain.proposer = chain.vote = None


def test_seals_are_counted_and_kept_with_the_block(settings: Settings, engine: Engine) -> None:
    chain = grown(4)
    chain.turn = 1
    chain.add()
    read(chain, settings, engine)
    with session_scope(engine, write=False) as session:
        blocks = session.execute(select(ChainBlock).order_by(col(ChainBlock.number))).scalars().all()
        seals = [(one.seals_count, one.validators_count, one.proven_seals) for one in blocks]
        assert seals == [(None, None, False), *[(3, 4, True)] * 5]
        assert [one.round for one in blocks] == [None, 0, 0, 0, 0, 1]


def test_validators_that_nobody_has_chosen_halt_it_however_well_they_seal(settings: Settings, engine: Engine) -> None:
    chain = grown(2)
    chain.validators = chain.signers = [STRANGER]
    chain.add()
    with pytest.raises(ProofFailed) as halted:
        read(chain, settings, engine)
    assert (halted.value.check, halted.value.block_number) == ("validators", 3)
    with session_scope(engine, write=False) as session:
        alarm = session.execute(select(ChainAlarm)).scalar_one()
        assert (alarm.block_number, alarm.check) == (3, "validators")
        assert load_cursor(session).height < 3


def test_too_few_seals_halt_it(settings: Settings, engine: Engine) -> None:
    chain = grown(2)
    chain.signers = VALIDATORS[:2]
    chain.add()
    with pytest.raises(ProofFailed, match="2 seals of 4 validators, 3 needed"):
        read(chain, settings, engine)


def test_a_block_without_seals_among_sealed_ones_halts_it(settings: Settings, engine: Engine) -> None:
    chain = grown(2)
    plain = super(QbftChain, chain).add()
    assert plain["mixHash"] != chain.blocks[1]["mixHash"]
    with pytest.raises(ProofFailed, match="consensus"):
        read(chain, settings, engine)


def test_a_validator_comes_and_goes_by_the_votes_of_more_than_half(settings: Settings, engine: Engine) -> None:
    chain = grown(1)
    elect(chain, NEWCOMER, ADD, VALIDATORS[:3])
    chain.validators = [*VALIDATORS, NEWCOMER]
    chain.signers = [*VALIDATORS[:3], NEWCOMER]
    chain.add()
    elect(chain, VALIDATORS[3], DROP, [*VALIDATORS[:2], NEWCOMER])
    chain.validators = [*VALIDATORS[:3], NEWCOMER]
    chain.add()
    indexer = read(chain, settings, engine)
    assert indexer.state[1].current == frozenset(map(address_of, chain.validators))
    with session_scope(engine, write=False) as session:  # a restart counts the same from the stored headers
        assert load_tally(session, indexer.cursor, settings.qbft_epoch_length) == indexer.state[1]


def test_half_of_the_votes_are_not_enough(settings: Settings, engine: Engine) -> None:
    chain = grown(1)
    elect(chain, NEWCOMER, ADD, VALIDATORS[:2])
    chain.validators = [*VALIDATORS, NEWCOMER]
    chain.signers = [*VALIDATORS[:3], NEWCOMER]
    chain.add()
    with pytest.raises(ProofFailed, match="validators"):
        read(chain, settings, engine)


def test_a_vote_cast_twice_counts_once_and_an_epoch_drops_open_votes() -> None:
    tally = ValidatorTally(epoch_length=5, current=frozenset("abcd"))
    for voter in ("a", "a", "b"):
        tally._vote(voter, "n", True)
    assert tally.current == frozenset("abcd")
    copy = tally.copy()
    copy._vote("c", "n", True)
    assert copy.current == frozenset("abcdn")
    assert tally.current == frozenset("abcd")
    chain = QbftChain()
    for _ in range(4):
        block = chain.add()
    tally.replay(block)  # block 4: the next one begins an epoch
    assert tally.votes == {}


def test_a_changed_mind_counts_as_it_is_now() -> None:
    tally = ValidatorTally(current=frozenset("abcd"))
    tally._vote("a", "d", False)
    tally._vote("b", "d", False)
    tally._vote("b", "d", True)
    tally._vote("c", "d", False)
    assert tally.current == frozenset("abcd")
    tally._vote("b", "d", False)
    assert tally.current == frozenset("abc")
