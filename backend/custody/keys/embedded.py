"""Keys sealed in the database by :mod:`backend.core.vault`; opened for the length of one signature."""

from __future__ import annotations

from collections.abc import Sequence

from coincurve import GLOBAL_CONTEXT, PrivateKey, PublicKey
from coincurve._libsecp256k1 import ffi, lib
from coincurve.ecdsa import serialize_recoverable
from eth_utils import keccak

from backend.core import vault
from backend.core.context import Context
from backend.core.errors import DomainError
from backend.custody.keys.base import Held, KeyDiffers, MadeKey, address_of
from backend.custody.transactions import SignatureParts

SECRET_BYTES = 32


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
        public = PublicKey.from_valid_secret(key) if len(key) == SECRET_BYTES else None
    except ValueError:
        public = None
    if public is None or address_of(public.format(compressed=False)) != address:
        return KeyDiffers()
    signed = _signed(key, keccak(text))
    return SignatureParts(signed[64], int.from_bytes(signed[:32], "big"), int.from_bytes(signed[32:64], "big"))


def _signed(key: bytes, digest: bytes) -> bytes:
    """r, s and the recovery bit. libsecp256k1 signs by RFC 6979 with s in the lower half.

    ``PrivateKey(key).sign_recoverable`` gives the same in three times the time: it makes the keys of Schnorr's signatures too.
    """
    signature = ffi.new("secp256k1_ecdsa_recoverable_signature *")
    if not lib.secp256k1_ecdsa_sign_recoverable(GLOBAL_CONTEXT.ctx, signature, digest, key, ffi.NULL, ffi.NULL):
        raise KeyDiffers
    signed: bytes = serialize_recoverable(signature)
    return signed
