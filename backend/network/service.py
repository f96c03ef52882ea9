"""What portals, the command line and other processes may ask of the network."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from backend.core.context import Context
from backend.core.errors import NotFound
from backend.core.pagination import EVERYTHING, Page, PageRequest
from backend.core.permissions import Permission
from backend.custody.models import Wallet
from backend.network import repository, seals, votes
from backend.network.drift import ask_repair
from backend.network.jobs import open_client
from backend.network.lists import allow, not_admitted, remove
from backend.network.models import (
    NetworkAlarm,
    NetworkChange,
    NetworkCheck,
    NetworkDelivery,
    NetworkEntry,
    NetworkNodeState,
    NetworkRepair,
)
from backend.network.nodes import Network, NetworkNode, network_of
from backend.network.seals import Window
from backend.network.senders import acknowledge
from backend.network.states import Action, DeliveryState, Kind
from backend.network.votes import approve, validators_of, withdraw

__all__ = [
    "acknowledge",
    "allow",
    "approve",
    "ask_repair",
    "not_admitted",
    "remove",
    "withdraw",
]


@dataclass(frozen=True, slots=True)
class NodeView:
    """A node of the file beside what the last comparison found at it; ``waiting`` changes aren't there yet."""

    node: NetworkNode
    state: NetworkNodeState | None
    waiting: int
    failed: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The network at a glance; ``network`` None on the embedded node."""

    network: Network | None
    nodes: list[NodeView]
    accounts: int
    enodes: int
    unfinished: int
    alarms: list[NetworkAlarm]
    check: NetworkCheck | None


def overview(ctx: Context) -> Overview:
    """Nodes, counts, what is on its way, open alarms."""
    ctx.require(Permission.NETWORK_READ)
    network = network_of(ctx.settings)
    if network is None:
        return Overview(None, [], 0, 0, 0, [], None)
    states = repository.node_states(ctx)
    counts: dict[tuple[str, DeliveryState], int] = {
        (node, state): many for node, state, many in repository.delivery_counts(ctx)
    }
    views = [
        NodeView(
            one,
            states.get(one.name),
            counts.get((one.name, DeliveryState.PENDING), 0) + counts.get((one.name, DeliveryState.FAILED), 0),
            counts.get((one.name, DeliveryState.FAILED), 0),
        )
        for one in network.nodes
    ]
    unfinished = repository.changes(ctx, PageRequest(size=1), unfinished=True).total
    return Overview(
        network,
        views,
        repository.count(ctx, Kind.ACCOUNT),
        repository.count(ctx, Kind.NODE),
        unfinished,
        repository.alarms(ctx, open_only=True),
        repository.last_check(ctx),
    )


def entries(ctx: Context, kind: Kind, request: PageRequest, *, removed: bool = False) -> Page[NetworkEntry]:
    """The wanted list of a kind, or what was on it once."""
    ctx.require(Permission.NETWORK_READ)
    return repository.entries(ctx, kind, request, wanted=not removed)


def history(
    ctx: Context, request: PageRequest, *, kind: Kind | None = None, unfinished: bool = False
) -> Page[NetworkChange]:
    """Who wanted what, when and why."""
    ctx.require(Permission.NETWORK_READ)
    return repository.changes(ctx, request, kind=kind, unfinished=unfinished)


def change(ctx: Context, change_id: str) -> tuple[NetworkChange, list[NetworkDelivery]]:
    """One change and what each node has done about it."""
    ctx.require(Permission.NETWORK_READ)
    found = repository.change(ctx, change_id)
    if found is None:
        raise NotFound
    return found, repository.deliveries(ctx, [change_id])


def deliveries(ctx: Context, change_ids: Collection[str]) -> dict[str, list[NetworkDelivery]]:
    """Rows of several changes."""
    ctx.require(Permission.NETWORK_READ)
    found: dict[str, list[NetworkDelivery]] = {one: [] for one in change_ids}
    for row in repository.deliveries(ctx, change_ids):
        found[row.change_id].append(row)
    return found


def node_states(ctx: Context) -> list[NetworkNodeState]:
    """What the last comparison found, by node."""
    ctx.require(Permission.NETWORK_READ)
    return sorted(repository.node_states(ctx).values(), key=lambda one: one.node)


def checks(ctx: Context) -> list[NetworkCheck]:
    """Outcomes of comparisons, the latest first."""
    ctx.require(Permission.NETWORK_READ)
    return repository.checks(ctx)


def repairs(ctx: Context) -> list[NetworkRepair]:
    """The latest repairs."""
    ctx.require(Permission.NETWORK_READ)
    return repository.repairs(ctx, waiting=False)


def alarms(ctx: Context, *, open_only: bool = False) -> list[NetworkAlarm]:
    """Alarms, the latest first."""
    ctx.require(Permission.NETWORK_READ)
    return repository.alarms(ctx, open_only=open_only)


def retired_wallets(ctx: Context) -> list[Wallet]:
    """Replaced wallets that are still admitted: they can be removed."""
    ctx.require(Permission.NETWORK_READ)
    return repository.retired_wallets(ctx)


def validators(ctx: Context, size: int = seals.WINDOW) -> Window:
    """Proposers, rounds, seals over the last blocks."""
    ctx.require(Permission.NETWORK_READ)
    return seals.window(ctx, size)


def votes_on_way(ctx: Context) -> list[NetworkChange]:
    """Votes that wait for an administrator or for the validators."""
    ctx.require(Permission.NETWORK_READ)
    found = repository.changes(ctx, EVERYTHING, kind=Kind.VALIDATOR, unfinished=True)
    return list(found.items)


def propose_vote(ctx: Context, action: Action, address: str, *, reason: str) -> NetworkChange:
    """Want a validator in or out; another administrator approves."""
    return votes.propose(ctx, open_client, action, address, reason=reason)


def vote_at_once(ctx: Context, action: Action, address: str, *, reason: str) -> NetworkChange:
    """The same by who holds the operator's keys at the command line: proposed and opened in one act, journalled as such."""
    if not ctx.actor.is_system:
        ctx.require(Permission.NETWORK_MANAGE)
    found = votes.propose(ctx, open_client, action, address, reason=reason)
    return votes.start(ctx, found) if ctx.actor.is_system else found


def validators_now(ctx: Context) -> list[str] | None:
    """Who the first node that answers names as validators; None when nobody does."""
    ctx.require(Permission.NETWORK_READ)
    network = network_of(ctx.settings)
    for node in network.nodes if network else ():
        with open_client(network, node) as client:  # type: ignore[arg-type]  # there is one when it has nodes
            named = validators_of(client.validators())
        if named is not None:
            return named
    return None
