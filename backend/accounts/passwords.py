"""Passwords by Argon2id (RFC 9106), with the library's current parameters; an old hash is renewed at the next sign-in."""

from __future__ import annotations

from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from backend.accounts.errors import PasswordWeak

MINIMUM_LENGTH = 12
MAXIMUM_LENGTH = 200

_hasher = PasswordHasher()


def check_strength(password: str, email: str) -> None:
    """Raise :class:`PasswordWeak` for a password that is short, endless, or holds the user's address."""
    local_part = email.split("@", 1)[0].casefold()
    if not MINIMUM_LENGTH <= len(password) <= MAXIMUM_LENGTH or (
        len(local_part) > 3 and local_part in password.casefold()
    ):
        raise PasswordWeak(field="password")


def hash_password(password: str) -> str:
    """Salted Argon2id hash."""
    return _hasher.hash(password)


def verify(stored: str | None, password: str) -> bool:
    """Is it the password? An unknown user costs the same time as a known one."""
    try:
        return _hasher.verify(stored or _of_nobody(), password) and stored is not None
    except (VerifyMismatchError, InvalidHashError):
        return False


def needs_renewal(stored: str) -> bool:
    """Was the hash made with weaker parameters than today's?"""
    return _hasher.check_needs_rehash(stored)


@lru_cache
def _of_nobody() -> str:
    return _hasher.hash("nobody has this password")
