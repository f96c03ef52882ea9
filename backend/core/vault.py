"""Envelope encryption of what must not leak: personal data, documents, wallet keys.

Each owner has a data key (AES-256-GCM, NIST SP 800-38D) that is itself wrapped by the key-encryption key (KEK) of the installation.
Rotating the KEK re-wraps the data keys and touches nothing else.

    VaultError
    ├── KekMissing        no key-encryption key is configured, or what is configured is no key
    ├── KekUnknown        the data key is wrapped by a key-encryption key that isn't configured
    ├── DataKeyMissing    the owner has no data key: nothing was ever sealed for it, or the row is gone
    └── KekWrong          the text doesn't open: a damaged row, or one that belongs to another owner

While a rotation runs (:mod:`backend.custody.rotate`) two key-encryption keys are accepted: new data keys are wrapped by the new one, and
what the old one wraps still opens.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlmodel import Field, SQLModel, col, func, select

from backend.core.context import Context
from backend.core.db import Session, UtcDateTime
from backend.core.errors import DomainError
from backend.settings import Settings

_NONCE = 12
_AT_ONCE = 500
"""Owners in one question: SQLite takes a limited number of values in one statement."""


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
    message_en = "The stored data does not open: another key-encryption key, or a damaged row."


class KekUnknown(VaultError):
    """The data key is wrapped by a key-encryption key that isn't configured."""

    code = "vault_kek_unknown"
    message_en = (
        "The data key is wrapped by a key-encryption key that is not configured: set KAPITAL_KEK_FILE, or KAPITAL_KEK_PREVIOUS_FILE "
        "during a rotation."
    )


class DataKeyMissing(VaultError):
    """The owner has no data key."""

    code = "vault_data_key_missing"
    message_en = (
        "There is no data key for what is to be opened: the row is gone, or nothing was ever sealed for this owner."
    )


class DataKey(SQLModel, table=True):
    """The wrapped data key of one owner; ``kek_id`` tells which KEK wraps it."""

    __tablename__ = "data_keys"

    owner_id: str = Field(primary_key=True)
    wrapped: bytes
    kek_id: str = Field(index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)


def load_kek(settings: Settings) -> bytes:
    """The key-encryption key, 32 bytes. Development without a key uses a fixed one that production refuses."""
    text = _configured(settings.kek_file, settings.kek)
    if text is None:
        if settings.environment == "production":
            raise KekMissing
        return hashlib.sha256(b"kapital development key").digest()
    return _key_of(text)


def accepted_keks(settings: Settings) -> dict[str, bytes]:
    """Key-encryption keys by name: the present one, and during a rotation the previous one."""
    keys = [load_kek(settings)]
    previous = _configured(settings.kek_previous_file, settings.kek_previous)
    if previous is not None:
        keys.append(_key_of(previous))
    return {kek_id(key): key for key in keys}


def _configured(path: Path | None, text: str | None) -> str | None:
    if path is None:
        return text
    try:
        return path.read_text().strip()
    except OSError as error:
        raise KekMissing from error


def _key_of(text: str) -> bytes:
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
    return _encrypt(_data_key_for_sealing(ctx, owner_id), data, owner_id)


def unseal(ctx: Context, owner_id: str, blob: bytes) -> bytes:
    """Decrypt what :func:`seal` made for that owner; raises :class:`KekWrong`."""
    return _decrypt(_data_key(ctx, owner_id), blob, owner_id)


def unseal_many(ctx: Context, blobs: Mapping[str, bytes]) -> dict[str, bytes | VaultError]:
    """Decrypt one text of each of many owners in one question to the database; a :class:`VaultError` in the place of what doesn't open."""
    keks = accepted_keks(ctx.settings)
    keys: dict[str, tuple[str, bytes]] = {}
    owners = list(blobs)
    for start in range(0, len(owners), _AT_ONCE):
        # Columns, not objects: the sender opens hundreds of keys a second.
        statement = select(DataKey.owner_id, DataKey.kek_id, DataKey.wrapped)
        chosen = statement.where(col(DataKey.owner_id).in_(owners[start : start + _AT_ONCE]))
        keys.update((owner, (kek, wrapped)) for owner, kek, wrapped in ctx.session.exec(chosen))
    return {owner: _opened(keks, keys.get(owner), owner, blob) for owner, blob in blobs.items()}


def _opened(keks: Mapping[str, bytes], key: tuple[str, bytes] | None, owner_id: str, blob: bytes) -> bytes | VaultError:
    try:
        if key is None:
            return DataKeyMissing()
        return _decrypt(_unwrapped(keks, *key, owner_id), blob, owner_id)
    except VaultError as error:
        return error


def unseal_dict(ctx: Context, owner_id: str, blob: bytes) -> dict[str, Any]:
    """Decrypt a sealed dictionary."""
    value: dict[str, Any] = json.loads(unseal(ctx, owner_id, blob))
    return value


def forget(ctx: Context, owner_id: str) -> None:
    """Destroy an owner's data key: what it sealed can't be read any more, in copies neither."""
    row = ctx.session.get(DataKey, owner_id)
    if row is not None:
        ctx.session.delete(row)


@dataclass(frozen=True, slots=True)
class Wrapped:
    """One bundle of a rotation: how many were wrapped anew, whose data key doesn't open, and the last owner looked at; empty: the end."""

    count: int
    broken: list[str]
    last: str


def rewrap_some(session: Session, settings: Settings, *, after: str, limit: int) -> Wrapped:
    """Wrap the next data keys after an owner by the present key. A row that doesn't open is left as it is and named."""
    keks, present = accepted_keks(settings), load_kek(settings)
    statement = select(DataKey).where(col(DataKey.owner_id) > after, col(DataKey.kek_id) != kek_id(present))
    rows = list(session.exec(statement.order_by(col(DataKey.owner_id)).limit(limit).with_for_update()))
    broken: list[str] = []
    for row in rows:
        try:
            data_key = _unwrapped(keks, row.kek_id, row.wrapped, row.owner_id)
            row.wrapped = _encrypt(present, data_key, row.owner_id)
        except VaultError:
            broken.append(row.owner_id)
            continue
        row.kek_id = kek_id(present)
        session.add(row)
    session.flush()
    return Wrapped(len(rows) - len(broken), broken, rows[-1].owner_id if rows else "")


def wrapped_by(session: Session) -> dict[str, int]:
    """How many data keys each key-encryption key wraps, by its name."""
    rows = session.exec(select(DataKey.kek_id, func.count()).group_by(col(DataKey.kek_id)))
    return dict(rows.all())


def _data_key(ctx: Context, owner_id: str) -> bytes:
    row = ctx.session.get(DataKey, owner_id)
    if row is None:
        raise DataKeyMissing
    return _unwrapped(accepted_keks(ctx.settings), row.kek_id, row.wrapped, owner_id)


def _data_key_for_sealing(ctx: Context, owner_id: str) -> bytes:
    if ctx.session.get(DataKey, owner_id) is not None:
        return _data_key(ctx, owner_id)
    kek = load_kek(ctx.settings)
    key = AESGCM.generate_key(256)
    wrapped = _encrypt(kek, key, owner_id)
    ctx.session.add(DataKey(owner_id=owner_id, wrapped=wrapped, kek_id=kek_id(kek), created_at=datetime.now(UTC)))
    ctx.session.flush()
    return key


def _unwrapped(keks: Mapping[str, bytes], kek_name: str, wrapped: bytes, owner_id: str) -> bytes:
    kek = keks.get(kek_name)
    if kek is None:
        raise KekUnknown
    return _decrypt(kek, wrapped, owner_id)


def _encrypt(key: bytes, data: bytes, owner_id: str) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, data, owner_id.encode())


def _decrypt(key: bytes, blob: bytes, owner_id: str) -> bytes:
    try:
        return AESGCM(key).decrypt(blob[:_NONCE], blob[_NONCE:], owner_id.encode())
    except (InvalidTag, ValueError) as error:
        raise KekWrong from error
