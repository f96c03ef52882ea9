"""The narrow door to the node that the sender needs: five questions and one act.

    NodeError
    ├── NodeDownError        no answer: it may or may not have happened; ask again with the same bytes
    └── NodeRefusedError     the node answered with an error (code, message, revert data)

The httpx transport is the seam that tests replace.
"""

from __future__ import annotations

from typing import Any

import httpx

# JSON-RPC "internal error" and "limit exceeded" (EIP-1474) without revert data say nothing of the call itself.
_BUSY = frozenset({-32603, -32005})


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


class Node:
    """JSON-RPC over HTTP. Never retries by itself: the sender decides what may be repeated."""

    def __init__(self, rpc_url: str, *, timeout_s: float = 20.0, transport: httpx.BaseTransport | None = None) -> None:
        self._url = rpc_url
        self._http = httpx.Client(timeout=timeout_s, transport=transport, trust_env=False)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def simulate(self, *, sender: str, to: str, data: str, block: str = "latest") -> None:
        """Run the call without a transaction; raises :class:`NodeRefusedError` with the revert data when the contract refuses."""
        self._ask("eth_call", [{"from": sender, "to": to, "data": data}, block])

    def estimate_gas(self, *, sender: str, to: str, data: str) -> int:
        """Gas that the call needs now."""
        return int(self._ask("eth_estimateGas", [{"from": sender, "to": to, "data": data}]), 16)

    def transaction_count(self, address: str) -> int:
        """Mined transactions of an address."""
        return int(self._ask("eth_getTransactionCount", [address, "latest"]), 16)

    def block_number(self) -> int:
        """Height of the head."""
        return int(self._ask("eth_blockNumber", []), 16)

    def has_transaction(self, tx_hash: str) -> bool:
        """Whether the node knows the transaction, mined or pending."""
        return self._ask("eth_getTransactionByHash", [tx_hash]) is not None

    def send_raw(self, raw: str) -> str:
        """Hand over signed bytes; the transaction hash."""
        return str(self._ask("eth_sendRawTransaction", [raw]))

    def _ask(self, method: str, params: list[Any]) -> Any:
        try:
            response = self._http.post(self._url, json={"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
            answer = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise NodeDownError(f"{method}: {error}") from error
        if "error" in answer:
            refused = _refusal(answer["error"])
            if refused.code in _BUSY and refused.data is None and "revert" not in refused.message.lower():
                raise NodeDownError(f"{method}: {refused}") from refused
            raise refused
        return answer.get("result")


def _refusal(problem: dict[str, Any]) -> NodeRefusedError:
    code, message = int(problem.get("code", 0)), str(problem.get("message", ""))
    return NodeRefusedError(code, message, _revert_data(problem.get("data")))


def _revert_data(data: Any) -> str | None:
    if isinstance(data, dict):
        data = data.get("data") or data.get("result")
    if isinstance(data, str) and data.startswith("0x"):
        return data
    return None
