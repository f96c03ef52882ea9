"""Plain models of the two markets: a book of orders a sale, a list of offers."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.contracts.market import (
    COMPLETED,
    FAILED,
    FIFO,
    ISSUE_CIRCULATION,
    ISSUE_FAILED,
    ISSUE_PLACEMENT,
    ISSUER_CHOICE,
    OFFER_EXPIRED,
    OFFER_FILLED,
    OFFER_OPEN,
    OFFER_WITHDRAWN,
    OPEN,
    ORDER_CANCELLED,
    ORDER_OPEN,
    ORDER_RECALLED,
    ORDER_REFUNDED,
    ORDER_SETTLED,
    REFUNDING,
    SETTLING,
    SUSPENDED,
)
from tests.contracts.model_participants import Participants, need
from tests.contracts.model_rubles import Rubles
from tests.contracts.model_token import Token
from tests.contracts.system import DAY, LIMIT, NO_ADDRESS, ORDER

GRACE = 3 * DAY


@dataclass
class Order:
    """One order of a sale."""

    investor: str
    units: int
    state: int = ORDER_OPEN
    allocated: int = 0
    keeps_place: bool = False


@dataclass
class Sale:
    """One primary sale."""

    token: Token
    price: int
    minimum: int
    order_min: int
    order_max: int
    starts_at: int
    ends_at: int
    crediting_at: int
    allocation: int
    state: int = OPEN
    issue_state: int = ISSUE_PLACEMENT
    orders: list[Order] = field(default_factory=list)
    issued: int = 0
    walked: int = 0  # orders settled or refunded so far
    closed_demand: int = 0
    passed: int = 0

    @property
    def demand(self) -> int:
        return sum(order.units for order in self.orders if order.state == ORDER_OPEN)

    @property
    def chosen(self) -> int:
        return sum(order.allocated for order in self.orders if order.state == ORDER_OPEN)


@dataclass
class Placement:
    """All sales, by issue id."""

    participants: Participants
    rubles: Rubles
    address: str
    operators: set[str]
    sales: dict[bytes, Sale] = field(default_factory=dict)

    @property
    def now(self) -> int:
        return self.participants.now

    def order(self, issue: bytes, who: str, units: int) -> None:
        sale = self.sales[issue]
        need(sale.state == OPEN, "PlacementWrongState")
        need(self.now >= sale.starts_at, "PlacementNotStarted")
        need(self.now <= sale.ends_at, "PlacementEnded")
        need(max(1, sale.order_min) <= units <= sale.order_max, "OrderSize")
        need(who != sale.token.issuer, "OrderByIssuer")
        self.participants.require(who, sale.token.access_class)
        need(sale.allocation != FIFO or sale.demand < sale.token.maximum, "PlacementFull")
        if sale.token.access_class == LIMIT:
            self.participants.reserve(who, units * sale.price)
        self.rubles.hold(who, units * sale.price, self.address)
        sale.orders.append(Order(who, units))

    def recall(self, issue: bytes, number: int, who: str) -> None:
        sale, order = self.sales[issue], self.sales[issue].orders[number - 1]
        need(sale.state in {OPEN, SUSPENDED}, "PlacementWrongState")
        need(self.now <= sale.ends_at, "PlacementEnded")
        need(order.state == ORDER_OPEN, "OrderNotOpen")
        need(order.investor == who, "OrderNotYours")
        order.state = ORDER_RECALLED
        self._refund(sale, order.investor, order.units)

    def cancel(self, issue: bytes, number: int) -> None:
        sale, order = self.sales[issue], self.sales[issue].orders[number - 1]
        need(order.state == ORDER_OPEN, "OrderNotOpen")
        order.state, order.keeps_place = ORDER_CANCELLED, sale.state in {SETTLING, REFUNDING}
        self._refund(sale, order.investor, order.units)
        if order.keeps_place and sale.demand == 0:
            self._complete(sale)

    def suspend(self, issue: bytes, suspended: bool) -> None:
        sale = self.sales[issue]
        need(sale.state == (OPEN if suspended else SUSPENDED), "PlacementWrongState")
        sale.state = SUSPENDED if suspended else OPEN

    def close(self, issue: bytes) -> None:
        sale = self.sales[issue]
        need(sale.state in {OPEN, SUSPENDED}, "PlacementWrongState")
        need(self.now > sale.ends_at, "PlacementNotEnded")
        sale.closed_demand = sale.demand
        sale.state = SETTLING if sale.demand and sale.demand >= sale.minimum else REFUNDING
        if sale.demand == 0:
            self._complete(sale)

    def allocate(self, issue: bytes, who: str, wanted: dict[int, int]) -> None:
        sale = self.sales[issue]
        need(who == sale.token.issuer, "PlacementNotIssuer")
        choosing = sale.state == SETTLING and sale.allocation == ISSUER_CHOICE and sale.walked == 0
        need(choosing, "PlacementWrongState")
        for number, units in wanted.items():
            order = sale.orders[number - 1]
            need(order.state == ORDER_OPEN, "OrderNotOpen")
            need(units <= order.units, "AllocationTooLarge")
            order.allocated = units
        need(sale.chosen <= sale.token.maximum, "AllocationTooLarge")

    def settle(self, issue: bytes, count: int, who: str) -> None:
        sale = self.sales[issue]
        need(sale.state in {SETTLING, REFUNDING}, "PlacementWrongState")
        if sale.state == SETTLING:
            need(self.now >= sale.crediting_at, "PlacementNotCrediting")
            if self._unsettleable(sale, who):
                sale.state = REFUNDING
        for order in sale.orders[sale.walked : sale.walked + count]:
            sale.walked += 1
            self._settle_one(sale, order)
        if sale.demand == 0:
            self._complete(sale)

    def _unsettleable(self, sale: Sale, who: str) -> bool:
        if self.now >= sale.token.maturity or self.now > sale.token.ends_at:
            return True
        if sale.allocation != ISSUER_CHOICE or sale.walked:
            return False
        ready = sale.chosen != 0 and sale.chosen >= sale.minimum
        if self.now > sale.crediting_at + GRACE:
            return not ready
        need(ready and who in {sale.token.issuer, *self.operators}, "AllocationMissing")
        return False

    def _settle_one(self, sale: Sale, order: Order) -> None:
        if order.state != ORDER_OPEN:
            sale.passed += order.units if order.keeps_place else 0
            return
        units = self._share(sale, order)
        if units and self.participants.obstacle(order.investor, sale.token.access_class):
            units = 0
        order.allocated, order.state = units, ORDER_SETTLED if units else ORDER_REFUNDED
        sale.issued += units
        if units:
            if sale.token.access_class == LIMIT:
                self.participants.commit(order.investor, units * sale.price, reserved=True)
            self.rubles.pay(order.investor, sale.token.issuer, units * sale.price, self.address)
            sale.token.issue(order.investor, units)
        if order.units > units:
            self._refund(sale, order.investor, order.units - units)

    def _share(self, sale: Sale, order: Order) -> int:
        before = sale.passed
        sale.passed += order.units
        maximum = sale.token.maximum
        if sale.state == REFUNDING:
            return 0
        if sale.allocation == ISSUER_CHOICE:
            return order.allocated
        if sale.allocation == FIFO:
            return min(order.units, maximum - sale.issued)
        if sale.closed_demand <= maximum:
            return order.units
        return sale.passed * maximum // sale.closed_demand - before * maximum // sale.closed_demand

    def _refund(self, sale: Sale, who: str, units: int) -> None:
        if sale.token.access_class == LIMIT:
            self.participants.release(who, units * sale.price)
        self.rubles.release(who, units * sale.price, self.address)

    def _complete(self, sale: Sale) -> None:
        sale.state = COMPLETED if sale.issued else FAILED
        sale.issue_state = ISSUE_CIRCULATION if sale.issued else ISSUE_FAILED


@dataclass
class Offer:
    """One offer of the secondary market."""

    token: Token
    seller: str
    buyer: str
    units: int
    price: int
    minimum: int
    expires_at: int
    lot: int
    state: int = OFFER_OPEN


@dataclass
class Exchange:
    """All offers, numbered from 1."""

    participants: Participants
    rubles: Rubles
    address: str
    offers: list[Offer] = field(default_factory=list)

    @property
    def now(self) -> int:
        return self.participants.now

    def offer(
        self, token: Token, who: str, units: int, price: int, minimum: int, expires_at: int, buyer: str = NO_ADDRESS
    ) -> None:
        terms = units and price and 0 < minimum <= units and buyer != who and expires_at >= self.now
        need(bool(terms), "OfferTermsInvalid")
        self.participants.require(who)
        need(self.now > token.locked_until, "AssetLocked")
        need(self.now <= token.ends_at, "AssetNotCirculating")
        lot = token.encumber(who, ORDER, units, 0, self.address)
        self.offers.append(Offer(token, who, buyer, units, price, minimum, expires_at, lot))

    def accept(self, number: int, who: str, units: int) -> None:
        offer = self._open(number)
        need(self.now <= offer.expires_at, "OfferHasExpired")
        need(offer.buyer in {NO_ADDRESS, who}, "OfferForAnother")
        need(who != offer.seller, "OfferTermsInvalid")
        need(min(offer.minimum, offer.units) <= units <= offer.units, "OfferUnits")
        offer.units -= units
        if offer.units == 0:
            offer.state = OFFER_FILLED
        kopeks = units * offer.price
        if offer.token.access_class == LIMIT:
            self.participants.commit(who, kopeks, reserved=False)
            self.participants.restore(offer.seller, kopeks)
        self.rubles.pay(who, offer.seller, kopeks)
        offer.token.deliver(offer.lot, who, units)

    def withdraw(self, number: int, who: str) -> None:
        need(self._open(number).seller == who, "OfferNotYours")
        self._close(number, OFFER_WITHDRAWN)

    def expire(self, number: int) -> None:
        offer = self._open(number)
        over = self.now > min(offer.expires_at, offer.token.ends_at)
        need(over or self.participants.obstacle(offer.seller) is not None, "OfferNotExpired")
        self._close(number, OFFER_EXPIRED)

    def _open(self, number: int) -> Offer:
        offer = self.offers[number - 1]
        need(offer.state == OFFER_OPEN, "OfferNotOpen")
        return offer

    def _close(self, number: int, state: int) -> None:
        offer = self.offers[number - 1]
        offer.token.reduce(offer.lot, offer.units)
        offer.state, offer.units = state, 0
