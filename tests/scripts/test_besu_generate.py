"""What `make network` writes: readable by Besu, secret where it must be, and the same when it is run again."""

from __future__ import annotations

import json
import stat
import tomllib
from pathlib import Path

import pytest
import yaml
from coincurve import PrivateKey
from Crypto.Protocol.KDF import bcrypt_check
from jose import jwt

from backend.network import nodes as nodes_file
from backend.settings import Settings
from scripts.besu import files, generate
from scripts.besu.accounts import SYSTEM_NAMES, key_file
from scripts.besu.generate import Network, NetworkRefusedError
from scripts.deployment_plan import ROOMS, address_at

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "besu-network" / "network.yaml"


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return generate.generate(SOURCE, tmp_path_factory.mktemp("besu") / "net")


def changed(folder: Path, **parts: object) -> Path:
    """The committed file with other parts."""
    path = folder / "changed.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(SOURCE.read_text()), **parts}))
    return path


def contents(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def options(network: Network, name: str) -> dict[str, object]:
    return tomllib.loads((network.folder / "nodes" / name / "config.toml").read_text())


def test_every_node_gets_options_of_a_free_permissioned_archive_node(network: Network) -> None:
    for node in network.nodes:
        found = options(network, node.name)
        assert found["min-gas-price"] == 0
        assert found["target-gas-limit"] == 100_000_000
        assert found["tx-pool"] == "SEQUENCED"
        assert found["data-storage-format"] == "FOREST"
        assert found["sync-mode"] == "FULL"
        assert found["revert-reason-enabled"] is (node.role == "rpc")
        assert found["rpc-http-authentication-enabled"] is True
        assert found["permissions-accounts-config-file-enabled"] is True
        assert found["permissions-nodes-config-file-enabled"] is True
        assert found["discovery-enabled"] is False
        for key in ("genesis-file", "node-private-key-file", "static-nodes-file", "permissions-accounts-config-file"):
            assert Path(str(found[key])).is_file(), key
        assert not any(key.startswith(("tx-pool-layer", "tx-pool-max-prior")) for key in found), (
            "refused with SEQUENCED"
        )


def test_only_methods_that_change_nothing_of_the_network_are_open(network: Network) -> None:
    found = options(network, "rpc-1")["rpc-http-api-methods-no-auth"]
    assert isinstance(found, list)
    assert "eth_sendRawTransaction" in found
    assert not [one for one in found if one.startswith(("perm_", "admin_", "debug_", "trace_")) or "Vote" in one]


def test_nodes_know_each_other_and_not_themselves(network: Network) -> None:
    for node in network.nodes:
        folder = network.folder / "nodes" / node.name
        peers = json.loads((folder / "static-nodes.json").read_text())
        assert sorted([*peers, node.enode]) == sorted(one.enode for one in network.nodes)
        assert node.enode not in peers
        assert tomllib.loads((folder / "permissions.toml").read_text())["nodes-allowlist"] == [
            one.enode for one in network.nodes
        ]


def test_keys_addresses_and_enodes_belong_together(network: Network) -> None:
    for node in network.nodes:
        folder = network.folder / "nodes" / node.name
        key = PrivateKey(bytes.fromhex((folder / "key").read_text().strip()[2:]))
        public = key.public_key.format(compressed=False)[1:].hex()
        assert (folder / "key.pub").read_text().strip() == f"0x{public}"
        assert node.enode == f"enode://{public}@127.0.0.1:{node.p2p_port}"
        assert node.address == files.address(key)
    every_port = [port for node in network.nodes for port in node.ports.values()]
    assert len(set(every_port)) == len(every_port)


def test_system_accounts_are_allowed_from_block_0_and_contracts_are_known(network: Network) -> None:
    record = json.loads((network.folder / "accounts.json").read_text())
    assert [one["name"] for one in record["accounts"]] == SYSTEM_NAMES
    assert record["contracts"] == {room: address_at(record["deployer"], nonce) for nonce, room in enumerate(ROOMS)}
    for node in network.nodes:
        permitted = tomllib.loads((network.folder / "nodes" / node.name / "permissions.toml").read_text())
        # In lower case: Besu compares text when it writes a change down.
        assert permitted["accounts-allowlist"] == [one["address"].lower() for one in record["accounts"]]


def test_the_platform_wants_exactly_what_the_nodes_were_given(tmp_path: Path) -> None:
    """Otherwise the first comparison of lists would find drift in a network that nobody touched."""
    key = "ab" * 64
    accounts = {
        "addresses": {"gateway": "0x" + "A1" * 20, "elsewhere": "0x" + "C3" * 20},
        "allowlist": ["system", "gateway", "0x" + "B2" * 20],
    }
    wanted_nodes = [
        f"enode://{key.upper()}@10.0.0.7:30303?discport=30303",
        f"enode://{key}@10.0.0.8:30303?discport=0",
        f"enode://{key}@10.0.0.7:30303",
    ]
    source = changed(tmp_path, accounts=accounts, node_allowlist=wanted_nodes)
    made = generate.generate(source, tmp_path / "net")
    wanted = nodes_file.required(Settings(besu_nodes_file=made.folder / "nodes.json"))
    for node in made.nodes:
        given = tomllib.loads((made.folder / "nodes" / node.name / "permissions.toml").read_text())
        assert sorted(given["nodes-allowlist"]) == sorted(wanted.enodes())
        assert sorted(given["accounts-allowlist"]) == sorted(wanted.system_accounts())
    others = {f"enode://{key}@10.0.0.7:30303", f"enode://{key}@10.0.0.8:30303?discport=0"}
    assert set(wanted.enodes()) == {one.enode for one in made.nodes} | others, "as Besu prints them, each once"
    assert {"0x" + "a1" * 20, "0x" + "b2" * 20} <= set(wanted.system_accounts())
    assert "0x" + "c3" * 20 not in wanted.system_accounts(), "a name alone admits nobody"


def test_secrets_are_readable_by_their_owner_alone(network: Network) -> None:
    folder = network.folder
    secret = [folder / "jwt" / "private.pem", folder / "rpc-users.toml", folder / "rpc-passwords.json"]
    secret += [folder / "nodes" / one.name / "key" for one in network.nodes] + list((folder / "accounts").iterdir())
    assert len(secret) == 3 + len(network.nodes) + len(SYSTEM_NAMES)
    assert {stat.S_IMODE(path.stat().st_mode) for path in secret} == {0o600}


def test_tokens_and_passwords_are_those_that_the_nodes_check(network: Network) -> None:
    claims = {"permissions": ["perm:*"], "exp": 4_000_000_000}
    token = jwt.encode(claims, (network.folder / "jwt" / "private.pem").read_text(), algorithm="RS256")
    assert jwt.decode(token, (network.folder / "jwt" / "public.pem").read_text(), algorithms=["RS256"]) == claims
    users = tomllib.loads((network.folder / "rpc-users.toml").read_text())["Users"]
    for name, password in json.loads((network.folder / "rpc-passwords.json").read_text()).items():
        bcrypt_check(password.encode(), users[name]["password"].encode())
        assert users[name]["password"].startswith("$2a$10$")
    assert users["operator"]["permissions"][-2:] == ["perm:*", "admin:*"]


def test_a_second_run_keeps_keys_ports_lists_and_passwords(network: Network, tmp_path: Path) -> None:
    source = changed(tmp_path)
    first = generate.generate(source, tmp_path / "net")
    before = contents(tmp_path / "net")
    list_file = tmp_path / "net" / "nodes" / "validator-1" / "permissions.toml"
    list_file.write_text(before["nodes/validator-1/permissions.toml"] + "# changed by perm_addAccountsToAllowlist\n")
    assert generate.generate(source, tmp_path / "net") == first
    after = contents(tmp_path / "net")
    assert after.pop("nodes/validator-1/permissions.toml").endswith("# changed by perm_addAccountsToAllowlist\n")
    salted = {"rpc-users.toml", "nodes/validator-1/permissions.toml"}
    assert {name: text for name, text in before.items() if name not in salted} == {
        name: text for name, text in after.items() if name not in salted
    }


def test_another_genesis_is_refused_and_no_file_changes(tmp_path: Path) -> None:
    folder = tmp_path / "net"
    generate.generate(SOURCE, folder)
    before = contents(folder)
    with pytest.raises(NetworkRefusedError, match=r"names 4 validators .* wanted are 5 .*by votes"):
        generate.generate(SOURCE, folder, 5)
    chain = {"chain_id": 20260, "period_s": 1, "request_timeout_s": 4, "gas_limit": 90_000_000}
    with pytest.raises(
        NetworkRefusedError, match=r"blockperiodseconds: 2, wanted 1; gasLimit: 0x5f5e100, wanted 0x55d4a80"
    ):
        generate.generate(changed(tmp_path, chain=chain), folder)
    other = {"addresses": {"deployer": "0x" + 39 * "0" + "1"}}
    with pytest.raises(
        NetworkRefusedError, match="other accounts, and the contracts' addresses follow from them: deployer"
    ):
        generate.generate(changed(tmp_path, accounts=other), folder)
    assert contents(folder) == before


def test_what_doesnt_touch_the_genesis_block_may_change(tmp_path: Path) -> None:
    folder = tmp_path / "net"
    first = generate.generate(SOURCE, folder)
    nodes = {"heap": "1g", "rpc_port": 18545, "log_level": "DEBUG"}
    second = generate.generate(changed(tmp_path, nodes=nodes, rpc_nodes=2), folder)
    assert second.genesis_hash == first.genesis_hash
    assert second.heap == "1g"
    assert [one.rpc_port for one in second.nodes] == [18545, 18546, 18547, 18548, 18549, 18550]
    assert [one.address for one in second.nodes[:5]] == [one.address for one in first.nodes]


def test_no_key_is_made_for_an_account_that_lies_elsewhere(tmp_path: Path) -> None:
    address = "0x9811Ebc35D7b06B3fA8dC5809a1F9C52751e1dEb"
    accounts = {
        "addresses": {"treasurer1": address, "gateway": "0x" + 39 * "0" + "7"},
        "allowlist": ["system", "gateway"],
    }
    generate.generate(changed(tmp_path, accounts=accounts), tmp_path / "net")
    record = json.loads((tmp_path / "net" / "accounts.json").read_text())
    assert address.lower() in [one.lower() for one in record["officers"]["TREASURER"]]
    assert not key_file(tmp_path / "net", "treasurer1").exists()
    assert record["allowlist"][-1] == "0x" + 39 * "0" + "7"


def test_containers_see_the_folder_elsewhere_and_each_other_by_name(tmp_path: Path) -> None:
    nodes = {
        "host": "{name}",
        "bind": "10.1.1.1",
        "root": "/network",
        "p2p_port": 30303,
        "rpc_port": 8545,
        "metrics_port": 9545,
    }
    network = generate.generate(changed(tmp_path, nodes=nodes), tmp_path / "net")
    found = options(network, "validator-2")
    assert found["genesis-file"] == "/network/genesis.json"
    assert found["data-path"] == "/network/nodes/validator-2/data"
    assert found["Xdns-enabled"] is True
    assert "validator-2" in found["host-allowlist"]  # type: ignore[operator]
    assert network.entry.rpc_url == "http://rpc-1:8545"
    assert network.nodes[0].enode.endswith("@validator-1:30303")


def test_a_file_that_holds_no_key_is_told_and_left_alone(tmp_path: Path) -> None:
    key = tmp_path / "net" / "nodes" / "validator-1" / "key"
    files.write(key, "not a key\n", files.SECRET)
    with pytest.raises(ValueError, match="validator-1/key holds no private key"):
        generate.generate(SOURCE, tmp_path / "net")
    assert key.read_text() == "not a key\n"


def test_a_folder_without_a_network_is_told(tmp_path: Path) -> None:
    with pytest.raises(NetworkRefusedError, match="run `make network`"):
        generate.read(tmp_path)
