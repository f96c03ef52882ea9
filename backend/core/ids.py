"""Identifiers: UUIDv7 texts for rows, 32-byte references for the chain, numbers that people read."""

from __future__ import annotations

import os
import time
import uuid

from eth_utils import keccak


def new_id() -> str:
    """A UUID version 7 (RFC 9562): sorts by time of making, 36 characters."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | (0x7 << 76) | (int.from_bytes(os.urandom(10), "big") & ((1 << 76) - 1))
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return str(uuid.UUID(int=value))


def bytes32_of(text: str) -> str:
    """Reference of an off-chain record on chain: ``0x`` + keccak-256 of its identifier."""
    return "0x" + keccak(text=text).hex()


def reference(prefix: str, number: int) -> str:
    """Number for people, e.g. ``KPT-INV-000017``."""
    return f"{prefix}-{number:06d}"
