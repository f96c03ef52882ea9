"""A thin, quick door from the tests to the contracts on anvil.

`Contract` reads like the contract itself: `rubles.credit(alice, 100, ref, sender=treasurer1)` sends a transaction and returns its
`Receipt` (gas, decoded events); a view answers its value; `.call(…)` runs a changing function without sending it. What a contract
refuses arrives as `Refused` with the custom error's name and values, whichever contract of the system threw it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from eth_abi import decode, encode
from eth_utils import event_abi_to_log_topic, function_abi_to_4byte_selector, to_checksum_address
from web3 import Web3

GAS = 29_000_000
MINED_WITHIN_S = 60
NUDGE_AFTER_S = 5


class Struct(dict[str, Any]):
    """A decoded tuple: a dictionary whose keys are attributes too."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError as missing:
            raise AttributeError(name) from missing


class Event(NamedTuple):
    """One decoded log."""

    name: str
    address: str
    args: Struct


class Receipt(NamedTuple):
    """What a mined transaction did."""

    gas: int
    block: int
    timestamp: int
    logs: tuple[Event, ...]

    def events(self, name: str) -> list[Struct]:
        """Values of the events of that name, in order."""
        return [event.args for event in self.logs if event.name == name]

    def event(self, name: str) -> Struct:
        """Values of the only event of that name."""
        (only,) = self.events(name)
        return only


class Refused(Exception):
    """A transaction or call was reverted by a custom error (or `Panic`, `Error`, empty)."""

    def __init__(self, name: str, args: Struct) -> None:
        super().__init__(f"{name}({', '.join(f'{key}={value!r}' for key, value in args.items())})")
        self.name = name
        self.values = args


@contextmanager
def refused(name: str, /, **values: Any) -> Iterator[None]:
    """The block must be refused with the error `name`, and its values must be the given ones (those not given are free)."""
    try:
        yield
    except Refused as refusal:
        if refusal.name != name:
            raise AssertionError(f"refused with {refusal}, not {name}") from refusal
        found = {key: refusal.values[key] for key in values}
        wanted = {key: to_wire(value) for key, value in values.items()}
        if found != wanted:
            raise AssertionError(f"{name} carries {refusal.values}, not {wanted}") from refusal
    else:
        raise AssertionError(f"was not refused with {name}")


class Evm:
    """The node: raw JSON-RPC, decoding of events and errors of every known contract."""

    def __init__(self, web3: Web3) -> None:
        self.web3 = web3
        self._events: dict[bytes, dict[str, Any]] = {}
        self._errors: dict[bytes, dict[str, Any]] = {
            bytes.fromhex("08c379a0"): {"name": "Error", "inputs": [{"name": "reason", "type": "string"}]},
            bytes.fromhex("4e487b71"): {"name": "Panic", "inputs": [{"name": "code", "type": "uint256"}]},
        }
        self.rpc("anvil_autoImpersonateAccount", True)

    def rpc(self, method: str, *params: Any) -> Any:
        """Result of a JSON-RPC call; Refused when it is a revert, AssertionError for other errors."""
        answer: Any = self.web3.provider.make_request(method, params)  # type: ignore[arg-type]  # methods of anvil
        if "error" in answer:
            data = answer["error"].get("data")
            if answer["error"].get("code") == 3 and isinstance(data, str):
                raise self.refusal(data)
            raise AssertionError(f"{method}: {answer['error']}")
        return answer["result"]

    def learn(self, abi: Sequence[Mapping[str, Any]]) -> None:
        """Remember the events and errors of a contract for decoding."""
        for entry in abi:
            if entry["type"] == "event":
                self._events[event_abi_to_log_topic(entry)] = dict(entry)  # type: ignore[arg-type]
            elif entry["type"] == "error":
                self._errors[function_abi_to_4byte_selector({**entry, "type": "function"})] = dict(entry)  # type: ignore[typeddict-item,misc]

    def send(self, sender: str, to: str | None, data: str, value: int = 0) -> tuple[Receipt, str | None]:
        """Mine a transaction; its receipt and the address of a contract it made. Refused with the contract's own error."""
        transaction = {"from": sender, "data": data, "gas": hex(GAS), "gasPrice": "0x0", "value": hex(value)}
        if to is not None:
            transaction["to"] = to
        digest = self.rpc("eth_sendTransaction", transaction)
        raw = self._mined(digest)
        if raw["status"] != "0x1":
            trace = self.rpc("debug_traceTransaction", digest, {"tracer": "callTracer"})
            raise self.refusal(trace.get("output") or "0x")
        logs = tuple(event for log in raw["logs"] if (event := self.event(log)) is not None)
        block = self.rpc("eth_getBlockByNumber", raw["blockNumber"], False)
        receipt = Receipt(int(raw["gasUsed"], 16), int(raw["blockNumber"], 16), int(block["timestamp"], 16), logs)
        return receipt, raw.get("contractAddress")

    def _mined(self, digest: str) -> Any:
        """Receipt of a transaction; the node answers the sending a moment before the block is there.

        On a busy machine the node now and then leaves a transaction in its pool until something else happens: it is asked to mine.
        """
        deadline, nudge = time.monotonic() + MINED_WITHIN_S, time.monotonic() + NUDGE_AFTER_S
        while (raw := self.rpc("eth_getTransactionReceipt", digest)) is None:
            if time.monotonic() > deadline:
                raise AssertionError(f"{digest} was not mined in {MINED_WITHIN_S} s")
            if time.monotonic() > nudge:
                self.rpc("evm_mine")
                nudge += NUDGE_AFTER_S
        return raw

    def call(self, sender: str, to: str, data: str) -> bytes:
        """Run without mining, on the pending block, so `block.timestamp` is what the next transaction will see."""
        return bytes.fromhex(
            self.rpc("eth_call", {"from": sender, "to": to, "data": data, "gas": hex(GAS)}, "pending")[2:]
        )

    def event(self, log: Mapping[str, Any]) -> Event | None:
        """A log decoded by the ABI that fits its first topic; None for an unknown one."""
        topics = [bytes.fromhex(topic[2:]) for topic in log["topics"]]
        abi = self._events.get(topics[0])
        if abi is None:
            return None
        plain = [entry for entry in abi["inputs"] if not entry["indexed"]]
        values = dict(zip([e["name"] for e in plain], decode_all(plain, bytes.fromhex(log["data"][2:])), strict=True))
        for entry, topic in zip([e for e in abi["inputs"] if e["indexed"]], topics[1:], strict=True):
            values[entry["name"]] = decode_all([entry], topic)[0]
        return Event(abi["name"], to_checksum_address(log["address"]), Struct(values))

    def refusal(self, data: str) -> Refused:
        """The custom error that revert data carry."""
        raw = bytes.fromhex(data[2:])
        abi = self._errors.get(raw[:4])
        if abi is None:
            return Refused("Unknown" if raw else "Empty", Struct(data=data))
        values = decode_all(abi["inputs"], raw[4:])
        return Refused(abi["name"], Struct(zip([e["name"] for e in abi["inputs"]], values, strict=True)))

    # --- time --------------------------------------------------------------------------------------------------------

    def now(self) -> int:
        """Timestamp of the latest block, unix seconds."""
        return int(self.rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    def next_at(self, timestamp: int) -> None:
        """The next transaction is mined with exactly this timestamp."""
        self.rpc("evm_setNextBlockTimestamp", timestamp)

    def travel(self, timestamp: int) -> None:
        """Mine an empty block with this timestamp; what follows happens after it."""
        self.next_at(timestamp)
        self.rpc("evm_mine")

    def wait(self, seconds: int) -> None:
        """Move time forward."""
        self.travel(self.now() + seconds)


class Function:
    """One function of a contract, bound to its address."""

    def __init__(self, evm: Evm, address: str, abi: Mapping[str, Any]) -> None:
        self.evm, self.address, self.abi = evm, address, abi
        self.inputs: list[dict[str, Any]] = list(abi["inputs"])
        self.selector = bytes(function_abi_to_4byte_selector(abi))  # type: ignore[arg-type]

    def data(self, *args: Any) -> str:
        """Call data of this call, 0x-hex."""
        return "0x" + (self.selector + encode_all(self.inputs, args)).hex()

    def call(self, *args: Any, sender: str = "0x" + "0" * 40) -> Any:
        """The value that the function would return now; Refused when it would revert."""
        answer = self.evm.call(str(sender), self.address, self.data(*args))
        values = decode_all(self.abi["outputs"], answer)
        if len(values) == 1:
            return values[0]
        names = [entry["name"] for entry in self.abi["outputs"]]
        return Struct(zip(names, values, strict=True)) if all(names) else tuple(values)

    def __call__(self, *args: Any, sender: str | None = None) -> Any:
        """A view: its value. A changing function: the Receipt of a transaction sent by `sender`."""
        if self.abi["stateMutability"] in ("view", "pure"):
            return self.call(*args, sender=sender or "0x" + "0" * 40)
        if sender is None:
            raise TypeError(f"{self.abi['name']} changes state and wants sender=")
        return self.evm.send(str(sender), self.address, self.data(*args))[0]


class Contract:
    """A deployed contract; its functions are attributes. Passes as its address wherever an address is wanted."""

    def __init__(self, evm: Evm, name: str, address: str, abi: Sequence[Mapping[str, Any]]) -> None:
        self.evm, self.name, self.abi = evm, name, abi
        self.address = to_checksum_address(address)
        self._functions: dict[str, list[Mapping[str, Any]]] = {}
        for entry in abi:
            if entry["type"] == "function":
                self._functions.setdefault(entry["name"], []).append(entry)
        evm.learn(abi)

    def __getattr__(self, name: str) -> Function:
        overloads = self.__dict__.get("_functions", {}).get(name)
        if not overloads:
            raise AttributeError(f"no function {name}")
        return Function(self.evm, self.address, overloads[0])

    def overload(self, signature: str) -> Function:
        """One of several functions of a name, as `transfer(address,uint256)`."""
        for entry in self._functions[signature.split("(", maxsplit=1)[0]]:
            if signature == f"{entry['name']}({','.join(type_of(e) for e in entry['inputs'])})":
                return Function(self.evm, self.address, entry)
        raise AttributeError(signature)

    def __repr__(self) -> str:
        return f"<{self.name} {self.address}>"

    def __str__(self) -> str:
        return self.address


def deploy(evm: Evm, name: str, artifact: Mapping[str, Any], *args: Any, sender: str) -> Contract:
    """Deploy a contract from its artifact."""
    constructor = next((entry for entry in artifact["abi"] if entry["type"] == "constructor"), {"inputs": []})
    evm.learn(artifact["abi"])
    code = artifact["bytecode"] + encode_all(constructor["inputs"], args).hex()
    _, address = evm.send(sender, None, code)
    if address is None:
        raise AssertionError(f"{name} was not deployed")
    return Contract(evm, name, address, artifact["abi"])


# --- ABI coding ------------------------------------------------------------------------------------------------------


def type_of(entry: Mapping[str, Any]) -> str:
    """Canonical type of an ABI entry, tuples written out."""
    kind = str(entry["type"])
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(type_of(part) for part in entry['components'])}){kind[5:]}"


def to_wire(value: Any) -> Any:
    """A value as the coder wants it: contracts and accounts become addresses, hex text becomes bytes where it is no address."""
    if isinstance(value, Contract):
        return value.address
    if isinstance(value, str) and value.startswith("0x"):
        return to_checksum_address(value) if len(value) == 42 else bytes.fromhex(value[2:])
    return value


def fitted(entry: Mapping[str, Any], value: Any) -> Any:
    """`value` shaped for its ABI entry: tuples may be given as dictionaries."""
    kind = str(entry["type"])
    if kind.endswith("]"):
        inner = {**entry, "type": kind[: kind.rindex("[")]}
        return [fitted(inner, item) for item in value]
    if kind == "tuple":
        parts = entry["components"]
        items = [value[part["name"]] for part in parts] if isinstance(value, Mapping) else list(value)
        return tuple(fitted(part, item) for part, item in zip(parts, items, strict=True))
    return value if kind == "string" else to_wire(value)


def encode_all(entries: Sequence[Mapping[str, Any]], values: Sequence[Any]) -> bytes:
    """Values encoded by their ABI entries."""
    pairs = zip(entries, values, strict=True)
    return encode([type_of(entry) for entry in entries], [fitted(entry, value) for entry, value in pairs])


def shaped(entry: Mapping[str, Any], value: Any) -> Any:
    """A decoded value made handy: checksummed addresses, tuples as Struct."""
    kind = str(entry["type"])
    if kind.endswith("]"):
        inner = {**entry, "type": kind[: kind.rindex("[")]}
        return [shaped(inner, item) for item in value]
    if kind == "tuple":
        parts = entry["components"]
        return Struct({part["name"]: shaped(part, item) for part, item in zip(parts, value, strict=True)})
    return to_checksum_address(value) if kind == "address" else value


def decode_all(entries: Sequence[Mapping[str, Any]], data: bytes) -> list[Any]:
    """Values decoded by their ABI entries."""
    values = decode([type_of(entry) for entry in entries], data)
    return [shaped(entry, value) for entry, value in zip(entries, values, strict=True)]
