"""compose.yaml: valid by the specification's schema, hardened, and in agreement with the files that it names.

No container was run: there is no Docker where these tests run. What is checked is what can be read.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts import containers
from tests.ops.conftest import NETWORK, ROOT

SCHEMA = ROOT / "tests/cases/compose/compose-spec.json"  # Apache-2.0, see tests/cases/README.md
VALIDATE = (
    "import json, sys, jsonschema; schema, given = json.load(sys.stdin); "
    "found = [f'{list(e.path)}: {e.message[:200]}' for e in jsonschema.Draft202012Validator(schema).iter_errors(given)]; "
    "print('\\n'.join(found)); sys.exit(bool(found))"
)
VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


def load() -> dict[str, Any]:
    return yaml.safe_load((NETWORK / "compose.yaml").read_text())


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return load()


def rendered(value: Any) -> Any:
    """As compose sees it when no variable is set."""
    if isinstance(value, dict):
        return {key: rendered(one) for key, one in value.items()}
    if isinstance(value, list):
        return [rendered(one) for one in value]
    return VARIABLE.sub(lambda found: found[2] or "", value) if isinstance(value, str) else value


def faults(python: Path, given: Any) -> str:
    content = json.dumps([json.loads(SCHEMA.read_text()), given])
    return subprocess.run(
        [python, "-c", VALIDATE], input=content, text=True, capture_output=True, check=False
    ).stdout.strip()


def test_the_file_keeps_the_schema_of_the_specification(ops_python: Path, compose: dict[str, Any]) -> None:
    assert faults(ops_python, rendered(compose)) == ""


def test_the_schema_notices_a_mistake(ops_python: Path, compose: dict[str, Any]) -> None:
    services = {**compose["services"], "web": {**compose["services"]["web"], "imagine": "x"}}
    assert "imagine" in faults(ops_python, {**compose, "services": services})


def test_nothing_is_published_beyond_this_machine(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert len(ports) == 4
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_every_service_runs_without_root_with_limits_and_a_health_check(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["user"].startswith("${KAPITAL_UID:-1000}"), name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert {"cpus", "memory", "pids"} <= set(service["deploy"]["resources"]["limits"]), name
        if name != "prepare":  # which ends
            assert service["healthcheck"]["test"], name


def test_prepare_begins_with_nodes_that_have_no_peers_yet_and_can_make_them_connect(compose: dict[str, Any]) -> None:
    prepare = compose["services"]["prepare"]
    assert prepare["depends_on"]["rpc-1"] == {"condition": "service_started"}
    mounted = [rendered(volume).split(":")[1:] for volume in prepare["volumes"]]
    assert ["/network/jwt/private.pem", "ro"] in mounted


def test_images_are_pinned_by_tag(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        tag = rendered(service["image"]).rpartition(":")[2]
        assert re.match(r"v?\d+\.\d+", tag), name
    version = rendered(compose["services"]["validator-1"]["image"]).rpartition(":")[2]
    assert tuple(map(int, version.split("."))) >= (26, 7, 1)  # free gas is broken in 26.4.0 to 26.7.0


def test_secrets_come_from_files_that_one_command_makes_and_none_from_the_environment(
    compose: dict[str, Any], tmp_path: Path
) -> None:
    assert set(compose["secrets"]) == set(containers.SECRET_FILES)
    for name, secret in compose["secrets"].items():
        assert secret["file"].endswith(f"/secrets/{name}")
    for name, service in compose["services"].items():
        assert set(service.get("secrets", [])) <= set(compose["secrets"]), name
        telling = [key for key in service.get("environment", {}) if re.search(r"PASSWORD$|SECRET$|_KEK$|TOKEN$", key)]
        assert telling == [], name
    assert containers.secret_files(tmp_path / "secrets") == list(containers.SECRET_FILES)
    before = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert containers.secret_files(tmp_path / "secrets") == []
    assert before == {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "secrets").iterdir())
    assert before["postgres_password"].strip() in before["kapital_database_url"]


def test_addresses_of_the_nodes_are_those_of_the_networks_file_and_of_prometheus(compose: dict[str, Any]) -> None:
    described = yaml.safe_load((NETWORK / "compose.network.yaml").read_text())
    nodes = {one["name"]: one["host"] for one in [*described["validators"], *described["rpc_nodes"]]}
    given = {
        name: service["networks"]["chain"]["ipv4_address"]
        for name, service in compose["services"].items()
        if "besu" in service["image"]
    }
    assert given == nodes
    scraped = yaml.safe_load((NETWORK / "monitoring/prometheus.yml").read_text())["scrape_configs"][0]["static_configs"]
    port = described["nodes"]["metrics_port"]
    assert {one["labels"]["node"]: one["targets"] for one in scraped} == {
        name: [f"{host}:{port}"] for name, host in nodes.items()
    }
    assert (
        f"http://{nodes['rpc-1']}:{described['nodes']['rpc_port']}"
        == compose["services"]["web"]["environment"]["KAPITAL_RPC_URL"]
    )
    assert (
        f"http://{nodes['validator-1']}:{described['nodes']['rpc_port']}"
        == compose["services"]["web"]["environment"]["KAPITAL_RPC_FALLBACK_URLS"]
    )


def test_a_node_sees_its_own_files_alone(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        if "besu" in service["image"]:
            seen = [rendered(volume).split(":")[1] for volume in service["volumes"]]
            assert seen == ["/network/genesis.json", "/network/jwt/public.pem", f"/network/nodes/{name}"]
            assert service["command"] == [f"--config-file=/network/nodes/{name}/config.toml"]


def test_mounted_files_of_the_project_exist(compose: dict[str, Any]) -> None:
    volumes = [rendered(volume) for service in compose["services"].values() for volume in service.get("volumes", [])]
    own = {volume.split(":")[0] for volume in volumes if volume.startswith("./")}
    assert len(own) == 6, own
    assert [path for path in sorted(own) if not (NETWORK / path).exists()] == []


def test_processes_are_started_by_modules_that_exist(compose: dict[str, Any]) -> None:
    modules = [
        service["command"][2] for service in compose["services"].values() if service.get("command", [""])[0] == "python"
    ]
    assert len(modules) == 3
    for module in modules:
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module


def test_single_sign_on_knows_the_clients_that_the_portals_name(compose: dict[str, Any]) -> None:
    realm = json.loads((NETWORK / "keycloak/kapital-realm.json").read_text())
    wanted = json.loads(compose["services"]["web"]["environment"]["KAPITAL_OIDC_CLIENTS"])
    clients = {client["clientId"]: client for client in realm["clients"]}
    assert {one["id"] for one in wanted.values()} == set(clients)
    for client in clients.values():
        assert client["attributes"]["pkce.code.challenge.method"] == "S256"
        assert not client["implicitFlowEnabled"]
        assert client["redirectUris"] == ["${KAPITAL_PUBLIC_URL}/oidc/callback"]
    assert compose["services"]["web"]["environment"]["KAPITAL_OIDC_ISSUER"].endswith(f"/realms/{realm['realm']}")


def test_the_realm_lets_nobody_in_with_a_password_alone() -> None:
    realm = json.loads((NETWORK / "keycloak/kapital-realm.json").read_text())
    flows = {flow["alias"]: flow for flow in realm["authenticationFlows"]}
    forms = [one for one in flows[realm["browserFlow"]]["authenticationExecutions"] if one.get("flowAlias")]
    required = flows[forms[0]["flowAlias"]]["authenticationExecutions"]
    assert [(one["authenticator"], one["requirement"]) for one in required] == [
        ("auth-username-password-form", "REQUIRED"),
        ("auth-otp-form", "REQUIRED"),
    ]
    methods = {one["alias"]: one["config"]["default.reference.value"] for one in realm["authenticatorConfig"]}
    assert methods[required[1]["authenticatorConfig"]] == "otp"  # what the platform takes for a second factor
