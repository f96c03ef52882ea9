"""Payments out: free rubles go into transit on chain, the bank pays the participant's own account, the burn follows the bank's word."""

from __future__ import annotations

import hashlib
import json

from backend.cash import repository
from backend.cash.errors import BankDetailsMissing, FundsShort
from backend.cash.models import Withdrawal
from backend.cash.statement import Entry
from backend.cash.states import WITHDRAWAL_MOVES, WithdrawalState
from backend.core import vault
from backend.core.context import Context
from backend.core.errors import Invalid, NotFound
from backend.core.events import emit
from backend.core.ids import bytes32_of
from backend.core.journal import record
from backend.core.permissions import Permission
from backend.custody import service as custody
from backend.custody.errors import WalletMissing
from backend.custody.models import Intent
from backend.custody.states import IntentState
from backend.identity import service as identity
from backend.identity.service import Participant, next_number

REQUEST_REF = "cash.withdrawal.request"
CONFIRM_REF = "cash.withdrawal.confirm"
CANCEL_REF = "cash.withdrawal.cancel"


def request(ctx: Context, amount_kopeks: int, key: str) -> Withdrawal:
    """Ask for own money; ``key`` makes a double click one withdrawal. Needs a fresh second factor."""
    ctx.require(Permission.CASH_WITHDRAW)
    ctx.require_step_up()
    owner = identity.require_trading(ctx)
    return _request(ctx, owner, amount_kopeks, key)


def request_of_system(ctx: Context, name: str, amount_kopeks: int, key: str) -> Withdrawal:
    """Pay out of the operator's own account, such as withheld tax to the budget; the treasurer."""
    ctx.require(Permission.CASH_MANAGE)
    return _request(ctx, identity.ensure_system_participant(ctx, name), amount_kopeks, key)


def confirm(ctx: Context, withdrawal_id: str, bank_ref: str) -> Withdrawal:
    """The bank has paid: named by hand with the bank's reference."""
    ctx.require(Permission.CASH_MANAGE)
    if not bank_ref.strip():
        raise Invalid("Укажите номер операции банка.", "Give the bank's reference.", field="bank_ref")
    row = _locked(ctx, withdrawal_id)
    _confirm(ctx, row, bank_ref.strip())
    return row


def cancel(ctx: Context, withdrawal_id: str, reason: str) -> Withdrawal:
    """The bank returned or refused it: the rubles go back."""
    ctx.require(Permission.CASH_MANAGE)
    row = _locked(ctx, withdrawal_id)
    _move(ctx, row, WithdrawalState.CANCELLING)
    _call(ctx, row, "cancelWithdrawal", [bytes32_of(row.id), bytes32_of(reason or "returned")], CANCEL_REF)
    record(ctx, action="cash.withdrawal.cancelling", entity="withdrawal", entity_id=row.id)
    return row


def settle_by_statement(ctx: Context, entry: Entry) -> bool:
    """A debit that carries a withdrawal's number confirms it; True when it did, or when it was confirmed by hand with this reference."""
    row = repository.withdrawal_by_number(ctx, (entry.end_to_end_id or "").strip())
    if row is None or row.amount_kopeks != entry.amount_kopeks:
        return False
    if row.state in (WithdrawalState.CONFIRMING, WithdrawalState.PAID):
        return row.bank_ref == entry.bank_ref
    if row.state != WithdrawalState.IN_TRANSIT:
        return False
    _confirm(ctx, row, entry.bank_ref)
    return True


def details_of(ctx: Context, row: Withdrawal) -> dict[str, str]:
    """Account that is paid, opened."""
    return vault.unseal_dict(ctx, f"withdrawal:{row.id}", row.details)


def on_requested(ctx: Context, intent: Intent) -> None:
    """In transit, or refused."""
    _answer(ctx, intent, WithdrawalState.IN_TRANSIT, WithdrawalState.REFUSED, None)


def on_confirmed(ctx: Context, intent: Intent) -> None:
    """Burnt."""
    _answer(ctx, intent, WithdrawalState.PAID, WithdrawalState.IN_TRANSIT, "cash.withdrawal.confirmed")


def on_cancelled(ctx: Context, intent: Intent) -> None:
    """Back in free rubles."""
    _answer(ctx, intent, WithdrawalState.CANCELLED, WithdrawalState.IN_TRANSIT, "cash.withdrawal.cancelled")


def _request(ctx: Context, owner: Participant, amount_kopeks: int, key: str) -> Withdrawal:
    withdrawal_id = hashlib.sha256(f"{owner.id}:{key}".encode()).hexdigest()[:32]
    present = ctx.session.get(Withdrawal, withdrawal_id)
    if present is not None:
        return present
    if amount_kopeks <= 0:
        raise Invalid("Сумма должна быть больше нуля.", "The sum must be above zero.", field="amount")
    balance = repository.rubles(ctx, owner.wallet)
    if balance is None or balance.free_kopeks < amount_kopeks:
        raise FundsShort(field="amount")
    bank = identity.profile(ctx, owner).get("bank")
    if not bank and owner.kind != "SYSTEM":
        raise BankDetailsMissing
    details = {"name": str(identity.profile(ctx, owner)["full_name"]), **(bank or {"purpose": "budget"})}
    row = Withdrawal(
        id=withdrawal_id,
        number=next_number(ctx, "KPT-WDR"),
        participant_id=owner.id,
        amount_kopeks=amount_kopeks,
        details=vault.seal(ctx, f"withdrawal:{withdrawal_id}", details),
        state=WithdrawalState.REQUESTED,
        requested_by=ctx.actor.user_id,
        created_at=ctx.now(),
    )
    ctx.session.add(row)
    ctx.session.flush()
    digest = "0x" + hashlib.sha256(json.dumps(details, sort_keys=True).encode() + bytes(row.id, "ascii")).hexdigest()
    custody.request_call(
        ctx,
        wallet=owner.wallet,
        contract="Rubles",
        function="requestWithdrawal",
        args=[bytes32_of(row.id), amount_kopeks, digest],
        idempotency_key=f"withdrawal:{row.id}",
        ref_kind=REQUEST_REF,
        ref_id=row.id,
        summary=f"Вывод {row.number}",
    )
    record(ctx, action="cash.withdrawal.requested", entity="withdrawal", entity_id=row.id)
    return row


def _confirm(ctx: Context, row: Withdrawal, bank_ref: str) -> None:
    _move(ctx, row, WithdrawalState.CONFIRMING)
    row.bank_ref = bank_ref
    ctx.session.add(row)
    ctx.session.flush()
    reference = bytes32_of(f"{ctx.settings.nominal_account}:{bank_ref}")
    _call(ctx, row, "confirmWithdrawal", [bytes32_of(row.id), reference], CONFIRM_REF)
    record(ctx, action="cash.withdrawal.confirming", entity="withdrawal", entity_id=row.id)


def _call(ctx: Context, row: Withdrawal, function: str, args: list[str], ref_kind: str) -> None:
    if ctx.actor.wallet is None:
        raise WalletMissing
    attempt = len([one for one in custody.intents_of(ctx, ref_kind, row.id) if one.handled])
    custody.request_call(
        ctx,
        wallet=ctx.actor.wallet,
        contract="Rubles",
        function=function,
        args=list(args),
        idempotency_key=f"{ref_kind}:{row.id}:{attempt}",
        ref_kind=ref_kind,
        ref_id=row.id,
        summary=f"Вывод {row.number}",
    )


def _answer(ctx: Context, intent: Intent, done: WithdrawalState, refused: WithdrawalState, event: str | None) -> None:
    row = _locked(ctx, intent.ref_id)
    confirmed = intent.state == IntentState.CONFIRMED
    row.error_ru, row.error_en = intent.error_ru, intent.error_en
    if not confirmed:
        row.bank_ref = None
    _move(ctx, row, done if confirmed else refused)
    if confirmed and event:
        emit(ctx, event, participant_id=row.participant_id, payload={"kopeks": row.amount_kopeks})


def _locked(ctx: Context, withdrawal_id: str) -> Withdrawal:
    row = repository.withdrawal_locked(ctx, withdrawal_id)
    if row is None:
        raise NotFound
    return row


def _move(ctx: Context, row: Withdrawal, state: WithdrawalState) -> None:
    row.state = WITHDRAWAL_MOVES.check(row.state, state)
    ctx.session.add(row)
    ctx.session.flush()
