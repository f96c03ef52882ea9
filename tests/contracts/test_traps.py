"""Traps that others fell into: each has a test, named in the table of docs/contracts.md; those that no other file tells stand here."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.contracts import compiled
from tests.contracts.evm import refused
from tests.contracts.market import (
    COUPON,
    DONE,
    EXECUTING,
    MICRO,
    PRICE,
    REDEMPTION,
    circulating,
    declare,
    distribute,
    free,
    fund,
    payments,
)
from tests.contracts.system import People, System

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "contracts.md"
TABLE = re.compile(r"<!-- traps -->\n(.*?)<!-- end: traps -->", re.DOTALL)
NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`")


def rows() -> list[str]:
    """Rows of the table of traps."""
    found = TABLE.search(DOCUMENT.read_text(encoding="utf-8"))
    assert found, "docs/contracts.md has no table of traps"
    return [line for line in found.group(1).splitlines() if line.startswith("|")][2:]


def functions_in(path: Path) -> set[str]:
    """Names of the tests in a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_the_table_tells_all_traps() -> None:
    assert len(rows()) == 21


@pytest.mark.parametrize("row", rows())
def test_each_trap_names_tests_that_exist(row: str) -> None:
    named = NAMED.findall(row)
    assert named, f"no test is named in {row}"
    assert [f"{file}::{test}" for file, test in named if test not in functions_in(ROOT / "tests" / file)] == []


@pytest.mark.parametrize("document", ["contracts.md", "threat-model.md"])
def test_every_test_that_a_document_names_exists(document: str) -> None:
    named = NAMED.findall((ROOT / "docs" / document).read_text(encoding="utf-8"))
    assert named
    assert [f"{file}::{test}" for file, test in named if test not in functions_in(ROOT / "tests" / file)] == []


# --- traps that no other file tells ----------------------------------------------------------------------------------

MOVES = {"transfer", "transferFrom", "issueUnits", "deliver", "redeem", "forcedTransfer", "forcedBurn", "replaceHolder"}
BINDS = {"encumber", "release", "unfreeze", "setFrozenTokens"}
OTHERS = {"approve", "setPaused", "appendRecordDate", "endCirculation", "setDocument", "removeDocument"}


def test_trap_no_door_is_left_out_of_the_tests() -> None:
    """A new function that changes a token must be put into one of the three sets, and so be thought about."""
    abi = compiled.artifact("DigitalAsset")["abi"]
    changing = {e["name"] for e in abi if e["type"] == "function" and e["stateMutability"] not in {"view", "pure"}}
    assert changing == MOVES | BINDS | OTHERS


def test_trap_units_move_in_one_function_of_the_source() -> None:
    """Every move ends in `_move`: nothing else writes the units of a slot."""
    issues = ROOT / "contracts" / "issues"
    sources = {name: (issues / f"{name}.sol").read_text(encoding="utf-8") for name in ("Holdings", "DigitalAsset")}
    assert len(re.findall(r"\.moved\(", "".join(sources.values()))) == 1
    assert len(re.findall(r"\b_change\(", sources["Holdings"])) == 3  # the function and its two calls in _move
    assert "_change(" not in sources["DigitalAsset"]


def test_trap_pages_come_in_any_order_while_holders_burn(system: System, people: People) -> None:
    """No page is a range of a list that shrinks: holders are named, and who is named twice or too late is told so."""
    asset = circulating(system, {people.alice: 10, people.bob: 20, people.carol: 30})
    run = declare(system, asset, REDEMPTION, micro=PRICE * MICRO, record_date=3)
    fund(system, run)
    distribute(system, run, [people.carol])
    with refused("RunAlreadyPaid", id=run, holder=people.carol):
        distribute(system, run, [people.alice, people.carol])
    distribute(system, run, [people.alice])
    assert system.payouts.run(run).state == EXECUTING
    distribute(system, run, [people.bob])
    assert (system.payouts.run(run).state, asset.totalSupply()) == (DONE, 0)


def test_trap_a_later_page_gets_no_less(system: System, people: People) -> None:
    """What a unit is paid was declared: it is not reckoned from what is left in escrow."""
    asset = circulating(system, {people.alice: 10, people.bob: 10, people.carol: 10})
    run = declare(system, asset, COUPON)
    fund(system, run)
    paid = [payments(distribute(system, run, [who]))[0].gross for who in (people.bob, people.carol, people.alice)]
    assert paid == [51_780, 51_780, 51_780]


def test_trap_a_short_period_is_paid_at_its_own_rate(system: System, people: People) -> None:
    """Five days after thirty: each run carries the amount of its own period, nothing is taken over from the last."""
    asset = circulating(system, {people.alice: 7})
    before = free(system, people.alice)
    for number, micro in ((1, 1_643_835_616), (2, 273_972_603)):
        run = declare(system, asset, COUPON, micro=micro, record_date=number, ref=f"period {number}")
        fund(system, run)
        distribute(system, run, [people.alice])
    assert free(system, people.alice) - before == 7 * 1_644 + 7 * 274


def test_trap_a_stranger_cannot_lock_and_give_to_another(system: System, people: People) -> None:
    """A lock-up is the holder's own, and its release gives the units back to nobody else."""
    asset = circulating(system, {people.alice: 10})
    with refused("EncumbranceInvalid"):
        asset.encumber(people.alice, 2, 5, system.evm.now() + 100, b"\1" * 32, sender=people.bob)
    asset.encumber(people.alice, 2, 5, system.evm.now() + 100, b"\1" * 32, sender=people.alice)
    system.evm.wait(200)
    asset.release(1, 5, sender=people.bob)
    assert (asset.balanceOf(people.alice), asset.freeUnits(people.alice), asset.balanceOf(people.bob)) == (10, 10, 0)
