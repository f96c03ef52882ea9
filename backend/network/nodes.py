"""The file of nodes (``KAPITAL_BESU_NODES_FILE``): who is in the network, how to ask each of them, whose key signs the questions."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from backend.core.errors import DomainError
from backend.network import values
from backend.network.errors import NetworkFileBroken, NoNetwork
from backend.settings import Settings


class NetworkNode(BaseModel):
    """One node. ``rpc_url`` answers PERM and QBFT methods to who shows a token."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str = Field(min_length=1, max_length=64)
    role: Literal["validator", "rpc"]
    address: str
    enode: str
    rpc_url: str
    metrics_url: str | None = None

    @model_validator(mode="after")
    def _in_one_form(self) -> NetworkNode:
        try:
            object.__setattr__(self, "address", values.account(self.address))
            object.__setattr__(self, "enode", values.enode(self.enode))
        except DomainError as error:
            raise ValueError(f"{self.name}: {error.message_en}") from error
        return self


class Network(BaseModel):
    """The whole network as its file tells it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    chain_id: int
    genesis_hash: str | None = None
    period_s: float = 2.0
    jwt_key_file: Path | None = None
    node_allowlist: tuple[str, ...] = ()
    nodes: tuple[NetworkNode, ...] = Field(min_length=1)
    folder: Path = Path()

    @model_validator(mode="after")
    def _named_once(self) -> Network:
        names = [one.name for one in self.nodes]
        if len(set(names)) != len(names):
            raise ValueError("two nodes have one name")
        return self

    @property
    def validators(self) -> tuple[NetworkNode, ...]:
        """Nodes that vote."""
        return tuple(one for one in self.nodes if one.role == "validator")

    @property
    def key_file(self) -> Path | None:
        """The private key that signs tokens; None: the nodes ask for none."""
        return None if self.jwt_key_file is None else self.folder / self.jwt_key_file

    def enodes(self) -> dict[str, str]:
        """Nodes that the network was made with, and others that its description lets join."""
        others = {values.enode(one): "" for one in self.node_allowlist}
        return {**others, **{one.enode: one.name for one in self.nodes}}

    def node(self, name: str) -> NetworkNode | None:
        """By name."""
        return next((one for one in self.nodes if one.name == name), None)

    def of_address(self, address: str) -> NetworkNode | None:
        """By the address that its key makes."""
        return next((one for one in self.nodes if one.address == address), None)

    def system_accounts(self) -> dict[str, str]:
        """Addresses and purposes that the network was made with (``accounts.json`` beside the file of nodes); none without the file."""
        path = self.folder / "accounts.json"
        if not path.exists():
            return {}
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            known = {values.account(address): purpose for address, purpose in _pairs(content.get("accounts", []))}
            listed = [values.account(str(one)) for one in content.get("allowlist", known)]
            return {address: known.get(address, "") for address in listed}
        except (OSError, ValueError, AttributeError, KeyError, TypeError, DomainError) as error:
            raise _broken(path, error) from error


def network_of(settings: Settings) -> Network | None:
    """The network of this installation; None on the embedded node. Raises :class:`NetworkFileBroken`."""
    path = settings.besu_nodes_file
    if path is None:
        return None
    try:
        changed = path.stat().st_mtime_ns
    except OSError as error:
        raise _broken(path, error) from error
    return _read(path, changed)


def required(settings: Settings) -> Network:
    """The network; raises :class:`NoNetwork` on the embedded node."""
    found = network_of(settings)
    if found is None:
        raise NoNetwork
    return found


@lru_cache(maxsize=8)
def _read(path: Path, changed: int) -> Network:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Network(**{**content, "folder": path.resolve().parent})
    except (OSError, ValueError, TypeError, ValidationError) as error:
        raise _broken(path, error) from error


def _pairs(listed: Any) -> list[tuple[str, str]]:
    if isinstance(listed, dict):
        return [(str(address), str(name)) for name, address in listed.items()]
    return [(str(one["address"]), ": ".join(str(one[k]) for k in ("name", "purpose") if one.get(k))) for one in listed]


def _broken(path: Path, error: Exception) -> NetworkFileBroken:
    why = str(error).splitlines()[0] if str(error) else type(error).__name__
    return NetworkFileBroken(f"{path.name}: файл узлов сети не читается ({why}).", f"{path.name} can't be read: {why}.")
