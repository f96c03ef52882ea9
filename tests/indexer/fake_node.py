"""A node that isn't one: it serves a chain of valid blocks (right roots, hashes and signatures) and lies only when a test wants it.

`FakeChain` makes the blocks, `FakeNode` answers JSON-RPC about them, in process (`FakeNode.transport`) or over HTTP (`served`), and
`FakeNode.fault` may spoil an answer on its way out.
"""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from eth_abi import encode
from eth_account import Account

from indexer.chain import proofs
from indexer.chain.abi import events_of
from indexer.chain.addresses import CONTRACTS

Json = dict[str, Any]
CHAIN_ID = 20260
START = 1_800_000_000
KEY = b"\x07" * 32
SENDER = Account.from_key(KEY).address.lower()
ADDRESSES = {name: f"0x{0xC000 + number:040x}" for number, name in enumerate(CONTRACTS)}
EMPTY_BLOOM = "0x" + "0" * 512
ZERO = "0x" + "0" * 64


class FakeChain:
    """A growing list of blocks with their receipts."""

    def __init__(self) -> None:
        self.blocks: list[Json] = []
        self.receipts: list[list[Json]] = []
        self._nonce = 0
        self.add()

    def add(self, *transactions: list[Json]) -> Json:
        """A new block; each transaction is the list of its logs (see `log`)."""
        number = len(self.blocks)
        signed = [self._transaction(number, index) for index in range(len(transactions))]
        receipts = self._receipts(number, signed, list(transactions))
        raws = [proofs.raw_transaction(tx) for tx in signed]
        header: Json = {
            "parentHash": self.blocks[-1]["hash"] if self.blocks else ZERO,
            "sha3Uncles": "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347",
            "miner": "0x" + "0" * 40,
            "stateRoot": ZERO,
            "transactionsRoot": proofs.transactions_root(raws),
            "receiptsRoot": proofs.receipts_root(receipts),
            "logsBloom": EMPTY_BLOOM,
            "difficulty": "0x0",
            "number": hex(number),
            "gasLimit": hex(100_000_000),
            "gasUsed": hex(21_000 * len(signed)),
            "timestamp": hex(START + 2 * number),
            "extraData": "0x",
            "mixHash": ZERO,
            "nonce": "0x0000000000000000",
            "baseFeePerGas": "0x0",
        }
        block = {**header, "hash": proofs.header_hash(header), "transactions": signed, "uncles": []}
        for receipt in receipts:
            receipt["blockHash"] = block["hash"]
        self.blocks.append(block)
        self.receipts.append(receipts)
        return block

    def _transaction(self, number: int, index: int) -> Json:
        fields = {
            "chainId": CHAIN_ID,
            "nonce": self._nonce,
            "gas": 21_000,
            "gasPrice": 0,
            "value": 0,
            "to": "0x" + "1" * 40,
        }
        self._nonce += 1
        signed = Account.sign_transaction({**fields, "data": "0x"}, KEY)
        return {
            **{name: hex(fields[name]) for name in ("nonce", "gas", "gasPrice", "value")},
            "type": "0x0",
            "to": fields["to"],
            "input": "0x",
            "v": hex(signed.v),
            "r": hex(signed.r),
            "s": hex(signed.s),
            "hash": signed.hash.to_0x_hex(),
            "from": SENDER,
            "blockNumber": hex(number),
            "transactionIndex": hex(index),
        }

    def _receipts(self, number: int, signed: list[Json], transactions: list[list[Json]]) -> list[Json]:
        receipts: list[Json] = []
        count = 0
        for index, (tx, logs) in enumerate(zip(signed, transactions, strict=True)):
            placed = [
                {**log, "logIndex": hex(count + place), "transactionHash": tx["hash"], "blockNumber": hex(number)}
                for place, log in enumerate(logs)
            ]
            count += len(logs)
            receipts.append(
                {
                    "type": "0x0",
                    "status": "0x1",
                    "cumulativeGasUsed": hex(21_000 * (index + 1)),
                    "logs": placed,
                    "transactionHash": tx["hash"],
                    "contractAddress": None,
                }
            )
        return receipts


def log(contract: str, event: str, address: str | None = None, **args: Any) -> Json:
    """A log of one of our contracts, encoded by its ABI. Indexed dynamic arguments are not needed."""
    abi = next(item for item in events_of(contract).values() if item.name == event)
    topics = [abi.topic]
    topics += ["0x" + encode([item.type], [_plain(args[item.name])]).hex() for item in abi.inputs if item.indexed]
    plain = [item for item in abi.inputs if not item.indexed]
    data = encode([item.type for item in plain], [_plain(args[item.name]) for item in plain])
    return {"address": address or ADDRESSES[contract], "topics": topics, "data": "0x" + data.hex()}


def credit(account: str, kopeks: int, reference: int) -> Json:
    """Rubles that came by bank."""
    ref = reference.to_bytes(32, "big")
    return log("Rubles", "RublesCredited", account=account, kopeks=kopeks, bankRef=ref, toFrozen=False)


def _plain(value: Any) -> Any:
    return bytes.fromhex(value[2:]) if isinstance(value, str) and len(value) == 66 else value


class FakeNode:
    """Answers JSON-RPC about a chain. ``fault`` takes the calls and the answers and may change, reorder or drop them, or raise."""

    def __init__(self, chain: FakeChain) -> None:
        self.chain = chain
        self.chain_id = CHAIN_ID
        self.code = "0x60"
        self.fault: Callable[[list[Json], list[Json]], list[Json]] | None = None
        self.down = False
        self.requests = 0

    @property
    def transport(self) -> httpx.MockTransport:
        """For `RpcClient(url, transport=…)`: no socket at all."""
        return httpx.MockTransport(self._handle)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            raise httpx.ConnectError("connection refused", request=request)
        return httpx.Response(200, json=self.answer(json.loads(request.content)))

    def answer(self, body: Any) -> Any:
        """Answer of a single call or of a batch."""
        self.requests += 1
        calls = body if isinstance(body, list) else [body]
        answers = [{"jsonrpc": "2.0", "id": call["id"], **self._one(call)} for call in calls]
        answers = copy.deepcopy(answers)
        if self.fault:
            answers = self.fault(calls, answers)
        return answers if isinstance(body, list) else answers[0]

    def _one(self, call: Json) -> Json:
        method, params = call["method"], call["params"]
        if method == "eth_chainId":
            return {"result": hex(self.chain_id)}
        if method == "eth_blockNumber":
            return {"result": hex(len(self.chain.blocks) - 1)}
        if method == "eth_getCode":
            return {"result": self.code}
        if method in {"eth_getBlockByNumber", "eth_getBlockReceipts"}:
            number = int(params[0], 16)
            source: list[Any] = self.chain.blocks if method == "eth_getBlockByNumber" else self.chain.receipts
            return {"result": source[number] if number < len(source) else None}
        if method == "eth_getBlockTransactionCountByNumber":
            return {"result": hex(len(self.chain.blocks[int(params[0], 16)]["transactions"]))}
        return {"error": {"code": -32601, "message": f"{method} does not exist"}}


@contextmanager
def served(node: FakeNode) -> Iterator[str]:
    """The node over HTTP on a free port; its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            content = json.dumps(node.answer(json.loads(body))).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def write_deployment(path: Path, **changes: Any) -> Path:
    """A deployment file of the fake contracts."""
    path.write_text(json.dumps({"chain_id": CHAIN_ID, "contracts": ADDRESSES, **changes}), encoding="utf-8")
    return path
