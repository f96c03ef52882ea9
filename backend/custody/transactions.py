"""Bytes of transactions: type 2 (EIP-1559) with zero fees, for gas is free on the permissioned network.

Written out by hand because the general libraries take four times as long; tests compare the bytes with eth_account's.
"""

from __future__ import annotations

from dataclasses import dataclass

from eth_utils import keccak

_TYPE = b"\x02"
_EMPTY_LIST = b"\xc0"


@dataclass(frozen=True, slots=True)
class Payload:
    """What is signed. ``data`` is 0x text; no value is ever moved but units and rubles of the contracts."""

    chain_id: int
    nonce: int
    gas: int
    to: str
    data: str

    def fields(self) -> bytes:
        """The list's content without signature (EIP-1559: chain, nonce, two fees, gas, receiver, value, data, access list)."""
        return b"".join(
            (
                _number(self.chain_id),
                _number(self.nonce),
                _number(0),
                _number(0),
                _number(self.gas),
                _text(bytes.fromhex(self.to[2:])),
                _number(0),
                _text(bytes.fromhex(self.data[2:])),
                _EMPTY_LIST,
            )
        )

    def unsigned(self) -> bytes:
        """The bytes whose keccak-256 the key signs."""
        return _TYPE + _list(self.fields())

    def signed(self, signature: SignatureParts) -> tuple[str, str]:
        """Raw bytes and hash of the signed transaction, both 0x text."""
        parts = (_number(signature.y_parity), _number(signature.r), _number(signature.s))
        raw = _TYPE + _list(self.fields() + b"".join(parts))
        return "0x" + raw.hex(), "0x" + keccak(raw).hex()


@dataclass(frozen=True, slots=True)
class SignatureParts:
    """An ECDSA signature over secp256k1 with the recovery bit; ``s`` in the lower half (EIP-2)."""

    y_parity: int
    r: int
    s: int


def _number(value: int) -> bytes:
    return _text(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _text(value: bytes) -> bytes:
    if len(value) == 1 and value[0] < 0x80:
        return value
    return _length(len(value), 0x80) + value


def _list(content: bytes) -> bytes:
    return _length(len(content), 0xC0) + content


def _length(count: int, offset: int) -> bytes:
    # RLP: short lengths in one byte, longer ones as the length of the length and the length.
    if count < 56:
        return bytes([offset + count])
    written = count.to_bytes((count.bit_length() + 7) // 8, "big")
    return bytes([offset + 55 + len(written)]) + written
