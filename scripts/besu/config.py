"""``network.yaml``: what a network is made from. Everything wrong is told at once, each with file, line, field and reason."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from eth_utils import is_checksum_address, is_checksum_formatted_address, is_hex_address, to_checksum_address
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from backend.core.errors import DomainError
from backend.network import values
from scripts.besu.accounts import SYSTEM_GROUP, SYSTEM_NAMES
from scripts.besu.yaml_lines import Place, Problem, read_yaml

HOLDERS_IN_BATCH = 200
"""Holders in one transaction of a payout (backend/payouts/planning.py)."""
GAS_OF_REDEMPTION = 68_204
"""Gas that a redemption costs for each of 200 holders, the dearest batch that there is (measured: docs/contracts.md)."""
GAS_LEAST = GAS_OF_REDEMPTION * HOLDERS_IN_BATCH * 13 // 10 + 60_000
"""What a full batch of redemptions is sent with: the sender adds a margin of 30 % and 60,000 (backend/custody/preparing.py)."""
MOST_VALIDATORS = 100

PORTS = ("p2p_port", "rpc_port", "metrics_port")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_HEX_ADDRESS = re.compile(r"0x[0-9a-fA-F]*")
_PERMISSION = re.compile(r"[a-z0-9]+:(\*|[A-Za-z0-9]+)|\*:\*")

NodeName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
Port = Annotated[int, Field(ge=0, le=65_535)]


class Part(BaseModel):
    """A mapping of network.yaml; an unknown key is refused, a yes is not a number."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ChainPart(Part):
    """What the genesis block fixes for good."""

    chain_id: int = Field(ge=1, le=2**31 - 1)
    period_s: int = Field(ge=1, le=600)
    request_timeout_s: int = Field(ge=2, le=3600)
    epoch_blocks: int = Field(default=30_000, ge=1)
    gas_limit: int = Field(ge=1, le=2_000_000_000)


class NodesPart(Part):
    """What all nodes share; a node of a list may say otherwise."""

    host: str = "127.0.0.1"
    bind: str = "127.0.0.1"
    root: str | None = None
    p2p_port: Port = 0
    rpc_port: Port = 0
    metrics_port: Port = 0
    host_allowlist: list[str] = ["localhost", "127.0.0.1"]
    heap: str = Field(default="512m", pattern=r"^[1-9][0-9]{0,5}[mg]$")
    log_level: Literal["ERROR", "WARN", "INFO", "DEBUG", "TRACE"] = "INFO"


class NodePart(Part):
    """One node of a list."""

    name: NodeName
    host: str | None = None
    p2p_port: Port | None = None
    rpc_port: Port | None = None
    metrics_port: Port | None = None


class AccountsPart(Part):
    """Who may send transactions from block 0 on. ``addresses`` names accounts whose keys lie elsewhere."""

    addresses: dict[str, str] = {}
    allowlist: list[str] = [SYSTEM_GROUP]


class RpcUser(Part):
    """Somebody who signs in to a node with a password; permissions as Besu writes them (``perm:*``, ``eth:call``)."""

    name: NodeName
    permissions: list[str] = Field(min_length=1)


class Config(Part):
    """The whole file."""

    chain: ChainPart
    validators: int | list[NodePart]
    rpc_nodes: int | list[NodePart] = 1
    nodes: NodesPart = NodesPart()
    accounts: AccountsPart = AccountsPart()
    node_allowlist: list[str] = []
    rpc_users: list[RpcUser] = []


@dataclass(frozen=True, slots=True)
class Planned:
    """A node as the file wants it; port 0: any free one, chosen once. ``place`` is where it stands in the file."""

    name: str
    role: Literal["validator", "rpc"]
    host: str
    ports: dict[str, int]
    place: Place


def load(path: Path, validators: int | None = None) -> Config:
    """Read and check the file; ``validators`` replaces its number of them. Raises ConfigInvalidError."""
    source = read_yaml(path)
    value = source.value
    if not isinstance(value, dict):
        raise source.refuse([Problem((), "a mapping with chain, validators, … is expected")])
    if validators is not None:
        value = {**value, "validators": validators}
    try:
        config = Config.model_validate(value)
    except ValidationError as error:
        raise source.refuse(_of_types(error)) from error
    problems = [*_of_chain(config), *_of_nodes(config), *_of_accounts(config), *_of_access(config)]
    if problems:
        raise source.refuse(problems)
    return config


def planned(config: Config) -> list[Planned]:
    """All nodes, validators first. ``{name}`` in the common host stands for the node's name.

    Nodes that share a host get the base port and the next ones; where each has its own host, all get the base port.
    """
    found: list[Planned] = []
    common = config.nodes
    roles: tuple[tuple[Literal["validator", "rpc"], str, int | list[NodePart]], ...] = (
        ("validator", "validators", config.validators),
        ("rpc", "rpc_nodes", config.rpc_nodes),
    )
    for role, key, wanted in roles:
        listed = [NodePart(name=f"{role}-{one + 1}") for one in range(wanted)] if isinstance(wanted, int) else wanted
        for number, one in enumerate(listed):
            host = one.host or common.host.replace("{name}", one.name)
            beside = sum(earlier.host == host for earlier in found)
            ports = {port: _port(one, common, port, beside) for port in PORTS}
            place: Place = (key,) if isinstance(wanted, int) else (key, number)
            found.append(Planned(one.name, role, host, ports, place))
    return found


def allowed_addresses(config: Config, known: dict[str, str]) -> list[str]:
    """Addresses of the allowlist, each once; ``known`` gives the addresses of names.

    In lower case: Besu compares its file with its memory as text, and keeps no change when they differ.
    """
    found: list[str] = []
    for entry in config.accounts.allowlist:
        names = SYSTEM_NAMES if entry == SYSTEM_GROUP else [entry]
        found += [known.get(name, name).lower() for name in names]
    return list(dict.fromkeys(found))


def allowed_enodes(config: Config) -> list[str]:
    """Nodes of others that may connect, each once, as Besu prints them: it compares its file with its memory as text."""
    return list(dict.fromkeys(values.enode(one) for one in config.node_allowlist))


def is_ip(host: str) -> bool:
    """Whether a host is an address rather than a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _port(one: NodePart, common: NodesPart, port: str, beside: int) -> int:
    own: int | None = getattr(one, port)
    if own is not None:
        return own
    base: int = getattr(common, port)
    return base + beside if base else 0


# --- checks ----------------------------------------------------------------------------------------------------------


def _of_types(error: ValidationError) -> list[Problem]:
    """Pydantic's findings in words; of a union only what fits the shape that was written."""
    found: dict[Place, Problem] = {}
    for one in error.errors():
        place: Place = tuple(step for step in one["loc"] if step not in {"int", "list[NodePart]"})
        if one["loc"][-1] in {"int", "list[NodePart]"}:
            reason = f"a number or a list of nodes is expected, found {_shown(one['input'])}"
        elif one["type"] == "extra_forbidden":
            reason = "unknown key"
        elif one["type"] == "missing":
            reason = "is missing"
        else:
            reason = f"{one['msg'][0].lower()}{one['msg'][1:]}, found {_shown(one['input'])}"
        found.setdefault(place, Problem(place, reason))
    deeper = [place for place in found if any(other[: len(place)] == place for other in found if other != place)]
    return [one for place, one in found.items() if place not in deeper]


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _of_chain(config: Config) -> Iterator[Problem]:
    chain = config.chain
    if chain.request_timeout_s < 2 * chain.period_s:
        yield Problem(
            ("chain", "request_timeout_s"),
            f"{chain.request_timeout_s} s is less than two periods ({2 * chain.period_s} s): a round would end while its block is "
            "still being made, and rounds would follow each other without end",
        )
    if chain.gas_limit < GAS_LEAST:
        yield Problem(
            ("chain", "gas_limit"),
            f"{chain.gas_limit:,} is too small for a payout: a redemption to {HOLDERS_IN_BATCH} holders is sent with {GAS_LEAST:,} gas",
        )


def _of_nodes(config: Config) -> Iterator[Problem]:
    count = config.validators if isinstance(config.validators, int) else len(config.validators)
    if not 1 <= count <= MOST_VALIDATORS:
        yield Problem(("validators",), f"from one to {MOST_VALIDATORS} validators are needed, found {count}")
        return
    rpc = config.rpc_nodes if isinstance(config.rpc_nodes, int) else len(config.rpc_nodes)
    if not 0 <= rpc <= MOST_VALIDATORS:
        yield Problem(("rpc_nodes",), f"from none to {MOST_VALIDATORS} nodes are possible, found {rpc}")
        return
    names: dict[str, Planned] = {}
    taken: dict[tuple[str, int], tuple[Planned, str]] = {}
    for one in planned(config):
        if one.name in names:
            yield Problem((*one.place, "name"), f"{one.name} is the name of another node")
        names[one.name] = one
        if not _HOST.fullmatch(one.host):
            yield Problem(_where(one, "host"), f"{one.host!r} is neither an address nor a host name")
        for kind, port in one.ports.items():
            yield from _of_port(one, kind, port, taken)
    if not is_ip(config.nodes.bind):
        yield Problem(("nodes", "bind"), f"{config.nodes.bind!r} is not an IP address to listen on")


def _of_port(
    one: Planned, kind: str, port: int, taken: dict[tuple[str, int], tuple[Planned, str]]
) -> Iterator[Problem]:
    if port > 65_535:
        yield Problem(("nodes", kind), f"{one.name} would get port {port}: ports end at 65535")
    if not port:
        return
    other = taken.setdefault((one.host, port), (one, kind))
    if other != (one, kind):
        yield Problem(_where(one, kind), f"port {port} of {one.host} is {other[1]} of {other[0].name} already")


def _where(one: Planned, field: str) -> Place:
    """Where a field of a node stands: in the node of a list, else in the part for all nodes."""
    return (*one.place, field) if len(one.place) == 2 else ("nodes", field)


def _of_accounts(config: Config) -> Iterator[Problem]:
    part = config.accounts
    owners: dict[str, str] = {}
    for name, address in part.addresses.items():
        place: Place = ("accounts", "addresses", name)
        if name == SYSTEM_GROUP or name.startswith("0x"):
            yield Problem(place, f"{name} can't be the name of an account")
        if reason := _bad_address(address):
            yield Problem(place, reason)
        elif owners.setdefault(address.lower(), name) != name:
            yield Problem(place, f"{address} is the address of {owners[address.lower()]} already")
    known = {SYSTEM_GROUP, *SYSTEM_NAMES, *part.addresses}
    for number, entry in enumerate(part.allowlist):
        place = ("accounts", "allowlist", number)
        if _HEX_ADDRESS.fullmatch(entry):
            if reason := _bad_address(entry):
                yield Problem(place, reason)
        elif entry not in known:
            yield Problem(
                place,
                f"unknown account {entry!r}; there are {', '.join([SYSTEM_GROUP, *sorted(known - {SYSTEM_GROUP})])}",
            )


def _bad_address(address: str) -> str | None:
    if not _HEX_ADDRESS.fullmatch(address) or not is_hex_address(address):
        return f"{address!r} is not an address: 0x and 40 hexadecimal digits are expected"
    if int(address, 16) == 0:
        return "the zero address can't be admitted: nobody holds its key"
    if is_checksum_formatted_address(address) and not is_checksum_address(address):
        return f"{address} is mistyped: its checksum (EIP-55) would be {to_checksum_address(address.lower())}"
    return None


def _of_access(config: Config) -> Iterator[Problem]:
    for number, enode in enumerate(config.node_allowlist):
        try:
            values.enode(enode)
        except DomainError:
            yield Problem(
                ("node_allowlist", number), f"{_shown(enode)} is not enode://128 hexadecimal digits@host:port"
            )
    seen: set[str] = set()
    for number, user in enumerate(config.rpc_users):
        if user.name in seen:
            yield Problem(("rpc_users", number, "name"), f"{user.name} is the name of another user")
        seen.add(user.name)
        for at, permission in enumerate(user.permissions):
            if not _PERMISSION.fullmatch(permission):
                yield Problem(
                    ("rpc_users", number, "permissions", at),
                    f"{permission!r} is not a permission such as perm:* or eth:call",
                )
