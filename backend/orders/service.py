"""What other packages may call, in one place."""

from __future__ import annotations

from backend.orders.portfolio import Position, operations, positions, positions_of
from backend.orders.primary import (
    OrderView,
    allocate,
    book,
    cancel,
    my_order,
    my_orders,
    place,
    recall,
)
from backend.orders.secondary import OfferView, accept, my_wish, my_wishes, offer, offers, transfer, withdraw
from backend.orders.settlement import operator_wallet
from backend.orders.states import OrderState, WishState

__all__ = [
    "OfferView",
    "OrderState",
    "OrderView",
    "Position",
    "WishState",
    "accept",
    "allocate",
    "book",
    "cancel",
    "my_order",
    "my_orders",
    "my_wish",
    "my_wishes",
    "offer",
    "offers",
    "operations",
    "operator_wallet",
    "place",
    "positions",
    "positions_of",
    "recall",
    "transfer",
    "withdraw",
]
