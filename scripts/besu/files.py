"""Files of a network: whole or not at all, secrets readable by their owner alone, keys made once."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from coincurve import PrivateKey
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from eth_utils import keccak, to_checksum_address

SECRET, PUBLIC = 0o600, 0o644
TomlValue = str | int | bool | Sequence[str]


def write(path: Path, text: str, mode: int = PUBLIC) -> None:
    """Replace a file in one move; it is on disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def write_json(path: Path, value: Any, mode: int = PUBLIC) -> None:
    """The same for JSON."""
    write(path, json.dumps(value, ensure_ascii=False, indent=2) + "\n", mode)


def kept(path: Path, make: Callable[[], str], mode: int = SECRET) -> str:
    """Text of a file, which is made when it is missing and never overwritten."""
    if not path.exists():
        write(path, make() + "\n", mode)
    return path.read_text(encoding="utf-8").strip()


def private_key(path: Path) -> PrivateKey:
    """The secp256k1 key of a file, made when it is missing. Raises ValueError with the file's name when there is none in it."""
    text = kept(path, lambda: "0x" + secrets.token_bytes(32).hex())
    try:
        return PrivateKey(bytes.fromhex(text.removeprefix("0x")))
    except ValueError as error:
        raise ValueError(f"{path} holds no private key: {error}") from error


def public_key(key: PrivateKey) -> str:
    """The 64 bytes that an enode address names, hexadecimal."""
    return key.public_key.format(compressed=False)[1:].hex()


def address(key: PrivateKey) -> str:
    """Address of a key, in checksum form."""
    return str(to_checksum_address(keccak(bytes.fromhex(public_key(key)))[12:]))


def rsa_pair(private: Path, public: Path) -> None:
    """Key pair that signs and checks tokens for the nodes' RPC (RS256), made when it is missing."""
    text = kept(private, _new_rsa)
    loaded = serialization.load_pem_private_key(text.encode(), password=None)
    form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    write(public, loaded.public_key().public_bytes(*form).decode())


def toml(values: Mapping[str, TomlValue]) -> str:
    """Flat TOML: JSON's strings, numbers, booleans and lists of strings are TOML's too."""
    return "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items())


def _new_rsa() -> str:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=3072)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*form).decode().strip()
