"""What other packages may call, in one place."""

from __future__ import annotations

from dataclasses import dataclass

from backend.cash import repository
from backend.cash.deposits import ImportReport, import_statement, match, order_return, payer_of
from backend.cash.models import BankStatement, Deposit, Withdrawal
from backend.cash.reconciliation import CashReport, reconcile
from backend.cash.states import DepositState, WithdrawalState
from backend.cash.withdrawals import cancel, confirm, details_of, request, request_of_system
from backend.core.context import Context
from backend.core.pagination import Page, PageRequest
from backend.core.permissions import Permission
from backend.identity import service as identity
from indexer.models import ChainRubleEntry

__all__ = [
    "Balance",
    "BankStatement",
    "CashReport",
    "Deposit",
    "DepositState",
    "ImportReport",
    "Withdrawal",
    "WithdrawalState",
    "all_deposits",
    "all_withdrawals",
    "balance_of",
    "cancel",
    "confirm",
    "details_of",
    "import_statement",
    "match",
    "my_balance",
    "my_deposits",
    "my_entries",
    "my_withdrawals",
    "order_return",
    "payer_of",
    "reconcile",
    "request",
    "request_of_system",
    "statements",
]


@dataclass(frozen=True, slots=True)
class Balance:
    """Kopeks of one participant on the nominal account, as the chain keeps them."""

    free: int = 0
    held: int = 0
    in_transit: int = 0
    frozen: int = 0

    @property
    def total(self) -> int:
        """Everything together."""
        return self.free + self.held + self.in_transit + self.frozen


def balance_of(ctx: Context, wallet: str) -> Balance:
    """Balance of an address; zero when the chain has never seen it."""
    row = repository.rubles(ctx, wallet)
    if row is None:
        return Balance()
    return Balance(row.free_kopeks, row.held_kopeks, row.in_transit_kopeks, row.frozen_kopeks)


def my_balance(ctx: Context) -> Balance:
    """Balance of the asker."""
    ctx.require(Permission.CASH_READ)
    return balance_of(ctx, identity.own(ctx).wallet)


def my_entries(ctx: Context, page: PageRequest) -> Page[ChainRubleEntry]:
    """Moves of the asker's rubles."""
    ctx.require(Permission.CASH_READ)
    return repository.entries(ctx, identity.own(ctx).wallet, page)


def my_deposits(ctx: Context, page: PageRequest) -> Page[Deposit]:
    """Payments in of the asker."""
    ctx.require(Permission.CASH_READ)
    return repository.deposits(ctx, page, participant_id=identity.own(ctx).id)


def my_withdrawals(ctx: Context, page: PageRequest) -> Page[Withdrawal]:
    """Payments out of the asker."""
    ctx.require(Permission.CASH_READ)
    return repository.withdrawals(ctx, page, participant_id=identity.own(ctx).id)


def all_deposits(ctx: Context, page: PageRequest, state: DepositState | None = None) -> Page[Deposit]:
    """Payments in of everybody; the queue when ``state`` is QUEUED."""
    ctx.require(Permission.CASH_READ_ALL)
    return repository.deposits(ctx, page, state=state)


def all_withdrawals(ctx: Context, page: PageRequest, state: WithdrawalState | None = None) -> Page[Withdrawal]:
    """Payments out of everybody."""
    ctx.require(Permission.CASH_READ_ALL)
    return repository.withdrawals(ctx, page, state=state)


def statements(ctx: Context, page: PageRequest) -> Page[BankStatement]:
    """Imported statements."""
    ctx.require(Permission.CASH_READ_ALL)
    return repository.statements(ctx, page)
