"""Mirror of Rubles: who owns how many kopeks of the nominal account, and every move of them."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from indexer.models.fields import address_field, big_field, hash_field, time_field, word_field


class ChainRubleAccount(SQLModel, table=True):
    """Kopeks of one owner: free, held in escrow of venues, in transit to the bank, frozen."""

    __tablename__ = "chain_ruble_accounts"

    address: str = address_field(key=True)
    free_kopeks: int = big_field(zero=True)
    held_kopeks: int = big_field(zero=True)
    in_transit_kopeks: int = big_field(zero=True)
    frozen_kopeks: int = big_field(zero=True)
    block_number: int = big_field()


class ChainRubleEntry(SQLModel, table=True):
    """One entry of an account's statement; the sum of all entries of an account is its balance.

    ``kind``: CREDIT, HOLD, RELEASE, PAID_OUT (payer), PAID_IN (receiver), FREEZE, UNFREEZE, MOVED_OUT, MOVED_IN,
    WITHDRAWAL_REQUEST, WITHDRAWAL_CONFIRM, WITHDRAWAL_CANCEL. ``reference`` is the bank reference, basis or withdrawal id.
    """

    __tablename__ = "chain_ruble_entries"
    __table_args__ = (Index("ix_chain_ruble_entries_account_at", "account", "at"),)

    block_number: int = big_field(key=True)
    log_index: int = Field(primary_key=True)
    account: str = address_field(key=True)
    kind: str = word_field(20, key=True)
    at: datetime = time_field()
    free_delta: int = big_field(zero=True)
    held_delta: int = big_field(zero=True)
    in_transit_delta: int = big_field(zero=True)
    frozen_delta: int = big_field(zero=True)
    counterparty: str | None = address_field()
    venue: str | None = address_field()
    reference: str | None = hash_field(index=True)
    tx_hash: str = hash_field(index=True)


class ChainBankRef(SQLModel, table=True):
    """A bank reference used on chain: an incoming payment (CREDIT) or one that the bank paid out (WITHDRAWAL). Each counts once."""

    __tablename__ = "chain_bank_refs"

    bank_ref: str = hash_field(key=True)
    use: str = word_field(12, key=True)
    account: str = address_field(index=True)
    kopeks: int = big_field()
    to_frozen: bool
    block_number: int = big_field()
    log_index: int
    tx_hash: str = hash_field()
    at: datetime = time_field()


class ChainWithdrawal(SQLModel, table=True):
    """A payment out: REQUESTED, then CONFIRMED by the bank's reference or CANCELLED."""

    __tablename__ = "chain_withdrawals"

    id: str = hash_field(key=True)
    account: str = address_field(index=True)
    kopeks: int = big_field()
    details_hash: str = hash_field()
    state: str = word_field(12, index=True)
    bank_ref: str | None = hash_field()
    reason: str | None = hash_field()
    requested_block: int = big_field()
    requested_tx: str = hash_field()
    requested_at: datetime = time_field()
    closed_block: int | None = big_field()
    closed_tx: str | None = hash_field()
    closed_at: datetime | None = time_field()


class ChainEscrow(SQLModel, table=True):
    """Kopeks that a venue holds of all owners together."""

    __tablename__ = "chain_escrow"

    venue: str = address_field(key=True)
    kopeks: int = big_field(zero=True)
    block_number: int = big_field()


class ChainCashTotals(SQLModel, table=True):
    """The one row of totals: credited - paid out = owned by all accounts together (ГК РФ ст. 860.1)."""

    __tablename__ = "chain_cash_totals"

    id: int = Field(default=1, primary_key=True)
    credited_kopeks: int = big_field(zero=True)
    paid_out_kopeks: int = big_field(zero=True)
    block_number: int = big_field()
