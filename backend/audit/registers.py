"""Registers of the chain beside the explorer: proposals for four eyes, roles with their history, participants at a block, search."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import func
from sqlmodel import col, select

from backend.audit import repository, segments
from backend.audit.errors import BlockUnknown
from backend.audit.explorer import Call, contracts, decode_call, names_of, own_wallet
from backend.core import clock
from backend.core.context import Context
from backend.core.pagination import Page, PageRequest, paginate
from backend.core.permissions import Permission
from backend.identity import service as identity
from backend.issues import service as issues
from indexer.chain.enums import PARTICIPANT_KIND
from indexer.models import (
    ChainFourEyesRule,
    ChainParticipant,
    ChainParticipantEvent,
    ChainProposal,
    ChainRoleEvent,
    ChainRoleMember,
)

_HASH = re.compile(r"0x[0-9a-f]{64}")
_ADDRESS = re.compile(r"0x[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """A proposal with the call that it carries; names of the two officers for those who may know them."""

    proposal: ChainProposal
    call: Call
    proposer_name: str | None
    officer_name: str | None


@dataclass(frozen=True, slots=True)
class Roles:
    """Who holds which role now, every grant and revocation, and which calls need four eyes."""

    members: list[ChainRoleMember]
    history: list[ChainRoleEvent]
    rules: list[ChainFourEyesRule]
    names: dict[str, str]


@dataclass(slots=True)
class ParticipantAt:
    """A participant as the register had them after a block. ``classes`` are bits: 1 FREE, 2 LIMIT, 4 TEST, 8 QUAL."""

    address: str
    number: int
    kind: str
    status: str
    classes: int
    admitted_until: datetime | None
    since_block: int
    changed_block: int
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """Sizes of the mirror, and transactions by Moscow day (the latest days that had any, oldest first)."""

    blocks: int
    transactions: int
    refused: int
    events: int
    participants: int
    days: list[tuple[datetime, int]]


@dataclass(frozen=True, slots=True)
class Found:
    """What a text in the search box stands for: kind is block, transaction, address or token."""

    kind: str
    key: str


def proposals(ctx: Context, request: PageRequest, state: str | None = None) -> Page[ProposalRow]:
    """Proposals for four eyes, the latest first; contents name participants, so they are for officers and auditors."""
    ctx.require(Permission.EXPLORER_READ)
    ctx.require(Permission.HOLDER_READ_ALL)
    statement = select(ChainProposal)
    if state:
        statement = statement.where(ChainProposal.state == state)
    page = paginate(ctx.session, statement.order_by(col(ChainProposal.id).desc()), request)
    known = contracts(ctx)
    names = names_of(ctx, {one for row in page.items for one in (row.proposer, row.officer or "")})
    rows = [_proposal(row, known, names) for row in page.items]
    return page.of(rows)


def roles(ctx: Context) -> Roles:
    """Roles on chain with their history, the latest first."""
    ctx.require(Permission.EXPLORER_READ)
    ctx.require(Permission.HOLDER_READ_ALL)
    members = list(ctx.session.exec(select(ChainRoleMember).order_by(ChainRoleMember.role, ChainRoleMember.account)))
    order = (col(ChainRoleEvent.block_number).desc(), col(ChainRoleEvent.log_index).desc())
    history = list(ctx.session.exec(select(ChainRoleEvent).order_by(*order)))
    rules = list(ctx.session.exec(select(ChainFourEyesRule).order_by(ChainFourEyesRule.role_name)))
    mentioned = {one.account for one in members} | {one.target for one in rules}
    for event in history:
        mentioned |= {event.account, event.sender}
    return Roles(members, history, rules, names_of(ctx, mentioned))


def participants_at(ctx: Context, at_block: int | None = None) -> tuple[int, list[ParticipantAt]]:
    """The block, and the register of participants after it, replayed from its events."""
    ctx.require(Permission.PARTICIPANT_READ)
    number = _block_or_last(ctx, at_block)
    events = ChainParticipantEvent
    statement = select(events).where(events.block_number <= number)
    found: dict[str, ParticipantAt] = {}
    for event in ctx.session.exec(statement.order_by(col(events.block_number), col(events.log_index))):
        _apply(found, event)
    names = names_of(ctx, set(found))
    for one in found.values():
        one.name = names.get(one.address)
    return number, sorted(found.values(), key=lambda one: (one.number, one.since_block))


def block_at(ctx: Context, moment: datetime) -> int:
    """Number of the last block not after a moment; raises BlockUnknown before the first."""
    ctx.require(Permission.EXPLORER_READ)
    found = clock.block_at(ctx.session, moment)
    if found is None:
        raise BlockUnknown(field="at")
    return found.number


def totals(ctx: Context, days: int = 30) -> Totals:
    """Sizes of the mirror."""
    ctx.require(Permission.EXPLORER_READ)
    found = segments.counts(ctx)
    return Totals(
        blocks=found.blocks,
        transactions=found.transactions,
        refused=found.refused,
        events=found.events,
        participants=ctx.session.exec(select(func.count()).select_from(ChainParticipant)).one(),
        days=segments.latest_days(ctx, found.days, days),
    )


def search(ctx: Context, text: str) -> Found | None:
    """What a text names: block number, hash of a block or transaction, address, number of a participant or of an issue, symbol."""
    ctx.require(Permission.EXPLORER_READ)
    wanted = text.strip().lower()
    if not wanted:
        return None
    if wanted.isdigit() or _HASH.fullmatch(wanted):
        if repository.block(ctx, wanted) is not None:
            return Found("block", wanted)
        known = not wanted.isdigit() and repository.transaction(ctx, wanted) is not None
        return Found("transaction", wanted) if known else None
    assets = repository.assets(ctx)
    if _ADDRESS.fullmatch(wanted):
        return Found("token" if wanted in assets else "address", wanted)
    for asset, issue in assets.items():
        own = issues.by_chain_id(ctx, issue.issue_id)
        if wanted in {issue.symbol.lower(), own.number.lower() if own else ""}:
            return Found("token", asset)
    owner = identity.participant_by_number(ctx, wanted)
    if owner is None or not (ctx.actor.may(Permission.PARTICIPANT_READ) or owner.wallet == own_wallet(ctx)):
        return None
    return Found("address", owner.wallet)


def _proposal(row: ChainProposal, known: dict[str, str], names: dict[str, str]) -> ProposalRow:
    call = decode_call(row.target_name or known.get(row.target), row.data, known)
    return ProposalRow(row, call, names.get(row.proposer), names.get(row.officer or ""))


def _block_or_last(ctx: Context, wanted: int | None) -> int:
    cursor = repository.cursor(ctx)
    height = cursor.height if cursor else 0
    if wanted is not None and not 0 <= wanted <= height:
        raise BlockUnknown(field="block")
    return height if wanted is None else wanted


def _apply(found: dict[str, ParticipantAt], event: ChainParticipantEvent) -> None:
    args, address = event.args, event.address
    if event.event == "ParticipantAdmitted":
        found[address] = ParticipantAt(
            address=address,
            number=int(args["number"]),
            kind=PARTICIPANT_KIND[int(args["kind"])],
            status="ACTIVE",
            classes=int(args["classes"]),
            admitted_until=_moment(int(args["admittedUntil"])),
            since_block=event.block_number,
            changed_block=event.block_number,
        )
        return
    one = found.get(str(args.get("from", address)))
    if one is None:
        return
    one.changed_block = event.block_number
    if event.event == "ParticipantBlocked":
        one.status = "BLOCKED"
    elif event.event == "ParticipantUnblocked":
        one.status = "ACTIVE"
    elif event.event == "ParticipantUpdated":
        one.classes, one.admitted_until = int(args["classes"]), _moment(int(args["admittedUntil"]))
    elif event.event == "ParticipantReplaced":
        _replace(found, one, str(args["to"]), event.block_number)


def _replace(found: dict[str, ParticipantAt], old: ParticipantAt, heir: str, block: int) -> None:
    """The new address takes over everything under the same number; the old one keeps the number and no class."""
    if heir not in found:
        found[heir] = replace(old, address=heir, since_block=block, changed_block=block)
    old.status, old.classes = "REPLACED", 0


def _moment(seconds: int) -> datetime | None:
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except OverflowError:
        return None
