"""Wallets whose keys were made before the platform: the system accounts of a network that admits nobody unknown from its first block on."""

from __future__ import annotations

from datetime import UTC, datetime

from backend.core.context import Context
from backend.core.errors import Forbidden
from backend.custody import repository
from backend.custody.keys.base import KeyStoreError
from backend.custody.keys.chosen import stores_of
from backend.custody.keys.embedded import EmbeddedKeyStore
from backend.custody.models import Wallet


def import_wallet(ctx: Context, owner_kind: str, owner_id: str, secret: bytes) -> str:
    """Take a private key of 32 bytes over for an owner, sealed at once; an owner who has a wallet keeps it. Returns the address.

    Only a process of the operator may call it. Raises :class:`KeyStoreError` where keys live in a device: they are made there.
    """
    if not ctx.actor.is_system:
        raise Forbidden
    present = repository.wallet_of(ctx, owner_kind, owner_id)
    if present is not None:
        return present.address
    store = stores_of(ctx.settings).for_new_keys()
    if not isinstance(store, EmbeddedKeyStore):
        raise KeyStoreError(
            "Ключи этого хранилища создаются в нём самом: назовите адрес в network.yaml (accounts.addresses).",
            "Keys of this store are made inside it: name the address in network.yaml (accounts.addresses).",
        )
    made = store.take(ctx, secret)
    row = Wallet(
        address=made.address,
        owner_kind=owner_kind,
        owner_id=owner_id,
        store=store.name,
        sealed_key=made.sealed_key,
        created_at=datetime.now(UTC),
    )
    ctx.session.add(row)
    ctx.session.flush()
    return made.address
