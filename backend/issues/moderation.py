"""The moderators' side: checklist, remarks, refusal, approval by two persons; the second approval deploys the token.

The first approval is a proposal in FourEyes with the whole call, the second executes it: nobody alone can put an issue into the register.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from backend.core.clock import MSK
from backend.core.context import Context
from backend.core.errors import Invalid
from backend.core.events import emit
from backend.core.ids import new_id
from backend.core.journal import record
from backend.core.money import format_rubles
from backend.core.pace import planned_to_real
from backend.core.pagination import Page, PageRequest
from backend.core.permissions import Permission
from backend.custody import service as custody
from backend.custody.errors import WalletMissing
from backend.custody.models import Intent
from backend.custody.states import IntentState
from backend.identity import service as identity
from backend.issues import drafts, repository
from backend.issues.decision import validate_decision
from backend.issues.decision_terms import AccessClass, Allocation, Decision
from backend.issues.drafts import Draft
from backend.issues.errors import IssueUnknown, SameModerator
from backend.issues.models import Issue, IssueRemark
from backend.issues.schedule import PlannedPayment, planned_payments, put_closes_at
from backend.issues.states import ISSUE_MOVES, IssueState
from indexer.models import ChainProposal

PROPOSE_REF = "issues.propose"
DEPLOY_REF = "issues.deploy"
CANCEL_REF = "issues.cancel"
CLASS_BIT = {"FREE": 1, "LIMIT": 2, "TEST": 4, "QUAL": 8}
ALLOCATION = {Allocation.FIFO: 0, Allocation.PRO_RATA: 1, Allocation.ISSUER_CHOICE: 2}


@dataclass(frozen=True, slots=True)
class CheckItem:
    """A point of the checklist; ``ok`` None means that a person must look."""

    code: str
    ok: bool | None
    ru: str
    en: str


def queue(ctx: Context, request: PageRequest, state: IssueState | None = None) -> Page[Issue]:
    """Issues of all issuers."""
    ctx.require(Permission.ISSUE_READ_ALL)
    return repository.all_issues(ctx, request, state)


def open_issue(ctx: Context, issue_id: str) -> Draft:
    """One issue for an officer or an auditor."""
    ctx.require(Permission.ISSUE_READ_ALL)
    row = ctx.session.get(Issue, issue_id)
    if row is None or row.state == IssueState.DRAFT:
        raise IssueUnknown
    return drafts.draft(ctx, row)


def checklist(ctx: Context, row: Issue) -> list[CheckItem]:
    """What the machine can tell, and what a person must look at (domain rules of moderation)."""
    decision = validate_decision(row.content)
    payments = planned_payments(decision)
    present = {one.name for one in repository.documents(ctx, row.id)}
    total = (decision.price_kopeks or 0) * decision.units.maximum
    known = all(payment.calendar_known for payment in payments)
    return [
        CheckItem(
            "terms", ok=True, ru="Все сведения ст. 3 и правила профиля выполнены", en="All required terms are present"
        ),
        CheckItem(
            "documents", ok=set(decision.documents) <= present, ru="Документы приложены", en="Documents are attached"
        ),
        CheckItem(
            "sum", ok=total > 0, ru=f"Объём выпуска: {format_rubles(total)}", en=f"Volume: {format_rubles(total)}"
        ),
        CheckItem(
            "schedule", ok=bool(payments), ru=f"Выплат по графику: {len(payments)}", en=f"Payments: {len(payments)}"
        ),
        CheckItem(
            "calendar", ok=known or None, ru="Даты по производственному календарю", en="Dates by the official calendar"
        ),
        CheckItem(
            "hash",
            ok=row.decision_hash is not None,
            ru="Хеш подписанного решения записан",
            en="The signed hash is kept",
        ),
        CheckItem(
            "advertising", ok=None, ru="Рекламный текст: проверьте по 38-ФЗ", en="Advertising text: check by hand"
        ),
        CheckItem(
            "rating",
            ok=None,
            ru="Класс доступа и рейтинг: проверьте письмо",
            en="Access class and rating: check by hand",
        ),
    ]


def remark(ctx: Context, issue_id: str, remarks: list[tuple[str, str]]) -> Draft:
    """Send back with remarks to fields."""
    ctx.require(Permission.ISSUE_MODERATE)
    if not remarks or not all(text.strip() for _, text in remarks):
        raise Invalid("Напишите замечание.", "Write a remark.", field="remarks")
    row = _locked(ctx, issue_id)
    for name, text in remarks:
        ctx.session.add(
            IssueRemark(
                id=new_id(),
                issue_id=row.id,
                version=row.version,
                field=name[:120],
                text=text.strip()[:2000],
                officer_id=ctx.actor.user_id or "",
                at=ctx.now(),
            )
        )
    _move(ctx, row, IssueState.REMARKS, "issue.remarks")
    return drafts.draft(ctx, row)


def reject(ctx: Context, issue_id: str, reason: str) -> Draft:
    """Refuse for good, with a reason; also what one moderator has approved already: the open proposal is withdrawn from the chain."""
    ctx.require(Permission.ISSUE_MODERATE)
    if not reason.strip():
        raise Invalid("Объясните отказ.", "Explain the refusal.", field="reason")
    row = _locked(ctx, issue_id)
    row.reject_reason, row.rejected_by = reason.strip()[:2000], ctx.actor.user_id
    if row.state == IssueState.APPROVED:
        _cancel_proposal(ctx, row)
    _move(ctx, row, IssueState.REJECTED, "issue.rejected")
    return drafts.draft(ctx, row)


def approve(ctx: Context, issue_id: str) -> Draft:
    """First approval: propose the deployment. Second approval, by another moderator: execute it."""
    ctx.require(Permission.ISSUE_APPROVE)
    ctx.require_step_up()
    row = _locked(ctx, issue_id)
    if ctx.actor.wallet is None:
        raise WalletMissing
    if row.state == IssueState.APPROVED:
        if not _proposal_died(ctx, row):
            return _second(ctx, row)
        row.proposal_id = None
        _move(ctx, row, IssueState.MODERATION, "issue.proposal_ended")
    row.first_moderator = ctx.actor.user_id
    _move(ctx, row, IssueState.APPROVED, "issue.approved_first")
    decision = validate_decision(row.content)
    attempt = len([one for one in custody.intents_of(ctx, PROPOSE_REF, row.id) if one.handled])
    custody.four_eyes_propose(
        ctx,
        wallet=ctx.actor.wallet,
        contract="IssueRegistry",
        function="deploy",
        args=deployment_args(ctx, row, decision),
        reason="ISSUE_APPROVED",
        document_hash=row.decision_hash or "",
        idempotency_key=f"issue:propose:{row.id}:{row.version}:{attempt}",
        ref_kind=PROPOSE_REF,
        ref_id=row.id,
        summary=f"Предложить выпуск {row.number}",
    )
    return drafts.draft(ctx, row)


def deployment_args(ctx: Context, row: Issue, decision: Decision) -> list[Any]:
    """Terms and placement terms in ABI order (IIssueRegistry.Terms, IIssueRegistry.PlacementTerms)."""
    issuer = identity.participant(ctx, row.participant_id)
    payments = planned_payments(decision)
    record_dates = sorted({_chain_second(ctx, one) for one in _record_moments(decision, payments)})
    maturity = datetime.combine(payments[-1].payment_date, time(23, 59, 59), MSK)
    lock = decision.lock.until
    ends = _chain_second(ctx, decision.placement.ends)
    crediting_day = decision.crediting or decision.placement.ends.date()
    crediting = _chain_second(ctx, datetime.combine(crediting_day, time(0), MSK))
    terms = [
        row.chain_id_hash,
        issuer.wallet,
        row.decision_hash,
        row.title,
        row.number,
        decision.nominal_kopeks,
        decision.units.maximum,
        CLASS_BIT[AccessClass(decision.access_class).value],
        _chain_second(ctx, lock) if lock else 0,
        _chain_second(ctx, maturity),
        0,
        decision.burns_on_issuer_acquire,
        record_dates,
    ]
    placement = [
        decision.price_kopeks,
        max(decision.units.minimum_to_issue or 0, 1),  # below one unit there is no issue
        decision.units.order_min,
        decision.units.order_max,
        _chain_second(ctx, decision.placement.starts),
        ends,
        max(crediting, ends),
        ALLOCATION[decision.placement.allocation],
    ]
    return [terms, placement]


def _chain_second(ctx: Context, planned: datetime) -> int:
    """A planned moment as the chain has it."""
    return int(planned_to_real(ctx, planned).timestamp())


def _record_moments(decision: Decision, payments: list[PlannedPayment]) -> list[datetime]:
    """Moments that the token remembers holders at: of every payment, and the end of the window in which units may be presented."""
    put = decision.early_redemption.investor_put if decision.early_redemption else None
    closes = [put_closes_at(put)] if put is not None else []
    return closes + [one.record_at for one in payments if one.record_at is not None]


def on_proposed(ctx: Context, intent: Intent) -> None:
    """The proposal is on chain and waits for the second moderator, or the chain refused it."""
    row = _locked(ctx, intent.ref_id)
    rejected = row.state == IssueState.REJECTED
    if intent.state != IntentState.CONFIRMED:
        if not rejected:
            row.error_ru, row.error_en = intent.error_ru, intent.error_en
            _move(ctx, row, IssueState.MODERATION, "issue.proposal_refused")
        return
    proposal = repository.proposal_of_tx(ctx, intent.tx_hash or "")
    row.proposal_id = proposal.id if proposal else None
    row.error_ru = row.error_en = None
    ctx.session.add(row)
    if rejected:  # refused while the proposal was on its way
        _cancel_proposal(ctx, row)


def on_cancelled(ctx: Context, intent: Intent) -> None:
    """The proposal of a refused issue is withdrawn, or the chain says why it can't be: the page shows it to the moderators."""
    row = _locked(ctx, intent.ref_id)
    done = intent.state == IntentState.CONFIRMED
    failed = (
        not done and row.state == IssueState.REJECTED
    )  # else both approvals were first, and the issue is in the register
    row.error_ru, row.error_en = (intent.error_ru, intent.error_en) if failed else (None, None)
    ctx.session.add(row)
    event = "issue.proposal_cancelled" if done else "issue.proposal_not_cancelled"
    record(ctx, action=event, entity="issue", entity_id=row.id, details={"proposal": row.proposal_id})


def on_deployed(ctx: Context, intent: Intent) -> None:
    """The token is in the register, or the decoded refusal sends the issue back to its second approval."""
    row = _locked(ctx, intent.ref_id)
    if intent.state == IntentState.CONFIRMED:
        row.published_at = ctx.now()
        _move(ctx, row, IssueState.DEPLOYED, "issue.deployed")
        return
    row.error_ru, row.error_en = intent.error_ru, intent.error_en
    row.second_moderator = None
    _move(ctx, row, IssueState.APPROVED, "issue.deploy_failed")


def follow_chain(ctx: Context) -> None:
    """Tick: a proposal that the second moderator approved among the tasks has deployed the issue all the same.

    Also one that was refused here a moment too late: rights arise by the entry in the register (282-ФЗ ст. 30 ч. 3).
    """
    for row in repository.deployed_elsewhere(ctx):
        row.reject_reason = row.rejected_by = row.error_ru = row.error_en = None
        _move(ctx, row, IssueState.DEPLOYING, "issue.approved_second")
        row.published_at = ctx.now()
        _move(ctx, row, IssueState.DEPLOYED, "issue.deployed")


def _proposal_died(ctx: Context, row: Issue) -> bool:
    # Cancelled or expired: it can't be approved any more, the first approval is repeated.
    proposal = ctx.session.get(ChainProposal, row.proposal_id) if row.proposal_id is not None else None
    if proposal is None:
        return False
    return proposal.state == "CANCELLED" or (
        proposal.state == "PROPOSED" and proposal.expires_at < int(ctx.now().timestamp())
    )


def _cancel_proposal(ctx: Context, row: Issue) -> None:
    """Withdraw the proposal in the name of the moderator who refused; one that isn't on chain yet, when it gets there."""
    proposal = ctx.session.get(ChainProposal, row.proposal_id) if row.proposal_id is not None else None
    if proposal is None or proposal.state != "PROPOSED":
        return
    custody.four_eyes_cancel(
        ctx,
        wallet=custody.wallet_of(ctx, "officer", row.rejected_by or ""),
        proposal_id=proposal.id,
        idempotency_key=f"issue:cancel:{row.id}:{proposal.id}",
        ref_kind=CANCEL_REF,
        ref_id=row.id,
        summary=f"Отозвать предложение выпуска {row.number}",
    )


def _second(ctx: Context, row: Issue) -> Draft:
    if row.first_moderator == ctx.actor.user_id:
        raise SameModerator
    proposal = ctx.session.get(ChainProposal, row.proposal_id) if row.proposal_id is not None else None
    if proposal is None:
        ru, en = (
            "Предложение ещё записывается в реестр. Повторите через несколько секунд.",
            "The proposal is being recorded.",
        )
        raise Invalid(ru, en, code="proposal_pending", field="approval")
    row.second_moderator = ctx.actor.user_id
    _move(ctx, row, IssueState.DEPLOYING, "issue.approved_second")
    attempt = len([one for one in custody.intents_of(ctx, DEPLOY_REF, row.id) if one.handled])
    custody.four_eyes_approve(
        ctx,
        wallet=ctx.actor.wallet or "",
        proposal_id=proposal.id,
        data=proposal.data,
        idempotency_key=f"issue:deploy:{row.id}:{row.version}:{attempt}",
        ref_kind=DEPLOY_REF,
        ref_id=row.id,
        summary=f"Развернуть выпуск {row.number}",
    )
    return drafts.draft(ctx, row)


def _locked(ctx: Context, issue_id: str) -> Issue:
    row = repository.locked(ctx, issue_id)
    if row is None:
        raise IssueUnknown
    return row


def _move(ctx: Context, row: Issue, state: IssueState, event: str) -> None:
    row.state = ISSUE_MOVES.check(row.state, state)
    ctx.session.add(row)
    ctx.session.flush()
    record(ctx, action=event, entity="issue", entity_id=row.id, details={"version": row.version})
    emit(ctx, event, participant_id=row.participant_id, payload={"issue": row.id, "number": row.number})
