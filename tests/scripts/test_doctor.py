"""The doctor: all green on what is in order, and each thing that can be wrong makes its own line red and names the next step."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import Engine

from backend.custody import service as custody
from backend.migrate import upgrade
from backend.network import nodes
from backend.network.jobs import NetworkJobs
from backend.settings import Settings
from indexer import main
from indexer.db import create_database_engine
from indexer.models import ChainAlarm, ChainCursor, ChainReconciliation
from scripts import doctor
from scripts.doctoring.house import House
from tests.backend.network.conftest import Office
from tests.backend.network.fake_besu import FakeBesu, FakeNetwork, besu_network, keys
from tests.factories.chain import Chain, address, word

ROOT = Path(__file__).resolve().parents[2]
GENESIS, HEAD = word(0x6E), 20
Report = dict[str, dict[str, Any]]


class Web(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Silence."""


@pytest.fixture
def web() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Web)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def pair() -> tuple[str, str]:
    return keys()


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("doctor") / "empty.db"
    engine = create_database_engine(f"sqlite:///{path}")
    upgrade(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


def chain_of(node: FakeBesu, nodes: int) -> None:
    """Answers of a healthy chain."""

    def block(params: list[Any]) -> dict[str, Any]:
        number = {"latest": node.head, "0x0": 0}.get(params[0])
        number = int(params[0], 16) if number is None else number
        block_hash = (
            node.extra.get("genesis", GENESIS) if number == 0 else node.extra.get("fork", word(0xB10C00 + number))
        )
        at = int(time.time()) + node.extra.get("ahead", 0) - node.extra.get("age", 0)
        return {
            "number": hex(number),
            "hash": block_hash,
            "timestamp": hex(at),
            "baseFeePerGas": node.extra.get("fee", "0x0"),
        }

    node.head = HEAD
    node.extra |= {
        "eth_chainId": "0x539",
        "eth_getBlockByNumber": block,
        "eth_gasPrice": "0x0",
        "eth_estimateGas": "0x5208",
        "net_peerCount": hex(nodes - 1),
    }


@pytest.fixture
def besu(tmp_path: Path, pair: tuple[str, str]) -> Iterator[FakeNetwork]:
    with besu_network(tmp_path / "besu", pair, validators=3) as made:
        for one in made.nodes:
            chain_of(one, len(made.nodes))
        made.write(genesis_hash=GENESIS)
        yield made


@pytest.fixture
def engine(tmp_path: Path, empty_database: Path) -> Iterator[Engine]:
    path = tmp_path / "kapital.db"
    shutil.copyfile(empty_database, path)
    made = create_database_engine(f"sqlite:///{path}")
    yield made
    made.dispose()


@pytest.fixture
def office(tmp_path: Path, engine: Engine, besu: FakeNetwork, web: str, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A platform in order, told to the doctor by the environment."""
    values = {
        "KAPITAL_DATABASE_URL": f"sqlite:///{tmp_path / 'kapital.db'}",
        "KAPITAL_RPC_URL": besu.node("rpc-1").url,
        "KAPITAL_CHAIN_ID": "1337",
        "KAPITAL_BESU_NODES_FILE": str(besu.file),
        "KAPITAL_PUBLIC_URL": web,
        "KAPITAL_FILES_DIR": str(tmp_path / "files"),
        "KAPITAL_KEK": "11" * 32,
        "KAPITAL_DEPLOYMENT_FILE": str(tmp_path / "deployment.json"),
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    made = Office(engine, Settings())
    with made.unit() as ctx:
        for owner in ("one", "two"):
            custody.create_wallet(ctx, "participant", owner)
        chain = Chain(ctx.session)
        for _ in range(HEAD + 1):
            chain.block(datetime.now(UTC))
        cursor = ctx.session.get_one(ChainCursor, 1)
        cursor.genesis_hash = GENESIS
        ctx.session.add(cursor)
        compared(made, ctx.session)
    NetworkJobs(made.unit, made.settings, name="worker").round()
    return made


def compared(office: Office, session: Any, mismatches: int = 0) -> None:
    row = ChainReconciliation(
        at=datetime.now(UTC),
        block_number=HEAD,
        block_hash=word(1),
        compared=10,
        mismatches=mismatches,
        counts={},
        details=[],
    )
    session.add(row)


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str]) -> Callable[[], tuple[int, Report]]:
    def run() -> tuple[int, Report]:
        capsys.readouterr()
        code = doctor.main(["--json"])
        told = json.loads(capsys.readouterr().out)
        assert told["healthy"] == (code == 0)
        return code, {one["check"]: one for one in told["findings"]}

    return run


Run = Callable[[], tuple[int, Report]]


def red(found: Report) -> set[str]:
    return {name for name, one in found.items() if one["verdict"] == "bad"}


def test_all_is_green_on_a_network_and_platform_in_order(office: Office, report: Run) -> None:
    code, found = report()
    assert (code, red(found)) == (0, set()), found
    assert {"chain id", "genesis", "heads", "peers", "free gas", "clocks", "senders", "indexer", "key store"} <= set(
        found
    )
    assert found["lists validator-1"]["verdict"] == "good"


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ({"eth_chainId": "0x1"}, "chain id"),
        ({"genesis": word(0xBAD)}, "genesis"),
        ({"fork": word(0xF0)}, "heads"),
        ({"net_peerCount": "0x0"}, "peers"),
        ({"fee": "0x7"}, "free gas"),
        ({"eth_gasPrice": "0x3e8"}, "free gas"),
        ({"ahead": 60}, "clocks"),
    ],
)
def test_what_one_node_has_wrong_makes_its_line_red(
    office: Office, besu: FakeNetwork, report: Run, what: dict[str, Any], line: str
) -> None:
    besu.node("validator-2").extra |= what
    code, found = report()
    assert (code, red(found)) == (1, {line}), found
    assert "validator-2" in found[line]["text"] or line == "heads"
    assert found[line]["next_step"]


def test_a_transaction_that_must_be_paid_for_is_told(office: Office, besu: FakeNetwork, report: Run) -> None:
    poor = {"error": {"code": -32004, "message": "Upfront cost exceeds account balance"}}
    besu.node("validator-1").answer["eth_estimateGas"] = poor
    assert red(report()[1]) == {"free gas"}


def test_a_node_that_is_behind_down_or_whose_clock_is_wrong_is_named(
    office: Office, besu: FakeNetwork, report: Run
) -> None:
    besu.node("validator-1").head = HEAD - 5
    besu.node("validator-3").clock_ahead_s = -90.0
    besu.node("rpc-1").stop()
    code, found = report()
    assert (code, red(found)) == (1, {"heads", "nodes", "clocks"})
    assert "validator-1 at 15" in found["heads"]["text"]
    assert "rpc-1" in found["nodes"]["text"]
    assert "validator-3" in found["clocks"]["text"]


def test_silent_validators_are_counted_against_the_quorum(
    office: Office, report: Run, tmp_path: Path, pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with besu_network(tmp_path / "four", pair) as besu:
        monkeypatch.setenv("KAPITAL_BESU_NODES_FILE", str(besu.file))
        for one in besu.nodes:
            chain_of(one, len(besu.nodes))
            one.extra["net_peerCount"] = "0x3"  # everybody who answers when one is silent
        besu.node("validator-4").stop()
        _, found = report()
        assert found["peers"]["verdict"] == "good", "a silent node is no peer that others lack"
        assert "Blocks go on; no other may fail" in found["nodes"]["text"]
        assert "lose-validator.md" in found["nodes"]["next_step"]
        besu.node("validator-3").stop()
        _, found = report()
        assert "2 of 4 validators are left and 3 must seal" in found["nodes"]["text"]
        assert "lose-quorum.md" in found["nodes"]["next_step"]


def test_next_steps_name_runbooks_and_commands_that_exist() -> None:
    source = "".join(path.read_text() for path in (ROOT / "scripts" / "doctoring").glob("*.py"))
    named = set(re.findall(r"docs/runbooks/[a-z-]+\.md", source))
    assert len(named) >= 4
    assert [one for one in named if not (ROOT / one).is_file()] == []
    indexer = re.findall(r"python -m indexer (\w+)", source)
    assert indexer
    assert set(indexer) <= set(re.findall(r"^(\w+) ", main.__doc__ or "", re.MULTILINE))
    for command in re.findall(r"python -m (backend\.\w+)", source):
        assert importlib.util.find_spec(command) is not None


def test_a_folder_of_make_up_tells_how_to_start_it_again(besu: FakeNetwork, tmp_path: Path) -> None:
    (tmp_path / "environment").write_text("development")
    network = nodes.required(Settings(besu_nodes_file=besu.file))
    made = House(Settings(public_url="http://127.0.0.1:8000/"), tmp_path, network, network.nodes, {})
    assert made.start == f'`make up NETWORK=besu ARGS="--dir {tmp_path} --network-dir {besu.folder.resolve()}"`'
    assert made.log_of("indexer") == f"{tmp_path}/logs/indexer.log"
    assert made.portal("/office/network/drift") == "http://127.0.0.1:8000/office/network/drift"


def test_a_chain_that_stands_still_is_told(office: Office, besu: FakeNetwork, report: Run) -> None:
    for one in besu.nodes:
        one.extra["age"] = 3600
    assert red(report()[1]) == {"block age"}


def test_lists_that_differ_name_the_command_that_puts_them_right(
    office: Office, besu: FakeNetwork, report: Run
) -> None:
    besu.node("validator-1").accounts = [address(0xBAD)]
    _, found = report()
    assert red(found) == {"lists validator-1"}
    assert "repair validator-1" in found["lists validator-1"]["next_step"]


def test_a_wrong_key_for_tokens_is_told(office: Office, besu: FakeNetwork, report: Run) -> None:
    (besu.folder / "jwt" / "private.pem").write_text(keys()[0])
    _, found = report()
    assert {f"lists {one.name}" for one in besu.nodes} <= red(found)
    assert "jwt" in found["lists rpc-1"]["next_step"]


def test_a_lagging_indexer_a_mismatch_and_an_alarm_are_told(office: Office, besu: FakeNetwork, report: Run) -> None:
    for one in besu.nodes:
        one.head = HEAD + 500
    with office.unit() as ctx:
        compared(office, ctx.session, mismatches=2)
    _, found = report()
    assert red(found) == {"indexer", "reconciliation"}
    assert "500 blocks behind" in found["indexer"]["text"]
    with office.unit() as ctx:
        compared(office, ctx.session)
        alarm = ChainAlarm(at=datetime.now(UTC) + timedelta(seconds=5), block_number=3, check="parent hash", detail="x")
        ctx.session.add(alarm)
    assert "parent hash" in report()[1]["reconciliation"]["text"]


def test_another_key_encryption_key_is_told(office: Office, report: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAPITAL_KEK", "22" * 32)
    _, found = report()
    assert red(found) == {"key store"}
    assert "KAPITAL_KEK_FILE" in found["key store"]["next_step"]


def test_portals_that_are_down_and_a_full_disk_are_told(
    office: Office, report: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAPITAL_PUBLIC_URL", "http://127.0.0.1:9")
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    assert red(report()[1]) == {"portals", "disk"}


def test_an_empty_database_is_told_without_a_crash(
    office: Office, report: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAPITAL_DATABASE_URL", f"sqlite:///{tmp_path / 'other.db'}")
    code, found = report()
    assert code == 1
    assert "database" in red(found)
    assert found["nodes"]["verdict"] == "good"


def test_a_person_reads_lines_with_the_next_step(
    office: Office, besu: FakeNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    besu.node("validator-2").stop()
    assert doctor.main([]) == 1
    text = capsys.readouterr().out
    assert "BAD nodes" in text
    assert "next: start it again, docs/runbooks/lose-validator.md" in text
    assert "\x1b" not in text


def test_no_installation_is_no_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.main(["--dir", str(tmp_path)]) == 2
    assert "make up" in capsys.readouterr().err


def test_a_broken_file_of_nodes_is_told(office: Office, besu: FakeNetwork, capsys: pytest.CaptureFixture[str]) -> None:
    besu.file.write_text("{")
    assert doctor.main([]) == 2
    assert "nodes.json" in capsys.readouterr().err


def test_the_embedded_node_has_no_lists_and_that_is_no_fault(
    office: Office, besu: FakeNetwork, report: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KAPITAL_BESU_NODES_FILE")
    besu.node("rpc-1").extra["eth_gasPrice"] = hex(10**9)  # anvil proposes a price and takes none
    code, found = report()
    assert (code, red(found)) == (0, set()), found
    assert found["permissions"]["verdict"] == found["peers"]["verdict"] == "none"
