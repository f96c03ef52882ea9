"""Orders in placements, offers, transfers, the portfolio."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from backend.core.context import Context
from backend.core.ids import new_id
from backend.orders import service as orders
from backend.orders.models import Wish
from backend.orders.service import OfferView, OrderView
from backend.web.api.identity_out import IntentOut, intent_out
from backend.web.api.money import PageOut, Rubles, kopeks, page_out, rubles
from backend.web.deps import Ctx, Listing
from backend.web.routing import RowNumber, api_router

router = api_router("/orders", "orders")
placements = api_router("/placements", "placements")
offers = api_router("/offers", "secondary market")
portfolio = api_router("/portfolio", "portfolio")

Key = Annotated[str | None, Header(alias="Idempotency-Key", max_length=100)]
MAX_UNITS = 2**63 - 1


class Body(BaseModel):
    """Base of request bodies."""

    model_config = ConfigDict(extra="forbid")


class OrderBody(Body):
    """An order in a placement."""

    issue_id: str = Field(max_length=36)
    units: int = Field(ge=1, le=MAX_UNITS)
    risk_accepted: bool = False


class ReasonBody(Body):
    """Why."""

    reason: str = Field(max_length=300)


class AllocateBody(Body):
    """Units by order."""

    units: dict[str, int] = Field(max_length=1000)


class TransferBody(Body):
    """Units to another participant, without payment."""

    issue_id: str = Field(max_length=36)
    to: str = Field(max_length=30, examples=["KPT-INV-000002"])
    units: int = Field(ge=1, le=MAX_UNITS)


class OfferBody(Body):
    """An offer to sell; ``price`` a unit, rubles."""

    issue_id: str = Field(max_length=36)
    units: int = Field(ge=1, le=MAX_UNITS)
    price: Rubles = Field(examples=["1005.00"])
    minimum_units: int = Field(1, ge=1, le=MAX_UNITS)
    buyer: str | None = Field(None, max_length=30)
    expires_at: AwareDatetime


class AcceptBody(Body):
    """How many units to buy."""

    units: int = Field(ge=1, le=MAX_UNITS)


class OrderOut(BaseModel):
    """An order with what the chain says of it."""

    id: str
    issue_id: str
    issue_number: str
    issue_title: str
    units: int
    sum: Rubles
    state: str
    settled_units: int
    paid: Rubles
    returned: Rubles
    error: str | None
    tx_hash: str | None
    created_at: datetime


class WishOut(BaseModel):
    """A transfer, an offer, its acceptance or withdrawal."""

    id: str
    kind: str
    state: str
    units: int
    details: dict[str, Any]
    error: str | None


class OfferOut(BaseModel):
    """An offer."""

    id: int
    issue_id: str
    issue_number: str
    issue_title: str
    seller: str
    units_left: int
    units: int
    price: Rubles
    minimum_units: int
    state: str
    expires_at: datetime | None


class PositionOut(BaseModel):
    """One holding. Sums in rubles; ``cost`` of the units still held."""

    issue_id: str
    number: str
    title: str
    state: str
    units: int
    free_units: int
    value: Rubles
    cost: Rubles
    received: Rubles


class MoveOut(BaseModel):
    """A move of units."""

    at: datetime
    kind: str
    asset: str
    sender: str
    receiver: str
    units: int
    tx_hash: str


def order_out(ctx: Context, view: OrderView) -> OrderOut:
    """The answer about an order."""
    order, chain = view.order, view.chain
    return OrderOut(
        id=order.id,
        issue_id=order.issue_id,
        issue_number=view.issue_number,
        issue_title=view.issue_title,
        units=order.units,
        sum=rubles(order.sum_kopeks),
        state=view.state.value,
        settled_units=chain.settled_units if chain else 0,
        paid=rubles(chain.paid_kopeks if chain else 0),
        returned=rubles(chain.returned_kopeks if chain else 0),
        error=order.error_ru if ctx.lang == "ru" else order.error_en,
        tx_hash=chain.placed_tx if chain else None,
        created_at=order.created_at,
    )


def wish_out(ctx: Context, row: Wish) -> WishOut:
    """The answer about a wish."""
    return WishOut(
        id=row.id,
        kind=row.kind.value,
        state=row.state.value,
        units=row.units,
        details=row.details,
        error=row.error_ru if ctx.lang == "ru" else row.error_en,
    )


def _offer_out(view: OfferView) -> OfferOut:
    offer = view.offer
    return OfferOut(
        id=offer.id,
        issue_id=view.issue_id,
        issue_number=view.issue_number,
        issue_title=view.issue_title,
        seller=offer.seller,
        units_left=offer.units_left,
        units=offer.units,
        price=rubles(offer.price_kopeks),
        minimum_units=offer.minimum_units,
        state=offer.state,
        expires_at=offer.expires_at_at,
    )


@router.post("", status_code=201, summary="Order units")
def place(ctx: Ctx, body: OrderBody, key: Key = None) -> OrderOut:
    """Rubles are held by the contract; needs a fresh second factor."""
    view = orders.place(ctx, body.issue_id, body.units, risk_accepted=body.risk_accepted, key=key or new_id())
    return order_out(ctx, view)


@router.get("", summary="My orders")
def mine(ctx: Ctx, listing: Listing) -> PageOut[OrderOut]:
    """Latest first."""
    return page_out(orders.my_orders(ctx, listing), lambda view: order_out(ctx, view))


@router.get("/{order_id}", summary="One of my orders")
def my_order(ctx: Ctx, order_id: str) -> OrderOut:
    """With its state on chain."""
    return order_out(ctx, orders.my_order(ctx, order_id))


@router.post("/{order_id}/recall", summary="Take an order back")
def recall(ctx: Ctx, order_id: str) -> OrderOut:
    """Until the cut-off."""
    return order_out(ctx, orders.recall(ctx, order_id))


@router.post("/{order_id}/cancel", summary="Cancel an order by the operator")
def cancel(ctx: Ctx, order_id: str, body: ReasonBody) -> OrderOut:
    """Compliance."""
    return order_out(ctx, orders.cancel(ctx, order_id, body.reason))


@placements.get("/{issue_id}/orders", summary="Book of orders")
def book(ctx: Ctx, listing: Listing, issue_id: str) -> PageOut[OrderOut]:
    """For officers and the issue's issuer."""
    return page_out(orders.book(ctx, listing, issue_id), lambda view: order_out(ctx, view))


@placements.post("/{issue_id}/allocate", summary="Allocate by the issuer's choice")
def allocate(ctx: Ctx, issue_id: str, body: AllocateBody) -> IntentOut:
    """After the cut-off, before settlement."""
    return intent_out(orders.allocate(ctx, issue_id, body.units))


@offers.get("", summary="Offers")
def offer_list(ctx: Ctx, listing: Listing, own: bool = False) -> PageOut[OfferOut]:
    """Open to me, or my own."""
    return page_out(orders.offers(ctx, listing, own=own), _offer_out)


@offers.post("", status_code=201, summary="Offer units for sale")
def make_offer(ctx: Ctx, body: OfferBody, key: Key = None) -> WishOut:
    """The units are encumbered; needs a fresh second factor."""
    row = orders.offer(
        ctx,
        body.issue_id,
        body.units,
        kopeks(body.price, "price"),
        body.expires_at,
        key=key or new_id(),
        minimum_units=body.minimum_units,
        buyer_number=body.buyer,
    )
    return wish_out(ctx, row)


@offers.post("/{offer_id}/accept", status_code=201, summary="Accept an offer")
def accept(ctx: Ctx, offer_id: RowNumber, body: AcceptBody, key: Key = None) -> WishOut:
    """Units against rubles in one transaction; needs a fresh second factor."""
    return wish_out(ctx, orders.accept(ctx, offer_id, body.units, key=key or new_id()))


@offers.post("/{offer_id}/withdraw", status_code=201, summary="Take an offer back")
def withdraw(ctx: Ctx, offer_id: RowNumber, key: Key = None) -> WishOut:
    """The units become free."""
    return wish_out(ctx, orders.withdraw(ctx, offer_id, key=key or new_id()))


@portfolio.get("", summary="My holdings")
def positions(ctx: Ctx) -> list[PositionOut]:
    """With value, cost and what came in."""
    return [
        PositionOut(
            issue_id=one.issue_id,
            number=one.number,
            title=one.title,
            state=one.state,
            units=one.units,
            free_units=one.free_units,
            value=rubles(one.value_kopeks),
            cost=rubles(one.cost_kopeks),
            received=rubles(one.received_kopeks),
        )
        for one in orders.positions(ctx)
    ]


@portfolio.get("/moves", summary="Moves of my units")
def moves(ctx: Ctx) -> list[MoveOut]:
    """Latest first."""
    return [
        MoveOut(
            at=one.at,
            kind=one.kind,
            asset=one.asset,
            sender=one.from_address,
            receiver=one.to_address,
            units=one.units,
            tx_hash=one.tx_hash,
        )
        for one in orders.operations(ctx)
    ]


@portfolio.post("/transfers", status_code=201, summary="Transfer units")
def transfer(ctx: Ctx, body: TransferBody, key: Key = None) -> WishOut:
    """To another participant, without payment; needs a fresh second factor."""
    return wish_out(ctx, orders.transfer(ctx, body.issue_id, body.to, body.units, key=key or new_id()))


@portfolio.get("/wishes", summary="What I asked for on the secondary market")
def wishes(ctx: Ctx, listing: Listing) -> PageOut[WishOut]:
    """Latest first."""
    return page_out(orders.my_wishes(ctx, listing), lambda row: wish_out(ctx, row))


@portfolio.get("/wishes/{wish_id}", summary="One of them")
def wish(ctx: Ctx, wish_id: str) -> WishOut:
    """With the decoded reason when it was refused."""
    return wish_out(ctx, orders.my_wish(ctx, wish_id))


ROUTERS: list[APIRouter] = [router, placements, offers, portfolio]
