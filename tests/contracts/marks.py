"""A pytest plugin (`-p tests.contracts.marks`) for `make coverage`: the contracts are those with marks, and which marks were passed is
read from the node after each transaction and call. Files: build.json is read from, passed-*.json written to the folder KAPITAL_COVERAGE."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.assurance.instrument import BASE
from tests.contracts import compiled
from tests.contracts.evm import Evm

FOLDER = Path(os.environ.get("KAPITAL_COVERAGE", "build/coverage"))
TRACER = {"tracer": "prestateTracer", "tracerConfig": {"disableCode": True, "disableStorage": True}}
SENT = {"eth_sendTransaction", "eth_sendRawTransaction"}

passed: dict[str, set[int]] = defaultdict(set)  # by test; under no name what ran outside tests: the deployment
running = [""]


def pytest_configure(config: pytest.Config) -> None:
    """Serve the contracts with marks, and listen to every node that a test talks to."""
    artifacts = json.loads((FOLDER / "build.json").read_text(encoding="utf-8"))["artifacts"]
    original, construct = compiled.artifact, Evm.__init__
    compiled.artifact = lambda name: artifacts.get(name) or original(name)  # type: ignore[assignment]

    def listening(self: Evm, web3: Any) -> None:
        Listener(web3.provider)
        construct(self, web3)

    Evm.__init__ = listening  # type: ignore[method-assign]
    Evm.send = without_gas(Evm.send)  # type: ignore[method-assign]


def without_gas(send: Callable[..., Any]) -> Callable[..., Any]:
    """Marks cost gas, so a receipt tells none: the budgets are another run's business."""

    def sending(*args: Any, **named: Any) -> Any:
        receipt, made = send(*args, **named)
        return receipt._replace(gas=0), made

    return sending


def pytest_runtest_call(item: pytest.Item) -> None:
    """What follows belongs to this test."""
    running[0] = item.nodeid


def pytest_runtest_logfinish() -> None:
    """What follows belongs to no test: the end of a test's fixtures, where its transactions are read, still did."""
    running[0] = ""


def pytest_sessionfinish() -> None:
    """Each process of a run writes down what it saw."""
    seen = {test: sorted(numbers) for test, numbers in passed.items()}
    (FOLDER / f"passed-{os.getpid()}.json").write_text(json.dumps(seen), encoding="utf-8")


class Listener:
    """Stands before a web3 provider and asks the node about everything that went through."""

    def __init__(self, provider: Any) -> None:
        self.request = provider.make_request
        self.sent: set[str] = set()
        provider.make_request = self.make_request
        provider._request_func_cache = (None, None)  # web3 keeps the function that it found first

    def make_request(self, method: str, params: Any) -> Any:
        """The provider's answer, after reading the marks that led to it."""
        if method in {"evm_snapshot", "evm_revert"}:
            self.settle()  # blocks are about to be forgotten
        answer = self.request(method, params)
        if method == "eth_call":
            self.read(self.request("debug_traceCall", [*params[:2], TRACER]))
        elif method in SENT and "result" in answer:
            self.sent.add(str(answer["result"]))
        return answer

    def settle(self) -> None:
        """Read the marks of everything sent and mined."""
        for digest in [one for one in self.sent if self.request("eth_getTransactionReceipt", [one]).get("result")]:
            self.sent.discard(digest)
            self.read(self.request("debug_traceTransaction", [digest, TRACER]))

    @staticmethod
    def read(answer: Any) -> None:
        """Remember the marks among the accounts of a trace."""
        if "error" in answer:
            raise AssertionError(f"no trace: {answer['error']}")
        numbers = (int(address, 16) - BASE for address in answer["result"])
        passed[running[0]].update(number for number in numbers if 0 <= number < 1 << 32)
