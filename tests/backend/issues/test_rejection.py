"""A refusal after the first approval: nothing of the issue stays open on chain, whatever the moment it falls into."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from backend.core.context import Context
from backend.core.errors import NotAllowedInState
from backend.core.journal import JournalEntry
from backend.core.permissions import Role
from backend.custody import service as custody
from backend.custody.states import IntentState
from backend.issues import moderation
from backend.issues import service as issues
from backend.issues.service import IssueState
from tests.backend.conftest import ContextMaker
from tests.backend.issues.test_life import ASSET, answer, factory, last, proposed, submitted
from tests.factories.chain import Chain, address, write_deployment


@pytest.fixture
def issuer(ctx_for: ContextMaker) -> Context:
    base = ctx_for(system="worker")
    write_deployment(base.settings)
    return ctx_for(Role.ISSUER_SIGNER, participant_id=factory(base).id)


@pytest.fixture
def row(issuer: Context, ctx_for: ContextMaker) -> issues.Issue:
    """An issue that one moderator has approved."""
    made = submitted(issuer)
    issues.approve(ctx_for(Role.MODERATOR), made.id)
    return made


def cancels(ctx: Context, row: issues.Issue) -> list[Any]:
    return custody.intents_of(ctx, moderation.CANCEL_REF, row.id)


def test_a_refusal_withdraws_the_proposal_in_the_name_of_who_refused(
    issuer: Context, row: issues.Issue, ctx_for: ContextMaker
) -> None:
    proposal, second = proposed(issuer, row), ctx_for(Role.MODERATOR)
    issues.reject(second, row.id, "Не наш профиль")
    (cancel,) = cancels(issuer, row)
    assert (cancel.contract, cancel.function, cancel.args) == ("FourEyes", "cancel", [proposal.id])
    assert cancel.wallet == second.actor.wallet
    assert (row.state, row.rejected_by) == (IssueState.REJECTED, second.actor.user_id)
    answer(issuer, cancel)
    assert row.error_ru is None
    acts = issuer.session.exec(select(JournalEntry.action).where(JournalEntry.entity_id == row.id)).all()
    assert {"issue.rejected", "issue.proposal_cancelled"} <= set(acts)
    with pytest.raises(NotAllowedInState):
        issues.approve(ctx_for(Role.MODERATOR), row.id)


def test_a_proposal_that_was_on_its_way_is_withdrawn_when_it_arrives(
    issuer: Context, row: issues.Issue, ctx_for: ContextMaker
) -> None:
    second = ctx_for(Role.MODERATOR)
    issues.reject(second, row.id, "Не наш профиль")
    assert cancels(issuer, row) == []
    proposal = proposed(issuer, row)
    (cancel,) = cancels(issuer, row)
    assert (cancel.args, cancel.wallet, row.state) == ([proposal.id], second.actor.wallet, IssueState.REJECTED)


def test_a_proposal_that_the_chain_refused_leaves_the_refusal_as_it_is(
    issuer: Context, row: issues.Issue, ctx_for: ContextMaker
) -> None:
    issues.reject(ctx_for(Role.MODERATOR), row.id, "Не наш профиль")
    answer(issuer, last(issuer, moderation.PROPOSE_REF, row), IntentState.FAILED)
    assert (row.state, row.error_ru, cancels(issuer, row)) == (IssueState.REJECTED, None, [])


def test_a_proposal_withdrawn_among_the_tasks_is_not_withdrawn_again(
    issuer: Context, row: issues.Issue, ctx_for: ContextMaker
) -> None:
    proposal = proposed(issuer, row)
    proposal.state = "CANCELLED"
    issuer.session.add(proposal)
    issues.reject(ctx_for(Role.MODERATOR), row.id, "Не наш профиль")
    assert (row.state, cancels(issuer, row)) == (IssueState.REJECTED, [])


def test_a_withdrawal_that_the_chain_refuses_is_shown(
    issuer: Context, row: issues.Issue, ctx_for: ContextMaker
) -> None:
    proposed(issuer, row)
    issues.reject(ctx_for(Role.MODERATOR), row.id, "Не наш профиль")
    answer(issuer, cancels(issuer, row)[0], IntentState.REVERTED)
    assert (row.state, row.error_ru) == (IssueState.REJECTED, "Отказ.")


def test_what_the_register_has_already_is_no_longer_refused(
    issuer: Context, row: issues.Issue, ctx_for: ContextMaker
) -> None:
    proposed(issuer, row)
    issues.reject(ctx_for(Role.MODERATOR), row.id, "Не наш профиль")
    chain = Chain(issuer.session)
    chain.block(issuer.now())
    chain.issue(row.chain_id_hash, ASSET, address(1), record_dates=[issuer.now()], state="PLACEMENT")
    moderation.follow_chain(issuer)
    answer(issuer, cancels(issuer, row)[0], IntentState.REVERTED)
    assert (row.state, row.reject_reason, row.error_ru) == (IssueState.DEPLOYED, None, None)


def test_an_issue_that_both_have_approved_is_not_refused(
    issuer: Context, row: issues.Issue, ctx_for: ContextMaker
) -> None:
    proposed(issuer, row)
    issues.approve(ctx_for(Role.MODERATOR), row.id)
    with pytest.raises(NotAllowedInState):
        issues.reject(ctx_for(Role.MODERATOR), row.id, "Поздно")
    assert cancels(issuer, row) == []
