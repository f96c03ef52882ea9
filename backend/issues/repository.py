"""Queries of issues; the one that limits to the issuer's own is :func:`own`."""

from __future__ import annotations

from sqlmodel import col, func, select

from backend.core.context import Context
from backend.core.pagination import Page, PageRequest, ordered, paginate
from backend.issues.models import Issue, IssueDocument, IssueRemark, IssueVersion
from backend.issues.states import IssueState
from indexer.models import ChainIssue, ChainPlacement, ChainProposal, ChainRun, holdings


def locked(ctx: Context, issue_id: str) -> Issue | None:
    """An issue, locked for a move."""
    return ctx.session.exec(select(Issue).where(Issue.id == issue_id).with_for_update()).first()


def own(ctx: Context, request: PageRequest) -> Page[Issue]:
    """Issues of the asker's organisation."""
    return _listed(ctx, request, Issue.participant_id == ctx.actor.participant_id)


def all_issues(ctx: Context, request: PageRequest, state: IssueState | None) -> Page[Issue]:
    """Issues of all, drafts left out."""
    condition = Issue.state == state if state is not None else Issue.state != IssueState.DRAFT
    return _listed(ctx, request, condition)


def published(ctx: Context, request: PageRequest) -> Page[Issue]:
    """Issues in the register."""
    return _listed(ctx, request, Issue.state == IssueState.DEPLOYED)


def _listed(ctx: Context, request: PageRequest, condition: object) -> Page[Issue]:
    statement = select(Issue).where(condition)  # type: ignore[arg-type]  # a column expression
    if request.q:
        statement = statement.where(col(Issue.title).icontains(request.q) | col(Issue.number).icontains(request.q))
    columns = {"created_at": col(Issue.created_at), "number": col(Issue.number), "title": col(Issue.title)}
    return paginate(ctx.session, ordered(statement, request, columns, "-created_at"), request)


def placed_now(ctx: Context, most: int) -> list[Issue]:
    """Issues whose primary sale takes orders at this moment (LifeState.PLACEMENT), the one that ends soonest first."""
    now = int(ctx.now().timestamp())
    statement = (
        select(Issue)
        .join(ChainIssue, col(ChainIssue.issue_id) == col(Issue.chain_id_hash))
        .join(ChainPlacement, col(ChainPlacement.issue_id) == col(Issue.chain_id_hash))
        .where(Issue.state == IssueState.DEPLOYED, ChainIssue.state == "PLACEMENT", ChainPlacement.state == "OPEN")
        .where(col(ChainPlacement.starts_at) <= now, col(ChainPlacement.ends_at) >= now)
    )
    return list(ctx.session.exec(statement.order_by(col(ChainPlacement.ends_at)).limit(most)))


def raised_kopeks(ctx: Context) -> int:
    """What investors have paid for issues of the asker's organisation in primary sales."""
    statement = select(func.sum(col(ChainPlacement.paid_kopeks))).join(
        Issue, col(ChainPlacement.issue_id) == col(Issue.chain_id_hash)
    )
    return int(ctx.session.exec(statement.where(Issue.participant_id == ctx.actor.participant_id)).one() or 0)


def by_asset(ctx: Context, asset: str) -> Issue | None:
    """The issue of a token."""
    statement = select(Issue).join(ChainIssue, col(ChainIssue.issue_id) == col(Issue.chain_id_hash))
    return ctx.session.exec(statement.where(ChainIssue.asset == asset.lower())).first()


def by_chain_id(ctx: Context, issue_id: str) -> Issue | None:
    """The issue of an identifier on chain."""
    return ctx.session.exec(select(Issue).where(Issue.chain_id_hash == issue_id)).first()


def deployed(ctx: Context) -> list[Issue]:
    """Every issue in the register."""
    return list(ctx.session.exec(select(Issue).where(Issue.state == IssueState.DEPLOYED)))


def deployed_elsewhere(ctx: Context) -> list[Issue]:
    """Issues that the mirror shows in the register while they wait for a second approval here, or were refused too late."""
    statement = select(Issue).join(ChainIssue, col(ChainIssue.issue_id) == col(Issue.chain_id_hash))
    return list(ctx.session.exec(statement.where(col(Issue.state).in_([IssueState.APPROVED, IssueState.REJECTED]))))


def in_state(ctx: Context, state: IssueState) -> list[Issue]:
    """Issues in a state."""
    return list(ctx.session.exec(select(Issue).where(Issue.state == state)))


def versions(ctx: Context, issue_id: str) -> list[IssueVersion]:
    """Signed versions, oldest first."""
    statement = select(IssueVersion).where(IssueVersion.issue_id == issue_id)
    return list(ctx.session.exec(statement.order_by(col(IssueVersion.version))))


def documents(ctx: Context, issue_id: str) -> list[IssueDocument]:
    """Documents by name."""
    statement = select(IssueDocument).where(IssueDocument.issue_id == issue_id)
    return list(ctx.session.exec(statement.order_by(col(IssueDocument.name))))


def remarks(ctx: Context, issue_id: str) -> list[IssueRemark]:
    """Remarks, oldest first."""
    statement = select(IssueRemark).where(IssueRemark.issue_id == issue_id)
    return list(ctx.session.exec(statement.order_by(col(IssueRemark.at))))


def chain_issue(ctx: Context, issue: Issue) -> ChainIssue | None:
    """The issue in the mirror."""
    return ctx.session.get(ChainIssue, issue.chain_id_hash)


def chain_placement(ctx: Context, issue: Issue) -> ChainPlacement | None:
    """Its primary sale in the mirror."""
    return ctx.session.get(ChainPlacement, issue.chain_id_hash)


def chain_runs(ctx: Context, asset: str) -> list[ChainRun]:
    """Payment runs of a token."""
    return list(ctx.session.exec(select(ChainRun).where(ChainRun.asset == asset)))


def proposal_of_tx(ctx: Context, tx_hash: str) -> ChainProposal | None:
    """The proposal that a transaction made."""
    return ctx.session.exec(select(ChainProposal).where(ChainProposal.proposed_tx == tx_hash)).first()


def holdings_at(ctx: Context, asset: str, timestamp: int) -> list[tuple[str, int]]:
    """Holders and units right after a second: the last entry of each holder up to it."""
    found = ctx.session.execute(holdings.holdings_at(ctx.session.connection(), asset=asset, timestamp=timestamp))
    return sorted((row.holder, row.units) for row in found.scalars())
