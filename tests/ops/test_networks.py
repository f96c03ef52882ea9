"""The networks of compose.yaml and of the chart are made by `make network`, and name the places where containers find their files."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts import containers
from scripts.besu.generate import Network, generate
from tests.ops.conftest import NETWORK


@pytest.fixture(scope="module", params=["compose", "kubernetes"])
def network(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Network:
    return generate(NETWORK / f"{request.param}.network.yaml", tmp_path_factory.mktemp(request.param))


def config_of(network: Network, name: str) -> dict[str, Any]:
    return tomllib.loads((network.folder / "nodes" / name / "config.toml").read_text())


def test_nodes_find_their_files_where_containers_mount_them(network: Network) -> None:
    for node in network.nodes:
        config, own = config_of(network, node.name), f"/network/nodes/{node.name}"
        assert config["genesis-file"] == "/network/genesis.json"
        assert config["rpc-http-authentication-jwt-public-key-file"] == "/network/jwt/public.pem"
        for key in ("data-path", "node-private-key-file", "static-nodes-file", "permissions-nodes-config-file"):
            assert config[key].startswith(f"{own}/"), key
        assert (config["p2p-port"], config["rpc-http-port"], config["metrics-port"]) == (30303, 8545, 9545)
        assert config["rpc-http-host"] == config["metrics-host"] == config["p2p-interface"] == "0.0.0.0"  # noqa: S104 - in a container


def test_names_of_the_nodes_are_those_of_the_services_and_of_the_chart(network: Network) -> None:
    names = [node.name for node in network.nodes]
    values = yaml.safe_load((NETWORK / "helm/kapital/values.yaml").read_text())["besu"]
    compose = yaml.safe_load((NETWORK / "compose.yaml").read_text())["services"]
    assert names == [*values["validators"], *values["rpcNodes"]]
    assert names == [name for name, service in compose.items() if "besu" in service["image"]]


def test_nodes_with_names_ask_for_them_anew_and_answer_to_probes(network: Network) -> None:
    config = config_of(network, "validator-1")
    if network.nodes[0].host == "validator-1":
        assert config["Xdns-enabled"] is config["Xdns-update-enabled"] is True
        assert "*" in config["host-allowlist"]  # a probe comes by the pod's address, which Besu would answer with 403
    else:
        assert network.nodes[0].host in config["host-allowlist"]  # as Prometheus and the platform come
        assert "*" not in config["host-allowlist"]
    assert "localhost" in config["host-allowlist"] or "*" in config["host-allowlist"]


def test_objects_of_a_real_network_hold_a_key_each(network: Network) -> None:
    containers.secret_files(network.folder / "secrets")
    objects = containers.objects(network.folder, "kapital")
    keys = [one["data"]["key"] for one in objects if one["metadata"]["name"].endswith("-files")]
    assert len(set(keys)) == len(network.nodes)
    text: Path = network.folder / "jwt/private.pem"
    assert text.read_text() not in str([one["data"] for one in objects if one["kind"] == "ConfigMap"])
