"""The contracts on anvil with a long story behind them, and helpers to index it into any database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from indexer.chain.client import RpcClient
from indexer.db import create_database_engine, metadata
from indexer.projections import Projections
from indexer.settings import Settings
from indexer.sync.loop import Indexer
from tests.contracts.system import ROOMS, People, build_system
from tests.indexer.signing import CHAIN_ID, SigningEvm, running_anvil
from tests.indexer.story import Story, tell


@dataclass(frozen=True)
class Told:
    """The story, where it happened, and the deployment file of its contracts."""

    story: Story
    url: str
    deployment: Path

    def settings(self, database_url: str, **changes: Any) -> Settings:
        """Settings of an indexer of this chain."""
        return Settings(
            database_url=database_url,
            rpc_url=self.url,
            chain_id=CHAIN_ID,
            deployment_file=self.deployment,
            **{"poll_interval_s": 0.01, "start_grace_s": 0.0, **changes},
        )


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Contracts deployed on a node of its own and the story told once."""
    with running_anvil() as url:
        system = build_system(SigningEvm(url), People(), tmp_path_factory.mktemp("artifacts"))
        story = tell(system)
        deployment = tmp_path_factory.mktemp("deployment") / "deployment.json"
        contracts = {name: system.contract(name).address for name in ROOMS}
        deployment.write_text(json.dumps({"chain_id": CHAIN_ID, "contracts": contracts}), encoding="utf-8")
        yield Told(story, url, deployment)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An empty database with all tables, on SQLite and on PostgreSQL."""
    engine = create_database_engine(database_url)
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite_engine(tmp_path: Path) -> Iterator[Engine]:
    """An empty SQLite database with all tables."""
    engine = create_database_engine(f"sqlite:///{tmp_path / 'only.db'}")
    metadata.create_all(engine)
    yield engine
    engine.dispose()


def index_all(settings: Settings, engine: Engine) -> Indexer:
    """Read everything that the node has; the indexer has given its lock back."""
    with RpcClient(settings.rpc_url) as client:
        indexer = Indexer(settings, engine, client, Projections)
        indexer.start()
        while indexer.step():
            pass
        indexer.close()
    return indexer
