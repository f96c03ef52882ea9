"""Column types that all ``chain_*`` tables share.

Addresses and hashes are lower-case 0x-text; `checksum` gives the EIP-55 form for people. Whole numbers are BIGINT. A moment is
stored twice: unix seconds as the chain has it, and an aware UTC time for queries (None for the chain's 0).
"""

from datetime import UTC, datetime
from typing import Any

from eth_utils.address import to_checksum_address
from sqlalchemy import JSON, BigInteger, String, Text
from sqlmodel import Field

from indexer.db import UtcDateTime

ZERO_ADDRESS = "0x" + "0" * 40
ZERO_HASH = "0x" + "0" * 64
BIGINT_MAX = 2**63 - 1
_LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z, the last that a datetime can hold


def checksum(address: str) -> str:
    """An address as people read it (EIP-55)."""
    return str(to_checksum_address(address))


def moment(seconds: int) -> datetime | None:
    """Unix seconds of the chain as aware UTC; None for 0 ("not set"), the year 9999 for what no calendar holds."""
    return datetime.fromtimestamp(min(seconds, _LAST_SECOND), UTC) if seconds else None


def address_field(*, key: bool = False, index: bool = False) -> Any:
    """A 20-byte address."""
    return Field(sa_type=String(42), primary_key=key, index=index)


def hash_field(*, key: bool = False, index: bool = False) -> Any:
    """A 32-byte hash."""
    return Field(sa_type=String(66), primary_key=key, index=index)


def word_field(length: int = 24, *, key: bool = False, index: bool = False) -> Any:
    """A short word: a state, a kind."""
    return Field(sa_type=String(length), primary_key=key, index=index)


def text_field() -> Any:
    """Text of any length."""
    return Field(sa_type=Text)


def big_field(*, key: bool = False, index: bool = False, zero: bool = False) -> Any:
    """A whole number of 63 bits; ``zero`` makes 0 the default."""
    arguments: dict[str, Any] = {"default": 0} if zero else {}
    if key:
        arguments["sa_column_kwargs"] = {"autoincrement": False}
    return Field(sa_type=BigInteger, primary_key=key, index=index, **arguments)


def time_field(*, index: bool = False) -> Any:
    """An aware UTC time."""
    return Field(sa_type=UtcDateTime, index=index)


def json_field() -> Any:
    """A JSON value."""
    return Field(sa_type=JSON)
