"""The fixed-layout decoders say what a general ABI decoder says, for any event and any values."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from eth_abi import decode, encode
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.chain import enums
from indexer.chain.abi import EventAbi, Input, contract_names, events_of, function_named
from indexer.chain.decode import DecodeError, decode_event, decode_output, encode_call, fixed_layout

STATIC = ["uint8", "uint40", "uint64", "uint256", "int72", "int256", "address", "bool", "bytes4", "bytes32"]
ALL_EVENTS = [event for name in contract_names() for event in events_of(name).values()]
INTERFACES = Path(__file__).resolve().parents[2] / "contracts" / "interfaces"


def values_of(kind: str) -> st.SearchStrategy[Any]:
    """Any value of an ABI type."""
    if kind.endswith("]"):
        element, _, count = kind[:-1].rpartition("[")
        sizes = {"min_size": int(count), "max_size": int(count)} if count else {"max_size": 4}
        return st.lists(values_of(element), **sizes).map(tuple)
    if kind.startswith("("):
        return st.tuples(*(values_of(part) for part in split(kind[1:-1])))
    if kind.startswith("uint"):
        return st.integers(0, 2 ** int(kind[4:]) - 1)
    if kind.startswith("int"):
        return st.integers(-(2 ** (int(kind[3:]) - 1)), 2 ** (int(kind[3:]) - 1) - 1)
    simple = {
        "address": st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex()),
        "bool": st.booleans(),
        "string": st.text(max_size=40),
        "bytes": st.binary(max_size=40),
    }
    if kind in simple:
        return simple[kind]
    size = int(kind[5:])
    return st.binary(min_size=size, max_size=size)


def split(inner: str) -> list[str]:
    """Types at the top level of a comma-separated list."""
    parts, depth, start = [], 0, 0
    for place, sign in enumerate(inner):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            parts.append(inner[start:place])
            start = place + 1
    return [*parts, inner[start:]] if inner else []


def plain(item: Input, value: Any) -> Any:
    """A value of the general decoder as ours says it."""
    if item.type.endswith("]"):
        inner = Input(item.name, item.type[: item.type.rindex("[")], indexed=False, components=item.components)
        return [plain(inner, part) for part in value]
    if item.components:
        return {part.name: plain(part, inner) for part, inner in zip(item.components, value, strict=True)}
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if item.type == "string":
        return value.replace("\x00", "\ufffd")
    return value.lower() if item.type == "address" else value


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_any_fixed_layout_is_decoded_as_by_eth_abi(data: st.DataObject) -> None:
    kinds = data.draw(
        st.lists(
            st.sampled_from([*STATIC, "uint64[3]", "(uint8,address)", "(bytes32,int72[2])[2]"]), min_size=1, max_size=6
        )
    )
    inputs = tuple(described(f"x{number}", kind) for number, kind in enumerate(kinds))
    values = [data.draw(values_of(kind)) for kind in kinds]
    encoded = encode(kinds, values)
    layout = fixed_layout(inputs)
    assert layout is not None
    wanted = {item.name: plain(item, value) for item, value in zip(inputs, decode(kinds, encoded), strict=True)}
    assert layout(encoded.hex()) == wanted


def described(name: str, kind: str) -> Input:
    """An input with the parts of its tuple named."""
    inner = kind[1 : kind.rindex(")")] if kind.startswith("(") else ""
    return Input(
        name, kind, indexed=False, components=tuple(described(f"p{n}", part) for n, part in enumerate(split(inner)))
    )


@pytest.mark.parametrize("event", ALL_EVENTS, ids=lambda event: f"{event.contract}.{event.name}")
@given(data=st.data())
@settings(max_examples=8, deadline=None)
def test_every_event_of_the_contracts_is_decoded_as_by_eth_abi(event: EventAbi, data: st.DataObject) -> None:
    values = {item.name: data.draw(values_of(item.type)) for item in event.inputs}
    topics = [event.topic]
    topics += ["0x" + encode([item.type], [values[item.name]]).hex() for item in event.inputs if item.indexed]
    rest = [item for item in event.inputs if not item.indexed]
    encoded = encode([item.type for item in rest], [values[item.name] for item in rest])
    found = decode_event(event, topics, "0x" + encoded.hex())
    assert list(found) == [item.name for item in event.inputs]
    assert found == {item.name: plain(item, values[item.name]) for item in event.inputs}


def test_text_that_no_database_takes_is_cleaned() -> None:
    event = next(event for event in events_of("DigitalAsset").values() if event.name == "DocumentUpdated")
    data = encode(["bytes", "bytes32"], [b"a\x00\xff\xd0\x9fb", b"\x01" * 32])
    args = decode_event(event, [event.topic, "0x" + "1" * 64], "0x" + data.hex())
    assert args["uri"] == "a\ufffd\ufffdПb"


def test_data_that_is_too_short_is_refused() -> None:
    event = next(event for event in events_of("Rubles").values() if event.name == "RublesHeld")
    topics = [event.topic, "0x" + "0" * 64, "0x" + "0" * 64]
    with pytest.raises(DecodeError):
        decode_event(event, topics, "0x00")
    with pytest.raises(DecodeError):
        decode_event(event, topics[:2], "0x" + "0" * 64)
    with pytest.raises(DecodeError):
        decode_output(function_named("Rubles", "accountOf"), "0x")


def test_a_call_is_encoded_and_its_answer_named() -> None:
    function = function_named("Rubles", "accountOf")
    assert encode_call(function, "0x" + "a" * 40) == function.selector + "0" * 24 + "a" * 40
    answer = "0x" + encode(["uint64"] * 4, [1, 2, 3, 4]).hex()
    assert decode_output(function, answer) == {"free": 1, "held": 2, "inTransit": 3, "frozen": 4}


ENUMS = {
    ("IParticipants", "Status"): enums.PARTICIPANT_STATUS,
    ("IParticipants", "Kind"): enums.PARTICIPANT_KIND,
    ("IFourEyes", "State"): enums.PROPOSAL_STATE,
    ("IIssueRegistry", "IssueState"): enums.ISSUE_STATE,
    ("IIssueRegistry", "TransferMode"): enums.TRANSFER_MODE,
    ("IIssueRegistry", "Allocation"): enums.ALLOCATION,
    ("IDigitalAsset", "EncumbranceKind"): enums.ENCUMBRANCE_KIND,
    ("IRubles", "WithdrawalState"): enums.WITHDRAWAL_STATE,
    ("IPlacement", "State"): enums.PLACEMENT_STATE,
    ("IPlacement", "OrderState"): enums.ORDER_STATE,
    ("IExchange", "State"): enums.OFFER_STATE,
    ("IPayouts", "Kind"): enums.RUN_KIND,
    ("IPayouts", "Rounding"): enums.RUN_ROUNDING,
    ("IPayouts", "State"): enums.RUN_STATE,
    ("IAnchors", "Kind"): enums.ANCHOR_KIND,
}


@pytest.mark.parametrize(("interface", "name"), ENUMS)
def test_names_of_states_and_kinds_are_those_of_the_contracts(interface: str, name: str) -> None:
    source = (INTERFACES / f"{interface}.sol").read_text(encoding="utf-8")
    found = re.search(rf"enum {name} \{{(.*?)\}}", source, re.DOTALL)
    assert found is not None
    assert tuple(re.findall(r"\b[A-Z_]+\b", found.group(1))) == ENUMS[interface, name]


def test_names_of_roles_are_those_of_the_contracts() -> None:
    source = (INTERFACES.parent / "libraries" / "Roles.sol").read_text(encoding="utf-8")
    found = {int(value): name for name, value in re.findall(r"constant (\w+) = (\d+);", source)}
    assert found == {number: name for number, name in enums.ROLES.items() if number}
