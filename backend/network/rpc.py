"""One node asked about its lists and votes, with a token that the operator's key signs.

Besu started with ``--rpc-http-authentication-jwt-public-key-file`` takes any RS256 token of that key whose claims ``permissions`` and ``exp``
fit; ours lives a minute and opens PERM and QBFT only.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import httpx
from jose import jwt
from jose.exceptions import JOSEError

from backend.network.answers import Answer, Meaning, read
from backend.network.errors import NetworkFileBroken
from backend.network.nodes import Network, NetworkNode

TIMEOUT_S = 5.0
TOKEN_S = 60
PERMISSIONS = ["perm:*", "qbft:*"]
ALGORITHM = "RS256"

Asked = Callable[[str, list[Any]], Answer]


def token(key_file: Path, *, now: float | None = None) -> str:
    """A token for a minute; raises :class:`NetworkFileBroken` when the key can't be read."""
    issued = int(time.time() if now is None else now)
    claims = {"permissions": PERMISSIONS, "iat": issued, "exp": issued + TOKEN_S}
    try:
        return str(jwt.encode(claims, key_file.read_text(encoding="ascii"), algorithm=ALGORITHM))
    except (OSError, ValueError, JOSEError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        raise NetworkFileBroken(
            f"Ключ подписи запросов к узлам не читается ({why}).", f"The key that signs requests can't be read: {why}."
        ) from error


class NodeClient:
    """Questions to one node; nothing is retried here."""

    def __init__(
        self, network: Network, node: NetworkNode, *, timeout_s: float = TIMEOUT_S, http: httpx.Client | None = None
    ) -> None:
        self.node = node
        self._key = network.key_file
        self._own = http is None
        self._http = http or httpx.Client(timeout=timeout_s, trust_env=False)
        self._token: tuple[float, str] | None = None

    def close(self) -> None:
        """Close the connection, unless it is the caller's."""
        if self._own:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()

    def ask(self, method: str, params: list[Any]) -> Answer:
        """One question; never raises: a node that is away answers :data:`Meaning.UNREACHABLE`."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        try:
            headers = {"Authorization": f"Bearer {self._fresh_token()}"} if self._key else {}
        except NetworkFileBroken as error:
            return Answer(Meaning.UNAUTHORIZED, None, error.message_en)
        try:
            response = self._http.post(self.node.rpc_url, json=body, headers=headers)
        except httpx.HTTPError as error:
            return Answer(Meaning.UNREACHABLE, None, type(error).__name__)
        try:
            content: Any = response.json()
        except ValueError:
            content = None
        return read(content, response.status_code)

    # ------------------------------------------------------------------ lists and votes

    def accounts(self) -> Answer:
        """Its account list."""
        return self.ask("perm_getAccountsAllowlist", [])

    def enodes(self) -> Answer:
        """Its node list."""
        return self.ask("perm_getNodesAllowlist", [])

    def votes(self) -> Answer:
        """Its own votes that wait to be put into its blocks: address -> in (True) or out."""
        return self.ask("qbft_getPendingVotes", [])

    def validators(self) -> Answer:
        """The validators after the head."""
        return self.ask("qbft_getValidatorsByBlockNumber", ["latest"])

    def _fresh_token(self) -> str:
        now = time.monotonic()
        if self._token is None or now - self._token[0] > TOKEN_S / 3:
            self._token = (now, token(self._key or Path()))
        return self._token[1]
