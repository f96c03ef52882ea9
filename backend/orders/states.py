"""States of an order and of a wish on the secondary market, as their owner reads them.

An order's row keeps only what the chain can't: that it was asked for, and that the chain refused it. The rest is joined from chain_orders.
"""

from enum import StrEnum


class WishState(StrEnum):
    """What the row itself knows."""

    SENT = "SENT"
    """Promised to the chain."""
    ON_CHAIN = "ON_CHAIN"
    """The chain has taken it; its own state is in the mirror."""
    REFUSED = "REFUSED"
    """The chain refused it; the reason is kept."""


class OrderState(StrEnum):
    """What the investor reads."""

    CHECKING = "CHECKING"
    """On its way to the register."""
    REJECTED = "REJECTED"
    """Refused, with the reason."""
    ACCEPTED = "ACCEPTED"
    """In the book, rubles held."""
    RECALLED = "RECALLED"
    """Taken back, rubles released."""
    CANCELLED_BY_OPERATOR = "CANCELLED_BY_OPERATOR"
    """Cancelled by compliance, rubles released."""
    SETTLED = "SETTLED"
    """Filled in full."""
    PARTIAL = "PARTIAL"
    """Filled in part; the rest of the rubles released."""
    UNALLOCATED = "UNALLOCATED"
    """Nothing came of it; rubles released."""


class WishKind(StrEnum):
    """What is asked on the secondary market."""

    TRANSFER = "TRANSFER"
    OFFER = "OFFER"
    ACCEPT = "ACCEPT"
    WITHDRAW = "WITHDRAW"
