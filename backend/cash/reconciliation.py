"""The daily reconciliation: the bank's closing balance = rubles on chain + deposits not yet credited - payments that the chain doesn't know yet."""

from __future__ import annotations

from dataclasses import dataclass

from backend.cash import repository
from backend.cash.states import DepositState, WithdrawalState
from backend.core.context import Context
from backend.core.permissions import Permission


@dataclass(frozen=True, slots=True)
class CashReport:
    """All sums in kopeks. ``difference`` 0 means that the account agrees to the kopek."""

    statement_id: str | None
    bank_kopeks: int
    chain_kopeks: int
    waiting_deposits_kopeks: int
    unconfirmed_withdrawals_kopeks: int

    @property
    def difference_kopeks(self) -> int:
        """Bank minus everything that explains it."""
        explained = self.chain_kopeks + self.waiting_deposits_kopeks - self.unconfirmed_withdrawals_kopeks
        return self.bank_kopeks - explained


def reconcile(ctx: Context) -> CashReport:
    """Compare the latest statement with the mirror."""
    ctx.require_any(Permission.CASH_READ_ALL, Permission.CASH_MANAGE)
    statement = repository.last_statement(ctx, ctx.settings.nominal_account)
    totals = repository.totals(ctx)
    waiting = {DepositState.QUEUED, DepositState.CREDITING, DepositState.RETURN_ORDERED}
    return CashReport(
        statement_id=statement.statement_id if statement else None,
        bank_kopeks=statement.closing_kopeks if statement else 0,
        chain_kopeks=totals.credited_kopeks - totals.paid_out_kopeks if totals else 0,
        waiting_deposits_kopeks=sum(one.amount_kopeks for one in repository.all_deposits(ctx, waiting)),
        unconfirmed_withdrawals_kopeks=sum(
            one.amount_kopeks for one in repository.all_withdrawals(ctx, {WithdrawalState.CONFIRMING})
        ),
    )
