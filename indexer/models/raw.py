"""Raw facts: what the node answered and the roots of the block header prove. Never changed after they are written."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from indexer.models.fields import address_field, big_field, hash_field, json_field, text_field, time_field, word_field


class ChainBlock(SQLModel, table=True):
    """A block whose hash, transactions root and receipts root were computed again before it was written.

    ``proven_*`` tell what was proved: the block hash from the header's fields, both roots, the validators' seals (QBFT only,
    ``seals_count`` of ``validators_count`` signatures; None where the chain has no seals).
    """

    __tablename__ = "chain_blocks"

    number: int = big_field(key=True)
    hash: str = hash_field(index=True)
    parent_hash: str = hash_field()
    timestamp: int = big_field(index=True)
    at: datetime = time_field(index=True)
    proposer: str = address_field()
    gas_used: int = big_field()
    gas_limit: int = big_field()
    transactions_root: str = hash_field()
    receipts_root: str = hash_field()
    state_root: str = hash_field()
    tx_count: int
    log_count: int
    round: int | None = Field(default=None)
    seals_count: int | None = Field(default=None)
    validators_count: int | None = Field(default=None)
    proven_hash: bool
    proven_transactions: bool
    proven_receipts: bool
    proven_seals: bool
    header: dict[str, Any] = json_field()


_REFUSED = text("status = 0")


class ChainTransaction(SQLModel, table=True):
    """A transaction with its receipt; ``raw`` is the signed transaction as it stands in the block's transactions trie."""

    __tablename__ = "chain_transactions"
    __table_args__ = (
        Index("ix_chain_transactions_place", "block_number", "tx_index", unique=True),
        Index("ix_chain_transactions_refused", "block_number", sqlite_where=_REFUSED, postgresql_where=_REFUSED),
    )

    hash: str = hash_field(key=True)
    block_number: int = big_field()
    tx_index: int
    type: int
    sender: str = address_field(index=True)
    to_address: str | None = address_field(index=True)
    nonce: int = big_field()
    input: str = text_field()
    value_wei: str = word_field(80)
    gas: int = big_field()
    gas_used: int = big_field()
    cumulative_gas_used: int = big_field()
    status: int
    contract_address: str | None = address_field()
    revert_data: str | None = text_field()
    raw: str = text_field()
    at: datetime = time_field()


class ChainLog(SQLModel, table=True):
    """One event. ``event`` and ``args`` are None for a topic that no ABI names: kept, never dropped."""

    __tablename__ = "chain_logs"

    block_number: int = big_field(key=True)
    log_index: int = Field(primary_key=True)
    tx_hash: str = hash_field(index=True)
    tx_index: int
    address: str = address_field(index=True)
    topics: list[str] = json_field()
    data: str = text_field()
    at: datetime = time_field()
    contract: str | None = word_field(40, index=True)
    event: str | None = word_field(60, index=True)
    args: dict[str, Any] | None = json_field()


class ChainCursor(SQLModel, table=True):
    """The one row that says how far this database has read which chain. Written in the same transaction as the rows it vouches for."""

    __tablename__ = "chain_cursor"

    id: int = Field(default=1, primary_key=True)
    chain_id: int = big_field()
    genesis_hash: str = hash_field()
    schema_version: int
    height: int = big_field()
    hash: str = hash_field()
    timestamp: int = big_field()
    digest: str = hash_field()
    undecoded_logs: int = big_field(zero=True)
    head_seen: int = big_field()
    updated_at: datetime = time_field()


class ChainBlockDigest(SQLModel, table=True):
    """Running digest after each block: two independent indexers agree on everything up to the first block where it differs."""

    __tablename__ = "chain_block_digests"

    block_number: int = big_field(key=True)
    digest: str = hash_field()


class ChainAlarm(SQLModel, table=True):
    """The indexer stopped (or saw something that a person must look at): which block, which check, what it found."""

    __tablename__ = "chain_alarms"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = time_field()
    block_number: int = big_field()
    check: str = Field(max_length=60)
    detail: str = text_field()


class ChainReconciliation(SQLModel, table=True):
    """One comparison of SQL with the contracts' own state at one block."""

    __tablename__ = "chain_reconciliations"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = time_field(index=True)
    block_number: int = big_field()
    block_hash: str = hash_field()
    compared: int = big_field()
    mismatches: int = big_field()
    counts: dict[str, Any] = json_field()
    details: list[Any] = json_field()
