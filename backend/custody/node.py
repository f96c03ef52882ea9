"""The narrow door to the node that the sender needs: a few questions and one act, each for many at once (JSON-RPC batches).

    NodeError
    ├── NodeDownError        no answer: it may or may not have happened; ask again with the same bytes
    └── NodeRefusedError     the node answered with an error (code, message, revert data)

In a batch each answer stands for itself: a :class:`NodeError` in its place says what became of that one. The httpx transport is the seam
that tests replace.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from indexer.chain.endpoints import Endpoints
from indexer.chain.errors import IndexerError

# JSON-RPC "internal error" and "limit exceeded" (EIP-1474) without revert data say nothing of the call itself.
_BUSY = frozenset({-32603, -32005})
_BATCH = 250
"""Questions in one request; Besu refuses more than 1,024 and many requests of moderate size keep a node's threads busier than one large."""


class NodeError(Exception):
    """The node gave no usable answer."""


class NodeDownError(NodeError):
    """No answer arrived."""


class NodeRefusedError(NodeError):
    """The node answered with an error; ``data`` is the revert data as 0x text when there is any."""

    def __init__(self, code: int, message: str, data: str | None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.data = data


@dataclass(frozen=True, slots=True)
class Call:
    """A call to simulate; ``gas`` None asks with the node's own limit."""

    sender: str
    to: str
    data: str
    gas: int | None = None

    def body(self) -> dict[str, str]:
        """As JSON-RPC wants it."""
        fields = {"from": self.sender, "to": self.to, "data": self.data}
        return fields if self.gas is None else {**fields, "gas": hex(self.gas)}


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where a transaction is, and whether the contract carried it out."""

    block_number: int
    ok: bool


class Node:
    """JSON-RPC over HTTP. Never retries by itself: the sender decides what may be repeated.

    Of several nodes one is spoken to until it fails: that question ends in :class:`NodeDownError`, the next one goes to the next node.
    """

    def __init__(
        self, rpc_url: str | Endpoints, *, timeout_s: float = 20.0, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._nodes = Endpoints([rpc_url]) if isinstance(rpc_url, str) else rpc_url
        self._http = httpx.Client(timeout=timeout_s, transport=transport, trust_env=False)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    # ------------------------------------------------------------------ one

    def simulate(self, *, sender: str, to: str, data: str, block: str = "latest") -> None:
        """Run the call without a transaction; raises :class:`NodeRefusedError` with the revert data when the contract refuses."""
        self._ask("eth_call", [Call(sender, to, data).body(), block])

    def block_number(self) -> int:
        """Height of the head."""
        return int(self._ask("eth_blockNumber", []), 16)

    def mined(self, number: int) -> list[str]:
        """Hashes of the transactions of a block; empty when the node hasn't the block. Asking for receipts would cost it a hundred times as much."""
        block = self._ask("eth_getBlockByNumber", [hex(number), False]) or {}
        return [str(one) for one in block.get("transactions", [])]

    # ------------------------------------------------------------------ many

    def simulate_many(self, calls: Sequence[Call]) -> list[NodeError | None]:
        """What each call would meet at the head; None: nothing stands against it."""
        answers = self._ask_many([("eth_call", [call.body(), "latest"]) for call in calls])
        return [answer if isinstance(answer, NodeError) else None for answer in answers]

    def estimate_many(self, calls: Sequence[Call]) -> list[int | NodeError]:
        """Gas that each call needs now."""
        return _numbers(self._ask_many([("eth_estimateGas", [call.body()]) for call in calls]))

    def transaction_counts(self, addresses: Sequence[str]) -> list[int | NodeError]:
        """Mined transactions of each address."""
        return _numbers(self._ask_many([("eth_getTransactionCount", [address, "latest"]) for address in addresses]))

    def known(self, hashes: Sequence[str]) -> list[bool | NodeError]:
        """Whether the node knows each transaction, mined or pending."""
        answers = self._ask_many([("eth_getTransactionByHash", [one]) for one in hashes])
        return [answer if isinstance(answer, NodeError) else answer is not None for answer in answers]

    def receipts(self, hashes: Sequence[str]) -> list[Receipt | NodeError | None]:
        """The block that holds each transaction and whether it was carried out; None: no block holds it."""
        answers = self._ask_many([("eth_getTransactionReceipt", [one]) for one in hashes])
        return [_receipt(answer) if isinstance(answer, dict) else answer for answer in answers]

    def send_many(self, raws: Sequence[str]) -> list[NodeError | None]:
        """Hand over signed bytes, in this order; None: taken."""
        answers = self._ask_many([("eth_sendRawTransaction", [raw]) for raw in raws])
        return [answer if isinstance(answer, NodeError) else None for answer in answers]

    # ------------------------------------------------------------------ wire

    def _ask(self, method: str, params: list[Any]) -> Any:
        answer = self._post({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        if not isinstance(answer, dict):
            raise NodeDownError(f"{method}: an answer that is none")
        result = _result(method, answer)
        if isinstance(result, NodeError):
            raise result
        return result

    def _ask_many(self, questions: Sequence[tuple[str, list[Any]]]) -> list[Any]:
        return [answer for part in _parts(questions) for answer in self._ask_part(part)]

    def _ask_part(self, questions: Sequence[tuple[str, list[Any]]]) -> list[Any]:
        body = [
            {"jsonrpc": "2.0", "id": place, "method": method, "params": params}
            for place, (method, params) in enumerate(questions)
        ]
        answers = self._post(body)
        if not isinstance(
            answers, list
        ):  # the whole batch is refused, e.g. by a limit: nothing of it is known to have happened
            raise NodeDownError(f"batch refused: {str(answers)[:200]}")
        by_id = {one.get("id"): one for one in answers if isinstance(one, dict)}
        nothing = {"error": {"code": -32603, "message": "no answer in the batch"}}
        return [_result(method, by_id.get(place, nothing)) for place, (method, _) in enumerate(questions)]

    def _post(self, body: Any) -> Any:
        try:
            url = self._nodes.usable(self._http)
        except IndexerError as error:
            raise NodeDownError(str(error)) from error
        try:
            response = self._http.post(url, json=body)
            if self._nodes.several:
                response.raise_for_status()  # turned away here may be let in there
            return response.json()
        except (httpx.HTTPError, ValueError) as error:
            why = str(error) or type(error).__name__
            self._nodes.failed(url, why)
            raise NodeDownError(why) from error


def _parts(questions: Sequence[tuple[str, list[Any]]]) -> Iterator[Sequence[tuple[str, list[Any]]]]:
    return (questions[start : start + _BATCH] for start in range(0, len(questions), _BATCH))


def _numbers(answers: list[Any]) -> list[int | NodeError]:
    return [answer if isinstance(answer, NodeError) else int(answer, 16) for answer in answers]


def _receipt(answer: dict[str, Any]) -> Receipt:
    return Receipt(int(answer["blockNumber"], 16), int(answer["status"], 16) == 1)


def _result(method: str, answer: dict[str, Any]) -> Any:
    if "error" not in answer:
        return answer.get("result")
    refused = _refusal(answer["error"])
    if refused.code in _BUSY and refused.data is None and not is_of_the_call(refused.message):
        return NodeDownError(f"{method}: {refused}")
    return refused


def is_of_the_call(message: str) -> bool:
    """Whether an error speaks of the call itself and not of the node: «execution reverted», «out of gas», anvil's «EVM error OutOfGas»."""
    text = message.lower()
    return any(word in text for word in ("revert", "out of gas", "outofgas", "evm error"))


def _refusal(problem: dict[str, Any]) -> NodeRefusedError:
    code, message = int(problem.get("code", 0)), str(problem.get("message", ""))
    return NodeRefusedError(code, message, _revert_data(problem.get("data")))


def _revert_data(data: Any) -> str | None:
    if isinstance(data, dict):
        data = data.get("data") or data.get("result")
    if isinstance(data, str) and data.startswith("0x"):
        return data
    return None
