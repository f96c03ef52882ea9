"""Keys in a Web3Signer (ConsenSys), by its documented interface of execution-layer keys.

    GET  /api/v1/eth1/publicKeys            keys that it holds: 64 bytes each, as 0x text
    POST /api/v1/eth1/sign/{public key}     {"data": 0x text} -> 0x text of r, s, v over keccak-256(data); 404: no such key

The program makes no keys through this interface: the operator adds them to its configuration beforehand, and a new wallet takes the next
that no wallet has. Every signature is checked against the wallet's address before it is used.
"""

from __future__ import annotations

from collections.abc import Sequence

import httpx
from eth_utils import keccak
from sqlmodel import col, select

from backend.core.context import Context
from backend.core.errors import DomainError
from backend.custody.keys.base import Held, KeyMissing, KeyStoreError, MadeKey, address_of, finished
from backend.custody.models import Wallet
from backend.custody.transactions import SignatureParts
from backend.settings import Settings


class KeysExhausted(KeyStoreError):
    """Every key of the signer belongs to a wallet already."""

    code = "keys_exhausted"
    message_ru = "В Web3Signer не осталось свободных ключей. Сообщите администратору."
    message_en = "Web3Signer holds no key that is free. Tell the administrator."


class Web3SignerKeyStore:
    """One signer over HTTP. The httpx transport is the seam that tests replace."""

    name = "web3signer"

    def __init__(self, settings: Settings, transport: httpx.BaseTransport | None = None) -> None:
        if settings.web3signer_url is None:
            raise KeyStoreError("Не задан KAPITAL_WEB3SIGNER_URL.", "KAPITAL_WEB3SIGNER_URL must be set.")
        self._http = httpx.Client(
            base_url=settings.web3signer_url,
            timeout=settings.web3signer_timeout_s,
            transport=transport,
            trust_env=False,
        )

    def make(self, ctx: Context) -> MadeKey:
        """The next key that no wallet has; raises :class:`KeysExhausted`."""
        held = {address_of(bytes.fromhex(key.removeprefix("0x"))): key for key in self._public_keys()}
        taken = set(ctx.session.exec(select(Wallet.address).where(col(Wallet.store) == self.name)))
        free = sorted(held.keys() - taken)
        if not free:
            raise KeysExhausted
        return MadeKey(free[0], key_ref=held[free[0]])

    def sign_many(self, ctx: Context, wanted: Sequence[tuple[Held, bytes]]) -> list[SignatureParts | DomainError]:
        """One request for each; one that fails holds up no other."""
        del ctx
        return [self._sign(held, text) for held, text in wanted]

    def _public_keys(self) -> list[str]:
        try:
            answer = self._http.get("/api/v1/eth1/publicKeys")
            answer.raise_for_status()
            keys: list[str] = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise _failed(error) from error
        return keys

    def _sign(self, held: Held, text: bytes) -> SignatureParts | DomainError:
        if held.key_ref is None:
            return KeyMissing()
        try:
            answer = self._http.post(f"/api/v1/eth1/sign/{held.key_ref}", json={"data": "0x" + text.hex()})
            if answer.status_code == httpx.codes.NOT_FOUND:
                return KeyMissing()
            answer.raise_for_status()
            signed = bytes.fromhex(answer.text.strip().strip('"').removeprefix("0x"))
            return finished(
                keccak(text), int.from_bytes(signed[:32], "big"), int.from_bytes(signed[32:64], "big"), held.address
            )
        except DomainError as error:
            return error
        except (httpx.HTTPError, ValueError) as error:
            return _failed(error)


def _failed(error: Exception) -> KeyStoreError:
    said = str(error) or type(error).__name__
    return KeyStoreError(f"Web3Signer не отвечает: {said}.", f"Web3Signer does not answer: {said}.")
