"""Personal data of applications that led to nothing: kept for its term, then destroyed beyond recovery; a legal hold keeps it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlmodel import select

from backend.core.context import Context
from backend.core.errors import Forbidden, Invalid
from backend.core.files import StoredFile
from backend.core.journal import JournalEntry
from backend.core.permissions import Role
from backend.core.vault import DataKey
from backend.identity import retention
from backend.identity import service as identity
from backend.identity.models import Case, CaseVersion
from backend.identity.reactions import TICKS
from backend.identity.service import ApplicantKind, CaseView, RejectReason
from tests.backend.conftest import ContextMaker
from tests.backend.identity.forms import PERSON
from tests.backend.identity.test_life import PDF, approve, handed_in
from tests.factories.chain import write_deployment


class At:
    """A clock that stands at a given moment."""

    def __init__(self, year: int, month: int, day: int) -> None:
        self.moment = datetime(year, month, day, 9, tzinfo=UTC)

    def now(self, session: object) -> datetime:
        return self.moment


def at(ctx: Context, year: int, month: int = 11, day: int = 21) -> Context:
    return replace(ctx, clock=At(year, month, day))


@pytest.fixture
def anna(ctx_for: ContextMaker) -> Context:
    made = ctx_for(Role.INVESTOR)
    write_deployment(made.settings)
    return at(made, 2026)


@pytest.fixture
def officer(ctx_for: ContextMaker) -> Context:
    return at(ctx_for(Role.COMPLIANCE_OFFICER), 2026)


def refused(anna: Context, officer: Context) -> CaseView:
    case = handed_in(anna).case
    return identity.reject(officer, case.id, RejectReason.POWERS, "Паспорт недействителен")


def destroyed(ctx: Context, case: Case) -> bool:
    ctx.session.refresh(case)
    return case.erased_at is not None


def test_a_refused_application_is_destroyed_five_years_after_the_refusal(anna: Context, officer: Context) -> None:
    case = refused(anna, officer).case
    assert str(identity.erase_on(officer, case)) == "2031-11-21"
    retention.erase_due(at(officer, 2031, day=20))
    assert not destroyed(officer, case)
    retention.erase_due(at(officer, 2031, day=21))
    assert destroyed(officer, case)


def test_nothing_that_names_the_person_is_left(anna: Context, officer: Context) -> None:
    case = refused(anna, officer).case
    retention.erase_due(at(officer, 2032))
    session = officer.session
    assert session.get(DataKey, case.id) is None
    assert session.exec(select(CaseVersion).where(CaseVersion.case_id == case.id)).first() is None
    assert session.exec(select(StoredFile).where(StoredFile.owner_id == case.id)).first() is None
    assert not list(officer.settings.files_dir.glob("*.bin"))
    assert (case.form, case.inn_digest, case.document_digest, case.checks) == (b"", None, None, [])
    actions = {one.action for one in session.exec(select(JournalEntry).where(JournalEntry.entity_id == case.id))}
    assert "identity.case.erased" in actions


def test_an_officer_still_sees_that_there_was_an_application(anna: Context, officer: Context) -> None:
    case = refused(anna, officer).case
    retention.erase_due(at(officer, 2032))
    seen = identity.open_case(officer, case.id)
    assert (seen.form, seen.remarks, seen.files, seen.problems) == ({}, [], [], [])


def test_the_applicant_may_apply_again_afterwards(anna: Context, officer: Context) -> None:
    refused(anna, officer)
    retention.erase_due(at(officer, 2032))
    assert identity.mine(anna) is None
    assert identity.start(anna, ApplicantKind.PERSON, PERSON).case.erased_at is None


def test_a_legal_hold_keeps_the_data_until_it_is_lifted(anna: Context, officer: Context) -> None:
    case = refused(anna, officer).case
    identity.hold_case(officer, case.id, "Запрос суда от 01.10.2030 № 17")
    assert identity.erase_on(officer, case) is None
    retention.erase_due(at(officer, 2040))
    assert not destroyed(officer, case)
    identity.release_case(officer, case.id)
    retention.erase_due(at(officer, 2040))
    assert destroyed(officer, case)


def test_a_hold_needs_a_basis_and_a_compliance_officer(anna: Context, officer: Context, ctx_for: ContextMaker) -> None:
    case = refused(anna, officer).case
    with pytest.raises(Invalid) as problem:
        identity.hold_case(officer, case.id, "  ")
    assert problem.value.field == "basis"
    with pytest.raises(Forbidden):
        identity.hold_case(ctx_for(Role.KYC_OFFICER), case.id, "Запрос")


def test_an_abandoned_draft_is_destroyed_after_a_year(anna: Context, officer: Context) -> None:
    case = identity.start(anna, ApplicantKind.PERSON, PERSON).case
    identity.attach(anna, case.id, "passport", "паспорт.pdf", PDF)
    retention.erase_due(at(officer, 2027, day=20))
    assert not destroyed(officer, case)
    retention.erase_due(at(officer, 2027, day=21))
    assert destroyed(officer, case)


def test_the_data_of_a_participant_stays_with_the_register(anna: Context, officer: Context) -> None:
    handed_in(anna)
    case = approve(anna, officer)[0].case
    retention.erase_due(at(officer, 2060))
    assert not destroyed(officer, case)


def test_the_worker_does_it_by_itself() -> None:
    assert retention.erase_due in TICKS
