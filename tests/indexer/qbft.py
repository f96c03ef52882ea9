"""QBFT headers sealed the way Besu's validators do it, from the layout alone: extra data = RLP[vanity, validators, vote, round, seals].

The block hash is made with round 0 and no seals, a seal signs the header with the real round and no seals.
"""

from __future__ import annotations

from typing import Any

import rlp
from coincurve import PrivateKey

from indexer.chain import proofs
from tests.indexer.fake_node import FakeChain

VALIDATORS = [PrivateKey(bytes([number]) * 32) for number in range(1, 5)]
STRANGER = PrivateKey(b"\x77" * 32)
VANITY = b"\0" * 32
ADD, DROP = b"\xff", b"\x00"


def address_of(key: PrivateKey) -> str:
    return "0x" + proofs.keccak(key.public_key.format(compressed=False)[1:])[12:].hex()


def raw_hash(header: dict[str, Any]) -> str:
    """Keccak of the header as it stands."""
    return proofs._hash_with(header, bytes.fromhex(header["extraData"][2:]))


def sealed(
    header: dict[str, Any],
    signers: list[PrivateKey],
    validators: list[PrivateKey],
    *,
    turn: int = 0,
    proposer: PrivateKey | None = None,
    vote: tuple[str, bytes] | None = None,
) -> dict[str, Any]:
    """The header with extra data, hash and seals of a QBFT block."""
    listed = sorted(bytes.fromhex(address_of(key)[2:]) for key in validators)
    cast: list[bytes] = [bytes.fromhex(vote[0][2:]), vote[1]] if vote else []

    def extra(turn: int, seals: list[bytes]) -> str:
        return "0x" + rlp.encode([VANITY, listed, cast, turn, seals]).hex()

    header = {**header, "mixHash": proofs.QBFT_MIX_HASH, "difficulty": "0x1"}
    header["miner"] = address_of(proposer or (signers or validators)[0])
    header["extraData"] = extra(turn, [])
    signed = bytes.fromhex(raw_hash(header)[2:])
    header["extraData"] = extra(0, [])
    block_hash = raw_hash(header)
    header["extraData"] = extra(turn, [key.sign_recoverable(signed, hasher=None) for key in signers])
    return {**header, "hash": block_hash}


class QbftChain(FakeChain):
    """A fake chain whose blocks are sealed. The genesis names the validators; `seal` says who seals from now on."""

    def __init__(self, validators: list[PrivateKey] | None = None) -> None:
        self.validators = list(validators or VALIDATORS)
        self.signers = self.validators[:3]
        self.turn = 0
        self.vote: tuple[str, bytes] | None = None
        self.proposer: PrivateKey | None = None
        super().__init__()

    def add(self, *transactions: list[dict[str, Any]]) -> dict[str, Any]:
        block = super().add(*transactions)
        genesis = len(self.blocks) == 1
        signers = [] if genesis else self.signers
        more = {"turn": self.turn, "proposer": self.proposer, "vote": self.vote}
        block = sealed(block, signers, self.validators, **more)
        if genesis:  # its hash is that of its extra data as it stands
            block["hash"] = raw_hash(block)
        self.blocks[-1] = block
        for receipt in self.receipts[-1]:
            receipt["blockHash"] = block["hash"]
        return block
