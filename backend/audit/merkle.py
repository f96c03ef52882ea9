"""Merkle tree over the journal, as in RFC 6962: leaves and nodes are hashed with different prefixes, so neither passes for the other."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def leaf(data: bytes) -> bytes:
    """Hash of a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Root of the tree over hashed leaves; ValueError for none."""
    if not leaves:
        raise ValueError("a tree needs a leaf")
    if len(leaves) == 1:
        return leaves[0]
    middle = _split(len(leaves))
    return node(root(leaves[:middle]), root(leaves[middle:]))


def path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Sister hashes from the leaf up."""
    if len(leaves) == 1:
        return []
    middle = _split(len(leaves))
    if index < middle:
        return [*path(leaves[:middle], index), root(leaves[middle:])]
    return [*path(leaves[middle:], index - middle), root(leaves[:middle])]


def root_from(data_leaf: bytes, index: int, size: int, sisters: Sequence[bytes]) -> bytes:
    """The root that a proof leads to; ValueError for a path of the wrong length (RFC 9162, 2.1.3.2)."""
    place, last, value = index, size - 1, data_leaf
    for sister in sisters:
        if last == 0:
            raise ValueError("the path is too long")
        if place & 1 or place == last:
            value = node(sister, value)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            value = node(value, sister)
        place, last = place >> 1, last >> 1
    if last:
        raise ValueError("the path is too short")
    return value


def _split(size: int) -> int:
    """The largest power of two below ``size``."""
    return 1 << ((size - 1).bit_length() - 1)
