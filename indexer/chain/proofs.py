"""Proofs of a block from its own parts: header hash, transactions root, receipts root, senders, seals of validators.

Sources: Yellow Paper 4.3 (block) and appendix D (trie), EIP-2718 (typed transactions and receipts), EIP-2930, EIP-1559, EIP-4844,
EIP-7702; headers up to Prague (EIP-7685). QBFT: the block hash and the seals are made over the header with other extra data,
``[vanity, validators, vote, round, seals]`` with round 0 and no seals for the hash, with the round and no seals for the seals.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import rlp
from coincurve import PublicKey

from indexer.chain.encoding import (
    Item,
    keccak,
    number,
    ordered_root,
    rlp_encode,
    rlp_list,
    rlp_string,
    trimmed,
    unhex,
)

Json = dict[str, Any]

QBFT_MIX_HASH = "0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365"
_EXTRA_PARTS = 5
_ADD = b"\xff"
_SIGNATURE = 65
_LEGACY_V = 27
_EIP155_V = 35
_LIST = 0xC0


@dataclass(frozen=True)
class Seals:
    """What the extra data of a QBFT block says: who sealed it, who might, and the proposer's vote (whom, True: let in)."""

    round: int
    signers: tuple[str, ...]
    validators: tuple[str, ...]
    vote: tuple[str, bool] | None = None

    @property
    def quorum(self) -> int:
        """Seals that finality needs: two thirds of the validators, rounded up."""
        return -(-2 * len(self.validators) // 3)

    @property
    def proven(self) -> bool:
        """Enough different validators have signed, and nobody else."""
        return 0 < self.quorum <= len(set(self.signers)) and set(self.signers) <= set(self.validators)


# --- header ----------------------------------------------------------------------------------------------------------


_REQUIRED: tuple[tuple[str, str], ...] = (
    ("parentHash", "data"),
    ("sha3Uncles", "data"),
    ("miner", "data"),
    ("stateRoot", "data"),
    ("transactionsRoot", "data"),
    ("receiptsRoot", "data"),
    ("logsBloom", "data"),
    ("difficulty", "number"),
    ("number", "number"),
    ("gasLimit", "number"),
    ("gasUsed", "number"),
    ("timestamp", "number"),
    ("extraData", "data"),
    ("mixHash", "data"),
    ("nonce", "data"),
)
_OPTIONAL: tuple[tuple[str, str], ...] = (
    ("baseFeePerGas", "number"),
    ("withdrawalsRoot", "data"),
    ("blobGasUsed", "number"),
    ("excessBlobGas", "number"),
    ("parentBeaconBlockRoot", "data"),
    ("requestsHash", "data"),
)
HEADER_FIELDS = tuple(name for name, _ in (*_REQUIRED, *_OPTIONAL))


def header_hash(header: Json) -> str:
    """Hash of a block from its header's fields, also for QBFT blocks."""
    parts = _extra_parts(header)
    if parts is None:
        return _hash_with(header, unhex(header["extraData"]))
    return _hash_with(header, rlp_encode([*parts[:3], b"", []]))


def seals_of(header: Json, *, recover: bool = True) -> Seals | None:
    """Round, signers, validators and vote of a QBFT block; None for another consensus and for the genesis block.

    ``recover=False`` leaves the signers out, for blocks that were proved before.
    """
    parts = _extra_parts(header)
    if parts is None:
        return None
    vanity, validators, vote, turn, seals = parts
    signed = unhex(_hash_with(header, rlp_encode([vanity, validators, vote, turn, []])))
    return Seals(
        round=int.from_bytes(turn, "big"),
        signers=tuple(_signer(signed, seal) for seal in seals) if recover else (),
        validators=tuple("0x" + validator.hex() for validator in validators),
        vote=("0x" + vote[0].hex(), vote[1] == _ADD) if vote else None,
    )


def genesis_validators(header: Json) -> tuple[str, ...] | None:
    """Validators that the genesis block of a QBFT chain names; None for another consensus."""
    if header["mixHash"].lower() != QBFT_MIX_HASH:
        return None
    parts = rlp.decode(unhex(header["extraData"]))
    return tuple("0x" + validator.hex() for validator in parts[1])


def _extra_parts(header: Json) -> list[Item] | None:
    if header["mixHash"].lower() != QBFT_MIX_HASH or int(header["number"], 16) == 0:
        return None
    parts = rlp.decode(unhex(header["extraData"]))
    return parts if isinstance(parts, list) and len(parts) == _EXTRA_PARTS else None


def _field(value: str, kind: str) -> bytes:
    return unhex(value) if kind == "data" else trimmed(value)


def _hash_with(header: Json, extra: bytes) -> str:
    fields = [extra if name == "extraData" else _field(header[name], kind) for name, kind in _REQUIRED]
    fields += [_field(header[name], kind) for name, kind in _OPTIONAL if header.get(name) is not None]
    return "0x" + keccak(rlp_encode(fields)).hex()


# --- transactions ----------------------------------------------------------------------------------------------------


def transactions_root(raw: Sequence[bytes]) -> str:
    """Root of the trie of signed transactions, in their order."""
    return ordered_root(raw)


def raw_transaction(tx: Json) -> bytes:
    """The signed transaction as it stands in the block, from the fields that the node answers. Raises KeyError, ValueError."""
    kind = number(tx.get("type", "0x0"))
    body = [rlp_encode(item) for item in _TRANSACTION_BODIES[kind](tx)]
    return _signed(kind, body, tx)


def raw_and_sender(tx: Json) -> tuple[bytes, str]:
    """`raw_transaction` and `sender_of` in one, without decoding what was just encoded. Raises KeyError, ValueError."""
    kind = number(tx.get("type", "0x0"))
    body = [rlp_encode(item) for item in _TRANSACTION_BODIES[kind](tx)]
    parity = number(_v_field(tx, kind))
    if kind == 0 and parity >= _EIP155_V:
        chain_id, parity = divmod(parity - _EIP155_V, 2)
        unsigned = rlp_list([*body, rlp_string(trimmed(chain_id)), b"\x80", b"\x80"])
    elif kind == 0:
        parity, unsigned = parity - _LEGACY_V, rlp_list(body)
    else:
        unsigned = bytes([kind]) + rlp_list(body)
    seal = number(tx["r"]).to_bytes(32, "big") + number(tx["s"]).to_bytes(32, "big") + bytes([parity])
    return _signed(kind, body, tx), _signer(keccak(unsigned), seal)


def _signed(kind: int, body: list[bytes], tx: Json) -> bytes:
    signature = [rlp_string(trimmed(value)) for value in (_v_field(tx, kind), tx["r"], tx["s"])]
    encoded = rlp_list([*body, *signature])
    return encoded if kind == 0 else bytes([kind]) + encoded


def sender_of(raw: bytes) -> str:
    """Address whose key signed a transaction, recovered from its signature. Raises ValueError for a signature of nobody."""
    if raw[0] >= _LIST:
        *body, v, r, s = rlp.decode(raw)
        value = int.from_bytes(v, "big")
        if value in {_LEGACY_V, _LEGACY_V + 1}:
            return _recover(rlp_encode(body), r, s, value - _LEGACY_V)
        chain_id = (value - _EIP155_V) // 2
        return _recover(rlp_encode([*body, trimmed(chain_id), b"", b""]), r, s, (value - _EIP155_V) % 2)
    *body, parity, r, s = rlp.decode(raw[1:])
    return _recover(raw[:1] + rlp_encode(body), r, s, int.from_bytes(parity, "big"))


def _recover(message: bytes, r: bytes, s: bytes, parity: int) -> str:
    seal = r.rjust(32, b"\0") + s.rjust(32, b"\0") + bytes([parity])
    return _signer(keccak(message), seal)


def _signer(digest: bytes, seal: bytes) -> str:
    if len(seal) != _SIGNATURE:
        raise ValueError(f"a signature of {len(seal)} bytes")
    try:
        key = PublicKey.from_signature_and_message(seal, digest, hasher=None)
    except Exception as error:  # coincurve raises bare Exception for what libsecp256k1 refuses
        raise ValueError(f"a signature of nobody: {error}") from error
    return "0x" + keccak(key.format(compressed=False)[1:])[12:].hex()


def _v_field(tx: Json, kind: int) -> Any:
    return tx["v"] if kind == 0 else tx.get("yParity", tx.get("v"))


def _legacy(tx: Json) -> list[Item]:
    return [trimmed(tx["nonce"]), trimmed(tx["gasPrice"]), *_call(tx)]


def _access_list(tx: Json) -> list[Item]:
    return [trimmed(tx["chainId"]), *_legacy(tx), _accesses(tx)]


def _dynamic_fee(tx: Json) -> list[Item]:
    fees = [trimmed(tx["maxPriorityFeePerGas"]), trimmed(tx["maxFeePerGas"])]
    return [trimmed(tx["chainId"]), trimmed(tx["nonce"]), *fees, *_call(tx), _accesses(tx)]


def _blob(tx: Json) -> list[Item]:
    return [*_dynamic_fee(tx), trimmed(tx["maxFeePerBlobGas"]), [unhex(item) for item in tx["blobVersionedHashes"]]]


def _set_code(tx: Json) -> list[Item]:
    return [*_dynamic_fee(tx), [_authorization(item) for item in tx["authorizationList"]]]


_TRANSACTION_BODIES: dict[int, Callable[[Json], list[Item]]] = {
    0: _legacy,
    1: _access_list,
    2: _dynamic_fee,
    3: _blob,
    4: _set_code,
}


def _call(tx: Json) -> list[Item]:
    to = unhex(tx["to"]) if tx.get("to") else b""
    return [trimmed(tx["gas"]), to, trimmed(tx["value"]), unhex(tx["input"])]


def _accesses(tx: Json) -> list[Item]:
    return [
        [unhex(item["address"]), [unhex(key) for key in item["storageKeys"]]] for item in tx.get("accessList") or []
    ]


def _authorization(item: Json) -> list[Item]:
    names = ("chainId", "nonce", "yParity", "r", "s")
    chain_id, nonce, parity, r, s = (trimmed(item[name]) for name in names)
    return [chain_id, unhex(item["address"]), nonce, parity, r, s]


# --- receipts --------------------------------------------------------------------------------------------------------


def receipts_root(receipts: Sequence[Json]) -> str:
    """Root of the trie of receipts; each needs type, status, cumulativeGasUsed, logs, and logsBloom (made again when absent)."""
    return ordered_root([raw_receipt(receipt) for receipt in receipts])


def raw_receipt(receipt: Json) -> bytes:
    """A receipt as it stands in the block."""
    kind = number(receipt.get("type", "0x0"))
    logs = receipt["logs"]
    bloom = unhex(receipt["logsBloom"]) if receipt.get("logsBloom") else _bloom_of_json(logs)
    parts = [
        rlp_string(trimmed(receipt["status"])),
        rlp_string(trimmed(receipt["cumulativeGasUsed"])),
        rlp_string(bloom),
        rlp_list([_raw_log(log) for log in logs]),
    ]
    encoded = rlp_list(parts)
    return encoded if kind == 0 else bytes([kind]) + encoded


def _raw_log(log: Json) -> bytes:
    topics = [rlp_string(bytes.fromhex(topic[2:])) for topic in log["topics"]]
    return rlp_list([rlp_string(unhex(log["address"])), rlp_list(topics), rlp_string(unhex(log["data"]))])


def _bloom_of_json(logs: Sequence[Json]) -> bytes:
    return bloom_of([[unhex(log["address"]), [unhex(topic) for topic in log["topics"]], b""] for log in logs])


def bloom_of(logs: list[list[Item]]) -> bytes:
    """The 2048-bit filter over addresses and topics of logs (Yellow Paper 4.3.1)."""
    bits = 0
    for address, topics, _ in logs:
        for entry in (address, *topics):
            bits |= _bloom_bits(entry)
    return bits.to_bytes(256, "big")


@lru_cache(maxsize=16_384)
def _bloom_bits(entry: bytes) -> int:
    digest = keccak(entry)
    return sum({1 << (int.from_bytes(digest[at : at + 2], "big") & 2047) for at in (0, 2, 4)})
