"""The operator's view: who may look and act, stopping and resuming, the one second payload that is allowed, figures; what a wallet may sign."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.engine import Engine
from sqlmodel import select

from backend.core.context import Context
from backend.core.errors import Forbidden, NotAllowedInState, StepUpRequired
from backend.core.journal import JournalEntry
from backend.core.pagination import PageRequest
from backend.core.permissions import Role
from backend.custody import calls, desk, metrics, policy, words
from backend.custody import service as custody
from backend.custody.errors import CallNotAllowed, LimitOfSigning
from backend.custody.models import Intent, Signature
from backend.custody.states import IntentState
from backend.settings import Settings
from tests.backend.conftest import ContextMaker
from tests.backend.custody.world import World
from tests.factories.chain import address, word, write_deployment


@pytest.fixture
def world(embedded: Engine, settings: Settings) -> World:
    write_deployment(settings)
    return World(embedded, settings)


def test_only_an_administrator_with_a_fresh_second_factor_stops_a_wallet(ctx_for: ContextMaker) -> None:
    wallet = custody.create_wallet(ctx_for(system="worker"), "system", "one")
    with pytest.raises(Forbidden):
        desk.stop_wallet(ctx_for(Role.TREASURER), wallet, "look")
    with pytest.raises(StepUpRequired):
        desk.stop_wallet(ctx_for(Role.ADMINISTRATOR, stepped_up=False), wallet, "look")
    with pytest.raises(Forbidden):
        desk.outbox(ctx_for(Role.INVESTOR), PageRequest())
    ctx = ctx_for(Role.ADMINISTRATOR)
    assert desk.stop_wallet(ctx, wallet, "look").stopped_reason == "look"
    assert [one.address for one in desk.wallets(ctx, PageRequest(), stopped=True).items] == [wallet]
    with pytest.raises(NotAllowedInState):
        desk.resume_wallet(ctx, wallet, "seen", next_nonce=-1)
    assert desk.resume_wallet(ctx, wallet, "seen", next_nonce=3).next_nonce == 3
    with pytest.raises(NotAllowedInState):
        desk.resume_wallet(ctx, wallet, "again")
    actions = ctx.session.exec(select(JournalEntry.action).where(JournalEntry.entity_id == wallet)).all()
    assert actions == ["custody.wallet.stopped", "custody.wallet.resumed"]


def test_a_stopped_wallet_sends_nothing_until_it_is_resumed(world: World) -> None:
    wallet = world.wallet("treasury")
    world.ask(wallet, 1)
    with world.steady() as ctx:
        desk.stop_wallet(ctx, wallet, "look")
    world.worker().round()
    assert not world.node.payloads
    with world.steady() as ctx:
        desk.resume_wallet(ctx, wallet, "seen")
    world.finish()
    world.check([wallet])


def test_an_explicit_cancel_closes_the_gap_and_the_call_is_reported_failed(world: World) -> None:
    wallet = world.wallet("treasury")
    world.ask(wallet, 1)
    world.ask(wallet, 2)
    worker = world.worker()
    worker.round()
    first, second = world.intents()
    world.node.restart()
    with world.steady() as ctx:
        desk.cancel(ctx, first.id, "agreed with its owner")
        with pytest.raises(NotAllowedInState):
            desk.cancel(ctx, first.id, "twice")
    world.finish()
    first, second = world.intents()
    assert (first.state, first.error_code) == (IntentState.FAILED, "Cancelled")
    assert second.state == IntentState.CONFIRMED
    assert world.node.nonces(wallet) == [0, 1]
    with world.steady() as ctx:
        kinds = [
            (one.nonce, one.kind)
            for one in ctx.session.exec(select(Signature).order_by(Signature.nonce, Signature.kind))
        ]  # type: ignore[arg-type]  # columns
    assert kinds == [(0, "call"), (0, "cancel"), (1, "call")]


def test_figures_of_the_outbox(world: World) -> None:
    world.ask(world.wallet("treasury"), 1)
    with world.steady() as ctx:
        said = metrics.text(ctx).decode()
        assert [one.state for one in desk.outbox(ctx, PageRequest(), state=IntentState.ACCEPTED, older_than_s=0).items]
    assert 'kapital_outbox_intents{state="ACCEPTED"} 1.0' in said
    assert "kapital_wallets_stopped 0.0" in said


# --- policy ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def ctx(ctx_for: ContextMaker) -> Context:
    made = ctx_for(system="worker")
    write_deployment(made.settings)
    return made


def ask(ctx: Context, wallet: str, function: str, args: list[Any], key: str = "k", **more: Any) -> Intent:
    return custody.request_call(
        ctx,
        wallet=wallet,
        contract="Rubles",
        function=function,
        args=args,
        idempotency_key=key,
        ref_kind="t",
        ref_id=key,
        summary="",
        **more,
    )


def test_every_listed_call_exists_and_has_words() -> None:
    listed = policy.PARTICIPANT | policy.OPERATOR | frozenset().union(*policy.BY_ROLE.values())
    names = {
        (contract, item["name"])
        for contract, _ in listed | policy.PROPOSABLE
        for item in calls.abi_of(contract)
        if item["type"] == "function"
    }
    assert sorted((listed | policy.PROPOSABLE) - names) == []
    assert sorted(listed - set(words.TITLES)) == []


def test_a_wallet_signs_only_functions_of_its_owner(ctx: Context, ctx_for: ContextMaker) -> None:
    investor = custody.create_wallet(ctx, "participant", "p")
    with pytest.raises(CallNotAllowed):
        ask(ctx, investor, "credit", [address(1), 1, word(1)])
    registrar = ctx_for(Role.REGISTRAR)
    with pytest.raises(CallNotAllowed):
        ask(registrar, str(registrar.actor.wallet), "credit", [address(1), 1, word(1)])
    treasurer = ctx_for(Role.TREASURER)
    assert ask(treasurer, str(treasurer.actor.wallet), "credit", [address(1), 1, word(1)]).shown_hash


def test_a_wallet_calls_only_our_contracts(ctx: Context) -> None:
    investor = custody.create_wallet(ctx, "participant", "p")
    with pytest.raises(CallNotAllowed):
        ask(ctx, investor, "requestWithdrawal", [word(1), 1, word(2)], address=address(0xBAD))


def test_what_is_shown_says_who_what_and_how_much(ctx: Context) -> None:
    investor = custody.create_wallet(ctx, "participant", "p")
    made = ask(ctx, investor, "requestWithdrawal", [word(1), 150_000, word(2)])
    shown = str(made.shown)
    assert "Вывести деньги" in shown
    assert investor in shown
    assert "500,00" in shown
    assert (made.sum_kopeks, made.shown_hash) == (150_000, words.hash_of(shown))


def test_limits_of_one_call_and_of_a_day(ctx: Context) -> None:
    narrow = ctx.settings.model_copy(update={"sign_call_kopeks": 100, "sign_day_kopeks": 150, "sign_day_calls": 3})
    ctx = replace(ctx, settings=narrow)
    investor = custody.create_wallet(ctx, "participant", "p")
    with pytest.raises(LimitOfSigning):
        ask(ctx, investor, "requestWithdrawal", [word(1), 101, word(2)], "a")
    ask(ctx, investor, "requestWithdrawal", [word(1), 100, word(2)], "b")
    with pytest.raises(LimitOfSigning):
        ask(ctx, investor, "requestWithdrawal", [word(3), 51, word(2)], "c")
    for key in "de":
        ask(ctx, investor, "requestWithdrawal", [word(3), 1, word(2)], key)
    with pytest.raises(LimitOfSigning):
        ask(ctx, investor, "requestWithdrawal", [word(4), 1, word(2)], "f")


def test_a_row_slipped_into_the_database_stops_the_wallet(world: World) -> None:
    wallet = world.wallet("treasury")
    made = world.ask(wallet, 1)
    with world.steady() as ctx:
        row = ctx.session.get_one(Intent, made.id)
        row.address = address(0xBAD)
        ctx.session.add(row)
    world.worker().round()
    assert world.wallet_row(wallet).stopped_reason == "a stored call is not allowed to this wallet"
    assert not world.node.payloads
