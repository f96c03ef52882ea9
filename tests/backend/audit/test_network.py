"""Validators by three witnesses: the node, the last block, the proposers; and a node that has none or says nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import rlp

from backend.audit.network import network
from backend.core.context import Context
from backend.core.errors import Forbidden
from backend.core.permissions import Role
from indexer.chain.proofs import QBFT_MIX_HASH
from indexer.models import ChainBlock
from tests.backend.payouts.market import DAY, Market, make_market
from tests.factories.chain import address

ALICE, BORIS, VERA, STRANGER = (address(0xA0 + place) for place in range(4))


class FakeNode:
    """Answers from a table; anything else is unknown to it."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers

    def __call__(self, method: str, params: list[Any]) -> Any:
        del params
        return self.answers.get(method)


def node(**more: Any) -> FakeNode:
    return FakeNode(**{"web3_clientVersion": "besu/v26.6", "eth_chainId": "0x539", "eth_blockNumber": "0x64", **more})


@pytest.fixture
def market(ctx_for: Any) -> Market:
    return make_market(ctx_for)


@pytest.fixture
def auditor(market: Market, ctx_for: Any) -> Context:
    return replace(ctx_for(Role.AUDITOR), clock=market.clock)


def sealed(market: Market, proposer: str, validators: list[str]) -> None:
    """The next block of a QBFT chain."""
    market.at(market.clock.moment + DAY)
    listed = [bytes.fromhex(one[2:]) for one in validators]
    block = market.ctx.session.get_one(ChainBlock, market.chain.number)
    extra = "0x" + rlp.encode([b"\0" * 32, listed, [], 0, []]).hex()
    fields = {
        "parentHash": block.parent_hash, "sha3Uncles": block.hash, "miner": proposer, "stateRoot": block.hash,
        "transactionsRoot": block.hash, "receiptsRoot": block.hash, "logsBloom": "0x" + "00" * 256, "difficulty": "0x1",
        "gasLimit": "0x1", "gasUsed": "0x0", "timestamp": "0x1", "nonce": "0x" + "00" * 8,
    }  # fmt: skip
    block.header = {**fields, "number": hex(block.number), "mixHash": QBFT_MIX_HASH, "extraData": extra}
    block.proposer = proposer
    market.ctx.session.add(block)
    market.ctx.session.flush()


def test_a_development_node_has_no_validators_and_that_is_no_fault(market: Market, auditor: Context) -> None:
    found = network(auditor, node())
    assert (found.consensus, found.validators, found.drift) == ("none", [], [])
    assert (found.client_version, found.chain_id, found.head) == ("besu/v26.6", 1337, 100)
    assert found.allowed_nodes is None


def test_a_silent_node_is_told_and_the_mirror_still_speaks(market: Market, auditor: Context) -> None:
    found = network(auditor, FakeNode())
    assert not found.reachable
    assert found.mirrored == market.chain.number


def test_witnesses_that_agree_raise_nothing(market: Market, auditor: Context) -> None:
    for proposer in (ALICE, BORIS, ALICE, BORIS):
        sealed(market, proposer, [ALICE, BORIS])
    answers = {"qbft_getValidatorsByBlockNumber": [ALICE, BORIS], "perm_getNodesAllowlist": ["enode://1@h:1"]}
    found = network(auditor, node(**answers, perm_getAccountsAllowlist=[ALICE], net_peerCount="0x3"))
    assert (found.consensus, found.drift, found.peers) == ("qbft", [], 3)
    assert [(one.address, one.proposed) for one in found.validators] == [(ALICE, 2), (BORIS, 2)]
    assert (found.allowed_nodes, found.allowed_accounts) == (["enode://1@h:1"], [ALICE])
    assert found.history == []


def test_every_difference_is_named(market: Market, auditor: Context) -> None:
    sealed(market, ALICE, [ALICE, BORIS])
    for proposer in (ALICE, STRANGER, ALICE, ALICE, ALICE, ALICE, ALICE, ALICE):
        sealed(market, proposer, [ALICE, VERA])
    found = network(auditor, node(qbft_getValidatorsByBlockNumber=[ALICE, BORIS], eth_chainId="0x1"))
    assert set(found.drift) == {"chain_differs", "lists_differ", "stranger_proposed", "silent_validator"}
    assert [(one.added, one.gone) for one in found.history] == [([VERA], [BORIS])]


def test_a_mirror_beyond_the_nodes_head_is_told(market: Market, auditor: Context) -> None:
    market.at(market.clock.moment + DAY)
    found = network(auditor, FakeNode(eth_chainId="0x539", eth_blockNumber="0x0"))
    assert found.drift == ["mirror_ahead"]


def test_an_investor_is_not_told(ctx_for: Any) -> None:
    with pytest.raises(Forbidden):
        network(ctx_for(Role.INVESTOR), node())
