"""Signing: the only place where a private key is opened, for the length of one call."""

from __future__ import annotations

from typing import Protocol

from eth_account import Account
from eth_utils import to_checksum_address

from backend.core import vault
from backend.core.context import Context
from backend.custody.models import Intent, Wallet


class KeyStore(Protocol):
    """Where keys live. The embedded store keeps them sealed in the database."""

    def sign(self, ctx: Context, wallet: Wallet, transaction: dict[str, int | str]) -> tuple[str, str]:
        """Raw bytes and hash of the signed transaction, both 0x text."""
        ...


class EmbeddedKeyStore:
    """Keys sealed by :mod:`backend.core.vault`."""

    def sign(self, ctx: Context, wallet: Wallet, transaction: dict[str, int | str]) -> tuple[str, str]:
        """Open the key, sign, forget it."""
        key = vault.unseal(ctx, f"wallet:{wallet.address}", wallet.sealed_key)
        signed = Account.from_key(key).sign_transaction(transaction)
        return "0x" + bytes(signed.raw_transaction).hex(), "0x" + bytes(signed.hash).hex()


def transaction_of(intent: Intent, chain_id: int) -> dict[str, int | str]:
    """The unsigned transaction (type 2, EIP-1559, zero fees: gas is free on the permissioned network)."""
    if intent.nonce is None or intent.gas is None:
        raise ValueError(f"intent {intent.id} has no nonce yet")
    return {
        "type": 2,
        "chainId": chain_id,
        "nonce": intent.nonce,
        "to": str(to_checksum_address(intent.address)),
        "value": 0,
        "data": intent.data,
        "gas": intent.gas,
        "maxFeePerGas": 0,
        "maxPriorityFeePerGas": 0,
    }
