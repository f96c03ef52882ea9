"""``make bench-indexer``: our indexer and ponder on the same chain, the same events and the same PostgreSQL, in one run.

1. anvil with 50,000 and more of our own transactions (see `tests.bench.chain`), then empty blocks that make all of it final for ponder;
2. bare cost: fetch every block and receipt and parse the JSON, nothing else;
3. our indexer (`python -m indexer`, a process like any other) from an empty database to the head, with every check;
4. ponder (`npm ci` of tests/bench/ponder into build/ponder) from an empty database until the same rows are there;
5. both again as often as --rounds says, in turn;
6. at the head: a block every quarter of a second; how long after the node has the block its event can be read from SQL.

Wall-clock runs from the start of each process until its last transfer, order and payment can be read. CPU seconds are those of the
indexer's own processes; of the node and of PostgreSQL they are told apart. Prints JSON and writes build/bench/indexer.json. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from indexer.chain.client import RpcClient
from indexer.db import create_database_engine, metadata
from indexer.sync.checkpoint import require_tables
from indexer.sync.reader import fetch
from scripts.bench import RESULTS, ROOT, memory, tree
from scripts.node_process import AnvilProcess, free_port
from tests.bench.chain import LongChain, Size, describe, make
from tests.contracts.system import START
from tests.factories.postgres import new_database, run_cluster, server_programs
from tests.indexer.signing import CHAIN_ID

PONDER = ROOT / "build" / "ponder"
SOURCE = Path(__file__).resolve().parent / "ponder"
FINAL_BLOCKS = 64
LIMIT_S = 900.0
EVERY_S = 0.25
TICKS = os.sysconf("SC_CLK_TCK")
OURS = "SELECT (SELECT count(*) FROM chain_transfers), (SELECT count(*) FROM chain_orders), (SELECT count(*) FROM chain_run_payments)"
LAST = "SELECT max(block_number) FROM chain_transfers"
THEIRS = (
    'SELECT (SELECT count(*) FROM app.transfer), (SELECT count(*) FROM app."order"), (SELECT count(*) FROM app.payment)'
)


# --- measuring -------------------------------------------------------------------------------------------------------


def cpu_of(pids: list[int]) -> float:
    """CPU seconds of processes so far, with those of their children that have ended."""
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(int(field) for field in fields[11:15])
    return total / TICKS


def cluster_pids(folder: Path) -> list[int]:
    """The server of a cluster and all its backends."""
    return tree(int((folder / "data" / "postmaster.pid").read_text().splitlines()[0]))


class Watch:
    """CPU and memory of a process tree, of the node and of the database while something runs."""

    def __init__(self, process: subprocess.Popen[bytes], node: int, cluster: Path) -> None:
        self._process, self._node, self._cluster = process, node, cluster
        self._began, self._load = time.monotonic(), os.getloadavg()[0]
        self._node_before, self._cluster_before = cpu_of([node]), cpu_of(cluster_pids(cluster))
        self._cpu = 0.0
        self._samples: list[float] = []

    def look(self) -> None:
        """Take a sample."""
        pids = tree(self._process.pid)
        self._cpu = max(self._cpu, cpu_of(pids))
        self._samples.append(sum(memory(pid)[1] for pid in pids) / 1024)

    def result(self, transactions: int) -> dict[str, Any]:
        """What was seen."""
        seconds = time.monotonic() - self._began
        half = self._samples[len(self._samples) // 2 :]
        return {
            "seconds": round(seconds, 2),
            "transactions_per_second": round(transactions / seconds, 1),
            "cpu_seconds": round(self._cpu, 2),
            "cpu_seconds_per_1000_transactions": round(1000 * self._cpu / transactions, 3),
            "node_cpu_seconds": round(cpu_of([self._node]) - self._node_before, 2),
            "database_cpu_seconds": round(cpu_of(cluster_pids(self._cluster)) - self._cluster_before, 2),
            "peak_pss_mib": round(max(self._samples), 1),
            "pss_mib_growth_in_second_half": round(max(half) - half[0], 1),
            "load_before": round(self._load, 2),
        }


@contextmanager
def running(
    command: list[str], environment: dict[str, str], folder: Path, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends with the block; its words are in ``log``."""
    with log.open("wb") as said:
        process = subprocess.Popen(command, cwd=folder, env={**os.environ, **environment}, stdout=said, stderr=said)
        try:
            yield process
        finally:
            for pid in reversed(tree(process.pid)):
                end(pid)
            process.wait()


def end(pid: int) -> None:
    """End one process of ours."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def until(process: subprocess.Popen[bytes], watch: Watch, done: Callable[[], bool], log: Path) -> None:
    """Watch until it is done. RuntimeError when the process ends before, or takes too long."""
    deadline = time.monotonic() + LIMIT_S
    while not done():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{process.args}: exit {process.poll()}: {log.read_text(errors='replace')[-2000:]}")
        watch.look()
        time.sleep(EVERY_S)
    watch.look()


def counts(url: str, query: str, wanted: tuple[int, ...]) -> Callable[[], bool]:
    """Whether the rows are there."""
    engine = create_database_engine(url, pool_size=1)

    def there() -> bool:
        try:
            with engine.connect() as connection:
                return tuple(connection.execute(text(query)).one()) == wanted
        except DBAPIError:
            return False  # the tables are still to be made

    return there


# --- the contestants -------------------------------------------------------------------------------------------------


class Bench:
    """One node, one cluster, one chain."""

    def __init__(
        self, folder: Path, node: AnvilProcess, chain: LongChain, size: Size, pg_url: str, cluster: Path
    ) -> None:
        self.folder, self.node, self.chain, self.size, self.pg_url, self.cluster = (
            folder,
            node,
            chain,
            size,
            pg_url,
            cluster,
        )
        self.blocks = chain.height + 1
        with RpcClient(chain.url, timeout_s=120) as client:
            numbers = [("eth_getBlockTransactionCountByNumber", [hex(number)]) for number in range(self.blocks)]
            self.transactions = sum(int(count, 16) for count in client.batch(numbers))
        self.wanted: tuple[int, ...] = ()

    def bare(self) -> dict[str, Any]:
        """Fetch and parse everything, in batches of eight blocks."""
        began, cpu, load, size = time.monotonic(), time.process_time(), os.getloadavg()[0], 0
        with RpcClient(self.chain.url, timeout_s=120) as client:
            for first in range(0, self.blocks, 8):
                size += fetch(client, first, min(first + 7, self.blocks - 1)).size
        seconds, used = time.monotonic() - began, time.process_time() - cpu
        return {
            "seconds": round(seconds, 2),
            "transactions_per_second": round(self.transactions / seconds, 1),
            "cpu_seconds": round(used, 2),
            "cpu_seconds_per_1000_transactions": round(1000 * used / self.transactions, 3),
            "megabytes": round(size / 1e6, 1),
            "load_before": round(load, 2),
        }

    def environment(self, url: str) -> dict[str, str]:
        """What our indexer needs to know."""
        return {
            "KAPITAL_DATABASE_URL": url,
            "KAPITAL_RPC_URL": self.chain.url,
            "KAPITAL_DEPLOYMENT_FILE": str(self.chain.deployment),
            "KAPITAL_CHAIN_ID": str(CHAIN_ID),
            "KAPITAL_RECONCILE_INTERVAL_S": "0",
            "ETH_HASH_BACKEND": "pysha3",
        }

    def ours(self) -> dict[str, Any]:
        """Our indexer from nothing to the head, everything verified."""
        for url in new_database(self.pg_url):
            engine = create_database_engine(url)
            metadata.create_all(engine)
            require_tables(engine)
            log = self.folder / "ours.log"

            def at_head(engine: Any = engine) -> bool:
                with engine.connect() as connection:
                    return bool(connection.execute(text("SELECT height FROM chain_cursor")).scalar() == self.blocks - 1)

            with running([sys.executable, "-m", "indexer"], self.environment(url), ROOT, log) as process:
                watch = Watch(process, self.node.pid, self.cluster)
                until(process, watch, at_head, log)
                result = watch.result(self.transactions)
            with engine.connect() as connection:
                self.wanted = tuple(connection.execute(text(OURS)).one())
                checks = (
                    "SELECT count(*) FROM chain_blocks WHERE proven_hash AND proven_transactions AND proven_receipts"
                )
                result["verified_blocks"] = connection.execute(text(checks)).scalar_one()
                result["events"] = connection.execute(text("SELECT count(*) FROM chain_logs")).scalar_one()
                result["digest"] = connection.execute(text("SELECT digest FROM chain_cursor")).scalar_one()
            engine.dispose()
        return result

    def theirs(self) -> dict[str, Any]:
        """Ponder from nothing until the same rows are there."""
        result: dict[str, Any] = {}
        shutil.rmtree(PONDER / ".ponder", ignore_errors=True)
        for url in new_database(self.pg_url):
            address = make_url(url)
            known = {
                "DATABASE_URL": f"postgresql://{address.username}@localhost/{address.database}?host={address.query['host']}",
                "RPC_URL": self.chain.url,
                "DEPLOYMENT_FILE": str(self.chain.deployment),
                "ABI_FOLDER": str(ROOT / "indexer" / "abi"),
                "CHAIN_ID": str(CHAIN_ID),
                "PONDER_TELEMETRY_DISABLED": "true",
            }
            program = str(PONDER / "node_modules" / "ponder" / "dist" / "esm" / "bin" / "ponder.js")
            log = self.folder / "ponder.log"
            command = ["node", program, "start", "--schema", "app", "--port", str(free_port())]
            with running(command, known, PONDER, log) as process:
                watch = Watch(process, self.node.pid, self.cluster)
                until(process, watch, counts(url, THEIRS, self.wanted), log)
                result = watch.result(self.transactions)
        return result

    def at_the_head(self, blocks: int) -> dict[str, Any]:
        """How long after the node has a block its event can be read: milliseconds over many blocks of five transactions."""
        waits: list[float] = []
        for url in new_database(self.pg_url):
            engine = create_database_engine(url)
            metadata.create_all(engine)
            require_tables(engine)
            log = self.folder / "head.log"
            load = os.getloadavg()[0]
            with running([sys.executable, "-m", "indexer"], self.environment(url), ROOT, log) as process:
                watch = Watch(process, self.node.pid, self.cluster)

                def stored(engine: Any = engine) -> int:
                    with engine.connect() as connection:
                        return int(connection.execute(text(LAST)).scalar() or 0)

                with engine.connect() as connection:
                    until(process, watch, lambda: self._caught_up(connection), log)
                for number in range(blocks):
                    mined = self.chain.fleet.mine([self.chain.transfer(5 * number + place) for place in range(5)])
                    began = time.monotonic()
                    while stored() < mined:
                        time.sleep(0.002)
                    waits.append(1000 * (time.monotonic() - began))
                    time.sleep(max(0.0, 0.25 - (time.monotonic() - began)))
            engine.dispose()
        waits.sort()
        return {
            "blocks": blocks,
            "median_ms": round(waits[len(waits) // 2], 1),
            "p99_ms": round(waits[min(len(waits) - 1, len(waits) * 99 // 100)], 1),
            "max_ms": round(waits[-1], 1),
            "load_before": round(load, 2),
        }

    def _caught_up(self, connection: Any) -> bool:
        found = connection.execute(text("SELECT height FROM chain_cursor")).scalar() == self.chain.height
        connection.rollback()
        return bool(found)


def install_ponder() -> str:
    """Ponder by its lock file into a folder of its own; the version."""
    PONDER.mkdir(parents=True, exist_ok=True)
    shutil.copytree(SOURCE, PONDER, dirs_exist_ok=True)
    wanted = (SOURCE / "package-lock.json").read_text()
    stamp = PONDER / "installed"
    if not stamp.exists() or stamp.read_text() != wanted:
        # The lock file names builds of other platforms without describing them, which `npm ci` takes for a contradiction.
        command = ["npm", "install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(command, cwd=PONDER, check=True)
        stamp.write_text(wanted)
    found: str = json.loads((PONDER / "node_modules/ponder/package.json").read_text())["version"]
    return found


def measure(size: Size, rounds: int, head_blocks: int) -> dict[str, Any]:
    """Everything, in a folder that is thrown away."""
    programs = server_programs()
    if programs is None:
        raise SystemExit("PostgreSQL's server programs are missing; install them with: apt-get install -y postgresql")
    version = install_ponder()
    folder = Path(tempfile.mkdtemp(prefix="kpt-bench-", dir="/tmp"))
    cluster = Path(tempfile.mkdtemp(prefix="kpt-bench-pg-", dir="/tmp"))
    server = run_cluster(programs, cluster, options="")
    node = AnvilProcess(folder, free_port(), CHAIN_ID, START - 1_000, None)
    try:
        pg_url = next(server)
        said("making the chain")
        began = time.monotonic()
        with RpcClient(f"http://127.0.0.1:{node.port}", timeout_s=120) as client:
            client.call("evm_setAutomine", True)
            chain = make(client.url, folder, size)
            client.call("anvil_mine", hex(FINAL_BLOCKS))
        bench = Bench(folder, node, chain, size, pg_url, cluster)
        result: dict[str, Any] = {
            "cpus": os.cpu_count(),
            "chain": {**describe(chain, size), "transactions": bench.transactions},
            "seconds_to_make_the_chain": round(time.monotonic() - began, 1),
            "ponder_version": version,
            "rounds": [],
        }
        for number in range(rounds):
            said(f"round {number + 1}: bare cost, ours, ponder")
            result["rounds"].append({"bare": bench.bare(), "ours": bench.ours(), "ponder": bench.theirs()})
        result["summary"] = summary(result["rounds"])
        said("at the head")
        result["at_the_head"] = bench.at_the_head(head_blocks)
    finally:
        node.kill()
        next(server, None)
        shutil.rmtree(cluster, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
    return result


def summary(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """The best round of each: what the machine's other work has slowed down least."""

    def best(who: str, what: str, choose: Callable[..., float] = max) -> float:
        return choose(float(one[who][what]) for one in rounds)

    ours, theirs = best("ours", "transactions_per_second"), best("ponder", "transactions_per_second")
    cpu = {who: best(who, "cpu_seconds_per_1000_transactions", min) for who in ("bare", "ours", "ponder")}
    return {
        "ours_transactions_per_second": ours,
        "ponder_transactions_per_second": theirs,
        "times_ponder": round(ours / theirs, 2),
        "times_ponder_by_cpu": round(cpu["ponder"] / cpu["ours"], 2),
        "times_bare_seconds": round(best("ours", "seconds", min) / best("bare", "seconds", min), 2),
        "times_bare_cpu": round(cpu["ours"] / cpu["bare"], 2),
        "peak_pss_mib": best("ours", "peak_pss_mib"),
        "same_digest_every_round": len({one["ours"]["digest"] for one in rounds}) == 1,
    }


def said(words: str) -> None:
    """Tell a person that something goes on."""
    print(f"[{time.strftime('%H:%M:%S')}] {words}, load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 when everything could be measured, whatever the figures."""
    parser = argparse.ArgumentParser(prog="make bench-indexer", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--transfers", type=int, default=Size.transfers)
    parser.add_argument("--orders", type=int, default=Size.orders)
    parser.add_argument(
        "--runs", type=int, default=Size.runs, help="coupon runs, each paid to 400 holders in two transactions"
    )
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--head-blocks", type=int, default=200)
    chosen = parser.parse_args(arguments)
    result = measure(Size(chosen.transfers, chosen.orders, chosen.runs), chosen.rounds, chosen.head_blocks)
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "indexer.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
