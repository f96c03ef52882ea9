"""What investors and the issuer see of an issue in the register: its state, terms, cash flow, facts on chain, holders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from backend.core.context import Context
from backend.core.errors import Forbidden, Invalid
from backend.core.files import StoredFile
from backend.core.pagination import Page, PageRequest
from backend.core.permissions import Permission
from backend.identity import service as identity
from backend.issues import repository
from backend.issues.decision import validate_decision
from backend.issues.decision_terms import Decision
from backend.issues.errors import IssueUnknown
from backend.issues.models import Issue
from backend.issues.schedule import CashFlow, PlannedPayment, cash_flow_preview, planned_payments
from backend.issues.states import IssueState, LifeState
from indexer.models import ChainIssue, ChainPlacement


@dataclass(frozen=True, slots=True)
class Listing:
    """An issue in a list."""

    issue: Issue
    state: str
    decision: Decision
    chain: ChainIssue | None
    placement: ChainPlacement | None


@dataclass(frozen=True, slots=True)
class IssuePage(Listing):
    """An issue whole."""

    issuer_name: str
    payments: list[PlannedPayment]
    documents: list[tuple[str, StoredFile]]


@dataclass(frozen=True, slots=True)
class Holder:
    """A line of the list of holders."""

    wallet: str
    units: int
    number: str | None
    name: str | None


_SALE = {"SUSPENDED": LifeState.SUSPENDED, "REFUNDING": LifeState.FAILED_MINIMUM, "FAILED": LifeState.CANCELLED}
_END = {"FAILED": LifeState.CANCELLED, "REDEEMED": LifeState.REDEEMED, "CLOSED": LifeState.CLOSED}
_RUN = {"OVERDUE": LifeState.OVERDUE, "DEFAULTED": LifeState.DEFAULT}


def state_of(ctx: Context, issue: Issue) -> str:
    """Where an issue is: off chain before the register, by mirror and clock after."""
    chain, sale = repository.chain_issue(ctx, issue), repository.chain_placement(ctx, issue)
    if issue.state != IssueState.DEPLOYED or chain is None or sale is None:
        return issue.state.value
    if chain.state in _END:
        return _END[chain.state].value
    now = int(ctx.now().timestamp())
    if chain.state == "PLACEMENT":
        return _sale_state(sale, now).value
    trouble = [_RUN[run.state] for run in repository.chain_runs(ctx, chain.asset) if run.state in _RUN]
    if trouble:
        return (LifeState.DEFAULT if LifeState.DEFAULT in trouble else LifeState.OVERDUE).value
    if chain.circulation_ends_at and now > chain.circulation_ends_at:
        return LifeState.REDEMPTION.value
    return (LifeState.LOCKED if now <= chain.locked_until else LifeState.CIRCULATION).value


def _sale_state(sale: ChainPlacement, now: int) -> LifeState:
    if sale.state in _SALE:
        return _SALE[sale.state]
    if sale.state == "OPEN":
        if now < sale.starts_at:
            return LifeState.SCHEDULED
        return LifeState.PLACEMENT if now <= sale.ends_at else LifeState.ALLOCATION
    return LifeState.ALLOCATION if now < sale.crediting_at else LifeState.SETTLEMENT


def catalogue(ctx: Context, request: PageRequest) -> Page[Listing]:
    """Issues in the register."""
    ctx.require(Permission.CATALOGUE_READ)
    page = repository.published(ctx, request)
    return page.of([listing(ctx, one) for one in page.items])


def placed_now(ctx: Context, most: int) -> list[Listing]:
    """At most so many issues that take orders at this moment, the one that ends soonest first."""
    ctx.require(Permission.CATALOGUE_READ)
    return [listing(ctx, one) for one in repository.placed_now(ctx, most)]


def listing(ctx: Context, issue: Issue) -> Listing:
    """An issue in a list."""
    return Listing(
        issue,
        state_of(ctx, issue),
        validate_decision(issue.content),
        repository.chain_issue(ctx, issue),
        repository.chain_placement(ctx, issue),
    )


def issue_page(ctx: Context, issue_id: str) -> IssuePage:
    """An issue in the register, whole; its issuer and the officers may see it earlier."""
    ctx.require(Permission.CATALOGUE_READ)
    issue = ctx.session.get(Issue, issue_id)
    if issue is None:
        raise IssueUnknown
    mine = issue.participant_id == ctx.actor.participant_id
    read_by_officer = ctx.actor.may(Permission.ISSUE_READ_ALL) and issue.state != IssueState.DRAFT
    if issue.state != IssueState.DEPLOYED and not mine and not read_by_officer:
        raise IssueUnknown
    short = listing(ctx, issue)
    documents = [
        (one.name, ctx.session.get_one(StoredFile, one.file_id)) for one in repository.documents(ctx, issue.id)
    ]
    return IssuePage(
        issue=short.issue,
        state=short.state,
        decision=short.decision,
        chain=short.chain,
        placement=short.placement,
        issuer_name=identity.display_name(ctx, issue.participant_id),
        payments=planned_payments(short.decision),
        documents=documents,
    )


def preview(ctx: Context, issue_id: str, units: int) -> list[CashFlow]:
    """What an investor in ``units`` would pay and receive, before tax."""
    page = issue_page(ctx, issue_id)
    if not 0 < units <= page.decision.units.maximum:
        raise Invalid("Укажите количество.", "Give a number of units.", field="units")
    return cash_flow_preview(page.decision, units)


def holders(ctx: Context, issue_id: str, at: datetime | None = None) -> list[Holder]:
    """Holders right after a moment (now when None), largest first: for officers, auditors and the issue's own issuer."""
    issue = ctx.session.get(Issue, issue_id)
    if issue is None:
        raise IssueUnknown
    if not ctx.actor.may(Permission.HOLDER_READ_ALL):
        ctx.require(Permission.HOLDER_READ_OWN_ISSUE)
        if issue.participant_id != ctx.actor.participant_id:
            raise Forbidden
    chain = repository.chain_issue(ctx, issue)
    if chain is None:
        return []
    found = repository.holdings_at(ctx, chain.asset, int((at or ctx.now()).timestamp()))
    return [_holder(ctx, wallet, units) for wallet, units in sorted(found, key=lambda one: (-one[1], one[0]))]


def _holder(ctx: Context, wallet: str, units: int) -> Holder:
    row = identity.participant_by_wallet(ctx, wallet)
    if row is None:
        return Holder(wallet, units, None, None)
    return Holder(wallet, units, row.number, str(identity.profile(ctx, row)["name"]))
