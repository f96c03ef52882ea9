"""From a checked calculation to the end of the run: promised to the chain here, followed in the mirror by ticks.

    CHECKED --declare--> AWAIT_FUNDING --fund (issuer)--> FUNDED --due time, batches--> EXECUTING --> DONE

Who is already paid is read from chain_run_payments, so distribution goes on after a crash where the chain stands, and a batch can't be
paid twice: the contract refuses it.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import groupby
from typing import Any

from backend.cash import service as cash
from backend.core.clock import MSK
from backend.core.context import Context
from backend.core.errors import Invalid
from backend.core.events import emit
from backend.core.journal import record
from backend.core.money import format_rubles
from backend.core.pace import planned_to_real
from backend.core.permissions import Permission
from backend.custody import service as custody
from backend.custody.errors import WalletMissing
from backend.custody.models import Intent
from backend.custody.states import IntentState
from backend.identity import service as identity
from backend.payouts import planning, repository
from backend.payouts.errors import CallPending, FundsShort, NotFundable, RunUnknown
from backend.payouts.models import PayoutLine, PayoutRun
from backend.payouts.states import (
    CHAIN_PATH,
    EARLY,
    FOLLOWED,
    FUNDABLE,
    RUN_MOVES,
    RunState,
)
from indexer.models import ChainRun

DECLARE_REF = "payouts.declare"
FUND_REF = "payouts.fund"
BATCH_REF = "payouts.batch"
CANCEL_REF = "payouts.cancel"
OVERDUE_REF = "payouts.overdue"
CLOSE_REF = "payouts.close_issue"

ATTEMPTS = 3
"""How often a batch, or a mark, is tried before a person must look."""
_KIND = {"COUPON": 0, "AMORTISATION": 1, "REDEMPTION": 2, "EARLY_CALL": 3, "EARLY_PUT": 4}
_ROUNDING = {"PER_UNIT": 0, "PER_HOLDER": 1}
_EVENTS = {
    RunState.AWAIT_FUNDING: "payout.declared",
    RunState.FUNDED: "payout.funded",
    RunState.DONE: "payout.done",
    RunState.OVERDUE: "payout.overdue",
    RunState.DEFAULT: "payout.default",
    RunState.CANCELLED: "payout.cancelled",
}


# --- acts of people ---------------------------------------------------------------------------------------------------


def declare(ctx: Context, run_id: str) -> Intent:
    """Declare a checked run again after a refusal: an officer in the operator's name, or the issuer in its own."""
    run = _locked(ctx, run_id)
    own = run.issuer_id == ctx.actor.participant_id and ctx.actor.may(Permission.PAYOUT_FUND)
    if not own:
        ctx.require(Permission.PAYOUT_MANAGE)
    RUN_MOVES.check(run.state, RunState.AWAIT_FUNDING)
    if repository.chain_run(ctx, run) is not None:
        raise CallPending
    require_no_pending(ctx, DECLARE_REF, run.id)
    run.error_ru = run.error_en = None
    ctx.session.add(run)
    return promise_declaration(ctx, run, wallet=identity.require_trading(ctx).wallet if own else None)


def fund(ctx: Context, run_id: str) -> Intent:
    """Give the whole sum from the issuer's free rubles into escrow; needs a fresh second factor."""
    ctx.require(Permission.PAYOUT_FUND)
    ctx.require_step_up()
    issuer = identity.require_trading(ctx)
    run = _locked(ctx, run_id)
    if run.issuer_id != issuer.id:
        raise RunUnknown
    chain = repository.chain_run(ctx, run)
    if run.state not in FUNDABLE or chain is None or chain.state not in {"DECLARED", "OVERDUE", "DEFAULTED"}:
        raise NotFundable
    pending = _pending(ctx, FUND_REF, run.id)
    if pending is not None:
        return pending
    free = cash.balance_of(ctx, issuer.wallet).free
    if free < run.required_kopeks:
        need, have = format_rubles(run.required_kopeks), format_rubles(free)
        ru = f"Нужно {need}, свободно {have}. Пополните счёт."
        raise FundsShort(ru, f"{need} is needed, {have} is free. Top up the account.", field="amount")
    details = {"kopeks": run.required_kopeks}
    record(ctx, action="payouts.fund_requested", entity="payout", entity_id=run.id, details=details)
    return promise(ctx, run, issuer.wallet, "fund", [chain.id, run.required_kopeks], FUND_REF)


def cancel(ctx: Context, run_id: str, reason: str) -> PayoutRun:
    """Take a run back before its first batch; escrow returns to the issuer."""
    ctx.require(Permission.PAYOUT_MANAGE)
    if not reason.strip():
        raise Invalid("Укажите причину.", "State the reason.", field="reason")
    run = _locked(ctx, run_id)
    RUN_MOVES.check(run.state, RunState.CANCELLED)
    chain = repository.chain_run(ctx, run)
    record(ctx, action="payouts.cancelled", entity="payout", entity_id=run.id, details={"reason": reason.strip()})
    if chain is None and _pending(ctx, DECLARE_REF, run.id) is None:
        move(ctx, run, RunState.CANCELLED)
        return run
    if chain is None:
        raise CallPending
    if ctx.actor.wallet is None:
        raise WalletMissing
    require_no_pending(ctx, CANCEL_REF, run.id)
    promise(ctx, run, ctx.actor.wallet, "cancel", [chain.id], CANCEL_REF)
    return run


def retry(ctx: Context, run_id: str) -> PayoutRun:
    """Send the refused batches of a partial run again."""
    ctx.require(Permission.PAYOUT_MANAGE)
    run = _locked(ctx, run_id)
    run.state = RUN_MOVES.check(run.state, RunState.EXECUTING)
    run.retries += 1
    run.error_ru = run.error_en = None
    ctx.session.add(run)
    ctx.session.flush()
    record(ctx, action="payouts.retried", entity="payout", entity_id=run.id)
    return run


def repeat(ctx: Context, run_id: str) -> PayoutRun:
    """Plan a cancelled payment anew as a run of its own."""
    ctx.require(Permission.PAYOUT_MANAGE)
    run = _locked(ctx, run_id)
    if run.state != RunState.CANCELLED or run.kind in EARLY:
        RUN_MOVES.check(run.state, RunState.PLANNED)
    again = planning.plan_again(ctx, run)
    record(ctx, action="payouts.repeated", entity="payout", entity_id=again.id, details={"of": run.number})
    return again


# --- promises ---------------------------------------------------------------------------------------------------------


def promise_declaration(ctx: Context, run: PayoutRun, wallet: str | None = None) -> Intent:
    """Promise the declaration, in the operator's name unless a wallet is given."""
    args = [
        run.asset,
        _KIND[run.kind],
        _ROUNDING[run.rounding],
        run.record_number,
        run.micro_kopeks_per_unit,
        int(run.due_at.timestamp()),
        run.chain_ref,
    ]
    return promise(ctx, run, wallet or operator_wallet(ctx), "declare", args, DECLARE_REF)


def operator_wallet(ctx: Context) -> str:
    """The wallet that holds the OPERATOR role for automatic acts."""
    return custody.create_wallet(ctx, "system", "operator")


def require_no_pending(ctx: Context, ref_kind: str, ref_id: str) -> None:
    """Raise :class:`CallPending` while the same act is on its way."""
    if _pending(ctx, ref_kind, ref_id) is not None:
        raise CallPending


def _pending(ctx: Context, ref_kind: str, ref_id: str) -> Intent | None:
    return next((one for one in custody.intents_of(ctx, ref_kind, ref_id) if not one.handled), None)


def promise(
    ctx: Context, run: PayoutRun, wallet: str, function: str, args: list[Any], ref_kind: str, ref_id: str | None = None
) -> Intent:
    """Promise a call of Payouts about a run, in the name of a wallet."""
    ref = ref_id or run.id
    attempt = len(custody.intents_of(ctx, ref_kind, ref))
    return custody.request_call(
        ctx,
        wallet=wallet,
        contract="Payouts",
        function=function,
        args=args,
        idempotency_key=f"{ref_kind}:{ref}:{attempt}",
        ref_kind=ref_kind,
        ref_id=ref,
        summary=f"{_SUMMARY[ref_kind]} {run.number}",
    )


_SUMMARY = {
    "payouts.tender": "Предъявить к выкупу",
    DECLARE_REF: "Объявить выплату",
    FUND_REF: "Обеспечить выплату",
    BATCH_REF: "Выплатить держателям",
    CANCEL_REF: "Отменить выплату",
    OVERDUE_REF: "Отметить просрочку",
}


# --- ticks ------------------------------------------------------------------------------------------------------------


def follow(ctx: Context) -> None:
    """Tick: move runs along as the mirror shows, telling every step once."""
    for run, chain in repository.followed(ctx, FOLLOWED):
        path = CHAIN_PATH.get(chain.state, ())
        if not path or run.state == path[-1] or (run.state == RunState.PARTIAL and chain.state == "EXECUTING"):
            continue
        _walk(ctx, run, path, chain)


def _walk(ctx: Context, run: PayoutRun, path: tuple[RunState, ...], chain: ChainRun) -> None:
    locked = _locked(ctx, run.id)
    start = path.index(locked.state) + 1 if locked.state in path else 0
    for state in path[start:]:
        if RUN_MOVES.allows(locked.state, state):
            move(ctx, locked, state, chain)


def distribute(ctx: Context) -> None:
    """Tick: after the due time send a batch for every group of lines that the chain hasn't paid."""
    mirrored = repository.mirror_time(ctx)
    if mirrored is None:
        return
    now = min(ctx.now(), mirrored)
    for run, chain in repository.followed(ctx, {RunState.FUNDED, RunState.EXECUTING}):
        if run.due_at <= now and chain.state in {"FUNDED", "EXECUTING"}:
            _send_batches(ctx, run, chain)


def _send_batches(ctx: Context, run: PayoutRun, chain: ChainRun) -> None:
    open_lines = repository.unpaid_lines(ctx, run.id, chain.id)
    refused = False
    for batch, group in groupby(open_lines, key=lambda line: line.batch):
        found = list(group)
        reference = f"{run.id}:{batch}"
        tried = custody.intents_of(ctx, BATCH_REF, reference)
        if any(not one.handled for one in tried):
            continue
        if len(tried) >= ATTEMPTS * (run.retries + 1):
            refused = True
            continue
        args = [chain.id, [line.holder for line in found], [line.tax_kopeks or 0 for line in found]]
        promise(ctx, run, operator_wallet(ctx), "distribute", args, BATCH_REF, reference)
    if refused:
        move(ctx, _locked(ctx, run.id), RunState.PARTIAL)


def mark_late(ctx: Context) -> None:
    """Tick: after the payment day (Moscow) an unfunded run is overdue; after the grace period in default."""
    now = ctx.now()
    for run, chain in repository.followed(ctx, {RunState.AWAIT_FUNDING, RunState.OVERDUE}):
        if chain.state == "DECLARED" and now >= _day_after(ctx, run):
            _mark(ctx, run, chain, "markOverdue")
        elif chain.state == "OVERDUE" and int(now.timestamp()) > chain.grace_ends_at:
            _mark(ctx, run, chain, "markDefaulted")


def _day_after(ctx: Context, run: PayoutRun) -> datetime:
    return planned_to_real(ctx, datetime.combine(run.payment_date + timedelta(days=1), time(0), MSK).astimezone(UTC))


def _mark(ctx: Context, run: PayoutRun, chain: ChainRun, function: str) -> None:
    reference = f"{run.id}:{function}"
    tried = custody.intents_of(ctx, OVERDUE_REF, reference)
    if len(tried) < ATTEMPTS and all(one.handled for one in tried):
        promise(ctx, run, operator_wallet(ctx), function, [chain.id], OVERDUE_REF, reference)


def close_redeemed(ctx: Context) -> None:
    """Tick: close an issue in the register when everything of it is redeemed and paid."""
    for chain in repository.redeemed_issues(ctx):
        tried = custody.intents_of(ctx, CLOSE_REF, chain.issue_id)
        if len(tried) >= ATTEMPTS or any(not one.handled for one in tried):
            continue
        custody.request_call(
            ctx,
            wallet=operator_wallet(ctx),
            contract="IssueRegistry",
            function="close",
            args=[chain.issue_id],
            idempotency_key=f"{CLOSE_REF}:{chain.issue_id}:{len(tried)}",
            ref_kind=CLOSE_REF,
            ref_id=chain.issue_id,
            summary=f"Закрыть выпуск {chain.symbol}",
        )


# --- reactions --------------------------------------------------------------------------------------------------------


def on_answer(ctx: Context, intent: Intent) -> None:
    """A refusal is shown at the run; what succeeded, the mirror tells (:func:`follow`)."""
    run = repository.locked(ctx, intent.ref_id.split(":")[0])
    if run is None:
        return
    refused = intent.state != IntentState.CONFIRMED
    run.error_ru = intent.error_ru if refused else None
    run.error_en = intent.error_en if refused else None
    ctx.session.add(run)


def on_batch(ctx: Context, intent: Intent) -> None:
    """A batch is paid: tell its holders; a refused one is tried again by the tick."""
    on_answer(ctx, intent)
    run_id, _, batch = intent.ref_id.partition(":")
    run = repository.locked(ctx, run_id)
    if run is None or intent.state != IntentState.CONFIRMED:
        return
    paid = {str(holder).lower() for holder in intent.args[1]}
    for line in repository.lines_of_batch(ctx, run_id, int(batch)):
        if line.holder in paid and line.participant_id is not None:
            emit(ctx, "payout.paid", participant_id=line.participant_id, payload=_told(run, line))


def _told(run: PayoutRun, line: PayoutLine) -> dict[str, Any]:
    gross, tax = line.gross_kopeks or 0, line.tax_kopeks or 0
    return {**_payload(run), "kind": run.kind, "gross_kopeks": gross, "tax_kopeks": tax, "net_kopeks": gross - tax}


def _payload(run: PayoutRun) -> dict[str, Any]:
    return {"payout": run.id, "number": run.number, "issue": run.issue_id, "issue_number": run.issue_number}


def move(ctx: Context, run: PayoutRun, state: RunState, chain: ChainRun | None = None) -> None:
    """Move a run, journal it and tell the issuer what it should know."""
    run.state = RUN_MOVES.check(run.state, state)
    ctx.session.add(run)
    ctx.session.flush()
    details = {"chain_run": chain.id} if chain else {}
    record(ctx, action=f"payouts.{state.value.lower()}", entity="payout", entity_id=run.id, details=details)
    if state in _EVENTS:
        payload = {**_payload(run), "kopeks": run.required_kopeks, "payment_date": run.payment_date.isoformat()}
        emit(ctx, _EVENTS[state], participant_id=run.issuer_id, payload=payload)


def _locked(ctx: Context, run_id: str) -> PayoutRun:
    run = repository.locked(ctx, run_id)
    if run is None:
        raise RunUnknown
    return run
