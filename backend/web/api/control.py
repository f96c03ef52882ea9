"""Control over the register for programs: four-eyed proposals, roles, participants after a block, search, validators; rules and limits."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import File, Form, Query, UploadFile
from pydantic import AwareDatetime, BaseModel, ConfigDict

from backend.audit import network
from backend.audit import service as audit
from backend.audit.service import ProposalRow
from backend.core.errors import NotFound
from backend.core.rules import RuleRow
from backend.core.rules_view import RuleState, rules_today
from backend.identity import limits
from backend.identity.limits import LimitLine
from backend.web.api.money import PageOut, Rubles, kopeks, page_out, rubles
from backend.web.deps import Ctx, Listing
from backend.web.routing import api_router

explorer = api_router("/explorer", "explorer")
settings = api_router("/settings", "settings")
limit_router = api_router("/limits", "limits")
ROUTERS = [explorer, settings, limit_router]

Block = Annotated[int | None, Query(ge=0, le=2**62)]


class ProposalOut(BaseModel):
    """A four-eyed proposal; ``call`` in words of the contract, ``reason`` and ``document_hash`` as they stand on chain."""

    id: int
    state: str
    role: str
    contract: str | None
    function: str | None
    arguments: dict[str, Any]
    reason: str
    document_hash: str
    proposer: str
    proposer_name: str | None
    officer: str | None
    officer_name: str | None
    proposed_at: datetime
    expires_at: int
    proposed_tx: str
    closed_at: datetime | None
    closed_tx: str | None


class MemberOut(BaseModel):
    """Who holds a role of the register, or held it."""

    role: str
    account: str
    name: str | None
    active: bool
    since_block: int


class RoleEventOut(BaseModel):
    """A grant or a revocation."""

    role: str
    account: str
    granted: bool
    at: datetime
    tx_hash: str


class RuleOut(BaseModel):
    """Which role two officers must hold for a call; ``target`` zero: every asset."""

    target: str
    selector: str
    function: str | None
    role: str
    block_number: int


class RolesOut(BaseModel):
    """Members now, history, rules of four eyes."""

    members: list[MemberOut]
    history: list[RoleEventOut]
    rules: list[RuleOut]


class ParticipantAtOut(BaseModel):
    """A participant as the register had them after a block; ``classes``: bits 1 FREE, 2 LIMIT, 4 TEST, 8 QUAL."""

    model_config = ConfigDict(from_attributes=True)

    address: str
    number: int
    name: str | None
    kind: str
    status: str
    classes: int
    admitted_until: datetime | None
    since_block: int
    changed_block: int


class RegisterAtOut(BaseModel):
    """The register after a block."""

    block: int
    participants: list[ParticipantAtOut]


class FoundOut(BaseModel):
    """What a text names, and the route that shows it."""

    kind: Literal["block", "transaction", "address", "token"]
    key: str
    path: str


class ValidatorOut(BaseModel):
    """A validator: named by the node, named by the last block, blocks proposed of late."""

    address: str
    named_by_node: bool
    named_by_block: bool
    proposed: int
    last_block: int | None


class NetworkOut(BaseModel):
    """What the node reports and what the mirror knows of the validators; null where the node doesn't tell."""

    reachable: bool
    client_version: str | None
    chain_id: int | None
    mirrored_chain_id: int | None
    head: int | None
    mirrored: int | None
    peers: int | None
    consensus: str
    validators: list[ValidatorOut]
    history: list[dict[str, Any]]
    allowed_nodes: list[str] | None
    allowed_accounts: list[str] | None
    drift: list[str]


class DatedOut(BaseModel):
    """One dated value of a rule: kopeks, days, hours, months, years (the name's ending says which) or a word."""

    value: int | str
    effective_from: date
    source: str


class RuleStateOut(BaseModel):
    """A rule on the day of business time."""

    name: str
    now: DatedOut | None
    coming: list[DatedOut]
    past: list[DatedOut]


class LimitOut(BaseModel):
    """The yearly limit of the register, rubles."""

    amount: Rubles | None
    since: datetime | None
    next_amount: Rubles | None
    next_since: datetime | None


class LimitLineOut(BaseModel):
    """A participant with classes and limit; ``free`` null: the limit doesn't concern them."""

    number: str
    kind: str
    classes: list[str]
    admitted_until: datetime | None
    used: Rubles
    reserved: Rubles
    free: Rubles | None


class LimitProposedOut(BaseModel):
    """The promise that a call will be sent."""

    id: str
    state: str


@explorer.get("/proposals", summary="Four-eyed proposals")
def proposals(
    ctx: Ctx, listing: Listing, state: Literal["PROPOSED", "EXECUTED", "CANCELLED"] | None = None
) -> PageOut[ProposalOut]:
    """The latest first. To approve: POST /api/v1/tasks/{id}/approve."""
    return page_out(audit.proposals(ctx, listing, state), proposal_out)


@explorer.get("/roles", summary="Roles on chain")
def roles(ctx: Ctx) -> RolesOut:
    """Who holds which role, how that changed, which calls need two officers."""
    found = audit.roles(ctx)
    return RolesOut(
        members=[
            MemberOut(
                role=one.role_name,
                account=one.account,
                name=found.names.get(one.account),
                active=one.active,
                since_block=one.since_block,
            )
            for one in found.members
        ],
        history=[
            RoleEventOut(role=one.role_name, account=one.account, granted=one.granted, at=one.at, tx_hash=one.tx_hash)
            for one in found.history
        ],
        rules=[
            RuleOut(
                target=one.target,
                selector=one.selector,
                function=one.function,
                role=one.role_name,
                block_number=one.block_number,
            )
            for one in found.rules
        ],
    )


@explorer.get("/participants", summary="Participants after a block")
def participants(ctx: Ctx, block: Block = None, at: AwareDatetime | None = None) -> RegisterAtOut:
    """Replayed from the events of the register; ``at`` names the last block not after a moment."""
    number, found = audit.participants_at(ctx, audit.block_at(ctx, at) if at is not None else block)
    return RegisterAtOut(block=number, participants=[ParticipantAtOut.model_validate(one) for one in found])


@explorer.get("/search", summary="Search")
def search(ctx: Ctx, q: Annotated[str, Query(min_length=1, max_length=100)]) -> FoundOut:
    """Block number, hash, address, number of a participant or an issue; 404 when it names nothing."""
    found = audit.search(ctx, q)
    if found is None:
        raise NotFound
    places = {"block": "blocks", "transaction": "transactions", "address": "addresses", "token": "tokens"}
    return FoundOut(kind=found.kind, key=found.key, path=f"/api/v1/explorer/{places[found.kind]}/{found.key}")


@explorer.get("/network", summary="Node, validators, permission lists")
def node_and_validators(ctx: Ctx) -> NetworkOut:
    """What the node reports now, beside what the mirrored blocks prove."""
    found = network.network(ctx)
    facts = {name: getattr(found, name) for name in NetworkOut.model_fields if name not in {"validators", "history"}}
    return NetworkOut(
        **facts,
        validators=[ValidatorOut.model_validate(one, from_attributes=True) for one in found.validators],
        history=[{"block": one.block, "added": one.added, "gone": one.gone} for one in found.history],
    )


@settings.get("/rules", summary="Dated rules")
def rules(ctx: Ctx) -> list[RuleStateOut]:
    """What is in force at business time, what comes, what held before."""
    return [rule_out(one) for one in rules_today(ctx)]


@limit_router.get("", summary="Classes and limits of participants")
def limit_lines(ctx: Ctx, listing: Listing, klass: str | None = None) -> PageOut[LimitLineOut]:
    """Used and free of the calendar year (Moscow)."""
    return page_out(limits.limits(ctx, listing, klass), line_out)


@limit_router.get("/yearly", summary="The yearly limit")
def yearly(ctx: Ctx) -> LimitOut:
    """In force, and the one that follows."""
    found = limits.limit_in_force(ctx)
    return LimitOut(
        amount=None if found.kopeks is None else rubles(found.kopeks),
        since=found.since,
        next_amount=None if found.next_kopeks is None else rubles(found.next_kopeks),
        next_since=found.next_since,
    )


@limit_router.post("/yearly", status_code=202, summary="Propose a yearly limit")
def propose_limit(
    ctx: Ctx,
    amount: Annotated[Rubles, Form()],
    since: Annotated[AwareDatetime, Form()],
    basis: Annotated[str, Form(max_length=500)],
    file: Annotated[UploadFile, File()],
) -> LimitProposedOut:
    """For the second compliance officer; the document's SHA-256 goes to the register."""
    digest = limits.digest_of(file.file.read())
    made = limits.propose_limit(ctx, since, kopeks(amount, "amount"), basis, digest)
    return LimitProposedOut(id=made.id, state=made.state.value)


def proposal_out(row: ProposalRow) -> ProposalOut:
    """The answer about a proposal."""
    one = row.proposal
    return ProposalOut(
        id=one.id,
        state=one.state,
        role=one.role_name,
        contract=row.call.contract,
        function=row.call.function,
        arguments=dict(row.call.arguments),
        reason=one.reason,
        document_hash=one.document_hash,
        proposer=one.proposer,
        proposer_name=row.proposer_name,
        officer=one.officer,
        officer_name=row.officer_name,
        proposed_at=one.proposed_at,
        expires_at=one.expires_at,
        proposed_tx=one.proposed_tx,
        closed_at=one.closed_at,
        closed_tx=one.closed_tx,
    )


def rule_out(one: RuleState) -> RuleStateOut:
    """The answer about a rule."""
    return RuleStateOut(
        name=one.name,
        now=_dated(one.now) if one.now else None,
        coming=[_dated(row) for row in one.coming],
        past=[_dated(row) for row in one.past],
    )


def line_out(one: LimitLine) -> LimitLineOut:
    """The answer about a participant's limit."""
    return LimitLineOut(
        number=one.participant.number,
        kind=one.participant.kind,
        classes=one.classes,
        admitted_until=one.chain.admitted_until_at,
        used=rubles(one.used_kopeks),
        reserved=rubles(one.reserved_kopeks),
        free=None if one.free_kopeks is None else rubles(one.free_kopeks),
    )


def _dated(row: RuleRow) -> DatedOut:
    return DatedOut(value=row.value, effective_from=row.effective_from, source=row.source)
