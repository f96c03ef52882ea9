"""Settings of the indexer, read from the environment (``KAPITAL_…``) once by whoever starts a process. Nothing is built at import.

Where ``KAPITAL_SECRETS_DIR`` names a folder, a setting that the environment lacks is read from the file of its name there
(``kapital_database_url``, ``kapital_jwt_secret``, …): what containers mount as secrets stays out of the environment.
"""

import os
from pathlib import Path
from typing import Any

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What both packages need to find the database and the node. Every field's environment name is ``KAPITAL_`` + its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="KAPITAL_", env_file=None, extra="ignore", frozen=True)

    def __init__(self, **values: Any) -> None:
        values.setdefault("_secrets_dir", os.environ.get("KAPITAL_SECRETS_DIR") or None)
        super().__init__(**values)

    database_url: str = Field(
        default="sqlite:///var/kapital.db",
        description="SQLAlchemy address of the database: sqlite:///path or postgresql://user@host/name.",
    )
    rpc_url: str = Field(default="http://127.0.0.1:8545", description="JSON-RPC address of the node that is read.")
    rpc_fallback_urls: str = Field(
        default="",
        description="Further nodes of the same network, separated by commas; the next is spoken to when one can't be reached or gets no new blocks.",
    )
    chain_id: int = Field(default=20260, description="Chain id that the node must answer (EIP-155).")
    deployment_file: Path = Field(
        default=Path("var/deployment.json"), description="JSON file with the addresses of the deployed contracts."
    )
    durable_head_file: Path | None = Field(
        default=None,
        description='JSON file {"number", "hash"} with the last block that the node has on disk; blocks above it are not read.',
    )
    poll_interval_s: float = Field(default=0.1, gt=0, description="Pause between two looks at the head, seconds.")
    chunk_blocks: int = Field(
        default=100, ge=1, le=400, description="Most blocks asked for in one batch; fewer when they are large."
    )
    read_ahead_blocks: int = Field(
        default=300,
        ge=0,
        description="How far behind the head a second process helps to catch up, blocks; 0: never.",
    )
    qbft_epoch_length: int = Field(
        default=30_000,
        ge=1,
        description="Blocks after which open votes on validators are dropped (epochlength of the QBFT genesis).",
    )
    reconcile_interval_s: float = Field(
        default=60.0, ge=0, description="Pause between two comparisons of SQL with the contracts, seconds; 0: none."
    )
    rpc_timeout_s: float = Field(default=20.0, gt=0, description="Longest wait for one answer of the node, seconds.")
    absence_s: float = Field(
        default=60.0,
        ge=0,
        description="How long a node may lack a block far below its head before it is taken for pruned, seconds.",
    )
    metrics_port: int | None = Field(
        default=None, ge=0, le=65_535, description="Port of /metrics, /health and /ready; absent: none, 0: any."
    )
    metrics_host: str = Field(default="127.0.0.1", description="Address that /metrics, /health and /ready listen on.")
    start_grace_s: float = Field(
        default=10.0,
        ge=0,
        description="How long a node may stay behind the cursor at start before it is an error, seconds.",
    )

    @property
    def rpc_urls(self) -> tuple[str, ...]:
        """All nodes, in the order in which they are preferred."""
        further = (one.strip() for one in self.rpc_fallback_urls.split(","))
        return tuple(dict.fromkeys([self.rpc_url, *(one for one in further if one)]))
