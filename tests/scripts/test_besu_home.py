"""An installation over a Besu network: its accounts are those that the network admits from the first block on."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from scripts.besu import generate
from scripts.besu.accounts import DEPLOYER, key_file
from scripts.stack import officers
from scripts.stack.home import Home

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("network") / "net"
    generate.generate(ROOT / "besu-network" / "network.yaml", folder, 1)
    return folder


def test_processes_are_told_of_the_network(network: Path, tmp_path: Path) -> None:
    home = Home(tmp_path / "home", environment="demo", network=network)
    home.prepare()
    found = home.environment_of_processes()
    made = generate.read(network)
    assert found["KAPITAL_RPC_URL"] == made.entry.rpc_url
    assert found["KAPITAL_RPC_FALLBACK_URLS"] == made.node("validator-1").rpc_url, "one RPC node: a validator stands in"
    assert found["KAPITAL_BESU_NODES_FILE"] == str(network / "nodes.json")
    assert found["KAPITAL_QBFT_EPOCH_LENGTH"] == "30000"
    assert found["KAPITAL_CALENDAR_FILE"] == str(tmp_path / "home" / "calendar.json")
    assert "KAPITAL_DURABLE_HEAD_FILE" not in found
    assert (home.folder / "deployer.hex").read_text().strip() == key_file(network, DEPLOYER).read_text().strip()


def test_several_rpc_nodes_stand_in_for_each_other_before_any_validator(tmp_path: Path) -> None:
    source = tmp_path / "three.yaml"
    source.write_text((ROOT / "besu-network" / "network.yaml").read_text().replace("rpc_nodes: 1", "rpc_nodes: 3"))
    made = generate.generate(source, tmp_path / "net", 1)
    assert [made.entry.name, *(one.name for one in made.fallbacks)] == ["rpc-1", "rpc-2", "rpc-3"]
    source.write_text((ROOT / "besu-network" / "network.yaml").read_text().replace("rpc_nodes: 1", "rpc_nodes: 0"))
    alone = generate.generate(source, tmp_path / "alone", 1)
    assert (alone.entry.name, alone.fallbacks) == ("validator-1", [])


def test_an_installation_keeps_its_real_calendar_outside_demonstrations(network: Path, tmp_path: Path) -> None:
    home = Home(tmp_path / "home", environment="development", network=network)
    home.prepare()
    assert "KAPITAL_CALENDAR_FILE" not in home.environment_of_processes()


def test_an_installation_stays_on_its_chain(network: Path, tmp_path: Path) -> None:
    Home(tmp_path / "home", network=network).prepare()
    with pytest.raises(RuntimeError, match=r"is an installation over .*net, not over embedded: choose another folder"):
        Home(tmp_path / "home").prepare()
    Home(tmp_path / "other").prepare()
    with pytest.raises(RuntimeError, match="is an installation over embedded"):
        Home(tmp_path / "other", network=network).prepare()


@pytest.mark.slow
def test_officers_get_the_accounts_that_the_network_admits(network: Path, tmp_path: Path) -> None:
    home = Home(tmp_path / "home", network=network)
    home.prepare()
    command = [sys.executable, "-m", "backend.migrate"]
    subprocess.run(command, cwd=ROOT, env=home.environment_of_processes(), check=True, capture_output=True)
    officers.make_officers(home)
    known = json.loads((network / "accounts.json").read_text())
    table = {role: sorted(one.lower() for one in holders) for role, holders in home.read("officers.json").items()}
    assert table == {role: sorted(one.lower() for one in holders) for role, holders in known["officers"].items()}
    assert home.read("tax.json")["address"].lower() == known["tax"].lower()
    officers.make_officers(home)  # again: the same
    stranger = tmp_path / "stranger"
    generate.generate(ROOT / "besu-network" / "network.yaml", stranger, 1)
    with pytest.raises(RuntimeError, match="doesn't admit accounts of this installation"):
        officers.make_officers(replace(home, network=stranger))
