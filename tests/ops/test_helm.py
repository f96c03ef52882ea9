"""The Helm chart: rendered by the real helm, each object checked against Kubernetes' own schemas, and against what it promises.

Nothing was installed into a cluster: there is none where these tests run.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts import containers
from tests.ops.conftest import NETWORK

CHART = NETWORK / "helm/kapital"
VERSIONS = ("1.29", "1.37")
"""Oldest Kubernetes that Chart.yaml admits, and the newest whose schemas are packed."""
OPERATORS = {"ServiceMonitor", "PrometheusRule"}
"""Kinds of the Prometheus operator, which Kubernetes' schemas don't know."""
VALIDATE = """
import json, sys, kubernetes_validate as k
objects, versions = json.load(sys.stdin)
for version in versions:
    for one in objects:
        try:
            k.validate(one, version, strict=True)
        except Exception as error:
            print(version, one.get("kind"), one.get("metadata", {}).get("name"), str(error).splitlines()[0])
"""
Render = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="module")
def run_helm(helm: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., subprocess.CompletedProcess[str]]:
    home = tmp_path_factory.mktemp("helm")
    folders = {f"HELM_{name}_HOME": str(home / name.lower()) for name in ("CACHE", "CONFIG", "DATA")}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), **folders}
        return subprocess.run([helm, *arguments], env=environment, capture_output=True, text=True, check=False)

    return run


@pytest.fixture(scope="module")
def render(run_helm: Callable[..., subprocess.CompletedProcess[str]]) -> Render:
    def rendered(**values: Any) -> list[dict[str, Any]]:
        given = [
            argument for name, value in values.items() for argument in ("--set-json", f"{name}={json.dumps(value)}")
        ]
        done = run_helm("template", "kapital", str(CHART), "--namespace", "kapital", *given)
        assert done.returncode == 0, done.stderr
        return [one for one in yaml.safe_load_all(done.stdout) if one]

    return rendered


def faults(python: Path, objects: list[dict[str, Any]]) -> str:
    content = json.dumps([[one for one in objects if one["kind"] not in OPERATORS], VERSIONS])
    done = subprocess.run([python, "-c", VALIDATE], input=content, text=True, capture_output=True, check=True)
    return done.stdout.strip()


def of(objects: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in objects if one["kind"] == kind}


def pods(objects: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    owners = [one for one in objects if one["kind"] in {"StatefulSet", "Deployment", "Job"}]
    return {one["metadata"]["name"]: one["spec"]["template"]["spec"] for one in owners}


def with_features(render: Render) -> list[dict[str, Any]]:
    return render(
        **{
            "serviceMonitor.enabled": True,
            "besu.rpcNodes": ["rpc-1", "rpc-2"],
            "besu.image.digest": "sha256:" + "a" * 64,
            "besu.storage.className": "fast",
            "besu.nodeSelector": {"disk": "nvme"},
            "besu.tolerations": [{"key": "besu", "operator": "Exists"}],
            "imagePullSecrets": [{"name": "registry"}],
            "networkPolicies.otherEgress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [{"port": 587}]}],
        }
    )


@pytest.fixture(scope="module")
def plain(render: Render) -> list[dict[str, Any]]:
    return render()


def test_lint_finds_nothing(run_helm: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = run_helm("lint", str(CHART), "--strict")
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_object_keeps_kubernetes_schema(ops_python: Path, plain: list[dict[str, Any]], render: Render) -> None:
    alone = render(
        **{"besu.validators": ["validator-1"], "networkPolicies.enabled": False, "platform.prepare.enabled": False}
    )
    assert len(plain) > 25
    for objects in (plain, with_features(render), alone):
        assert faults(ops_python, objects) == ""


@pytest.mark.parametrize(
    ("rpc_nodes", "others"),
    [(["rpc-1"], "http://validator-1:8545"), (["rpc-1", "a", "b"], "http://a:8545,http://b:8545")],
)
def test_the_platform_is_told_a_node_to_turn_to(render: Render, rpc_nodes: list[str], others: str) -> None:
    for name, spec in pods(render(**{"besu.rpcNodes": rpc_nodes})).items():
        for container in spec["containers"]:
            given = {one["name"]: one.get("value") for one in container.get("env", [])}
            if "KAPITAL_RPC_URL" in given:
                assert given["KAPITAL_RPC_URL"] == "http://rpc-1:8545", name
                assert given["KAPITAL_RPC_FALLBACK_URLS"] == others, name


def test_the_schema_notices_a_mistake(ops_python: Path, plain: list[dict[str, Any]]) -> None:
    spoilt = json.loads(json.dumps(of(plain, "StatefulSet")["validator-1"]))
    spoilt["spec"]["replica"] = 1
    assert "StatefulSet" in faults(ops_python, [spoilt])


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ({"besu.validators": []}, "validators"),
        ({"besu.validators": ["a", "a"]}, "validators"),
        ({"besu.validator": ["a"]}, "validator"),
        ({"besu.image.tag": "latest"}, "tag"),
        ({"besu.heap": "1"}, "heap"),
        ({"platform.settings.KAPITAL_JWT_SECRET": "x"}, "KAPITAL_JWT_SECRET"),
        ({"platform.web.replicas": 0}, "replicas"),
    ],
)
def test_wrong_values_are_refused_by_name(
    run_helm: Callable[..., subprocess.CompletedProcess[str]], value: dict[str, Any], word: str
) -> None:
    ((name, content),) = value.items()
    done = run_helm("template", "kapital", str(CHART), "--set-json", f"{name}={json.dumps(content)}")
    assert done.returncode != 0
    assert word in done.stderr


@pytest.mark.parametrize(("validators", "spare"), [(1, 0), (3, 1), (4, 1), (5, 1), (6, 2), (7, 2), (10, 3)])
def test_a_drain_may_take_no_more_validators_than_the_quorum_leaves(
    render: Render, validators: int, spare: int
) -> None:
    names = [f"validator-{number}" for number in range(validators)]
    budget = of(render(**{"besu.validators": names}), "PodDisruptionBudget")["validators"]
    assert budget["spec"]["maxUnavailable"] == spare == validators - -(-2 * validators // 3)


def test_each_node_is_a_stateful_set_with_its_own_key_alone(plain: list[dict[str, Any]]) -> None:
    sets = of(plain, "StatefulSet")
    assert set(sets) == {"validator-1", "validator-2", "validator-3", "validator-4", "rpc-1"}
    for name, one in sets.items():
        spec = one["spec"]["template"]["spec"]
        secrets = [volume["secret"]["secretName"] for volume in spec["volumes"] if "secret" in volume]
        assert secrets == [f"{name}-files"]
        assert one["spec"]["replicas"] == 1
        assert one["spec"]["updateStrategy"] == {"type": "OnDelete"}  # two restarted at once would stop the chain
        assert of(plain, "Service")[name]["spec"]["publishNotReadyAddresses"] is True


def test_validators_stand_on_different_machines(plain: list[dict[str, Any]]) -> None:
    affinity = pods(plain)["validator-1"]["affinity"]["podAntiAffinity"]
    assert affinity["requiredDuringSchedulingIgnoredDuringExecution"][0]["topologyKey"] == "kubernetes.io/hostname"


def test_probes_ask_what_the_processes_answer(plain: list[dict[str, Any]]) -> None:
    wanted = {
        "validator-1": ("/liveness", "/readiness?minPeers=1&maxBlocksBehind=2"),
        "rpc-1": ("/liveness", "/readiness?minPeers=1&maxBlocksBehind=2"),
        "web": ("/healthz", "/readyz"),
        "worker": ("/health", "/health"),
        "indexer": ("/health", "/ready"),
    }
    for name, paths in wanted.items():
        container = pods(plain)[name]["containers"][0]
        assert (container["livenessProbe"]["httpGet"]["path"], container["readinessProbe"]["httpGet"]["path"]) == paths
        assert container["startupProbe"]


def test_no_container_is_root_or_may_become_it(render: Render) -> None:
    for name, spec in pods(with_features(render)).items():
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["automountServiceAccountToken"] is False, name
        for container in [*spec.get("initContainers", []), *spec["containers"]]:
            context = container["securityContext"]
            assert context == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert set(container["resources"]) == {"requests", "limits"}, name


def test_nothing_is_open_but_what_a_policy_names(plain: list[dict[str, Any]]) -> None:
    policies = of(plain, "NetworkPolicy")
    nothing = policies["kapital-nothing"]["spec"]
    assert nothing["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in nothing
    assert "egress" not in nothing
    for spec in pods(plain):
        labels = next(one for one in plain if one["metadata"]["name"] == spec and "template" in one.get("spec", {}))
        assert labels["spec"]["template"]["metadata"]["labels"].items() >= nothing["podSelector"]["matchLabels"].items()
    metrics = policies["kapital-nodes"]["spec"]["ingress"][2]
    assert metrics["ports"] == [{"port": 9545, "protocol": "TCP"}]
    assert {one["spec"].get("type", "ClusterIP") for one in of(plain, "Service").values()} == {"ClusterIP"}


def test_secrets_are_files_and_no_variable_holds_one(plain: list[dict[str, Any]]) -> None:
    for spec in pods(plain).values():
        for container in [*spec.get("initContainers", []), *spec["containers"]]:
            assert "envFrom" not in container
            assert all("value" in variable for variable in container.get("env", []))
            names = {variable["name"] for variable in container.get("env", [])}
            assert not names & {"KAPITAL_JWT_SECRET", "KAPITAL_KEK", "KAPITAL_DATABASE_URL"}


def test_the_alert_rules_are_those_of_prometheus(render: Render) -> None:
    rules = of(with_features(render), "PrometheusRule")["kapital"]["spec"]
    assert rules == yaml.safe_load((NETWORK / "monitoring/alerts.yml").read_text())


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """A folder as `make network` leaves it, in miniature."""
    names = ["validator-1", "validator-2", "validator-3", "validator-4", "rpc-1"]
    files = {f"nodes/{name}/{file}": f"{name} {file}\n" for name in names for file in containers.NODE_FILES}
    files |= {name: f"{name}\n" for name in containers.COMMON_FILES if name != "nodes.json"}
    files |= {"jwt/private.pem": "private\n", "accounts/deployer.key": "0x01\n"}
    files["nodes.json"] = json.dumps({"nodes": [{"name": name} for name in names]})
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path


def test_everything_that_pods_mount_is_made_by_one_command(
    ops_python: Path, plain: list[dict[str, Any]], network: Path
) -> None:
    containers.secret_files(network / "secrets")
    made = containers.objects(network, "kapital")
    assert faults(ops_python, made) == ""
    text = json.dumps(list(pods(plain).values()))
    wanted = {(kind, name) for kind, name in ((o["kind"], o["metadata"]["name"]) for o in made) if f'"{name}"' in text}
    assert wanted == {(one["kind"], one["metadata"]["name"]) for one in made}
    held = {one["metadata"]["name"]: set(one["data"]) for one in made}
    for spec in pods(plain).values():
        for volume in spec["volumes"]:
            if "secret" in volume:
                assert volume["secret"]["secretName"] in held
            for source in volume.get("projected", {}).get("sources", []):
                ((_, one),) = source.items()
                assert {item["key"] for item in one["items"]} <= held[one["name"]]
    assert held["validator-2-files"] == set(containers.NODE_FILES)
    assert held["kapital-network"] >= {"genesis.json", "public.pem"}
