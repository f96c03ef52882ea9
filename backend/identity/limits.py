"""Qualification and the yearly limit of persons who aren't qualified investors: what is used, what is free, which limit is in force.

Sums are the mirror's, reckoned as ``Participants.limitAvailable`` does; the limit is the one of the register (Указание Банка России, from
2026-01-01: 600 000 ₽ of purchases a calendar year, Moscow time). Changes of classes: :func:`backend.identity.participants.update`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Select, or_
from sqlmodel import col, select

from backend.core.clock import to_msk
from backend.core.context import Context
from backend.core.errors import Invalid
from backend.core.journal import record
from backend.core.pagination import Page, PageRequest, ordered, paginate
from backend.core.permissions import Permission
from backend.custody import service as custody
from backend.custody.errors import WalletMissing
from backend.custody.models import Intent
from backend.identity.models import Participant
from backend.identity.participants import CLASS_BITS
from indexer.models import ChainBlock, ChainLimitRule, ChainParticipant

LIMIT_REF = "identity.limit"
MAXIMUM_KOPEKS = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Limit:
    """The yearly limit in force and the one that follows it; kopeks, aware UTC."""

    kopeks: int | None = None
    since: datetime | None = None
    tx_hash: str | None = None
    next_kopeks: int | None = None
    next_since: datetime | None = None
    next_tx_hash: str | None = None


@dataclass(frozen=True, slots=True)
class LimitLine:
    """A participant with classes and limit; ``free_kopeks`` None: the limit doesn't concern them."""

    participant: Participant
    chain: ChainParticipant
    classes: list[str]
    used_kopeks: int
    reserved_kopeks: int
    free_kopeks: int | None


def limit_in_force(ctx: Context) -> Limit:
    """The rule of the register now, as the contract keeps it: one in force and at most one ahead."""
    ctx.require(Permission.PARTICIPANT_READ)
    rows = ChainLimitRule
    statement = select(rows, ChainBlock.timestamp).join(ChainBlock, col(ChainBlock.number) == col(rows.block_number))
    now: ChainLimitRule | None = None
    ahead: ChainLimitRule | None = None
    for rule, set_at in ctx.session.exec(statement.order_by(col(rows.block_number), col(rows.log_index))):
        if ahead is not None and ahead.effective_from <= set_at:
            now, ahead = ahead, None
        if rule.effective_from <= set_at:
            now = rule
        else:
            ahead = rule
    if ahead is not None and ahead.effective_from <= int(ctx.now().timestamp()):
        now, ahead = ahead, None
    return Limit(
        kopeks=now.kopeks if now else None,
        since=now.effective_from_at if now else None,
        tx_hash=now.tx_hash if now else None,
        next_kopeks=ahead.kopeks if ahead else None,
        next_since=ahead.effective_from_at if ahead else None,
        next_tx_hash=ahead.tx_hash if ahead else None,
    )


def limits(ctx: Context, request: PageRequest, klass: str | None = None) -> Page[LimitLine]:
    """Participants with their classes and what is left of the year's limit; ``q``: number or address."""
    ctx.require(Permission.PARTICIPANT_READ)
    chain = ChainParticipant
    statement = select(Participant, chain).join(chain, col(chain.address) == col(Participant.wallet))
    statement = statement.where(Participant.portal != "system")
    if klass in CLASS_BITS:
        statement = statement.where(col(chain.classes).op("&")(CLASS_BITS[klass]) != 0)
    if request.q:
        found = or_(col(Participant.number).contains(request.q.upper()), col(chain.address) == request.q.lower())
        statement = statement.where(found)
    columns = {"number": col(Participant.number), "used": col(chain.limit_net_kopeks)}
    page = paginate(ctx.session, ordered(cast("Select[Any]", statement), request, columns, "number"), request)
    limit, year = limit_in_force(ctx), to_msk(ctx.now()).year
    return page.of([_line(row, facts, limit, year) for row, facts in page.items])


def propose_limit(ctx: Context, since: datetime, kopeks: int, basis: str, document_hash: str) -> Intent:
    """Ask a second compliance officer to set the limit that holds from a moment on."""
    ctx.require(Permission.PARTICIPANT_ADMIT)
    ctx.require_step_up()
    if not 0 < kopeks <= MAXIMUM_KOPEKS:
        raise Invalid("Сумма должна быть больше нуля.", "The sum must be above zero.", field="amount")
    if len(basis.strip()) < 5:
        raise Invalid("Укажите акт, по которому меняется лимит.", "Name the act that changes the limit.", field="basis")
    current = limit_in_force(ctx)
    if current.since is not None and since <= current.since:
        ru, en = "Новый лимит должен начинаться позже действующего.", "The new limit must begin after the one in force."
        raise Invalid(ru, en, field="since")
    if ctx.actor.wallet is None:
        raise WalletMissing
    ref = f"{int(since.timestamp())}:{kopeks}"
    attempt = len([one for one in custody.intents_of(ctx, LIMIT_REF, ref) if one.handled])
    record(ctx, action="identity.limit_proposed", entity="limit", entity_id=ref, details={"basis": basis.strip()})
    return custody.four_eyes_propose(
        ctx,
        wallet=ctx.actor.wallet,
        contract="Participants",
        function="setLimit",
        args=[int(since.timestamp()), kopeks],
        reason="YEARLY_LIMIT",
        document_hash=document_hash,
        idempotency_key=f"limit:{ref}:{attempt}",
        ref_kind=LIMIT_REF,
        ref_id=ref,
        summary=f"Предложить годовой лимит {kopeks // 100} ₽",
    )


def _line(row: Participant, chain: ChainParticipant, limit: Limit, year: int) -> LimitLine:
    used = chain.limit_net_kopeks if chain.limit_year == year else 0
    concerned = chain.kind == "PERSON" and not chain.classes & CLASS_BITS["QUAL"]
    free = max(0, (limit.kopeks or 0) - used - chain.limit_reserved_kopeks) if concerned else None
    classes = [name for name, bit in CLASS_BITS.items() if chain.classes & bit]
    return LimitLine(row, chain, classes, used, chain.limit_reserved_kopeks, free)


def digest_of(document: bytes) -> str:
    """SHA-256 of the act that changes the limit; raises Invalid for an empty file."""
    if not document:
        raise Invalid("Файл пуст.", "The file is empty.", field="file")
    return hashlib.sha256(document).hexdigest()
