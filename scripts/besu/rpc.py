"""Questions to a node, with a token where the method needs one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
from jose import jwt

TOKEN_LIFE_S = 300
EVERYTHING = ("perm:*", "qbft:*", "admin:*", "eth:*", "net:*", "web3:*", "txpool:*", "debug:*", "trace:*")


class NodeSilentError(Exception):
    """The node doesn't answer."""


class NodeRefusesError(Exception):
    """The node answered with an error; ``code`` as JSON-RPC has it."""

    def __init__(self, method: str, error: dict[str, Any]) -> None:
        self.code = int(error.get("code", 0))
        super().__init__(f"{method}: {error.get('message', error)} ({self.code})")


def token(private_key: Path, permissions: Sequence[str] = EVERYTHING) -> str:
    """A token for the nodes' RPC, good for five minutes (RS256; Besu wants ``exp``)."""
    claims = {"permissions": list(permissions), "exp": int(time.time()) + TOKEN_LIFE_S}
    return str(jwt.encode(claims, private_key.read_text(encoding="utf-8"), algorithm="RS256"))


def call(url: str, method: str, *params: Any, bearer: str | None = None, timeout_s: float = 10.0) -> Any:
    """The result of one call. Raises NodeSilentError, NodeRefusesError."""
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    try:
        answer = httpx.post(url, json=body, headers=headers, timeout=timeout_s, trust_env=False)
        found = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise NodeSilentError(f"{url}: {error or type(error).__name__}") from error
    if not isinstance(found, dict) or "error" in found:
        raise NodeRefusesError(method, found.get("error", {}) if isinstance(found, dict) else {"message": str(found)})
    return found.get("result")


def height(url: str) -> int:
    """Number of the newest block. Raises NodeSilentError, NodeRefusesError."""
    return int(call(url, "eth_blockNumber"), 16)


def peers(url: str) -> int:
    """Connected nodes. Raises NodeSilentError, NodeRefusesError."""
    return int(call(url, "net_peerCount"), 16)
