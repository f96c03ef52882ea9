"""The key store of the settings for new keys, and for each wallet the one that made its key."""

from __future__ import annotations

from collections.abc import Callable

from backend.custody.keys.base import KeyStore, KeyStoreError
from backend.custody.keys.embedded import EmbeddedKeyStore
from backend.custody.keys.pkcs11 import Pkcs11KeyStore
from backend.custody.keys.web3signer import Web3SignerKeyStore
from backend.settings import Settings

_MAKERS: dict[str, Callable[[Settings], KeyStore]] = {
    "embedded": lambda _settings: EmbeddedKeyStore(),
    "pkcs11": Pkcs11KeyStore,
    "web3signer": Web3SignerKeyStore,
}


class KeyStores:
    """Stores of one process, opened when first needed. A wallet keeps the store that made its key, whatever the settings say later."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open: dict[str, KeyStore] = {}

    def for_new_keys(self) -> KeyStore:
        """The store that ``KAPITAL_KEY_STORE`` names; raises :class:`KeyStoreError` when it can't be opened."""
        return self.named(self._settings.key_store)

    def named(self, name: str) -> KeyStore:
        """The store of that name; raises :class:`KeyStoreError` when it is none or can't be opened."""
        if name not in self._open:
            if name not in _MAKERS:
                raise KeyStoreError(f"Неизвестное хранилище ключей: {name}.", f"Unknown key store: {name}.")
            self._open[name] = _MAKERS[name](self._settings)
        return self._open[name]


def stores_of(settings: Settings) -> KeyStores:
    """The stores of a process: a device's session is opened once and kept for everybody with the same settings of keys."""
    key = tuple(str(getattr(settings, name)) for name in _SETTINGS)
    return _OPENED.setdefault(key, KeyStores(settings))


_SETTINGS = (
    "key_store", "pkcs11_module", "pkcs11_token", "pkcs11_pin_file", "web3signer_url", "web3signer_timeout_s",
)  # fmt: skip
_OPENED: dict[tuple[str, ...], KeyStores] = {}
