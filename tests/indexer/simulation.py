"""Seeded trouble between node, indexer and database: ``make simulate ARGS="--seeds 0-499"`` or ``--database postgres``.

One seed decides everything. A proxy stands between the indexer (a process of its own, forked) and a node that serves a known chain; it
delays, refuses, truncates, reorders and drops answers, answers about older blocks, goes back, and spoils receipts, transactions and
headers, once or for good. The database fails in the middle of a transaction, or says that a commit failed when it didn't. The process is
killed (SIGKILL) before, after and between commits, and started again until it is done.

Every seed must end in one of two ways: with every row and the digest of an undisturbed run; or with a halt that names a block whose
answers were spoilt, nothing of that block in the database, and after the node is healed the digest of an undisturbed run again.
"""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from indexer.chain.addresses import load_deployment
from indexer.chain.client import RpcClient
from indexer.chain.errors import ProofFailed
from indexer.db import create_database_engine, metadata, session_scope
from indexer.models import ChainAlarm, ChainBlockDigest
from indexer.projections import Projections
from indexer.settings import Settings
from indexer.sync import loop
from indexer.sync.checkpoint import load_cursor
from indexer.sync.loop import Indexer
from indexer.sync.stored import recheck
from tests.factories.postgres import new_database, run_cluster, server_programs
from tests.indexer.fake_node import CHAIN_ID, FakeChain, FakeNode, credit, log, write_deployment
from tests.indexer.qbft import QbftChain

Json = dict[str, Any]
BLOCKS = 40
LIVES = 60
LIFE_S = 180.0
DONE, HALTED, BROKEN = 0, 3, 70
VENUE = "0x" + "e" * 40
RATES = (0.0, 0.0, 0.03, 0.1, 0.25)
KINDS = ("delay", "refuse", "truncate", "reorder", "drop", "older", "absent", "spoil")


# --- the truth -------------------------------------------------------------------------------------------------------


@cache
def truth(kind: str) -> tuple[FakeChain, dict[int, str]]:
    """A chain and the digest after each of its blocks, read without any trouble."""
    chain = QbftChain() if kind == "qbft" else FakeChain()
    chance = random.Random(kind)
    for number in range(1, BLOCKS):
        chain.add(*_payments(chance, number))
    with tempfile.TemporaryDirectory() as folder:
        settings = _settings(Path(folder), f"sqlite:///{folder}/truth.db", "http://node")
        engine = create_database_engine(settings.database_url)
        metadata.create_all(engine)
        client = RpcClient("http://node", transport=FakeNode(chain).transport)
        indexer = Indexer(settings, engine, client, Projections)
        indexer.start()
        while indexer.step():
            pass
        indexer.close()
        with session_scope(engine, write=False) as session:
            rows = session.execute(select(ChainBlockDigest)).scalars()
            digests = {row.block_number: row.digest for row in rows}
        engine.dispose()
    return chain, digests


def _payments(chance: random.Random, number: int) -> list[list[Json]]:
    """Transactions of one block: credits, holds and releases of a few accounts, and events that nobody knows."""
    people = [f"0x{digit * 40}" for digit in "abcd"]
    found: list[list[Json]] = []
    for place in range(chance.randrange(4)):
        who = chance.choice(people)
        logs = [credit(who, chance.randrange(1, 999), number * 100 + place)]
        if chance.random() < 0.4:
            logs.append(log("Rubles", "RublesHeld", account=who, venue=VENUE, kopeks=1))
        if chance.random() < 0.2:
            logs.append({"address": "0x" + "9" * 40, "topics": ["0x" + "9" * 64], "data": "0x"})
        found.append(logs)
    return found


def _settings(folder: Path, database_url: str, url: str, **changes: Any) -> Settings:
    deployment = folder / "deployment.json"
    if not deployment.exists():
        write_deployment(deployment)
    known: Json = {"poll_interval_s": 0.002, "start_grace_s": 5.0, "absence_s": 30.0, "chunk_blocks": 12, **changes}
    return Settings(database_url=database_url, rpc_url=url, chain_id=CHAIN_ID, deployment_file=deployment, **known)


# --- the proxy -------------------------------------------------------------------------------------------------------


@dataclass
class Trouble:
    """What the proxy does, by seed. ``lasting``: a block whose answers are spoilt until the node is healed."""

    chance: random.Random
    rates: dict[str, float]
    lasting: int | None
    patience_s: float
    seen: Counter[str] = field(default_factory=Counter)
    spoilt: set[int] = field(default_factory=set)

    def happens(self, kind: str) -> bool:
        """Roll the die for one kind of trouble."""
        if self.chance.random() >= self.rates[kind]:
            return False
        self.seen[kind] += 1
        return True

    def heal(self) -> None:
        """The operator has looked and repaired the node."""
        self.lasting = None
        self.rates["spoil"] = 0.0
        self.spoilt.clear()


class Proxy:
    """The node behind the trouble; grows by itself as it is asked."""

    def __init__(self, chain: FakeChain, trouble: Trouble) -> None:
        self.node, self.trouble = FakeNode(chain), trouble
        self._head = trouble.chance.randrange(1, BLOCKS)
        self._lock = threading.Lock()

    def answer(self, body: Any) -> tuple[int, bytes, float]:
        """Status, content and delay of one answer."""
        with self._lock:
            return self._answer(body)

    def _answer(self, body: Any) -> tuple[int, bytes, float]:
        trouble = self.trouble
        delay = trouble.patience_s * 3 if trouble.happens("delay") else 0.0
        if trouble.happens("refuse"):
            return trouble.chance.choice([500, 502, 503, 413]), b"{}", delay
        answers = self.node.answer(body)
        if isinstance(body, list):
            answers = self._batch(body, answers)
        elif body["method"] == "eth_blockNumber":
            answers["result"] = hex(self._height())
        content = json.dumps(answers).encode()
        if trouble.happens("truncate"):
            content = content[: trouble.chance.randrange(len(content))]
        return 200, content, delay

    def _height(self) -> int:
        chance = self.trouble.chance
        self._head = min(BLOCKS - 1, self._head + chance.randrange(3))
        return max(0, self._head - chance.randrange(1, 9)) if self.trouble.happens("older") else self._head

    def _batch(self, calls: list[Json], answers: list[Json]) -> list[Json]:
        trouble, chance = self.trouble, self.trouble.chance
        for call, answer in zip(calls, answers, strict=True):
            self._one(call, answer)
        if trouble.happens("absent"):
            chance.choice(answers)["result"] = None
        if trouble.happens("older"):
            place = chance.randrange(len(answers))
            answers[place]["result"] = chance.choice(answers)["result"]
            trouble.spoilt.add(int(calls[place]["params"][0], 16))
        if trouble.happens("reorder"):
            chance.shuffle(answers)
        if trouble.happens("drop"):
            del answers[chance.randrange(len(answers))]
        return answers

    def _one(self, call: Json, answer: Json) -> None:
        if not call["method"].startswith("eth_getBlock") or not answer.get("result"):
            return
        number = int(call["params"][0], 16)
        if number == self.trouble.lasting or self.trouble.happens("spoil"):
            self.trouble.spoilt.add(number)
            _spoil(self.trouble.chance, answer["result"])


def _spoil(chance: random.Random, result: Any) -> None:
    """Change one thing in a block or in its receipts that a proof must notice; a count of transactions is only advice."""
    if isinstance(result, str):
        return
    if isinstance(result, dict):
        spoil_block = chance.choice(["stateRoot", "parentHash", "hash", "timestamp"])
        result[spoil_block] = hex(int(result[spoil_block], 16) ^ 1)
        return
    receipt = chance.choice(result)
    what = chance.choice(["status", "cumulativeGasUsed", "logs"])
    if what == "logs" and receipt["logs"]:
        entry = chance.choice(receipt["logs"])
        entry["address"] = "0x" + "7" * 40
    else:
        receipt["cumulativeGasUsed"] = hex(int(receipt["cumulativeGasUsed"], 16) + 1)


@contextmanager
def serving(proxy: Proxy) -> Iterator[str]:
    """The proxy on a free port; its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, content, delay = proxy.answer(body)
            if delay:
                ended.wait(delay)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that has been killed is no error."""

    ended = threading.Event()
    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        ended.set()
        server.shutdown()
        thread.join()
        server.server_close()


# --- one life of the indexer -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Dangers:
    """What happens to the process and its database: chances at each commit, and at each statement."""

    kill_before: float
    kill_after: float
    kill_within: float
    fail_commit: float
    fail_after_commit: float
    fail_statement: float


def live(settings: Settings, dangers: Dangers, seed: str) -> None:
    """Follow the chain in this process until all of it is stored; the exit code tells how it went."""
    loop._LONGEST_PAUSE_S = 0.02  # nobody has all day
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    chance = random.Random(seed)
    engine = create_database_engine(settings.database_url)
    _endanger(engine, dangers, chance)
    indexer = Indexer(settings, engine, RpcClient(settings.rpc_url, timeout_s=settings.rpc_timeout_s), Projections)

    def when_idle(cursor: Any) -> None:
        if cursor.height == BLOCKS - 1:
            indexer.stop.set()

    indexer.on_idle = when_idle
    code = BROKEN
    try:
        indexer.start()
        indexer.run()
        code = DONE
    except ProofFailed:
        code = HALTED
    except OperationalError:
        code = -signal.SIGKILL  # the database was not there at the start: whoever watches the process starts it again
    except BaseException:  # noqa: BLE001 - told to whoever reads the output, and to the parent by the exit code
        traceback.print_exc()
    finally:
        indexer.close()
        os._exit(code if code >= 0 else 128 - code)


def _endanger(engine: Any, dangers: Dangers, chance: random.Random) -> None:
    commit = engine.dialect.do_commit

    def do_commit(connection: Any) -> None:
        _kill(chance, dangers.kill_before)
        if chance.random() < dangers.fail_commit:
            raise OperationalError("COMMIT", {}, Exception("the disk is full"))
        commit(connection)
        _kill(chance, dangers.kill_after)
        if chance.random() < dangers.fail_after_commit:
            raise OperationalError("COMMIT", {}, Exception("the connection was lost"))

    def before(*_: Any) -> None:
        _kill(chance, dangers.kill_within)
        if chance.random() < dangers.fail_statement:
            raise OperationalError("statement", {}, Exception("the server closed the connection"))

    engine.dialect.do_commit = do_commit
    event.listen(engine, "before_cursor_execute", before)


def _kill(chance: random.Random, rate: float) -> None:
    if chance.random() < rate:
        os.kill(os.getpid(), signal.SIGKILL)


# --- one seed --------------------------------------------------------------------------------------------------------


@dataclass
class Outcome:
    """How a seed ended: lives, halts and what the proxy did."""

    seed: int
    lives: int = 0
    kills: int = 0
    halts: int = 0
    seen: Counter[str] = field(default_factory=Counter)


def play(seed: int, database_url: str, folder: Path) -> Outcome:
    """Play one seed on an empty database. AssertionError when it doesn't end as it must."""
    chance = random.Random(seed)
    chain, digests = truth("qbft" if seed % 2 else "plain")
    rates = {kind: chance.choice(RATES) for kind in KINDS}
    lasting = chance.randrange(1, BLOCKS) if chance.random() < 0.3 else None
    trouble = Trouble(chance, rates, lasting, patience_s=0.08)
    commits, statements = (0.0, 0.0, 0.05, 0.15), (0.0, 0.0, 0.002, 0.008)
    dangers = Dangers(*(chance.choice(rare) for rare in (commits, commits, statements, commits, commits, statements)))
    ahead = 6 if chance.random() < 0.1 else 0
    engine = create_database_engine(database_url)
    metadata.create_all(engine)
    engine.dispose()  # a forked process must not share connections
    outcome = Outcome(seed, seen=trouble.seen)
    with serving(Proxy(chain, trouble)) as url:
        more = {"rpc_timeout_s": trouble.patience_s, "read_ahead_blocks": ahead}
        settings = _settings(folder, database_url, url, **more)
        while True:
            outcome.lives += 1
            code = _one_life(settings, dangers, f"{seed} {outcome.lives}")
            if code == DONE:
                break
            if code == HALTED:
                outcome.halts += 1
                _check_halt(engine, trouble, digests)
                engine.dispose()
                trouble.heal()
            else:
                assert code in {-signal.SIGKILL, 128 + signal.SIGKILL}, f"seed {seed}: ended with {code}"
                outcome.kills += 1
                if outcome.kills > LIVES // 2:
                    dangers = Dangers(0, 0, 0, 0, 0, 0)
            assert outcome.lives < LIVES, f"seed {seed}: no end after {LIVES} lives"
    _check_end(engine, settings, digests)
    engine.dispose()
    return outcome


def _one_life(settings: Settings, dangers: Dangers, seed: str) -> int | None:
    process = multiprocessing.get_context("fork").Process(target=live, args=(settings, dangers, seed))
    process.start()
    process.join(LIFE_S)
    if process.is_alive():
        process.kill()
        process.join()
        raise AssertionError(f"seed {seed}: the indexer hangs")
    return process.exitcode


def _check_halt(engine: Any, trouble: Trouble, digests: dict[int, str]) -> None:
    """A halt is right when it names a block that was spoilt and nothing of it is stored."""
    with session_scope(engine, write=False) as session:
        alarm = session.execute(select(ChainAlarm).order_by(ChainAlarm.id.desc()).limit(1)).scalar_one()  # type: ignore[union-attr]
        cursor = load_cursor(session)
    named = {alarm.block_number, alarm.block_number - 1, alarm.block_number + 1}
    assert named & trouble.spoilt, f"block {alarm.block_number} was not spoilt: {alarm.check}, {alarm.detail}"
    assert cursor.height < alarm.block_number
    if cursor.height >= 0:
        assert cursor.digest == digests[cursor.height]


def _check_end(engine: Any, settings: Settings, digests: dict[int, str]) -> None:
    """Every block's digest is that of the undisturbed run, and the raw rows prove themselves."""
    with session_scope(engine, write=False) as session:
        cursor = load_cursor(session)
        assert (cursor.height, cursor.digest) == (BLOCKS - 1, digests[BLOCKS - 1])
        rows = session.execute(select(ChainBlockDigest)).scalars()
        assert {row.block_number: row.digest for row in rows} == digests
        book = load_deployment(settings.deployment_file)
        found = recheck(session, book, 0, BLOCKS - 1, settings.qbft_epoch_length)
        assert (found.blocks, found.faults) == (BLOCKS, [])


# --- the long run ----------------------------------------------------------------------------------------------------


@contextmanager
def databases(kind: str, folder: Path) -> Iterator[Iterator[str]]:
    """Addresses of empty databases, one after the other."""
    if kind == "sqlite":
        yield (f"sqlite:///{folder / f'{number}.db'}" for number in range(10**9))
        return
    programs = server_programs()
    if programs is None:
        raise SystemExit("PostgreSQL's server programs are missing: apt-get install -y postgresql")
    with tempfile.TemporaryDirectory(prefix="kpt-sim-", dir="/tmp", ignore_cleanup_errors=True) as place:
        cluster = run_cluster(programs, Path(place))
        url = next(cluster)
        try:
            yield (next(new_database(url)) for _ in range(10**9))
        finally:
            next(cluster, None)


def main(arguments: list[str] | None = None) -> int:
    """Exit code 1 when a seed failed."""
    parser = argparse.ArgumentParser(prog="make simulate", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", default="0-199", help="first-last")
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    chosen = parser.parse_args(arguments)
    first, _, last = chosen.seeds.partition("-")
    failed, total, began = [], Counter[str](), time.monotonic()
    with tempfile.TemporaryDirectory() as name, databases(chosen.database, Path(name)) as urls:
        for seed in range(int(first), int(last or first) + 1):
            try:
                outcome = play(seed, next(urls), Path(name))
            except AssertionError as error:
                failed.append(seed)
                print(f"seed {seed}: FAILED {error}", flush=True)
                continue
            print(f"seed {seed}: {outcome.lives} lives, {outcome.kills} kills, {outcome.halts} halts", flush=True)
            total += outcome.seen + Counter(lives=outcome.lives, kills=outcome.kills, halts=outcome.halts, seeds=1)
    print(json.dumps({"seconds": round(time.monotonic() - began, 1), **total, "failed": failed}))
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
