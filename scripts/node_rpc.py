"""A small JSON-RPC client for the node beside us on the loopback interface; no retries, the caller decides."""

import http.client
import json
import socket
from typing import Any, Self
from urllib.parse import urlsplit

Call = tuple[str, list[Any]]


class NodeUnreachableError(Exception):
    """Nobody answers at the address, or the connection broke: the node is starting, stopping or dead."""


class NodeRefusedError(Exception):
    """The node answered a call with a JSON-RPC error."""


class NodeRpc:
    """Calls over one kept connection. `url` is plain http; `timeout_s` is the longest wait for one answer, seconds."""

    def __init__(self, url: str, timeout_s: float = 30.0) -> None:
        parts = urlsplit(url)
        self._host, self._port, self._path = parts.hostname or "127.0.0.1", parts.port or 80, parts.path or "/"
        self._timeout_s = timeout_s
        self._connection: http.client.HTTPConnection | None = None

    def call(self, method: str, *params: Any) -> Any:
        """The result of one call. Raises NodeUnreachableError and NodeRefusedError."""
        return self.batch([(method, list(params))])[0]

    def batch(self, calls: list[Call]) -> list[Any]:
        """The results of several calls sent at once, in the order asked. The node may run them in another order."""
        if not calls:
            return []
        request = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            for number, (method, params) in enumerate(calls)
        ]
        answers = self._post(json.dumps(request).encode())
        if not isinstance(answers, list) or len(answers) != len(calls):
            raise NodeRefusedError(f"unexpected answer to {calls[0][0]}: {str(answers)[:300]}")
        for answer in answers:
            if "error" in answer:
                method = calls[answer["id"]][0] if isinstance(answer.get("id"), int) else calls[0][0]
                raise NodeRefusedError(f"{method}: {answer['error'].get('message', answer['error'])}")
        return [answer["result"] for answer in sorted(answers, key=lambda answer: int(answer["id"]))]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _post(self, body: bytes) -> Any:
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)
                self._connection.connect()
                # Without this a small request waits for the delayed acknowledgement of the one before, 40 ms.
                self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connection.request("POST", self._path, body, {"Content-Type": "application/json"})
            return json.loads(self._connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise NodeUnreachableError(f"http://{self._host}:{self._port}: {error}") from error
