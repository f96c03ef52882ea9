"""Key stores: the same bytes from each, keys that never come out, clear words when a key is lost, wrong or damaged."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pkcs11
import pytest
from coincurve import PrivateKey
from eth_account import Account
from eth_utils import keccak
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy.engine import Engine
from sqlmodel import select

from backend.core import vault
from backend.core.clock import SystemClock
from backend.core.context import Actor, Context
from backend.core.db import unit_of_work
from backend.custody import rotate
from backend.custody import service as custody
from backend.custody.keys.base import ORDER, Held, KeyDiffers, KeyMissing, KeyStoreError, address_of, finished
from backend.custody.keys.chosen import KeyStores, stores_of
from backend.custody.keys.pkcs11 import Pkcs11KeyStore
from backend.custody.keys.web3signer import KeysExhausted, Web3SignerKeyStore
from backend.custody.models import Wallet
from backend.custody.signing import Signed, signatures
from backend.custody.transactions import Payload, SignatureParts
from backend.settings import Settings
from tests.backend.conftest import ContextMaker
from tests.factories.chain import address

TEXT = b"\x02 what is signed"
SOFTHSM = [Path(f"/usr/lib/{place}softhsm/libsofthsm2.so") for place in ("", "x86_64-linux-gnu/", "aarch64-linux-gnu/")]
INSTALL = "SoftHSM2 is missing; install it with: apt-get install -y softhsm2"
PAYLOAD = Payload(20260, 7, 90_000, address(0xABC), "0x12345678")


@pytest.fixture
def ctx(ctx_for: ContextMaker) -> Context:
    return ctx_for(system="worker")


def sender_of(raw: str) -> str:
    return str(Account.recover_transaction(raw)).lower()


def signed_by(ctx: Context, wallet: str) -> Any:
    return signatures(ctx, stores_of(ctx.settings), [(wallet, PAYLOAD)])[0]


# --- bytes -----------------------------------------------------------------------------------------------------------


@given(
    st.integers(1, 2**63),
    st.integers(0, 2**63),
    st.integers(21_000, 2**40),
    st.binary(max_size=300),
    st.binary(min_size=32, max_size=32),
)
@examples(max_examples=60, deadline=None)
def test_bytes_are_those_of_the_general_library(chain: int, nonce: int, gas: int, data: bytes, seed: bytes) -> None:
    key = PrivateKey(keccak(seed))
    payload = Payload(chain, nonce, gas, address(0xABC), "0x" + data.hex())
    signed = key.sign_recoverable(keccak(payload.unsigned()), hasher=None)
    parts = SignatureParts(signed[64], int.from_bytes(signed[:32], "big"), int.from_bytes(signed[32:64], "big"))
    theirs = Account.from_key(key.secret).sign_transaction(
        {
            "type": 2, "chainId": chain, "nonce": nonce, "to": bytes.fromhex(address(0xABC)[2:]),
            "value": 0, "data": data, "gas": gas, "maxFeePerGas": 0, "maxPriorityFeePerGas": 0,
        }
    )  # fmt: skip
    assert payload.signed(parts) == ("0x" + bytes(theirs.raw_transaction).hex(), "0x" + bytes(theirs.hash).hex())


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=1, max_size=40), st.booleans())
@examples(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_devices_signature_gets_a_low_s_and_the_bit_that_gives_the_address(
    seed: bytes, text: bytes, high: bool
) -> None:
    key, digest = PrivateKey(keccak(seed)), keccak(text)
    signed = key.sign_recoverable(digest, hasher=None)
    r, s = int.from_bytes(signed[:32], "big"), int.from_bytes(signed[32:64], "big")
    found = finished(digest, r, ORDER - s if high else s, address_of(key.public_key.format(compressed=False)))
    assert (found.y_parity, found.r, found.s) == (signed[64], r, s)
    assert found.s <= ORDER // 2
    with pytest.raises(KeyDiffers):
        finished(digest, r, s, address(1))


# --- embedded --------------------------------------------------------------------------------------------------------


def test_an_embedded_key_signs_for_its_address(ctx: Context) -> None:
    wallet = custody.create_wallet(ctx, "system", "one")
    signed = signed_by(ctx, wallet)
    assert isinstance(signed, Signed)
    assert sender_of(signed.raw) == wallet


def damage(ctx: Context, wallet: str) -> None:
    row = ctx.session.get_one(Wallet, wallet)
    row.sealed_key = row.sealed_key[:-1] + bytes([row.sealed_key[-1] ^ 1])
    ctx.session.add(row)
    ctx.session.flush()


def test_a_damaged_row_stops_that_wallet_and_no_other(ctx: Context) -> None:
    sound, broken = (custody.create_wallet(ctx, "system", name) for name in ("sound", "broken"))
    damage(ctx, broken)
    first, second = signatures(ctx, KeyStores(ctx.settings), [(broken, PAYLOAD), (sound, PAYLOAD)])
    assert isinstance(first, vault.KekWrong)
    assert isinstance(second, Signed)


def test_a_sealed_key_of_another_wallet_does_not_open(ctx: Context) -> None:
    one, two = (ctx.session.get_one(Wallet, custody.create_wallet(ctx, "system", name)) for name in ("one", "two"))
    one.sealed_key = two.sealed_key
    ctx.session.add(one)
    ctx.session.flush()
    assert isinstance(signed_by(ctx, one.address), vault.KekWrong)


def test_a_lost_or_wrong_key_encryption_key_is_told_and_changes_nothing(ctx: Context, tmp_path: Path) -> None:
    wallet = custody.create_wallet(ctx, "system", "one")
    before = ctx.session.exec(select(vault.DataKey)).all()
    wrong = replace(ctx, settings=ctx.settings.model_copy(update={"kek": "ab" * 32}))
    assert isinstance(signed_by(wrong, wallet), vault.KekUnknown)
    for kek_file in (tmp_path / "nothing", tmp_path):
        lost = replace(ctx, settings=ctx.settings.model_copy(update={"kek_file": kek_file}))
        with pytest.raises(vault.KekMissing):
            signed_by(lost, wallet)
        with pytest.raises(vault.KekMissing):
            custody.create_wallet(lost, "system", "two")
    garbled = replace(ctx, settings=ctx.settings.model_copy(update={"kek": "not a key"}))
    with pytest.raises(vault.KekMissing):
        custody.create_wallet(garbled, "system", "two")
    assert ctx.session.exec(select(vault.DataKey)).all() == before
    assert len(ctx.session.exec(select(Wallet)).all()) == 1


# --- rotation --------------------------------------------------------------------------------------------------------


def in_unit(engine: Engine, settings: Settings) -> Iterator[Context]:
    with unit_of_work(engine) as session:
        yield Context(session, SystemClock(), Actor.system("test"), settings)


def test_a_rotation_without_a_pause(engine: Engine, settings: Settings, tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("11" * 32)
    new.write_text("22" * 32)
    before = settings.model_copy(update={"kek_file": old})
    both = settings.model_copy(update={"kek_file": new, "kek_previous_file": old})
    after = settings.model_copy(update={"kek_file": new})
    for ctx in in_unit(engine, before):
        wallets = [custody.create_wallet(ctx, "system", f"before {number}") for number in range(5)]
    for ctx in in_unit(engine, both):
        wallets.append(custody.create_wallet(ctx, "system", "meanwhile"))
        assert all(isinstance(signed_by(ctx, wallet), Signed) for wallet in wallets)
    assert rotate.rotate(engine, both, bundle=2) == (5, [])
    assert rotate.rotate(engine, both, bundle=2) == (0, [])
    for ctx in in_unit(engine, after):
        assert all(isinstance(signed_by(ctx, wallet), Signed) for wallet in wallets)
        assert list(vault.wrapped_by(ctx.session)) == [vault.kek_id(bytes.fromhex("22" * 32))]
    for ctx in in_unit(engine, before):
        assert isinstance(signed_by(ctx, wallets[0]), vault.KekUnknown)


def test_a_rotation_names_what_does_not_open_and_leaves_it_as_it_is(embedded: Engine, settings: Settings) -> None:
    before = settings.model_copy(update={"kek": "11" * 32})
    both = settings.model_copy(update={"kek": "22" * 32, "kek_previous": "11" * 32})
    for ctx in in_unit(embedded, before):
        wallets = [custody.create_wallet(ctx, "system", f"{number}") for number in range(3)]
        row = ctx.session.get_one(vault.DataKey, f"wallet:{wallets[1]}")
        row.wrapped = damaged = row.wrapped[:-1] + bytes([row.wrapped[-1] ^ 1])
        ctx.session.add(row)
    assert rotate.rotate(embedded, both, bundle=1) == (2, [f"wallet:{wallets[1]}"])
    for ctx in in_unit(embedded, both):
        assert ctx.session.get_one(vault.DataKey, f"wallet:{wallets[1]}").wrapped == damaged
        assert isinstance(signed_by(ctx, wallets[0]), Signed)


# --- PKCS#11 ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def softhsm(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A token of its own; PKCS#11 libraries read their configuration once a process."""
    module = next((one for one in SOFTHSM if one.exists()), None)
    if module is None or shutil.which("softhsm2-util") is None:
        if os.environ.get("CI") == "true":
            pytest.fail(INSTALL)
        pytest.skip(INSTALL)
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\nlog.level = ERROR\n")
    (folder / "pin").write_text("1234\n")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", "kapital", "--pin", "1234", "--so-pin", "4321"],
        check=True,
        capture_output=True,
    )
    return {
        "key_store": "pkcs11",
        "pkcs11_module": module,
        "pkcs11_token": "kapital",
        "pkcs11_pin_file": folder / "pin",
    }


@pytest.fixture
def device(ctx: Context, softhsm: dict[str, Any]) -> Context:
    return replace(ctx, settings=ctx.settings.model_copy(update=softhsm))


def test_a_device_makes_keys_and_signs_with_them(device: Context) -> None:
    wallets = [custody.create_wallet(device, "participant", f"p{number}") for number in range(3)]
    row = device.session.get_one(Wallet, wallets[0])
    assert (row.store, row.sealed_key) == ("pkcs11", b"")
    for _ in range(8):  # the device's signatures are random: high and low s, both recovery bits
        for wallet in wallets:
            signed = signed_by(device, wallet)
            assert isinstance(signed, Signed), signed
            assert sender_of(signed.raw) == wallet


def test_a_key_never_leaves_the_device(device: Context) -> None:
    wallet = custody.create_wallet(device, "participant", "p1")
    store = stores_of(device.settings).named("pkcs11")
    assert isinstance(store, Pkcs11KeyStore)
    number = bytes.fromhex(str(device.session.get_one(Wallet, wallet).key_ref))
    wanted = {pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY, pkcs11.Attribute.ID: number}
    (key,) = store._open().get_objects(wanted)
    assert key[pkcs11.Attribute.SENSITIVE]
    assert not key[pkcs11.Attribute.EXTRACTABLE]
    with pytest.raises(pkcs11.PKCS11Error):
        _ = key[pkcs11.Attribute.VALUE]


def test_a_device_without_the_key_says_so(device: Context) -> None:
    store = stores_of(device.settings).named("pkcs11")
    (answer,) = store.sign_many(device, [(Held(address(1), "00" * 16, b""), TEXT)])
    assert isinstance(answer, KeyMissing)


@pytest.mark.parametrize(
    "changes",
    [
        {"pkcs11_token": "nobody"},
        {"pkcs11_module": Path("/nowhere.so")},
        {"pkcs11_token": None},
        {"pkcs11_pin_file": None},
    ],
)
def test_a_device_that_is_not_there_changes_nothing(device: Context, changes: dict[str, Any]) -> None:
    wrong = replace(device, settings=device.settings.model_copy(update=changes))
    with pytest.raises(KeyStoreError):
        custody.create_wallet(wrong, "participant", "p1")
    assert device.session.exec(select(Wallet)).all() == []


def test_a_wallet_keeps_the_store_that_made_its_key(device: Context, ctx: Context) -> None:
    old = custody.create_wallet(ctx, "participant", "old")
    new = custody.create_wallet(device, "participant", "new")
    answers = signatures(device, stores_of(device.settings), [(old, PAYLOAD), (new, PAYLOAD)])
    assert [sender_of(one.raw) for one in answers if isinstance(one, Signed)] == [old, new]


# --- Web3Signer ------------------------------------------------------------------------------------------------------


class Web3Signer:
    """Answers as the program documents it, with real keys."""

    def __init__(self, count: int) -> None:
        keys = [PrivateKey(keccak(b"web3signer %d" % number)) for number in range(count)]
        self.keys = {"0x" + key.public_key.format(compressed=False)[1:].hex(): key for key in keys}
        self.broken = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.broken:
            return httpx.Response(500, text="Internal Server Error")
        if request.url.path == "/api/v1/eth1/publicKeys":
            return httpx.Response(200, json=list(self.keys))
        key = self.keys.get(request.url.path.removeprefix("/api/v1/eth1/sign/"))
        if key is None:
            return httpx.Response(404)
        data = bytes.fromhex(json.loads(request.content)["data"][2:])
        signed = key.sign_recoverable(keccak(data), hasher=None)
        return httpx.Response(200, text="0x" + (signed[:64] + bytes([signed[64] + 27])).hex())


@pytest.fixture
def signer() -> Web3Signer:
    return Web3Signer(2)


@pytest.fixture
def remote(ctx: Context, signer: Web3Signer) -> tuple[Context, Web3SignerKeyStore]:
    settings = ctx.settings.model_copy(update={"key_store": "web3signer", "web3signer_url": "http://signer"})
    store = Web3SignerKeyStore(settings, httpx.MockTransport(signer))
    stores_of(settings)._open["web3signer"] = store
    return replace(ctx, settings=settings), store


def test_a_new_wallet_takes_the_next_free_key_of_the_signer(remote: tuple[Context, Web3SignerKeyStore]) -> None:
    ctx, _ = remote
    wallets = [custody.create_wallet(ctx, "participant", f"p{number}") for number in range(2)]
    assert len(set(wallets)) == 2
    for wallet in wallets:
        assert sender_of(signed_by(ctx, wallet).raw) == wallet
    with pytest.raises(KeysExhausted):
        custody.create_wallet(ctx, "participant", "one too many")


def test_a_signer_that_fails_or_lost_the_key_is_told(
    remote: tuple[Context, Web3SignerKeyStore], signer: Web3Signer
) -> None:
    ctx, _ = remote
    wallet = custody.create_wallet(ctx, "participant", "p")
    signer.broken = True
    answer = signed_by(ctx, wallet)
    assert isinstance(answer, KeyStoreError)
    assert "500" in answer.message_en
    signer.broken = False
    signer.keys.clear()
    assert isinstance(signed_by(ctx, wallet), KeyMissing)


def test_a_signer_that_signs_with_another_key_is_caught(
    remote: tuple[Context, Web3SignerKeyStore], signer: Web3Signer
) -> None:
    ctx, _ = remote
    wallet = custody.create_wallet(ctx, "participant", "p")
    signer.keys = dict(zip(signer.keys, reversed(signer.keys.values()), strict=True))
    assert isinstance(signed_by(ctx, wallet), KeyDiffers)
