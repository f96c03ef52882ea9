"""The genesis block of a QBFT network with free gas, its extra data and its hash.

Sources: Besu's QBFT documentation (extra data: RLP of vanity, validators, vote, round, seals), EIP-1559, -4895, -4844, -4788, -7685 for
the header's later fields.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import rlp
from eth_utils import to_canonical_address

from indexer.chain.encoding import keccak
from indexer.chain.proofs import QBFT_MIX_HASH, header_hash

VANITY = bytes(32)
NO_VOTE: list[bytes] = []
ROUND_ZERO = b""
NO_SEALS: list[bytes] = []
CONTRACT_SIZE_LIMIT = 24_576
"""EIP-170, as on the public network: what is tested there runs here."""
ZERO_HASH = "0x" + 64 * "0"
EMPTY_TRIE = "0x" + keccak(rlp.encode(b"")).hex()
NO_OMMERS = "0x" + keccak(rlp.encode([])).hex()
NO_REQUESTS = "0x" + hashlib.sha256(b"").hexdigest()


def extra_data(validators: Sequence[str]) -> str:
    """Extra data of the genesis block: validators in ascending order, no vote, round 0, no seals."""
    addresses = sorted(to_canonical_address(one) for one in validators)
    encoded: bytes = rlp.encode([VANITY, addresses, NO_VOTE, ROUND_ZERO, NO_SEALS])
    return "0x" + encoded.hex()


def genesis(
    *,
    chain_id: int,
    period_s: int,
    request_timeout_s: int,
    epoch_blocks: int,
    gas_limit: int,
    validators: Sequence[str],
) -> dict[str, Any]:
    """The whole file. Gas is free (``zeroBaseFee``), rules are those of Prague from the first block, nobody owns anything."""
    return {
        "config": {
            "chainId": chain_id,
            "berlinBlock": 0,
            "londonBlock": 0,
            "shanghaiTime": 0,
            "cancunTime": 0,
            "pragueTime": 0,
            "zeroBaseFee": True,
            "contractSizeLimit": CONTRACT_SIZE_LIMIT,
            "qbft": {
                "blockperiodseconds": period_s,
                "requesttimeoutseconds": request_timeout_s,
                "epochlength": epoch_blocks,
                # Besu's empty block period makes late inclusion and starvation at round changes: every period has its block
                "emptyblockperiodseconds": 0,
                # no cap of one transaction below the block's
                "pertxgaslimit": 0,
            },
        },
        "nonce": "0x0",
        "timestamp": "0x0",
        "gasLimit": hex(gas_limit),
        "difficulty": "0x1",
        "baseFeePerGas": "0x0",
        "coinbase": "0x" + 40 * "0",
        "mixHash": QBFT_MIX_HASH,
        "extraData": extra_data(validators),
        "alloc": {},
    }


def genesis_hash(made: dict[str, Any]) -> str:
    """Hash of the block that a node makes of this genesis: known before any node runs."""
    return header_hash(
        {
            "parentHash": ZERO_HASH,
            "sha3Uncles": NO_OMMERS,
            "miner": made["coinbase"],
            "stateRoot": EMPTY_TRIE,
            "transactionsRoot": EMPTY_TRIE,
            "receiptsRoot": EMPTY_TRIE,
            "logsBloom": "0x" + 512 * "0",
            "difficulty": made["difficulty"],
            "number": "0x0",
            "gasLimit": made["gasLimit"],
            "gasUsed": "0x0",
            "timestamp": made["timestamp"],
            "extraData": made["extraData"],
            "mixHash": made["mixHash"],
            "nonce": "0x" + 16 * "0",
            "baseFeePerGas": made["baseFeePerGas"],
            "withdrawalsRoot": EMPTY_TRIE,
            "blobGasUsed": "0x0",
            "excessBlobGas": "0x0",
            "parentBeaconBlockRoot": ZERO_HASH,
            "requestsHash": NO_REQUESTS,
        }
    )


def differences(present: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """Where two genesis files part, in words: ``config.qbft.blockperiodseconds: 2, wanted 4``."""
    return _differences("", present, wanted)


def _differences(place: str, present: Any, wanted: Any) -> list[str]:
    if isinstance(present, dict) and isinstance(wanted, dict):
        keys = sorted(present.keys() | wanted.keys())
        return [one for key in keys for one in _differences(f"{place}.{key}", present.get(key), wanted.get(key))]
    if present == wanted:
        return []
    if place == ".extraData":
        return [f"validators: {_count(present)}, wanted {_count(wanted)}"]
    return [f"{place.removeprefix('.')}: {present}, wanted {wanted}"]


def validators_of(made: dict[str, Any]) -> list[str]:
    """Validators that a genesis file names, lower-case."""
    return ["0x" + one.hex() for one in rlp.decode(bytes.fromhex(made["extraData"][2:]))[1]]


def _count(data: Any) -> str:
    found = validators_of({"extraData": data})
    return f"{len(found)} ({', '.join(one[:10] + '…' for one in found)})"
