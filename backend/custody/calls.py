"""Call data from names and values, by the committed ABIs and the deployment file."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from eth_abi.abi import decode
from eth_abi.abi import encode as abi_encode
from eth_utils import keccak

from backend.custody.errors import CallUnknown
from backend.settings import Settings

ABI_FOLDER = Path(__file__).resolve().parents[2] / "indexer" / "abi"


@lru_cache
def abi_of(contract: str) -> list[dict[str, Any]]:
    """The committed ABI of a contract."""
    path = ABI_FOLDER / f"{contract}.json"
    if not path.exists():
        raise CallUnknown(field="contract")
    content = json.loads(path.read_text())
    abi: list[dict[str, Any]] = content["abi"] if isinstance(content, dict) else content
    return abi


def canonical_type(item: dict[str, Any]) -> str:
    """ABI type with tuples written out, e.g. ``(uint64,address)[]``."""
    kind: str = item["type"]
    if kind.startswith("tuple"):
        inner = ",".join(canonical_type(part) for part in item["components"])
        return f"({inner}){kind[5:]}"
    return kind


@lru_cache
def function_of(contract: str, function: str) -> tuple[bytes, tuple[str, ...], tuple[dict[str, Any], ...]]:
    """Selector, argument types and ABI inputs of a function; the full signature may be given for an overloaded one."""
    for item in abi_of(contract):
        if item["type"] != "function":
            continue
        types = tuple(canonical_type(part) for part in item["inputs"])
        signature = f"{item['name']}({','.join(types)})"
        if function in (item["name"], signature):
            return keccak(text=signature)[:4], types, tuple(item["inputs"])
    raise CallUnknown(field="function")


def encode(contract: str, function: str, args: list[Any]) -> str:
    """Call data as 0x text."""
    selector, types, inputs = function_of(contract, function)
    values = [_typed(value, item) for value, item in zip(args, inputs, strict=True)]
    return "0x" + (selector + abi_encode(types, values)).hex()


def decode_call(contract: str, data: str) -> tuple[str, dict[str, Any]] | None:
    """Function name and arguments by name of call data, or None when the contract has no such selector."""
    raw = bytes.fromhex(data.removeprefix("0x"))
    found = _function_at(contract, raw[:4])
    if found is None:
        return None
    name, inputs = found
    values = decode([canonical_type(part) for part in inputs], raw[4:])
    return name, dict(zip((part["name"] for part in inputs), jsonable(list(values)), strict=True))


def inputs_of(contract: str, data: str) -> tuple[dict[str, Any], ...]:
    """ABI inputs of the function that call data names, of its overloads the right one; empty when there is none."""
    found = _function_at(contract, bytes.fromhex(data.removeprefix("0x"))[:4])
    return found[1] if found is not None else ()


@lru_cache
def _function_at(contract: str, selector: bytes) -> tuple[str, tuple[dict[str, Any], ...]] | None:
    for item in abi_of(contract):
        if item["type"] == "function":
            types = [canonical_type(part) for part in item["inputs"]]
            if keccak(text=f"{item['name']}({','.join(types)})")[:4] == selector:
                return item["name"], tuple(item["inputs"])
    return None


@lru_cache
def _deployment(path: Path, stamp: int) -> dict[str, str]:
    del stamp  # part of the cache key: a new deployment is read anew
    contracts: dict[str, str] = json.loads(path.read_text())["contracts"]
    return contracts


def address_of(settings: Settings, contract: str) -> str:
    """Address of a contract of the deployment."""
    path = settings.deployment_file
    if path is None or not Path(path).exists():
        raise CallUnknown("Реестр ещё не развёрнут.", "The contracts are not deployed yet.", field="deployment")
    contracts = _deployment(Path(path), Path(path).stat().st_mtime_ns)
    if contract not in contracts:
        raise CallUnknown(field="contract")
    return contracts[contract].lower()


def jsonable(value: Any) -> Any:
    """Bytes become 0x text, tuples lists; integers beyond 53 bits stay integers (JSON of Python keeps them)."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, list | tuple):
        return [jsonable(part) for part in value]
    return value


def _typed(value: Any, item: dict[str, Any]) -> Any:
    kind: str = item["type"]
    if kind.endswith("]"):
        inner = {**item, "type": kind[: kind.rindex("[")]}
        return [_typed(part, inner) for part in value]
    if kind == "tuple":
        return tuple(_typed(part, sub) for part, sub in zip(value, item["components"], strict=True))
    if kind.startswith("bytes") and isinstance(value, str):
        return bytes.fromhex(value.removeprefix("0x"))
    return value
