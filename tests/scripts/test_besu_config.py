"""network.yaml: what is wrong is refused with file, line, field and reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from backend.custody.preparing import GAS_EXTRA, GAS_MARGIN_DENOMINATOR, GAS_MARGIN_NUMERATOR
from backend.payouts.planning import BATCH
from scripts.besu.accounts import SYSTEM_NAMES
from scripts.besu.config import GAS_LEAST, GAS_OF_REDEMPTION, HOLDERS_IN_BATCH, allowed_addresses, load, planned
from scripts.besu.yaml_lines import ConfigInvalidError

ROOT = Path(__file__).resolve().parents[2]
GOOD = """\
chain:
  chain_id: 20260
  period_s: 2
  request_timeout_s: 4
  gas_limit: 100000000
validators: 4
nodes:
  p2p_port: 0
  rpc_port: 0
accounts:
  addresses:
    gateway: "0x9811ebc35d7b06b3fa8dc5809a1f9c52751e1deb"
  allowlist:
    - system
    - gateway
node_allowlist: []
rpc_users:
  - {name: operator, permissions: ["perm:*"]}
"""
ADDRESS = "0x9811Ebc35D7b06B3fA8dC5809a1F9C52751e1dEb"
CHANGES = {
    "no validator": ("validators: 4", "validators: 0", 6, "validators: from one to 100 validators are needed, found 0"),
    "an empty list of them": ("validators: 4", "validators: []", 6, "needed, found 0"),
    "too many": ("validators: 4", "validators: 101", 6, "found 101"),
    "words for a number": ("validators: 4", "validators: four", 6, "a number or a list of nodes is expected, found 'four'"),
    "yes for a number": ("validators: 4", "validators: yes", 6, "a number or a list of nodes is expected, found True"),
    "a fraction": ("period_s: 2", "period_s: 0.5", 3, "chain.period_s: input should be a valid integer, found 0.5"),
    "a missing key": ("  chain_id: 20260\n", "", 1, "chain.chain_id: is missing"),
    "an unknown key": ("  p2p_port: 0", "  p2p_prot: 0", 8, "nodes.p2p_prot: unknown key"),
    "an unknown part": ("node_allowlist: []", "bootnodes: []", 16, "bootnodes: unknown key"),
    "a key twice": ("  period_s: 2", "  period_s: 2\n  period_s: 3", 3, "chain.period_s: stands twice (lines 3 and 4)"),
    "a short timeout": ("request_timeout_s: 4", "request_timeout_s: 3", 4, "3 s is less than two periods (4 s)"),
    "gas for no payout": ("gas_limit: 100000000", "gas_limit: 17793039", 5, "17,793,039 is too small for a payout"),
    "an impossible port": ("rpc_port: 0", "rpc_port: 70000", 9, "nodes.rpc_port: input should be less than or equal to 65535"),
    "ports beyond the end": ("rpc_port: 0", "rpc_port: 65532", 9, "rpc-1 would get port 65536"),
    "ports that meet": ("p2p_port: 0\n  rpc_port: 0", "p2p_port: 30303\n  rpc_port: 30305", 8, "port 30305 of 127.0.0.1 is rpc_port of validator-1"),
    "an unknown account": ("    - gateway", "    - treasury", 15, "unknown account 'treasury'; there are system, actions1"),
    "a short address": ("    - gateway", '    - "0x1234"', 15, "accounts.allowlist[1]: '0x1234' is not an address"),
    "a mistyped address": ("    - gateway", f'    - "{ADDRESS[:-1]}B"', 15, "is mistyped: its checksum (EIP-55)"),
    "a number for an address": ("    - gateway", "    - 0x9811ebc35d7b06b3", 15, "accounts.allowlist[1]: input should be a valid string"),
    "a bad named address": ("52751e1deb", "52751e1d", 12, "accounts.addresses.gateway:"),
    "two names of an address": ("  allowlist:", '    other: "0x9811ebc35d7b06b3fa8dc5809a1f9c52751e1deb"\n  allowlist:', 13, "of gateway already"),
    "a bad enode": ("node_allowlist: []", "node_allowlist:\n  - enode://abc@1.2.3.4:30303", 17, "is not enode://128 hexadecimal"),
    "a node without a port": ("node_allowlist: []", f"node_allowlist:\n  - enode://{'ab' * 64}@1.2.3.4:0", 17, "is not enode://128 hexadecimal"),
    "nobody's address": ("    - gateway", '    - "0x0000000000000000000000000000000000000000"', 15, "the zero address can't be admitted"),
    "a bad permission": ('["perm:*"]', '["perm"]', 18, "rpc_users[0].permissions[0]: 'perm' is not a permission"),
    "a user without rights": ('["perm:*"]', "[]", 18, "rpc_users[0].permissions: list should have at least 1 item"),
    "a user twice": ('["perm:*"]}', '["perm:*"]}\n  - {name: operator, permissions: ["eth:*"]}', 19, "operator is the name of another user"),
    "a list instead of a mapping": (GOOD, "- 1\n", 1, "a mapping with chain, validators, … is expected"),
    "nothing": (GOOD, "", 1, "a mapping with chain, validators, … is expected"),
    "no YAML": ("node_allowlist: []", "node_allowlist: [", 18, "not YAML"),
    "two nodes of a name": ("validators: 4", "validators:\n  - name: a\n  - name: a", 8, "validators[1].name: a is the name of another node"),
    "a name with blanks": ("validators: 4", "validators:\n  - name: moscow one", 7, "validators[0].name: string should match pattern"),
    "one port for two nodes": (
        "validators: 4",
        "validators:\n  - {name: a, rpc_port: 8545}\n  - {name: b, rpc_port: 8545}",
        8,
        "validators[1].rpc_port: port 8545 of 127.0.0.1 is rpc_port of a already",
    ),
    "no host": ("validators: 4", 'validators:\n  - {name: a, host: "a b"}', 7, "'a b' is neither an address nor a host name"),
    "a node with an unknown key": ("validators: 4", "validators:\n  - {name: a, port: 1}", 7, "validators[0].port: unknown key"),
    "a name to listen on": ("  p2p_port: 0", "  bind: localhost", 8, "'localhost' is not an IP address to listen on"),
}  # fmt: skip


def written(folder: Path, text: str) -> Path:
    path = folder / "network.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("what", CHANGES)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, what: str) -> None:
    before, after, line, reason = CHANGES[what]
    assert before in GOOD
    path = written(tmp_path, GOOD.replace(before, after, 1))
    with pytest.raises(ConfigInvalidError) as refused:
        load(path)
    assert any(one.startswith(f"{path}:{line}: ") and reason in one for one in refused.value.problems), refused.value


def test_everything_wrong_is_told_at_once_in_order_of_lines(tmp_path: Path) -> None:
    text = (
        GOOD.replace("request_timeout_s: 4", "request_timeout_s: 2")
        .replace("- gateway", "- nobody")
        .replace("100000000", "1000")
    )
    with pytest.raises(ConfigInvalidError) as refused:
        load(written(tmp_path, text))
    assert [one.split(":")[1] for one in refused.value.problems] == ["4", "5", "15"]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalidError, match=r"absent\.yaml: can't be read: No such file"):
        load(tmp_path / "absent.yaml")


def test_the_committed_file_makes_four_validators_and_an_rpc_node() -> None:
    config = load(ROOT / "besu-network" / "network.yaml")
    nodes = planned(config)
    assert [(one.name, one.role) for one in nodes] == [
        *((f"validator-{n}", "validator") for n in range(1, 5)),
        ("rpc-1", "rpc"),
    ]
    known = {name: f"0x{number:040x}" for number, name in enumerate(SYSTEM_NAMES, start=1)}
    assert allowed_addresses(config, known) == [f"0x{number:040x}" for number in range(1, len(SYSTEM_NAMES) + 1)]


def test_a_number_of_validators_may_be_given_beside_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    assert len([one for one in planned(load(path, 7)) if one.role == "validator"]) == 7
    with pytest.raises(ConfigInvalidError, match="found 0"):
        load(path, 0)


def test_nodes_of_one_host_get_ports_in_a_row_and_nodes_of_their_own_host_the_same(tmp_path: Path) -> None:
    beside = planned(load(written(tmp_path, GOOD.replace("rpc_port: 0", "rpc_port: 8545"))))
    assert [one.ports["rpc_port"] for one in beside] == [8545, 8546, 8547, 8548, 8549]
    apart = planned(load(written(tmp_path, GOOD.replace("rpc_port: 0", 'rpc_port: 8545\n  host: "{name}"'))))
    assert [(one.host, one.ports["rpc_port"]) for one in apart] == [
        *((f"validator-{n}", 8545) for n in range(1, 5)),
        ("rpc-1", 8545),
    ]


def test_the_least_gas_limit_is_that_of_the_dearest_measured_batch() -> None:
    measured = json.loads((ROOT / "tests" / "contracts" / "gas_snapshot.json").read_text())
    assert measured["redemption_per_holder_200"] <= GAS_OF_REDEMPTION
    assert BATCH == HOLDERS_IN_BATCH
    assert GAS_OF_REDEMPTION * BATCH * GAS_MARGIN_NUMERATOR // GAS_MARGIN_DENOMINATOR + GAS_EXTRA == GAS_LEAST
