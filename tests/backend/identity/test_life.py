"""An application from the first field to admission on chain, and what can happen on the way."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import select

from backend.core.context import Context
from backend.core.errors import Forbidden, Invalid, NotAllowedInState, NotFound, TooLarge
from backend.core.events import DomainEvent
from backend.core.journal import JournalEntry
from backend.core.pagination import PageRequest
from backend.core.permissions import CHAIN_ROLES, Role
from backend.custody import calls
from backend.custody import service as custody
from backend.custody.errors import IntentDiffers
from backend.custody.models import Intent
from backend.custody.states import IntentState
from backend.identity import participants
from backend.identity import service as identity
from backend.identity.errors import CaseExists, CaseInvalid, CaseNotOpen, ParticipantNotActive, TooManyFiles
from backend.identity.participants import follow_chain
from backend.identity.reactions import REACTIONS
from backend.identity.service import ApplicantKind, Ask, CaseState, CaseView, ParticipantStatus, RejectReason
from indexer.models import ChainParticipant, ChainProposal
from tests.backend.conftest import ContextMaker
from tests.backend.identity.forms import ORGANISATION, PERSON, changed
from tests.factories.chain import Chain, address, word, write_deployment

PDF = b"%PDF-1.7 synthetic"
YEAR = timedelta(days=365)


@pytest.fixture
def anna(ctx_for: ContextMaker) -> Context:
    made = ctx_for(Role.INVESTOR)
    write_deployment(made.settings)
    return made


@pytest.fixture
def officer(ctx_for: ContextMaker) -> Context:
    return ctx_for(Role.COMPLIANCE_OFFICER)


def handed_in(ctx: Context, form: dict[str, Any] = PERSON, kind: ApplicantKind = ApplicantKind.PERSON) -> CaseView:
    case = identity.start(ctx, kind, form).case
    identity.attach(ctx, case.id, "passport", "паспорт.pdf", PDF)
    return identity.submit(ctx, case.id)


def approve(ctx: Context, officer: Context, classes: list[str] | None = None) -> tuple[CaseView, Intent]:
    case = identity.mine(ctx)
    assert case is not None
    view = identity.approve(officer, case.case.id, classes or ["FREE"], officer.now() + YEAR)
    promises = custody.intents_of(ctx, participants.ADMIT_REF, str(view.case.participant_id))
    return view, promises[-1]


def answer(ctx: Context, intent: Intent, state: IntentState = IntentState.CONFIRMED) -> None:
    intent.state = state
    if intent.ref_kind in REACTIONS:
        REACTIONS[intent.ref_kind](ctx, intent)
    intent.handled = True
    ctx.session.add(intent)
    ctx.session.flush()


def admitted(ctx: Context, officer: Context, chain: Chain | None = None) -> identity.Participant:
    handed_in(ctx)
    view, intent = approve(ctx, officer)
    answer(ctx, intent)
    row = identity.participant(ctx, str(view.case.participant_id))
    made = chain or Chain(ctx.session)
    if made.number < 0:
        made.block(datetime.now(UTC))
    made.participant(row.wallet, 1)
    return row


def test_a_draft_keeps_what_was_typed_and_says_what_is_wrong(anna: Context) -> None:
    view = identity.start(anna, ApplicantKind.PERSON, {"last_name": "Ив4нова", "inn": "77"})
    assert view.form == {"last_name": "Ив4нова", "inn": "77"}
    assert {"last_name", "inn", "passport", "bank"} <= {one.field for one in view.problems}
    again = identity.save(anna, view.case.id, PERSON)
    assert (again.form, again.problems) == (PERSON, [])


def test_handing_in_tells_every_problem_at_once(anna: Context) -> None:
    case = identity.start(anna, ApplicantKind.PERSON, changed(PERSON, inn="1", phone="2", address=None)).case
    with pytest.raises(CaseInvalid) as refused:
        identity.submit(anna, case.id)
    assert {one.field for one in refused.value.problems} == {"inn", "phone", "address"}
    assert case.state == CaseState.DRAFT


def test_one_open_application_a_user(anna: Context) -> None:
    identity.start(anna, ApplicantKind.PERSON, {})
    with pytest.raises(CaseExists):
        identity.start(anna, ApplicantKind.PERSON, {})


def test_an_issuer_is_no_natural_person_and_an_officer_no_applicant(ctx_for: ContextMaker) -> None:
    with pytest.raises(Invalid):
        identity.start(ctx_for(Role.ISSUER_SIGNER), ApplicantKind.PERSON, {})
    with pytest.raises(Forbidden):
        identity.start(ctx_for(Role.KYC_OFFICER), ApplicantKind.ORGANISATION, {})


def test_automatic_checks_say_what_is_not_connected(anna: Context) -> None:
    view = handed_in(anna)
    assert view.case.state == CaseState.IN_REVIEW
    results = {one["code"]: one["result"] for one in view.case.checks}
    assert results["fields"] == results["duplicate"] == results["watchlist"] == "ok"
    assert results["egrul"] == results["passport_mvd"] == results["bank_name"] == "manual"
    with pytest.raises(CaseNotOpen):
        identity.save(anna, view.case.id, PERSON)


def test_remarks_go_to_their_fields_and_the_answer_is_a_new_version(anna: Context, officer: Context) -> None:
    case = handed_in(anna).case
    identity.ask(officer, case.id, [Ask("address", "Укажите индекс")])
    view = identity.mine(anna)
    assert view is not None
    assert [(one.field, one.text, one.version) for one in view.remarks] == [("address", "Укажите индекс", 1)]
    assert view.case.state == CaseState.NEED_INFO
    identity.save(anna, case.id, PERSON)
    assert identity.submit(anna, case.id).case.version == 2
    with pytest.raises(Invalid):
        identity.ask(officer, case.id, [Ask("form", "  ")])


def test_a_refusal_has_a_reason_and_can_be_answered(anna: Context, officer: Context) -> None:
    case = handed_in(anna).case
    with pytest.raises(Invalid):
        identity.reject(officer, case.id, RejectReason.DOCUMENTS, " ")
    view = identity.reject(officer, case.id, RejectReason.DOCUMENTS, "Скан нечитаем")
    assert (view.case.state, view.case.reject_reason) == (CaseState.REJECTED, "DOCUMENTS")
    again = identity.submit(anna, case.id)
    assert (again.case.state, again.case.version, again.case.reject_reason) == (CaseState.IN_REVIEW, 2, None)


def test_a_withdrawn_application_leaves_room_for_another(anna: Context) -> None:
    case = handed_in(anna).case
    assert identity.withdraw(anna, case.id).case.state == CaseState.WITHDRAWN
    assert identity.start(anna, ApplicantKind.PERSON, {}).case.id != case.id


def test_approval_makes_participant_and_wallet_and_promises_the_admission(anna: Context, officer: Context) -> None:
    handed_in(anna)
    view, intent = approve(anna, officer, ["LIMIT"])
    row = identity.participant(anna, str(view.case.participant_id))
    assert (view.case.state, row.status) == (CaseState.ADMITTING, ParticipantStatus.ADMITTING)
    assert row.number.startswith("KPT-INV-")
    assert (intent.contract, intent.function, intent.wallet) == ("Participants", "admit", officer.actor.wallet)
    decoded = calls.decode_call("Participants", intent.data)
    assert decoded is not None
    assert list(decoded[1].values())[:3] == [[row.wallet], [1], [1 | 2]]
    assert row.wallet == custody.wallet_of(anna, "participant", row.id)
    answer(anna, intent)
    assert (view.case.state, row.status) == (CaseState.APPROVED, ParticipantStatus.ACTIVE)
    kinds = [one.kind for one in anna.session.exec(select(DomainEvent).where(DomainEvent.participant_id == row.id))]
    assert "identity.case.approved" in kinds


def test_an_admission_that_the_chain_refuses_goes_back_to_review_and_can_be_repeated(
    anna: Context, officer: Context
) -> None:
    handed_in(anna)
    view, first = approve(anna, officer)
    answer(anna, first, IntentState.FAILED)
    assert view.case.state == CaseState.IN_REVIEW
    again, second = approve(anna, officer)
    assert again.case.participant_id == view.case.participant_id
    assert second.id != first.id
    answer(anna, second)
    assert view.case.state == CaseState.APPROVED


@pytest.mark.parametrize(("classes", "days"), [([], 1), (["GOLD"], 1), (["FREE"], -1)])
def test_approval_needs_classes_and_a_term(anna: Context, officer: Context, classes: list[str], days: int) -> None:
    case = handed_in(anna).case
    with pytest.raises(Invalid):
        identity.approve(officer, case.id, classes, officer.now() + timedelta(days=days))


def test_a_foreign_application_is_not_there(anna: Context, ctx_for: ContextMaker) -> None:
    case = handed_in(anna).case
    file_id = identity.mine(anna).files[0][0].id  # type: ignore[union-attr]  # it exists
    boris = ctx_for(Role.INVESTOR)
    for act in (
        lambda: identity.save(boris, case.id, {}),
        lambda: identity.submit(boris, case.id),
        lambda: identity.withdraw(boris, case.id),
        lambda: identity.own_file(boris, file_id),
        lambda: identity.attach(boris, case.id, "other", "a.pdf", PDF),
        lambda: identity.own_file(anna, file_id, "another case"),
    ):
        with pytest.raises(NotFound):
            act()
    assert identity.own_file(anna, file_id, case.id)[1] == PDF


def test_only_the_right_officers_look_and_decide(anna: Context, ctx_for: ContextMaker) -> None:
    case = handed_in(anna).case
    kyc, treasurer = ctx_for(Role.KYC_OFFICER), ctx_for(Role.TREASURER)
    assert identity.open_case(kyc, case.id).form == identity.mine(anna).form  # type: ignore[union-attr]  # it exists
    with pytest.raises(Forbidden):
        identity.approve(kyc, case.id, ["FREE"], kyc.now() + YEAR)
    for ctx in (treasurer, anna):
        with pytest.raises(Forbidden):
            identity.open_case(ctx, case.id)
        with pytest.raises(Forbidden):
            identity.queue(ctx, PageRequest())
        with pytest.raises(Forbidden):
            identity.reject(ctx, case.id, RejectReason.OTHER, "нет")


def test_a_draft_is_not_shown_to_officers(anna: Context, officer: Context) -> None:
    case = identity.start(anna, ApplicantKind.PERSON, {}).case
    with pytest.raises(NotFound):
        identity.open_case(officer, case.id)
    assert case.id not in [one.id for one in identity.queue(officer, PageRequest(size=200)).items]


def alone(secret: str, text_: str) -> bool:
    """Whether the value stands in the text and is not merely four digits of some hash."""
    return re.search(rf"(?<![0-9a-f]){re.escape(secret)}(?![0-9a-f])", text_) is not None


def test_personal_data_stand_nowhere_in_clear(anna: Context, officer: Context) -> None:
    row = admitted(anna, officer)
    identity.block(officer, row.id, "Запрос органа", "")
    secrets = ["Иванова", "770012345606", "4510", "123456", "9001234567", "Примерная"]
    tables = ("kyc_cases", "kyc_case_versions", "kyc_case_files", "participants", "participant_history", "intents")
    for table in (*tables, "journal_entries", "domain_events"):
        for line in anna.session.execute(text(f"SELECT * FROM {table}")):  # noqa: S608 - names of our tables
            clear = " ".join(str(value) for value in line if not isinstance(value, bytes | memoryview))
            sealed = b" ".join(bytes(value) for value in line if isinstance(value, bytes | memoryview))
            found = [one for one in secrets if alone(one, clear) or (len(one) > 4 and one.encode() in sealed)]
            assert not found, (table, found)
    assert anna.session.exec(select(JournalEntry).where(JournalEntry.entity_id == row.id)).all()


def test_documents_are_checked_by_content_and_counted(anna: Context) -> None:
    case = identity.start(anna, ApplicantKind.PERSON, {}).case
    for data, error in ((b"MZ program", Invalid), (b"", Invalid), (PDF + b"0" * 10 * 1024 * 1024, TooLarge)):
        with pytest.raises(error) as refused:
            identity.attach(anna, case.id, "passport", "passport.pdf", data)
        assert [one.field for one in refused.value.problems] == ["file"]
    with pytest.raises(Invalid):
        identity.attach(anna, case.id, "selfie", "a.pdf", PDF)
    stored = [identity.attach(anna, case.id, "other", f"{number}.pdf", PDF) for number in range(10)]
    with pytest.raises(TooManyFiles):
        identity.attach(anna, case.id, "other", "11.pdf", PDF)
    identity.detach(anna, case.id, stored[0].id)
    identity.attach(anna, case.id, "other", "11.pdf", PDF)


def test_an_organisation_becomes_an_issuer(ctx_for: ContextMaker, officer: Context) -> None:
    firm = ctx_for(Role.ISSUER_EDITOR)
    write_deployment(firm.settings)
    handed_in(firm, ORGANISATION, ApplicantKind.ORGANISATION)
    view, intent = approve(firm, officer)
    answer(firm, intent)
    row = identity.participant(firm, str(view.case.participant_id))
    assert row.number.startswith("KPT-ISS-")
    assert row.tax_status == "self_taxed"
    assert identity.display_name(firm, row.id) == "ООО «Завод металлоконструкций № 1»"


def test_the_same_document_of_another_applicant_is_noticed(anna: Context, ctx_for: ContextMaker) -> None:
    handed_in(anna)
    twin = handed_in(ctx_for(Role.INVESTOR), changed(PERSON, inn=None))
    assert {one["code"]: one["result"] for one in twin.case.checks}["duplicate"] == "warn"


def test_watch_lists_are_compared_at_import_and_at_submission(
    anna: Context, officer: Context, ctx_for: ContextMaker
) -> None:
    row = admitted(anna, officer)
    result = identity.import_list(officer, "РФМ", "ИВАНОВА  мария петровна;\nДругой;7700123459\n".encode())
    assert (result.rows, result.participants) == (2, [row.number])
    listed = handed_in(ctx_for(Role.ISSUER_SIGNER), ORGANISATION, ApplicantKind.ORGANISATION)
    assert {one["code"]: one["result"] for one in listed.case.checks}["watchlist"] == "fail"
    assert identity.import_list(officer, "РФМ", "Никто;\n".encode()).participants == []
    for content in (b"", b"\xff\xfe"):
        with pytest.raises(Invalid):
            identity.import_list(officer, "РФМ", content)
    with pytest.raises(Forbidden):
        identity.import_list(anna, "РФМ", b"a;b")


# --- participants ----------------------------------------------------------------------------------------------------


def as_participant(maker: ContextMaker, row: identity.Participant) -> Context:
    return maker(Role.INVESTOR, participant_id=row.id)


def test_a_blocked_participant_acts_no_more_until_two_officers_unblock(
    anna: Context, officer: Context, ctx_for: ContextMaker
) -> None:
    row = admitted(anna, officer)
    user = as_participant(ctx_for, row)
    assert identity.require_trading(user).id == row.id
    with pytest.raises(Invalid):
        identity.block(officer, row.id, " ", "")
    blocked = identity.block(officer, row.id, "Запрос органа", "")
    assert (blocked.function, blocked.args[0]) == ("block_", row.wallet)
    with pytest.raises(ParticipantNotActive):
        identity.require_trading(user)
    follow_chain(anna)
    assert row.status == ParticipantStatus.BLOCKED, "the chain has not heard of it yet"
    answer(anna, blocked)
    proposal = identity.propose_unblock(officer, row.id, "Запрос отозван", "ab" * 32)
    assert (proposal.contract, proposal.function) == ("FourEyes", "propose")
    chain = anna.session.get_one(ChainParticipant, row.wallet)
    chain.status = "BLOCKED"
    anna.session.add(chain)
    follow_chain(anna)
    assert row.status == ParticipantStatus.BLOCKED
    chain.status = "ACTIVE"
    anna.session.add(chain)
    follow_chain(anna)
    assert row.status == ParticipantStatus.ACTIVE


def test_a_block_that_the_chain_refused_stays_in_force_here(anna: Context, officer: Context) -> None:
    row = admitted(anna, officer)
    answer(anna, identity.block(officer, row.id, "Запрос органа", ""), IntentState.FAILED)
    follow_chain(anna)
    assert row.status == ParticipantStatus.BLOCKED


def test_an_admission_that_has_ended_stops_trading(anna: Context, officer: Context, ctx_for: ContextMaker) -> None:
    row = admitted(anna, officer)
    chain = anna.session.get_one(ChainParticipant, row.wallet)
    chain.admitted_until = int(anna.now().timestamp()) - 1
    anna.session.add(chain)
    with pytest.raises(ParticipantNotActive):
        identity.require_trading(as_participant(ctx_for, row))


def test_a_change_of_classes_has_a_basis_and_a_refused_one_can_be_asked_again(anna: Context, officer: Context) -> None:
    row = admitted(anna, officer)
    until = officer.now() + YEAR
    for classes, at, basis in ((["GOLD"], until, "тест"), (["QUAL"], officer.now(), "тест"), (["QUAL"], until, " ")):
        with pytest.raises(Invalid):
            identity.update(officer, row.id, classes, at, basis)
    first = identity.update(officer, row.id, ["TEST"], until, "Тест пройден")
    assert first.args[1] == 1 | 4
    assert identity.update(officer, row.id, ["TEST"], until, "Тест пройден").id == first.id
    answer(anna, first, IntentState.REVERTED)
    assert identity.update(officer, row.id, ["TEST"], until, "Тест пройден").id != first.id


def test_the_operators_own_account_is_made_once(anna: Context, officer: Context) -> None:
    until = officer.now() + YEAR
    first = identity.admit_system(officer, "TAX", until)
    assert identity.admit_system(officer, "TAX", until).id == first.id
    with pytest.raises(IntentDiffers):
        identity.admit_system(officer, "TAX", until + timedelta(days=1))
    assert (first.number, first.status) == ("KPT-SYS-TAX", ParticipantStatus.ADMITTING)
    with pytest.raises(Invalid):
        identity.admit_system(officer, "TAX", officer.now() - YEAR)
    chain = Chain(anna.session)
    chain.block(datetime.now(UTC))
    chain.participant(first.wallet, 2, kind="SYSTEM")
    follow_chain(anna)
    assert first.status == ParticipantStatus.ACTIVE


def test_the_register_is_searched_by_number_address_and_whole_inn(anna: Context, officer: Context) -> None:
    row = admitted(anna, officer)
    for q in (row.number, row.wallet, "770012345606"):
        assert [one.id for one in identity.register(officer, PageRequest(q=q)).items] == [row.id]
    assert identity.register(officer, PageRequest(q="77001234560")).items == []


# --- a second officer ------------------------------------------------------------------------------------------------


def proposal(ctx: Context, proposer: str, state: str = "PROPOSED") -> ChainProposal:
    now = datetime.now(UTC)
    row = ChainProposal(
        id=5,
        proposer=proposer,
        target=address(1),
        target_name="Participants",
        role=str(CHAIN_ROLES[Role.COMPLIANCE_OFFICER]),
        role_name="COMPLIANCE",
        selector="0x",
        data=calls.encode("Participants", "unblock", [address(3)]),
        reason=word(1),
        document_hash=word(2),
        expires_at=int(now.timestamp()) + 1000,
        state=state,
        proposed_block=1,
        proposed_tx=word(3),
        proposed_at=now,
    )
    ctx.session.add(row)
    ctx.session.flush()
    return row


def test_a_task_shows_the_call_and_another_officer_of_the_role_approves(
    anna: Context, officer: Context, ctx_for: ContextMaker
) -> None:
    row = proposal(anna, str(officer.actor.wallet))
    (task,) = identity.waiting(officer)
    assert (task.contract, task.function, task.arguments, task.mine) == (
        "Participants",
        "unblock",
        {"who": address(3)},
        True,
    )
    with pytest.raises(Forbidden):
        identity.approve_task(officer, row.id)
    with pytest.raises(Forbidden):
        identity.approve_task(ctx_for(Role.MODERATOR), row.id)
    second = ctx_for(Role.COMPLIANCE_OFFICER)
    intent = identity.approve_task(second, row.id)
    assert (intent.function, intent.args) == ("approve", [5, row.data])
    assert identity.approve_task(second, row.id).id == intent.id, "a double click is one approval"
    answer(anna, intent, IntentState.FAILED)
    assert identity.approve_task(second, row.id).id != intent.id
    with pytest.raises(NotFound):
        identity.approve_task(second, 6)


def test_a_closed_proposal_is_no_task(anna: Context, officer: Context) -> None:
    row = proposal(anna, address(9), "EXECUTED")
    assert identity.waiting(officer) == []
    for act in (identity.approve_task, identity.cancel_task):
        with pytest.raises(NotAllowedInState):
            act(officer, row.id)


def test_the_proposer_may_withdraw(anna: Context, officer: Context) -> None:
    row = proposal(anna, str(officer.actor.wallet))
    assert identity.cancel_task(officer, row.id).function == "cancel"


def test_nobody_without_a_participant_has_one(anna: Context) -> None:
    stranger = replace(anna, actor=replace(anna.actor, participant_id=None))
    with pytest.raises(ParticipantNotActive):
        identity.own(stranger)
