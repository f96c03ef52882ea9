"""The outbox against a node that loses answers and forgets, with the process killed at every point."""

from __future__ import annotations

import random

import pytest
from sqlalchemy.engine import Engine
from sqlmodel import select

from backend.core.journal import JournalEntry
from backend.custody.models import Wallet
from backend.custody.states import FINAL, IntentState
from backend.custody.work import RESEND_AFTER, Limits
from backend.settings import Settings
from tests.backend.custody.world import Faults, KilledError, World, at_call, at_random
from tests.factories.chain import write_deployment

SEEDS = range(6)


@pytest.fixture
def world(engine: Engine, settings: Settings) -> World:
    write_deployment(settings)
    return World(engine, settings)


def fill(world: World, count: int) -> list[str]:
    """``count`` promises over two wallets; the fourth is refused in simulation, the sixth when it is mined."""
    wallets = [world.wallet("treasury"), world.wallet("registrar")]
    asked = [world.ask(wallets[number % 2], number) for number in range(count)]
    world.node.refused.add(asked[3].data)
    if count > 5:
        world.node.reverted.add(asked[5].data)
    return wallets


def test_a_quiet_day(world: World) -> None:
    wallets = fill(world, 8)
    world.finish()
    world.check(wallets)
    states = [one.state for one in world.intents()]
    assert states.count(IntentState.CONFIRMED) == 6
    assert (states[3], states[5]) == (IntentState.FAILED, IntentState.REVERTED)
    refused, reverted = world.intents()[3], world.intents()[5]
    assert refused.error_code == reverted.error_code == "RublesZeroAmount"
    assert refused.error_ru == "Сумма должна быть больше нуля."
    assert reverted.block_number is not None


def test_a_call_that_needs_more_gas_than_its_like_did_before_is_sent_with_enough(world: World) -> None:
    """A transfer after a record date writes history: four times the gas of the transfers before it."""
    wallet = world.wallet("treasury")
    world.ask(wallet, 1)
    world.finish()
    dear = world.ask(wallet, 2)
    world.node.needs[dear.data] = 400_000
    world.finish()
    sent = world.intents()[1]
    assert sent.state == IntentState.CONFIRMED
    assert sent.gas is not None
    assert sent.gas >= 400_000


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_accepted_is_executed_once_whatever_is_killed_or_lost(world: World, seed: int) -> None:
    wallets = fill(world, 10)
    chance = random.Random(1000 + seed)
    world.faults = world.node.faults = at_random(seed, 0.06)
    worker, deaths = world.worker(), 0
    for turn in range(50):
        try:
            worker.round()
        except KilledError:
            deaths += 1
            worker = world.worker(f"born after death {deaths}")
        if chance.random() < 0.5:
            world.time_passes()
        if chance.random() < 0.4:
            world.mine()
        if chance.random() < 0.1:
            world.node.restart()
        if turn > 20 and all(one.state in FINAL for one in world.intents()):
            break
    assert deaths, "the seed killed nobody: the test shows nothing"
    world.finish("the last one")
    world.check(wallets)


@pytest.mark.parametrize("first", range(0, 32, 4))
def test_a_kill_at_any_one_point_loses_nothing(world: World, first: int) -> None:
    wallets, number = [world.wallet("treasury")], 0
    for point in range(first, first + 4):
        world.ask(wallets[0], number)
        world.ask(wallets[0], number + 1)
        number += 2
        world.faults = world.node.faults = at_call(point)
        try:
            for _ in range(3):
                world.worker(f"victim {point}").round()
                world.mine()
        except KilledError:
            world.time_passes()
        world.finish(f"successor of {point}")
    world.check(wallets)
    assert len(world.node.executed()) == 8


def test_a_send_whose_answer_is_lost_is_sent_again_with_the_same_bytes(world: World) -> None:
    wallet = world.wallet("treasury")
    world.ask(wallet, 1)
    lost = iter([False, True])  # the request arrives, the answer does not
    world.node.faults = Faults(lose=lambda method: method == "send" and next(lost, False))
    world.worker().round()
    (intent,) = world.intents()
    assert (intent.state, len(world.node.pool)) == (IntentState.SIGNED, 1)
    world.finish()
    world.check([wallet])


def test_a_node_that_lost_its_pool_is_given_the_same_bytes_after_a_while(world: World) -> None:
    wallet = world.wallet("treasury")
    world.ask(wallet, 1)
    world.worker().round()
    world.node.restart()
    world.worker().round()
    assert not world.node.pool, "it is not sent again at once"
    world.time_passes(int(RESEND_AFTER.total_seconds()) + 1)
    world.worker().round()
    assert [one.hash for one in world.node.pool.values()] == [world.intents()[0].tx_hash]
    world.finish()
    world.check([wallet])


def test_a_time_out_is_not_a_failure(world: World) -> None:
    wallet = world.wallet("treasury")
    world.ask(wallet, 1)
    world.node.faults = Faults(lose=lambda _method: True)
    for _ in range(5):
        assert world.worker().round() == 0
    assert world.intents()[0].state == IntentState.ACCEPTED
    world.finish()
    world.check([wallet])


def test_a_mined_transaction_is_confirmed_only_when_it_is_mirrored(world: World) -> None:
    world.ask(world.wallet("treasury"), 1)
    worker = world.worker()
    worker.round()
    world.node.mine()
    for _ in range(2):
        world.time_passes()
        worker.round()
        mined = world.intents()[0]
        assert (mined.state, mined.block_number) == (IntentState.MINED, 1)
    assert sum(world.node.nonces(mined.wallet)) == 0


def test_the_moment_at_which_a_call_was_mined_stays_however_often_it_is_looked_after(world: World) -> None:
    world.ask(world.wallet("treasury"), 1)
    worker = world.worker()
    worker.round()
    world.node.mine()
    worker.round()
    first = world.intents()[0]
    world.time_passes()
    worker.round()
    later = world.intents()[0]
    assert first.mined_at is not None
    assert (later.mined_at, later.updated_at > first.updated_at) == (first.mined_at, True)


def test_a_mirror_that_is_behind_does_not_hold_up_new_calls(world: World) -> None:
    wallet = world.wallet("treasury")
    asked: list[str] = []
    world.ask(wallet, 1)
    worker = world.worker()
    worker.round()
    world.node.mine()
    worker.round()
    world.time_passes()
    world.ask(wallet, 2)
    world.node.hook = asked.append
    worker.round()
    assert [one.state for one in world.intents()] == [IntentState.MINED, IntentState.SENT]
    assert "receipt" not in asked
    worker.round()
    assert "receipt" in asked  # nothing new: now it is asked whether the block is still there


def test_the_next_worker_learns_what_was_mined_while_nobody_looked(world: World) -> None:
    world.ask(world.wallet("treasury"), 1)
    world.worker("one").round()
    world.node.mine()
    world.time_passes()
    world.worker("two").round()
    assert [one.state for one in world.intents()] == [IntentState.MINED]


def test_bytes_of_a_block_that_the_node_lost_are_sent_again(world: World) -> None:
    wallet = world.wallet("treasury")
    world.ask(wallet, 1)
    worker = world.worker()
    worker.round()
    world.node.mine()
    worker.round()
    assert [one.state for one in world.intents()] == [IntentState.MINED]
    world.node.forget_blocks()
    world.time_passes()
    worker.round()
    assert [one.state for one in world.intents()] == [IntentState.SENT]
    world.finish()
    world.check([wallet])


def test_a_refusal_that_depends_on_what_is_in_flight_waits_for_it(world: World) -> None:
    wallet = world.wallet("treasury")
    world.ask(wallet, 1)
    second = world.ask(wallet, 2)
    world.node.refused.add(second.data)
    world.worker().round()
    assert world.intents()[1].state == IntentState.ACCEPTED
    world.node.refused.clear()
    world.finish()
    assert [one.state for one in world.intents()] == [IntentState.CONFIRMED] * 2


def test_a_wallet_whose_node_knows_more_than_the_database_is_stopped(world: World) -> None:
    wallet, other = world.wallet("treasury"), world.wallet("registrar")
    world.ask(wallet, 1)
    world.ask(other, 2)
    world.node.foreign[wallet] = 1
    world.worker().round()
    world.time_passes()
    world.worker().round()
    stopped, working = world.intents()
    assert (stopped.state, stopped.nonce) == (IntentState.ACCEPTED, None)
    assert working.state == IntentState.SENT, "the others go on"
    assert "1 transactions" in str(world.wallet_row(wallet).stopped_reason)
    with world.steady() as ctx:
        assert ctx.session.exec(select(JournalEntry).where(JournalEntry.action == "custody.wallet.stopped")).one()


def test_nothing_is_sent_after_somebody_else_used_a_nonce_of_the_wallet(world: World) -> None:
    wallet = world.wallet("treasury")
    world.ask(wallet, 1)
    world.ask(wallet, 2)
    world.faults = Faults(lambda point: not world.node.payloads and point == "send:before")
    world.node.faults = world.faults
    with pytest.raises(KilledError):
        world.worker().round()
    world.faults = world.node.faults = Faults()
    world.node.foreign[wallet] = 1
    for _ in range(3):
        world.time_passes()
        world.worker("next").round()
    assert world.wallet_row(wallet).stopped_reason is not None
    assert not world.node.pool
    assert [one.state for one in world.intents()] == [IntentState.SIGNED] * 2


def test_no_more_than_a_window_is_in_flight(world: World) -> None:
    wallet, window = world.wallet("treasury"), 5
    world.limits = Limits(window=window)
    for number in range(window + 3):
        world.ask(wallet, number)
    world.worker().round()
    assert len(world.node.pool) == window
    world.finish()
    world.check([wallet])


@pytest.mark.parametrize("method", ["simulate", "estimate", "count", "send"])
def test_a_worker_that_overslept_its_lease_gives_no_nonce_and_harms_nothing(world: World, method: str) -> None:
    wallet = world.wallet("treasury")
    for number in range(3):
        world.ask(wallet, number)
    overslept: list[str] = []

    def sleep_long(called: str) -> None:
        if called == method and not overslept:
            overslept.append(called)
            world.time_passes(3600)
            world.worker("quick").round()

    world.node.hook = sleep_long
    world.worker("sleepy").round()
    assert overslept
    assert world.wallet_row(wallet).lease_owner == "quick"
    assert sorted(one.nonce for one in world.intents() if one.nonce is not None) == [0, 1, 2]
    world.finish("quick")
    world.check([wallet])


def test_a_wallet_is_worked_on_by_one_of_two_workers(world: World) -> None:
    wallet = world.wallet("treasury")
    world.ask(wallet, 1)
    world.worker("one").round()
    before = world.wallet_row(wallet)
    world.ask(wallet, 2)
    assert world.worker("two").round() == 0
    after = world.wallet_row(wallet)
    assert (after.lease_owner, after.fence) == ("one", before.fence)
    world.time_passes(3600)
    assert world.worker("two").round() > 0
    assert world.wallet_row(wallet).fence == before.fence + 1


def test_keys_lie_sealed(world: World) -> None:
    wallet = world.wallet("treasury")
    with world.steady() as ctx:
        row = ctx.session.exec(select(Wallet).where(Wallet.address == wallet)).one()
        assert len(row.sealed_key) > 32
        assert not hasattr(row, "private_key")
