"""The embedded node: anvil under a supervisor that makes every block durable.

    python -m scripts.node --dir DIR [--port 0] [--chain-id 20260] [--timestamp SECONDS] [--block-time SECONDS]

Anvil keeps its chain in memory. The supervisor, every POLL_S:
1. asks for the newest block and for the offset of chain time to the wall clock;
2. writes new blocks (timestamp, signed transactions, hash) to the journal and waits for the disk;
3. only then announces the height in DIR/durable-head, above which the indexer reads nothing.
Every CHECKPOINT_BLOCKS it stops mining for a moment, dumps the whole state and begins a new journal (see node_store).

Start and recovery are one path: a private anvil loads the newest checkpoint, whose state must have the root that its
last header names, and mines the journal's blocks again, each checked by its hash. An unsound checkpoint (anvil may
dump in the middle of a block) is passed over for the one before it, which has a journal too. The result becomes the
checkpoint from which the public anvil starts, on the old port, with chain time going on from where it would be now. A block mined but not yet announced when anvil dies is gone,
as is the pool: the sender of a transaction repeats it until it is mined and durable.

Both may be killed at any instant. The kernel ends anvil with its supervisor; elsewhere the next start does.
Only transactions and time may change the chain: what cheat calls (anvil_setBalance, ...) change is in a checkpoint
only, and makes the journal's blocks on top of it unrepeatable. A reorganisation (evm_revert) is answered by a checkpoint.
"""

import argparse
import contextlib
import fcntl
import signal
import sys
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from scripts.node_process import HOST, AnvilProcess, ProcessError, end_orphan, free_port, port_is_free
from scripts.node_replay import UnrepeatableError, check_state_root, dump, mine_again
from scripts.node_rpc import NodeRefusedError, NodeRpc, NodeUnreachableError
from scripts.node_store import BlockRecord, Store, StoreError

POLL_S = 0.03
CHECKPOINT_BLOCKS = 250
CHUNK_BLOCKS = 100
RESTARTS, RESTARTS_WITHIN_S = 5, 30.0
"""Anvil dying this often within this time is no accident: give up with a message."""


class SupervisorError(Exception):
    """The node can't go on; the message is for the operator."""


class Supervisor:
    """Keeps one anvil running over one folder until `stop` is set."""

    def __init__(self, folder: Path, port: int, chain_id: int, timestamp: int, block_time_s: int) -> None:
        """`port` 0 takes the port of the last run, or a free one; `timestamp` counts for a new chain only."""
        self.stop = False
        self._store = Store(folder)
        self._block_time_s = block_time_s
        self._port = port or _last_port(self._store) or free_port()
        chain = self._store.read_json("chain.json")
        if chain is None:
            chain = {"chain_id": chain_id, "genesis_timestamp": timestamp}
            self._store.write_json("chain.json", chain)
        if chain["chain_id"] != chain_id:
            raise SupervisorError(f"{folder} holds chain {chain['chain_id']}, not {chain_id}: choose another --dir")
        self._chain_id, self._genesis_timestamp = chain_id, int(chain["genesis_timestamp"])
        self._head: dict[str, Any] = {}
        self._offset_s: int | None = None
        self._checkpoint_at = CHECKPOINT_BLOCKS

    def run(self) -> None:
        """Start, follow, and start again after every death of anvil, until stopped. Raises SupervisorError."""
        starts: deque[float] = deque(maxlen=RESTARTS)
        while not self.stop:
            if len(starts) == RESTARTS and time.monotonic() - starts[0] < RESTARTS_WITHIN_S:
                raise SupervisorError(f"anvil died {RESTARTS} times within {RESTARTS_WITHIN_S:.0f} s, giving up")
            starts.append(time.monotonic())
            with contextlib.suppress(NodeUnreachableError):  # it died while starting: the next turn starts it again
                self._run_once()

    def _run_once(self) -> None:
        self._recover()
        offset_s = int((self._store.read_json("clock.json") or {"offset_s": 0})["offset_s"])
        fresh = self._store.state_file is None
        anvil = self._start(
            self._port, self._genesis_timestamp if fresh else int(time.time()) + offset_s, self._store.state_file
        )
        try:
            self._open_for_business(anvil.rpc)
            print(f"node: http://{HOST}:{self._port}, block {int(self._head['number'], 16)}", flush=True)
            while not self.stop:
                self._follow(anvil.rpc)
                time.sleep(POLL_S)
            self._checkpoint(anvil.rpc)
        finally:
            anvil.kill()

    def _start(self, port: int, timestamp: int, state: Path | None) -> AnvilProcess:
        return AnvilProcess(self._store.folder, port, self._chain_id, timestamp, state)

    def _recover(self) -> None:
        """Bring the newest sound checkpoint up to the end of the journal. Raises the first failure when none is."""
        failure: Exception | None = None
        for generation in self._store.generations():
            try:
                self._restore(generation)
            except (UnrepeatableError, ProcessError) as error:
                failure = failure or error
                print(f"node: checkpoint {generation}: {error}", file=sys.stderr, flush=True)
            else:
                return
        if failure:
            raise failure

    def _restore(self, generation: int) -> None:
        state, records = self._store.state_of(generation), self._store.read_journal(generation)
        if state is None and not records:
            return
        # Anvil refuses block times before its own start, so this one starts where the chain did.
        anvil = self._start(free_port(), self._genesis_timestamp, state)
        try:
            check_state_root(anvil.rpc)
            mined = [mine_again(anvil.rpc, record) for record in records]
            if any(mined) or generation != self._store.generation:
                self._store.write_checkpoint(dump(anvil.rpc))
        finally:
            anvil.kill()

    def _open_for_business(self, rpc: NodeRpc) -> None:
        """Check the loaded chain, set its clock, announce it, and let it mine."""
        self._head = rpc.call("eth_getBlockByNumber", "latest", False)
        self._check_promise(rpc)
        self._set_clock(rpc)
        if self._store.state_file is None:
            self._store.write_checkpoint(dump(rpc))
        self._announce()
        self._store.write_text("rpc-url", f"http://{HOST}:{self._port}")
        self._resume(rpc)

    def _pause(self, rpc: NodeRpc) -> None:
        """Transactions wait in the pool until `_resume`."""
        rpc.call(*(("evm_setIntervalMining", 0) if self._block_time_s else ("evm_setAutomine", False)))

    def _resume(self, rpc: NodeRpc) -> None:
        if self._block_time_s:
            rpc.call("evm_setIntervalMining", self._block_time_s)
            return
        rpc.call("evm_setAutomine", True)
        # What came in before is mined by the next arrival only, so don't let it wait for one.
        if int(rpc.call("txpool_status")["pending"], 16):
            rpc.call("evm_mine")

    def _check_promise(self, rpc: NodeRpc) -> None:
        promised = self._store.read_json("durable-head")
        if promised is None:
            return
        block = rpc.call("eth_getBlockByNumber", hex(promised["number"]), False)
        if block is None or block["hash"] != promised["hash"]:
            raise SupervisorError(f"{self._store.folder} doesn't hold block {promised['number']} announced as durable")

    def _set_clock(self, rpc: NodeRpc) -> None:
        """Chain time goes on from where it would be now, and never before the last block."""
        offset_s = int(rpc.call("evm_increaseTime", 0))
        saved = self._store.read_json("clock.json") if self._store.state_file else None
        wanted_s = max(
            offset_s if saved is None else int(saved["offset_s"]),
            int(self._head["timestamp"], 16) - int(time.time()),
        )
        if wanted_s > offset_s:
            offset_s = int(rpc.call("evm_increaseTime", wanted_s - offset_s))
        self._save_clock(offset_s)

    def _follow(self, rpc: NodeRpc) -> None:
        """One look at the chain: make durable and announce what is new."""
        # In this order the offset is never older than the block, so time can't fall behind it after a restart.
        head = rpc.call("eth_getBlockByNumber", "latest", False)
        self._save_clock(int(rpc.call("evm_increaseTime", 0)))
        if head["hash"] == self._head["hash"]:
            return
        if not self._record_up_to(rpc, int(head["number"], 16)):
            print("node: the chain was reorganised, writing a checkpoint", file=sys.stderr, flush=True)
            self._pause(rpc)
            self._head = rpc.call("eth_getBlockByNumber", "latest", False)
            self._store.write_checkpoint(dump(rpc))
            self._resume(rpc)
        self._announce()
        if self._store.recorded >= self._checkpoint_at:
            self._checkpoint(rpc)
            self._resume(rpc)

    def _record_up_to(self, rpc: NodeRpc, number: int) -> bool:
        """Append blocks to the journal, at most CHUNK_BLOCKS; False when they don't follow from the last one."""
        first = int(self._head["number"], 16) + 1
        last = min(number, first + CHUNK_BLOCKS - 1)
        blocks = rpc.batch([("eth_getBlockByNumber", [hex(height), False]) for height in range(first, last + 1)])
        if not blocks:
            return False
        records: list[BlockRecord] = []
        parent = self._head["hash"]
        hashes = [hash_ for block in blocks if block for hash_ in block["transactions"]]
        signed = dict(zip(hashes, rpc.batch([("eth_getRawTransactionByHash", [h]) for h in hashes]), strict=True))
        for block in blocks:
            if block is None or block["parentHash"] != parent or not all(signed[h] for h in block["transactions"]):
                return False
            parent = block["hash"]
            transactions = tuple(signed[hash_] for hash_ in block["transactions"])
            records.append(BlockRecord(int(block["number"], 16), parent, int(block["timestamp"], 16), transactions))
        self._store.append(records)
        self._head = blocks[-1]
        return True

    def _checkpoint(self, rpc: NodeRpc) -> None:
        """Stop mining and write the whole state, unless a block came meanwhile all the same (`evm_mine`): then later.

        A block that is in the dump and not yet recorded comes into the new journal, so that journals have no gap.
        """
        self._pause(rpc)
        before = rpc.call("eth_getBlockByNumber", "latest", False)["hash"]
        state = dump(rpc)
        if rpc.call("eth_getBlockByNumber", "latest", False)["hash"] == before:
            self._store.write_checkpoint(state)
            self._checkpoint_at = CHECKPOINT_BLOCKS
        else:
            self._checkpoint_at += CHUNK_BLOCKS

    def _save_clock(self, offset_s: int) -> None:
        if offset_s != self._offset_s:
            self._store.write_json("clock.json", {"offset_s": offset_s})
            self._offset_s = offset_s

    def _announce(self) -> None:
        head = {"number": int(self._head["number"], 16), "hash": self._head["hash"]}
        self._store.write_json("durable-head", head, durable=False)  # renewed at every start


def _last_port(store: Store) -> int:
    """The port of the last run when it is free, so that clients find the node again; otherwise 0."""
    text = store.read_text("rpc-url").rpartition(":")[2]
    return int(text) if text.isdigit() and port_is_free(int(text)) else 0


@contextlib.contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the folder for this process; the system lets go of it when the process ends. Raises SupervisorError."""
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SupervisorError(f"another node is running over {folder}") from error
        yield


def main(arguments: list[str] | None = None) -> int:
    """Run until SIGTERM or SIGINT; the exit code is 1 with one line on stderr when the node can't run."""
    parser = argparse.ArgumentParser(prog="python -m scripts.node", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dir", type=Path, required=True, help="folder of the node's files, made when absent")
    parser.add_argument("--port", type=int, default=0, help="loopback port; 0: the last run's, or a free one")
    parser.add_argument("--chain-id", type=int, default=20260)
    parser.add_argument(
        "--timestamp", type=int, default=int(time.time()), help="time of a new chain's genesis, seconds"
    )
    parser.add_argument("--block-time", type=int, default=0, help="seconds between blocks; 0: a block at once")
    options = parser.parse_args(arguments)
    options.dir.mkdir(parents=True, exist_ok=True)
    try:
        with only_one(options.dir):
            end_orphan(options.dir)
            supervisor = Supervisor(options.dir, options.port, options.chain_id, options.timestamp, options.block_time)

            def on_signal(number: int, frame: FrameType | None) -> None:
                supervisor.stop = True

            signal.signal(signal.SIGTERM, on_signal)
            signal.signal(signal.SIGINT, on_signal)
            supervisor.run()
    except (SupervisorError, UnrepeatableError, ProcessError, StoreError, NodeRefusedError) as error:
        print(f"node: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
