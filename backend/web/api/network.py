"""The network for programs: nodes, wanted lists with their history, differences and repairs, alarms, validators and votes.

What is wanted is stored with its reason at once and carried out by the worker; the change tells what each node has done about it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from backend.network import service as network
from backend.network.models import NetworkChange
from backend.network.seals import LARGEST_WINDOW, WINDOW
from backend.network.service import Overview
from backend.network.states import Action, AlarmKind, ChangeState, DeliveryState, Kind
from backend.web.api.money import PageOut, page_out
from backend.web.deps import Ctx, Listing
from backend.web.routing import api_router

router = api_router("/network", "network")


class _Row(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class WhyBody(BaseModel):
    """Why; goes into the journal."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=300)


class RemoveBody(WhyBody):
    """``value``: an address, or an enode."""

    value: str = Field(min_length=1, max_length=400)


class AllowBody(RemoveBody):
    """``label`` says whose it is."""

    label: str = Field("", max_length=120)


class VoteBody(WhyBody):
    """``validator``: its address; ADD to vote it in, REMOVE to vote it out."""

    action: Action
    validator: str = Field(min_length=1, max_length=42)


class NodeOut(BaseModel):
    """A node of the file and what the last comparison found at it; nulls before the first one."""

    name: str
    role: str
    address: str
    enode: str
    reachable: bool | None
    differs: bool | None
    checked_at: datetime | None
    reason: str | None
    waiting: int
    failed: int


class ComparisonOut(_Row):
    """A comparison of all nodes; ``missing`` and ``extra`` count entries of nodes that answered."""

    at: datetime
    nodes: int
    unreachable: int
    missing: int
    extra: int


class AlarmOut(_Row):
    """Something that a person must look at; ``subject``: a node, or a transaction of a foreign sender."""

    id: str
    kind: AlarmKind
    subject: str
    raised_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    block_number: int | None
    block_hash: str | None
    sender: str | None
    details: dict[str, Any]


class NetworkStateOut(BaseModel):
    """The network at a glance; ``chain_id`` null on the embedded node, which has no lists."""

    chain_id: int | None
    genesis_hash: str | None
    nodes: list[NodeOut]
    accounts: int
    enodes: int
    unfinished: int
    alarms: list[AlarmOut]
    check: ComparisonOut | None


class NetworkEntryOut(_Row):
    """A wanted account or node; ``effective_at``: since when the nodes admit it."""

    kind: Kind
    value: str
    wanted: bool
    label: str
    change_id: str
    since: datetime
    effective_at: datetime | None


class DeliveryOut(_Row):
    """A change at one node; ``reason`` is a code, ``detail`` the node's own words."""

    node: str
    state: DeliveryState
    attempts: int
    reason: str | None
    detail: str | None
    next_at: datetime
    updated_at: datetime


class ChangeOut(_Row):
    """Who wanted what, when and why."""

    id: str
    kind: Kind
    action: Action
    value: str
    label: str
    reason: str
    state: ChangeState
    requested_by: str
    requested_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    finished_at: datetime | None
    journal_seq: int | None


class ToldChangeOut(ChangeOut):
    """A change with what each node has done about it."""

    nodes: list[DeliveryOut] = []


class NodeDriftOut(_Row):
    """A node's lists against the wanted ones; of a silent node what was found when it was heard last."""

    node: str
    checked_at: datetime
    reachable: bool
    differs: bool
    reason: str | None
    detail: str | None
    accounts_missing: list[str]
    accounts_extra: list[str]
    nodes_missing: list[str]
    nodes_extra: list[str]


class RepairOut(_Row):
    """A wish to make a node's lists the wanted ones."""

    id: str
    node: str
    state: DeliveryState
    requested_by: str
    requested_at: datetime
    added: int
    removed: int
    attempts: int
    reason: str | None
    detail: str | None
    finished_at: datetime | None


class DriftOut(BaseModel):
    """The last comparison by node, outcomes before it, repairs."""

    nodes: list[NodeDriftOut]
    checks: list[ComparisonOut]
    repairs: list[RepairOut]


class ValidatorWorkOut(_Row):
    """A validator over the window: ``due`` blocks named it, ``missing`` of them lack its seal."""

    address: str
    proposed: int
    due: int
    sealed: int
    missing: int
    last_proposed: int | None
    last_sealed: int | None
    current: bool


class VoteSeenOut(_Row):
    """A vote that a block carries."""

    block: int
    voter: str
    about: str
    inwards: bool


class ValidatorsOut(BaseModel):
    """What the last blocks show; ``rounds``: blocks by round, ``seals``: of the last block, and how many could have been."""

    first: int | None
    last: int | None
    blocks: int
    late: int
    rounds: dict[int, int]
    seals: tuple[int, int] | None
    validators: list[ValidatorWorkOut]
    votes: list[VoteSeenOut]


@router.get("", summary="Nodes, counts, open alarms, the last comparison")
def state(ctx: Ctx) -> NetworkStateOut:
    """Empty on the embedded node."""
    return _state_out(network.overview(ctx))


@router.get("/accounts", summary="Accounts that may send, or might once")
def accounts(ctx: Ctx, listing: Listing, removed: bool = False) -> PageOut[NetworkEntryOut]:
    """The wanted list; with ``removed`` what was on it."""
    return page_out(network.entries(ctx, Kind.ACCOUNT, listing, removed=removed), NetworkEntryOut.model_validate)


@router.post("/accounts", status_code=201, summary="Admit an account")
def allow_account(ctx: Ctx, body: AllowBody) -> ChangeOut:
    """Asks for a fresh second factor."""
    return _allowed(ctx, Kind.ACCOUNT, body)


@router.post("/accounts/remove", status_code=201, summary="Admit an account no more")
def remove_account(ctx: Ctx, body: RemoveBody) -> ChangeOut:
    """Refused for a system wallet in use. Asks for a fresh second factor."""
    return _removed(ctx, Kind.ACCOUNT, body)


@router.get("/nodes", summary="Nodes that may connect, or might once")
def nodes(ctx: Ctx, listing: Listing, removed: bool = False) -> PageOut[NetworkEntryOut]:
    """The wanted list; with ``removed`` what was on it."""
    return page_out(network.entries(ctx, Kind.NODE, listing, removed=removed), NetworkEntryOut.model_validate)


@router.post("/nodes", status_code=201, summary="Admit a node")
def allow_node(ctx: Ctx, body: AllowBody) -> ChangeOut:
    """Asks for a fresh second factor."""
    return _allowed(ctx, Kind.NODE, body)


@router.post("/nodes/remove", status_code=201, summary="Admit a node no more")
def remove_node(ctx: Ctx, body: RemoveBody) -> ChangeOut:
    """Static nodes must be taken out of static-nodes.json too. Asks for a fresh second factor."""
    return _removed(ctx, Kind.NODE, body)


@router.get("/changes", summary="History of the lists and of votes")
def changes(ctx: Ctx, listing: Listing, kind: Kind | None = None, unfinished: bool = False) -> PageOut[ChangeOut]:
    """The latest first; ``unfinished``: only what some node hasn't yet."""
    return page_out(network.history(ctx, listing, kind=kind, unfinished=unfinished), ChangeOut.model_validate)


@router.get("/changes/{change_id}", summary="One change and what each node has done about it")
def change(ctx: Ctx, change_id: str) -> ToldChangeOut:
    """404 when there is none."""
    found, rows = network.change(ctx, change_id)
    return _told(found, rows)


@router.get("/drift", summary="Every node's lists against the wanted ones")
def drift(ctx: Ctx) -> DriftOut:
    """As the worker found them at its last comparison."""
    return DriftOut(
        nodes=[NodeDriftOut.model_validate(one) for one in network.node_states(ctx)],
        checks=[ComparisonOut.model_validate(one) for one in network.checks(ctx)],
        repairs=[RepairOut.model_validate(one) for one in network.repairs(ctx)],
    )


@router.post("/drift/{node}/repair", status_code=201, summary="Make a node's lists the wanted ones")
def repair(ctx: Ctx, node: str) -> RepairOut:
    """A repair that waits already is that one. Asks for a fresh second factor."""
    return RepairOut.model_validate(network.ask_repair(ctx, node))


@router.get("/alarms", summary="Alarms, the latest first")
def alarms(ctx: Ctx, open_only: bool = False) -> list[AlarmOut]:
    """Drift and silence close by themselves; a foreign sender is closed by a person."""
    return [AlarmOut.model_validate(one) for one in network.alarms(ctx, open_only=open_only)]


@router.post("/alarms/{alarm_id}/close", summary="Somebody has looked at a foreign sender")
def close(ctx: Ctx, alarm_id: str, body: WhyBody) -> AlarmOut:
    """Asks for a fresh second factor."""
    return AlarmOut.model_validate(network.acknowledge(ctx, alarm_id, body.reason))


@router.get("/validators", summary="Proposers, rounds and seals of the last blocks")
def validators(ctx: Ctx, window: Annotated[int, Query(ge=1, le=LARGEST_WINDOW)] = WINDOW) -> ValidatorsOut:
    """Counted from the mirrored headers, so that no node has to be believed."""
    found = network.validators(ctx, window)
    return ValidatorsOut(
        first=found.first,
        last=found.last,
        blocks=found.blocks,
        late=found.late,
        rounds=found.rounds,
        seals=found.seals,
        validators=[ValidatorWorkOut.model_validate(one) for one in found.validators],
        votes=[VoteSeenOut.model_validate(one) for one in found.votes],
    )


@router.get("/votes", summary="Votes that wait for an administrator or for the validators")
def votes(ctx: Ctx) -> list[ToldChangeOut]:
    """With what each validator has done."""
    waiting = network.votes_on_way(ctx)
    told = network.deliveries(ctx, [one.id for one in waiting])
    return [_told(one, told[one.id]) for one in waiting]


@router.post("/votes", status_code=201, summary="Want a validator in or out")
def propose(ctx: Ctx, body: VoteBody) -> ChangeOut:
    """Another administrator approves. Asks for a fresh second factor."""
    return ChangeOut.model_validate(network.propose_vote(ctx, body.action, body.validator, reason=body.reason))


@router.post("/votes/{change_id}/approve", summary="Let the validators vote")
def approve(ctx: Ctx, change_id: str) -> ChangeOut:
    """By another administrator than the one who proposed it. Asks for a fresh second factor."""
    return ChangeOut.model_validate(network.approve(ctx, change_id))


@router.post("/votes/{change_id}/withdraw", summary="Give a vote up")
def withdraw(ctx: Ctx, change_id: str) -> ChangeOut:
    """The validators are told to forget it. Asks for a fresh second factor."""
    return ChangeOut.model_validate(network.withdraw(ctx, change_id))


def _allowed(ctx: Ctx, kind: Kind, body: AllowBody) -> ChangeOut:
    return ChangeOut.model_validate(network.allow(ctx, kind, body.value, reason=body.reason, label=body.label))


def _removed(ctx: Ctx, kind: Kind, body: RemoveBody) -> ChangeOut:
    return ChangeOut.model_validate(network.remove(ctx, kind, body.value, reason=body.reason))


def _state_out(found: Overview) -> NetworkStateOut:
    return NetworkStateOut(
        chain_id=found.network.chain_id if found.network else None,
        genesis_hash=found.network.genesis_hash if found.network else None,
        nodes=[
            NodeOut(
                name=one.node.name,
                role=one.node.role,
                address=one.node.address,
                enode=one.node.enode,
                reachable=one.state.reachable if one.state else None,
                differs=one.state.differs if one.state else None,
                checked_at=one.state.checked_at if one.state else None,
                reason=one.state.reason if one.state else None,
                waiting=one.waiting,
                failed=one.failed,
            )
            for one in found.nodes
        ],
        accounts=found.accounts,
        enodes=found.enodes,
        unfinished=found.unfinished,
        alarms=[AlarmOut.model_validate(one) for one in found.alarms],
        check=ComparisonOut.model_validate(found.check) if found.check else None,
    )


def _told(found: NetworkChange, rows: list[Any]) -> ToldChangeOut:
    content = ChangeOut.model_validate(found).model_dump()
    return ToldChangeOut(**content, nodes=[DeliveryOut.model_validate(one) for one in rows])
