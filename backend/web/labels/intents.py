"""Words of the way of a transaction."""

from __future__ import annotations

from backend.web.i18n import mark as _
from backend.web.labels.base import Label

LABELS: dict[str, dict[str, Label]] = {
    "intent": {
        "ACCEPTED": Label(_("Принято"), "blue"),
        "NONCE_GIVEN": Label(_("Готовится"), "blue"),
        "SIGNED": Label(_("Подписано"), "blue"),
        "SENT": Label(_("Отправлено"), "blue"),
        "MINED": Label(_("Записывается в реестр"), "blue"),
        "CONFIRMED": Label(_("Записано в реестр"), "green"),
        "REVERTED": Label(_("Отклонено реестром"), "red"),
        "FAILED": Label(_("Отказано"), "red"),
    },
    "wallet_owner": {
        "participant": Label(_("Участник"), "blue"),
        "officer": Label(_("Сотрудник"), "secondary"),
        "system": Label(_("Служебный адрес"), "secondary"),
        "successor": Label(_("Адрес на замену"), "secondary"),
    },
    "key_store": {
        "embedded": Label(_("в базе, под ключом шифрования"), "secondary"),
        "pkcs11": Label(_("в устройстве (PKCS#11)"), "secondary"),
        "web3signer": Label(_("в Web3Signer"), "secondary"),
    },
}
