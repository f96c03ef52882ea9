"""One seeded life of the outbox under everything that can go wrong at once. Real processes, really killed (SIGKILL).

A seed decides: how many wallets and promises there are and which of them the contracts refuse; where each worker process is killed (the first
one at point ``seed % POINTS``, counted over every beginning, commit and end of a transaction and both sides of every question to the node, so
that the seeds together visit them all); which requests and replies are lost, whole or one of a batch; when the node restarts with an empty pool;
when two workers run at once; by how much a worker's clock is wrong; when the database drops its connections or the answer to a commit.

Afterwards one worker works in peace, and :meth:`World.check` says whether every promise was carried out exactly once, reverted once, or
failed before it was sent; that each number of a wallet had one payload; and that no number is missing.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from backend.core.clock import SystemClock
from backend.core.context import Actor, Context
from backend.core.db import unit_of_work
from backend.custody import work
from backend.custody.keys.chosen import KeyStores
from backend.custody.node import Node
from backend.custody.outbox import NodeLike, Outbox, Unit
from backend.custody.states import FINAL
from indexer.db import create_database_engine
from tests.backend.custody.node_server import NodeServer
from tests.backend.custody.world import CHAIN_ID, Faults, World

POINTS = 60
TURNS = 14
CHILD_S = 120.0
_ASKED = (
    "simulate", "block_number", "mined", "simulate_many", "estimate_many", "transaction_counts", "known", "receipts", "send_many",
)  # fmt: skip


@dataclass
class Tally:
    """What happened to one seed, so that a test can tell that something did."""

    deaths: int = 0
    dropped: int = 0
    restarts: int = 0
    pairs: int = 0
    jumps: int = 0
    database: int = 0
    states: dict[str, int] = field(default_factory=dict)


def live(world: World, seed: int) -> Tally:
    """One life; raises AssertionError when anything was lost, doubled or left open."""
    chance, tally = random.Random(seed), Tally()
    wallets = _fill(world, chance)
    stormy = [True]
    loss = random.Random(seed + 1)

    def drop(_side: str) -> bool:
        broken = stormy[0] and loss.random() < 0.02
        tally.dropped += broken
        return broken

    world.node.faults = Faults(lose=lambda method: stormy[0] and method in _SINGLE and loss.random() < 0.03)
    server = NodeServer(world.node, drop)
    with server.running() as url:
        for turn in range(TURNS):
            _turn(world, server, url, chance, tally, seed, turn)
            if turn > TURNS // 2 and all(one.state in FINAL for one in world.intents()):
                break
        stormy[0] = False
    world.finish("the last one")
    world.check(wallets)
    for one in world.intents():
        tally.states[one.state.value] = tally.states.get(one.state.value, 0) + 1
    return tally


_SINGLE = frozenset({"simulate", "estimate", "count", "has", "receipt", "send:one"})


def _fill(world: World, chance: random.Random) -> list[str]:
    wallets = [world.wallet(f"owner {number}") for number in range(chance.randint(1, 4))]
    asked = [world.ask(chance.choice(wallets), number) for number in range(chance.randint(5, 12))]
    for one in asked:
        fate = chance.random()
        if fate < 0.12:
            world.node.refused.add(one.data)
        elif fate < 0.24:
            world.node.reverted.add(one.data)
    return wallets


def _turn(
    world: World, server: NodeServer, url: str, chance: random.Random, tally: Tally, seed: int, turn: int
) -> None:
    pair = chance.random() < 0.3
    tally.pairs += pair
    children = []
    for place in range(2 if pair else 1):
        first = turn == 0 and place == 0
        jump = timedelta(seconds=chance.choice([0, 0, 0, -3600, -20, 20, 3600]))
        tally.jumps += bool(jump)
        plan = Plan(
            chance.randrange(1 << 30), seed % POINTS if first else chance.choice([None, chance.randrange(POINTS)]), jump
        )
        children.append(_born(world, url, f"{turn}-{place}", plan))
    if chance.random() < 0.25:
        tally.database += _drop_connections(world)
    for pid in children:
        tally.deaths += _ended(pid)
    with server.alone():
        if chance.random() < 0.15:
            world.node.restart()
            tally.restarts += 1
        if chance.random() < 0.6:
            world.mine()
    if chance.random() < 0.5:
        world.time_passes(chance.choice([2, 5, 20, 3600]))


# --- a worker process ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Plan:
    """What happens to a worker: the seed of its small misfortunes, the point of its death, the fault of its clock."""

    seed: int
    death: int | None
    jump: timedelta


def _born(world: World, url: str, name: str, plan: Plan) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        _work(world, url, name, plan)
    finally:
        os._exit(0)
    raise AssertionError("unreachable")


def _work(world: World, url: str, name: str, plan: Plan) -> None:
    chance, points = random.Random(plan.seed), [0]

    def point() -> None:
        points[0] += 1
        if plan.death is not None and points[0] > plan.death:
            os.kill(os.getpid(), signal.SIGKILL)

    work.wall = lambda: datetime.now(UTC) + plan.jump
    engine = create_database_engine(world.engine.url.render_as_string(hide_password=False))
    node = cast("NodeLike", _Fragile(Node(url, timeout_s=5.0), point))
    outbox = Outbox(
        _units(world, engine, point, chance),
        node,
        KeyStores(world.settings),
        chain_id=CHAIN_ID,
        worker=name,
        hold_s=0.0,
    )
    for _ in range(chance.randint(2, 5)):
        try:
            outbox.round()
        except OperationalError:
            continue  # as the worker's main loop does


def _units(world: World, engine: sa.Engine, point: Callable[[], None], chance: random.Random) -> Unit:
    """Transactions that may end the process before they begin, before they commit and after; and lose their connection, or their answer."""

    @contextmanager
    def unit() -> Iterator[Context]:
        point()
        with unit_of_work(engine) as session:
            yield Context(session, SystemClock(), Actor.system("worker"), world.settings)
            session.flush()
            if chance.random() < 0.01:
                raise OperationalError("connection lost before the commit", None, Exception())
            point()
        point()
        if chance.random() < 0.01:
            raise OperationalError("the answer to the commit was lost", None, Exception())

    return unit


class _Fragile:
    """A node that the process may die in front of and behind of."""

    def __init__(self, node: Node, point: Callable[[], None]) -> None:
        for name in _ASKED:
            setattr(self, name, self._guarded(getattr(node, name), point))

    @staticmethod
    def _guarded(ask: Callable[..., object], point: Callable[[], None]) -> Callable[..., object]:
        def asked(*args: object, **named: object) -> object:
            point()
            answer = ask(*args, **named)
            point()
            return answer

        return asked


def _ended(pid: int) -> bool:
    deadline = time.monotonic() + CHILD_S
    while time.monotonic() < deadline:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.WIFSIGNALED(status)
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    raise AssertionError("a worker did not come to an end")


def _drop_connections(world: World) -> int:
    """As a restart of the database server: everybody's connection is gone. An embedded database has none."""
    if world.engine.dialect.name != "postgresql":
        return 0
    with world.engine.connect() as connection:
        others = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        return int(connection.execute(sa.text(others)).scalar_one() > 0)
