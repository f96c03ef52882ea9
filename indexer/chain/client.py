"""JSON-RPC over HTTP: single calls and batches. Answers of a batch are matched by id, because nodes may reorder them.

web3's own provider is not used here: it formats every field of every log (13,000 logs a second at best) and repeats calls by itself.
"""

import itertools
import json
import ssl
import time
from collections.abc import Callable, Sequence
from functools import cache
from types import TracebackType
from typing import Any, Self

import httpx

from indexer.chain.endpoints import Endpoints, endpoints_of
from indexer.chain.errors import AnswerIncomplete, AnswerTooLarge, NodeRefused, NodeUnavailable, Retryable, RpcError
from indexer.settings import Settings

Call = tuple[str, list[Any]]

_TOO_LARGE_CODES = {-32005, -32603}
_SYNCING_CODE = -32008
_HTTP_TOO_LARGE = 413
_HTTP_SERVER_ERROR = 500
_HTTP_REFUSALS = {401, 403, 404}


@cache
def _authorities() -> ssl.SSLContext:
    """Whom HTTPS believes, read once a process."""
    return httpx.create_ssl_context()


class RpcClient:
    """A node at one address, or one of several: it is kept until it fails. ``transport`` replaces the network in tests.

    The call that met the failure raises all the same; the next one goes to the next node (`indexer.chain.endpoints`). Raises NodeUnavailable, AnswerIncomplete, AnswerTooLarge, NodeRefused or RpcError; see `indexer.chain.errors`. ``last_size`` is the
    size of the last `batch` in bytes of JSON.
    """

    def __init__(
        self,
        url: str | Endpoints,
        *,
        timeout_s: float = 20.0,
        max_batch: int = 500,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._nodes = Endpoints([url]) if isinstance(url, str) else url
        self._http = httpx.Client(timeout=timeout_s, transport=transport, verify=_authorities())
        self._ids = itertools.count(1)
        self._max_batch = max_batch
        self.last_size = 0
        self._sleep = sleep

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The node that is spoken to."""
        return self._nodes.url

    def move_on(self, why: str) -> None:
        """Leave this node for the next one, where there are several: it answers, but is of no use."""
        self._nodes.failed(self.url, why)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def call(self, method: str, *params: Any, attempts: int = 1) -> Any:
        """One call; repeated up to ``attempts`` times while the node is unavailable, with growing pauses."""
        return self._repeat(lambda: self._single(method, list(params)), attempts)

    def batch(self, calls: Sequence[Call], *, attempts: int = 1) -> list[Any]:
        """Results in the order of the calls; the first error of any call is raised."""
        results = self.batch_with_errors(calls, attempts=attempts)
        for result in results:
            if isinstance(result, RpcError):
                raise result
        return results

    def batch_with_errors(self, calls: Sequence[Call], *, attempts: int = 1) -> list[Any]:
        """Like `batch`, but a refused call leaves its RpcError at its place instead of raising it."""
        results: list[Any] = []
        self.last_size = 0
        for start in range(0, len(calls), self._max_batch):
            part = calls[start : start + self._max_batch]
            results += self._repeat(lambda part=part: self._batch(part), attempts)  # type: ignore[misc]  # bound at once
        return results

    def _repeat(self, action: Callable[[], Any], attempts: int) -> Any:
        for attempt in range(1, attempts + 1):
            try:
                return self._kept(action)
            except Retryable:
                if attempt == attempts:
                    raise
                self._sleep(min(0.1 * 2**attempt, 3.0))
        raise ValueError("attempts must be at least 1")

    def _kept(self, action: Callable[[], Any]) -> Any:
        """Do it with the node that is usable; one that is down, still syncing or turns us away is left."""
        url = self._nodes.usable(self._http)
        try:
            return action()
        except NodeUnavailable as error:
            self._nodes.failed(url, str(error))
            raise
        except NodeRefused as error:
            if not self._nodes.several:
                raise
            self._nodes.failed(url, str(error))
            raise NodeUnavailable(str(error)) from error

    def _single(self, method: str, params: list[Any]) -> Any:
        request = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}
        try:
            answer = self._post(request)
        except AnswerTooLarge as error:  # there is nothing to ask less of
            raise NodeUnavailable(str(error)) from error
        if not isinstance(answer, dict):
            raise AnswerIncomplete(f"{method}: the node answered a {type(answer).__name__}")
        return _result(answer, method, raising=True)

    def _batch(self, calls: Sequence[Call]) -> list[Any]:
        requests = [
            {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params} for method, params in calls
        ]
        answers = self._post(requests)
        if isinstance(answers, dict):
            _result(answers, "batch", raising=True)
        if not isinstance(answers, list):
            raise AnswerIncomplete("batch: the node didn't answer with a list")
        by_id = {answer.get("id"): answer for answer in answers}
        missing = [request["method"] for request in requests if request["id"] not in by_id]
        if missing:
            raise AnswerIncomplete(f"batch: {len(missing)} of {len(requests)} answers are missing, first {missing[0]}")
        return [_result(by_id[request["id"]], str(request["method"]), raising=False) for request in requests]

    def _post(self, body: Any) -> Any:
        try:
            response = self._http.post(self.url, json=body)
        except httpx.TransportError as error:
            raise NodeUnavailable(f"{self.url}: {error or type(error).__name__}") from error
        if response.status_code == _HTTP_TOO_LARGE:
            raise AnswerTooLarge(f"{self.url}: HTTP {response.status_code}")
        if response.status_code in _HTTP_REFUSALS:
            raise NodeRefused(
                f"{self.url}: HTTP {response.status_code}; check the address, the credentials and the host allow-list"
            )
        if response.status_code >= _HTTP_SERVER_ERROR:
            raise NodeUnavailable(f"{self.url}: HTTP {response.status_code}")
        self.last_size += len(response.content)
        try:
            return json.loads(response.content)
        except ValueError as error:
            raise AnswerIncomplete(f"{self.url}: not JSON: {response.text[:80]!r}") from error


def client_of(settings: Settings) -> RpcClient:
    """A client of the nodes that the settings name."""
    return RpcClient(endpoints_of(settings), timeout_s=settings.rpc_timeout_s)


def _result(answer: dict[str, Any], method: str, *, raising: bool) -> Any:
    if "error" not in answer:
        if "result" not in answer:
            raise AnswerIncomplete(f"{method}: neither result nor error")
        return answer["result"]
    error = answer["error"] or {}
    code, message = int(error.get("code", 0)), str(error.get("message", ""))
    if code == _SYNCING_CODE:
        raise NodeUnavailable(f"{method}: {message}")
    if code in _TOO_LARGE_CODES and method in {"batch", "eth_getBlockReceipts", "eth_getBlockByNumber"}:
        raise AnswerTooLarge(f"{method}: {message} ({code})")
    failure = RpcError(method, code, message, error.get("data"))
    if raising:
        raise failure
    return failure
