"""Queries of cash."""

from __future__ import annotations

from sqlmodel import col, select

from backend.cash.models import BankStatement, Deposit, Withdrawal
from backend.cash.states import DepositState, WithdrawalState
from backend.core.context import Context
from backend.core.pagination import Page, PageRequest, ordered, paginate
from indexer.models import ChainCashTotals, ChainRubleAccount, ChainRubleEntry


def last_statement(ctx: Context, account: str) -> BankStatement | None:
    """The latest statement of an account."""
    statement = select(BankStatement).where(BankStatement.account == account)
    return ctx.session.exec(
        statement.order_by(col(BankStatement.to_at).desc(), col(BankStatement.id).desc()).limit(1)
    ).first()


def statement_by_number(ctx: Context, account: str, statement_id: str) -> BankStatement | None:
    """By the bank's number."""
    statement = select(BankStatement).where(
        BankStatement.account == account, BankStatement.statement_id == statement_id
    )
    return ctx.session.exec(statement).first()


def statements(ctx: Context, request: PageRequest) -> Page[BankStatement]:
    """Imported statements."""
    columns = {"to_at": col(BankStatement.to_at)}
    return paginate(ctx.session, ordered(select(BankStatement), request, columns, "-to_at"), request)


def deposit_by_ref(ctx: Context, account: str, bank_ref: str) -> Deposit | None:
    """By the bank's reference."""
    return ctx.session.exec(select(Deposit).where(Deposit.account == account, Deposit.bank_ref == bank_ref)).first()


def deposit_locked(ctx: Context, deposit_id: str) -> Deposit | None:
    """A deposit, locked for a move."""
    return ctx.session.exec(select(Deposit).where(Deposit.id == deposit_id).with_for_update()).first()


def deposits(
    ctx: Context, request: PageRequest, *, state: DepositState | None = None, participant_id: str | None = None
) -> Page[Deposit]:
    """Deposits of all, of a state, or of one participant."""
    statement = select(Deposit)
    if state is not None:
        statement = statement.where(Deposit.state == state)
    if participant_id is not None:
        statement = statement.where(Deposit.participant_id == participant_id)
    if request.q:
        statement = statement.where(col(Deposit.bank_ref).contains(request.q))
    columns = {"created_at": col(Deposit.created_at), "amount": col(Deposit.amount_kopeks)}
    return paginate(ctx.session, ordered(statement, request, columns, "-created_at"), request)


def withdrawal_locked(ctx: Context, withdrawal_id: str) -> Withdrawal | None:
    """A withdrawal, locked for a move."""
    return ctx.session.exec(select(Withdrawal).where(Withdrawal.id == withdrawal_id).with_for_update()).first()


def withdrawal_by_number(ctx: Context, number: str) -> Withdrawal | None:
    """By the number that the bank echoes."""
    return ctx.session.exec(select(Withdrawal).where(Withdrawal.number == number)).first()


def withdrawals(
    ctx: Context, request: PageRequest, *, state: WithdrawalState | None = None, participant_id: str | None = None
) -> Page[Withdrawal]:
    """Withdrawals of all, of a state, or of one participant."""
    statement = select(Withdrawal)
    if state is not None:
        statement = statement.where(Withdrawal.state == state)
    if participant_id is not None:
        statement = statement.where(Withdrawal.participant_id == participant_id)
    columns = {"created_at": col(Withdrawal.created_at), "number": col(Withdrawal.number)}
    return paginate(ctx.session, ordered(statement, request, columns, "-created_at"), request)


def rubles(ctx: Context, wallet: str) -> ChainRubleAccount | None:
    """The mirrored balance of an address."""
    return ctx.session.get(ChainRubleAccount, wallet)


def entries(ctx: Context, wallet: str, request: PageRequest) -> Page[ChainRubleEntry]:
    """Moves of an address's rubles, latest first."""
    statement = select(ChainRubleEntry).where(ChainRubleEntry.account == wallet)
    order = (col(ChainRubleEntry.block_number).desc(), col(ChainRubleEntry.log_index).desc())
    return paginate(ctx.session, statement.order_by(*order), request)


def totals(ctx: Context) -> ChainCashTotals | None:
    """Totals of the mirrored nominal account."""
    return ctx.session.get(ChainCashTotals, 1)


def all_deposits(ctx: Context, states: set[DepositState]) -> list[Deposit]:
    """Deposits in any of the states."""
    return list(ctx.session.exec(select(Deposit).where(col(Deposit.state).in_(states))))


def all_withdrawals(ctx: Context, states: set[WithdrawalState]) -> list[Withdrawal]:
    """Withdrawals in any of the states."""
    return list(ctx.session.exec(select(Withdrawal).where(col(Withdrawal.state).in_(states))))
