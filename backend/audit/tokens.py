"""A token: holders at any block, the walk of its supply, corporate actions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from backend.audit import repository
from backend.audit.errors import BlockUnknown, TokenUnknown
from backend.audit.explorer import names_of
from backend.core.context import Context
from backend.core.pagination import Page, PageRequest
from backend.core.permissions import Permission
from backend.issues import service as issues
from indexer.models import (
    ChainDocument,
    ChainHoldingHistory,
    ChainIssue,
    ChainIssueEvent,
    ChainRecordDate,
    ChainRun,
    ChainSupplyHistory,
    ChainTransfer,
)


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token in a list."""

    issue: ChainIssue
    number: str | None


@dataclass(frozen=True, slots=True)
class TokenPage(TokenRow):
    """A token whole."""

    record_dates: list[ChainRecordDate]
    history: list[ChainIssueEvent]
    runs: list[ChainRun]
    documents: list[ChainDocument]
    supply_walk: list[ChainSupplyHistory]


@dataclass(frozen=True, slots=True)
class Holders:
    """The register of a token at a block; ``adds_up`` compares it with the supply."""

    at_block: int
    at: datetime | None
    supply: int
    rows: list[tuple[ChainHoldingHistory, str | None]]

    @property
    def adds_up(self) -> bool:
        """Whether the holders' units are the supply."""
        return sum(row.units for row, _ in self.rows) == self.supply


def tokens(ctx: Context) -> list[TokenRow]:
    """All tokens of the register."""
    ctx.require(Permission.EXPLORER_READ)
    found = sorted(repository.assets(ctx).values(), key=lambda one: one.deployed_block)
    return [TokenRow(one, _number(ctx, one)) for one in found]


def token_page(ctx: Context, asset: str) -> TokenPage:
    """A token with its history."""
    ctx.require(Permission.EXPLORER_READ)
    issue = _issue(ctx, asset)
    return TokenPage(
        issue=issue,
        number=_number(ctx, issue),
        record_dates=repository.record_dates_of(ctx, issue.asset),
        history=repository.issue_history(ctx, issue.asset),
        runs=repository.runs_of_asset(ctx, issue.asset),
        documents=repository.documents_of(ctx, issue.asset),
        supply_walk=repository.supply_walk(ctx, issue.asset),
    )


def holders_at(ctx: Context, asset: str, at_block: int | None = None) -> Holders:
    """Holders after a block (the last when None)."""
    ctx.require(Permission.HOLDER_READ_ALL)
    issue = _issue(ctx, asset)
    cursor = repository.cursor(ctx)
    height = cursor.height if cursor else 0
    number = height if at_block is None else at_block
    if not 0 <= number <= height:
        raise BlockUnknown(field="block")
    found = repository.holdings_at_block(ctx, number, asset=issue.asset)
    names = names_of(ctx, {row.holder for row in found})
    block = repository.block(ctx, str(number))
    return Holders(
        at_block=number,
        at=block.at if block else None,
        supply=repository.supply_at_block(ctx, issue.asset, number),
        rows=[(row, names.get(row.holder)) for row in found],
    )


def transfers(ctx: Context, asset: str, request: PageRequest) -> Page[ChainTransfer]:
    """Moves of units."""
    ctx.require(Permission.HOLDER_READ_ALL)
    return repository.transfers(ctx, request, asset=_issue(ctx, asset).asset)


def _issue(ctx: Context, asset: str) -> ChainIssue:
    found = repository.issue_of(ctx, asset)
    if found is None:
        raise TokenUnknown
    return found


def _number(ctx: Context, issue: ChainIssue) -> str | None:
    found = issues.by_chain_id(ctx, issue.issue_id)
    return found.number if found else None
