"""Keys in a device (HSM) or SoftHSM2, by PKCS#11 (OASIS, version 2.40): made inside, marked sensitive and not extractable, never outside.

The device signs a digest (mechanism CKM_ECDSA) and gives r and s; ``s`` is brought into the lower half and the recovery bit is found here.
A key whose row was rolled back stays in the device, unused: it harms nobody and can be deleted by its label.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import Any

import pkcs11
from eth_utils import keccak
from pkcs11.util.ec import encode_named_curve_parameters

from backend.core.context import Context
from backend.core.errors import DomainError
from backend.custody.keys.base import Held, KeyMissing, KeyStoreError, MadeKey, address_of, finished
from backend.custody.transactions import SignatureParts
from backend.settings import Settings

SECP256K1 = "1.3.132.0.10"
"""SEC 2, annex A.2.1; SoftHSM2 and most devices know the curve by this object identifier."""


class Pkcs11KeyStore:
    """One logged-in session with one token, opened when first needed and again after an error of the device."""

    name = "pkcs11"

    def __init__(self, settings: Settings) -> None:
        if settings.pkcs11_module is None or settings.pkcs11_token is None:
            raise KeyStoreError(
                "Не заданы KAPITAL_PKCS11_MODULE и KAPITAL_PKCS11_TOKEN.",
                "KAPITAL_PKCS11_MODULE and KAPITAL_PKCS11_TOKEN must be set.",
            )
        self._module = settings.pkcs11_module
        self._token = settings.pkcs11_token
        self._pin = _pin(settings)
        self._session: Any = None
        self._lock = threading.Lock()

    def make(self, ctx: Context) -> MadeKey:
        """A key pair made by the device; raises :class:`KeyStoreError`."""
        del ctx
        number = os.urandom(16)
        with self._lock:
            try:
                public = self._generated(number)
            except (pkcs11.PKCS11Error, RuntimeError) as error:
                raise self._failed(error) from error
        return MadeKey(address_of(public), key_ref=number.hex())

    def sign_many(self, ctx: Context, wanted: Sequence[tuple[Held, bytes]]) -> list[SignatureParts | DomainError]:
        """One signature of the device for each."""
        del ctx
        with self._lock:
            return [self._sign(held, keccak(text)) for held, text in wanted]

    # ------------------------------------------------------------------ device

    def _sign(self, held: Held, digest: bytes) -> SignatureParts | DomainError:
        try:
            found = {
                pkcs11.Attribute.CLASS: pkcs11.ObjectClass.PRIVATE_KEY,
                pkcs11.Attribute.ID: bytes.fromhex(held.key_ref or ""),
            }
            keys = list(self._open().get_objects(found)) if held.key_ref else []
            if len(keys) != 1:
                return KeyMissing()
            signed = keys[0].sign(digest, mechanism=pkcs11.Mechanism.ECDSA)
            return finished(
                digest, int.from_bytes(signed[:32], "big"), int.from_bytes(signed[32:], "big"), held.address
            )
        except DomainError as error:
            return error
        except (pkcs11.PKCS11Error, RuntimeError) as error:
            return self._failed(error)

    def _generated(self, number: bytes) -> bytes:
        session = self._open()
        curve = {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters(SECP256K1)}
        parameters = session.create_domain_parameters(pkcs11.KeyType.EC, curve, local=True)
        closed = {pkcs11.Attribute.SENSITIVE: True, pkcs11.Attribute.EXTRACTABLE: False, pkcs11.Attribute.PRIVATE: True}
        public, _private = parameters.generate_keypair(
            store=True, id=number, label=f"kapital-{number.hex()}", private_template=closed
        )
        # CKA_EC_POINT is a DER octet string around 04 || X || Y.
        return bytes(public[pkcs11.Attribute.EC_POINT])[-64:]

    def _open(self) -> Any:
        if self._session is None:
            token = pkcs11.lib(str(self._module)).get_token(token_label=self._token)
            self._session = token.open(rw=True, user_pin=self._pin)
        return self._session

    def _failed(self, error: Exception) -> KeyStoreError:
        self._session = None
        said = f"{type(error).__name__} {error}".strip()
        return KeyStoreError(
            f"Устройство хранения ключей не отвечает: {said}.", f"The key device does not answer: {said}."
        )


def _pin(settings: Settings) -> str:
    if settings.pkcs11_pin_file is None:
        raise KeyStoreError("Не задан KAPITAL_PKCS11_PIN_FILE.", "KAPITAL_PKCS11_PIN_FILE must be set.")
    try:
        return settings.pkcs11_pin_file.read_text().strip()
    except OSError as error:
        raise KeyStoreError(
            f"Файл с кодом устройства не читается: {settings.pkcs11_pin_file}.",
            f"The file with the device's PIN can't be read: {settings.pkcs11_pin_file}.",
        ) from error
