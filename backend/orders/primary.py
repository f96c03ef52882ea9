"""Orders in a placement: early, clear answers here; the contract is the judge."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from backend.cash import service as cash
from backend.core.context import Context
from backend.core.errors import Forbidden, Invalid
from backend.core.events import emit
from backend.core.ids import bytes32_of
from backend.core.journal import record
from backend.core.pagination import Page, PageRequest
from backend.core.permissions import Permission
from backend.custody import service as custody
from backend.custody.errors import WalletMissing
from backend.custody.models import Intent
from backend.custody.states import IntentState
from backend.identity import service as identity
from backend.issues import service as issues
from backend.orders import repository
from backend.orders.errors import (
    ClassMissing,
    FundsShort,
    OrderSizeWrong,
    OrderUnknown,
    PlacementClosed,
    RiskNotAccepted,
)
from backend.orders.models import Order
from backend.orders.states import OrderState, WishState
from indexer.models import ChainOrder, ChainPlacement

ORDER_REF = "orders.order"
RECALL_REF = "orders.recall"
CANCEL_REF = "orders.cancel"
ALLOCATE_REF = "orders.allocate"


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order with what the chain says of it."""

    order: Order
    state: OrderState
    chain: ChainOrder | None
    issue_number: str
    issue_title: str


def place(ctx: Context, issue_id: str, units: int, *, risk_accepted: bool, key: str) -> OrderView:
    """Order units; ``key`` makes a double click one order. Needs a fresh second factor."""
    ctx.require(Permission.ORDER_PLACE)
    ctx.require_step_up()
    buyer = identity.require_trading(ctx)
    order_id = hashlib.sha256(f"{buyer.id}:{key}".encode()).hexdigest()[:32]
    present = repository.own_order(ctx, order_id)
    if present is not None:
        return view(ctx, present)
    page = issues.issue_page(ctx, issue_id)
    sale = page.placement
    if sale is None or sale.state != "OPEN" or not sale.starts_at <= int(ctx.now().timestamp()) <= sale.ends_at:
        raise PlacementClosed
    if not risk_accepted:
        raise RiskNotAccepted(field="risk_accepted")
    _check(ctx, buyer.wallet, sale, units, page.chain.access_class if page.chain else 0)
    order = Order(
        id=order_id,
        client_ref=bytes32_of(order_id),
        issue_id=issue_id,
        participant_id=buyer.id,
        units=units,
        sum_kopeks=units * sale.price_kopeks,
        risk_accepted_at=ctx.now(),
        created_at=ctx.now(),
    )
    ctx.session.add(order)
    ctx.session.flush()
    custody.request_call(
        ctx,
        wallet=buyer.wallet,
        contract="Placement",
        function="order",
        args=[sale.issue_id, units, order.client_ref],
        idempotency_key=f"order:{order.id}",
        ref_kind=ORDER_REF,
        ref_id=order.id,
        summary=f"Заявка на {units} ед. {page.issue.number}",
    )
    record(ctx, action="orders.placed", entity="order", entity_id=order.id, details={"units": units})
    return view(ctx, order)


def recall(ctx: Context, order_id: str) -> OrderView:
    """Take an own order back until the cut-off."""
    ctx.require(Permission.ORDER_PLACE)
    owner = identity.require_trading(ctx)
    order = repository.own_order(ctx, order_id)
    if order is None:
        raise OrderUnknown
    chain = repository.chain_order(ctx, order.client_ref)
    if chain is None or chain.state != "OPEN":
        raise PlacementClosed("Эту заявку уже нельзя отозвать.", "This order can't be recalled any more.")
    attempt = len([one for one in custody.intents_of(ctx, RECALL_REF, order.id) if one.handled])
    custody.request_call(
        ctx,
        wallet=owner.wallet,
        contract="Placement",
        function="recall",
        args=[chain.issue_id, chain.order_id],
        idempotency_key=f"recall:{order.id}:{attempt}",
        ref_kind=RECALL_REF,
        ref_id=order.id,
        summary="Отзыв заявки",
    )
    record(ctx, action="orders.recalled", entity="order", entity_id=order.id)
    return view(ctx, order)


def cancel(ctx: Context, order_id: str, reason: str) -> OrderView:
    """Cancel an order by the operator; COMPLIANCE."""
    ctx.require(Permission.ORDER_CANCEL)
    order = ctx.session.get(Order, order_id)
    chain = repository.chain_order(ctx, order.client_ref) if order else None
    if order is None or chain is None:
        raise OrderUnknown
    if ctx.actor.wallet is None:
        raise WalletMissing
    attempt = len([one for one in custody.intents_of(ctx, CANCEL_REF, order.id) if one.handled])
    custody.request_call(
        ctx,
        wallet=ctx.actor.wallet,
        contract="Placement",
        function="cancelOrder",
        args=[chain.issue_id, chain.order_id, bytes32_of(reason)],
        idempotency_key=f"cancel:{order.id}:{attempt}",
        ref_kind=CANCEL_REF,
        ref_id=order.id,
        summary="Отмена заявки оператором",
    )
    record(ctx, action="orders.cancelled", entity="order", entity_id=order.id, details={"reason": reason})
    return view(ctx, order)


def allocate(ctx: Context, issue_id: str, units_by_order: dict[str, int]) -> Intent:
    """The issuer's own choice, after the cut-off and before settlement."""
    ctx.require(Permission.PLACEMENT_ALLOCATE)
    issue = issues.own_issue(ctx, issue_id)
    sale = issues.chain_placement(ctx, issue)
    if sale is None or sale.allocation != "ISSUER_CHOICE":
        raise PlacementClosed
    numbers, units = [], []
    for order_id, amount in units_by_order.items():
        order = ctx.session.get(Order, order_id)
        chain = repository.chain_order(ctx, order.client_ref) if order else None
        if chain is None or chain.issue_id != sale.issue_id:
            raise OrderUnknown(field="orders")
        if not 0 <= amount <= chain.units:
            raise Invalid("Больше, чем в заявке.", "More than ordered.", field="orders")
        numbers.append(chain.order_id)
        units.append(amount)
    attempt = len([one for one in custody.intents_of(ctx, ALLOCATE_REF, issue.id) if one.handled])
    digest = hashlib.sha256(repr(sorted(zip(numbers, units, strict=True))).encode()).hexdigest()[:16]
    return custody.request_call(
        ctx,
        wallet=identity.own(ctx).wallet,
        contract="Placement",
        function="allocate",
        args=[sale.issue_id, numbers, units],
        idempotency_key=f"allocate:{issue.id}:{digest}:{attempt}",
        ref_kind=ALLOCATE_REF,
        ref_id=issue.id,
        summary=f"Распределение {issue.number}",
    )


def my_orders(ctx: Context, request: PageRequest) -> Page[OrderView]:
    """Orders of the asker."""
    ctx.require_any(Permission.ORDER_PLACE, Permission.HOLDING_READ)
    page = repository.own_orders(ctx, request)
    return page.of([view(ctx, one) for one in page.items])


def my_order(ctx: Context, order_id: str) -> OrderView:
    """One own order."""
    ctx.require(Permission.ORDER_PLACE)
    order = repository.own_order(ctx, order_id)
    if order is None:
        raise OrderUnknown
    return view(ctx, order)


def book(ctx: Context, request: PageRequest, issue_id: str) -> Page[OrderView]:
    """Orders of an issue: for officers, and for its issuer."""
    if not ctx.actor.may(Permission.ORDER_READ_ALL):
        ctx.require(Permission.ISSUE_DRAFT)
        if issues.own_issue(ctx, issue_id) is None:
            raise Forbidden
    page = repository.orders_of_issue(ctx, request, issue_id)
    return page.of([view(ctx, one) for one in page.items])


def view(ctx: Context, order: Order) -> OrderView:
    """Join the mirror."""
    chain = repository.chain_order(ctx, order.client_ref)
    issue = ctx.session.get_one(issues.Issue, order.issue_id)
    return OrderView(order, _state(order, chain), chain, issue.number, issue.title)


def on_ordered(ctx: Context, intent: Intent) -> None:
    """In the book, or refused with the decoded reason."""
    order = ctx.session.get_one(Order, intent.ref_id)
    accepted = intent.state == IntentState.CONFIRMED
    order.state = WishState.ON_CHAIN if accepted else WishState.REFUSED
    order.error_ru, order.error_en = intent.error_ru, intent.error_en
    ctx.session.add(order)
    kind = "order.accepted" if accepted else "order.rejected"
    payload = {"order": order.id, "reason_ru": intent.error_ru, "reason_en": intent.error_en}
    emit(ctx, kind, participant_id=order.participant_id, payload=payload)


def _check(ctx: Context, wallet: str, sale: ChainPlacement, units: int, access_class: int) -> None:
    if not sale.order_min <= units <= sale.order_max:
        ru = f"В одной заявке от {sale.order_min} до {sale.order_max} ед."
        raise OrderSizeWrong(ru, f"An order is {sale.order_min} to {sale.order_max} units.", field="units")
    row = identity.participant_by_wallet(ctx, wallet)
    chain = identity.chain_row(ctx, row) if row else None
    if chain is None or not chain.classes & access_class:
        raise ClassMissing
    if cash.balance_of(ctx, wallet).free < units * sale.price_kopeks:
        raise FundsShort(field="units")


def _state(order: Order, chain: ChainOrder | None) -> OrderState:
    if order.state == WishState.REFUSED:
        return OrderState.REJECTED
    if chain is None:
        return OrderState.CHECKING
    if chain.state == "SETTLED":
        if not chain.settled_units:
            return OrderState.UNALLOCATED
        return OrderState.SETTLED if chain.settled_units == chain.units else OrderState.PARTIAL
    words = {
        "OPEN": OrderState.ACCEPTED,
        "RECALLED": OrderState.RECALLED,
        "CANCELLED": OrderState.CANCELLED_BY_OPERATOR,
        "REFUNDED": OrderState.UNALLOCATED,
    }
    return words[chain.state]
