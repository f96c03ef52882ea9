"""Tables of orders: what participants asked for. What came of it is in chain_orders, chain_offers, chain_trades, chain_transfers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from backend.core.db import JsonColumn, UtcDateTime
from backend.orders.states import WishKind, WishState


class Order(SQLModel, table=True):
    """An order in a placement. ``client_ref`` is its name on chain."""

    __tablename__ = "orders"

    id: str = Field(primary_key=True)
    client_ref: str = Field(unique=True)
    issue_id: str = Field(index=True)
    participant_id: str = Field(index=True)
    units: int = Field(sa_type=BigInteger)
    sum_kopeks: int = Field(sa_type=BigInteger)
    state: WishState = Field(default=WishState.SENT, index=True)
    risk_accepted_at: datetime = Field(sa_type=UtcDateTime)
    error_ru: str | None = None
    error_en: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)


class Wish(SQLModel, table=True):
    """A transfer, an offer, its acceptance or withdrawal."""

    __tablename__ = "market_wishes"

    id: str = Field(primary_key=True)
    client_ref: str = Field(unique=True)
    kind: WishKind
    participant_id: str = Field(index=True)
    asset: str = Field(index=True)
    units: int = Field(sa_type=BigInteger)
    details: dict[str, Any] = Field(default_factory=dict, sa_type=JsonColumn)
    state: WishState = Field(default=WishState.SENT, index=True)
    error_ru: str | None = None
    error_en: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
