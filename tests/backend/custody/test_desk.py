"""The operator's view: who may look and act, stopping and resuming, the one second payload that is allowed, figures; what a wallet may sign."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.engine import Engine
from sqlmodel import col, select

from backend.core.clock import to_msk
from backend.core.context import Context
from backend.core.errors import Forbidden, NotAllowedInState, StepUpRequired
from backend.core.journal import JournalEntry
from backend.core.pagination import PageRequest
from backend.core.permissions import Role
from backend.core.rules import load_rules, read_rules
from backend.custody import calls, desk, limits, metrics, policy, taken, words
from backend.custody import service as custody
from backend.custody.errors import CallNotAllowed, LimitOfSigning
from backend.custody.models import Intent, Signature
from backend.custody.states import IntentState
from backend.settings import Settings
from indexer.models import ChainOffer, ChainOrder, ChainPlacement
from tests.backend.conftest import ContextMaker
from tests.backend.custody.world import FOREIGN, World
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
            for one in ctx.session.exec(select(Signature).order_by(col(Signature.nonce), col(Signature.kind)))
        ]
    assert kinds == [(0, "call"), (0, "cancel"), (1, "call")]


# --- a number that a foreign transaction has taken ---------------------------------------------------------------------


def taken_number(world: World) -> tuple[str, Intent, Intent]:
    """A wallet with two calls on their way; somebody with its key was first under the first one's number."""
    wallet = world.wallet("treasury")
    world.ask(wallet, 1)
    world.ask(wallet, 2)
    world.worker().round()
    world.node.restart()
    world.intrude(wallet)
    world.time_passes()
    world.worker().round()
    assert "not ours" in str(world.wallet_row(wallet).stopped_reason)
    first, second = world.intents()
    return wallet, first, second


def test_a_call_whose_number_was_taken_holds_the_wallet_until_it_is_decided_on(world: World) -> None:
    wallet, first, _ = taken_number(world)
    with world.steady() as ctx:
        assert [(one.id, tx) for one, tx in taken.of_wallet(ctx, wallet)] == [(first.id, word(0xBAD))]
        assert taken.mirrored_next(ctx, wallet) == 1
        with pytest.raises(NotAllowedInState):
            desk.resume_wallet(ctx, wallet, "seen")
        with pytest.raises(NotAllowedInState):
            desk.cancel(ctx, first.id, "no use")


def test_a_call_reported_as_not_carried_out_is_never_sent_again(world: World) -> None:
    wallet, first, second = taken_number(world)
    with world.steady() as ctx:
        with pytest.raises(NotAllowedInState):
            taken.give_up(ctx, second.id, "its number is free")
        taken.give_up(ctx, first.id, "the key was used elsewhere")
        desk.resume_wallet(ctx, wallet, "seen")
    world.finish()
    first, second = world.intents()
    assert (first.state, first.error_code, first.spent_by) == (IntentState.FAILED, "NumberTaken", word(0xBAD))
    assert second.state == IntentState.CONFIRMED
    assert world.node.executed() == [FOREIGN, second.data]


def test_a_call_with_a_new_number_is_carried_out_once(world: World) -> None:
    wallet, first, _ = taken_number(world)
    with world.steady() as ctx:
        taken.renumber(ctx, first.id, "the key was used elsewhere")
        with pytest.raises(NotAllowedInState):
            taken.renumber(ctx, first.id, "twice")
        desk.resume_wallet(ctx, wallet, "seen")
    world.finish()
    first, second = world.intents()
    assert [first.state, second.state] == [IntentState.CONFIRMED] * 2
    assert (first.nonce, second.nonce) == (2, 1)
    assert world.node.executed() == [FOREIGN, second.data, first.data]
    with world.steady() as ctx:
        actions = ctx.session.exec(select(JournalEntry.action).where(JournalEntry.entity_id == first.id)).all()
    assert "custody.call.renumbered" in actions


def test_only_an_administrator_with_a_code_decides_on_a_taken_number(ctx_for: ContextMaker) -> None:
    with pytest.raises(Forbidden):
        taken.give_up(ctx_for(Role.TREASURER), "x", "look")
    with pytest.raises(StepUpRequired):
        taken.renumber(ctx_for(Role.ADMINISTRATOR, stepped_up=False), "x", "look")


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


def test_a_proposal_is_shown_down_to_the_call_inside_it(ctx_for: ContextMaker) -> None:
    officer = ctx_for(Role.COMPLIANCE_OFFICER)
    write_deployment(officer.settings)
    wanted: dict[str, Any] = {"idempotency_key": "p", "ref_kind": "r", "ref_id": "1", "summary": "Изменить лимит"}
    made = custody.four_eyes_propose(
        officer,
        wallet=str(officer.actor.wallet),
        contract="Participants",
        function="setLimit",
        args=[1_800_000_000, 60_000_000],
        reason="YEARLY_LIMIT",
        document_hash="ab" * 32,
        **wanted,
    )
    lines = str(made.shown).splitlines()
    assert lines[0] == "Что: Предложить действие второму сотруднику (Изменить лимит)"
    assert "Действие: Изменить годовой лимит" in lines
    assert "Действует с: 15.01.2027 11:00:00 МСК" in lines
    assert "Сумма: 600\N{NO-BREAK SPACE}000,00\N{NO-BREAK SPACE}₽" in lines
    assert f"Хеш документа: 0x{'ab' * 32}" in lines
    assert not any(line.startswith("data") for line in lines)


def test_an_address_that_is_made_now_and_references_are_not_in_the_words(ctx_for: ContextMaker) -> None:
    officer = ctx_for(Role.COMPLIANCE_OFFICER)
    write_deployment(officer.settings)
    texts = set()
    for number in range(2):
        wallet = custody.create_wallet(officer, "participant", f"p{number}")
        args = [[wallet], [1], [3], [1_800_000_000], [word(number + 1)]]
        made = custody.request_call(
            officer,
            wallet=str(officer.actor.wallet),
            contract="Participants",
            function="admit",
            args=args,
            idempotency_key=f"a{number}",
            ref_kind="t",
            ref_id="t",
            summary="Допустить KPT-INV-000001",
        )
        texts.add(str(made.shown))
    (text,) = texts
    assert "Участник: новый адрес" in text
    assert "Вид: физическое лицо" in text
    assert "Классы доступа: FREE, LIMIT" in text


NARROW = """
sign_call_person_kopeks: [{effective_from: "2021-01-01", value: 100, source: rules}]
sign_day_person_kopeks: [{effective_from: "2021-01-01", value: 150, source: rules}]
sign_call_treasurer_kopeks: [{effective_from: "2021-01-01", value: 100, source: rules}]
sign_day_treasurer_kopeks: [{effective_from: "2021-01-01", value: 150, source: rules}]
sign_day_calls: [{effective_from: "2021-01-01", value: 3, source: rules}]
"""


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    book = load_rules(NARROW)
    monkeypatch.setattr(limits, "read_rules", lambda: book)


@pytest.mark.usefixtures("narrow")
def test_limits_of_one_call_and_of_a_day(ctx: Context) -> None:
    investor = custody.create_wallet(ctx, "participant", "p")
    with pytest.raises(LimitOfSigning, match="The limit of one operation for a person"):
        ask(ctx, investor, "requestWithdrawal", [word(1), 101, word(2)], "a")
    ask(ctx, investor, "requestWithdrawal", [word(1), 100, word(2)], "b")
    with pytest.raises(LimitOfSigning) as refused:
        ask(ctx, investor, "requestWithdrawal", [word(3), 51, word(2)], "c")
    tomorrow = to_msk(ctx.now()).date() + timedelta(days=1)
    for said in ("1,50", "использовано 1,00", "нужно ещё 0,51", f"00:00 МСК {tomorrow:%d.%m.%Y}"):
        assert said.replace(" ₽", "") in refused.value.message_ru.replace("\N{NO-BREAK SPACE}", " ")
    for key in "de":
        ask(ctx, investor, "requestWithdrawal", [word(3), 1, word(2)], key)
    with pytest.raises(LimitOfSigning, match="No more than 3 operations"):
        ask(ctx, investor, "requestWithdrawal", [word(4), 1, word(2)], "f")


@pytest.mark.usefixtures("narrow")
def test_what_was_refused_by_the_register_counts_no_more(ctx: Context) -> None:
    investor = custody.create_wallet(ctx, "participant", "p")
    made = ask(ctx, investor, "requestWithdrawal", [word(1), 100, word(2)], "a")
    made.state = IntentState.REVERTED
    ctx.session.add(made)
    ctx.session.flush()
    assert ask(ctx, investor, "requestWithdrawal", [word(3), 100, word(2)], "b").sum_kopeks == 100


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("state", [IntentState.FAILED, IntentState.REVERTED])
def test_what_never_happened_leaves_the_whole_limit_of_the_day(ctx: Context, state: IntentState) -> None:
    investor = custody.create_wallet(ctx, "participant", "p")
    made = ask(ctx, investor, "requestWithdrawal", [word(1), 100, word(2)], "a")
    made.state = state
    ctx.session.add(made)
    ctx.session.flush()
    used = limits.usage(ctx, desk.one_wallet(ctx, investor))
    assert used is not None
    assert (used.calls, used.kopeks) == (0, 0)


@pytest.mark.usefixtures("narrow")
def test_money_of_a_recalled_order_can_be_spent_again_on_the_same_day(ctx: Context) -> None:
    investor = custody.create_wallet(ctx, "participant", "p")
    placed = ask(ctx, investor, "requestWithdrawal", [word(1), 100, word(2)], "a")
    placed.tx_hash, placed.state = word(77), IntentState.CONFIRMED
    order: dict[str, Any] = {"issue_id": word(7), "order_id": 1, "asset": address(0xA), "client_ref": word(8)}
    times: dict[str, Any] = {"placed_block": 1, "placed_tx": word(77), "placed_at": ctx.now()}
    row = ChainOrder(**order, investor=investor, state="OPEN", units=1, kopeks=100, **times)
    ctx.session.add_all([placed, row])
    ctx.session.flush()
    with pytest.raises(LimitOfSigning):
        ask(ctx, investor, "requestWithdrawal", [word(3), 100, word(2)], "b")
    row.state, row.returned_kopeks = "RECALLED", 100
    ctx.session.add(row)
    ctx.session.flush()
    assert ask(ctx, investor, "requestWithdrawal", [word(3), 100, word(2)], "b").sum_kopeks == 100
    used = limits.usage(ctx, desk.one_wallet(ctx, investor))
    assert used is not None
    assert (used.calls, used.kopeks) == (2, 100)


@pytest.mark.usefixtures("narrow")
def test_a_treasurer_is_limited_and_the_worker_is_not(ctx: Context, ctx_for: ContextMaker) -> None:
    treasurer = ctx_for(Role.TREASURER)
    wallet = str(treasurer.actor.wallet)
    ask(treasurer, wallet, "credit", [address(1), 100, word(1)], "a")
    with pytest.raises(LimitOfSigning, match="a treasurer"):
        ask(treasurer, wallet, "credit", [address(1), 51, word(2)], "b")
    assert ask(ctx, wallet, "credit", [address(1), 1000, word(3)], "c").sum_kopeks == 1000


def test_prices_of_orders_offers_and_acceptances_count(ctx: Context) -> None:
    opened: dict[str, Any] = {"opened_block": 0, "opened_tx": word(1), "opened_at": ctx.now()}
    made: dict[str, Any] = {"made_block": 0, "made_tx": word(1), "made_at": ctx.now()}
    bounds: dict[str, Any] = {"minimum_units": 1, "maximum_units": 9, "order_min": 1, "order_max": 9}
    times: dict[str, Any] = {"starts_at": 1, "ends_at": 2, "crediting_at": 3, "allocation": "FIFO"}
    sale: dict[str, Any] = {
        "issue_id": word(7),
        "asset": address(0xA),
        "issuer": address(0xB),
        "state": "OPEN",
        "price_kopeks": 2_000,
    }
    offer: dict[str, Any] = {
        "id": 3,
        "asset": address(0xA),
        "seller": address(0xB),
        "units": 9,
        "units_left": 9,
        "price_kopeks": 1_500,
    }
    ctx.session.add(ChainPlacement(**sale, **bounds, **times, **opened))
    more: dict[str, Any] = {"minimum_units": 1, "expires_at": 9, "client_ref": word(1), "state": "OPEN"}
    ctx.session.add(ChainOffer(**offer, **more, **made))
    ctx.session.flush()
    sums = [
        limits.sum_of(ctx, "Placement", "order", "", [word(7), 5, word(1)]),
        limits.sum_of(ctx, "Exchange", "offer", "", [address(0xA), 4, 700, 1, address(0), 0, word(1)]),
        limits.sum_of(ctx, "Exchange", "accept", "", [3, 2, word(1)]),
        limits.sum_of(ctx, "Exchange", "withdraw", "", [3]),
    ]
    assert sums == [10_000, 2_800, 3_000, None]


def test_every_kind_has_its_rules() -> None:
    names = {f"sign_{span}_{kind}_kopeks" for span in ("call", "day") for kind in limits.WORDS}
    assert names | {"sign_day_calls"} <= set(read_rules().names())


def test_a_persons_call_needs_a_fresh_code_whoever_asks(ctx_for: ContextMaker) -> None:
    write_deployment(ctx_for(system="worker").settings)
    for role, function, args in (
        (Role.TREASURER, "credit", [address(1), 1, word(1)]),
        (Role.COMPLIANCE_OFFICER, "freeze", [address(1), 1, word(1)]),
    ):
        stale = ctx_for(role, stepped_up=False)
        with pytest.raises(StepUpRequired):
            ask(stale, str(stale.actor.wallet), function, args, role.value)


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
