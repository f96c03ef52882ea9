"""Validators in and out, by the votes of the validators themselves (QBFT, validators in block headers).

    PROPOSED     an administrator wants it            nothing was told to a node
    OPEN         another administrator approved       every validator is asked to vote; each puts its vote into the blocks it proposes
    CLOSING      the list of validators has changed   every validator is told to forget the vote
    DONE         all have forgotten it (a node that is away has: votes live in memory only)

More than half of the validators must vote, and the votes are dropped at the end of each epoch and at the restart of the voting node: so
what each node holds is asked again until the list has changed. A node that hasn't the chain must not be voted in: once it counts, the others
wait for its seals, and too few seals halt the network. So only a node of the file that answers and stands at the head can be voted in.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from backend.core.context import Context
from backend.core.errors import NotAllowedInState, NotFound
from backend.core.ids import new_id
from backend.core.journal import record
from backend.core.permissions import Permission
from backend.network import lists, repository, values
from backend.network.answers import Answer, Meaning
from backend.network.errors import CandidateNotReady, EntryListed, EntryNotListed, LastValidators, SameAdministrator
from backend.network.fanout import Client, Unit
from backend.network.models import NetworkChange, NetworkDelivery
from backend.network.nodes import Network, NetworkNode, required
from backend.network.rpc import NodeClient
from backend.network.states import CHANGE_MOVES, LIVE, Action, ChangeState, DeliveryState, Kind

log = logging.getLogger(__name__)

BEHIND_AT_MOST = 5
"""Blocks by which a candidate may be behind the highest head."""
AGAIN_S = 5.0
OPEN_STATES = (ChangeState.PROPOSED, *LIVE)


# --- asked for -------------------------------------------------------------------------------------------------------


def propose(ctx: Context, client: Client, action: Action, text: str, *, reason: str) -> NetworkChange:
    """Want a validator in or out; another administrator approves. Looks at the nodes first (see the module)."""
    ctx.require(Permission.NETWORK_MANAGE)
    ctx.require_step_up()
    network = required(ctx.settings)
    lists.seed(ctx, network)
    address, why = values.account(text), lists.checked_reason(reason)
    if repository.open_changes(ctx, Kind.VALIDATOR, address, *OPEN_STATES):
        raise EntryListed("Голосование по этому адресу уже идёт.", "This address is being voted on.", field="value")
    _check(network, client, action, address)
    node = network.of_address(address)
    now = repository.wall()
    change = NetworkChange(
        id=new_id(),
        kind=Kind.VALIDATOR,
        action=action,
        value=address,
        label=node.name if node else "",
        reason=why,
        state=ChangeState.PROPOSED,
        requested_by=ctx.actor.author,
        requested_at=now,
        after_block=repository.height(ctx),
    )
    change.journal_seq = _journal(ctx, "network.vote.proposed", change)
    ctx.session.add(change)
    ctx.session.flush()
    return change


def approve(ctx: Context, change_id: str) -> NetworkChange:
    """As the second administrator; the validators are asked to vote in the next round of the jobs."""
    change = _managed(ctx, change_id)
    if change.state != ChangeState.PROPOSED:
        raise NotAllowedInState
    if change.requested_by == ctx.actor.author and not ctx.actor.is_system:
        raise SameAdministrator
    return start(ctx, change)


def start(ctx: Context, change: NetworkChange) -> NetworkChange:
    """Open an approved vote."""
    network = required(ctx.settings)
    change.state = CHANGE_MOVES.check(change.state, ChangeState.OPEN)
    change.approved_by, change.approved_at = ctx.actor.author, repository.wall()
    _journal(ctx, "network.vote.approved", change)
    ctx.session.add(change)
    ctx.session.flush()
    repository.add_deliveries(ctx, [change.id], [one.name for one in network.validators])
    return change


def withdraw(ctx: Context, change_id: str) -> NetworkChange:
    """Give a vote up: at once before it was approved, else when the validators have forgotten it."""
    change = _managed(ctx, change_id)
    target = ChangeState.CANCELLED if change.state == ChangeState.PROPOSED else ChangeState.WITHDRAWING
    change.state = CHANGE_MOVES.check(change.state, target)
    if target == ChangeState.CANCELLED:
        change.finished_at = repository.wall()
    _journal(ctx, "network.vote.withdrawn", change)
    ctx.session.add(change)
    return change


def _managed(ctx: Context, change_id: str) -> NetworkChange:
    ctx.require(Permission.NETWORK_MANAGE)
    ctx.require_step_up()
    change = repository.change(ctx, change_id, locked=True)
    if change is None or change.kind != Kind.VALIDATOR:
        raise NotFound
    return change


def _journal(ctx: Context, action: str, change: NetworkChange) -> int:
    way = "in" if change.action == Action.ADD else "out"
    details = {"validator": change.value, "vote": way, "reason": change.reason}
    return record(ctx, action=action, entity="network", entity_id=change.id, details=details).seq


# --- is it wise ------------------------------------------------------------------------------------------------------


def _check(network: Network, client: Client, action: Action, address: str) -> None:
    named, heads = _heard(network, client)
    if named is None:
        raise CandidateNotReady(
            "Ни один узел не назвал списка валидаторов: голосовать сейчас нельзя.",
            "No node told the list of validators: nobody can vote now.",
            field="value",
        )
    if action == Action.REMOVE:
        if address not in named:
            raise EntryNotListed("Этого адреса нет среди валидаторов.", "This address is no validator.", field="value")
        if len(named) < 2:
            raise LastValidators(field="value")
        return
    if address in named:
        raise EntryListed("Этот адрес уже валидатор.", "This address is a validator already.", field="value")
    node = network.of_address(address)
    if node is None:
        raise CandidateNotReady(
            "Такого узла нет в файле сети: сначала добавьте узел, запустите и дайте ему догнать цепочку.",
            "The network's file has no such node: add it, start it and let it catch up first.",
            field="value",
        )
    head = heads.get(node.name)
    if head is None:
        raise CandidateNotReady(
            f"Узел {node.name} не отвечает: голосование за него может остановить сеть.",
            f"Node {node.name} gives no answer: voting it in may halt the network.",
            field="value",
        )
    behind = max(heads.values()) - head
    if behind > BEHIND_AT_MOST:
        raise CandidateNotReady(
            f"Узел {node.name} отстал на {behind} блоков: дайте ему догнать цепочку.",
            f"Node {node.name} is {behind} blocks behind: let it catch up first.",
            field="value",
        )


def _heard(network: Network, client: Client) -> tuple[list[str] | None, dict[str, int]]:
    """The validators, and the heads of the nodes that answer."""

    def ask(node: NetworkNode) -> tuple[str, list[str] | None, int | None]:
        with client(network, node) as one:
            return node.name, validators_of(one.validators()), _number(one.ask("eth_blockNumber", []))

    with ThreadPoolExecutor(max_workers=len(network.nodes)) as pool:
        told = list(pool.map(ask, network.nodes))
    heads = {name: head for name, _, head in told if head is not None}
    best = sorted((heads.get(name, -1), listed) for name, listed, _ in told if listed is not None)
    return (best[-1][1] if best else None), heads


def validators_of(answer: Answer) -> list[str] | None:
    """Addresses that a node names as validators."""
    if answer.meaning != Meaning.OK or not isinstance(answer.value, list):
        return None
    return [str(one).lower() for one in answer.value]


def _number(answer: Answer) -> int | None:
    try:
        return int(str(answer.value), 16) if answer.meaning == Meaning.OK else None
    except ValueError:
        return None


# --- the job ---------------------------------------------------------------------------------------------------------


class Votes:
    """Keeps the validators voting until the list has changed, then makes them forget."""

    def __init__(self, unit: Unit, client: Client, *, again_s: float = AGAIN_S) -> None:
        self._unit = unit
        self._client = client
        self._again_s = again_s

    def round(self, network: Network) -> int:
        """One pass over the votes on their way; how many nodes were asked something."""
        with self._unit() as ctx:
            found = [repository.change(ctx, one) for one in repository.live_ids(ctx, votes=True)]
            live = [one for one in found if one is not None]
        if not live:
            return 0
        voters = self._voters(network)
        with self._unit() as ctx:
            voting = [one.id for one in live if one.state == ChangeState.OPEN]
            repository.add_deliveries(ctx, voting, [one.name for one in voters])
            rows = repository.deliveries(ctx, [one.id for one in live])
            now = repository.wall()
        asked = 0
        for change in live:
            mine = {one.node: one for one in rows if one.change_id == change.id}
            if change.state == ChangeState.OPEN:
                due = {name for name, one in mine.items() if one.next_at <= now}
                asked += self._vote(network, change, [one for one in voters if one.name in due])
            else:
                due = {name for name, one in mine.items() if _to_forget(one) and one.next_at <= now}
                due |= {name for name, one in mine.items() if one.state in _VOTED}
                asked += self._forget(network, change, [one for one in network.nodes if one.name in due])
        return asked

    def _voters(self, network: Network) -> list[NetworkNode]:
        """Nodes whose votes count: those that the chain names as validators now, whatever the file calls them."""
        named, _ = _heard(network, self._client)
        if named is None:
            return list(network.validators)
        return [one for one in network.nodes if one.address in named]

    def _vote(self, network: Network, change: NetworkChange, nodes: list[NetworkNode]) -> int:
        if not nodes:
            return 0
        wanted = change.action == Action.ADD

        def ask(node: NetworkNode) -> tuple[NetworkNode, Answer, bool]:
            with self._client(network, node) as client:
                named = validators_of(client.validators())
                reached = named is not None and (change.value in named) == wanted
                return node, (Answer(Meaning.PRESENT) if reached else cast(client, change.value, wanted)), reached

        told = _side_by_side(ask, nodes)
        with self._unit() as ctx:
            for node, answer, _ in told:
                self._write(ctx, change.id, node.name, answer, DeliveryState.DONE)
            row = repository.change(ctx, change.id, locked=True)
            if row is not None and row.state == ChangeState.OPEN and any(reached for _, _, reached in told):
                row.state = CHANGE_MOVES.check(row.state, ChangeState.CLOSING)
                _journal(ctx, "network.vote.carried", row)
                ctx.session.add(row)
        return len(nodes)

    def _forget(self, network: Network, change: NetworkChange, nodes: list[NetworkNode]) -> int:
        def ask(node: NetworkNode) -> tuple[NetworkNode, Answer, bool]:
            with self._client(network, node) as client:
                answer = client.ask("qbft_discardValidatorVote", [change.value])
                return node, answer, answer.meaning in {Meaning.OK, Meaning.UNREACHABLE}

        told = _side_by_side(ask, nodes) if nodes else []
        with self._unit() as ctx:
            for node, answer, gone in told:
                state = DeliveryState.CLEARED if gone else DeliveryState.FAILED
                self._write(ctx, change.id, node.name, answer, state)
            names = {one.name for one in network.nodes}
            left = [one for one in repository.deliveries(ctx, [change.id]) if one.node in names and _to_forget(one)]
            row = repository.change(ctx, change.id, locked=True)
            if row is not None and row.state in _ENDS and not left:
                row.state, row.finished_at = CHANGE_MOVES.check(row.state, _ENDS[row.state]), repository.wall()
                ctx.session.add(row)
        return len(nodes)

    def _write(self, ctx: Context, change_id: str, node: str, answer: Answer, good: DeliveryState) -> None:
        fine = answer.in_force or good == DeliveryState.CLEARED
        repository.write_delivery(
            ctx,
            change_id,
            node,
            state=good if fine else DeliveryState.FAILED,
            reason=answer.meaning.value,
            detail=answer.detail,
            next_at=repository.wall() + timedelta(seconds=self._again_s),
        )


_ENDS = {ChangeState.CLOSING: ChangeState.DONE, ChangeState.WITHDRAWING: ChangeState.CANCELLED}
_VOTED = frozenset({DeliveryState.DONE, DeliveryState.PENDING})


def _to_forget(row: NetworkDelivery) -> bool:
    return row.state != DeliveryState.CLEARED


def cast(client: NodeClient, address: str, wanted: bool) -> Answer:
    """Have one validator vote, unless it does already."""
    held = client.votes()
    if held.meaning != Meaning.OK:
        return held
    votes = {str(one).lower(): bool(way) for one, way in held.value.items()} if isinstance(held.value, dict) else {}
    if votes.get(address) is wanted:
        return Answer(Meaning.PRESENT)
    return client.ask("qbft_proposeValidatorVote", [address, wanted])


def _side_by_side(ask: Any, nodes: list[NetworkNode]) -> list[tuple[NetworkNode, Answer, bool]]:
    with ThreadPoolExecutor(max_workers=len(nodes)) as pool:
        return list(pool.map(ask, nodes))
