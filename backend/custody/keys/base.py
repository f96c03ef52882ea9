"""The interface of a key store, and the arithmetic that makes a device's signature one of a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from coincurve import PublicKey
from eth_utils import keccak

from backend.core.context import Context
from backend.core.errors import DomainError
from backend.custody.transactions import SignatureParts

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Order of secp256k1 (SEC 2, 2.4.1)."""


class KeyStoreError(DomainError):
    """The store can't make a key or sign now; nothing was changed."""

    status = 503
    code = "key_store"
    message_ru = "Хранилище ключей недоступно. Сообщите администратору."
    message_en = "The key store is unavailable. Tell the administrator."


class KeyMissing(KeyStoreError):
    """The store doesn't hold the key of this wallet."""

    code = "key_missing"
    message_ru = "Ключ этого адреса не найден в хранилище ключей. Сообщите администратору."
    message_en = "The key store does not hold the key of this address. Tell the administrator."


class KeyDiffers(KeyStoreError):
    """The store signed with another key than the wallet's."""

    code = "key_differs"
    message_ru = "Хранилище подписало не тем ключом. Сообщите администратору."
    message_en = "The key store signed with a key that is not this wallet's. Tell the administrator."


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A new key: its address, what the store calls it, and the sealed key where the database is the store."""

    address: str
    key_ref: str | None = None
    sealed_key: bytes = b""


@dataclass(frozen=True, slots=True)
class Held:
    """A wallet's key as the store knows it."""

    address: str
    key_ref: str | None
    sealed_key: bytes


class KeyStore(Protocol):
    """Makes keys and signs with them; there is no way to read one."""

    name: str

    def make(self, ctx: Context) -> MadeKey:
        """A new key of its own; raises :class:`KeyStoreError`."""
        ...

    def sign_many(self, ctx: Context, wanted: Sequence[tuple[Held, bytes]]) -> list[SignatureParts | DomainError]:
        """Sign the keccak-256 of each text; what stands against one is the answer in its place and holds up no other."""
        ...


def address_of(public_key: bytes) -> str:
    """Address of an uncompressed public key: 64 bytes, or 65 with the leading 4."""
    return "0x" + keccak(public_key[-64:])[-20:].hex()


def finished(digest: bytes, r: int, s: int, address: str) -> SignatureParts:
    """The signature with ``s`` in the lower half and the recovery bit found; raises :class:`KeyDiffers` when neither bit gives the address."""
    low = min(s, ORDER - s)
    compact = r.to_bytes(32, "big") + low.to_bytes(32, "big")
    for parity in (0, 1):
        try:
            key = PublicKey.from_signature_and_message(compact + bytes([parity]), digest, hasher=None)
        except Exception as error:  # coincurve raises bare Exception and ValueError for what is no signature
            raise KeyDiffers from error
        if address_of(key.format(compressed=False)) == address:
            return SignatureParts(parity, r, low)
    raise KeyDiffers
