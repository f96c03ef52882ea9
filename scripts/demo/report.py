"""The end: what each participant got, beside an independent calculation, and whether chain, SQL and statement agree."""

from __future__ import annotations

import os
import subprocess
import sys
from decimal import Decimal
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from scripts.demo import cast, circulation, expected, issuing, onboarding
from scripts.demo.stage import Stage
from scripts.stack.home import ROOT

Kopeks = int


def show(stage: Stage, console: Console) -> bool:
    """Print the table and the reconciliation; True when everything agrees to the kopek."""
    wanted, actual = wanted_rows(stage), actual_rows(stage)
    table = Table(title="Кто что получил, ₽", header_style="bold")
    for title in ("Участник", "Начислено", "Налог", "Номинал", "Остаток на счёте", "По независимому расчёту", ""):
        table.add_column(title, justify="left" if title == "Участник" else "right", no_wrap=True)
    agrees = True
    for key, want in wanted.items():
        got = actual[key]
        same = got == want
        agrees = agrees and same
        name = next(one.name for one in cast.ALL if one.key == key)
        cells = [_rubles(got[one]) for one in ("income", "tax", "principal", "balance")]
        if not same:
            console.print(f"  {name}: {got} instead of {want}")
        table.add_row(name, *cells, _rubles(want["balance"]), "✓" if same else "✗")
    console.print(table)
    chain = verify(stage)
    money = stage.user("treasurer1").get("cash/reconciliation")
    statement = money["difference"] == "0.00"
    console.print(f"  chain = SQL: {chain}; statement {money['statement_id']}: {money['bank']} ₽")
    return agrees and chain.endswith("0 mismatches") and statement


def verify(stage: Stage) -> str:
    """``python -m indexer verify``: SQL against contract calls; its last line, or what it said when it failed."""
    environment = {**stage.home.environment_of_processes(), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-m", "indexer", "verify"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    said = (done.stdout + done.stderr).strip().splitlines()
    if done.returncode:
        return " | ".join(said[-3:])
    return f"{said[-1] if said else 'verified'}, 0 mismatches"


def wanted_rows(stage: Stage) -> dict[str, dict[str, Kopeks]]:
    """By the decision files and the story, without the platform."""
    factory, retail = (yaml.safe_load(stage.decision_file(issuing.FILES[key])) for key in ("factory", "retail"))
    bought = expected.fifo(issuing.ORDERS["factory"], factory["units"]["maximum"])
    shared = expected.pro_rata(issuing.ORDERS["retail"], retail["units"]["maximum"])
    registers = registers_of(bought)
    coupons = expected.monthly_coupons(factory, registers)
    discount = expected.discount_income(retail, shared)
    taxed = expected.with_tax(coupons + discount)
    rows = {}
    for key in ("maria", "pyotr", "olga", "ivan"):
        parts = taxed.get(key, [])
        income = sum((gross for gross, _ in parts), Decimal(0))
        withheld = sum((tax for _, tax in parts), Decimal(0))
        principal = registers[-1].get(key, 0) * Decimal(factory["nominal"])
        principal += shared.get(key, 0) * Decimal(retail["nominal"])
        spent = bought.get(key, 0) * Decimal(factory["price"]) + shared.get(key, 0) * Decimal(retail["price"])
        balance = Decimal(onboarding.DEPOSITS[key]) / 100 - spent + income - withheld + principal
        balance += Decimal(onboarding.UNNAMED) / 100 if key == "ivan" else 0
        trade = Decimal(circulation.BOUGHT * circulation.PRICE_KOPEKS) / 100
        balance += trade if key == "pyotr" else -trade if key == "olga" else 0
        if key == "maria":
            balance = Decimal(0)  # everything was withdrawn
        rows[key] = _row(income, withheld, principal, balance)
    for key, decision, units, paid in (
        ("factory", factory, sum(bought.values()), coupons),
        ("retail", retail, sum(shared.values()), discount),
    ):
        gross = sum((one for _, _, one in paid), Decimal(0))
        raised = units * Decimal(decision["price"])
        balance = Decimal(circulation.ISSUER_TOP_UP[key]) / 100 + raised - gross - units * Decimal(decision["nominal"])
        rows[key] = _row(Decimal(0), Decimal(0), Decimal(0), balance)
    return rows


def registers_of(bought: dict[str, int]) -> list[dict[str, int]]:
    """Holders of issue 1 at its six record dates, by the story."""
    first = dict(bought)
    first["maria"] -= 100
    first["ivan"] = first.get("ivan", 0) + 100
    first["pyotr"] -= circulation.BOUGHT
    first["olga"] += circulation.BOUGHT
    later = {**first, "maria": first["maria"] - 200, "ivan": first["ivan"] + 200}
    return [first, first, later, later, later, later]


def actual_rows(stage: Stage) -> dict[str, dict[str, Kopeks]]:
    """By the API of each participant."""
    rows = {}
    for actor in (one for one in cast.ALL if one.key != "sergey"):
        user = stage.user(actor.key)
        paid: list[dict[str, Any]] = (
            user.get("payouts/received", size=100)["items"] if actor.portal == "investor" else []
        )
        income = sum(_kopeks(one["gross"]) for one in paid if one["kind"] != "REDEMPTION")
        principal = sum(_kopeks(one["gross"]) for one in paid if one["kind"] == "REDEMPTION")
        withheld = sum(_kopeks(one["tax"]) for one in paid)
        balance = _kopeks(user.get("cash/balance")["total"])
        rows[actor.key] = {"income": income, "tax": withheld, "principal": principal, "balance": balance}
    return rows


def _row(income: Decimal, tax: Decimal, principal: Decimal, balance: Decimal) -> dict[str, Kopeks]:
    return {
        "income": int(income * 100),
        "tax": int(tax * 100),
        "principal": int(principal * 100),
        "balance": int(balance * 100),
    }


def _kopeks(text: str) -> Kopeks:
    return int(text.replace(".", ""))


def _rubles(kopeks: Kopeks) -> str:
    return f"{kopeks / 100:,.2f}".replace(",", " ")
