"""An issue from the issuer's first line to the register: drafts, documents, signature, two moderators, what the chain shows."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from backend.core.clock import MSK
from backend.core.context import Actor, Context
from backend.core.errors import Forbidden, Invalid, NotAllowedInState, NotFound, StepUpRequired
from backend.core.pagination import PageRequest
from backend.core.permissions import Role
from backend.custody import calls
from backend.custody import service as custody
from backend.custody.models import Intent
from backend.custody.states import IntentState
from backend.identity import participants
from backend.identity.service import Participant, ParticipantStatus
from backend.issues import moderation
from backend.issues import service as issues
from backend.issues.decision import read_decision_yaml, validate_decision
from backend.issues.errors import (
    DocumentMissing,
    IssueNotEditable,
    IssuerDiffers,
    IssueUnknown,
    NotDeployable,
    SameModerator,
)
from backend.issues.reactions import REACTIONS
from backend.issues.service import Draft, IssueState
from indexer.models import ChainIssue, ChainPlacement, ChainProposal
from tests.backend.conftest import ContextMaker
from tests.factories.chain import Chain, address, word, write_deployment

DECISIONS = Path(__file__).parents[2] / "cases" / "decisions"
PDF = b"%PDF-1.7 synthetic"
ASSET = address(0xA55E7)
INN, OGRN = "7700123459", "1207700123454"


def content_of(name: str) -> dict[str, Any]:
    return read_decision_yaml((DECISIONS / name).read_bytes())


COUPON = "01-monthly-coupon.yaml"
DISCOUNT = "02-thirty-day-discount.yaml"


def factory(ctx: Context, inn: str = INN, ogrn: str = OGRN) -> Participant:
    content = {"name": "ООО «Завод»", "full_name": "ООО «Завод»", "inn": inn, "ogrn": ogrn, "bank": {}}
    row = participants._new(ctx, "ORGANISATION", "issuer", content)
    row.status = ParticipantStatus.ACTIVE
    ctx.session.add(row)
    ctx.session.flush()
    return row


@pytest.fixture
def issuer(ctx_for: ContextMaker) -> Context:
    base = ctx_for(system="worker")
    write_deployment(base.settings)
    return ctx_for(Role.ISSUER_SIGNER, participant_id=factory(base).id)


def complete(ctx: Context, name: str = COUPON) -> Draft:
    """A draft with every document that its decision names."""
    content = content_of(name)
    content["issuer"] = {**content["issuer"], "inn": INN, "ogrn": OGRN}
    draft = issues.create(ctx, content)
    for document in content["documents"]:
        issues.attach(ctx, draft.issue.id, document, PDF)
    return draft


def submitted(ctx: Context, name: str = COUPON) -> issues.Issue:
    return issues.submit(ctx, complete(ctx, name).issue.id).issue


def answer(ctx: Context, intent: Intent, state: IntentState = IntentState.CONFIRMED) -> None:
    intent.state, intent.tx_hash = state, word(0x777)
    if state != IntentState.CONFIRMED:
        intent.error_ru, intent.error_en = "Отказ.", "Refused."
    # What follows is the worker's act, whoever asked.
    REACTIONS[intent.ref_kind](replace(ctx, actor=Actor.system("worker")), intent)
    intent.handled = True
    ctx.session.add(intent)
    ctx.session.flush()


def last(ctx: Context, kind: str, issue: issues.Issue) -> Intent:
    return custody.intents_of(ctx, kind, issue.id)[-1]


def proposed(ctx: Context, issue: issues.Issue, number: int = 1) -> ChainProposal:
    """The first approval's proposal, mirrored."""
    intent = last(ctx, moderation.PROPOSE_REF, issue)
    now = datetime.now(UTC)
    row = ChainProposal(
        id=number,
        proposer=intent.wallet,
        target=intent.args[0],
        target_name="IssueRegistry",
        role="3",
        role_name="MODERATOR",
        selector="0x",
        data=intent.args[1],
        reason=intent.args[2],
        document_hash=intent.args[3],
        expires_at=intent.args[4],
        state="PROPOSED",
        proposed_block=1,
        proposed_tx=word(0x777),
        proposed_at=now,
    )
    ctx.session.add(row)
    ctx.session.flush()
    answer(ctx, intent)
    return row


# --- drafts ----------------------------------------------------------------------------------------------------------


def test_a_draft_keeps_invalid_content_and_names_what_is_wrong(issuer: Context) -> None:
    content = {"title": "Черновик", "units": {"maximum": "много"}, "anything": [1, {"x": None}]}
    draft = issues.create(issuer, content)
    assert (draft.issue.content, draft.issue.state) == (content, IssueState.DRAFT)
    assert {"units.maximum", "anything"} <= {one.field for one in draft.problems}
    again = issues.save(issuer, draft.issue.id, content_of(COUPON))
    assert again.problems == []
    assert again.issue.title.startswith("Завод-1")
    assert issues.create(issuer, {"title": 5}).issue.title == "Без названия"


def test_a_draft_is_made_from_the_issuers_own_file(issuer: Context) -> None:
    draft = issues.create_from_file(issuer, (DECISIONS / COUPON).read_bytes())
    assert draft.problems == []
    assert draft.issue.content["redemption"]["date"] == "2027-06-04"


def test_numbers_rise_and_name_the_year(issuer: Context) -> None:
    first, second = (issues.create(issuer, {}).issue.number for _ in range(2))
    assert first.startswith(f"KPT-{datetime.now(MSK).year}-")
    assert int(second[-6:]) == int(first[-6:]) + 1


def test_a_draft_belongs_to_its_organisation(issuer: Context, ctx_for: ContextMaker) -> None:
    draft = issues.create(issuer, content_of(COUPON))
    other = ctx_for(Role.ISSUER_SIGNER, participant_id=factory(issuer, "7700000070", "1217700000100").id)
    for act in (
        lambda: issues.save(other, draft.issue.id, {}),
        lambda: issues.my_draft(other, draft.issue.id),
        lambda: issues.submit(other, draft.issue.id),
        lambda: issues.recall(other, draft.issue.id),
        lambda: issues.issue_page(other, draft.issue.id),
    ):
        with pytest.raises(IssueUnknown):
            act()
    with pytest.raises(IssueUnknown):
        issues.open_issue(ctx_for(Role.MODERATOR), draft.issue.id)
    with pytest.raises(Forbidden):
        issues.create(ctx_for(Role.INVESTOR), {})
    assert issues.my_issues(other, PageRequest()).total == 0


def test_a_document_is_replaced_by_its_name_and_at_most_ten_are_taken(issuer: Context) -> None:
    draft = issues.create(issuer, {})
    first = issues.attach(issuer, draft.issue.id, "a.pdf", PDF)
    second = issues.attach(issuer, draft.issue.id, "folder/a.pdf", PDF + b"2")
    assert (second.name, second.file_id == first.file_id) == ("a.pdf", False)
    assert issues.document(issuer, draft.issue.id, "a.pdf")[1] == PDF + b"2"
    for number in range(9):
        issues.attach(issuer, draft.issue.id, f"{number}.pdf", PDF)
    with pytest.raises(Invalid):
        issues.attach(issuer, draft.issue.id, "eleventh.pdf", PDF)
    with pytest.raises(NotFound):
        issues.document(issuer, draft.issue.id, "absent.pdf")


# --- signature -------------------------------------------------------------------------------------------------------


def test_every_document_that_the_decision_names_is_needed(issuer: Context) -> None:
    draft = issues.create(issuer, content_of(COUPON))
    issues.attach(issuer, draft.issue.id, "charter.pdf", PDF)
    with pytest.raises(DocumentMissing) as refused:
        issues.submit(issuer, draft.issue.id)
    assert "decision.pdf" in refused.value.text("ru")
    assert "charter.pdf" not in refused.value.text("ru")
    assert draft.issue.state == IssueState.DRAFT


def test_the_decision_must_name_the_issuer_who_signs(ctx_for: ContextMaker, issuer: Context) -> None:
    other = ctx_for(Role.ISSUER_SIGNER, participant_id=factory(issuer, "7700000070", "1217700000100").id)
    draft = issues.create(other, content_of(COUPON))
    with pytest.raises(IssuerDiffers) as refused:
        issues.submit(other, draft.issue.id)
    assert [one.field for one in refused.value.problems] == ["issuer.inn"]


def test_only_a_signer_with_a_fresh_second_factor_signs(issuer: Context, ctx_for: ContextMaker) -> None:
    draft = complete(issuer)
    owner = issuer.actor.participant_id
    with pytest.raises(Forbidden):
        issues.submit(ctx_for(Role.ISSUER_EDITOR, participant_id=owner), draft.issue.id)
    with pytest.raises(StepUpRequired):
        issues.submit(ctx_for(Role.ISSUER_SIGNER, participant_id=owner, stepped_up=False), draft.issue.id)


def test_an_issue_priced_by_a_formula_is_only_drafted(issuer: Context) -> None:
    draft = complete(issuer, "04-gold-linked.yaml")
    assert draft.problems == []
    with pytest.raises(NotDeployable):
        issues.submit(issuer, draft.issue.id)


def test_what_was_signed_is_kept_by_version_and_hash(issuer: Context) -> None:
    row = submitted(issuer)
    (version,) = issues.my_draft(issuer, row.id).versions
    assert (version.version, version.decision_hash, version.signed_by) == (1, row.decision_hash, issuer.actor.user_id)
    with pytest.raises(IssueNotEditable):
        issues.save(issuer, row.id, {})
    assert issues.recall(issuer, row.id).issue.state == IssueState.RECALLED
    with pytest.raises(NotAllowedInState):
        issues.recall(issuer, row.id)


def test_the_hash_of_the_decision_is_taken_of_its_meaning(issuer: Context) -> None:
    assert submitted(issuer).decision_hash == submitted(issuer).decision_hash
    other = complete(issuer)
    issues.save(issuer, other.issue.id, {**other.issue.content, "title": "Другое"})
    assert issues.submit(issuer, other.issue.id).issue.decision_hash != submitted(issuer).decision_hash


# --- moderation ------------------------------------------------------------------------------------------------------


def test_remarks_send_it_back_and_the_answer_is_signed_anew(issuer: Context, ctx_for: ContextMaker) -> None:
    row, moderator = submitted(issuer), ctx_for(Role.MODERATOR)
    issues.remark(moderator, row.id, [("lock.until", "Почему до 31 декабря?")])
    draft = issues.my_draft(issuer, row.id)
    assert draft.issue.state == IssueState.REMARKS
    assert [(one.field, one.text) for one in draft.remarks] == [("lock.until", "Почему до 31 декабря?")]
    assert issues.submit(issuer, row.id).issue.version == 2
    with pytest.raises(Invalid):
        issues.reject(moderator, row.id, " ")
    assert issues.reject(moderator, row.id, "Не наш профиль").issue.state == IssueState.REJECTED
    with pytest.raises(Forbidden):
        issues.reject(issuer, row.id, "сам")


def test_two_moderators_put_an_issue_into_the_register(issuer: Context, ctx_for: ContextMaker) -> None:
    row, first, second = submitted(issuer), ctx_for(Role.MODERATOR), ctx_for(Role.MODERATOR)
    checks = {one.code: one.ok for one in issues.checklist(first, row)}
    assert checks["documents"] is True
    assert checks["terms"] is True
    issues.approve(first, row.id)
    with pytest.raises(SameModerator):
        issues.approve(first, row.id)
    with pytest.raises(Invalid) as early:
        issues.approve(second, row.id)
    assert early.value.code == "proposal_pending"
    proposal = proposed(issuer, row)
    assert row.proposal_id == proposal.id
    assert proposal.document_hash == "0x" + str(row.decision_hash).removeprefix("0x")
    issues.approve(second, row.id)
    deploy = last(issuer, moderation.DEPLOY_REF, row)
    assert (deploy.wallet, deploy.args) == (second.actor.wallet, [proposal.id, proposal.data])
    answer(issuer, deploy)
    assert (row.state, row.published_at is not None) == (IssueState.DEPLOYED, True)


def test_a_refused_proposal_and_a_refused_deployment_can_be_repeated(issuer: Context, ctx_for: ContextMaker) -> None:
    row, first, second = submitted(issuer), ctx_for(Role.MODERATOR), ctx_for(Role.MODERATOR)
    issues.approve(first, row.id)
    answer(issuer, last(issuer, moderation.PROPOSE_REF, row), IntentState.FAILED)
    assert (row.state, row.error_ru) == (IssueState.MODERATION, "Отказ.")
    issues.approve(first, row.id)
    proposed(issuer, row)
    assert row.error_ru is None
    issues.approve(second, row.id)
    answer(issuer, last(issuer, moderation.DEPLOY_REF, row), IntentState.REVERTED)
    assert (row.state, row.second_moderator) == (IssueState.APPROVED, None)
    issues.approve(second, row.id)
    assert len(custody.intents_of(issuer, moderation.DEPLOY_REF, row.id)) == 2


@pytest.mark.parametrize("end", ["CANCELLED", "expired"])
def test_a_proposal_that_died_is_made_anew(issuer: Context, ctx_for: ContextMaker, end: str) -> None:
    row, first = submitted(issuer), ctx_for(Role.MODERATOR)
    issues.approve(first, row.id)
    proposal = proposed(issuer, row)
    if end == "CANCELLED":
        proposal.state = end
    else:
        proposal.expires_at = int(issuer.now().timestamp()) - 1
    issuer.session.add(proposal)
    issues.approve(first, row.id)
    assert (row.state, row.proposal_id) == (IssueState.APPROVED, None)
    assert len(custody.intents_of(issuer, moderation.PROPOSE_REF, row.id)) == 2


def test_a_deployment_approved_among_the_tasks_is_followed(issuer: Context, ctx_for: ContextMaker) -> None:
    row = submitted(issuer)
    issues.approve(ctx_for(Role.MODERATOR), row.id)
    proposed(issuer, row)
    moderation.follow_chain(issuer)
    assert row.state == IssueState.APPROVED
    chain = Chain(issuer.session)
    chain.block(issuer.now())
    chain.issue(row.chain_id_hash, ASSET, address(1), record_dates=[issuer.now()], state="PLACEMENT")
    moderation.follow_chain(issuer)
    moderation.follow_chain(issuer)
    assert row.state == IssueState.DEPLOYED


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def test_the_register_is_given_the_terms_of_the_coupon_case(issuer: Context) -> None:
    row = submitted(issuer)
    terms, placement = moderation.deployment_args(issuer, row, validate_decision(row.content))
    wallet = custody.wallet_of(issuer, "participant", row.participant_id)
    records = ["2027-01-10", "2027-02-03", "2027-03-03", "2027-04-04", "2027-05-03", "2027-06-03"]
    assert terms == [
        row.chain_id_hash,
        wallet,
        row.decision_hash,
        "Завод-1: заём на пополнение оборотных средств, 6 месяцев",
        row.number,
        100_000,
        10_000,
        1,
        seconds("2026-12-31T23:59:59+03:00"),
        seconds("2027-06-04T23:59:59+03:00"),
        0,
        True,
        [seconds(f"{day}T23:59:59+03:00") for day in records],
    ]
    assert placement == [
        100_000,
        3000,
        1,
        5000,
        seconds("2026-12-01T10:00:00+03:00"),
        seconds("2026-12-04T15:00:00+03:00"),
        seconds("2026-12-04T15:00:00+03:00"),
        0,
    ]
    data = calls.encode("IssueRegistry", "deploy", [terms, placement])
    decoded = calls.decode_call("IssueRegistry", data)
    assert decoded is not None
    assert next(iter(decoded[1].values()))[5:8] == [100_000, 10_000, 1]


def test_the_register_is_given_the_terms_of_the_discount_case(issuer: Context) -> None:
    row = submitted(issuer, DISCOUNT)
    terms, placement = moderation.deployment_args(issuer, row, validate_decision(row.content))
    assert terms[3:9] == ["Ритейл-Сеть: краткосрочные ЦФА, 30 дней", row.number, 100, 500_000_000, 1, 0]
    assert terms[9] == seconds("2027-01-11T23:59:59+03:00"), "the eighth is a holiday"
    assert len(terms[12]) <= 1
    assert all(one <= terms[9] for one in terms[12])
    assert placement == [
        100,
        1,
        1000,
        100_000_000,
        seconds("2026-12-07T09:00:00+03:00"),
        seconds("2026-12-08T18:00:00+03:00"),
        seconds("2026-12-09T00:00:00+03:00"),
        1,
    ]
    assert calls.encode("IssueRegistry", "deploy", [terms, placement])


# --- in the register -------------------------------------------------------------------------------------------------


def in_register(ctx: Context, row: issues.Issue) -> tuple[Chain, ChainIssue, ChainPlacement]:
    now = ctx.now()
    row.state = IssueState.DEPLOYED
    chain = Chain(ctx.session)
    chain.block(now)
    chain.issue(row.chain_id_hash, ASSET, address(1), record_dates=[now + timedelta(days=9)], state="PLACEMENT")
    sale = ChainPlacement(
        issue_id=row.chain_id_hash,
        asset=ASSET,
        issuer=address(1),
        state="OPEN",
        price_kopeks=100_000,
        minimum_units=1,
        maximum_units=10_000,
        order_min=1,
        order_max=5000,
        starts_at=int((now - timedelta(hours=1)).timestamp()),
        ends_at=int((now + timedelta(hours=1)).timestamp()),
        crediting_at=int((now + timedelta(hours=2)).timestamp()),
        allocation="FIFO",
        opened_block=0,
        opened_tx=word(1),
        opened_at=now,
    )
    ctx.session.add_all([row, sale])
    ctx.session.flush()
    return chain, ctx.session.get_one(ChainIssue, row.chain_id_hash), sale


HOUR, DAY = 3600, 86400


@pytest.mark.parametrize(
    ("sale", "issue", "run", "expected"),
    [
        ({}, {}, None, "PLACEMENT"),
        ({"starts_at": HOUR}, {}, None, "SCHEDULED"),
        ({"ends_at": -HOUR}, {}, None, "ALLOCATION"),
        ({"state": "SUSPENDED"}, {}, None, "SUSPENDED"),
        ({"state": "SETTLING"}, {}, None, "ALLOCATION"),
        ({"state": "SETTLING", "crediting_at": -HOUR}, {}, None, "SETTLEMENT"),
        ({"state": "REFUNDING"}, {}, None, "FAILED_MINIMUM"),
        ({"state": "FAILED"}, {"state": "FAILED"}, None, "CANCELLED"),
        ({"state": "DONE"}, {"state": "CIRCULATION", "circulation_ends_at": DAY}, None, "CIRCULATION"),
        ({"state": "DONE"}, {"state": "CIRCULATION", "circulation_ends_at": 0}, None, "CIRCULATION"),
        ({"state": "DONE"}, {"state": "CIRCULATION", "locked_until": HOUR}, None, "LOCKED"),
        ({"state": "DONE"}, {"state": "CIRCULATION", "circulation_ends_at": -HOUR}, None, "REDEMPTION"),
        ({"state": "DONE"}, {"state": "CIRCULATION"}, "OVERDUE", "OVERDUE"),
        ({"state": "DONE"}, {"state": "CIRCULATION"}, "DEFAULTED", "DEFAULT"),
        ({"state": "DONE"}, {"state": "REDEEMED"}, None, "REDEEMED"),
        ({"state": "DONE"}, {"state": "CLOSED"}, None, "CLOSED"),
    ],
)
def test_the_state_of_an_issue_is_told_by_the_chain_and_the_clock(
    issuer: Context, sale: dict[str, Any], issue: dict[str, Any], run: str | None, expected: str
) -> None:
    row = submitted(issuer)
    chain, of_chain, of_sale = in_register(issuer, row)
    now = int(issuer.now().timestamp())
    for target, facts in ((of_sale, sale), (of_chain, issue)):
        for name, value in facts.items():
            setattr(target, name, now + value if isinstance(value, int) and value else value)
        issuer.session.add(target)
    if run is not None:
        made = chain.run(word(1), ASSET, kind="COUPON", micro=1, due_at=issuer.now())
        made.state = run
        issuer.session.add(made)
    issuer.session.flush()
    assert issues.state_of(issuer, row) == expected


def test_holders_are_shown_to_the_issuer_and_to_officers_as_of_a_moment(issuer: Context, ctx_for: ContextMaker) -> None:
    row = submitted(issuer)
    chain, _, _ = in_register(issuer, row)
    then = issuer.now()
    chain.hold(ASSET, address(5), 10)
    chain.block(then + timedelta(seconds=5))
    chain.hold(ASSET, address(5), 0)
    chain.hold(ASSET, address(6), 7)
    found = issues.holders(issuer, row.id, then + timedelta(seconds=1))
    assert [(one.wallet, one.units, one.name) for one in found] == [(address(5), 10, None)]
    registrar = ctx_for(Role.REGISTRAR)
    later = issues.holders(registrar, row.id, then + timedelta(seconds=5))
    assert [(one.wallet, one.units) for one in later] == [(address(6), 7)]
    with pytest.raises(Forbidden):
        issues.holders(ctx_for(Role.INVESTOR), row.id)
    other = ctx_for(Role.ISSUER_EDITOR, participant_id=factory(issuer, "7700000070", "1217700000100").id)
    with pytest.raises(Forbidden):
        issues.holders(other, row.id)


def test_an_investor_sees_an_issue_only_in_the_register_and_an_officer_earlier(
    issuer: Context, ctx_for: ContextMaker
) -> None:
    row, investor = submitted(issuer), ctx_for(Role.INVESTOR)
    with pytest.raises(IssueUnknown):
        issues.issue_page(investor, row.id)
    assert issues.issue_page(ctx_for(Role.MODERATOR), row.id).issuer_name == "ООО «Завод»"
    in_register(issuer, row)
    page = issues.issue_page(investor, row.id)
    assert (page.state, len(page.payments), len(page.documents)) == ("PLACEMENT", 6, 4)
    assert issues.document(investor, row.id, "charter.pdf")[1] == PDF
    assert [one.issue.id for one in issues.catalogue(investor, PageRequest(q=row.number)).items] == [row.id]
    flow = issues.preview(investor, row.id, 10)
    assert flow[0].total_kopeks == -1_000_000
    with pytest.raises(Invalid):
        issues.preview(investor, row.id, 0)


def test_content_given_by_the_caller_is_not_shared(issuer: Context) -> None:
    content = content_of(COUPON)
    before = copy.deepcopy(content)
    draft = issues.create(issuer, content)
    issues.save(issuer, draft.issue.id, {"title": "Новый"})
    assert content == before
