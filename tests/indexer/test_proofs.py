"""Roots, hashes, senders and seals against independent implementations and signatures made here."""

from __future__ import annotations

from typing import Any

import pytest
import rlp
from coincurve import PrivateKey
from eth_account import Account
from hypothesis import given, settings
from hypothesis import strategies as st
from trie import HexaryTrie

from indexer.chain import proofs
from indexer.chain.errors import ProofFailed
from indexer.sync.verify import verify_block
from tests.indexer.fake_node import FakeChain

KEY = b"\x21" * 32
VALIDATORS = [PrivateKey(bytes([number]) * 32) for number in range(1, 5)]


def address_of(key: PrivateKey) -> str:
    return "0x" + proofs.keccak(key.public_key.format(compressed=False)[1:])[12:].hex()


@given(st.lists(st.binary(min_size=1, max_size=90), max_size=300))
@settings(max_examples=60, deadline=None)
def test_the_ordered_root_is_that_of_a_general_trie(values: list[bytes]) -> None:
    trie = HexaryTrie({})
    for index, value in enumerate(values):
        trie[rlp.encode(index)] = value
    assert proofs.ordered_root(values) == "0x" + trie.root_hash.hex()


NESTED = st.recursive(st.binary(max_size=70), lambda inner: st.lists(inner, max_size=5), max_leaves=40)


@given(NESTED)
@settings(max_examples=200, deadline=None)
def test_rlp_is_that_of_the_library(item: Any) -> None:
    assert proofs.rlp_encode(item) == rlp.encode(item)


TRANSACTIONS: list[dict[str, Any]] = [
    {"gasPrice": 7},
    {"gasPrice": 0, "chainId": None},
    {"gasPrice": 0, "accessList": [{"address": "0x" + "2" * 40, "storageKeys": ["0x" + "3" * 64]}], "type": 1},
    {"maxFeePerGas": 9, "maxPriorityFeePerGas": 1, "type": 2},
]


@pytest.mark.parametrize(
    "fields", TRANSACTIONS, ids=["legacy", "legacy without chain id", "access list", "dynamic fee"]
)
@pytest.mark.parametrize("to", ["0x" + "1" * 40, None])
def test_a_transaction_is_put_together_again_and_its_signer_recovered(fields: dict[str, Any], to: str | None) -> None:
    wanted = {"nonce": 5, "gas": 99_000, "value": 3, "data": "0xc0ffee", "chainId": 20260, **fields}
    wanted = {name: value for name, value in {**wanted, "to": to}.items() if value is not None}
    signed = Account.sign_transaction(wanted, KEY)
    answered = {
        name: hex(value) if isinstance(value, int) else value for name, value in wanted.items() if name != "data"
    }
    answered |= {
        "input": wanted["data"],
        "v": hex(signed.v),
        "yParity": hex(signed.v & 1),
        "r": hex(signed.r),
        "s": hex(signed.s),
    }
    raw = proofs.raw_transaction(answered)
    assert raw == bytes(signed.raw_transaction)
    assert proofs.sender_of(raw) == Account.from_key(KEY).address.lower()


def test_a_signature_of_nobody_is_refused() -> None:
    signed = Account.sign_transaction({"nonce": 0, "gas": 1, "gasPrice": 0, "value": 0, "to": "0x" + "1" * 40}, KEY)
    *body, v, _, s = rlp.decode(bytes(signed.raw_transaction))
    with pytest.raises(ValueError, match="signature"):
        proofs.sender_of(rlp.encode([*body, v, b"", s]))


def test_the_bloom_is_made_again_when_it_is_not_given() -> None:
    # the Yellow Paper's example of a topic: three bits of its keccak
    entry = bytes.fromhex("0F572E5295C57F15886F9B263E2F6D2D6C7B5EC6")
    bloom = proofs.bloom_of([[entry, [], b""]])
    assert int.from_bytes(bloom, "big").bit_count() == 3
    for bit in (1323, 431, 1319):
        assert int.from_bytes(bloom, "big") >> bit & 1


def sealed_header(signers: list[PrivateKey], validators: list[PrivateKey], turn: int = 2) -> dict[str, Any]:
    """A QBFT header sealed the way Besu's validators do it."""
    header = dict(FakeChain().add())
    listed = [bytes.fromhex(address_of(key)[2:]) for key in validators]

    def extra(turn: int, seals: list[bytes]) -> str:
        return "0x" + rlp.encode([b"\0" * 32, listed, [], turn, seals]).hex()

    header |= {"mixHash": proofs.QBFT_MIX_HASH, "difficulty": "0x1", "extraData": extra(turn, [])}
    signed = bytes.fromhex(raw_hash(header)[2:])
    header["extraData"] = extra(0, [])
    block_hash = raw_hash(header)
    header["extraData"] = extra(turn, [key.sign_recoverable(signed, hasher=None) for key in signers])
    return {**header, "hash": block_hash}


def raw_hash(header: dict[str, Any]) -> str:
    """Keccak of the header as it stands."""
    return proofs._hash_with(header, bytes.fromhex(header["extraData"][2:]))


def test_a_qbft_hash_leaves_out_round_and_seals_and_the_seals_prove_the_quorum() -> None:
    header = sealed_header(VALIDATORS[:3], VALIDATORS)
    assert proofs.header_hash(header) == header["hash"]
    seals = proofs.seals_of(header)
    assert seals is not None
    assert (seals.round, seals.quorum, seals.proven) == (2, 3, True)
    assert set(seals.signers) == {address_of(key) for key in VALIDATORS[:3]}


STRANGER = PrivateKey(b"\x77" * 32)


@pytest.mark.parametrize(
    "signers",
    [VALIDATORS[:2], [VALIDATORS[0]] * 3, [*VALIDATORS[:2], STRANGER], [*VALIDATORS[:3], STRANGER]],
    ids=["too few", "one thrice", "a stranger for the third", "a stranger beside three"],
)
def test_a_block_without_a_quorum_of_its_validators_halts(signers: list[PrivateKey]) -> None:
    block = sealed_header(signers, VALIDATORS)
    with pytest.raises(ProofFailed, match="seals"):
        verify_block(1, block["parentHash"], block, [])


def test_a_sealed_block_is_kept_with_its_round_and_number_of_seals() -> None:
    block = sealed_header(VALIDATORS, VALIDATORS, turn=1)
    row = verify_block(1, block["parentHash"], block, []).row
    assert (row["round"], row["seals_count"], row["validators_count"], row["proven_seals"]) == (1, 4, 4, True)
