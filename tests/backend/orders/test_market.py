"""Orders, offers and holdings: early refusals, one order for a double click, states and ticks by the facts of the chain."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from backend.core.context import Context
from backend.core.errors import Forbidden, Invalid, NotFound, StepUpRequired
from backend.core.ids import bytes32_of, new_id
from backend.core.pagination import PageRequest
from backend.core.permissions import Role
from backend.custody.models import Intent
from backend.custody.states import IntentState
from backend.identity import participants
from backend.identity.errors import ParticipantNotActive
from backend.identity.service import Participant, ParticipantStatus
from backend.issues.decision import read_decision_yaml
from backend.issues.service import Issue, IssueState
from backend.orders import primary, secondary, settlement
from backend.orders import service as orders
from backend.orders.errors import (
    ClassMissing,
    FundsShort,
    OfferUnknown,
    OrderSizeWrong,
    OrderUnknown,
    PlacementClosed,
    RiskNotAccepted,
    UnitsShort,
)
from backend.orders.reactions import REACTIONS, TICKS
from backend.orders.service import OrderState, WishState
from indexer.models import ChainOffer, ChainOrder, ChainParticipant, ChainPlacement, ChainTrade, ChainTransfer
from tests.backend.conftest import ContextMaker
from tests.factories.chain import Chain, address, word, write_deployment

DECISION = Path(__file__).parents[2] / "cases" / "decisions" / "01-monthly-coupon.yaml"
ASSET = address(0xA55E7)
ALL = PageRequest(size=100)
PRICE = 100_000


@dataclass
class Market:
    """An open placement, an investor with 10 000 rubles, and the worker's part."""

    ctx: Context
    chain: Chain
    issue: Issue
    sale: ChainPlacement
    anna: Participant
    boris: Participant
    maker: ContextMaker

    def of(self, row: Participant, **more: Any) -> Context:
        return self.maker(Role.INVESTOR, participant_id=row.id, **more)

    def keep(self, row: Any, **facts: Any) -> None:
        for name, value in facts.items():
            setattr(row, name, value)
        self.ctx.session.add(row)
        self.ctx.session.flush()

    def tick(self) -> None:
        for tick in TICKS:
            tick(self.ctx)

    def promises(self, kind: str, *, function: str | None = None) -> list[Intent]:
        found = self.ctx.session.exec(select(Intent).where(Intent.ref_kind == kind))
        return sorted((one for one in found if function in (None, one.function)), key=lambda one: one.created_at)

    def answer(self, intent: Intent, state: IntentState = IntentState.CONFIRMED) -> None:
        intent.state, intent.handled = state, True
        if state != IntentState.CONFIRMED:
            intent.error_ru, intent.error_en = "Отказ.", "Refused."
        if intent.ref_kind in REACTIONS:
            REACTIONS[intent.ref_kind](self.ctx, intent)
        self.keep(intent)

    def in_book(self, order: Any, **facts: Any) -> ChainOrder:
        row = ChainOrder(
            issue_id=self.sale.issue_id,
            order_id=1,
            asset=ASSET,
            investor=self.anna.wallet,
            client_ref=order.client_ref,
            state="OPEN",
            units=order.units,
            kopeks=order.sum_kopeks,
            placed_block=0,
            placed_tx=word(1),
            placed_at=self.ctx.now(),
        )
        self.keep(row, **facts)
        return row


def seconds(ctx: Context, hours: float) -> int:
    return int((ctx.now() + timedelta(hours=hours)).timestamp())


def member(ctx: Context, name: str, portal: str = "investor") -> Participant:
    kind = "PERSON" if portal == "investor" else "ORGANISATION"
    row = participants._new(ctx, kind, portal, {"name": name, "full_name": name, "inn": None, "bank": {}})
    row.status = ParticipantStatus.ACTIVE
    ctx.session.add(row)
    ctx.session.flush()
    return row


@pytest.fixture
def market(ctx_for: ContextMaker) -> Market:
    ctx = ctx_for(system="worker")
    write_deployment(ctx.settings)
    chain = Chain(ctx.session)
    chain.block(ctx.now())
    issuer, anna, boris = member(ctx, "ООО «Завод»", "issuer"), member(ctx, "Анна"), member(ctx, "Борис")
    for number, one in enumerate((issuer, anna, boris), start=1):
        chain.participant(one.wallet, number)
    chain.rubles(anna.wallet, 10 * PRICE)
    content = read_decision_yaml(DECISION.read_bytes())
    issue_id = new_id()
    issue = Issue(
        id=issue_id,
        number="KPT-2026-000001",
        chain_id_hash=bytes32_of(issue_id),
        participant_id=issuer.id,
        title=str(content["title"]),
        content=content,
        state=IssueState.DEPLOYED,
        created_at=ctx.now(),
    )
    sale = ChainPlacement(
        issue_id=issue.chain_id_hash,
        asset=ASSET,
        issuer=issuer.wallet,
        state="OPEN",
        price_kopeks=PRICE,
        minimum_units=3000,
        maximum_units=10_000,
        order_min=2,
        order_max=5000,
        starts_at=seconds(ctx, -1),
        ends_at=seconds(ctx, 1),
        crediting_at=seconds(ctx, 2),
        allocation="ISSUER_CHOICE",
        opened_block=0,
        opened_tx=word(1),
        opened_at=ctx.now(),
    )
    ctx.session.add_all([issue, sale])
    ends = [ctx.now() + timedelta(days=90)]
    chain.issue(issue.chain_id_hash, ASSET, issuer.wallet, record_dates=ends, state="PLACEMENT")
    return Market(ctx, chain, issue, sale, anna, boris, ctx_for)


def place(ctx: Context, market: Market, units: int = 5, key: str = "k", *, risk: bool = True) -> orders.OrderView:
    return orders.place(ctx, market.issue.id, units, risk_accepted=risk, key=key)


# --- placement -------------------------------------------------------------------------------------------------------


def test_a_double_click_is_one_order(market: Market) -> None:
    anna = market.of(market.anna)
    view = place(anna, market)
    assert place(anna, market).order.id == view.order.id
    (promise,) = market.promises(primary.ORDER_REF)
    assert (promise.wallet, promise.function) == (market.anna.wallet, "order")
    assert promise.args == [market.sale.issue_id, 5, view.order.client_ref]
    assert (view.state, view.order.sum_kopeks) == (OrderState.CHECKING, 5 * PRICE)
    assert place(anna, market, key="another").order.id != view.order.id


@pytest.mark.parametrize(
    ("units", "risk", "facts", "error"),
    [
        (1, True, {}, OrderSizeWrong),
        (5001, True, {}, OrderSizeWrong),
        (11, True, {}, FundsShort),
        (5, False, {}, RiskNotAccepted),
        (5, True, {"state": "SUSPENDED"}, PlacementClosed),
        (5, True, {"starts_at": 1}, PlacementClosed),
        (5, True, {"ends_at": -1}, PlacementClosed),
    ],
)
def test_what_the_contract_would_refuse_is_said_before(
    market: Market, units: int, *, risk: bool, facts: dict[str, Any], error: type[Exception]
) -> None:
    moved = {name: value if name == "state" else seconds(market.ctx, value) for name, value in facts.items()}
    market.keep(market.sale, **moved)
    anna = market.of(market.anna)
    with pytest.raises(error):
        place(anna, market, units, risk=risk)
    assert market.promises(primary.ORDER_REF) == []


def test_only_an_admitted_participant_of_the_class_orders(market: Market) -> None:
    anna = market.of(market.anna)
    chain = market.ctx.session.get_one(ChainParticipant, market.anna.wallet)
    market.keep(chain, classes=2)
    with pytest.raises(ClassMissing):
        place(anna, market)
    market.keep(chain, classes=15, status="BLOCKED")
    with pytest.raises(ParticipantNotActive):
        place(anna, market)
    market.keep(chain, status="ACTIVE", admitted_until=seconds(market.ctx, -1))
    with pytest.raises(ParticipantNotActive):
        place(anna, market)
    stale = market.of(market.boris, stepped_up=False)
    with pytest.raises(StepUpRequired):
        place(stale, market)
    officer = market.maker(Role.MODERATOR)
    with pytest.raises(Forbidden):
        place(officer, market)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"state": "OPEN"}, OrderState.ACCEPTED),
        ({"state": "RECALLED"}, OrderState.RECALLED),
        ({"state": "CANCELLED"}, OrderState.CANCELLED_BY_OPERATOR),
        ({"state": "REFUNDED"}, OrderState.UNALLOCATED),
        ({"state": "SETTLED", "settled_units": 5}, OrderState.SETTLED),
        ({"state": "SETTLED", "settled_units": 3}, OrderState.PARTIAL),
        ({"state": "SETTLED", "settled_units": 0}, OrderState.UNALLOCATED),
    ],
)
def test_the_state_of_an_order_is_the_chains(market: Market, facts: dict[str, Any], expected: OrderState) -> None:
    anna = market.of(market.anna)
    order = place(anna, market).order
    market.answer(market.promises(primary.ORDER_REF)[0])
    market.in_book(order, **facts)
    assert orders.my_order(anna, order.id).state == expected


def test_a_refused_order_tells_why(market: Market) -> None:
    anna = market.of(market.anna)
    order = place(anna, market).order
    market.answer(market.promises(primary.ORDER_REF)[0], IntentState.FAILED)
    view = orders.my_order(anna, order.id)
    assert (view.state, view.order.error_ru) == (OrderState.REJECTED, "Отказ.")


def test_an_order_is_recalled_once_and_again_after_a_refusal(market: Market) -> None:
    anna = market.of(market.anna)
    order = place(anna, market).order
    with pytest.raises(PlacementClosed):
        orders.recall(anna, order.id)
    market.in_book(order)
    orders.recall(anna, order.id)
    orders.recall(anna, order.id)
    (promise,) = market.promises(primary.RECALL_REF)
    market.answer(promise, IntentState.FAILED)
    orders.recall(anna, order.id)
    assert len(market.promises(primary.RECALL_REF)) == 2


def test_a_foreign_order_is_not_there(market: Market) -> None:
    order = place(market.of(market.anna), market).order
    boris = market.of(market.boris)
    for act in (orders.my_order, orders.recall):
        with pytest.raises(OrderUnknown):
            act(boris, order.id)
    with pytest.raises(Forbidden):
        orders.cancel(boris, order.id, "x")
    assert orders.my_orders(boris, ALL).total == 0
    assert orders.book(market.maker(Role.MODERATOR), ALL, market.issue.id).total == 1


def test_the_issuer_allocates_its_own_book(market: Market) -> None:
    order = place(market.of(market.anna), market).order
    market.in_book(order)
    issuer = market.maker(Role.ISSUER_SIGNER, participant_id=market.issue.participant_id)
    with pytest.raises(Invalid):
        orders.allocate(issuer, market.issue.id, {order.id: 6})
    with pytest.raises(OrderUnknown):
        orders.allocate(issuer, market.issue.id, {"nothing": 1})
    assert orders.allocate(issuer, market.issue.id, {order.id: 3}).args == [market.sale.issue_id, [1], [3]]


# --- ticks -----------------------------------------------------------------------------------------------------------


def test_a_book_is_closed_and_settled_once(market: Market) -> None:
    market.tick()
    assert market.promises(settlement.TICK_REF) == []
    market.keep(market.sale, ends_at=seconds(market.ctx, -1))
    for _ in range(3):
        market.tick()
    (close,) = market.promises(settlement.TICK_REF)
    assert (close.function, close.args) == ("close", [market.sale.issue_id])
    market.answer(close)
    market.tick()
    market.keep(market.sale, state="SETTLING", order_count=60, open_orders=60)
    market.tick()
    assert not market.promises(settlement.TICK_REF, function="settle"), "crediting has not begun"
    market.keep(market.sale, crediting_at=seconds(market.ctx, -1))
    for _ in range(3):
        market.tick()
    (settle,) = market.promises(settlement.TICK_REF, function="settle")
    market.answer(settle)
    market.keep(market.sale, open_orders=10)
    market.tick()
    assert len(market.promises(settlement.TICK_REF, function="settle")) == 2, "the next batch"


def test_a_refused_tick_is_repeated_after_a_wait_that_grows(market: Market) -> None:
    market.keep(market.sale, ends_at=seconds(market.ctx, -1))
    for tries in (1, 2, 3):
        market.tick()
        promise = market.promises(settlement.TICK_REF)[-1]
        assert len(market.promises(settlement.TICK_REF)) == tries
        market.answer(promise, IntentState.FAILED)
        market.tick()
        assert len(market.promises(settlement.TICK_REF)) == tries, "not at once"
        market.keep(promise, updated_at=promise.updated_at - settlement.RETRY_AFTER * 2 ** (tries - 1))


def test_orders_of_the_blocked_are_cancelled_and_expired_offers_returned_once(market: Market) -> None:
    market.in_book(place(market.of(market.anna), market).order)
    market.keep(market.ctx.session.get_one(ChainParticipant, market.anna.wallet), status="BLOCKED")
    on_offer(market, expires_at=seconds(market.ctx, -1))
    for _ in range(3):
        market.tick()
    assert [one.function for one in market.promises(settlement.TICK_REF)] == ["cancelOrder", "expire"]


# --- between participants --------------------------------------------------------------------------------------------


def on_offer(market: Market, **facts: Any) -> ChainOffer:
    row = ChainOffer(
        id=1,
        asset=ASSET,
        seller=market.boris.wallet,
        buyer=None,
        units=10,
        units_left=8,
        price_kopeks=PRICE,
        minimum_units=1,
        expires_at=seconds(market.ctx, 5),
        client_ref=word(1),
        state="OPEN",
        made_block=0,
        made_tx=word(1),
        made_at=market.ctx.now(),
    )
    market.keep(row, **facts)
    return row


def test_units_are_offered_once_and_only_free_ones(market: Market) -> None:
    market.chain.hold(ASSET, market.boris.wallet, 10)
    boris, until = market.of(market.boris), market.ctx.now() + timedelta(days=1)
    for units, price, at, error in (
        (11, 1, until, UnitsShort),
        (0, 1, until, Invalid),
        (1, 0, until, Invalid),
        (1, 1, market.ctx.now(), Invalid),
    ):
        with pytest.raises(error):
            orders.offer(boris, market.issue.id, units, price, at, key="bad")
    wish = orders.offer(boris, market.issue.id, 4, PRICE, until, key="k", buyer_number=market.anna.number)
    assert orders.offer(boris, market.issue.id, 4, PRICE, until, key="k", buyer_number=market.anna.number).id == wish.id
    (promise,) = market.promises(secondary.WISH_REF)
    assert promise.args[:5] == [ASSET, 4, PRICE, 1, market.anna.wallet]
    market.answer(promise, IntentState.REVERTED)
    assert (wish.state, wish.error_ru) == (WishState.REFUSED, "Отказ.")


def test_an_offer_is_accepted_by_whom_it_is_for(market: Market) -> None:
    offer, anna = on_offer(market), market.of(market.anna)
    assert [one.offer.id for one in orders.offers(anna, ALL).items] == [1]
    with pytest.raises(Invalid):
        orders.accept(anna, 1, 9, key="k")
    wish = orders.accept(anna, 1, 3, key="k")
    assert market.promises(secondary.WISH_REF)[0].args == [1, 3, wish.client_ref]
    market.chain.rubles(market.anna.wallet, PRICE)
    with pytest.raises(FundsShort):
        orders.accept(anna, 1, 3, key="k2")
    market.keep(offer, buyer=address(77))
    with pytest.raises(OfferUnknown):
        orders.accept(anna, 1, 1, key="k3")
    with pytest.raises(OfferUnknown):
        orders.withdraw(anna, 1, key="k4")
    assert orders.withdraw(market.of(market.boris), 1, key="k5").kind == "WITHDRAW"


def test_units_are_given_to_a_participant_by_number(market: Market) -> None:
    market.chain.hold(ASSET, market.boris.wallet, 10)
    boris = market.of(market.boris)
    with pytest.raises(NotFound):
        orders.transfer(boris, market.issue.id, "KPT-INV-999999", 1, key="k")
    wish = orders.transfer(boris, market.issue.id, market.anna.number, 2, key="k")
    (promise,) = market.promises(secondary.WISH_REF)
    assert (promise.address, promise.args) == (ASSET, [market.anna.wallet, 2])
    with pytest.raises(NotFound):
        orders.my_wish(market.of(market.anna), wish.id)


# --- portfolio -------------------------------------------------------------------------------------------------------


def move(market: Market, sender: str, receiver: str, units: int, kind: str, price: int = 0) -> None:
    place_ = market.chain.place()
    tx_hash, at = market.chain.tx_hash, market.ctx.now()
    market.keep(
        ChainTransfer(
            **place_,
            asset=ASSET,
            from_address=sender,
            to_address=receiver,
            units=units,
            kind=kind,
            tx_hash=tx_hash,
            at=at,
        )
    )
    if price:
        market.keep(
            ChainTrade(
                **place_,
                offer_id=1,
                asset=ASSET,
                seller=sender,
                buyer=receiver,
                units=units,
                price_kopeks=price,
                kopeks=units * price,
                client_ref=word(1),
                tx_hash=tx_hash,
                at=at,
            )
        )


def test_a_position_costs_what_its_remaining_lots_cost_first_in_first_out(market: Market) -> None:
    anna, boris = market.anna.wallet, market.boris.wallet
    order = place(market.of(market.anna), market).order
    market.in_book(order, state="SETTLED", settled_units=5, paid_kopeks=5 * PRICE)
    move(market, address(0), anna, 5, "ISSUE")
    move(market, boris, anna, 4, "DELIVERY", price=90_000)
    move(market, anna, boris, 6, "DELIVERY", price=110_000)
    move(market, boris, anna, 1, "TRANSFER")
    market.chain.hold(ASSET, anna, 4)
    run = market.chain.run(word(1), ASSET, kind="COUPON", micro=1, due_at=market.ctx.now())
    market.chain.pay(run, anna, 4, 1000, 130)
    (held,) = orders.positions(market.of(market.anna))
    assert (held.units, held.value_kopeks, held.cost_kopeks) == (4, 4 * PRICE, 3 * 90_000)
    assert held.received_kopeks == 870
    assert [one.units for one in orders.operations(market.of(market.anna))] == [1, 6, 4, 5]


def test_a_portfolio_is_the_askers_own(market: Market) -> None:
    market.chain.hold(ASSET, market.boris.wallet, 4)
    assert orders.positions(market.of(market.anna)) == []
    nobody = replace(market.ctx, actor=replace(market.of(market.anna).actor, participant_id=None))
    with pytest.raises(ParticipantNotActive):
        orders.positions(nobody)
