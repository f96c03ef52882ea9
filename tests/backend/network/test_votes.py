"""Validators in and out by two administrators and the votes of the validators; what the mirrored blocks tell of their work."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import rlp
from coincurve import PrivateKey
from eth_utils.crypto import keccak
from sqlmodel import col, select

from backend.audit.integrity import integrity
from backend.core.errors import Forbidden, Invalid, NotAllowedInState, NotFound
from backend.core.journal import JournalEntry
from backend.core.permissions import Role
from backend.network import service
from backend.network.errors import CandidateNotReady, EntryListed, EntryNotListed, LastValidators, SameAdministrator
from backend.network.models import NetworkChange
from backend.network.states import Action, ChangeState, DeliveryState
from indexer.chain.proofs import QBFT_MIX_HASH, seals_of
from indexer.db import Session
from indexer.models import ChainBlock
from tests.backend.conftest import Browser
from tests.backend.network.conftest import Office
from tests.backend.network.fake_besu import FakeNetwork
from tests.factories.chain import Chain, address, word


def propose(office: Office, action: Action, value: str, who: str = "first") -> str:
    with office.admin(who) as ctx:
        return service.propose_vote(ctx, action, value, reason="Новый банк").id


def approve(office: Office, change_id: str, who: str = "second") -> None:
    with office.admin(who) as ctx:
        service.approve(ctx, change_id)


def state_of(office: Office, change_id: str) -> tuple[ChangeState, dict[str, DeliveryState]]:
    with office.admin() as ctx:
        change, rows = service.change(ctx, change_id)
        return change.state, {one.node: one.state for one in rows}


def carry(besu: FakeNetwork, value: str, inwards: bool) -> None:
    """The chain's list changes, as it does when more than half have voted."""
    for one in besu.nodes:
        one.validators = [*one.validators, value] if inwards else [other for other in one.validators if other != value]


def test_a_validator_is_voted_in_when_two_administrators_want_it(office: Office, besu: FakeNetwork) -> None:
    candidate = besu.node("rpc-1").address
    change_id = propose(office, Action.ADD, candidate)
    office.jobs().round()
    assert not any(one.votes for one in besu.nodes)
    with pytest.raises(SameAdministrator):
        approve(office, change_id, "first")
    approve(office, change_id)
    office.jobs().round()
    assert all(one.votes == {candidate: True} for one in besu.validators)
    assert besu.node("rpc-1").votes == {}
    assert state_of(office, change_id)[0] == ChangeState.OPEN
    carry(besu, candidate, inwards=True)
    office.jobs().round()
    office.jobs().round()
    state, rows = state_of(office, change_id)
    assert (state, set(rows.values())) == (ChangeState.DONE, {DeliveryState.CLEARED})
    assert not any(one.votes for one in besu.nodes)
    with office.admin() as ctx:
        statement = select(JournalEntry.action).where(col(JournalEntry.entity_id) == change_id)
        actions = list(ctx.session.exec(statement.order_by(col(JournalEntry.seq))))
    assert actions == ["network.vote.proposed", "network.vote.approved", "network.vote.carried"]


def test_who_votes_is_whom_the_chain_names_whatever_the_file_calls_them(office: Office, besu: FakeNetwork) -> None:
    carry(besu, besu.node("rpc-1").address, inwards=True)
    gone = besu.node("validator-1").address
    approve(office, propose(office, Action.REMOVE, gone))
    office.jobs().round()
    assert all(one.votes == {gone: False} for one in besu.nodes)


def test_a_validator_that_was_started_again_votes_again(office: Office, besu: FakeNetwork) -> None:
    gone = besu.node("validator-4").address
    change_id = propose(office, Action.REMOVE, gone)
    approve(office, change_id)
    office.jobs().round()
    besu.node("validator-2").votes = {}
    besu.node("validator-3").stop()
    office.jobs().round()
    assert besu.node("validator-2").votes == {gone: False}
    assert state_of(office, change_id)[1]["validator-3"] == DeliveryState.FAILED
    carry(besu, gone, inwards=False)
    office.jobs().round()
    office.jobs().round()
    assert state_of(office, change_id)[0] == ChangeState.DONE


def test_a_vote_can_be_withdrawn_before_and_after_it_began(office: Office, besu: FakeNetwork) -> None:
    gone = besu.node("validator-4").address
    first = propose(office, Action.REMOVE, gone)
    with office.admin() as ctx:
        service.withdraw(ctx, first)
    assert state_of(office, first)[0] == ChangeState.CANCELLED
    with pytest.raises(NotAllowedInState):
        approve(office, first)
    second = propose(office, Action.REMOVE, gone)
    approve(office, second)
    office.jobs().round()
    with office.admin() as ctx:
        service.withdraw(ctx, second)
    office.jobs().round()
    assert state_of(office, second)[0] == ChangeState.CANCELLED
    assert not any(one.votes for one in besu.nodes)


def test_only_a_node_of_the_file_that_stands_at_the_head_can_be_voted_in(office: Office, besu: FakeNetwork) -> None:
    candidate = besu.node("rpc-1")
    with pytest.raises(CandidateNotReady, match="no such node"):
        propose(office, Action.ADD, address(0x12))
    candidate.head = 10
    with pytest.raises(CandidateNotReady, match="90 blocks behind"):
        propose(office, Action.ADD, candidate.address)
    candidate.stop()
    with pytest.raises(CandidateNotReady, match="gives no answer"):
        propose(office, Action.ADD, candidate.address)


def test_votes_that_make_no_sense_are_refused(office: Office, besu: FakeNetwork) -> None:
    first = besu.node("validator-1").address
    with pytest.raises(EntryListed):
        propose(office, Action.ADD, first)
    with pytest.raises(EntryNotListed):
        propose(office, Action.REMOVE, besu.node("rpc-1").address)
    with pytest.raises(Invalid):
        propose(office, Action.REMOVE, "0x12")
    propose(office, Action.REMOVE, first)
    with pytest.raises(EntryListed):
        propose(office, Action.REMOVE, first)
    for one in besu.nodes:
        one.validators = [besu.node("validator-2").address]
    with pytest.raises(LastValidators):
        propose(office, Action.REMOVE, besu.node("validator-2").address)
    for one in besu.nodes:
        one.stop()
    with pytest.raises(CandidateNotReady, match="nobody can vote"):
        propose(office, Action.REMOVE, besu.node("validator-2").address)


def test_the_command_line_needs_no_second_person_and_its_journal_says_so(office: Office, besu: FakeNetwork) -> None:
    with office.unit() as ctx:
        gone = besu.node("validator-4").address
        change = service.vote_at_once(ctx.as_system("cli:root"), Action.REMOVE, gone, reason="Авария")
        assert (change.state, change.requested_by, change.approved_by) == (ChangeState.OPEN, "cli:root", "cli:root")
    with office.admin() as ctx:
        change = ctx.session.exec(select(NetworkChange).where(NetworkChange.value == gone)).one()
        with pytest.raises(NotAllowedInState):
            service.approve(ctx, change.id)
        with pytest.raises(NotFound):
            service.approve(ctx, "nothing")


# --- blocks ----------------------------------------------------------------------------------------------------------

KEYS = [PrivateKey(bytes([number + 1]) * 32) for number in range(4)]


def address_of(key: PrivateKey) -> str:
    return "0x" + keccak(key.public_key.format(compressed=False)[1:])[-20:].hex()


VALIDATORS = sorted(map(address_of, KEYS))
KEY_OF = {address_of(one): one for one in KEYS}


def sealed(
    session: Session, chain: Chain, signers: list[str], *, turn: int = 0, vote: tuple[str, bool] | None = None
) -> None:
    """The next block with these seals."""
    number = chain.block(datetime.now(UTC) - timedelta(minutes=5) + timedelta(seconds=chain.number))
    block = session.get_one(ChainBlock, number)
    proposer = signers[0]
    parts: list[Any] = [b"\0" * 32, [bytes.fromhex(one[2:]) for one in VALIDATORS]]
    parts += [[bytes.fromhex(vote[0][2:]), b"\xff" if vote[1] else b"\0"] if vote else [], turn]
    header = {
        "parentHash": block.parent_hash, "sha3Uncles": block.hash, "miner": proposer, "stateRoot": block.hash,
        "transactionsRoot": block.hash, "receiptsRoot": block.hash, "logsBloom": "0x" + "00" * 256, "difficulty": "0x1",
        "gasLimit": "0x1", "gasUsed": "0x0", "timestamp": "0x1", "nonce": "0x" + "00" * 8, "number": hex(number),
        "mixHash": QBFT_MIX_HASH,
    }  # fmt: skip
    text = keccak(_rlp_header({**header, "extraData": "0x" + rlp.encode([*parts, []]).hex()}))
    seals = [KEY_OF[one].sign_recoverable(text, hasher=None) for one in signers]
    block.header = {**header, "extraData": "0x" + rlp.encode([*parts, seals]).hex()}
    told = seals_of(block.header)
    assert told is not None
    assert set(told.signers) == set(signers)
    block.proposer, block.round = proposer, turn
    block.seals_count, block.validators_count = len(signers), len(VALIDATORS)
    block.hash = word(0x5EA1 + number)
    session.add(block)
    session.flush()


def _rlp_header(header: dict[str, str]) -> bytes:
    numbers = {"difficulty", "number", "gasLimit", "gasUsed", "timestamp"}
    names = (
        "parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom", "difficulty",
        "number", "gasLimit", "gasUsed", "timestamp", "extraData", "mixHash", "nonce",
    )  # fmt: skip
    return rlp.encode([int(header[one], 16) if one in numbers else bytes.fromhex(header[one][2:]) for one in names])


@pytest.fixture
def sealed_office(embedded_office: Office) -> Office:
    one, two, three, four = VALIDATORS
    with embedded_office.unit() as ctx:
        chain = Chain(ctx.session)
        chain.block(datetime.now(UTC) - timedelta(minutes=6))
        sealed(ctx.session, chain, [one, two, three, four])
        sealed(ctx.session, chain, [two, three, one], turn=1)
        sealed(ctx.session, chain, [three, one, two], vote=(address(0x77), True))
        sealed(ctx.session, chain, [one, two, three])
    return embedded_office


def test_proposers_rounds_and_missing_seals_are_counted_from_the_blocks(sealed_office: Office) -> None:
    one, two, three, four = VALIDATORS
    with sealed_office.admin() as ctx:
        found = service.validators(ctx, 100)
        less = service.validators(ctx, 2)
    assert (found.first, found.last, found.blocks, found.late, found.seals) == (1, 4, 4, 1, (3, 4))
    assert found.rounds == {0: 3, 1: 1}
    by = {each.address: (each.proposed, each.sealed, each.missing, each.last_sealed) for each in found.validators}
    assert by == {one: (2, 4, 0, 4), two: (1, 4, 0, 4), three: (1, 4, 0, 4), four: (0, 1, 3, 1)}
    assert [(vote.block, vote.voter, vote.about, vote.inwards) for vote in found.votes] == [
        (3, three, address(0x77), True)
    ]
    assert (less.blocks, {each.address: each.missing for each in less.validators}[four]) == (2, 2)


def test_integrity_counts_blocks_without_all_seals(sealed_office: Office) -> None:
    with sealed_office.admin() as ctx:
        seals = integrity(ctx).seals
    assert seals is not None
    assert (seals.blocks, seals.below_all, seals.fewest, seals.last, seals.validators) == (4, 3, 3, 3, 4)


def test_a_chain_without_seals_has_none_to_count(embedded_office: Office) -> None:
    with embedded_office.unit() as ctx:
        Chain(ctx.session).block(datetime.now(UTC))
    with embedded_office.admin() as ctx:
        assert integrity(ctx).seals is None
        assert service.validators(ctx).blocks == 0


def test_an_investor_sees_none_of_it(embedded_office: Office) -> None:
    with embedded_office.admin("treasurer", Role.TREASURER) as ctx, pytest.raises(Forbidden):
        service.validators(ctx)


def test_auditors_see_seals_beside_the_validators(
    browser: Callable[..., Browser], system_ctx: Callable[[], Any]
) -> None:
    one, two, three, four = VALIDATORS
    with system_ctx() as ctx:
        chain = Chain(ctx.session)
        chain.block(datetime.now(UTC) - timedelta(minutes=6))
        sealed(ctx.session, chain, [one, two, three, four])
        sealed(ctx.session, chain, [two, three, one], turn=1)
    page = browser(Role.AUDITOR).get("/audit/network").text
    assert "3 из 4" in page
    assert "1 из 2" in page
    integrity_page = browser(Role.AUDITOR).get("/audit/integrity").text
    assert "Печати валидаторов" in integrity_page
    assert "1 из 2" in integrity_page
