"""Officers and roles: one administrator for off-chain roles, two for those that the chain knows."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from backend.accounts import service as accounts
from backend.accounts.errors import NeedsFourEyes, RoleChangeOpen, SameOfficer
from backend.accounts.models import RoleChange
from backend.accounts.reactions import REACTIONS
from backend.accounts.roles import APPROVED_REF, PROPOSED_REF
from backend.accounts.service import Portal, RoleChangeState
from backend.core.context import Context
from backend.core.errors import Forbidden, Invalid, NotAllowedInState, StepUpRequired
from backend.core.permissions import CHAIN_ROLES, Role
from backend.custody import calls
from backend.custody import service as custody
from backend.custody.models import Intent
from backend.custody.states import IntentState
from indexer.models import ChainProposal
from tests.backend.conftest import PASSWORD, TOTP_SECRET, ContextMaker, make_user

ORDER_HASH = "ab" * 32


@pytest.fixture
def admin(ctx_for: ContextMaker) -> Context:
    ctx = ctx_for(Role.ADMINISTRATOR)
    contracts = {"AccessManager": "0x" + "11" * 20, "FourEyes": "0x" + "22" * 20}
    ctx.settings.deployment_file.write_text(json.dumps({"contracts": contracts}))
    return ctx


@pytest.fixture
def officer(admin: Context) -> str:
    return make_user(admin, (Role.KYC_OFFICER,)).user_id


def propose(ctx: Context, user_id: str, role: Role = Role.TREASURER, *, grant: bool = True) -> RoleChange:
    return accounts.propose_role(
        ctx, user_id=user_id, role=role, grant=grant, reason="Приказ 17", document_hash=ORDER_HASH
    )


def mirror_proposal(ctx: Context, change: RoleChange) -> None:
    """What the worker and the indexer would have written once the proposal is in a block."""
    intent = custody.intents_of(ctx, PROPOSED_REF, change.id)[0]
    intent.state, intent.tx_hash = IntentState.CONFIRMED, "0x" + "33" * 32
    ctx.session.add(intent)
    now = accounts.wall_clock()
    ctx.session.add(
        ChainProposal(
            id=7,
            proposer=intent.wallet,
            target="0x" + "11" * 20,
            role="1",
            role_name="ADMINISTRATOR",
            selector="0x25c471a0",
            data="0x25c471a0",
            reason="0x" + "00" * 32,
            document_hash="0x" + ORDER_HASH,
            expires_at=int(now.timestamp()) + 1000,
            state="PROPOSED",
            proposed_block=5,
            proposed_tx=intent.tx_hash,
            proposed_at=now,
        )
    )
    ctx.session.flush()
    REACTIONS[PROPOSED_REF](ctx, intent)


def settle(ctx: Context, change: RoleChange, state: IntentState) -> None:
    intent = custody.intents_of(ctx, APPROVED_REF, change.id)[0]
    intent.state, intent.error_ru, intent.error_en = state, "Срок вышел.", "Expired."
    REACTIONS[APPROVED_REF](ctx, intent)


def test_a_role_of_the_chain_needs_two_administrators_and_an_executed_proposal(
    admin: Context, officer: str, ctx_for: ContextMaker
) -> None:
    change = propose(admin, officer)
    intent: Intent = custody.intents_of(admin, PROPOSED_REF, change.id)[0]
    assert (intent.contract, intent.function, intent.wallet) == ("FourEyes", "propose", admin.actor.wallet)
    call = calls.decode_call("AccessManager", intent.args[1])
    assert call is not None
    assert list(call[1].values())[:2] == [CHAIN_ROLES[Role.TREASURER], custody.wallet_of(admin, "officer", officer)]
    mirror_proposal(admin, change)
    with pytest.raises(SameOfficer):
        accounts.approve_role(admin, change.id)
    second = ctx_for(Role.ADMINISTRATOR)
    accounts.approve_role(second, change.id)
    assert Role.TREASURER not in accounts.account(admin, officer).roles, "not before the chain has executed it"
    settle(admin, change, IntentState.CONFIRMED)
    assert Role.TREASURER in accounts.account(admin, officer).roles
    assert change.state == RoleChangeState.DONE


def test_a_proposal_that_the_chain_refuses_gives_no_role(admin: Context, officer: str, ctx_for: ContextMaker) -> None:
    change = propose(admin, officer)
    mirror_proposal(admin, change)
    accounts.approve_role(ctx_for(Role.ADMINISTRATOR), change.id)
    settle(admin, change, IntentState.REVERTED)
    assert (change.state, change.error_ru) == (RoleChangeState.FAILED, "Срок вышел.")
    assert Role.TREASURER not in accounts.account(admin, officer).roles


def test_the_second_administrator_waits_for_the_proposal_to_be_in_the_register(
    admin: Context, officer: str, ctx_for: ContextMaker
) -> None:
    change = propose(admin, officer)
    with pytest.raises(NotAllowedInState):
        accounts.approve_role(ctx_for(Role.ADMINISTRATOR), change.id)


def test_the_same_change_is_not_proposed_twice(admin: Context, officer: str) -> None:
    propose(admin, officer)
    with pytest.raises(RoleChangeOpen):
        propose(admin, officer)


def test_a_role_of_the_chain_is_not_given_by_one_officer(admin: Context, officer: str) -> None:
    with pytest.raises(NeedsFourEyes):
        accounts.grant_role(admin, officer, Role.REGISTRAR)


def test_proposing_needs_a_fresh_second_factor(officer: str, ctx_for: ContextMaker) -> None:
    with pytest.raises(StepUpRequired):
        propose(ctx_for(Role.ADMINISTRATOR, stepped_up=False), officer)


def test_only_administrators_manage_users(officer: str, ctx_for: ContextMaker) -> None:
    moderator = ctx_for(Role.MODERATOR)
    for act in (
        lambda: accounts.grant_role(moderator, officer, Role.KYC_OFFICER),
        lambda: accounts.all_accounts(moderator),
        lambda: accounts.block_user(moderator, officer, "нет"),
        lambda: accounts.create_officer(moderator, email="x@example.ru", name="Некто", password=PASSWORD),
    ):
        with pytest.raises(Forbidden):
            act()


def test_an_off_chain_role_is_given_and_taken_by_one_administrator(admin: Context) -> None:
    auditor = accounts.create_officer(
        admin, email="audit@example.ru", name="Аудитор", password=PASSWORD, portal=Portal.AUDIT
    )
    accounts.grant_role(admin, auditor.id, Role.AUDITOR)
    assert accounts.account(admin, auditor.id).roles == {Role.AUDITOR}
    accounts.revoke_role(admin, auditor.id, Role.AUDITOR)
    assert accounts.account(admin, auditor.id).roles == frozenset()


def test_a_role_of_another_portal_is_refused(admin: Context, officer: str) -> None:
    with pytest.raises(Invalid) as refusal:
        accounts.grant_role(admin, officer, Role.INVESTOR)
    assert refusal.value.problems[0].field == "role"


def test_the_first_officers_are_made_once(ctx_for: ContextMaker) -> None:
    system = ctx_for(system="seed")
    spec = [
        accounts.OfficerSpec(f"treasurer{n}@operator.ru", "Казначей", PASSWORD, (Role.TREASURER,), TOTP_SECRET)
        for n in (1, 2)
    ]
    officers, addresses = accounts.bootstrap_officers(system, spec)
    assert addresses[Role.TREASURER] == [one.address for one in officers]
    assert addresses[Role.REGISTRAR] == []
    assert accounts.bootstrap_officers(system, spec) == (officers, addresses)


def test_only_a_process_of_the_operator_makes_the_first_officers(admin: Context) -> None:
    with pytest.raises(Forbidden):
        accounts.bootstrap_officers(replace(admin), [])


def test_a_closed_account_cannot_be_used_and_nobody_closes_their_own(admin: Context, officer: str) -> None:
    accounts.block_user(admin, officer, "Увольнение")
    account = accounts.account(admin, officer)
    answer = accounts.sign_in(
        admin, email=account.email, password=PASSWORD, code=None, kind="web", client=accounts.Client()
    )
    assert getattr(answer, "code", "") == "user_blocked"
    with pytest.raises(Invalid):
        accounts.block_user(admin, str(admin.actor.user_id), "нечаянно")
