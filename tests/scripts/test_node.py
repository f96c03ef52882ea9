"""The embedded node keeps what it has announced as durable, whatever is killed."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from scripts.chain_time import advance_to, chain_now, last_block_time
from scripts.node_process import ROOT, find_anvil, free_port
from scripts.node_rpc import NodeRefusedError, NodeRpc, NodeUnreachableError
from scripts.node_store import BlockRecord, Store

CHAIN_ID = 20260
GENESIS = int(datetime(2026, 11, 30, 6, tzinfo=UTC).timestamp())
DEADLINE_S = 120.0
SENDER = Account.from_key("0x" + "11" * 32)
# Creation code whose contract stores the block's time and prevRandao under the first word of the call, and logs it.
RECORDER = bytes.fromhex("601680600a5f395ff3" + "00") + bytes.fromhex("425f355544600135555f355f5fa100".ljust(44, "0"))


def eventually(condition: Callable[[], Any], what: str) -> Any:
    """The first true value of `condition`; fails at the deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        try:
            value = condition()
        except (NodeUnreachableError, NodeRefusedError, OSError):
            value = None
        if value:
            return value
        time.sleep(0.01)
    pytest.fail(f"not within {DEADLINE_S} s: {what}")


class Node:
    """A supervisor run as its users run it, over a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sent = 0
        self.connections: dict[str, NodeRpc] = {}
        self.supervisor: subprocess.Popen[str] | None = None

    def start(self, *options: str, **environment: str) -> None:
        known = self.anvil_pid()
        supervisor = self.supervisor = self.launch(*options, **environment)

        def is_up() -> bool:
            if supervisor.poll() is not None:
                pytest.fail(f"the supervisor ended: {supervisor.communicate()[1]}")
            return self.anvil_pid() not in {None, known} and self.is_open()

        eventually(is_up, "the node answers")

    def launch(self, *options: str, **environment: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "scripts.node", "--dir", str(self.folder), "--timestamp", str(GENESIS)]
        return subprocess.Popen(
            [*command, *options], cwd=ROOT, env={**os.environ, **environment}, stderr=subprocess.PIPE, text=True
        )

    def is_open(self) -> bool:
        return bool(self.url and self.rpc.call("anvil_getAutomine"))

    @property
    def url(self) -> str:
        path = self.folder / "rpc-url"
        return path.read_text().strip() if path.exists() else ""

    @property
    def rpc(self) -> NodeRpc:
        url = self.url
        if url not in self.connections:
            self.connections[url] = NodeRpc(url)
        return self.connections[url]

    def anvil_pid(self) -> int | None:
        path = self.folder / "anvil.pid"
        text = path.read_text() if path.exists() else ""
        return int(text) if text else None

    def durable(self) -> dict[str, Any]:
        head: dict[str, Any] = json.loads((self.folder / "durable-head").read_text())
        return head

    def sign(self, to: str | None, data: bytes) -> str:
        fields = {"nonce": self.sent, "gasPrice": 0, "gas": 1_000_000, "value": 0, "chainId": CHAIN_ID, "data": data}
        self.sent += 1
        signed = SENDER.sign_transaction(fields | ({"to": bytes.fromhex(to[2:])} if to else {}))
        return "0x" + signed.raw_transaction.hex().removeprefix("0x")

    def mined(self, signed: str) -> dict[str, Any]:
        """Send a transaction, and send it again while the node is away, until it is in a durable block."""
        hash_: list[str] = []

        def receipt() -> Any:
            if not hash_ or not self.rpc.call("eth_getTransactionByHash", hash_[0]):
                hash_[:] = [self.rpc.call("eth_sendRawTransaction", signed)]
            found = self.rpc.call("eth_getTransactionReceipt", hash_[0])
            return found if found and int(found["blockNumber"], 16) <= self.durable()["number"] else None

        found: dict[str, Any] = eventually(receipt, "the transaction is durable")
        return found

    def chain(self, height: int | None = None) -> list[Any]:
        """All blocks with transactions, and their receipts, up to `height` or the durable head."""
        rpc, blocks = self.rpc, range((self.durable()["number"] if height is None else height) + 1)
        full = rpc.batch([("eth_getBlockByNumber", [hex(number), True]) for number in blocks])
        return [full, rpc.batch([("eth_getBlockReceipts", [hex(number)]) for number in blocks])]

    def kill_supervisor(self) -> None:
        assert self.supervisor is not None
        self.supervisor.kill()
        self.supervisor.communicate()

    def kill_anvil(self) -> None:
        pid = self.anvil_pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: self.anvil_pid() != pid and self.is_open(), "anvil runs again")

    def close(self) -> None:
        for connection in self.connections.values():
            connection.close()
        if self.supervisor is not None and self.supervisor.stderr and not self.supervisor.stderr.closed:
            self.supervisor.terminate()
            self.supervisor.communicate(timeout=DEADLINE_S)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    made = Node(tmp_path / "node")
    yield made
    made.close()


@pytest.fixture
def recorder(node: Node) -> str:
    """A running node with a contract whose storage depends on time and prevRandao."""
    node.start()
    receipt = node.mined(node.sign(None, RECORDER))
    assert receipt["status"] == "0x1"
    return str(receipt["contractAddress"])


def store(node: Node, contract: str, key: int) -> dict[str, Any]:
    receipt = node.mined(node.sign(contract, key.to_bytes(32, "big") + bytes(1)))
    assert receipt["status"] == "0x1"
    assert len(receipt["logs"]) == 1
    return receipt


def test_a_killed_anvil_comes_back_with_every_durable_block_and_goes_on(node: Node, recorder: str) -> None:
    for key in range(5):
        store(node, recorder, 1 + 2 * key)
    before, url = node.chain(), node.url
    kept = [node.rpc.call("eth_getStorageAt", recorder, hex(1 + 2 * key), "latest") for key in range(5)]

    node.kill_anvil()

    assert node.url == url
    assert node.chain(len(before[0]) - 1) == before
    assert [node.rpc.call("eth_getStorageAt", recorder, hex(1 + 2 * key), "latest") for key in range(5)] == kept
    assert all(int(value, 16) >= GENESIS for value in kept)
    following = store(node, recorder, 99)
    assert int(following["blockNumber"], 16) == len(before[0])
    last = node.chain()[0][-1]
    assert last["parentHash"] == before[0][-1]["hash"]
    assert int(last["timestamp"], 16) >= int(before[0][-1]["timestamp"], 16)


def test_repeated_kills_under_load_lose_nothing_that_was_announced(node: Node, recorder: str) -> None:
    announced: dict[int, str] = {}
    for round_ in range(4):
        for key in range(6):
            receipt = store(node, recorder, 1000 * (round_ + 1) + 2 * key)
            announced[int(receipt["blockNumber"], 16)] = receipt["blockHash"]
        # One more is on its way when the node dies: it may be lost, and is then sent again.
        node.rpc.call("eth_sendRawTransaction", on_its_way := node.sign(recorder, (7 + round_).to_bytes(33, "big")))
        node.kill_anvil()
        node.mined(on_its_way)
    blocks = node.chain()[0]
    assert {number: blocks[number]["hash"] for number in announced} == announced
    assert int(node.rpc.call("eth_getTransactionCount", SENDER.address, "latest"), 16) == node.sent


def test_a_killed_supervisor_takes_anvil_along_and_its_successor_has_the_chain_on_the_same_port(
    node: Node, recorder: str
) -> None:
    for key in range(3):
        store(node, recorder, 1 + 2 * key)
    before, url, rpc = node.chain(), node.url, node.rpc

    node.kill_supervisor()
    if sys.platform == "linux":
        eventually(lambda: not answers(rpc), "anvil ends with its supervisor")
    node.start()

    assert node.url == url
    assert node.chain(len(before[0]) - 1) == before
    store(node, recorder, 77)


def test_an_anvil_left_by_a_killed_supervisor_is_ended_by_the_next_start(node: Node) -> None:
    node.folder.mkdir()
    port = free_port()
    marker = str(node.folder.resolve() / "anvil-cache")
    arguments = [str(find_anvil()), "--port", str(port), "--quiet", "--prune-history", "1", "--cache-path", marker]
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL) as orphan:
        try:
            eventually(lambda: answers(NodeRpc(f"http://127.0.0.1:{port}")), "the orphan answers")
            (node.folder / "anvil.pid").write_text(str(orphan.pid))
            node.start("--port", str(port))
            assert orphan.wait(timeout=DEADLINE_S) == -signal.SIGKILL
        finally:
            orphan.kill()


def test_a_process_that_has_taken_over_the_number_of_an_old_anvil_is_left_alone(node: Node) -> None:
    node.folder.mkdir()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        (node.folder / "anvil.pid").write_text(str(stranger.pid))
        node.start()
        assert stranger.poll() is None
        stranger.kill()


def test_time_moved_months_ahead_flows_on_from_there_after_kills(node: Node, recorder: str) -> None:
    moment = datetime(2027, 5, 31, 9, tzinfo=UTC)
    assert advance_to(node.url, moment)
    assert not advance_to(node.url, moment)
    assert not advance_to(node.url, moment - timedelta(days=30))
    assert last_block_time(node.url) == moment
    store(node, recorder, 1)
    shown = chain_now(node.url)
    wall = datetime.now(UTC)
    assert moment <= shown < moment + timedelta(minutes=5)

    node.kill_anvil()
    node.kill_supervisor()
    node.start()

    passed = datetime.now(UTC) - wall
    assert shown <= chain_now(node.url) <= shown + passed + timedelta(seconds=2)
    block = node.rpc.call("eth_getBlockByNumber", store(node, recorder, 3)["blockNumber"], False)
    assert int(block["timestamp"], 16) >= int(shown.timestamp())


def test_time_moved_without_a_block_is_kept_too(node: Node) -> None:
    node.start()
    node.rpc.call("evm_increaseTime", 86_400 * 30)
    moved = chain_now(node.url)
    eventually(lambda: offset(node) >= 86_400 * 30 + GENESIS - time.time() - 60, "the offset is on disk")
    node.kill_anvil()
    assert chain_now(node.url) >= moved


def test_leftovers_of_an_unfinished_write_are_ignored(node: Node, recorder: str) -> None:
    store(node, recorder, 1)
    before = node.chain()
    node.kill_supervisor()
    (node.folder / "state.tmp").write_text('{"block": {"numb')
    (node.folder / "durable-head.tmp").write_text('{"number": 7')
    (journal,) = node.folder.glob("blocks-*.log")
    with journal.open("a") as file:
        file.write('{"number":')
    node.start()
    assert node.chain(len(before[0]) - 1) == before
    store(node, recorder, 3)


def test_a_chain_longer_than_one_journal_comes_back_whole(node: Node, recorder: str) -> None:
    node.rpc.call("anvil_mine", hex(300), hex(1))
    eventually(lambda: node.durable()["number"] >= 300, "300 blocks are durable")
    store(node, recorder, 1)
    assert 1 <= len(list(node.folder.glob("state-*.json"))) <= 2
    before = node.chain()
    node.kill_anvil()
    assert node.chain(len(before[0]) - 1) == before


def test_a_checkpoint_made_under_load_brings_everything_back(node: Node, recorder: str) -> None:
    signed = [node.sign(recorder, (1000 + 2 * key).to_bytes(32, "big") + bytes(1)) for key in range(600)]
    for start in range(0, len(signed), 5):
        for transaction in signed[start : start + 5]:
            node.rpc.call("eth_sendRawTransaction", transaction)
    store(node, recorder, 1)
    before = node.chain()
    node.kill_anvil()
    assert node.chain(len(before[0]) - 1) == before
    assert sum(len(block["transactions"]) for block in before[0]) == node.sent
    store(node, recorder, 3)


@pytest.mark.parametrize("damage", ["a nonce ahead of the blocks", "half a file"])
def test_an_unsound_checkpoint_is_passed_over_for_the_one_before(node: Node, recorder: str, damage: str) -> None:
    store(node, recorder, 1)
    before = node.chain()
    node.close()
    newest = Store(node.folder).state_file
    assert newest is not None
    text = newest.read_text()
    state = json.loads(text)
    state["accounts"][SENDER.address.lower()]["nonce"] += 1
    newest.write_text(json.dumps(state) if damage.startswith("a nonce") else text[: len(text) // 2])
    node.start()
    assert node.chain(len(before[0]) - 1) == before
    store(node, recorder, 3)


def test_a_reorganisation_is_followed_and_kept(node: Node, recorder: str) -> None:
    snapshot = node.rpc.call("evm_snapshot")
    dropped = store(node, recorder, 1)["blockHash"]
    node.rpc.call("evm_revert", snapshot)
    node.sent -= 1
    eventually(lambda: node.durable()["hash"] != dropped, "the dropped block is no longer announced")
    other = store(node, recorder, 3)
    node.kill_anvil()
    assert node.durable()["hash"] == other["blockHash"]


def test_a_journal_that_gives_another_block_is_reported_and_nothing_is_served(node: Node, recorder: str) -> None:
    store(node, recorder, 1)
    node.kill_supervisor()
    (journal,) = node.folder.glob("blocks-*.log")
    lines = journal.read_text().splitlines()
    last = json.loads(lines[-1])
    journal.write_text("\n".join([*lines[:-1], json.dumps({**last, "timestamp": last["timestamp"] + 1})]) + "\n")
    code, message = refused(node)
    assert code == 1
    assert f"block {last['number']} of the journal can't be repeated" in message


def test_a_node_that_lost_an_announced_block_refuses_to_start(node: Node, recorder: str) -> None:
    store(node, recorder, 1)
    node.kill_supervisor()
    for journal in node.folder.glob("blocks-*.log"):
        journal.unlink()
    code, message = refused(node)
    assert code == 1
    assert "announced as durable" in message


def test_a_second_supervisor_over_the_same_folder_is_refused(node: Node) -> None:
    node.start()
    code, message = refused(node)
    assert code == 1
    assert "another node is running" in message
    assert node.is_open()


def test_a_missing_program_is_named_with_the_remedy(node: Node) -> None:
    code, message = refused(node, ANVIL="/nowhere/anvil")
    assert code == 1
    assert "ANVIL names /nowhere/anvil" in message


def test_a_busy_port_is_named(node: Node) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        code, message = refused(node, "--port", str(port))
    assert code == 1
    assert f"port {port} is taken" in message


def test_a_folder_of_another_chain_is_refused(node: Node) -> None:
    node.start()
    node.close()
    code, message = refused(node, "--chain-id", "7")
    assert code == 1
    assert f"holds chain {CHAIN_ID}, not 7" in message


def test_blocks_come_at_the_interval_asked_for_also_after_a_kill(node: Node) -> None:
    node.supervisor = node.launch("--block-time", "1")
    eventually(lambda: node.durable()["number"] >= 2, "blocks come by themselves")
    pid, height = node.anvil_pid(), node.durable()["number"]
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: node.durable()["number"] >= height + 2, "blocks come again")


def test_a_stopped_node_ends_cleanly_and_starts_from_its_checkpoint(node: Node, recorder: str) -> None:
    store(node, recorder, 1)
    before = node.chain()
    node.close()
    assert node.supervisor is not None
    assert node.supervisor.returncode == 0
    stopped = Store(node.folder)
    assert stopped.read_journal(stopped.generation) == []
    node.start()
    assert node.chain() == before


def test_a_block_is_durable_within_300_ms(node: Node, recorder: str) -> None:
    waits = []
    for key in range(10):
        started = time.monotonic()
        store(node, recorder, 1 + 2 * key)
        waits.append(time.monotonic() - started)
    assert sorted(waits)[len(waits) // 2] < 0.3


def test_the_store_gives_back_what_was_appended_and_drops_a_torn_line(tmp_path: Path) -> None:
    records = [BlockRecord(number, f"0x{number}", 1000 + number, ("0xaa", "0xbb")) for number in (1, 2)]
    Store(tmp_path).append(records)
    with (tmp_path / "blocks-00000000.log").open("ab") as file:
        file.write(b'{"number": 3')
    opened = Store(tmp_path)
    assert opened.read_journal(0) == records
    opened.append([BlockRecord(3, "0x3", 1003, ())])
    assert [record.number for record in Store(tmp_path).read_journal(0)] == [1, 2, 3]


def test_advance_to_wants_a_time_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        advance_to("http://127.0.0.1:1", datetime(2027, 1, 1))  # noqa: DTZ001 -- what is refused


def refused(node: Node, *options: str, **environment: str) -> tuple[int, str]:
    """Exit code and message of a supervisor that must not start."""
    process = node.launch(*options, **environment)
    try:
        _, message = process.communicate(timeout=DEADLINE_S)
    finally:
        process.kill()
    assert "Traceback" not in message
    return process.returncode, message


def answers(rpc: NodeRpc) -> bool:
    try:
        with rpc:
            rpc.call("eth_blockNumber")
    except NodeUnreachableError:
        return False
    return True


def offset(node: Node) -> int:
    return int(json.loads((node.folder / "clock.json").read_text())["offset_s"])
