"""Prometheus' configuration, alert rules and Grafana's dashboards: valid, tested, and about metrics that somebody really exports."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.registry import Collector
from sqlalchemy import create_engine

from indexer.metrics import ConsensusCollector, StatusCollector
from indexer.sync.consensus import Agreement, Watch
from indexer.sync.status import Status
from scripts.ops import pictures
from tests.indexer.qbft import QbftChain
from tests.ops.conftest import NETWORK, ROOT

MONITORING = NETWORK / "monitoring"
DASHBOARDS = sorted((MONITORING / "grafana/dashboards").glob("*.json"))
WORKER = ("backend/custody/metrics.py", "backend/network/metrics.py", "backend/worker.py")
METRIC = re.compile(r"\b(?:kapital|besu|ethereum|jvm|process|kubelet)_[a-z0-9_]+\b|\bup\b|\bALERTS\b")


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    return [panel for path in DASHBOARDS for panel in json.loads(path.read_text())["panels"]]


def expressions() -> list[str]:
    return [rule["expr"] for rule in rules()] + [target["expr"] for panel in panels() for target in panel["targets"]]


def names_in(expression: str) -> set[str]:
    bare = re.sub(r"\{[^}]*\}|(?:by|ignoring|on|without|group_left)\s*\([^)]*\)", " ", expression)
    return set(METRIC.findall(bare))


def families(registry: CollectorRegistry) -> set[str]:
    text = generate_latest(registry).decode()
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    parts = ("_bucket", "_sum", "_count")
    return {name + part for name, kind in kinds.items() for part in (parts if kind == "histogram" else ("",))}


class Sealed(Watch):
    """A watch over a chain that is in memory."""

    def read(self) -> Agreement:
        chain, agreement = QbftChain(), Agreement()
        for _ in range(3):
            chain.add()
        for number, block in enumerate(chain.blocks):
            agreement.add(block, number, int(block["timestamp"], 16))
        return agreement


DECLARED = re.compile(r'(Gauge|Counter)MetricFamily\(\s*"(kapital_[a-z_]+)"')


@pytest.fixture(scope="module")
def exported() -> set[str]:
    """Names of everything that indexer and worker export: of the indexer asked, of the worker as its collectors declare them."""
    registry = CollectorRegistry(auto_describe=False)
    collectors: list[Collector] = [StatusCollector(Status()), ConsensusCollector(Sealed(create_engine("sqlite://")))]
    for collector in collectors:
        registry.register(collector)
    text = "\n".join((ROOT / path).read_text() for path in WORKER)
    return families(registry) | {name + "_total" * (kind == "Counter") for kind, name in DECLARED.findall(text)}


def known_of_others() -> set[str]:
    lines = (MONITORING / "besu-metrics.txt").read_text().splitlines()
    return {line.split()[0] for line in lines if line and not line.startswith("#")}


def test_every_metric_that_is_named_is_exported_by_somebody(exported: set[str]) -> None:
    named = {name for expression in expressions() for name in names_in(expression)}
    assert len(named) > 50
    assert sorted(named - exported - known_of_others()) == []


def test_a_metric_that_nobody_exports_would_be_noticed(exported: set[str]) -> None:
    assert names_in('sum by (node) (rate(kapital_imagined_total{node="x"}[5m]))') == {"kapital_imagined_total"}
    assert "kapital_imagined_total" not in exported


def test_every_figure_of_the_validators_stands_on_a_dashboard(exported: set[str]) -> None:
    shown = {name for expression in expressions() for name in names_in(expression)}
    told = {name for name in exported if name.startswith("kapital_chain_")}
    assert told - shown <= {
        "kapital_chain_height",
        "kapital_chain_late_rounds_total",
        "kapital_chain_proposed_blocks_total",
    }


def test_prometheus_takes_its_configuration_and_the_rules(promtool: Path) -> None:
    done = subprocess.run(
        [promtool, "check", "config", MONITORING / "prometheus.yml"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_fires_when_it_should_and_none_when_all_is_well(promtool: Path) -> None:
    command = [promtool, "test", "rules", MONITORING / "alerts.test.yml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_rule_that_never_fires_is_noticed(promtool: Path, tmp_path: Path) -> None:
    text = (MONITORING / "alerts.yml").read_text().replace("kapital_chain_round >= 3", "kapital_chain_round >= 300")
    (tmp_path / "alerts.yml").write_text(text)
    (tmp_path / "alerts.test.yml").write_text((MONITORING / "alerts.test.yml").read_text())
    done = subprocess.run(
        [promtool, "test", "rules", tmp_path / "alerts.test.yml"], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "RoundIsHigh" in done.stdout + done.stderr


def test_every_alert_has_a_test() -> None:
    tested = set(re.findall(r'alertname="(\w+)"', (MONITORING / "alerts.test.yml").read_text()))
    assert {rule["alert"] for rule in rules()} == tested


def test_every_alert_says_how_urgent_it_is_what_is_wrong_and_what_to_do() -> None:
    for rule in rules():
        assert rule["labels"]["severity"] in {"page", "ticket"}, rule["alert"]
        assert rule["annotations"]["summary"], rule["alert"]
        assert (ROOT / rule["annotations"]["runbook"]).exists(), rule["alert"]


def test_dashboards_ask_the_provisioned_source_and_every_panel_explains_itself() -> None:
    source = yaml.safe_load((MONITORING / "grafana/provisioning/datasources/prometheus.yaml").read_text())
    uid = source["datasources"][0]["uid"]
    for path in DASHBOARDS:
        board = json.loads(path.read_text())
        assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
        for panel in board["panels"]:
            assert panel["datasource"]["uid"] == uid
            assert panel["title"]
            assert panel["description"]
            assert panel["fieldConfig"]["defaults"]["unit"] in {"none", "s", "percentunit", "bytes", "ops"}


def test_panels_do_not_lie_on_one_another() -> None:
    for path in DASHBOARDS:
        taken: set[tuple[int, int]] = set()
        for panel in json.loads(path.read_text())["panels"]:
            cells = set(cells_of(panel["gridPos"]))
            assert not taken & cells, panel["title"]
            taken |= cells


def cells_of(at: dict[str, int]) -> Iterator[tuple[int, int]]:
    assert at["x"] + at["w"] <= 24
    return ((x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"]))


def test_every_dashboard_has_its_picture() -> None:
    for path in DASHBOARDS:
        assert (ROOT / f"docs/images/dashboard-{path.stem}.png").read_bytes()[:4] == b"\x89PNG"


def test_a_gap_stays_a_gap_and_addresses_are_shortened_in_a_picture() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        start, step = float(request.url.params["start"]), float(request.url.params["step"])
        values = [[start + number * step, "1"] for number in (0, 1, 5)]
        result = [{"metric": {"validator": "0x" + "a" * 40}, "values": values}]
        return httpx.Response(200, json={"data": {"result": result}})

    client = httpx.Client(base_url="http://prometheus", transport=httpx.MockTransport(answer))
    target = {"expr": "x", "legendFormat": "{{validator}}"}
    (one,) = pictures.series_of(client, target, 1000.0, 1600.0)
    assert one["name"] == "0xaaaaaa…"
    assert [value for _, value in one["data"][:7]] == [1.0, 1.0, None, None, None, 1.0, None]
