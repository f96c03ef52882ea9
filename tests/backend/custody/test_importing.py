"""Keys of system accounts that were made with the network are taken over, sealed, and used like any other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from coincurve import PrivateKey
from eth_account import Account

from backend.core.errors import Forbidden
from backend.custody import service as custody
from backend.custody.importing import import_wallet
from backend.custody.keys.base import KeyStoreError, address_of
from backend.custody.keys.chosen import stores_of
from backend.custody.models import Wallet
from backend.custody.signing import signatures
from backend.custody.transactions import Payload
from tests.backend.conftest import ContextMaker

KEY = PrivateKey(b"\x07" * 32)
ADDRESS = address_of(KEY.public_key.format(compressed=False))
PAYLOAD = Payload(20260, 7, 90_000, "0x" + "ab" * 20, "0x12345678")


def test_an_imported_key_signs_for_its_owner_and_is_sealed(ctx_for: ContextMaker) -> None:
    ctx = ctx_for(system="setup")
    assert import_wallet(ctx, "officer", "one", KEY.secret) == ADDRESS
    assert custody.create_wallet(ctx, "officer", "one") == ADDRESS
    row = ctx.session.get(Wallet, ADDRESS)
    assert row is not None
    assert KEY.secret not in row.sealed_key
    signed = signatures(ctx, stores_of(ctx.settings), [(ADDRESS, PAYLOAD)])[0]
    assert str(Account.recover_transaction(signed.raw)).lower() == ADDRESS


def test_an_owner_who_has_a_wallet_keeps_it(ctx_for: ContextMaker) -> None:
    ctx = ctx_for(system="setup")
    present = custody.create_wallet(ctx, "officer", "two")
    assert import_wallet(ctx, "officer", "two", KEY.secret) == present


def test_nobody_but_the_operators_processes_imports(ctx_for: ContextMaker) -> None:
    with pytest.raises(Forbidden):
        import_wallet(ctx_for(), "officer", "three", KEY.secret)


def test_a_device_takes_no_key(ctx_for: ContextMaker) -> None:
    ctx = ctx_for(system="setup")
    ctx = replace(
        ctx,
        settings=ctx.settings.model_copy(update={"key_store": "web3signer", "web3signer_url": "http://127.0.0.1:9"}),
    )
    with pytest.raises(KeyStoreError, match=r"accounts\.addresses"):
        import_wallet(ctx, "officer", "four", KEY.secret)
