"""A plain model of one asset in the whole system: a ledger of units, encumbrances and what was so at every record date."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.contracts.model_participants import Denied, Participants, need
from tests.contracts.system import FREEZE, LOCKUP, NO_ADDRESS, ORDER

SEIZED = (4, 3, 2, 1)  # FREEZE, ARREST, LOCKUP, PLEDGE; ORDER never
LOCKUPS_AT_MOST = 64


@dataclass
class Lot:
    """One encumbrance."""

    holder: str
    kind: int
    units: int
    until: int
    by: str


@dataclass
class Record:
    """What was so at a record date."""

    units: dict[str, int]
    supply: int
    holders: int


@dataclass
class Token:
    """The ledger of one asset."""

    participants: Participants
    address: str
    issuer: str
    maximum: int
    access_class: int
    locked_until: int
    maturity: int
    venues_only: bool
    burns: bool
    dates: list[int]
    ends_at: int = 0
    paused: bool = False
    units: dict[str, int] = field(default_factory=dict)
    frozen: dict[str, int] = field(default_factory=dict)
    lots: dict[int, Lot] = field(default_factory=dict)
    lists: dict[str, list[int]] = field(
        default_factory=dict
    )  # in the contract's order: it decides which lot is seized first
    heirs: set[str] = field(default_factory=set)
    moved_on: set[str] = field(default_factory=set)
    records: dict[int, Record] = field(default_factory=dict)
    made: int = 0

    def __post_init__(self) -> None:
        self.ends_at = self.ends_at or self.dates[-1]

    @property
    def now(self) -> int:
        return self.participants.now

    @property
    def supply(self) -> int:
        return sum(self.units.values())

    @property
    def holders(self) -> int:
        return sum(1 for units in self.units.values() if units)

    def of(self, who: str) -> int:
        return self.units.get(who, 0)

    def encumbered(self, who: str) -> int:
        return sum(lot.units for lot in self.lots.values() if lot.holder == who)

    def free(self, who: str) -> int:
        return max(0, self.of(who) - self.encumbered(who) - self.frozen.get(who, 0))

    def tick(self) -> None:
        """A transaction is about to happen: remember the record dates that have passed before it."""
        for number, moment in enumerate(self.dates, start=1):
            if moment < self.now and number not in self.records:
                held = {who: units for who, units in self.units.items() if units}
                self.records[number] = Record(held, self.supply, self.holders)

    def record_at(self, number: int) -> int:
        need(0 < number <= len(self.dates), "RecordDateUnknown")
        return self.dates[number - 1]

    # --- rules -------------------------------------------------------------------------------------------------------

    def transfer(self, source: str, to: str, units: int, *, by_venue: bool = False) -> None:
        need(not self.paused, "AssetIsPaused")
        need(self.now <= self.ends_at, "AssetNotCirculating")
        need(self.now > self.locked_until, "AssetLocked")
        need(by_venue or not self.venues_only, "AssetVenuesOnly")
        obstacle = self.participants.obstacle(source) or self.participants.obstacle(to, self.access_class)
        if obstacle:
            raise Denied("ReceiverInvalid" if to == NO_ADDRESS else obstacle)
        need(units <= self.free(source), "UnitsInsufficient")
        self.move(source, to, units)

    def move(self, source: str, to: str, units: int) -> None:
        """The address zero makes units and swallows them; so does the issuer where the terms say so."""
        if source != NO_ADDRESS:
            self.units[source] = self.of(source) - units
        if to != NO_ADDRESS and not (self.burns and to == self.issuer):
            self.units[to] = self.of(to) + units

    # --- venues ------------------------------------------------------------------------------------------------------

    def issue(self, to: str, units: int) -> None:
        need(not self.paused, "AssetIsPaused")
        need(self.now < self.maturity, "AssetMatured")
        need(self.now <= self.ends_at, "AssetNotCirculating")
        need(self.supply + units <= self.maximum, "AssetMaximum")
        self.participants.require(to, self.access_class)
        self.move(NO_ADDRESS, to, units)

    def deliver(self, number: int, to: str, units: int) -> None:
        holder = self.lots[number].holder
        self.reduce(number, units)
        self.transfer(holder, to, units, by_venue=True)

    def redeem(self, who: str, units: int) -> None:
        need(not self.paused, "AssetIsPaused")
        self.seize(who, units)
        self.move(who, NO_ADDRESS, units)

    def end_circulation(self, number: int) -> None:
        moment = self.record_at(number)
        need(moment >= self.now, "RecordDateInvalid")
        self.ends_at = moment

    # --- encumbrances ------------------------------------------------------------------------------------------------

    def encumber(self, holder: str, kind: int, units: int, until: int, by: str) -> int:
        need(units > 0, "EncumbranceInvalid")
        if kind == LOCKUP:
            mine = by == holder and until > self.now and len(self.lists.get(holder, [])) < LOCKUPS_AT_MOST
            need(mine, "EncumbranceInvalid")
        need(units <= self.free(holder), "UnitsInsufficient")
        self.made += 1
        self.lots[self.made] = Lot(holder, kind, units, until, by)
        if kind != ORDER:
            self.lists.setdefault(holder, []).append(self.made)
        return self.made

    def release(self, number: int, units: int) -> None:
        """PLEDGE, ARREST and ORDER by whom they belong to; LOCKUP by anyone when it is over."""
        need(number in self.lots, "EncumbranceUnknown")
        lot = self.lots[number]
        late = lot.kind != LOCKUP or self.now > lot.until
        need(late and lot.kind != FREEZE, "EncumbranceNotReleasable")
        self.reduce(number, units)

    def unfreeze(self, number: int, units: int) -> None:
        need(number in self.lots, "EncumbranceUnknown")
        need(self.lots[number].kind == FREEZE, "EncumbranceNotReleasable")
        self.reduce(number, units)

    def reduce(self, number: int, units: int) -> None:
        lot = self.lots[number]
        need(units <= lot.units, "EncumbranceTooSmall")
        lot.units -= units
        if lot.units == 0:
            del self.lots[number]
            if lot.kind != ORDER:
                mine = self.lists[lot.holder]
                mine[mine.index(number)] = mine[-1]
                mine.pop()

    # --- powers ------------------------------------------------------------------------------------------------------

    def force(self, source: str, to: str, units: int, *, bypass: bool = False) -> None:
        if to != NO_ADDRESS:
            need(source != to, "ReceiverInvalid")
            self.participants.require(to, 0 if bypass else self.access_class)
        need(self.now <= self.ends_at, "AssetNotCirculating")
        self.seize(source, units)
        self.move(source, to, units)

    def seize(self, who: str, units: int) -> None:
        """Free units, then the frozen amount, then lots kind by kind, the latest of the list first."""
        if units <= self.free(who):
            return
        missing = units - self.free(who)
        held = self.of(who) - self.encumbered(who) - self.free(who)
        taken = min(held, missing)
        self.frozen[who] = self.frozen.get(who, 0) - taken
        missing -= taken
        for kind in SEIZED:
            for place in range(len(self.lists.get(who, [])) - 1, -1, -1):
                number = self.lists[who][place]
                if missing and self.lots[number].kind == kind:
                    taken = min(missing, self.lots[number].units)
                    self.reduce(number, taken)
                    missing -= taken
        need(missing == 0, "UnitsInsufficient")

    def replace(self, old: str, new: str) -> None:
        need(old != new and self.participants.replaced_by(old, new), "HolderNotReplaced")
        need(not (old in self.moved_on or new in self.moved_on or new in self.heirs), "ReceiverInvalid")
        orders = sum(lot.units for lot in self.lots.values() if lot.holder == old and lot.kind == ORDER)
        need(orders == 0, "HolderHasOrders")
        mine = self.lists.setdefault(old, [])
        while mine:
            number = mine.pop()
            self.lots[number].holder = new
            self.lists.setdefault(new, []).append(number)
        self.frozen[new] = self.frozen.get(new, 0) + self.frozen.pop(old, 0)
        for record in self.records.values():
            if record.units.get(old):
                record.units[new] = record.units.get(new, 0) + record.units.pop(old)
        self.move(old, new, self.of(old))
        self.heirs.add(new)
        self.moved_on.add(old)

    def freeze_amount(self, who: str, units: int) -> None:
        self.frozen[who] = units

    def append_record_date(self, moment: int) -> None:
        need(moment > self.now, "RecordDateInvalid")
        self.dates.append(moment)
