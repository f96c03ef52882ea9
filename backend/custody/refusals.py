"""Custom errors of the contracts as sentences for people.

Every error of every committed ABI has a sentence in :mod:`backend.custody.sentences`; a test compares the two lists.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils import keccak

from backend.core.clock import to_msk
from backend.core.money import format_rubles
from backend.custody import calls
from backend.custody.sentences import PANIC, SENTENCES, UNKNOWN

_CLASSES = {1: ("FREE", "FREE"), 2: ("LIMIT", "LIMIT"), 4: ("TEST", "TEST"), 8: ("QUAL", "QUAL")}
_ERROR_STRING = "0x08c379a0"
_PANIC = "0x4e487b71"
_KOPEKS = frozenset({"availableKopeks", "wantedKopeks", "reservedKopeks"})
_RUBLE_ERRORS = frozenset(
    {"RublesInsufficient", "RublesNotHeld", "RublesInUse", "RunUnderfunded", "RunWithheldTooMuch"}
)
_MONEY_FIELDS = frozenset({"available", "wanted", "held", "inTransit", "required", "given", "withheld", "allowed"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a contract said no: the error's name, its values by name, and the sentence."""

    code: str
    values: dict[str, Any]
    ru: str
    en: str


@lru_cache
def errors_by_selector() -> dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """Selector to name, types and parameter names, over all committed ABIs."""
    table: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {}
    for path in sorted(calls.ABI_FOLDER.glob("*.json")):
        for item in calls.abi_of(path.stem):
            if item["type"] == "error":
                types = tuple(calls.canonical_type(part) for part in item["inputs"])
                selector = "0x" + keccak(text=f"{item['name']}({','.join(types)})")[:4].hex()
                table[selector] = (item["name"], types, tuple(part["name"] for part in item["inputs"]))
    return table


def explain(data: str | None) -> Refusal:
    """The refusal that revert data stands for; data that can't be decoded is an unknown refusal, never an error."""
    if not data or len(data) < len(_PANIC):
        return Refusal("Unknown", {}, *UNKNOWN)
    try:
        return _decoded(data)
    except (DecodingError, ValueError):
        return Refusal("Unknown", {"data": data}, *UNKNOWN)


def _decoded(data: str) -> Refusal:
    selector, body = data[:10], bytes.fromhex(data[10:])
    if selector == _ERROR_STRING:
        text = decode(["string"], body)[0]
        return Refusal("Error", {"text": text}, f"Отказ реестра: {text}", f"The register refused: {text}")
    if selector == _PANIC:
        return Refusal("Panic", {"number": decode(["uint256"], body)[0]}, *PANIC)
    known = errors_by_selector().get(selector)
    if known is None:
        return Refusal("Unknown", {"data": data}, *UNKNOWN)
    name, types, names = known
    values = dict(zip(names, calls.jsonable(list(decode(types, body))), strict=True))
    return Refusal(name, values, *sentence(name, values))


def sentence(name: str, values: dict[str, Any]) -> tuple[str, str]:
    """Russian and English sentence of an error with its values in words."""
    template = SENTENCES.get(name)
    if template is None:
        return UNKNOWN
    words = {key: _word(name, key, value) for key, value in values.items()}
    return template[0].format_map(_Blank(words)), template[1].format_map(_Blank(words))


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "—"


def _word(error: str, key: str, value: Any) -> str:
    if key in _KOPEKS or (error in _RUBLE_ERRORS and key in _MONEY_FIELDS):
        return format_rubles(min(int(value), 2**63 - 1))
    if key in {
        "until",
        "admittedUntil",
        "startsAt",
        "endsAt",
        "creditingAt",
        "expiresAt",
        "endedAt",
        "maturity",
        "at",
        "recordAt",
        "dueAt",
        "effectiveFrom",
    }:
        return (
            f"{to_msk(datetime.fromtimestamp(int(value), UTC)):%d.%m.%Y %H:%M:%S} МСК"
            if int(value) < 2**36
            else str(value)
        )
    if key == "required" and error == "ParticipantClass":
        return _CLASSES.get(int(value), (str(value), ""))[0]
    return str(value)
