"""Accounts that are known before the first block: the deployer, officers with a role on chain, the worker's own, the tax account.

Their keys are made with the network (``accounts/NAME.key``) and taken over by the platform's custody when it starts for the first time;
an account whose address network.yaml names has its key elsewhere, and none is made. Contracts' addresses follow from the deployer's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from eth_utils import to_checksum_address

from scripts.besu import files
from scripts.deployment_plan import Plan
from scripts.stack.people import PROCESSES, on_chain

SYSTEM_GROUP = "system"
"""In an allowlist: all of :data:`SYSTEM_NAMES`."""
DEPLOYER, TAX = "deployer", "tax"
SYSTEM_NAMES = [DEPLOYER, *on_chain(), *PROCESSES, TAX]


def system_accounts(folder: Path, addresses: dict[str, str]) -> dict[str, str]:
    """Address of each system account by name; keys that are missing are made. ``addresses``: those that network.yaml names."""
    return {
        name: to_checksum_address(addresses[name]) if name in addresses else made(folder, name) for name in SYSTEM_NAMES
    }


def made(folder: Path, name: str) -> str:
    """Address of an account whose key lies in the folder of the network, and is made when it is missing."""
    return files.address(files.private_key(key_file(folder, name)))


def key_file(folder: Path, name: str) -> Path:
    """Private key of a system account, hexadecimal."""
    return folder / "accounts" / f"{name}.key"


def officers(known: dict[str, str]) -> dict[str, list[str]]:
    """Addresses by role on chain, as a deployment wants them."""
    table: dict[str, list[str]] = {}
    for name, role in {**on_chain(), **PROCESSES}.items():
        table.setdefault(role, []).append(known[name])
    return table


def purpose(name: str) -> str:
    """What a system account is for."""
    roles = {**on_chain(), **PROCESSES}
    if name in PROCESSES:
        return f"the worker, as {roles[name]}"
    if name in roles:
        return f"officer, {roles[name]}"
    return {DEPLOYER: "deploys the contracts and holds nothing afterwards", TAX: "receives withheld tax"}[name]


def record(known: dict[str, str], others: dict[str, str]) -> dict[str, Any]:
    """What accounts.json holds. Raises PlanInvalidError when the accounts can't serve a deployment."""
    plan = Plan(known[DEPLOYER], officers(known), known[TAX])
    listed = [{"name": name, "address": known[name], "purpose": purpose(name)} for name in SYSTEM_NAMES]
    listed += [{"name": name, "address": one, "purpose": "named in network.yaml"} for name, one in others.items()]
    return {
        "deployer": known[DEPLOYER],
        "tax": known[TAX],
        "officers": officers(known),
        "accounts": listed,
        "contracts": plan.addresses(),
    }
