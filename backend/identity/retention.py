"""How long an application that led to no participant is kept, and its destruction afterwards (152-ФЗ ст. 5 ч. 7, ст. 21 ч. 4).

    draft never handed in          ``abandoned_application_storage_months`` after its beginning
    refused or taken back          ``aml_storage_years`` after the decision (115-ФЗ ст. 7 п. 4)
    under a legal hold             until the hold is lifted, whatever the terms say
    admitted                       kept as long as the register itself (``records_storage_years``, 282-ФЗ ст. 39)

What is destroyed is the data key, the sealed rows and the files, so copies in backups can't be read either. The row itself, its dates and
its journal stay: they name nobody.
"""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import and_, func, or_
from sqlmodel import col, select

from backend.core import files, vault
from backend.core.clock import MSK, to_msk
from backend.core.context import Context
from backend.core.daycount import add_months
from backend.core.errors import Invalid, NotFound
from backend.core.journal import record
from backend.core.permissions import Permission
from backend.core.rules import rule_int
from backend.identity import repository
from backend.identity.models import Case, CaseRemark, CaseVersion
from backend.identity.states import CaseState

log = logging.getLogger(__name__)

ENDED = (CaseState.REJECTED, CaseState.WITHDRAWN)
BASIS_MAX = 300
AT_ONCE = 50
"""Applications destroyed in one transaction."""


def erase_on(ctx: Context, case: Case) -> date | None:
    """The Moscow day on which the application's personal data is destroyed; None: no day is set (open, admitted, held, or done)."""
    if case.participant_id is not None or case.erased_at is not None or case.legal_hold is not None:
        return None
    today = to_msk(ctx.now()).date()
    if case.state == CaseState.DRAFT:
        return add_months(_day(case.created_at), rule_int("abandoned_application_storage_months", today))
    if case.state in ENDED:
        ended = case.decided_at or case.submitted_at or case.created_at
        return add_months(_day(ended), 12 * rule_int("aml_storage_years", today))
    return None


def hold(ctx: Context, case_id: str, basis: str) -> None:
    """Keep the data beyond its term: a court, an inquiry, a dispute. ``basis`` names the document, not the person."""
    case = _for_decision(ctx, case_id)
    words = basis.strip()
    if not words or len(words) > BASIS_MAX:
        raise Invalid(
            "Укажите основание: документ, его номер и дату.", "Give the basis: document, number, date.", field="basis"
        )
    if case.erased_at is not None:
        raise Invalid("Данные уже уничтожены.", "The data is destroyed already.", code="case_erased", field="basis")
    case.legal_hold = words
    ctx.session.add(case)
    ctx.session.flush()
    record(ctx, action="identity.case.held", entity="case", entity_id=case.id)


def release(ctx: Context, case_id: str) -> None:
    """Lift a hold: the terms count again, from the same day as before."""
    case = _for_decision(ctx, case_id)
    if case.legal_hold is None:
        return
    case.legal_hold = None
    ctx.session.add(case)
    ctx.session.flush()
    record(ctx, action="identity.case.hold_lifted", entity="case", entity_id=case.id)


def erase_due(ctx: Context) -> None:
    """Destroy what is due; a kill in between leaves what the next round destroys."""
    today = to_msk(ctx.now()).date()
    drafts = _before(today, rule_int("abandoned_application_storage_months", today))
    ended = _before(today, 12 * rule_int("aml_storage_years", today))
    at = func.coalesce(Case.decided_at, Case.submitted_at, Case.created_at)
    statement = select(Case).where(
        or_(
            and_(col(Case.state) == CaseState.DRAFT, col(Case.created_at) < drafts),
            and_(col(Case.state).in_(ENDED), at < ended),
        ),
        col(Case.participant_id).is_(None),
        col(Case.erased_at).is_(None),
        col(Case.legal_hold).is_(None),
    )
    for case in ctx.session.exec(statement.order_by(at).limit(AT_ONCE).with_for_update()):
        day = erase_on(ctx, case)
        if day is not None and day <= today:
            erase(ctx, case)


def erase(ctx: Context, case: Case) -> None:
    """Destroy the personal data of one application."""
    for one in repository.files_of(ctx, case.id):
        files.destroy(ctx, one.file_id)
        ctx.session.delete(one)
    for table in (CaseVersion, CaseRemark):
        for row in ctx.session.exec(select(table).where(table.case_id == case.id)):
            ctx.session.delete(row)
    case.form, case.inn_digest, case.document_digest, case.checks = b"", None, None, []
    case.erased_at = ctx.now()
    vault.forget(ctx, case.id)
    ctx.session.add(case)
    ctx.session.flush()
    record(ctx, action="identity.case.erased", entity="case", entity_id=case.id, details={"state": case.state.value})
    log.info("personal data of application %s destroyed after its term", case.id)


def _for_decision(ctx: Context, case_id: str) -> Case:
    ctx.require(Permission.CASE_DECIDE)
    case = repository.case_locked(ctx, case_id)
    if case is None or case.state == CaseState.DRAFT:
        raise NotFound
    return case


def _before(today: date, months: int) -> datetime:
    # Months have unequal ends, so some days more are looked at; erase_on decides.
    return datetime.combine(add_months(today, -months) + timedelta(days=4), time.min, MSK).astimezone(UTC)


def _day(moment: datetime) -> date:
    return to_msk(moment).date()
