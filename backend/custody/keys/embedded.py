"""Keys sealed in the database by :mod:`backend.core.vault`; opened for the length of one signature."""

from __future__ import annotations

from collections.abc import Sequence

from coincurve import PrivateKey
from eth_utils import keccak

from backend.core import vault
from backend.core.context import Context
from backend.core.errors import DomainError
from backend.custody.keys.base import Held, KeyDiffers, MadeKey, address_of
from backend.custody.transactions import SignatureParts


class EmbeddedKeyStore:
    """The default: envelope encryption, one data key a wallet, wrapped by the key-encryption key of the installation."""

    name = "embedded"

    def make(self, ctx: Context) -> MadeKey:
        """A key from the operating system's randomness, sealed at once."""
        return self.take(ctx, PrivateKey().secret)

    def take(self, ctx: Context, secret: bytes) -> MadeKey:
        """A key that was made elsewhere, sealed at once; ValueError when it is none."""
        key = PrivateKey(secret)
        address = address_of(key.public_key.format(compressed=False))
        return MadeKey(address, sealed_key=vault.seal(ctx, _owner(address), key.secret))

    def sign_many(self, ctx: Context, wanted: Sequence[tuple[Held, bytes]]) -> list[SignatureParts | DomainError]:
        """Open each key, sign, forget it."""
        keys = vault.unseal_many(ctx, {_owner(held.address): held.sealed_key for held, _ in wanted})
        return [_sign(keys[_owner(held.address)], held.address, text) for held, text in wanted]


def _owner(address: str) -> str:
    return f"wallet:{address}"


def _sign(key: bytes | DomainError, address: str, text: bytes) -> SignatureParts | DomainError:
    if isinstance(key, DomainError):
        return key
    try:
        private = PrivateKey(key)
    except ValueError:
        return KeyDiffers()
    if address_of(private.public_key.format(compressed=False)) != address:
        return KeyDiffers()
    # libsecp256k1 signs by RFC 6979 with s in the lower half.
    signed = private.sign_recoverable(keccak(text), hasher=None)
    return SignatureParts(signed[64], int.from_bytes(signed[:32], "big"), int.from_bytes(signed[32:64], "big"))
