"""Mirror of the allowlist (Participants): who may hold assets and rubles, and the yearly limit of unqualified persons."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from indexer.models.fields import address_field, big_field, hash_field, json_field, time_field, word_field


class ChainParticipant(SQLModel, table=True):
    """One address of the allowlist. ``status`` ACTIVE, BLOCKED or REPLACED; ``classes`` bits 1 FREE, 2 LIMIT, 4 TEST, 8 QUAL."""

    __tablename__ = "chain_participants"

    address: str = address_field(key=True)
    number: int = big_field(index=True)
    kind: str = word_field(20)
    status: str = word_field(20)
    classes: int
    admitted_until: int = big_field()
    admitted_until_at: datetime | None = time_field()
    profile_hash: str = hash_field()
    limit_year: int = Field(default=0)
    limit_net_kopeks: int = big_field(zero=True)
    limit_reserved_kopeks: int = big_field(zero=True)
    admitted_block: int = big_field()
    block_number: int = big_field()
    replaced_by: str | None = address_field()


class ChainParticipantEvent(SQLModel, table=True):
    """History of the allowlist: every admission, renewal, block, replacement and limit move."""

    __tablename__ = "chain_participant_events"

    block_number: int = big_field(key=True)
    log_index: int = Field(primary_key=True)
    address: str = address_field(index=True)
    event: str = word_field(40)
    args: dict[str, Any] = json_field()
    tx_hash: str = hash_field()
    at: datetime = time_field()


class ChainLimitRule(SQLModel, table=True):
    """The yearly limit in kopeks from a moment on (Bank of Russia ordinance in force since 01.01.2026)."""

    __tablename__ = "chain_limit_rules"

    block_number: int = big_field(key=True)
    log_index: int = Field(primary_key=True)
    effective_from: int = big_field()
    effective_from_at: datetime | None = time_field()
    kopeks: int = big_field()
    tx_hash: str = hash_field()
