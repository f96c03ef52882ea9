"""RLP (Yellow Paper appendix B), hex and the ordered Merkle Patricia trie (appendix D): the plain arithmetic under every proof.

Written for speed: a block of a hundred transactions costs some thousand items of RLP, and all of it is done again for each block.
"""

from collections.abc import Sequence
from typing import Any

import sha3

Item = Any
"""What RLP encodes: bytes or lists of items."""

_HALF_BYTE = 16
_INLINE = 32
_STRING, _LIST, _SHORT = 0x80, 0xC0, 55
_STRINGS = [bytes([_STRING + size]) for size in range(_SHORT + 1)]
_LISTS = [bytes([_LIST + size]) for size in range(_SHORT + 1)]
EMPTY_ROOT = "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"
"""Root of a trie without entries: keccak of the RLP of nothing."""


def keccak(data: bytes) -> bytes:
    """Keccak-256."""
    digest: bytes = sha3.keccak_256(data).digest()
    return digest


# --- RLP and hex -----------------------------------------------------------------------------------------------------


def rlp_encode(item: Item) -> bytes:
    """RLP of bytes or of a list; some twenty times faster than the library, which guesses types."""
    if not isinstance(item, list):
        return rlp_string(item)
    return rlp_list([rlp_string(part) if isinstance(part, bytes) else rlp_encode(part) for part in item])


def rlp_string(data: bytes) -> bytes:
    """RLP of a byte string."""
    size = len(data)
    if size > _SHORT:
        return _long(size, _STRING) + data
    if size == 1 and data[0] < _STRING:
        return data
    return _STRINGS[size] + data


def rlp_list(encoded: list[bytes]) -> bytes:
    """RLP of a list whose parts are encoded already."""
    body = b"".join(encoded)
    size = len(body)
    return (_LISTS[size] if size <= _SHORT else _long(size, _LIST)) + body


def _long(size: int, offset: int) -> bytes:
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((offset + _SHORT + len(digits),)) + digits


def unhex(text: str) -> bytes:
    """Bytes of 0x text."""
    return bytes.fromhex(text[2:])


def number(value: str | int) -> int:
    """A number from a 0x quantity (or a number already)."""
    return value if isinstance(value, int) else int(value, 16)


def trimmed(value: str | int) -> bytes:
    """A number as RLP wants it: big-endian, without leading zeros."""
    plain = value if isinstance(value, int) else int(value, 16)
    return plain.to_bytes((plain.bit_length() + 7) >> 3, "big")


# --- trie ------------------------------------------------------------------------------------------------------------


def ordered_root(values: Sequence[bytes]) -> str:
    """Root of the Merkle Patricia trie whose keys are the RLP of 0, 1, 2…"""
    if not values:
        return EMPTY_ROOT
    entries = [(rlp_string(trimmed(index)).hex(), value) for index, value in enumerate(values)]
    entries.sort()
    return "0x" + keccak(_node(entries, 0)).hex()


def _node(entries: list[tuple[str, bytes]], depth: int) -> bytes:
    """RLP of the node over these entries, whose keys (hex digits) agree up to ``depth``.

    RLP of different indices is prefix-free, so no value ever stands in a branch.
    """
    first, value = entries[0]
    if len(entries) == 1:
        return rlp_list([rlp_string(_compact(first[depth:], leaf=True)), rlp_string(value)])
    last = entries[-1][0]
    shared = depth
    while first[shared] == last[shared]:
        shared += 1
    if shared > depth:
        compact = rlp_string(_compact(first[depth:shared], leaf=False))
        return rlp_list([compact, _reference(_node(entries, shared))])
    below: dict[str, list[tuple[str, bytes]]] = {}
    for entry in entries:
        below.setdefault(entry[0][depth], []).append(entry)
    branch = [_reference(_node(below[digit], depth + 1)) if digit in below else b"\x80" for digit in "0123456789abcdef"]
    return rlp_list([*branch, b"\x80"])


def _reference(node: bytes) -> bytes:
    return node if len(node) < _INLINE else b"\xa0" + keccak(node)


def _compact(digits: str, *, leaf: bool) -> bytes:
    flag = "23"[len(digits) % 2] if leaf else "01"[len(digits) % 2]
    return bytes.fromhex(flag + digits if len(digits) % 2 else flag + "0" + digits)
