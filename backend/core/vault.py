"""Envelope encryption of what must not leak: personal data, documents, wallet keys.

Each owner has a data key (AES-256-GCM, NIST SP 800-38D) that is itself wrapped by the key-encryption key (KEK) of the installation.
Rotating the KEK re-wraps the data keys and touches nothing else.

    VaultError
    ├── KekMissing     no key-encryption key is configured
    └── KekWrong       the key doesn't open what it should (another key, or a damaged row)
"""

from __future__ import annotations

import hashlib
import json
import os
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlmodel import Field, SQLModel, select

from backend.core.context import Context
from backend.core.db import Session, UtcDateTime
from backend.core.errors import DomainError
from backend.settings import Settings

_NONCE = 12


class VaultError(DomainError):
    """Sealed data can't be read or written."""

    status = 500
    code = "vault"
    message_ru = "Хранилище ключей недоступно. Сообщите администратору."
    message_en = "The key vault is unavailable. Tell the administrator."


class KekMissing(VaultError):
    """No key-encryption key is configured."""

    code = "vault_kek_missing"
    message_en = "No key-encryption key: set KAPITAL_KEK_FILE to a file with 64 hexadecimal digits."


class KekWrong(VaultError):
    """The key doesn't open the data key, or the sealed row is damaged."""

    code = "vault_kek_wrong"
    message_en = "The key-encryption key does not open the stored data: another key, or a damaged row."


class DataKey(SQLModel, table=True):
    """The wrapped data key of one owner; ``kek_id`` tells which KEK wraps it."""

    __tablename__ = "data_keys"

    owner_id: str = Field(primary_key=True)
    wrapped: bytes
    kek_id: str = Field(index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)


def load_kek(settings: Settings) -> bytes:
    """The key-encryption key, 32 bytes. Development without a key uses a fixed one that production refuses."""
    text = settings.kek
    if settings.kek_file is not None:
        if not settings.kek_file.exists():
            raise KekMissing
        text = settings.kek_file.read_text().strip()
    if text is None:
        if settings.environment == "production":
            raise KekMissing
        return hashlib.sha256(b"kapital development key").digest()
    try:
        key = bytes.fromhex(text)
    except ValueError as error:
        raise KekMissing from error
    if len(key) != 32:
        raise KekMissing
    return key


def kek_id(kek: bytes) -> str:
    """Name of a KEK that tells nothing about it."""
    return hashlib.sha256(b"kapital kek id" + kek).hexdigest()[:16]


def seal(ctx: Context, owner_id: str, content: bytes | dict[str, Any]) -> bytes:
    """Encrypt for an owner; the owner's identifier is authenticated with the text."""
    data = json.dumps(content, ensure_ascii=False, sort_keys=True).encode() if isinstance(content, dict) else content
    return _encrypt(_data_key(ctx, owner_id), data, owner_id)


def unseal(ctx: Context, owner_id: str, blob: bytes) -> bytes:
    """Decrypt what :func:`seal` made for that owner; raises :class:`KekWrong`."""
    return _decrypt(_data_key(ctx, owner_id), blob, owner_id)


def unseal_dict(ctx: Context, owner_id: str, blob: bytes) -> dict[str, Any]:
    """Decrypt a sealed dictionary."""
    value: dict[str, Any] = json.loads(unseal(ctx, owner_id, blob))
    return value


def forget(ctx: Context, owner_id: str) -> None:
    """Destroy an owner's data key: what it sealed can't be read any more, in copies neither."""
    row = ctx.session.get(DataKey, owner_id)
    if row is not None:
        ctx.session.delete(row)


def rewrap_all(session: Session, old_kek: bytes, new_kek: bytes) -> int:
    """Wrap every data key anew; returns how many. The caller's transaction makes it all or nothing."""
    count = 0
    for row in session.exec(select(DataKey).where(DataKey.kek_id == kek_id(old_kek))):
        row.wrapped = _encrypt(new_kek, _decrypt(old_kek, row.wrapped, row.owner_id), row.owner_id)
        row.kek_id = kek_id(new_kek)
        session.add(row)
        count += 1
    session.flush()
    return count


def _data_key(ctx: Context, owner_id: str) -> bytes:
    kek = load_kek(ctx.settings)
    row = ctx.session.get(DataKey, owner_id)
    if row is None:
        key = AESGCM.generate_key(256)
        wrapped = _encrypt(kek, key, owner_id)
        ctx.session.add(DataKey(owner_id=owner_id, wrapped=wrapped, kek_id=kek_id(kek), created_at=datetime.now(UTC)))
        ctx.session.flush()
        return key
    return _decrypt(kek, row.wrapped, owner_id)


def _encrypt(key: bytes, data: bytes, owner_id: str) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, data, owner_id.encode())


def _decrypt(key: bytes, blob: bytes, owner_id: str) -> bytes:
    try:
        return AESGCM(key).decrypt(blob[:_NONCE], blob[_NONCE:], owner_id.encode())
    except (InvalidTag, ValueError) as error:
        raise KekWrong from error
