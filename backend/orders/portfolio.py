"""A holder's portfolio from chain facts: units, nominal value, what was paid for them by lots (FIFO, 282-ФЗ ст. 39 ч. 5), what came in."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from backend.core.context import Context
from backend.core.permissions import Permission
from backend.identity import service as identity
from backend.issues import service as issues
from backend.orders import repository
from indexer.models import ChainTransfer


@dataclass(frozen=True, slots=True)
class Position:
    """One ЦФА of a holder. Sums in kopeks; ``cost`` of the units still held."""

    issue_id: str
    number: str
    title: str
    state: str
    asset: str
    units: int
    free_units: int
    nominal_kopeks: int
    value_kopeks: int
    cost_kopeks: int
    received_kopeks: int


@dataclass(slots=True)
class _Lots:
    lots: deque[tuple[int, int]] = field(default_factory=deque)  # units, price of a unit
    spent_on_sold: int = 0

    def add(self, units: int, price: int) -> None:
        self.lots.append((units, price))

    def take(self, units: int) -> None:
        while units and self.lots:
            count, price = self.lots.popleft()
            used = min(count, units)
            self.spent_on_sold += used * price
            units -= used
            if count > used:
                self.lots.appendleft((count - used, price))

    @property
    def cost(self) -> int:
        return sum(units * price for units, price in self.lots)


def positions(ctx: Context) -> list[Position]:
    """Everything that the asker holds."""
    ctx.require(Permission.HOLDING_READ)
    return positions_of(ctx, identity.own(ctx).wallet)


def positions_of(ctx: Context, wallet: str) -> list[Position]:
    """Everything that an address holds."""
    lots = _lots(ctx, wallet)
    runs = {one.run_id: one for one in repository.payments_of(ctx, wallet)}
    found = []
    for held in repository.holdings(ctx, wallet):
        issue = issues.by_asset(ctx, held.asset)
        chain = issues.chain_issue(ctx, issue) if issue else None
        if issue is None or chain is None:
            continue
        received = sum(
            one.gross_kopeks - one.withheld_kopeks
            for run_id, one in runs.items()
            if repository.asset_of_run(ctx, run_id) == held.asset
        )
        found.append(
            Position(
                issue_id=issue.id,
                number=issue.number,
                title=issue.title,
                state=issues.state_of(ctx, issue),
                asset=held.asset,
                units=held.units,
                free_units=held.free_units,
                nominal_kopeks=chain.nominal_kopeks,
                value_kopeks=held.units * chain.nominal_kopeks,
                cost_kopeks=lots[held.asset].cost if held.asset in lots else 0,
                received_kopeks=received,
            )
        )
    return found


def operations(ctx: Context) -> list[ChainTransfer]:
    """Every move of the asker's units, latest first."""
    ctx.require(Permission.HOLDING_READ)
    return list(reversed(repository.transfers_of(ctx, identity.own(ctx).wallet)))


def _lots(ctx: Context, wallet: str) -> dict[str, _Lots]:
    bought = {one.tx_hash: one for one in repository.trades_of(ctx, wallet)}
    price_of = {
        one.asset: one.paid_kopeks // one.settled_units
        for one in repository.settled_orders(ctx, wallet)
        if one.settled_units
    }
    lots: dict[str, _Lots] = {}
    for move in repository.transfers_of(ctx, wallet):
        of_asset = lots.setdefault(move.asset, _Lots())
        if move.to_address == wallet:
            trade = bought.get(move.tx_hash)
            price = trade.price_kopeks if trade else price_of.get(move.asset, 0) if move.kind == "ISSUE" else 0
            of_asset.add(move.units, price)
        else:
            of_asset.take(move.units)
    return lots
