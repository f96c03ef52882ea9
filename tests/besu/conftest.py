"""One network of four validators for all tests here, and a sender that it admits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from eth_account import Account

from scripts.besu.find import BesuMissingError, find
from scripts.besu.generate import Network, generate
from scripts.besu.nodes import Node
from scripts.besu.processes import Running, StartRefusedError
from scripts.besu.rpc import NodeRefusesError, NodeSilentError, call, height

ROOT = Path(__file__).resolve().parents[2]
WITHIN_S = 600.0
PERIOD_S = 1
KEY = "0x" + 62 * "0" + "b5"
GAS = 21_000
POOL_NOT_READY = -32_002


def until(condition: Callable[[], bool], what: str, within_s: float = WITHIN_S) -> None:
    """Poll; a silent node is a condition that doesn't hold yet."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            if condition():
                return
        except (NodeSilentError, NodeRefusesError):
            pass
        assert time.monotonic() < deadline, f"not within {within_s:.0f} s: {what}"
        time.sleep(0.1)


@dataclass
class Sender:
    """An admitted account that sends nothing to itself, one nonce after the other."""

    chain_id: int
    key: str = KEY
    nonce: int = 0
    hashes: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return str(Account.from_key(self.key).address)

    def next(self) -> str:
        """Signed bytes of the next transaction."""
        body = {
            "nonce": self.nonce,
            "chainId": self.chain_id,
            "gas": GAS,
            "gasPrice": 0,
            "to": self.address,
            "value": 0,
        }
        signed = Account.from_key(self.key).sign_transaction(body)
        self.nonce += 1
        self.hashes.append("0x" + signed.hash.hex().removeprefix("0x"))
        return "0x" + signed.raw_transaction.hex().removeprefix("0x")


def send(node: Node, raw: str) -> None:
    """Hand bytes to a node; that it knows them already is no refusal. A node that is just starting is silent (NodeSilentError)."""
    try:
        call(node.rpc_url, "eth_sendRawTransaction", raw)
    except NodeRefusesError as error:
        if error.code == POOL_NOT_READY:
            raise NodeSilentError(str(error)) from error
        if "known transaction" not in str(error).lower() and "nonce too low" not in str(error).lower():
            raise


def receipt(node: Node, tx_hash: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = call(node.rpc_url, "eth_getTransactionReceipt", tx_hash)
    return found


def block(node: Node, number: int | str) -> dict[str, Any] | None:
    tag = hex(number) if isinstance(number, int) else number
    found: dict[str, Any] | None = call(node.rpc_url, "eth_getBlockByNumber", tag, False)
    return found


def grows(node: Node, blocks: int = 3) -> None:
    """Until a node has so many blocks more than now."""
    until(lambda: height(node.rpc_url) >= 0, f"{node.name} answers")
    start = height(node.rpc_url)
    until(lambda: height(node.rpc_url) >= start + blocks, f"{blocks} blocks more on {node.name}")


@pytest.fixture(scope="session")
def sender(network: Network) -> Sender:
    return Sender(network.chain_id)


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    folder = tmp_path_factory.mktemp("besu")
    source = yaml.safe_load((ROOT / "besu-network" / "network.yaml").read_text())
    source["chain"] |= {"period_s": PERIOD_S, "request_timeout_s": 2 * PERIOD_S}
    source["nodes"] |= {"heap": "256m"}
    source["accounts"] = {
        "addresses": {"sender": str(Account.from_key(KEY).address)},
        "allowlist": ["system", "sender"],
    }
    source["rpc_nodes"] = 0
    (folder / "network.yaml").write_text(yaml.safe_dump(source))
    return generate(folder / "network.yaml", folder / "net")


@pytest.fixture(scope="session")
def besu(network: Network) -> Iterator[Running]:
    try:
        running = Running(network, find())
    except BesuMissingError as error:
        pytest.fail(str(error))
    try:
        running.start()
        yield running
    except StartRefusedError as error:
        pytest.fail(str(error))
    finally:
        running.stop()


@pytest.fixture
def whole(besu: Running) -> Running:
    """All four validators run and have each other for peers."""
    for node in besu.network.nodes:
        besu.start_node(node.name)
    besu.wait_ready()
    return besu
