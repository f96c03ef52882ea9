"""Every node's lists compared with the wanted ones, and a node put right.

A comparison is no change: it writes what it found, raises an alarm where a list differs or a node is silent, and closes the alarm when that is
over. Entries that a node is still to be told count as on their way, not as drift. A repair adds what a node lacks and removes what it has too
much, then looks again; it is done when nothing differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

from backend.core.context import Context
from backend.core.errors import NotFound
from backend.core.events import emit
from backend.core.ids import new_id
from backend.core.journal import record
from backend.core.permissions import Permission
from backend.network import lists, repository, values
from backend.network.answers import IN_FORCE, Answer, Meaning
from backend.network.fanout import METHODS, Client, Unit, list_of
from backend.network.models import NetworkCheck, NetworkNodeState, NetworkRepair
from backend.network.nodes import Network, NetworkNode, required
from backend.network.rpc import NodeClient
from backend.network.states import Action, AlarmKind, DeliveryState, Kind

LISTS = (Kind.ACCOUNT, Kind.NODE)
LONGEST_WAIT_S = 60.0
REPAIR_CHUNK = 200


@dataclass(slots=True)
class Difference:
    """What one list of one node lacks, as wanted, and has too much, in the node's own form."""

    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Found:
    """One node's lists against the wanted ones; ``answer`` is the one that stopped the comparison, OK when nothing did."""

    node: str
    answer: Answer
    lists: dict[Kind, Difference] = field(default_factory=dict)

    @property
    def clean(self) -> bool:
        """It answered and nothing differs."""
        return self.answer.meaning == Meaning.OK and not any(one.missing or one.extra for one in self.lists.values())


def compare(client: NodeClient, wanted: dict[Kind, list[str]]) -> Found:
    """Ask one node for both lists."""
    found = Found(client.node.name, Answer(Meaning.OK))
    own = values.key_of(Kind.NODE, client.node.enode)
    for kind in LISTS:
        answer = list_of(client, kind)
        if answer.meaning != Meaning.OK:
            return Found(client.node.name, answer)
        has: dict[str, str] = answer.value
        keys = {values.key_of(kind, one): one for one in wanted[kind]}
        # A node connects to others, never to itself: whether its own list names it makes no difference.
        missing = [one for key, one in keys.items() if key not in has and key != own]
        extra = [one for key, one in has.items() if key not in keys and key != own]
        found.lists[kind] = Difference(sorted(missing), sorted(extra))
    return found


class Drift:
    """The jobs of comparing and repairing."""

    def __init__(self, unit: Unit, client: Client, *, first_wait_s: float = 1.0) -> None:
        self._unit = unit
        self._client = client
        self._first_wait_s = first_wait_s

    def check(self, network: Network, *, asked: bool = False) -> list[NetworkNodeState]:
        """Compare all nodes; ``asked`` keeps the outcome even when it is the same as before."""
        with self._unit() as ctx:
            wanted = {kind: repository.wanted_values(ctx, kind) for kind in LISTS}
            on_way = {one.name: repository.undelivered(ctx, one.name) for one in network.nodes}
        with ThreadPoolExecutor(max_workers=len(network.nodes)) as pool:
            found = list(pool.map(lambda one: self._compare(network, one, wanted), network.nodes))
        with self._unit() as ctx:
            # What was wanted while the nodes were asked is on its way too.
            later = {one.name: repository.undelivered(ctx, one.name) for one in network.nodes}
            states = [_store(ctx, one, on_way[one.node] | later[one.node]) for one in found]
            _outcome(ctx, states, asked=asked)
            _close_gone(ctx, {one.name for one in network.nodes})
        return states

    def repair(self, network: Network) -> int:
        """Carry out the repairs that were asked for; how many were tried."""
        with self._unit() as ctx:
            waiting = [(one.id, one.node, one.attempts) for one in repository.repairs(ctx, waiting=True)]
            wanted = {kind: repository.wanted_values(ctx, kind) for kind in LISTS} if waiting else {}
        for repair_id, name, attempts in waiting:
            node = network.node(name)
            if node is None:
                self._finish(
                    repair_id, DeliveryState.CLEARED, Answer(Meaning.REFUSED, None, "not in the file"), (0, 0), 0
                )
                continue
            with self._client(network, node) as client:
                answer, done = put_right(client, wanted)
            state = DeliveryState.DONE if answer.meaning == Meaning.OK else DeliveryState.FAILED
            self._finish(repair_id, state, answer, done, attempts)
        return len(waiting)

    def _compare(self, network: Network, node: NetworkNode, wanted: dict[Kind, list[str]]) -> Found:
        with self._client(network, node) as client:
            return compare(client, wanted)

    def _finish(
        self, repair_id: str, state: DeliveryState, answer: Answer, done: tuple[int, int], attempts: int
    ) -> None:
        with self._unit() as ctx:
            row = ctx.session.get_one(NetworkRepair, repair_id)
            row.state, row.reason, row.detail = state, answer.meaning.value, answer.detail
            row.attempts, row.added, row.removed = attempts + 1, row.added + done[0], row.removed + done[1]
            wait = min(self._first_wait_s * 2 ** min(attempts, 10), LONGEST_WAIT_S)
            row.next_at = repository.wall() + timedelta(seconds=wait)
            if state != DeliveryState.FAILED:
                row.finished_at = repository.wall()
                details = {"node": row.node, "added": row.added, "removed": row.removed}
                record(ctx, action="network.node.repaired", entity="network", entity_id=row.id, details=details)
            ctx.session.add(row)


def put_right(client: NodeClient, wanted: dict[Kind, list[str]]) -> tuple[Answer, tuple[int, int]]:
    """Add what the node lacks, remove what it has too much, look again; entries added and removed."""
    before = compare(client, wanted)
    if before.answer.meaning != Meaning.OK:
        return before.answer, (0, 0)
    first: Answer | None = None
    counts = {Action.ADD: 0, Action.REMOVE: 0}
    for kind, found in before.lists.items():
        for action, listed in ((Action.REMOVE, found.extra), (Action.ADD, found.missing)):
            for answer, many in _act(client, METHODS[kind, action], listed):
                counts[action] += many if answer.in_force else 0
                first = first or (None if answer.in_force else answer)
    after = compare(client, wanted)
    done = (counts[Action.ADD], counts[Action.REMOVE])
    if after.clean:
        return Answer(Meaning.OK), done
    return first or (after.answer if after.answer.meaning != Meaning.OK else Answer(Meaning.REFUSED)), done


def _act(client: NodeClient, method: str, listed: list[str]) -> Iterable[tuple[Answer, int]]:
    for start in range(0, len(listed), REPAIR_CHUNK):
        part = listed[start : start + REPAIR_CHUNK]
        answer = client.ask(method, [part])
        if len(part) == 1 or answer.meaning in IN_FORCE | {Meaning.UNREACHABLE, Meaning.UNAUTHORIZED}:
            yield answer, len(part)
        else:
            yield from ((client.ask(method, [[one]]), 1) for one in part)


# --- asked for -------------------------------------------------------------------------------------------------------


def ask_repair(ctx: Context, name: str) -> NetworkRepair:
    """Want one node's lists put right; a repair that waits already is that one."""
    ctx.require(Permission.NETWORK_MANAGE)
    ctx.require_step_up()
    network = required(ctx.settings)
    if network.node(name) is None:
        raise NotFound(field="node")
    lists.seed(ctx, network)
    present = repository.repair_waiting(ctx, name)
    if present is not None:
        return present
    now = repository.wall()
    row = NetworkRepair(
        id=new_id(),
        node=name,
        state=DeliveryState.PENDING,
        requested_by=ctx.actor.author,
        requested_at=now,
        next_at=now,
    )
    entry = record(ctx, action="network.node.repair", entity="network", entity_id=row.id, details={"node": name})
    row.journal_seq = entry.seq
    ctx.session.add(row)
    ctx.session.flush()
    return row


# --- what was found --------------------------------------------------------------------------------------------------


def _store(ctx: Context, found: Found, on_way: set[tuple[Kind, str]]) -> NetworkNodeState:
    row = ctx.session.get(NetworkNodeState, found.node) or NetworkNodeState(
        node=found.node, checked_at=repository.wall(), reachable=False
    )
    row.checked_at = repository.wall()
    row.reachable = found.answer.meaning == Meaning.OK
    row.reason = None if row.reachable else found.answer.meaning.value
    row.detail = found.answer.detail
    # What a silent node had when it was heard last is still what is known of it.
    if row.reachable:
        waits = {(kind, values.key_of(kind, value)) for kind, value in on_way}

        def settled(kind: Kind, listed: list[str]) -> list[str]:
            return [one for one in listed if (kind, values.key_of(kind, one)) not in waits]

        accounts, enodes = found.lists[Kind.ACCOUNT], found.lists[Kind.NODE]
        row.accounts_missing = settled(Kind.ACCOUNT, accounts.missing)
        row.accounts_extra = settled(Kind.ACCOUNT, accounts.extra)
        row.nodes_missing = settled(Kind.NODE, enodes.missing)
        row.nodes_extra = settled(Kind.NODE, enodes.extra)
    ctx.session.add(row)
    _alarm(ctx, AlarmKind.UNREACHABLE, row.node, raised=not row.reachable, details={"reason": row.reason})
    if row.reachable:
        details = {
            "accounts_missing": len(row.accounts_missing),
            "accounts_extra": len(row.accounts_extra),
            "nodes_missing": len(row.nodes_missing),
            "nodes_extra": len(row.nodes_extra),
        }
        _alarm(ctx, AlarmKind.DRIFT, row.node, raised=row.differs, details=details)
    return row


def _alarm(ctx: Context, kind: AlarmKind, node: str, *, raised: bool, details: Mapping[str, object]) -> None:
    present = repository.open_alarm(ctx, kind, node)
    if raised and present is None:
        alarm = repository.add_alarm(ctx, kind, node, details=dict(details))
        kept = {"kind": kind.value, "node": node, **details}
        record(ctx, action="network.alarm.raised", entity="network", entity_id=alarm.id, details=kept)
        emit(ctx, "network.alarm", payload={"kind": kind.value, "subject": node})
    elif raised and present is not None and present.details != details:
        present.details = dict(details)
        ctx.session.add(present)
    elif not raised and present is not None:
        present.closed_at, present.closed_by = repository.wall(), ctx.actor.author
        ctx.session.add(present)
    ctx.session.flush()


def _close_gone(ctx: Context, names: set[str]) -> None:
    """A node that left the file raises nothing any more."""
    for node, row in repository.node_states(ctx).items():
        if node not in names:
            for kind in (AlarmKind.DRIFT, AlarmKind.UNREACHABLE):
                _alarm(ctx, kind, node, raised=False, details={})
            ctx.session.delete(row)


def _outcome(ctx: Context, states: list[NetworkNodeState], *, asked: bool) -> None:
    heard = [one for one in states if one.reachable]
    row = NetworkCheck(
        id=new_id(),
        at=repository.wall(),
        nodes=len(states),
        unreachable=len(states) - len(heard),
        missing=sum(len(one.accounts_missing) + len(one.nodes_missing) for one in heard),
        extra=sum(len(one.accounts_extra) + len(one.nodes_extra) for one in heard),
    )
    last = repository.last_check(ctx)
    same = last is not None and all(
        getattr(last, name) == getattr(row, name) for name in ("nodes", "unreachable", "missing", "extra")
    )
    if asked or not same:
        ctx.session.add(row)
    job = repository.job(ctx)
    if job is not None:
        job.checked_at = row.at
        ctx.session.add(job)
    ctx.session.flush()
