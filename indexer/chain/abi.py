"""ABIs of the deployed contracts, from indexer/abi/*.json (made by ``make abi``, never pasted)."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from eth_utils.crypto import keccak

ABI_FOLDER = Path(__file__).resolve().parent.parent / "abi"
ASSET = "DigitalAsset"
"""The only contract with many addresses."""


@dataclass(frozen=True)
class Input:
    """One parameter: name, canonical ABI type (tuples written out) and the parts of a tuple."""

    name: str
    type: str
    indexed: bool
    components: tuple["Input", ...] = ()


@dataclass(frozen=True)
class EventAbi:
    """One event of one contract."""

    contract: str
    name: str
    topic: str
    inputs: tuple[Input, ...]


@dataclass(frozen=True)
class FunctionAbi:
    """One function; ``selector`` is 0x + 8 hex digits."""

    contract: str
    name: str
    selector: str
    inputs: tuple[Input, ...]
    outputs: tuple[Input, ...]


def signature(name: str, inputs: tuple[Input, ...]) -> str:
    """Canonical signature, what topics and selectors are hashes of."""
    return f"{name}({','.join(item.type for item in inputs)})"


@cache
def contract_abi(contract: str) -> tuple[dict[str, Any], ...]:
    """The raw ABI of a contract. Raises FileNotFoundError for a name that isn't deployed."""
    content = json.loads((ABI_FOLDER / f"{contract}.json").read_text(encoding="utf-8"))
    return tuple(content["abi"] if isinstance(content, dict) else content)


@cache
def contract_names() -> tuple[str, ...]:
    """Names of all contracts that have an ABI."""
    return tuple(sorted(path.stem for path in ABI_FOLDER.glob("*.json")))


@cache
def events_of(contract: str) -> dict[str, EventAbi]:
    """Events of a contract by topic; inputs keep the ABI's order."""
    events = {}
    for item in contract_abi(contract):
        if item["type"] == "event" and not item.get("anonymous"):
            inputs = _inputs(item["inputs"])
            topic = "0x" + keccak(text=signature(item["name"], inputs)).hex()
            events[topic] = EventAbi(contract, item["name"], topic, inputs)
    return events


@cache
def functions_of(contract: str) -> dict[str, FunctionAbi]:
    """Functions of a contract by selector."""
    functions = {}
    for item in contract_abi(contract):
        if item["type"] == "function":
            inputs = _inputs(item["inputs"])
            selector = "0x" + keccak(text=signature(item["name"], inputs))[:4].hex()
            functions[selector] = FunctionAbi(contract, item["name"], selector, inputs, _inputs(item["outputs"]))
    return functions


def function_named(contract: str, name: str) -> FunctionAbi:
    """The one function of that name. Raises KeyError when there is none."""
    for function in functions_of(contract).values():
        if function.name == name:
            return function
    raise KeyError(f"{contract} has no function {name}")


@cache
def errors_of(contract: str) -> dict[str, FunctionAbi]:
    """Custom errors of a contract by selector."""
    errors = {}
    for item in contract_abi(contract):
        if item["type"] == "error":
            inputs = _inputs(item["inputs"])
            selector = "0x" + keccak(text=signature(item["name"], inputs))[:4].hex()
            errors[selector] = FunctionAbi(contract, item["name"], selector, inputs, ())
    return errors


def _inputs(items: list[dict[str, Any]]) -> tuple[Input, ...]:
    return tuple(_input(item, position) for position, item in enumerate(items))


def _input(item: dict[str, Any], position: int) -> Input:
    name = item.get("name") or f"arg{position}"
    kind: str = item["type"]
    components = _inputs(item.get("components", []))
    if kind.startswith("tuple"):
        kind = f"({','.join(part.type for part in components)}){kind[5:]}"
    return Input(name, kind, bool(item.get("indexed")), components)
