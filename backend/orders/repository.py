"""Queries of orders; own records are limited here."""

from __future__ import annotations

from sqlmodel import col, or_, select

from backend.core.context import Context
from backend.core.pagination import Page, PageRequest, ordered, paginate
from backend.orders.models import Order, Wish
from indexer.models import (
    ChainHolding,
    ChainOffer,
    ChainOrder,
    ChainParticipant,
    ChainPlacement,
    ChainRun,
    ChainRunPayment,
    ChainTrade,
    ChainTransfer,
)


def own_order(ctx: Context, order_id: str) -> Order | None:
    """An order of the asker."""
    statement = select(Order).where(Order.id == order_id, Order.participant_id == ctx.actor.participant_id)
    return ctx.session.exec(statement.with_for_update()).first()


def own_orders(ctx: Context, request: PageRequest) -> Page[Order]:
    """Orders of the asker."""
    return _orders(ctx, request, Order.participant_id == ctx.actor.participant_id)


def orders_of_issue(ctx: Context, request: PageRequest, issue_id: str) -> Page[Order]:
    """Orders of an issue."""
    return _orders(ctx, request, Order.issue_id == issue_id)


def _orders(ctx: Context, request: PageRequest, condition: object) -> Page[Order]:
    columns = {"created_at": col(Order.created_at), "units": col(Order.units), "sum": col(Order.sum_kopeks)}
    statement = select(Order).where(condition)  # type: ignore[arg-type]  # a column expression
    return paginate(ctx.session, ordered(statement, request, columns, "-created_at"), request)


def chain_order(ctx: Context, client_ref: str) -> ChainOrder | None:
    """An order in the mirror, by its name on chain."""
    return ctx.session.exec(select(ChainOrder).where(ChainOrder.client_ref == client_ref)).first()


def open_placements(ctx: Context) -> list[ChainPlacement]:
    """Placements that are not finished."""
    live = ("OPEN", "SUSPENDED", "SETTLING", "REFUNDING")
    return list(ctx.session.exec(select(ChainPlacement).where(col(ChainPlacement.state).in_(live))))


def orders_of_blocked(ctx: Context) -> list[ChainOrder]:
    """Open orders of participants whom the chain shows blocked."""
    statement = (
        select(ChainOrder)
        .join(ChainParticipant, col(ChainParticipant.address) == col(ChainOrder.investor))
        .where(ChainOrder.state == "OPEN", ChainParticipant.status == "BLOCKED")
    )
    return list(ctx.session.exec(statement))


def expired_offers(ctx: Context, now: int) -> list[ChainOffer]:
    """Open offers past their expiry."""
    return list(ctx.session.exec(select(ChainOffer).where(ChainOffer.state == "OPEN", ChainOffer.expires_at < now)))


def offers(ctx: Context, request: PageRequest, *, wallet: str, own: bool) -> Page[ChainOffer]:
    """Own offers, or those open to the asker."""
    statement = select(ChainOffer)
    if own:
        statement = statement.where(ChainOffer.seller == wallet)
    else:
        addressed = or_(col(ChainOffer.buyer).is_(None), col(ChainOffer.buyer) == wallet)
        statement = statement.where(ChainOffer.state == "OPEN", addressed, ChainOffer.seller != wallet)
    columns = {"id": col(ChainOffer.id), "price": col(ChainOffer.price_kopeks)}
    return paginate(ctx.session, ordered(statement, request, columns, "-id"), request)


def wishes(ctx: Context, request: PageRequest) -> Page[Wish]:
    """What the asker asked for on the secondary market."""
    statement = select(Wish).where(Wish.participant_id == ctx.actor.participant_id)
    return paginate(
        ctx.session, ordered(statement, request, {"created_at": col(Wish.created_at)}, "-created_at"), request
    )


def holdings(ctx: Context, wallet: str) -> list[ChainHolding]:
    """Holdings with units."""
    return list(ctx.session.exec(select(ChainHolding).where(ChainHolding.holder == wallet, ChainHolding.units > 0)))


def holding(ctx: Context, asset: str, wallet: str) -> ChainHolding | None:
    """One holding."""
    return ctx.session.get(ChainHolding, (asset, wallet))


def transfers_of(ctx: Context, wallet: str) -> list[ChainTransfer]:
    """Every move of units to or from an address, in order."""
    statement = select(ChainTransfer).where(
        or_(ChainTransfer.from_address == wallet, ChainTransfer.to_address == wallet)
    )
    return list(ctx.session.exec(statement.order_by(col(ChainTransfer.block_number), col(ChainTransfer.log_index))))


def trades_of(ctx: Context, wallet: str) -> list[ChainTrade]:
    """Every deal of an address, in order."""
    statement = select(ChainTrade).where(or_(ChainTrade.seller == wallet, ChainTrade.buyer == wallet))
    return list(ctx.session.exec(statement.order_by(col(ChainTrade.block_number), col(ChainTrade.log_index))))


def settled_orders(ctx: Context, wallet: str) -> list[ChainOrder]:
    """Orders that brought units."""
    statement = select(ChainOrder).where(ChainOrder.investor == wallet, ChainOrder.state == "SETTLED")
    return list(ctx.session.exec(statement))


def payments_of(ctx: Context, wallet: str) -> list[ChainRunPayment]:
    """Payments received."""
    return list(ctx.session.exec(select(ChainRunPayment).where(ChainRunPayment.holder == wallet)))


def asset_of_run(ctx: Context, run_id: int) -> str | None:
    """The token that a payment run belongs to."""
    run = ctx.session.get(ChainRun, run_id)
    return run.asset if run else None
