"""A node with the whole system on it, into which faulty contracts are put at the addresses of the sound ones.

Deploying costs seconds and compiling with the optimiser too, so neither is done for each fault: a faulty contract is compiled without
optimiser, its constructor runs in a call, and the code it returns replaces the code in place. Tests run in a forked child.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from web3 import Web3

from scripts import compile as project
from tests.contracts import compiled
from tests.contracts.evm import Evm, encode_all
from tests.contracts.system import People, build_system, plan_of

STARTED_WITHIN_S = 60
TESTED_WITHIN_S = 1200
ASSET = "DigitalAsset"
QUIET = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:randomly", "--no-header", "--no-summary"]


class RefusedError(Exception):
    """A faulty contract can't even be constructed, so every deployment would notice the fault."""


class Compiler:
    """The compiler, loaded once."""

    def __init__(self) -> None:
        command = [str(project.ROOT / "build/bin/node"), str(project.ROOT / "scripts/assurance/compiler.cjs")]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def artifacts(
        self, sources: dict[str, str], wanted: dict[str, str], *, optimised: bool = False
    ) -> dict[str, Any] | None:
        """Artifacts of the contracts `wanted` (name to source); None when the sources don't compile."""
        outputs = {
            source: {name: project.OUTPUTS for name, its in wanted.items() if its == source}
            for source in wanted.values()
        }
        settings = project.settings(outputs)
        settings["optimizer"]["enabled"] = optimised
        settings["metadata"] = {"appendCBOR": False}
        texts = {name: {"content": text} for name, text in sources.items()}
        request = {"language": "Solidity", "sources": texts, "settings": settings}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        output = json.loads(self._process.stdout.readline())
        if any(one["severity"] == "error" for one in output.get("errors", [])):
            return None
        return {
            name: project.artifact(source, name, output["contracts"][source][name]) for name, source in wanted.items()
        }

    def close(self) -> None:
        """End the compiler's process."""
        self._process.terminate()
        self._process.wait()


class Bench:
    """The node, the deployed system, and what is needed to put other code in place."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        flags = ["--block-base-fee-per-gas", "0", "--gas-price", "0", "--hardfork", "prague", "--quiet"]
        command = [str(project.ROOT / "build/bin/anvil"), "--port", str(port), "--disable-code-size-limit", *flags]
        self._node = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.evm = Evm(connected(self.url))
        self.people = People()
        with tempfile.TemporaryDirectory() as folder:
            system = build_system(self.evm, self.people, Path(folder))
        self.plan = plan_of(self.people)
        self.store = str(system.registry.ASSET_CODE())
        self.base = self.evm.rpc("evm_snapshot")

    def __enter__(self) -> Self:
        """Nothing more to do: the node stands."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the node."""
        self._node.terminate()
        self._node.wait()

    def survives(self, artifacts: dict[str, Any], tests: list[str]) -> bool:
        """Do the tests pass with these contracts in place? RefusedError when they can't be constructed."""
        try:
            self._install(artifacts)
            return self._pass(artifacts, tests)
        finally:
            self.evm.rpc("evm_revert", self.base)
            self.base = self.evm.rpc("evm_snapshot")

    def _install(self, artifacts: dict[str, Any]) -> None:
        for name, made in artifacts.items():
            if name == ASSET:
                self._put(self.store, "0x00" + made["bytecode"][2:])
            else:
                self._put(str(self.plan.addresses()[name]), self._constructed(name, made))

    def _constructed(self, name: str, made: dict[str, Any]) -> str:
        """Runtime code as the constructor returns it, immutable values in place."""
        constructor = [entry["inputs"] for entry in made["abi"] if entry["type"] == "constructor"]
        values = [value for value in self.plan.arguments(name) if value]
        data = made["bytecode"] + (encode_all(constructor[0], values).hex() if constructor else "")
        try:
            code = str(
                self.evm.rpc(
                    "eth_call", {"from": self.people.deployer, "data": data, "gas": hex(500_000_000)}, "latest"
                )
            )
        except Exception as refusal:
            raise RefusedError(f"{name}: {refusal}") from refusal
        if name == "IssueRegistry":  # its constructor made another store of the token's code, in the call alone
            self._put(str(self.plan.addresses()[name]), code)
            answer = self.evm.call(
                self.people.deployer, str(self.plan.addresses()[name]), "0x" + made["methodIdentifiers"]["ASSET_CODE()"]
            )
            code = code.replace(answer.hex()[-40:], self.store[2:].lower())
        return code

    def _put(self, address: str, code: str) -> None:
        self.evm.rpc("anvil_setCode", address, code)

    def _pass(self, artifacts: dict[str, Any], tests: list[str]) -> bool:
        child = os.fork()
        if child == 0:
            os._exit(run_tests(self.url, artifacts, tests))
        deadline = time.monotonic() + TESTED_WITHIN_S
        while (status := os.waitpid(child, os.WNOHANG))[0] == 0:
            if time.monotonic() > deadline:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                return False
            time.sleep(0.05)
        code = os.waitstatus_to_exitcode(status[1])
        if code not in {0, 1}:
            raise RuntimeError(f"pytest ended with {code}: {tests[:3]}")
        return code == 0


def run_tests(url: str, artifacts: dict[str, Any], tests: list[str]) -> int:
    """In the child: pytest on the node that stands, with the faulty contracts' code where a test deploys by itself."""
    os.environ["KAPITAL_TEST_NODE"] = url
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    original = compiled.artifact
    compiled.artifact = lambda name: artifacts.get(name) or original(name)  # type: ignore[assignment]
    return int(pytest.main([*QUIET, *tests]))


def connected(url: str) -> Web3:
    """A connection to a node as soon as it answers."""
    web3 = Web3(Web3.HTTPProvider(url))
    deadline = time.monotonic() + STARTED_WITHIN_S
    while not web3.is_connected():
        if time.monotonic() > deadline:
            raise TimeoutError(f"no node at {url} within {STARTED_WITHIN_S} s")
        time.sleep(0.1)
    return web3
