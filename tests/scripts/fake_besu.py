"""A stand-in for Besu's and Java's start scripts: says its version, answers a few calls, obeys files beside its database."""

from __future__ import annotations

import json
import sys
import time
import tomllib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def install(folder: Path, version: str = "26.8.0", java: str = "25.0.1") -> dict[str, str]:
    """Make a folder of Besu and one of Java; the environment that names them."""
    besu, runtime = folder / "besu" / "bin" / "besu", folder / "java" / "bin" / "java"
    for path, text in (
        (besu, f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__)}" "{version}" "$@"\n'),
        (runtime, f"#!/bin/sh\necho 'openjdk version \"{java}\" 2026-08-18' >&2\n"),
    ):
        path.parent.mkdir(parents=True)
        path.write_text(text)
        path.chmod(0o755)
    return {"BESU_HOME": str(folder / "besu"), "JAVA_HOME": str(folder / "java"), "PATH": "/usr/bin:/bin"}


def run(config: dict[str, object]) -> None:
    """Answer as a node with all its peers whose chain grows; end at once when the file ``broken`` lies in the data folder."""
    data = Path(str(config["data-path"]))
    if (data / "broken").exists():
        sys.exit("the database is broken")
    started = time.time()
    known = json.loads(Path(str(config["static-nodes-file"])).read_text())

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the name is http.server's
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            height = hex(int((time.time() - started) * 20))
            results = {"net_peerCount": hex(len(known)), "eth_syncing": False, "eth_blockNumber": height}
            body = json.dumps(
                {"jsonrpc": "2.0", "id": asked["id"], "result": results.get(asked["method"], True)}
            ).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    ThreadingHTTPServer(("127.0.0.1", int(str(config["rpc-http-port"]))), Answers).serve_forever()


if __name__ == "__main__":
    if sys.argv[2] == "--version":
        print(f"besu/v{sys.argv[1]}/linux-x86_64/openjdk-java-25")
    else:
        run(tomllib.loads(Path(sys.argv[2].removeprefix("--config-file=")).read_text()))
