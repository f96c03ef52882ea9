"""A process without a web server of its own, watched from outside: ``/metrics`` for Prometheus, ``/health`` for whoever restarts it.

Served by the standard library in a thread, on a port of its own, to whoever can reach it: no secrets are told.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_TEXT = "text/plain; version=0.0.4; charset=utf-8"


@contextmanager
def watched(
    host: str, port: int | None, figures: Callable[[], bytes], silent_s: Callable[[], float], limit_s: float
) -> Iterator[int | None]:
    """Answer while the block runs; gives the port, None when there is none to be.

    ``figures``: the text of /metrics; ``silent_s``: seconds since the process last did its work, healthy below ``limit_s``.
    """
    if port is None:
        yield None
        return
    server = ThreadingHTTPServer((host, port), _handler(figures, silent_s, limit_s))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(
    figures: Callable[[], bytes], silent_s: Callable[[], float], limit_s: float
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/metrics":
                self._answer(200, figures(), _TEXT)
            elif self.path == "/health":
                silent = silent_s()
                told = json.dumps({"silent_seconds": round(silent, 3)}).encode()
                self._answer(200 if silent < limit_s else 503, told, "application/json")
            else:
                self.send_error(404)

        def _answer(self, code: int, content: bytes, kind: str) -> None:
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Requests are not worth a line."""

    return Handler
