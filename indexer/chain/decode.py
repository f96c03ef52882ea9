"""Decoding of events and of call results.

Most events have only words of fixed size: for those a decoder is built once from the ABI that cuts the hex text at known places,
some hundred times faster than a general one. Anything with a dynamic part goes through eth_abi.

Values are what JSON can hold: addresses and byte strings as lower-case 0x text, numbers as int, tuples as objects by name. Text is
cleaned of what a database refuses (NUL) and of what isn't UTF-8, because its author is not the operator.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from eth_abi.abi import decode as abi_decode
from eth_abi.abi import encode as abi_encode
from eth_abi.exceptions import DecodingError, EncodingError
from eth_abi.grammar import parse

from indexer.chain.abi import EventAbi, FunctionAbi, Input
from indexer.chain.errors import IndexerError

_WORD = 64
Words = Callable[[str, int], Any]


class DecodeError(IndexerError):
    """Data that doesn't fit the ABI it claims to follow."""


def decode_event(event: EventAbi, topics: list[str], data: str) -> dict[str, Any]:
    """Arguments of a log by name. Raises DecodeError when topics or data don't fit."""
    return _event_decoder(event)(topics, data)


def decode_output(function: FunctionAbi, data: str) -> Any:
    """Result of a call: the single value, or a dict by name when there are several. Raises DecodeError for an empty answer."""
    values = _decode_all(function.outputs, data[2:])
    return next(iter(values.values())) if len(function.outputs) == 1 else values


def decode_arguments(function: FunctionAbi, data: str) -> dict[str, Any]:
    """Arguments of call data (or of a custom error's data) by name."""
    return _decode_all(function.inputs, data[10:])


def encode_call(function: FunctionAbi, *values: Any) -> str:
    """Call data for a function. Raises DecodeError for values that don't fit."""
    try:
        return function.selector + abi_encode([item.type for item in function.inputs], values).hex()
    except EncodingError as error:
        raise DecodeError(f"{function.name}: {error}") from error


def is_dynamic(kind: str) -> bool:
    """Whether a type has a head and a tail in ABI encoding."""
    return bool(parse(kind).is_dynamic)


@cache
def _event_decoder(event: EventAbi) -> Callable[[list[str], str], dict[str, Any]]:
    indexed = [item for item in event.inputs if item.indexed]
    plain = tuple(item for item in event.inputs if not item.indexed)
    from_topics = [(item.name, _topic(item)) for item in indexed]
    from_data = fixed_layout(plain)

    def decode(topics: list[str], data: str) -> dict[str, Any]:
        if len(topics) != len(indexed) + 1:
            raise DecodeError(f"{event.contract}.{event.name}: {len(topics)} topics")
        found = {name: read(topics[place][2:], 0) for place, (name, read) in enumerate(from_topics, start=1)}
        found |= from_data(data[2:]) if from_data else _decode_all(plain, data[2:])
        return {item.name: found[item.name] for item in event.inputs}

    return decode


def fixed_layout(inputs: tuple[Input, ...]) -> Callable[[str], dict[str, Any]] | None:
    """A decoder for data without dynamic parts, None when there are any."""
    if any(is_dynamic(item.type) for item in inputs):
        return None
    readers: list[tuple[str, Words, int]] = []
    offset = 0
    for item in inputs:
        readers.append((item.name, _static(item), offset))
        offset += _words(item) * _WORD

    def decode(data: str) -> dict[str, Any]:
        if len(data) < offset:
            raise DecodeError(f"{len(data) // 2} bytes where {offset // 2} are expected")
        return {name: read(data, place) for name, read, place in readers}

    return decode


def _topic(item: Input) -> Words:
    # an indexed value of a dynamic or composed type stands in the topic as its hash
    if item.components or "[" in item.type or is_dynamic(item.type):
        return lambda data, at: "0x" + data[at : at + _WORD]
    return _static(item)


def _words(item: Input) -> int:
    if item.type.endswith("]"):
        count = int(item.type[item.type.rindex("[") + 1 : -1])
        return count * _words(_element(item))
    return sum(_words(part) for part in item.components) if item.components else 1


def _element(item: Input) -> Input:
    return Input(item.name, item.type[: item.type.rindex("[")], indexed=False, components=item.components)


def _static(item: Input) -> Words:
    if item.type.endswith("]"):
        return _static_array(item)
    if item.components:
        return _static_tuple(item)
    kind = item.type
    if kind == "address":
        return lambda data, at: "0x" + data[at + 24 : at + _WORD].lower()
    if kind == "bool":
        return lambda data, at: data[at + _WORD - 1] == "1"
    if kind.startswith("bytes"):
        digits = 2 * int(kind[5:])
        return lambda data, at: "0x" + data[at : at + digits].lower()
    if kind.startswith("uint"):
        return lambda data, at: int(data[at : at + _WORD], 16)
    if kind.startswith("int"):
        return _signed
    raise DecodeError(f"no fixed layout for {kind}")


def _signed(data: str, at: int) -> int:
    value = int(data[at : at + _WORD], 16)
    return value - (1 << 256) if value >> 255 else value


def _static_tuple(item: Input) -> Words:
    readers: list[tuple[str, Words, int]] = []
    offset = 0
    for part in item.components:
        readers.append((part.name, _static(part), offset))
        offset += _words(part) * _WORD
    return lambda data, at: {name: read(data, at + place) for name, read, place in readers}


def _static_array(item: Input) -> Words:
    element = _element(item)
    read, step = _static(element), _words(element) * _WORD
    count = _words(item) * _WORD // step
    return lambda data, at: [read(data, at + step * place) for place in range(count)]


def _decode_all(inputs: tuple[Input, ...], data: str) -> dict[str, Any]:
    # text is asked for as bytes: eth_abi refuses a whole event for one letter that isn't UTF-8
    kinds = [item.type.replace("string", "bytes") for item in inputs]
    try:
        values = abi_decode(kinds, bytes.fromhex(data))
    except (DecodingError, ValueError, OverflowError) as error:
        raise DecodeError(f"({','.join(kinds)}): {error}") from error
    return {item.name: _plain(item, value) for item, value in zip(inputs, values, strict=True)}


def _plain(item: Input, value: Any) -> Any:
    if item.type.endswith("]"):
        element = _element(item)
        return [_plain(element, part) for part in value]
    if item.components:
        return {part.name: _plain(part, inner) for part, inner in zip(item.components, value, strict=True)}
    if item.type == "string":
        return value.decode("utf-8", errors="replace").replace("\x00", "\ufffd")
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return value.lower() if item.type == "address" else value
