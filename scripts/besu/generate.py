"""Everything that a network consists of, in one folder, from one ``network.yaml``.

network.yaml                   copy of what it was made from
genesis.json                   the same for every node
nodes.json accounts.json       for the platform, the doctor and the exporter
accounts/NAME.key              keys of the system accounts
jwt/private.pem public.pem     who holds the private key signs tokens for the nodes' RPC
rpc-users.toml rpc-passwords.json
nodes/NAME/                    key, key.pub, config.toml, static-nodes.json, permissions.toml, data/

A second run keeps keys, free ports, passwords and permission lists; it refuses what would contradict the genesis block.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from Crypto.Protocol.KDF import bcrypt

from scripts.besu import accounts, files, nodes
from scripts.besu import genesis as genesis_block
from scripts.besu.config import Config, RpcUser, allowed_addresses, allowed_enodes, load, planned
from scripts.besu.nodes import Node

BCRYPT_COST = 10
PASSWORD_BYTES = 24
ADVICE = (
    "A genesis block can't be changed: validators are added and removed by votes, other rules come by transitions. "
    "For a new network choose another folder (--dir)"
)


class NetworkRefusedError(Exception):
    """The folder holds another network than the one that is wanted; the message says where they part and what to do."""


@dataclass(frozen=True, slots=True)
class Network:
    """A network that was made."""

    folder: Path
    chain_id: int
    genesis_hash: str
    period_s: int
    request_timeout_s: int
    epoch_blocks: int
    heap: str
    nodes: tuple[Node, ...]

    @property
    def validators(self) -> list[Node]:
        """Nodes that seal blocks from the genesis on."""
        return [one for one in self.nodes if one.role == "validator"]

    @property
    def entry(self) -> Node:
        """The node that the platform speaks to: the first RPC node, else the first validator."""
        return next((one for one in self.nodes if one.role == "rpc"), self.nodes[0])

    @property
    def fallbacks(self) -> list[Node]:
        """Nodes that the platform turns to when the entry fails: the other RPC nodes; where there are none, another validator."""
        others = [one for one in self.nodes if one != self.entry]
        return [one for one in others if one.role == "rpc"] or others[:1]

    def node(self, name: str) -> Node:
        """A node by name. Raises NetworkRefusedError."""
        for one in self.nodes:
            if one.name == name:
                return one
        raise NetworkRefusedError(f"there is no node {name}; there are {', '.join(one.name for one in self.nodes)}")


def generate(source: Path, folder: Path, validators: int | None = None) -> Network:
    """Make what is missing and bring the rest up to date. Raises ConfigInvalidError, NetworkRefusedError, PlanInvalidError."""
    config = load(source, validators)
    present = _present(folder)
    _refuse_other_validators(folder, [one.name for one in planned(config) if one.role == "validator"])
    made = nodes.make_nodes(folder, planned(config), {one["name"]: one for one in present.get("nodes", [])})
    block = _genesis(config, made)
    _refuse_another(folder, block)
    known = accounts.system_accounts(folder, config.accounts.addresses)
    _refuse_other_accounts(folder, known)
    others = {name: one for name, one in config.accounts.addresses.items() if name not in known}
    record = accounts.record(known, others)
    allowed = allowed_addresses(config, {**known, **others})
    if not (folder / "genesis.json").exists():
        files.write_json(folder / "genesis.json", block)
    files.write_json(folder / "accounts.json", {**record, "allowlist": allowed})
    files.rsa_pair(folder / "jwt" / "private.pem", folder / "jwt" / "public.pem")
    _write_users(folder, config.rpc_users)
    for node in made:
        nodes.write_node(folder, config, node, made, allowed)
    files.write(folder / "network.yaml", source.read_text(encoding="utf-8"))
    _write_nodes(folder, config, made, block)
    return read(folder)


def read(folder: Path) -> Network:
    """A network that was made before. Raises NetworkRefusedError when there is none."""
    found = _present(folder)
    if not found:
        raise NetworkRefusedError(f"there is no network in {folder}: run `make network`")
    return Network(
        folder=folder,
        chain_id=found["chain_id"],
        genesis_hash=found["genesis_hash"],
        period_s=found["period_s"],
        request_timeout_s=found["request_timeout_s"],
        epoch_blocks=found["epoch_blocks"],
        heap=found["heap"],
        nodes=tuple(Node(**one) for one in found["nodes"]),
    )


def _present(folder: Path) -> dict[str, Any]:
    path = folder / "nodes.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def _genesis(config: Config, made: Sequence[Node]) -> dict[str, Any]:
    chain = config.chain
    return genesis_block.genesis(
        chain_id=chain.chain_id,
        period_s=chain.period_s,
        request_timeout_s=chain.request_timeout_s,
        epoch_blocks=chain.epoch_blocks,
        gas_limit=chain.gas_limit,
        validators=[one.address for one in made if one.role == "validator"],
    )


def _refuse_other_validators(folder: Path, wanted: Sequence[str]) -> None:
    """Before a key is made: the genesis block names its validators for good."""
    if not (folder / "genesis.json").exists():
        return
    present = [one["name"] for one in _present(folder).get("nodes", []) if one["role"] == "validator"]
    if present and sorted(present) != sorted(wanted):
        raise NetworkRefusedError(
            f"the genesis block in {folder} names {len(present)} validators ({', '.join(present)}), wanted are {len(wanted)} "
            f"({', '.join(wanted)}): {ADVICE}"
        )


def _refuse_another(folder: Path, wanted: dict[str, Any]) -> None:
    path = folder / "genesis.json"
    if not path.exists():
        return
    parts = genesis_block.differences(json.loads(path.read_text(encoding="utf-8")), wanted)
    if parts:
        raise NetworkRefusedError(f"{path} is the beginning of a network that differs: {'; '.join(parts)}. {ADVICE}")


def _refuse_other_accounts(folder: Path, known: dict[str, str]) -> None:
    path = folder / "accounts.json"
    if not path.exists():
        return
    before = {one["name"]: one["address"] for one in json.loads(path.read_text(encoding="utf-8"))["accounts"]}
    other = [f"{name}: {before[name]}, wanted {one}" for name, one in known.items() if before.get(name, one) != one]
    if other:
        raise NetworkRefusedError(
            f"{path} names other accounts, and the contracts' addresses follow from them: {'; '.join(other)}"
        )


def _write_users(folder: Path, users: Sequence[RpcUser]) -> None:
    """Passwords are made once and kept beside; a kept one isn't hashed anew unless the users changed."""
    path, table = folder / "rpc-passwords.json", folder / "rpc-users.toml"
    passwords: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    passwords = {one.name: passwords.get(one.name) or secrets.token_urlsafe(PASSWORD_BYTES) for one in users}
    files.write_json(path, passwords, files.SECRET)
    parts = []
    for one in users:
        hashed = bcrypt(passwords[one.name].encode(), BCRYPT_COST).decode()
        parts.append(f"[Users.{one.name}]\n" + files.toml({"password": hashed, "permissions": one.permissions}))
    files.write(table, "\n".join(parts), files.SECRET)


def _write_nodes(folder: Path, config: Config, made: Sequence[Node], block: dict[str, Any]) -> None:
    files.write_json(
        folder / "nodes.json",
        {
            "chain_id": config.chain.chain_id,
            "genesis_hash": genesis_block.genesis_hash(block),
            "period_s": config.chain.period_s,
            "request_timeout_s": config.chain.request_timeout_s,
            "epoch_blocks": config.chain.epoch_blocks,
            "gas_limit": config.chain.gas_limit,
            "heap": config.nodes.heap,
            "jwt_key_file": "jwt/private.pem",
            "node_allowlist": allowed_enodes(config),
            "nodes": [nodes.as_json(one) for one in made],
        },
    )
