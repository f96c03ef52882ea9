"""The node in memory behind real JSON-RPC on the loopback interface, so that real processes can be killed while they talk to it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from backend.custody.node import Call, NodeDownError, NodeError, NodeRefusedError, Receipt
from tests.backend.custody.world import FakeNode


class DroppedError(Exception):
    """The connection breaks."""


class NodeServer:
    """Answers for a :class:`FakeNode`. ``drop`` is asked before and after each request whether the connection breaks there."""

    def __init__(self, node: FakeNode, drop: Callable[[str], bool]) -> None:
        self._node = node
        self._drop = drop
        self._lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                try:
                    answer = json.dumps(server.answered(json.loads(body))).encode()
                except DroppedError:
                    self.close_connection = True
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """A client that was killed in the middle is what is tested."""

        self._server = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def running(self) -> Iterator[str]:
        """Serve until the block ends; the address."""
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self.url
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    @contextmanager
    def alone(self) -> Iterator[FakeNode]:
        """The node, while nobody else talks to it."""
        with self._lock:
            yield self._node

    def answered(self, body: Any) -> Any:
        """One request or a batch."""
        if self._drop("before"):
            raise DroppedError
        with self._lock:
            answer = [self._one(each) for each in body] if isinstance(body, list) else self._one(body)
        if self._drop("after"):
            raise DroppedError
        return answer

    def _one(self, asked: dict[str, Any]) -> dict[str, Any]:
        head = {"jsonrpc": "2.0", "id": asked["id"]}
        try:
            return {**head, "result": _act(self._node, asked["method"], asked["params"])}
        except NodeRefusedError as refused:
            return {**head, "error": {"code": refused.code, "message": refused.message, "data": refused.data}}
        except NodeDownError as down:
            return {**head, "error": {"code": -32603, "message": str(down)}}


def _act(node: FakeNode, method: str, params: list[Any]) -> Any:
    match method:
        case "eth_blockNumber":
            return hex(node.block_number())
        case "eth_getTransactionCount":
            return hex(_one_of(node.transaction_counts([params[0]])))
        case "eth_call":
            _call(node, params)
            return "0x"
        case "eth_estimateGas":
            return hex(_one_of(node.estimate_many([Call(params[0]["from"], params[0]["to"], params[0]["data"])])))
        case "eth_sendRawTransaction":
            return _one_of(node.send_many([params[0]])) or "0x"
        case "eth_getTransactionByHash":
            return {} if _one_of(node.known([params[0]])) else None
        case "eth_getTransactionReceipt":
            found = _one_of(node.receipts([params[0]]))
            return _receipt(params[0], found) if isinstance(found, Receipt) else None
        case "eth_getBlockByNumber":
            return {"transactions": node.mined(int(params[0], 16))}
    raise AssertionError(method)


def _call(node: FakeNode, params: list[Any]) -> None:
    call = Call(params[0]["from"], params[0]["to"], params[0]["data"])
    if params[1] == "latest":
        _one_of(node.simulate_many([call]))
    else:
        node.simulate(sender=call.sender, to=call.to, data=call.data, block=params[1])


def _receipt(tx_hash: str, found: Receipt) -> dict[str, str]:
    return {"transactionHash": tx_hash, "blockNumber": hex(found.block_number), "status": hex(int(found.ok))}


def _one_of(answers: list[Any]) -> Any:
    if isinstance(answers[0], NodeError):
        raise answers[0]
    return answers[0]
