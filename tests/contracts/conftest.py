"""The whole system on anvil, deployed once a session; every test runs on a snapshot of it.

Accounts of roles: `people.admin1`, `people.compliance2`, `people.operator`, `people.issuer`, `people.alice` … (addresses).
Contracts: the fixture `system` (`system.rubles`, `system.participants` …) or the fixtures of the same names.
A fresh system has officers, venues and FourEyes rules, and no participant: `system.admit(…)` admits.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from web3 import Web3

from tests.contracts.evm import Contract, Evm
from tests.contracts.system import People, System, attach_system, build_system

ROOT = Path(__file__).resolve().parents[2]
UP_WITHIN_S = 120


@contextmanager
def anvil() -> Iterator[str]:
    """A node on a free port; its address. ape would start it with every step of every transaction traced: ten times slower, and a
    block of 100 million gas takes gigabytes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host, port = free.getsockname()
    options = [
        "--quiet",
        "--accounts",
        "1",
        "--hardfork",
        "prague",
        "--gas-price",
        "0",
        "--block-base-fee-per-gas",
        "0",
    ]
    options += os.environ.get("KAPITAL_TEST_ANVIL", "").split()  # what `make coverage` and `make mutate` add
    node = subprocess.Popen([ROOT / "build" / "bin" / "anvil", "--port", str(port), *options])
    try:
        deadline = time.monotonic() + UP_WITHIN_S
        while not listens(host, port):
            assert time.monotonic() < deadline, f"anvil does not listen on {port}"
        yield f"http://{host}:{port}"
    finally:
        node.terminate()
        node.wait()


def listens(host: str, port: int) -> bool:
    """Is somebody at the door?"""
    with socket.socket() as door:
        return door.connect_ex((host, port)) == 0


@pytest.fixture(scope="session")
def evm() -> Iterator[Evm]:
    """A node of its own, to which ape connects; or the one at KAPITAL_TEST_NODE, where the system is deployed already."""
    if url := os.environ.get("KAPITAL_TEST_NODE"):
        yield Evm(Web3(Web3.HTTPProvider(url)))
        return
    os.environ["PATH"] = f"{ROOT / 'build' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    from ape import networks

    with anvil() as host, networks.ethereum.local.use_provider("foundry", provider_settings={"host": host}) as provider:
        yield Evm(provider.web3)


@pytest.fixture(scope="session")
def people() -> People:
    return People()


@pytest.fixture(scope="session")
def _system(evm: Evm, people: People, tmp_path_factory: pytest.TempPathFactory) -> System:
    if os.environ.get("KAPITAL_TEST_NODE"):
        return attach_system(evm, people)
    return build_system(evm, people, tmp_path_factory.mktemp("artifacts"))


@pytest.fixture
def system(_system: System, evm: Evm) -> Iterator[System]:
    """The deployed system; what a test does to it is undone after it."""
    snapshot = evm.rpc("evm_snapshot")
    yield _system
    evm.rpc("evm_revert", snapshot)


@pytest.fixture
def manager(system: System) -> Contract:
    return system.contract("AccessManager")


@pytest.fixture
def four_eyes(system: System) -> Contract:
    return system.contract("FourEyes")


@pytest.fixture
def participants(system: System) -> Contract:
    return system.contract("Participants")


@pytest.fixture
def rubles(system: System) -> Contract:
    return system.contract("Rubles")


@pytest.fixture
def registry(system: System) -> Contract:
    return system.contract("IssueRegistry")


@pytest.fixture
def placement(system: System) -> Contract:
    return system.contract("Placement")


@pytest.fixture
def exchange(system: System) -> Contract:
    return system.contract("Exchange")


@pytest.fixture
def payouts(system: System) -> Contract:
    return system.contract("Payouts")


@pytest.fixture
def anchors(system: System) -> Contract:
    return system.contract("Anchors")
