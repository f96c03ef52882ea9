"""The state of all contracts rebuilt from their events alone, in the shape of `model_world.World.state`.

Whoever has the logs of the chain and the time of each block can do what this file does: no call to a contract is made here. What is
not told by events is no state of the register: a cursor (`nextOrder` of a sale moves past orders that are over without a word).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from eth_utils import to_checksum_address

from tests.contracts.evm import Event, Receipt, Struct
from tests.contracts.model_world import Key
from tests.contracts.system import ACTIVE, BLOCKED, NO_ADDRESS, ORDER, REPLACED, System

ADMISSION = ("status", "kind", "classes", "until", "number", "year", "net", "reserved")
LOW = 2**64 - 1


@dataclass
class TokenLog:
    """What the events of one token have told."""

    units: dict[str, int] = field(default_factory=dict)
    frozen: dict[str, int] = field(default_factory=dict)
    lots: dict[int, list[Any]] = field(default_factory=dict)  # holder, units, kind, until, by
    dates: list[int] = field(default_factory=list)
    records: dict[int, tuple[int, int, dict[str, int]]] = field(default_factory=dict)
    ends_at: int = 0
    paused: bool = False

    @property
    def supply(self) -> int:
        return -self.units.get(NO_ADDRESS, 0)

    @property
    def held(self) -> dict[str, int]:
        return {who: units for who, units in self.units.items() if units and who != NO_ADDRESS}

    def pass_dates(self, now: int) -> None:
        for number, moment in enumerate(self.dates, start=1):
            if moment < now and number not in self.records:
                self.records[number] = (self.supply, len(self.held), self.held)

    def free(self, who: str) -> int:
        bound = sum(lot[1] for lot in self.lots.values() if lot[0] == who) + self.frozen.get(who, 0)
        return max(0, self.units.get(who, 0) - bound)


class Replay:
    """Reads receipts in order; the methods are named as the events."""

    def __init__(self, system: System) -> None:
        self.venues = {room: system.contract(room).address for room in ("Placement", "Exchange", "Payouts")}
        self.count = int(system.participants.count())
        self.people: dict[str, dict[str, int]] = {}
        self.money: dict[str, list[int]] = {}  # free, held, in transit, frozen
        self.escrow: dict[str, int] = dict.fromkeys(self.venues.values(), 0)
        self.credited = self.paid_out = 0
        self.withdrawals: dict[bytes, list[Any]] = {}
        self.proposals: dict[int, list[Any]] = {}
        self.issues: dict[bytes, list[Any]] = {}
        self.sales: dict[bytes, dict[str, Any]] = {}
        self.orders: dict[tuple[bytes, int], list[Any]] = {}
        self.offers: dict[int, list[Any]] = {}
        self.runs: dict[int, dict[str, Any]] = {}
        self.tokens: dict[str, TokenLog] = {}

    def read(self, receipt: Receipt) -> None:
        """The events of one transaction."""
        self.time(receipt.timestamp)
        for event in receipt.logs:
            HANDLERS[event.name](self, event.args, event)

    def time(self, now: int) -> None:
        """A block of this time; record dates before it have passed."""
        for token in self.tokens.values():
            token.pass_dates(now)

    def account(self, who: str) -> list[int]:
        return self.money.setdefault(who, [0, 0, 0, 0])

    # --- the state so far --------------------------------------------------------------------------------------------

    def state(self) -> dict[Key, Any]:
        """Everything, by key."""
        found: dict[Key, Any] = {
            ("participants",): self.count,
            ("cash",): (self.credited - self.paid_out, self.credited, self.paid_out),
        }
        for who, card in self.people.items():
            found["participant", who] = tuple(card[name] for name in ADMISSION)
            found["account", who] = tuple(self.account(who))
        found |= {("escrow", venue): kopeks for venue, kopeks in self.escrow.items()}
        found |= {("withdrawal", number): tuple(facts) for number, facts in self.withdrawals.items()}
        found |= {("proposal", number): tuple(facts) for number, facts in self.proposals.items()}
        found |= {("issue", issue): tuple(facts) for issue, facts in self.issues.items()}
        for issue, sale in self.sales.items():
            own = {number: facts for (of, number), facts in self.orders.items() if of == issue}
            demand = sum(facts[1] for facts in own.values() if facts[2] == 1)
            found["sale", issue] = (sale["state"], demand, sale["issued"], len(own))
            found |= {("order", issue, number): tuple(facts) for number, facts in own.items()}
        found |= {("offer", number): tuple(facts) for number, facts in self.offers.items()}
        for address, token in self.tokens.items():
            found |= self._of_token(address, token)
        for number, run in self.runs.items():
            found["run", number] = tuple(run[name] for name in RUN)
            for who, card in self.people.items():
                found["paid", number, who] = card["number"] in run["paid"]
                found["tender", number, who] = run["tenders"].get(who, 0)
        return found

    def _of_token(self, at: str, token: TokenLog) -> dict[Key, Any]:
        found: dict[Key, Any] = {
            ("asset", at): (token.supply, len(token.held), token.paused, token.ends_at, len(token.dates))
        }
        for who in self.people:
            units, free = token.units.get(who, 0), token.free(who)
            found["units", at, who] = (units, free, units - free, token.frozen.get(who, 0))
        for number, lot in token.lots.items():
            found["lot", at, number] = tuple(lot) if lot[1] else (NO_ADDRESS, 0, 0, 0, NO_ADDRESS)
        for number, (supply, holders, units) in token.records.items():
            found["record", at, number] = (supply, holders)
            for who in self.people:
                found["unitsAt", at, number, who] = units.get(who, 0)
        return found


RUN = (
    "asset",
    "kind",
    "rounding",
    "record",
    "due_at",
    "micro",
    "state",
    "escrow",
    "units_due",
    "units_paid",
    "kopeks_paid",
)

Handler = Callable[[Replay, Struct, Event], None]
HANDLERS: dict[str, Handler] = {}


def on(*names: str) -> Callable[[Handler], Handler]:
    """Register a handler of events."""

    def register(handler: Handler) -> Handler:
        HANDLERS.update(dict.fromkeys(names, handler))
        return handler

    return register


# --- participants ----------------------------------------------------------------------------------------------------


@on("ParticipantAdmitted")
def _admitted(r: Replay, e: Struct, _: Event) -> None:
    r.count = max(r.count, e.number)
    facts = (ACTIVE, e.kind, e.classes, e.admittedUntil, e.number, 0, 0, 0)
    r.people[e.who] = dict(zip(ADMISSION, facts, strict=True))


@on("ParticipantUpdated")
def _updated(r: Replay, e: Struct, _: Event) -> None:
    r.people[e.who] |= {"classes": e.classes, "until": e.admittedUntil}


@on("ParticipantBlocked")
def _blocked(r: Replay, e: Struct, _: Event) -> None:
    r.people[e.who]["status"] = BLOCKED


@on("ParticipantUnblocked")
def _unblocked(r: Replay, e: Struct, _: Event) -> None:
    r.people[e.who]["status"] = ACTIVE


@on("ParticipantReplaced")
def _replaced(r: Replay, e: Struct, _: Event) -> None:
    r.people[e.to] = dict(r.people[e["from"]])
    r.people[e["from"]] |= {"status": REPLACED, "classes": 0, "net": 0}


@on("LimitReserved", "LimitReleased", "LimitCommitted", "LimitRestored")
def _limit(r: Replay, e: Struct, event: Event) -> None:
    card = r.people[e.who]
    if card["year"] != e.year:
        card |= {"year": e.year, "net": 0}
    net = {"LimitCommitted": e.kopeks, "LimitRestored": -e.kopeks}.get(event.name, 0)
    freed = event.name == "LimitReleased" or (event.name == "LimitCommitted" and e.reserved)
    card["net"] += net
    card["reserved"] += e.kopeks if event.name == "LimitReserved" else -e.kopeks if freed else 0


# --- rubles ----------------------------------------------------------------------------------------------------------


@on("RublesCredited")
def _credited(r: Replay, e: Struct, _: Event) -> None:
    r.credited += e.kopeks
    r.account(e.account)[3 if e.toFrozen else 0] += e.kopeks


@on("RublesHeld")
def _held(r: Replay, e: Struct, _: Event) -> None:
    account = r.account(e.account)
    account[0], account[1] = account[0] - e.kopeks, account[1] + e.kopeks
    r.escrow[e.venue] += e.kopeks


@on("RublesReleased")
def _released(r: Replay, e: Struct, _: Event) -> None:
    account = r.account(e.account)
    account[1] -= e.kopeks
    account[3 if e.toFrozen else 0] += e.kopeks
    r.escrow[e.venue] -= e.kopeks


@on("RublesPaid")
def _paid(r: Replay, e: Struct, _: Event) -> None:
    r.account(e["from"])[1 if e.fromHeld else 0] -= e.kopeks
    r.escrow[e.venue] -= e.kopeks if e.fromHeld else 0
    r.account(e.to)[3 if e.toFrozen else 0] += e.kopeks


@on("RublesPaidBatch")
def _paid_batch(r: Replay, e: Struct, _: Event) -> None:
    for payment in e.payments:
        kopeks, who = payment & LOW, checksummed(payment >> 96)
        r.account(who)[3 if payment >> 64 & 1 else 0] += kopeks
        r.account(e["from"])[1] -= kopeks
        r.escrow[e.venue] -= kopeks


@on("RublesFrozen", "RublesUnfrozen")
def _frozen(r: Replay, e: Struct, event: Event) -> None:
    account, kopeks = r.account(e.account), e.kopeks if event.name == "RublesFrozen" else -e.kopeks
    account[0], account[3] = account[0] - kopeks, account[3] + kopeks


@on("RublesMoved")
def _moved(r: Replay, e: Struct, _: Event) -> None:
    account = r.account(e.to)
    account[0], account[3] = account[0] + e.moved.free, account[3] + e.moved.frozen
    r.money[e["from"]] = [0, 0, 0, 0]


@on("WithdrawalRequested")
def _requested(r: Replay, e: Struct, _: Event) -> None:
    account = r.account(e.account)
    account[0], account[2] = account[0] - e.kopeks, account[2] + e.kopeks
    r.withdrawals[e.id] = [e.account, e.kopeks, 1]


@on("WithdrawalConfirmed", "WithdrawalCancelled")
def _withdrawal_over(r: Replay, e: Struct, event: Event) -> None:
    confirmed = event.name == "WithdrawalConfirmed"
    account = r.account(e.account)
    account[2] -= e.kopeks
    r.withdrawals[e.id][2] = 2 if confirmed else 3
    if confirmed:
        r.paid_out += e.kopeks
    else:
        account[0] += e.kopeks


# --- four eyes and the register --------------------------------------------------------------------------------------


@on("ActionProposed")
def _proposed(r: Replay, e: Struct, _: Event) -> None:
    r.proposals[e.id] = [e.proposer, e.role, 1]


@on("ActionExecuted")
def _executed(r: Replay, e: Struct, _: Event) -> None:
    r.proposals[e.id][2] = 2


@on("IssueDeployed")
def _deployed(r: Replay, e: Struct, _: Event) -> None:
    r.issues[e.issueId] = [0, e.asset, e.issuer]


@on("IssueStateChanged")
def _advanced(r: Replay, e: Struct, _: Event) -> None:
    r.issues[e.issueId][0] = e.to


# --- token -----------------------------------------------------------------------------------------------------------


@on("AssetCreated")
def _created(r: Replay, _: Struct, event: Event) -> None:
    r.tokens[event.address] = TokenLog()


@on("RecordDateSet")
def _dated(r: Replay, e: Struct, event: Event) -> None:
    r.tokens[event.address].dates.append(e.at)


@on("CirculationEnds")
def _ends(r: Replay, e: Struct, event: Event) -> None:
    r.tokens[event.address].ends_at = e.at


@on("AssetPaused")
def _paused(r: Replay, e: Struct, event: Event) -> None:
    r.tokens[event.address].paused = e.paused


@on("Transfer")
def _transferred(r: Replay, e: Struct, event: Event) -> None:
    units = r.tokens[event.address].units
    units[e["from"]] = units.get(e["from"], 0) - e.value
    units[e.to] = units.get(e.to, 0) + e.value


@on("UnitsEncumbered")
def _encumbered(r: Replay, e: Struct, event: Event) -> None:
    r.tokens[event.address].lots[e.id] = [e.holder, e.units, e.kind, e.until, e.by]
    if e.kind == ORDER and e.by == r.venues["Exchange"]:
        r.offers[int.from_bytes(e.basis)] = [e.id]


@on("EncumbranceReduced")
def _reduced(r: Replay, e: Struct, event: Event) -> None:
    r.tokens[event.address].lots[e.id][1] = e.left


@on("Frozen")
def _held_back(r: Replay, e: Struct, event: Event) -> None:
    r.tokens[event.address].frozen[e.account] = e.amount


@on("HolderReplaced")
def _heir(r: Replay, e: Struct, event: Event) -> None:
    token, old, new = r.tokens[event.address], e["from"], e.to
    for lot in token.lots.values():
        lot[0] = new if lot[0] == old else lot[0]
    for _, _, units in token.records.values():
        if old in units:
            units[new] = units.get(new, 0) + units.pop(old)


@on("Approval", "ForcedTransfer", "UnitsForced", "OrderAllocated", "LimitSet", "TaxRuleSet", "GraceSet")
def _told_elsewhere(r: Replay, e: Struct, event: Event) -> None:
    if event.name == "OrderAllocated":
        r.orders[e.issueId, e.orderId][3] = e.units


# --- markets ---------------------------------------------------------------------------------------------------------


@on("PlacementOpened")
def _opened(r: Replay, e: Struct, _: Event) -> None:
    r.sales[e.issueId] = {"state": 1, "issued": 0}


@on("PlacementSuspended")
def _suspended(r: Replay, e: Struct, _: Event) -> None:
    r.sales[e.issueId]["state"] = 2 if e.suspended else 1


@on("PlacementClosed")
def _closed(r: Replay, e: Struct, _: Event) -> None:
    r.sales[e.issueId]["state"] = 3 if e.succeeded else 4


@on("PlacementCompleted")
def _completed(r: Replay, e: Struct, _: Event) -> None:
    r.sales[e.issueId]["state"] = 5 if e.succeeded else 6


@on("OrderPlaced")
def _ordered(r: Replay, e: Struct, _: Event) -> None:
    r.orders[e.issueId, e.orderId] = [e.investor, e.units, 1, 0]


@on("OrderRecalled", "OrderCancelled", "OrderRefunded", "OrderSettled")
def _order_over(r: Replay, e: Struct, event: Event) -> None:
    order = r.orders[e.issueId, e.orderId]
    order[2] = {"OrderRecalled": 2, "OrderCancelled": 3, "OrderSettled": 4, "OrderRefunded": 5}[event.name]
    if event.name == "OrderSettled":
        order[3] = e.units
        r.sales[e.issueId]["issued"] += e.units
    if event.name == "OrderRefunded":
        order[3] = 0


@on("OfferMade")
def _offered(r: Replay, e: Struct, _: Event) -> None:
    lot = r.offers[e.id][0]
    r.offers[e.id] = [e.asset, e.seller, e.buyer, e.units, e.priceKopeks, e.minimumUnits, e.expiresAt, 1, lot]


@on("OfferAccepted")
def _accepted(r: Replay, e: Struct, _: Event) -> None:
    r.offers[e.id][3] -= e.units


@on("OfferClosed")
def _offer_over(r: Replay, e: Struct, _: Event) -> None:
    r.offers[e.id][3], r.offers[e.id][7] = 0, e.state


# --- payouts ---------------------------------------------------------------------------------------------------------


@on("RunDeclared")
def _declared(r: Replay, e: Struct, _: Event) -> None:
    facts = (e.asset, e.kind, e.rounding, e.recordDate, e.dueAt, e.microKopeksPerUnit, 1, 0, 0, 0, 0)
    r.runs[e.id] = dict(zip(RUN, facts, strict=True)) | {"paid": set(), "tenders": {}}


@on("RunFunded")
def _funded(r: Replay, e: Struct, _: Event) -> None:
    r.runs[e.id] |= {"state": 2, "escrow": e.kopeks, "units_due": e.unitsDue}


@on("HoldersPaid")
def _holders_paid(r: Replay, e: Struct, _: Event) -> None:
    run = r.runs[e.id]
    run["state"] = 3
    for holder, word in zip(e.holders, e.payments, strict=True):
        run["units_paid"] += word >> 192
        run["kopeks_paid"] += word >> 128 & LOW
        run["escrow"] -= word >> 128 & LOW
        run["paid"].add(r.people[holder]["number"])


@on("RunCompleted", "RunCancelled")
def _run_over(r: Replay, e: Struct, event: Event) -> None:
    r.runs[e.id] |= {"state": 4 if event.name == "RunCompleted" else 5, "escrow": 0}


@on("RunOverdue", "RunDefaulted")
def _late(r: Replay, e: Struct, event: Event) -> None:
    r.runs[e.id]["state"] = 6 if event.name == "RunOverdue" else 7


@on("UnitsTendered")
def _tendered(r: Replay, e: Struct, _: Event) -> None:
    run = r.runs[e.id]
    run["units_due"] += e.units - run["tenders"].get(e.holder, 0)
    run["tenders"][e.holder] = e.units


@on("TenderReturned")
def _tender_returned(r: Replay, e: Struct, _: Event) -> None:
    run = r.runs[e.id]
    run["units_due"] -= e.units
    del run["tenders"][e.holder]


def checksummed(number: int) -> str:
    """An address from its number."""
    return str(to_checksum_address(number.to_bytes(20)))
