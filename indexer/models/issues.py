"""Mirror of IssueRegistry and of every DigitalAsset: the register of issues and the register of holders."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from indexer.models.fields import address_field, big_field, hash_field, text_field, time_field, word_field


class ChainIssue(SQLModel, table=True):
    """One issue (выпуск) and its token. ``state`` as in IIssueRegistry.IssueState; sums of one unit in kopeks."""

    __tablename__ = "chain_issues"

    issue_id: str = hash_field(key=True)
    asset: str = address_field(index=True)
    issuer: str = address_field(index=True)
    decision_hash: str = hash_field(index=True)
    state: str = word_field(20, index=True)
    name: str = text_field()
    symbol: str = text_field()
    nominal_kopeks: int = big_field()
    maximum_units: int = big_field()
    access_class: int
    locked_until: int = big_field()
    maturity: int = big_field()
    maturity_at: datetime | None = time_field()
    transfer_mode: str = word_field(30)
    burn_on_issuer_acquire: bool
    circulation_ends_at: int = big_field()
    paused: bool
    supply_units: int = big_field(zero=True)
    holders_count: int = big_field(zero=True)
    deployed_block: int = big_field()
    deployed_tx: str = hash_field()
    deployed_at: datetime = time_field()
    block_number: int = big_field()


class ChainIssueEvent(SQLModel, table=True):
    """History of an issue: its states, pauses and the end of circulation."""

    __tablename__ = "chain_issue_history"

    block_number: int = big_field(key=True)
    log_index: int = Field(primary_key=True)
    issue_id: str = hash_field(index=True)
    asset: str = address_field()
    event: str = word_field(40)
    state_from: str | None = word_field(20)
    state_to: str | None = word_field(20)
    value: str | None = word_field(40)
    tx_hash: str = hash_field()
    at: datetime = time_field()


class ChainRecordDate(SQLModel, table=True):
    """A record date (дата фиксации) of an asset; holders of that second's end have the right. ``number`` counts from 1."""

    __tablename__ = "chain_record_dates"

    asset: str = address_field(key=True)
    number: int = Field(primary_key=True)
    timestamp: int = big_field()
    at: datetime = time_field(index=True)
    block_number: int = big_field()


class ChainHolding(SQLModel, table=True):
    """Units of one holder now; a holder who sold everything stays with 0.

    ``encumbered_units`` is the sum of open encumbrances, ``frozen_units`` the standing amount of ERC-7943 (may exceed the units),
    ``free_units`` = max(0, units - encumbered - frozen).
    """

    __tablename__ = "chain_holdings"

    asset: str = address_field(key=True)
    holder: str = address_field(key=True, index=True)
    units: int = big_field(zero=True)
    encumbered_units: int = big_field(zero=True)
    frozen_units: int = big_field(zero=True)
    free_units: int = big_field(zero=True)
    block_number: int = big_field()


class ChainHoldingHistory(SQLModel, table=True):
    """Units of a holder after each event that changed them: "who held what at block N, at time T" is the last row not after it."""

    __tablename__ = "chain_holding_history"
    __table_args__ = (
        Index("ix_chain_holding_history_time", "asset", "holder", "timestamp", "block_number", "log_index"),
        Index("ix_chain_holding_history_holder", "holder", "asset", "block_number"),
    )

    asset: str = address_field(key=True)
    holder: str = address_field(key=True)
    block_number: int = big_field(key=True)
    log_index: int = Field(primary_key=True)
    timestamp: int = big_field()
    at: datetime = time_field()
    units: int = big_field()
    encumbered_units: int = big_field()
    frozen_units: int = big_field()
    free_units: int = big_field()


class ChainTransfer(SQLModel, table=True):
    """A move of units. ``kind``: ISSUE, TRANSFER, DELIVERY (of a deal), REDEMPTION, BURN, FORCED, FORCED_BURN, REPLACEMENT."""

    __tablename__ = "chain_transfers"
    __table_args__ = (Index("ix_chain_transfers_asset_at", "asset", "at"),)

    block_number: int = big_field(key=True)
    log_index: int = Field(primary_key=True)
    asset: str = address_field(index=True)
    from_address: str = address_field(index=True)
    to_address: str = address_field(index=True)
    units: int = big_field()
    kind: str = word_field(20)
    reason: str | None = hash_field()
    document_hash: str | None = hash_field()
    tx_hash: str = hash_field(index=True)
    at: datetime = time_field()


class ChainEncumbrance(SQLModel, table=True):
    """Units that a holder can't move: ORDER, PLEDGE, LOCKUP, ARREST, FREEZE. ``state`` OPEN while units are left, then CLOSED."""

    __tablename__ = "chain_encumbrances"

    asset: str = address_field(key=True)
    id: int = big_field(key=True)
    holder: str = address_field(index=True)
    kind: str = word_field(20)
    units: int = big_field()
    units_left: int = big_field()
    until: int = big_field()
    until_at: datetime | None = time_field()
    basis: str = hash_field()
    by_address: str = address_field()
    state: str = word_field(10, index=True)
    created_block: int = big_field()
    created_tx: str = hash_field()
    created_at: datetime = time_field()
    block_number: int = big_field()


class ChainDocument(SQLModel, table=True):
    """A document attached to an asset (ERC-1643): the last version of each name, ``removed`` when it was taken away."""

    __tablename__ = "chain_documents"

    asset: str = address_field(key=True)
    name: str = hash_field(key=True)
    uri: str = text_field()
    document_hash: str = hash_field()
    removed: bool
    block_number: int = big_field()
    tx_hash: str = hash_field()
    at: datetime = time_field()


class ChainSupplyHistory(SQLModel, table=True):
    """Units in existence and number of holders after each issue, burn or move."""

    __tablename__ = "chain_supply_history"
    __table_args__ = (Index("ix_chain_supply_history_time", "asset", "timestamp"),)

    asset: str = address_field(key=True)
    block_number: int = big_field(key=True)
    log_index: int = Field(primary_key=True)
    timestamp: int = big_field()
    at: datetime = time_field()
    supply_units: int = big_field()
    holders_count: int = big_field()
