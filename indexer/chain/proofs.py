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
import sha3
from coincurve import PublicKey

Json = dict[str, Any]
Item = Any
"""What RLP encodes: bytes or lists of items."""

QBFT_MIX_HASH = "0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365"
_EXTRA_PARTS = 5
_SIGNATURE = 65
_LEGACY_V = 27
_EIP155_V = 35
_HALF_BYTE = 16
_INLINE = 32
_STRING, _LIST, _SHORT = 0x80, 0xC0, 55


def keccak(data: bytes) -> bytes:
    """Keccak-256."""
    return bytes(sha3.keccak_256(data).digest())


@dataclass(frozen=True)
class Seals:
    """Result of checking the validators' seals of a QBFT block."""

    round: int
    signers: tuple[str, ...]
    validators: tuple[str, ...]

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


def seals_of(header: Json) -> Seals | None:
    """Round, signers and validators of a QBFT block; None for another consensus and for the genesis block."""
    parts = _extra_parts(header)
    if parts is None:
        return None
    vanity, validators, vote, turn, seals = parts
    signed = unhex(_hash_with(header, rlp_encode([vanity, validators, vote, turn, []])))
    return Seals(
        round=int.from_bytes(turn, "big"),
        signers=tuple(_signer(signed, seal) for seal in seals),
        validators=tuple("0x" + validator.hex() for validator in validators),
    )


def _extra_parts(header: Json) -> list[Item] | None:
    if header["mixHash"].lower() != QBFT_MIX_HASH or int(header["number"], 16) == 0:
        return None
    parts = rlp.decode(unhex(header["extraData"]))
    return parts if isinstance(parts, list) and len(parts) == _EXTRA_PARTS else None


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
    body = _TRANSACTION_BODIES[kind](tx)
    signature = [_signature_v(tx, kind), trimmed(tx["r"]), trimmed(tx["s"])]
    encoded: bytes = rlp_encode([*body, *signature])
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


def _signature_v(tx: Json, kind: int) -> bytes:
    return trimmed(tx["v"]) if kind == 0 else trimmed(tx["yParity"] if "yParity" in tx else tx["v"])


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
    logs = [
        [unhex(log["address"]), [unhex(topic) for topic in log["topics"]], unhex(log["data"])]
        for log in receipt["logs"]
    ]
    bloom = unhex(receipt["logsBloom"]) if receipt.get("logsBloom") else bloom_of(logs)
    encoded: bytes = rlp_encode([trimmed(receipt["status"]), trimmed(receipt["cumulativeGasUsed"]), bloom, logs])
    return encoded if kind == 0 else bytes([kind]) + encoded


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


# --- trie ------------------------------------------------------------------------------------------------------------


def ordered_root(values: Sequence[bytes]) -> str:
    """Root of the Merkle Patricia trie whose keys are the RLP of 0, 1, 2…"""
    if not values:
        return "0x" + keccak(rlp_encode(b"")).hex()
    entries = sorted((_nibbles(rlp_encode(trimmed(index))), value) for index, value in enumerate(values))
    return "0x" + keccak(rlp_encode(_node(entries, 0))).hex()


def _node(entries: list[tuple[tuple[int, ...], bytes]], depth: int) -> list[Item]:
    # RLP of different indices is prefix-free, so no value ever stands in a branch
    first, value = entries[0]
    if len(entries) == 1:
        return [_compact(first[depth:], leaf=True), value]
    last = entries[-1][0]
    shared = depth
    while first[shared] == last[shared]:
        shared += 1
    if shared > depth:
        return [_compact(first[depth:shared], leaf=False), _reference(_node(entries, shared))]
    branch: list[Item] = []
    for nibble in range(_HALF_BYTE):
        below = [entry for entry in entries if entry[0][depth] == nibble]
        branch.append(_reference(_node(below, depth + 1)) if below else b"")
    return [*branch, b""]


def _reference(node: list[Item]) -> Item:
    encoded = rlp_encode(node)
    return node if len(encoded) < _INLINE else keccak(encoded)


def _compact(nibbles: tuple[int, ...], *, leaf: bool) -> bytes:
    flag = 2 * leaf + len(nibbles) % 2
    whole = (flag, *nibbles) if len(nibbles) % 2 else (flag, 0, *nibbles)
    return bytes(high * _HALF_BYTE + low for high, low in zip(whole[::2], whole[1::2], strict=True))


def _nibbles(key: bytes) -> tuple[int, ...]:
    return tuple(half for byte in key for half in divmod(byte, _HALF_BYTE))


# --- RLP and hex -------------------------------------------------------------------------------------------------------------


def rlp_encode(item: Item) -> bytes:
    """RLP of bytes or of a list (Yellow Paper appendix B); some ten times faster than the library, which guesses types."""
    if isinstance(item, list):
        body = b"".join(map(rlp_encode, item))
        return _length(len(body), _LIST) + body
    if len(item) == 1 and item[0] < _STRING:
        return bytes(item)
    return _length(len(item), _STRING) + bytes(item)


def _length(size: int, offset: int) -> bytes:
    if size <= _SHORT:
        return bytes([offset + size])
    digits = trimmed(size)
    return bytes([offset + _SHORT + len(digits)]) + digits


def unhex(text: str) -> bytes:
    """Bytes of 0x text."""
    return bytes.fromhex(text[2:])


def number(value: str | int) -> int:
    """A number from a 0x quantity (or a number already)."""
    return value if isinstance(value, int) else int(value, 16)


def trimmed(value: str | int) -> bytes:
    """A number as RLP wants it: big-endian, without leading zeros."""
    plain = number(value)
    return plain.to_bytes((plain.bit_length() + 7) // 8, "big")


def _field(value: str, kind: str) -> bytes:
    return unhex(value) if kind == "data" else trimmed(value)
