"""Runbooks name what exists: commands, modules, their options, files, alerts; and every alert is told where its runbook sends."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys

import pytest
import yaml

from tests.ops.conftest import NETWORK, ROOT

RUNBOOKS = sorted((ROOT / "docs/runbooks").glob("*.md"))
WANTED = {
    *(
        "add-validator",
        "lose-validator",
        "lose-quorum",
        "disk-full",
        "rolling-upgrade",
        "backup-restore",
        "rotate-keys",
    ),
    *("disaster-recovery", "network-permissions", "start-stop", "kill-and-recover"),
}
CODE = re.compile(r"`[^`\n]+`|^(?: {4,}|\t).*$", re.MULTILINE)
MODULE = re.compile(r"python -m ([a-z_][\w.]*)((?: [a-z-]+)?)")
MAKE = re.compile(r"\bmake ([a-z][a-z0-9-]+)")
FILE = re.compile(r"\b((?:scripts|besu-network|docs|tests|backend|indexer)/[\w./-]+)")


def commands() -> list[tuple[str, str]]:
    """Every piece of code of every runbook, with the runbook's name."""
    return [(one.stem, code) for one in RUNBOOKS for code in CODE.findall(one.read_text(encoding="utf-8"))]


def test_every_case_has_its_runbook() -> None:
    assert {one.stem for one in RUNBOOKS} >= WANTED


def test_every_make_command_exists() -> None:
    known = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {(book, name) for book, code in commands() for name in MAKE.findall(code)}
    assert len(named) > 15
    assert sorted((book, name) for book, name in named if name not in known) == []


def test_every_module_that_is_run_exists() -> None:
    named = {(book, module) for book, code in commands() for module, _ in MODULE.findall(code)}
    assert len(named) > 10
    assert sorted((book, module) for book, module in named if not runnable(module)) == []


def runnable(module: str) -> bool:
    path = ROOT / module.replace(".", "/")
    own = path.with_suffix(".py").exists() or (path / "__main__.py").exists()
    return own or (not (ROOT / module.partition(".")[0]).exists() and importlib.util.find_spec(module) is not None)


@pytest.mark.parametrize("module", ["backend.network", "scripts.containers", "scripts.network"])
def test_every_subcommand_exists(module: str) -> None:
    named = {sub.strip() for _, code in commands() for name, sub in MODULE.findall(code) if name == module and sub}
    if module == "scripts.network":
        named |= {
            found for _, code in commands() for found in re.findall(r'make network ARGS="?(start|stop|status)', code)
        }
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert named
    assert sorted(name for name in named if not re.search(rf"\b{name}\b", done.stdout)) == []


def test_options_of_the_permission_commands_exist() -> None:
    used = {
        (sub.strip(), option)
        for _, code in commands()
        for name, sub in MODULE.findall(code)
        if name == "backend.network" and sub
        for option in re.findall(r" (--[a-z-]+)", code.partition("backend.network")[2])
    }
    helps = {
        sub: subprocess.run(
            [sys.executable, "-m", "backend.network", sub, "--help"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for sub in {sub for sub, _ in used}
    }
    assert used
    assert sorted((sub, option) for sub, option in used if option not in helps[sub]) == []


def test_every_file_of_the_project_that_is_named_exists() -> None:
    named = {(book, path) for book, code in commands() for path in FILE.findall(code)}
    assert sorted((book, path) for book, path in named if not (ROOT / path).exists()) == []


def test_an_alert_is_explained_by_the_runbook_that_it_names() -> None:
    groups = yaml.safe_load((NETWORK / "monitoring/alerts.yml").read_text())["groups"]
    unexplained = [
        (rule["alert"], rule["annotations"]["runbook"])
        for group in groups
        for rule in group["rules"]
        if rule["alert"] not in (ROOT / rule["annotations"]["runbook"]).read_text(encoding="utf-8")
    ]
    assert unexplained == []


def test_runbooks_name_no_alert_that_does_not_exist() -> None:
    groups = yaml.safe_load((NETWORK / "monitoring/alerts.yml").read_text())["groups"]
    known = {rule["alert"] for group in groups for rule in group["rules"]}
    named = {
        name
        for book in RUNBOOKS
        for line in book.read_text(encoding="utf-8").splitlines()
        if line.startswith(("Alert:", "Alerts"))
        for name in re.findall(r"`([A-Z][A-Za-z]+)`", line)
    }
    assert named
    assert sorted(named - known) == []


def test_recovery_states_what_may_be_lost_and_how_long_it_may_take() -> None:
    text = (ROOT / "docs/runbooks/disaster-recovery.md").read_text(encoding="utf-8")
    assert re.search(r"\| RPO, .*\| .*hour", text)
    assert re.search(r"\| RTO \| \d+ hours", text)
    assert "Measured by `make rehearse-restore`" in text
