"""Mirror of Placement and Exchange: sales, orders, offers and deals."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from indexer.models.fields import address_field, big_field, hash_field, time_field, word_field


class ChainPlacement(SQLModel, table=True):
    """The primary sale of one issue. ``state`` as in IPlacement.State; ``demand_units`` counts open orders until the book closes."""

    __tablename__ = "chain_placements"

    issue_id: str = hash_field(key=True)
    asset: str = address_field(index=True)
    issuer: str = address_field(index=True)
    state: str = word_field(12, index=True)
    price_kopeks: int = big_field()
    minimum_units: int = big_field()
    maximum_units: int = big_field()
    order_min: int = big_field()
    order_max: int = big_field()
    starts_at: int = big_field()
    starts_at_at: datetime | None = time_field()
    ends_at: int = big_field()
    ends_at_at: datetime | None = time_field()
    crediting_at: int = big_field()
    crediting_at_at: datetime | None = time_field()
    allocation: str = word_field(16)
    demand_units: int = big_field(zero=True)
    to_issue_units: int = big_field(zero=True)
    issued_units: int = big_field(zero=True)
    paid_kopeks: int = big_field(zero=True)
    order_count: int = Field(default=0)
    open_orders: int = Field(default=0)
    succeeded: bool | None = Field(default=None)
    opened_block: int = big_field()
    opened_tx: str = hash_field()
    opened_at: datetime = time_field()
    closed_block: int | None = big_field()
    closed_tx: str | None = hash_field()
    closed_at: datetime | None = time_field()
    completed_block: int | None = big_field()
    completed_tx: str | None = hash_field()
    completed_at: datetime | None = time_field()


class ChainOrder(SQLModel, table=True):
    """One order of a sale: OPEN, then RECALLED, CANCELLED, SETTLED or REFUNDED. Money paid and returned add up to ``kopeks``."""

    __tablename__ = "chain_orders"

    issue_id: str = hash_field(key=True)
    order_id: int = big_field(key=True)
    asset: str = address_field()
    investor: str = address_field(index=True)
    client_ref: str = hash_field(index=True)
    state: str = word_field(12, index=True)
    units: int = big_field()
    kopeks: int = big_field()
    allocated_units: int | None = big_field()
    settled_units: int = big_field(zero=True)
    paid_kopeks: int = big_field(zero=True)
    returned_kopeks: int = big_field(zero=True)
    cancel_reason: str | None = hash_field()
    placed_block: int = big_field()
    placed_tx: str = hash_field()
    placed_at: datetime = time_field()
    closed_block: int | None = big_field()
    closed_tx: str | None = hash_field()
    closed_at: datetime | None = time_field()


class ChainOffer(SQLModel, table=True):
    """An offer to sell: OPEN, FILLED, WITHDRAWN or EXPIRED. ``buyer`` None: anyone admitted."""

    __tablename__ = "chain_offers"

    id: int = big_field(key=True)
    asset: str = address_field(index=True)
    seller: str = address_field(index=True)
    buyer: str | None = address_field(index=True)
    units: int = big_field()
    units_left: int = big_field()
    price_kopeks: int = big_field()
    minimum_units: int = big_field()
    expires_at: int = big_field()
    expires_at_at: datetime | None = time_field()
    client_ref: str = hash_field(index=True)
    state: str = word_field(12, index=True)
    made_block: int = big_field()
    made_tx: str = hash_field()
    made_at: datetime = time_field()
    closed_block: int | None = big_field()
    closed_tx: str | None = hash_field()
    closed_at: datetime | None = time_field()


class ChainTrade(SQLModel, table=True):
    """A deal of the secondary market: units against rubles in one transaction."""

    __tablename__ = "chain_trades"

    block_number: int = big_field(key=True)
    log_index: int = Field(primary_key=True)
    offer_id: int = big_field(index=True)
    asset: str = address_field(index=True)
    seller: str = address_field(index=True)
    buyer: str = address_field(index=True)
    units: int = big_field()
    price_kopeks: int = big_field()
    kopeks: int = big_field()
    client_ref: str = hash_field(index=True)
    tx_hash: str = hash_field(index=True)
    at: datetime = time_field()
