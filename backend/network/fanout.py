"""Every wanted change to every node, until each of them has it.

    rows written with the change   one PENDING row a node                                     (lists.py, one transaction)
    read what is due               changes OPEN, rows PENDING or FAILED whose time has come   (a transaction that only reads)
    tell the node                  its list, then what it lacks or has too much               (no transaction is open)
    write what became of it        DONE, or FAILED with the reason and the next attempt       (one transaction a node)
    settle                         change DONE when every node of the file has it

A kill between any two lines costs a repetition, never a difference: a node that has an entry already, or has it no more, is done. Nodes are
told side by side; each hears one question at a time, because Besu's lists aren't guarded against two writers.

An account's wallet may send (``effective_at``) once validators enough for a quorum of seals admit it and every other node that answers does:
a node that is down must not hold up people who were admitted; it gets the list when it is back.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from backend.core.context import Context
from backend.network import repository, values
from backend.network.answers import Answer, Meaning
from backend.network.models import NetworkDelivery
from backend.network.nodes import Network, NetworkNode
from backend.network.rpc import NodeClient
from backend.network.states import CHANGE_MOVES, Action, ChangeState, DeliveryState, Kind

log = logging.getLogger(__name__)

Unit = Callable[[], AbstractContextManager[Context]]
Client = Callable[[Network, NetworkNode], NodeClient]

AT_ONCE = 1000
CHUNK = 200
LONGEST_WAIT_S = 60.0

METHODS = {
    (Kind.ACCOUNT, Action.ADD): "perm_addAccountsToAllowlist",
    (Kind.ACCOUNT, Action.REMOVE): "perm_removeAccountsFromAllowlist",
    (Kind.NODE, Action.ADD): "perm_addNodesToAllowlist",
    (Kind.NODE, Action.REMOVE): "perm_removeNodesFromAllowlist",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One change to be told."""

    change_id: str
    kind: Kind
    action: Action
    value: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a node answered to one change."""

    change_id: str
    answer: Answer


class Fanout:
    """``unit`` opens a transaction in a process's name; ``client`` opens the door to a node (tests replace it)."""

    def __init__(self, unit: Unit, client: Client, *, first_wait_s: float = 1.0) -> None:
        self._unit = unit
        self._client = client
        self._first_wait_s = first_wait_s
        self._names: frozenset[str] = frozenset()

    def round(self, network: Network) -> int:
        """Tell each node what is due; how many changes were told."""
        self._add_rows(network)
        with self._unit() as ctx:
            due = {one.name: [Item(*row) for row in repository.due(ctx, one.name, AT_ONCE)] for one in network.nodes}
        busy = [one for one in network.nodes if due[one.name]]
        if not busy:
            return 0
        with ThreadPoolExecutor(max_workers=len(busy)) as pool:
            told = list(pool.map(lambda one: self._tell(network, one, due[one.name]), busy))
        for node, outcomes in zip(busy, told, strict=True):
            self._write(node, outcomes)
        changed = {one.change_id for outcomes in told for one in outcomes}
        with self._unit() as ctx:
            settle(ctx, network, changed)
        return sum(map(len, told))

    def _add_rows(self, network: Network) -> None:
        """A node that joined the file after a change was wanted gets a row too."""
        names = frozenset(one.name for one in network.nodes)
        if names == self._names:
            return
        with self._unit() as ctx:
            live = repository.live_ids(ctx, votes=False)
            repository.add_deliveries(ctx, live, sorted(names))
            settle(ctx, network, live)
        self._names = names

    def _tell(self, network: Network, node: NetworkNode, items: list[Item]) -> list[Outcome]:
        with self._client(network, node) as client:
            return tell(client, items)

    def _write(self, node: NetworkNode, outcomes: list[Outcome]) -> None:
        with self._unit() as ctx:
            attempts = {
                one.change_id: one.attempts
                for one in repository.deliveries(ctx, {one.change_id for one in outcomes})
                if one.node == node.name
            }
            for one in outcomes:
                done = one.answer.in_force
                wait = min(self._first_wait_s * 2 ** min(attempts.get(one.change_id, 0), 10), LONGEST_WAIT_S)
                repository.write_delivery(
                    ctx,
                    one.change_id,
                    node.name,
                    state=DeliveryState.DONE if done else DeliveryState.FAILED,
                    reason=one.answer.meaning.value,
                    detail=one.answer.detail,
                    next_at=repository.wall() + timedelta(seconds=0 if done else wait),
                )
        failed = [one.answer for one in outcomes if not one.answer.in_force]
        if failed:
            log.warning(
                "node %s did not take %s changes: %s %s", node.name, len(failed), failed[0].meaning, failed[0].detail
            )


# --- one node --------------------------------------------------------------------------------------------------------


def tell(client: NodeClient, items: Sequence[Item]) -> list[Outcome]:
    """Make one node follow the changes; what it has already is left alone."""
    outcomes: list[Outcome] = []
    for kind in (Kind.NODE, Kind.ACCOUNT):
        wanted = [one for one in items if one.kind == kind]
        if wanted:
            outcomes += _tell_kind(client, kind, wanted)
    return outcomes


def list_of(client: NodeClient, kind: Kind) -> Answer:
    """A node's list: ``value`` maps what entries have in common to the node's own form of them."""
    answer = client.enodes() if kind == Kind.NODE else client.accounts()
    if answer.meaning != Meaning.OK:
        return answer
    if not isinstance(answer.value, list):
        return Answer(Meaning.REFUSED, None, "the list is no list")
    return Answer(Meaning.OK, {values.key_of(kind, str(one)): str(one) for one in answer.value})


def _tell_kind(client: NodeClient, kind: Kind, items: list[Item]) -> list[Outcome]:
    listed = list_of(client, kind)
    if listed.meaning != Meaning.OK:
        return [Outcome(one.change_id, listed) for one in items]
    has: dict[str, str] = listed.value
    outcomes: list[Outcome] = []
    for action in (Action.REMOVE, Action.ADD):
        wanted = [one for one in items if one.action == action]
        lacking = [one for one in wanted if (values.key_of(kind, one.value) in has) != (action == Action.ADD)]
        already = Answer(Meaning.PRESENT if action == Action.ADD else Meaning.ABSENT)
        outcomes += [Outcome(one.change_id, already) for one in wanted if one not in lacking]
        for start in range(0, len(lacking), CHUNK):
            outcomes += _tell_chunk(client, METHODS[kind, action], lacking[start : start + CHUNK], has)
    return outcomes


def _tell_chunk(client: NodeClient, method: str, items: list[Item], has: dict[str, str]) -> list[Outcome]:
    """All at once; when the node objects to one of them, one by one: a batch is taken whole or not at all."""
    # A removal must name the entry as the node has it.
    told = [has.get(values.key_of(one.kind, one.value), one.value) for one in items]
    answer = client.ask(method, [told])
    singly = {Meaning.PRESENT, Meaning.ABSENT, Meaning.INVALID, Meaning.DUPLICATE, Meaning.FIXED, Meaning.REFUSED}
    if len(items) > 1 and answer.meaning in singly:
        return [Outcome(one.change_id, client.ask(method, [[text]])) for one, text in zip(items, told, strict=True)]
    return [Outcome(one.change_id, answer) for one in items]


# --- after -----------------------------------------------------------------------------------------------------------


def settle(ctx: Context, network: Network, change_ids: Iterable[str]) -> None:
    """Close changes of the lists that every node has; open the door to accounts that enough of them admit."""
    rows: dict[str, list[NetworkDelivery]] = {}
    for one in repository.deliveries(ctx, change_ids):
        rows.setdefault(one.change_id, []).append(one)
    for change_id, deliveries in rows.items():
        change = repository.change(ctx, change_id, locked=True)
        if change is None or change.state != ChangeState.OPEN or change.kind == Kind.VALIDATOR:
            continue
        states = {one.node: one for one in deliveries}
        if enough(network, states):
            _effective(ctx, change.kind, change.value, change_id)
        if all(_done(states.get(one.name)) for one in network.nodes):
            change.state, change.finished_at = CHANGE_MOVES.check(change.state, ChangeState.DONE), repository.wall()
            ctx.session.add(change)


def enough(network: Network, states: dict[str, NetworkDelivery]) -> bool:
    """Whether a sender's transactions will be taken and sealed now."""
    validators = network.validators
    quorum = -(-2 * len(validators) // 3)
    agreed = sum(_done(states.get(one.name)) for one in validators)
    others = [one for one in network.nodes if one.role != "validator"]
    return agreed >= max(quorum, 1) and all(
        _done(states.get(one.name)) or _away(states.get(one.name)) for one in others
    )


def _done(row: NetworkDelivery | None) -> bool:
    return row is not None and row.state == DeliveryState.DONE


def _away(row: NetworkDelivery | None) -> bool:
    return row is not None and row.state == DeliveryState.FAILED and row.reason == Meaning.UNREACHABLE


def _effective(ctx: Context, kind: Kind, value: str, change_id: str) -> None:
    row: Any = repository.entry(ctx, kind, value)
    if row is not None and row.change_id == change_id and row.effective_at is None:
        row.effective_at = repository.wall()
        ctx.session.add(row)
