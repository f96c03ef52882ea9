"""Placement and Exchange: sales, orders, offers, deals."""

from collections.abc import Callable
from typing import Any

from indexer.chain.enums import ALLOCATION, OFFER_STATE
from indexer.models import ZERO_ADDRESS, ChainOffer, ChainOrder, ChainPlacement, ChainTrade, moment
from indexer.projections.store import Store
from indexer.sync.facts import Fact, Row


def apply(store: Store, fact: Fact) -> None:
    """Apply one event of Placement or Exchange."""
    EVENTS[fact.key](store, fact)


# --- primary market --------------------------------------------------------------------------------------------------


def _opened(store: Store, fact: Fact) -> None:
    args, terms = fact.args, fact.args["terms"]
    store.put(
        ChainPlacement,
        issue_id=args["issueId"],
        asset=args["asset"],
        issuer=args["issuer"],
        state="OPEN",
        price_kopeks=terms["priceKopeks"],
        minimum_units=terms["minimumUnits"],
        maximum_units=args["maximumUnits"],
        order_min=terms["orderMin"],
        order_max=terms["orderMax"],
        starts_at=terms["startsAt"],
        starts_at_at=moment(terms["startsAt"]),
        ends_at=terms["endsAt"],
        ends_at_at=moment(terms["endsAt"]),
        crediting_at=terms["creditingAt"],
        crediting_at_at=moment(terms["creditingAt"]),
        allocation=ALLOCATION[terms["allocation"]],
        opened_block=fact.block_number,
        opened_tx=fact.tx_hash,
        opened_at=fact.at,
    )


def _suspended(store: Store, fact: Fact) -> None:
    _change_sale(store, fact, state="SUSPENDED" if fact.args["suspended"] else "OPEN")


def _book_closed(store: Store, fact: Fact) -> None:
    # a second one turns a sale that can't be settled any more into refunds
    args = fact.args
    _change_sale(
        store,
        fact,
        state="SETTLING" if args["succeeded"] else "REFUNDING",
        to_issue_units=args["toIssue"],
        closed_block=fact.block_number,
        closed_tx=fact.tx_hash,
        closed_at=fact.at,
    )


def _completed(store: Store, fact: Fact) -> None:
    succeeded = fact.args["succeeded"]
    _change_sale(
        store,
        fact,
        state="COMPLETED" if succeeded else "FAILED",
        succeeded=succeeded,
        completed_block=fact.block_number,
        completed_tx=fact.tx_hash,
        completed_at=fact.at,
    )


def _placed(store: Store, fact: Fact) -> None:
    args = fact.args
    sale = store.get(ChainPlacement, fact, args["issueId"])
    store.put(
        ChainOrder,
        issue_id=args["issueId"],
        order_id=args["orderId"],
        asset=sale["asset"],
        investor=args["investor"],
        client_ref=args["clientRef"],
        state="OPEN",
        units=args["units"],
        kopeks=args["kopeks"],
        placed_block=fact.block_number,
        placed_tx=fact.tx_hash,
        placed_at=fact.at,
    )
    _change_sale(
        store,
        fact,
        demand_units=sale["demand_units"] + args["units"],
        order_count=sale["order_count"] + 1,
        open_orders=sale["open_orders"] + 1,
    )


def _recalled(store: Store, fact: Fact) -> None:
    _close_order(store, fact, "RECALLED", returned_kopeks=fact.args["kopeks"])


def _cancelled(store: Store, fact: Fact) -> None:
    _close_order(store, fact, "CANCELLED", returned_kopeks=fact.args["kopeks"], cancel_reason=fact.args["reason"])


def _refunded(store: Store, fact: Fact) -> None:
    _close_order(store, fact, "REFUNDED", returned_kopeks=fact.args["kopeks"])


def _allocated(store: Store, fact: Fact) -> None:
    key = (fact.args["issueId"], fact.args["orderId"])
    store.change(ChainOrder, fact, key, allocated_units=fact.args["units"])


def _settled(store: Store, fact: Fact) -> None:
    args = fact.args
    _close_order(
        store,
        fact,
        "SETTLED",
        settled_units=args["units"],
        allocated_units=args["units"],
        paid_kopeks=args["kopeks"],
        returned_kopeks=args["refunded"],
    )
    sale = store.get(ChainPlacement, fact, args["issueId"])
    _change_sale(
        store,
        fact,
        issued_units=sale["issued_units"] + args["units"],
        paid_kopeks=sale["paid_kopeks"] + args["kopeks"],
    )


def _close_order(store: Store, fact: Fact, state: str, **values: Any) -> Row:
    order = store.change(
        ChainOrder,
        fact,
        (fact.args["issueId"], fact.args["orderId"]),
        state=state,
        closed_block=fact.block_number,
        closed_tx=fact.tx_hash,
        closed_at=fact.at,
        **values,
    )
    sale = store.get(ChainPlacement, fact, fact.args["issueId"])
    _change_sale(store, fact, demand_units=sale["demand_units"] - order["units"], open_orders=sale["open_orders"] - 1)
    return order


def _change_sale(store: Store, fact: Fact, **values: Any) -> None:
    store.change(ChainPlacement, fact, (fact.args["issueId"],), **values)


# --- secondary market ------------------------------------------------------------------------------------------------


def _offer_made(store: Store, fact: Fact) -> None:
    args = fact.args
    store.put(
        ChainOffer,
        id=args["id"],
        asset=args["asset"],
        seller=args["seller"],
        buyer=None if args["buyer"] == ZERO_ADDRESS else args["buyer"],
        units=args["units"],
        units_left=args["units"],
        price_kopeks=args["priceKopeks"],
        minimum_units=args["minimumUnits"],
        expires_at=args["expiresAt"],
        expires_at_at=moment(args["expiresAt"]),
        client_ref=args["clientRef"],
        state="OPEN",
        made_block=fact.block_number,
        made_tx=fact.tx_hash,
        made_at=fact.at,
    )


def _offer_accepted(store: Store, fact: Fact) -> None:
    args = fact.args
    offer = store.get(ChainOffer, fact, args["id"])
    store.change(ChainOffer, fact, (args["id"],), units_left=offer["units_left"] - args["units"])
    store.put(
        ChainTrade,
        **fact.place,
        offer_id=args["id"],
        asset=args["asset"],
        seller=args["seller"],
        buyer=args["buyer"],
        units=args["units"],
        price_kopeks=offer["price_kopeks"],
        kopeks=args["kopeks"],
        client_ref=args["clientRef"],
        tx_hash=fact.tx_hash,
        at=fact.at,
    )


def _offer_closed(store: Store, fact: Fact) -> None:
    store.change(
        ChainOffer,
        fact,
        (fact.args["id"],),
        state=OFFER_STATE[fact.args["state"]],
        units_left=0,
        closed_block=fact.block_number,
        closed_tx=fact.tx_hash,
        closed_at=fact.at,
    )


EVENTS: dict[str, Callable[[Store, Fact], None]] = {
    "Placement.PlacementOpened": _opened,
    "Placement.PlacementSuspended": _suspended,
    "Placement.PlacementClosed": _book_closed,
    "Placement.PlacementCompleted": _completed,
    "Placement.OrderPlaced": _placed,
    "Placement.OrderRecalled": _recalled,
    "Placement.OrderCancelled": _cancelled,
    "Placement.OrderAllocated": _allocated,
    "Placement.OrderSettled": _settled,
    "Placement.OrderRefunded": _refunded,
    "Exchange.OfferMade": _offer_made,
    "Exchange.OfferAccepted": _offer_accepted,
    "Exchange.OfferClosed": _offer_closed,
}
