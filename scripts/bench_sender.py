"""How fast the sender is: ``make bench-sender``. Writes build/bench/sender-sqlite.json, or -postgresql.

One anvil with blocks of a second, the real contracts, 1,000 wallets with keys in the vault, each asking for withdrawals
(`Rubles.requestWithdrawal`), and in one run:

direct     bytes signed beforehand are handed to that node by one connection with nothing in between: before and after the sender
sender     the same calls as stored intents; `python -m backend.worker` with everything wired simulates, numbers, signs, stores, sends
steady     intents accepted at a fixed rate, each bundle in a transaction of its own, while the worker runs: seconds from accepted to mined

A rate is transactions by seconds from the first step to the last transaction in a block; ``blocks_a_second`` tells whether the node kept its pace. Memory is the worker's, over the run. Linux only.
No indexer runs: before the steady part what is mined is marked as if one had mirrored it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eth_account import Account
from sqlalchemy import Engine, func, update
from sqlmodel import col, select
from web3 import HTTPProvider, Web3

from backend.core.clock import SystemClock
from backend.core.context import Actor, Context
from backend.core.db import unit_of_work
from backend.custody import calls, work
from backend.custody import service as custody
from backend.custody.keys.chosen import KeyStores
from backend.custody.models import Intent
from backend.custody.node import Node
from backend.custody.signing import Signed, signatures
from backend.custody.states import IN_FLIGHT, IntentState
from backend.custody.transactions import Payload
from backend.migrate import upgrade
from backend.settings import Settings
from indexer.db import create_database_engine
from scripts import deployment
from scripts.bench import ROOT, memory
from scripts.compile import compile_all
from scripts.node_process import AnvilProcess, free_port

CHAIN_ID = 20260
PERSON, FREE = 1, 1
ADMITTED_UNTIL = 4_102_444_800
GAS = 200_000
SAMPLE_S = 1.0
PATIENCE_S = 300.0
BUNDLE = 250
BLOCK_GAS = 50_000_000
"""What besu-network/network.yaml gives a second: blocks of 100 million gas every two seconds."""


@dataclass
class Bench:
    """One node, one database, and who acts on them."""

    folder: Path
    wallets_wanted: int
    block_gas: int = BLOCK_GAS
    database_url: str | None = None
    settings: Settings = field(init=False)
    engine: Engine = field(init=False)
    anvil: AnvilProcess = field(init=False)
    node: Node = field(init=False)
    wallets: list[str] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)
    accepted: int = 0
    paces: list[float] = field(default_factory=list)
    """Blocks a second in each part: one, or the parts can't be compared."""

    def prepare(self) -> None:
        """A node with the contracts, and wallets that are admitted and have rubles."""
        self.anvil = AnvilProcess(self.folder, free_port(), CHAIN_ID, int(time.time()), None)
        rpc = self.anvil.rpc
        rpc.call("evm_setAutomine", True)
        url = f"http://127.0.0.1:{self.anvil.port}"
        officers = _officers()
        compile_all()
        record = deployment.deploy(
            Web3(HTTPProvider(url)),
            name="bench",
            key="0x" + hashlib.sha256(b"bench deployer").hexdigest(),
            officers=officers,
            tax_account=_address("tax"),
            folder=self.folder,
        )
        del record
        self.settings = Settings(
            database_url=self.database_url or f"sqlite:///{self.folder}/bench.db",
            rpc_url=url,
            chain_id=CHAIN_ID,
            deployment_file=self.folder / "bench.json",
            files_dir=self.folder / "files",
        )
        self.engine = create_database_engine(self.settings.database_url)
        upgrade(self.engine)
        self.node = Node(url, timeout_s=60.0)
        for start in range(0, self.wallets_wanted, BUNDLE):
            with self.unit() as ctx:
                for place in range(start, min(start + BUNDLE, self.wallets_wanted)):
                    self.wallets.append(custody.create_wallet(ctx, "participant", f"bench-{place}"))
        self.done = dict.fromkeys(self.wallets, 0)
        self._admit(officers["COMPLIANCE"][0], officers["TREASURER"][0])
        rpc.call("evm_setBlockGasLimit", hex(self.block_gas))
        rpc.call("evm_setAutomine", False)
        rpc.call("evm_setIntervalMining", 1)

    def close(self) -> None:
        self.anvil.kill()
        self.engine.dispose()

    @contextmanager
    def unit(self) -> Iterator[Context]:
        with unit_of_work(self.engine) as session:
            yield Context(session, SystemClock(), Actor.system("bench"), self.settings)

    def _admit(self, compliance: str, treasurer: str) -> None:
        rpc = self.anvil.rpc
        for who in (compliance, treasurer):
            rpc.call("anvil_impersonateAccount", who)
        target = {name: calls.address_of(self.settings, name) for name in ("Participants", "Rubles")}
        for start in range(0, len(self.wallets), 100):
            part = self.wallets[start : start + 100]
            many = len(part)
            columns = [part, [PERSON] * many, [FREE] * many, [ADMITTED_UNTIL] * many, [_word(one) for one in part]]
            data = calls.encode("Participants", "admit", columns)
            free = {"gas": hex(30_000_000), "gasPrice": "0x0"}
            rpc.call("eth_sendTransaction", {"from": compliance, "to": target["Participants"], "data": data, **free})
            payments = [calls.encode("Rubles", "credit", [one, 10**9, _word(f"bank {one}")]) for one in part]
            common = {"from": treasurer, "to": target["Rubles"], "gas": hex(GAS), "gasPrice": "0x0"}
            sent = [
                ("eth_sendTransaction", [{**common, "data": one, "nonce": hex(start + place)}])
                for place, one in enumerate(payments)
            ]
            hashes = rpc.batch(sent)
            while None in (receipts := rpc.batch([("eth_getTransactionReceipt", [one]) for one in hashes])):
                time.sleep(0.05)
            if any(one["status"] != "0x1" for one in receipts):
                raise RuntimeError("a wallet of the bench was not credited")

    # ------------------------------------------------------------------ rates

    def direct(self, count: int) -> float:
        """Transactions a second of bytes signed beforehand."""
        raws = self._signed(count)
        before, started = self._height(), time.monotonic()
        for start in range(0, count, BUNDLE):
            refused = [one for one in self.node.send_many(raws[start : start + BUNDLE]) if one is not None]
            if refused:
                raise RuntimeError(f"the node refuses: {refused[0]}")
        seconds = self._mined(before, count) - started
        self._pace(before, seconds)
        return count / seconds

    def sender(self, count: int) -> dict[str, Any]:
        """Transactions a second of stored intents, and the worker's memory meanwhile."""
        accepting = time.monotonic()
        self.accept(count)
        accepted_s = time.monotonic() - accepting
        with self._worker() as (pid, samples):
            before, started = self._height(), time.monotonic()
            finished = self._mined(before, count, pid, samples)
            self._pace(before, finished - started)
            self._noted()
        return {
            "rate": count / (finished - started),
            "accept_rate": count / accepted_s,
            "memory_mib": samples,
        }

    def steady(self, rate: int, seconds: int) -> dict[str, Any]:
        """Seconds from accepted to mined at a fixed rate."""
        first = self.accepted
        self._mirrored()
        with self._worker() as (pid, samples):
            begun = time.monotonic()
            # Not on the beat: SQLite asks for a taken lock again every 100 ms, and would find it taken by this very loop each time.
            beats = random.Random(1)
            for tick in range(seconds * 10):
                self.accept(rate // 10)
                time.sleep(max(0.0, begun + (tick + beats.uniform(0.5, 1.5)) / 10 - time.monotonic()))
            took = time.monotonic() - begun
            self._noted()
            samples.append(memory(pid)[0] // 1024)
        with self.unit() as ctx:
            rows = ctx.session.exec(
                select(Intent.created_at, Intent.mined_at).where(col(Intent.ref_id) >= f"{first:08d}")
            )
            waited = sorted((mined - before).total_seconds() for before, mined in rows if mined is not None)
        quantile = {name: round(waited[int(len(waited) * part)], 2) for name, part in (("p50", 0.5), ("p95", 0.95))}
        return {"asked_rate": rate, "accepted_rate": round(len(waited) / took, 1), "seconds": quantile}

    def accept(self, count: int) -> None:
        """Store that many intents, the wallets in turn."""
        for start in range(0, count, BUNDLE):
            with self.unit() as ctx:
                for _ in range(min(BUNDLE, count - start)):
                    self._ask(ctx)

    def _ask(self, ctx: Context) -> None:
        number = self.accepted
        wallet = self.wallets[number % len(self.wallets)]
        self.accepted, self.done[wallet] = number + 1, self.done[wallet] + 1
        custody.request_call(
            ctx,
            wallet=wallet,
            contract="Rubles",
            function="requestWithdrawal",
            args=[_word(f"withdrawal {number}"), 1, _word("details")],
            idempotency_key=f"bench:{number}",
            ref_kind="bench",
            ref_id=f"{number:08d}",
            summary="",
        )

    def _signed(self, count: int) -> list[str]:
        """Bytes of the next calls of the wallets in turn, under their next numbers, which the database then counts as given."""
        target, wanted = calls.address_of(self.settings, "Rubles"), []
        for number in range(count):
            wallet = self.wallets[number % len(self.wallets)]
            args = [_word(f"direct {wallet} {self.done[wallet]}"), 1, _word("details")]
            data = calls.encode("Rubles", "requestWithdrawal", args)
            wanted.append((wallet, Payload(CHAIN_ID, self.done[wallet], GAS, target, data)))
            self.done[wallet] += 1
        with self.unit() as ctx:
            answers = signatures(ctx, KeyStores(self.settings), wanted)
            work.write_next_nonces(ctx.session, self.done)
        return [one.raw for one in answers if isinstance(one, Signed)]

    # ------------------------------------------------------------------ looking on

    def _pace(self, before: int, seconds: float) -> None:
        self.paces.append(round((self._height() - before) / seconds, 2))

    def _height(self) -> int:
        return int(self.anvil.rpc.call("eth_blockNumber"), 16)

    def _mined(self, before: int, count: int, pid: int | None = None, samples: list[int] | None = None) -> float:
        """The moment at which ``count`` transactions are in blocks after ``before``."""
        deadline, height, sampled = time.monotonic() + PATIENCE_S, before, 0.0
        while time.monotonic() < deadline:
            while height < self._height():
                height += 1
                count -= int(self.anvil.rpc.call("eth_getBlockTransactionCountByNumber", hex(height)), 16)
            if count <= 0:
                return time.monotonic()
            if pid is not None and samples is not None and time.monotonic() - sampled > SAMPLE_S:
                samples.append(memory(pid)[0] // 1024)
                sampled = time.monotonic()
            time.sleep(0.05)
        raise RuntimeError(f"{count} transactions are not mined after {PATIENCE_S} s")

    def _noted(self) -> None:
        """Wait until the worker has seen everything that was mined."""
        deadline = time.monotonic() + PATIENCE_S
        waiting = select(func.count()).where(col(Intent.state).in_((IntentState.ACCEPTED, *IN_FLIGHT)))
        while time.monotonic() < deadline:
            with self.unit() as ctx:
                if ctx.session.exec(waiting).one() == 0:
                    return
            time.sleep(0.2)
        raise RuntimeError("intents are left that are not mined")

    def _mirrored(self) -> None:
        """What an indexer does to mined transactions: else the worker would ask the node for them again and again."""
        with self.unit() as ctx:
            mined = update(Intent).where(col(Intent.state) == IntentState.MINED)
            ctx.session.connection().execute(mined.values(state=IntentState.CONFIRMED, handled=True))

    @contextmanager
    def _worker(self) -> Iterator[tuple[int, list[int]]]:
        environment = {
            **os.environ,
            "KAPITAL_DATABASE_URL": self.settings.database_url,
            "KAPITAL_RPC_URL": self.settings.rpc_url,
            "KAPITAL_CHAIN_ID": str(CHAIN_ID),
            "KAPITAL_DEPLOYMENT_FILE": str(self.settings.deployment_file),
            "KAPITAL_FILES_DIR": str(self.settings.files_dir),
        }
        log_file = self.folder / f"worker-{self.accepted}.log"
        with log_file.open("ab") as log:
            command = [sys.executable, "-m", "backend.worker"]
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
            try:
                while "runs" not in log_file.read_text() and process.poll() is None:
                    time.sleep(0.02)  # loading Python's modules is not what is measured
                yield process.pid, []
                if process.poll() is not None:
                    raise RuntimeError(log_file.read_text()[-2000:])
            finally:
                process.terminate()
                process.wait(timeout=60)


def _address(name: str) -> str:
    return str(Account.from_key(hashlib.sha256(f"bench {name}".encode()).digest()).address)


def _word(text: str) -> str:
    return "0x" + hashlib.sha256(text.encode()).hexdigest()


def _officers() -> dict[str, list[str]]:
    two = ("ADMINISTRATOR", "COMPLIANCE", "MODERATOR", "REGISTRAR", "TREASURER")
    return {
        **{role: [_address(f"{role} 1"), _address(f"{role} 2")] for role in two},
        "OPERATOR": [_address("operator")],
    }


def measure(asked: argparse.Namespace) -> dict[str, Any]:
    """The whole run."""
    with tempfile.TemporaryDirectory(prefix="kapital-bench-") as folder:
        bench = Bench(Path(folder), asked.wallets, asked.block_gas, asked.database_url)
        load = os.getloadavg()[0]
        bench.prepare()
        try:
            direct = [bench.direct(asked.count)]
            sender = bench.sender(asked.count)
            direct.append(bench.direct(asked.count))
            steady = bench.steady(asked.rate, asked.seconds)
        finally:
            bench.close()
    share = sender["rate"] / (sum(direct) / len(direct))
    samples = sender.pop("memory_mib")
    quarter = samples[len(samples) // 4 :]
    return {
        "database": bench.engine.dialect.name,
        "wallets": asked.wallets,
        "transactions": asked.count,
        "block_gas": asked.block_gas,
        "cpus": os.cpu_count(),
        "load_before": round(load, 2),
        "blocks_a_second": bench.paces,
        "direct_rates": [round(one, 1) for one in direct],
        "sender_rate": round(sender["rate"], 1),
        "accept_rate": round(sender["accept_rate"], 1),
        "share_of_direct": round(share, 3),
        "worker_rss_mib": {"after_a_quarter": quarter[0] if quarter else None, "end": samples[-1] if samples else None},
        "steady": steady,
    }


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 when it could be measured; the figures are judged by whoever reads them."""
    parser = argparse.ArgumentParser(prog="make bench-sender", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--wallets", type=int, default=1000)
    parser.add_argument("--count", type=int, default=30_000, help="transactions of each measurement")
    parser.add_argument("--rate", type=int, default=200, help="intents a second in the steady part")
    parser.add_argument("--seconds", type=int, default=15, help="length of the steady part")
    parser.add_argument("--block-gas", type=int, default=BLOCK_GAS, help="gas limit of a block, one a second")
    parser.add_argument("--database-url", help="an empty database; a file of SQLite when left out")
    measured = measure(parser.parse_args(arguments))
    text = json.dumps(measured, indent=1)
    target = ROOT / "build" / "bench"
    target.mkdir(parents=True, exist_ok=True)
    (target / f"sender-{measured['database']}.json").write_text(text + "\n", encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
