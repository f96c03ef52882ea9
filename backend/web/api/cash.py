"""The nominal account: own balance and withdrawals; statements, deposits and reconciliation for the treasurer."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import File, Header, UploadFile
from pydantic import BaseModel, ConfigDict, Field

from backend.cash import service as cash
from backend.cash.service import Deposit, DepositState, Withdrawal, WithdrawalState
from backend.core.context import Context
from backend.core.ids import new_id
from backend.web.api.money import PageOut, Rubles, kopeks, page_out, rubles
from backend.web.deps import Ctx, Listing
from backend.web.routing import api_router
from indexer.models import ChainRubleEntry

router = api_router("/cash", "cash")


class Body(BaseModel):
    """Base of request bodies."""

    model_config = ConfigDict(extra="forbid")


class WithdrawBody(Body):
    """How much, rubles."""

    amount: Rubles = Field(examples=["1500.00"])


class SystemWithdrawBody(WithdrawBody):
    """Out of which account of the operator."""

    account: str = Field("TAX", max_length=30)


class MatchBody(Body):
    """Number of the participant."""

    number: str = Field(max_length=30, examples=["KPT-INV-000017"])


class ConfirmBody(Body):
    """The bank's reference."""

    bank_ref: str = Field(max_length=60)


class ReasonBody(Body):
    """Why."""

    reason: str = Field(max_length=300)


class BalanceOut(BaseModel):
    """Rubles of one participant."""

    free: Rubles
    held: Rubles
    in_transit: Rubles
    frozen: Rubles
    total: Rubles


class EntryOut(BaseModel):
    """One move of rubles."""

    at: datetime
    kind: str
    free: Rubles
    held: Rubles
    in_transit: Rubles
    frozen: Rubles
    tx_hash: str


class DepositOut(BaseModel):
    """A payment in."""

    id: str
    bank_ref: str
    amount: Rubles
    booked_on: date
    state: DepositState
    why_queued: str | None
    participant_id: str | None
    payer: dict[str, str | None] | None = None
    error: str | None = None


class WithdrawalOut(BaseModel):
    """A payment out."""

    id: str
    number: str
    amount: Rubles
    state: WithdrawalState
    bank_ref: str | None
    details: dict[str, str] | None = None
    error: str | None = None


class ImportOut(BaseModel):
    """What the import of a statement did; ``repeated``: it was there already."""

    statement_id: str
    repeated: bool
    credited: int
    queued: int
    confirmed: int
    unknown_debits: list[str]
    closing: Rubles


class ReconciliationOut(BaseModel):
    """Bank against chain; ``difference`` 0.00 means agreement to the kopek."""

    statement_id: str | None
    bank: Rubles
    chain: Rubles
    waiting_deposits: Rubles
    unconfirmed_withdrawals: Rubles
    difference: Rubles


def balance_out(balance: cash.Balance) -> BalanceOut:
    """The answer about a balance."""
    return BalanceOut(
        free=rubles(balance.free),
        held=rubles(balance.held),
        in_transit=rubles(balance.in_transit),
        frozen=rubles(balance.frozen),
        total=rubles(balance.total),
    )


def deposit_out(ctx: Context, row: Deposit, *, payer: bool = False) -> DepositOut:
    """The answer about a deposit; the payer only for the treasurer."""
    return DepositOut(
        id=row.id,
        bank_ref=row.bank_ref,
        amount=rubles(row.amount_kopeks),
        booked_on=row.booked_on,
        state=row.state,
        why_queued=row.why_queued,
        participant_id=row.participant_id,
        payer=cash.payer_of(ctx, row) if payer else None,
        error=row.error_ru if ctx.lang == "ru" else row.error_en,
    )


def withdrawal_out(ctx: Context, row: Withdrawal) -> WithdrawalOut:
    """The answer about a withdrawal."""
    return WithdrawalOut(
        id=row.id,
        number=row.number,
        amount=rubles(row.amount_kopeks),
        state=row.state,
        bank_ref=row.bank_ref,
        details=cash.details_of(ctx, row),
        error=row.error_ru if ctx.lang == "ru" else row.error_en,
    )


def _entry_out(row: ChainRubleEntry) -> EntryOut:
    return EntryOut(
        at=row.at,
        kind=row.kind,
        free=rubles(row.free_delta),
        held=rubles(row.held_delta),
        in_transit=rubles(row.in_transit_delta),
        frozen=rubles(row.frozen_delta),
        tx_hash=row.tx_hash,
    )


@router.get("/balance", summary="My balance")
def balance(ctx: Ctx) -> BalanceOut:
    """As the chain keeps it."""
    return balance_out(cash.my_balance(ctx))


@router.get("/entries", summary="My moves")
def entries(ctx: Ctx, listing: Listing) -> PageOut[EntryOut]:
    """Latest first."""
    return page_out(cash.my_entries(ctx, listing), _entry_out)


@router.get("/withdrawals", summary="My withdrawals")
def withdrawals(ctx: Ctx, listing: Listing) -> PageOut[WithdrawalOut]:
    """Latest first."""
    return page_out(cash.my_withdrawals(ctx, listing), lambda row: withdrawal_out(ctx, row))


@router.post("/withdrawals", status_code=201, summary="Withdraw")
def withdraw(
    ctx: Ctx, body: WithdrawBody, idempotency_key: Annotated[str | None, Header(max_length=100)] = None
) -> WithdrawalOut:
    """To the own verified account; needs a fresh second factor."""
    row = cash.request(ctx, kopeks(body.amount, "amount"), idempotency_key or new_id())
    return withdrawal_out(ctx, row)


@router.post("/statements", status_code=201, summary="Import a statement of the nominal account")
def import_statement(ctx: Ctx, file: Annotated[UploadFile, File()]) -> ImportOut:
    """camt.053 or the 1C format; twice does nothing twice."""
    report = cash.import_statement(ctx, file.file.read())
    return ImportOut(
        statement_id=report.statement.statement_id,
        repeated=report.repeated,
        credited=report.credited,
        queued=report.queued,
        confirmed=report.confirmed,
        unknown_debits=report.unknown_debits,
        closing=rubles(report.statement.closing_kopeks),
    )


@router.get("/deposits", summary="Deposits")
def deposits(ctx: Ctx, listing: Listing, state: DepositState | None = None) -> PageOut[DepositOut]:
    """``state=QUEUED`` is the queue."""
    return page_out(cash.all_deposits(ctx, listing, state), lambda row: deposit_out(ctx, row, payer=True))


@router.post("/deposits/{deposit_id}/match", summary="Name the owner of a deposit")
def match(ctx: Ctx, deposit_id: str, body: MatchBody) -> DepositOut:
    """By number of the participant."""
    return deposit_out(ctx, cash.match(ctx, deposit_id, body.number), payer=True)


@router.post("/deposits/{deposit_id}/return", summary="Send a deposit back")
def order_return(ctx: Ctx, deposit_id: str) -> DepositOut:
    """The bank's debit ends it."""
    return deposit_out(ctx, cash.order_return(ctx, deposit_id), payer=True)


@router.get("/payments-out", summary="Withdrawals of everybody")
def payments_out(ctx: Ctx, listing: Listing, state: WithdrawalState | None = None) -> PageOut[WithdrawalOut]:
    """``state=IN_TRANSIT``: to be paid through the bank."""
    return page_out(cash.all_withdrawals(ctx, listing, state), lambda row: withdrawal_out(ctx, row))


@router.post("/payments-out", status_code=201, summary="Pay out of an account of the operator")
def pay_system(
    ctx: Ctx, body: SystemWithdrawBody, idempotency_key: Annotated[str | None, Header(max_length=100)] = None
) -> WithdrawalOut:
    """Such as withheld tax to the budget."""
    amount = kopeks(body.amount, "amount")
    return withdrawal_out(ctx, cash.request_of_system(ctx, body.account, amount, idempotency_key or new_id()))


@router.post("/payments-out/{withdrawal_id}/confirm", summary="The bank has paid")
def confirm(ctx: Ctx, withdrawal_id: str, body: ConfirmBody) -> WithdrawalOut:
    """By hand, when the statement is late."""
    return withdrawal_out(ctx, cash.confirm(ctx, withdrawal_id, body.bank_ref))


@router.post("/payments-out/{withdrawal_id}/cancel", summary="The bank returned it")
def cancel(ctx: Ctx, withdrawal_id: str, body: ReasonBody) -> WithdrawalOut:
    """The rubles go back to their owner."""
    return withdrawal_out(ctx, cash.cancel(ctx, withdrawal_id, body.reason))


@router.get("/reconciliation", summary="Bank against chain")
def reconciliation(ctx: Ctx) -> ReconciliationOut:
    """Against the latest statement."""
    report = cash.reconcile(ctx)
    return ReconciliationOut(
        statement_id=report.statement_id,
        bank=rubles(report.bank_kopeks),
        chain=rubles(report.chain_kopeks),
        waiting_deposits=rubles(report.waiting_deposits_kopeks),
        unconfirmed_withdrawals=rubles(report.unconfirmed_withdrawals_kopeks),
        difference=rubles(report.difference_kopeks),
    )
