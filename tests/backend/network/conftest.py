"""A network of fake nodes and the jobs over a database that commits, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from backend.core.clock import SystemClock
from backend.core.context import Actor, Context
from backend.core.db import unit_of_work
from backend.core.permissions import Role
from backend.network.jobs import NetworkJobs, open_client
from backend.network.nodes import Network, NetworkNode
from backend.network.rpc import NodeClient
from backend.settings import Settings
from tests.backend.conftest import make_actor
from tests.backend.network.fake_besu import FakeNetwork, besu_network, keys


@pytest.fixture(scope="session")
def key_pair() -> tuple[str, str]:
    return keys()


@pytest.fixture
def besu(tmp_path: Path, key_pair: tuple[str, str]) -> Iterator[FakeNetwork]:
    with besu_network(tmp_path / "besu", key_pair) as made:
        yield made


class Killed(BaseException):
    """The process dies: nothing catches it."""


@dataclass
class Office:
    """The database with its jobs; ``admin()`` opens a transaction of an administrator."""

    engine: Engine
    settings: Settings

    def __post_init__(self) -> None:
        self.people: dict[str, Actor] = {}

    @contextmanager
    def unit(self, actor: Actor | None = None) -> Iterator[Context]:
        with unit_of_work(self.engine) as session:
            who = actor or Actor.system("worker")
            yield Context(session=session, clock=SystemClock(), actor=who, settings=self.settings)

    def admin(self, name: str = "first", *roles: Role) -> AbstractContextManager[Context]:
        if name not in self.people:
            with self.unit() as ctx:
                self.people[name] = make_actor(ctx, roles or (Role.ADMINISTRATOR,), None, stepped_up=True)
        return self.unit(self.people[name])

    def jobs(
        self, name: str = "worker", client: Callable[[Network, NetworkNode], NodeClient] | None = None
    ) -> NetworkJobs:
        return NetworkJobs(
            self.unit, self.settings, name=name, client=client or open_client, first_wait_s=0.0, vote_again_s=0.0
        )


@pytest.fixture
def office(engine: Engine, settings: Settings, besu: FakeNetwork) -> Office:
    return Office(engine, settings.model_copy(update={"besu_nodes_file": besu.file, "network_check_every_s": 3600.0}))


@pytest.fixture
def embedded_office(engine: Engine, settings: Settings) -> Office:
    return Office(engine, settings)


def as_role(ctx: Context, *roles: Role) -> Context:
    """The same transaction in another role's name."""
    return replace(ctx, actor=replace(ctx.actor, roles=frozenset(roles)))
