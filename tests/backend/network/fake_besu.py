"""Besu nodes on loopback, as far as permissioning sees them: lists and votes as its source keeps them, tokens verified by the public key.

A node can be down (its port is closed), wiped, or told to give a recorded answer; what it was asked is kept.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jose import jwt
from jose.exceptions import JWTError

Json = dict[str, Any]


def error(code: int, message: str) -> Json:
    return {"error": {"code": code, "message": message}}


@dataclass
class FakeBesu:
    """One node. ``answer`` replaces what a method answers; ``before`` runs before each question."""

    name: str
    role: str
    address: str
    enode: str
    public_key: str | None
    accounts: list[str] = field(default_factory=list)
    nodes: list[str] = field(default_factory=list)
    fixed: set[str] = field(default_factory=set)
    validators: list[str] = field(default_factory=list)
    votes: dict[str, bool] = field(default_factory=dict)
    head: int = 100
    answer: dict[str, Json] = field(default_factory=dict)
    before: Callable[[str], None] | None = None
    after: Callable[[str], None] | None = None
    asked: list[tuple[str, list[Any]]] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    clock_ahead_s: float = 0.0
    port: int = 0
    server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self))
        self.server.daemon_threads = True
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def writes(self) -> list[tuple[str, list[Any]]]:
        """What it was told to change."""
        return [(method, params) for method, params in self.asked if "add" in method or "remove" in method]

    # ------------------------------------------------------------------ as Besu answers

    def respond(self, method: str, params: list[Any], token: str | None) -> tuple[int, Json]:
        self.asked.append((method, params))
        if method.startswith(("perm_", "qbft_", "admin_")) and not self._may(method, token):
            return 401, error(-40100, "Unauthorized")
        if method in self.answer:
            return 200, self.answer[method]
        if method in self.extra:
            found = self.extra[method]
            return 200, {"result": found(params) if callable(found) else found}
        act = getattr(self, method, None)
        return (200, act(*params)) if act else (200, error(-32601, "Method not found"))

    def _may(self, method: str, token: str | None) -> bool:
        if self.public_key is None:
            return True
        try:
            claims = jwt.decode(token or "", self.public_key, algorithms=["RS256"], options={"require_exp": True})
        except JWTError:
            return False
        return f"{method.split('_', maxsplit=1)[0]}:*" in claims["permissions"]

    def perm_getAccountsAllowlist(self) -> Json:  # noqa: N802 - Besu's name
        return {"result": list(self.accounts)}

    def perm_getNodesAllowlist(self) -> Json:  # noqa: N802 - the same
        return {"result": list(self.nodes)}

    def perm_addAccountsToAllowlist(self, listed: list[str]) -> Json:  # noqa: N802 - the same
        given = [one.lower() for one in listed]
        if any(len(one) != 42 for one in given):
            return error(-32000, "Request contains an invalid account")
        if len(set(given)) != len(given):
            return error(-32000, "Request contains duplicate accounts")
        if set(given) & set(self.accounts):
            return error(-32000, "Cannot add an existing account to allowlist")
        self.accounts += given
        return {"result": "Success"}

    def perm_removeAccountsFromAllowlist(self, listed: list[str]) -> Json:  # noqa: N802 - the same
        if not set(listed) <= set(self.accounts):
            return error(-32000, "Cannot remove an absent account from allowlist")
        self.accounts = [one for one in self.accounts if one not in listed]
        return {"result": "Success"}

    def perm_addNodesToAllowlist(self, listed: list[str]) -> Json:  # noqa: N802 - the same
        if set(listed) & set(self.nodes):
            return error(-32000, "Cannot add an existing node to allowlist")
        self.nodes += listed
        return {"result": "Success"}

    def perm_removeNodesFromAllowlist(self, listed: list[str]) -> Json:  # noqa: N802 - the same
        if set(listed) & self.fixed:
            return error(-32000, "Cannot remove a fixed node (bootnode or static node) from allowlist")
        if not set(listed) <= set(self.nodes):
            return error(-32000, "Cannot remove an absent node from allowlist")
        self.nodes = [one for one in self.nodes if one not in listed]
        return {"result": "Success"}

    def qbft_getValidatorsByBlockNumber(self, _block: str) -> Json:  # noqa: N802 - the same
        return {"result": list(self.validators)}

    def qbft_getPendingVotes(self) -> Json:  # noqa: N802 - the same
        return {"result": dict(self.votes)}

    def qbft_proposeValidatorVote(self, address: str, inwards: bool) -> Json:  # noqa: N802 - the same
        self.votes[address] = inwards
        return {"result": True}

    def qbft_discardValidatorVote(self, address: str) -> Json:  # noqa: N802 - the same
        self.votes.pop(address, None)
        return {"result": True}

    def eth_blockNumber(self) -> Json:  # noqa: N802 - the same
        return {"result": hex(self.head)}


def _handler(node: FakeBesu) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if node.before is not None:
                node.before(body["method"])
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            status, content = node.respond(body["method"], body["params"], token)
            if node.after is not None:
                node.after(body["method"])
            answer = json.dumps({"jsonrpc": "2.0", "id": body["id"], **content}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def date_time_string(self, timestamp: float | None = None) -> str:
            import time

            return super().date_time_string((timestamp or time.time()) + node.clock_ahead_s)

        def log_message(self, *_: Any) -> None:
            """Silence."""

    return Handler


@dataclass
class FakeNetwork:
    """Nodes with their file and the key that signs questions to them."""

    folder: Path
    nodes: list[FakeBesu]

    @property
    def file(self) -> Path:
        return self.folder / "nodes.json"

    def node(self, name: str) -> FakeBesu:
        return next(one for one in self.nodes if one.name == name)

    @property
    def validators(self) -> list[FakeBesu]:
        return [one for one in self.nodes if one.role == "validator"]

    def write(self, *, only: list[str] | None = None, **more: Any) -> None:
        listed = [one for one in self.nodes if only is None or one.name in only]
        nodes = [
            {
                "name": one.name, "role": one.role, "address": one.address, "enode": one.enode, "rpc_url": one.url,
                "p2p_port": 30303, "metrics_url": "http://127.0.0.1:1/metrics",
            }
            for one in listed
        ]  # fmt: skip
        content = {"chain_id": 1337, "genesis_hash": "0x" + "11" * 32, "period_s": 1, "jwt_key_file": "jwt/private.pem"}
        self.file.write_text(json.dumps({**content, "nodes": nodes, **more}))


def enode_of(number: int, port: int = 30303) -> str:
    return f"enode://{number:0128x}@127.0.0.1:{port}"


def keys() -> tuple[str, str]:
    """A private key and its public half, PEM."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    secret = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return secret.decode(), public.decode()


@contextmanager
def besu_network(folder: Path, pair: tuple[str, str], validators: int = 4, rpcs: int = 1) -> Iterator[FakeNetwork]:
    """Running nodes whose lists name each other and the deployer; files as ``make network`` writes them."""
    secret, public = pair
    (folder / "jwt").mkdir(parents=True)
    (folder / "jwt" / "private.pem").write_text(secret)
    names = [(f"validator-{number + 1}", "validator") for number in range(validators)]
    names += [(f"rpc-{number + 1}", "rpc") for number in range(rpcs)]
    deployer = f"0x{0xDE:040x}"
    (folder / "accounts.json").write_text(json.dumps({"accounts": [{"address": deployer, "purpose": "deployer"}]}))
    nodes = [
        FakeBesu(name, role, f"0x{0xA0 + place:040x}", enode_of(place + 1, 30303 + place), public)
        for place, (name, role) in enumerate(names)
    ]
    addresses = [one.address for one in nodes if one.role == "validator"]
    for one in nodes:
        one.accounts, one.nodes, one.validators = [deployer], [other.enode for other in nodes], list(addresses)
        one.start()
    made = FakeNetwork(folder, nodes)
    made.write()
    try:
        yield made
    finally:
        for one in nodes:
            one.stop()
