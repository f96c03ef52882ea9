"""Import of a statement: every credit becomes a deposit once, credited to the participant whom it names with certainty, or queued for a person.

Certain means: the payment carries a participant's number, and the payer's ИНН (or, without one, the name) is that participant's.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

from backend.cash import repository, withdrawals
from backend.cash.errors import StatementAccount, StatementDiffers, StatementGap
from backend.cash.models import BankStatement, Deposit
from backend.cash.statement import Entry, Statement, parse_statement
from backend.cash.states import DEPOSIT_MOVES, DepositState
from backend.core import vault
from backend.core.context import Context
from backend.core.errors import NotFound
from backend.core.events import emit
from backend.core.ids import bytes32_of, new_id
from backend.core.journal import record
from backend.core.permissions import Permission
from backend.custody import service as custody
from backend.custody.errors import WalletMissing
from backend.custody.models import Intent
from backend.custody.states import IntentState
from backend.identity import service as identity
from backend.identity.service import Participant

CREDIT_REF = "cash.credit"
_NUMBER = re.compile(r"(?<![0-9A-Z])KPT-(?:INV|ISS)-\d{6}(?!\d)")


@dataclass(slots=True)
class ImportReport:
    """What an import did. ``repeated`` is true when the statement was there already and nothing was done."""

    statement: BankStatement
    credited: int = 0
    queued: int = 0
    confirmed: int = 0
    repeated: bool = False
    unknown_debits: list[str] = field(default_factory=list)


def import_statement(ctx: Context, content: bytes) -> ImportReport:
    """Import camt.053 or 1C. The same file again does nothing and says so; other content under a used number is refused."""
    ctx.require(Permission.CASH_MANAGE)
    parsed = parse_statement(content)
    digest = hashlib.sha256(content).hexdigest()
    present = repository.statement_by_number(ctx, parsed.account, parsed.statement_id)
    if present is not None:
        if present.sha256 != digest:
            raise StatementDiffers(field="file")
        return ImportReport(present, repeated=True)
    _check(ctx, parsed)
    row = BankStatement(
        id=new_id(),
        account=parsed.account,
        statement_id=parsed.statement_id,
        sha256=digest,
        from_at=parsed.from_at,
        to_at=parsed.to_at,
        opening_kopeks=parsed.opening_kopeks,
        closing_kopeks=parsed.closing_kopeks,
        entries=len(parsed.entries),
        imported_by=ctx.actor.user_id,
        imported_at=ctx.now(),
    )
    ctx.session.add(row)
    ctx.session.flush()
    report = ImportReport(row)
    for entry in parsed.entries:
        if entry.direction == "CREDIT":
            _take_credit(ctx, row, entry, report)
        elif withdrawals.settle_by_statement(ctx, entry) or _returned(ctx, entry):
            report.confirmed += 1
        else:
            report.unknown_debits.append(entry.bank_ref)
    details = {"credited": report.credited, "queued": report.queued, "confirmed": report.confirmed}
    record(ctx, action="cash.statement.imported", entity="statement", entity_id=row.id, details=details)
    return report


def match(ctx: Context, deposit_id: str, number: str) -> Deposit:
    """Name the owner of a queued deposit by hand."""
    ctx.require(Permission.CASH_MANAGE)
    row = _queued(ctx, deposit_id)
    owner = identity.participant_by_number(ctx, number)
    if owner is None:
        raise NotFound("Участник с таким номером не найден.", "No participant of this number.", field="number")
    row.why_queued = None
    _credit(ctx, row, owner)
    record(ctx, action="cash.deposit.matched", entity="deposit", entity_id=row.id, details={"number": owner.number})
    return row


def order_return(ctx: Context, deposit_id: str) -> Deposit:
    """Send a queued deposit back to its payer; the bank's debit with EndToEndId ``RET-<bank reference>`` ends it."""
    ctx.require(Permission.CASH_MANAGE)
    row = _queued(ctx, deposit_id)
    row.state = DEPOSIT_MOVES.check(row.state, DepositState.RETURN_ORDERED)
    ctx.session.add(row)
    ctx.session.flush()
    record(ctx, action="cash.deposit.return_ordered", entity="deposit", entity_id=row.id)
    return row


def payer_of(ctx: Context, row: Deposit) -> dict[str, str | None]:
    """Name, ИНН and purpose of a payment, opened."""
    return vault.unseal_dict(ctx, f"deposit:{row.id}", row.payer)


def on_credited(ctx: Context, intent: Intent) -> None:
    """The chain answered: credited, or back to the queue with the refusal."""
    row = repository.deposit_locked(ctx, intent.ref_id)
    if row is None:
        return
    confirmed = intent.state == IntentState.CONFIRMED
    row.state = DEPOSIT_MOVES.check(row.state, DepositState.CREDITED if confirmed else DepositState.QUEUED)
    row.error_ru, row.error_en = intent.error_ru, intent.error_en
    if not confirmed:
        row.why_queued = "refused"
    ctx.session.add(row)
    if confirmed:
        payload = {"kopeks": row.amount_kopeks}
        emit(ctx, "cash.deposit.credited", participant_id=row.participant_id, payload=payload)


def _check(ctx: Context, parsed: Statement) -> None:
    if parsed.account != ctx.settings.nominal_account:
        raise StatementAccount(field="file")
    last = repository.last_statement(ctx, parsed.account)
    if last is not None and parsed.opening_kopeks != last.closing_kopeks:
        raise StatementGap(field="file")


def _take_credit(ctx: Context, statement: BankStatement, entry: Entry, report: ImportReport) -> None:
    if repository.deposit_by_ref(ctx, statement.account, entry.bank_ref) is not None:
        return
    deposit_id = new_id()
    payer = {"name": entry.counterparty_name, "inn": entry.counterparty_inn, "purpose": entry.purpose}
    row = Deposit(
        id=deposit_id,
        statement_id=statement.id,
        account=statement.account,
        bank_ref=entry.bank_ref,
        amount_kopeks=entry.amount_kopeks,
        end_to_end_id=entry.end_to_end_id,
        payer=vault.seal(ctx, f"deposit:{deposit_id}", payer),
        booked_on=entry.booked_on,
        state=DepositState.QUEUED,
        created_at=ctx.now(),
    )
    ctx.session.add(row)
    ctx.session.flush()
    owner, row.why_queued = _owner(ctx, entry)
    if owner is None:
        report.queued += 1
        return
    _credit(ctx, row, owner)
    report.credited += 1


def _owner(ctx: Context, entry: Entry) -> tuple[Participant | None, str | None]:
    found = _NUMBER.findall(f"{entry.end_to_end_id or ''} {entry.purpose}".upper())
    if not found:
        return None, "no_number"
    if len(set(found)) > 1:
        return None, "several_numbers"
    owner = identity.participant_by_number(ctx, found[0])
    if owner is None:
        return None, "unknown_number"
    known = identity.profile(ctx, owner)
    if entry.counterparty_inn and known.get("inn"):
        return (owner, None) if entry.counterparty_inn == known["inn"] else (None, "another_payer")
    names = {_fold(str(known["name"])), _fold(str(known["full_name"]))}
    return (owner, None) if _fold(entry.counterparty_name or "") in names else (None, "another_payer")


def _credit(ctx: Context, row: Deposit, owner: Participant) -> None:
    if ctx.actor.wallet is None:
        raise WalletMissing
    row.state = DEPOSIT_MOVES.check(row.state, DepositState.CREDITING)
    row.participant_id = owner.id
    ctx.session.add(row)
    ctx.session.flush()
    attempt = len([one for one in custody.intents_of(ctx, CREDIT_REF, row.id) if one.handled])
    custody.request_call(
        ctx,
        wallet=ctx.actor.wallet,
        contract="Rubles",
        function="credit",
        args=[owner.wallet, row.amount_kopeks, bytes32_of(f"{row.account}:{row.bank_ref}")],
        idempotency_key=f"credit:{row.id}:{attempt}",
        ref_kind=CREDIT_REF,
        ref_id=row.id,
        summary=f"Зачислить {owner.number}",
    )


def _returned(ctx: Context, entry: Entry) -> bool:
    reference = (entry.end_to_end_id or "").removeprefix("RET-")
    row = repository.deposit_by_ref(ctx, ctx.settings.nominal_account, reference)
    if row is None or row.state != DepositState.RETURN_ORDERED or row.amount_kopeks != entry.amount_kopeks:
        return False
    row.state = DEPOSIT_MOVES.check(row.state, DepositState.RETURNED)
    ctx.session.add(row)
    ctx.session.flush()
    return True


def _queued(ctx: Context, deposit_id: str) -> Deposit:
    row = repository.deposit_locked(ctx, deposit_id)
    if row is None:
        raise NotFound
    return row


def _fold(name: str) -> str:
    return " ".join(name.casefold().replace("ё", "е").replace("«", '"').replace("»", '"').split())
