"""A plain model of one asset: what a clerk with a ledger would remember. The stateful test compares it with the contract."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.contracts.evm import Receipt
from tests.contracts.system import ARREST, FREEZE, LOCKUP, NO_ADDRESS, ORDER, PLEDGE

EATEN = (FREEZE, ARREST, LOCKUP, PLEDGE)


@dataclass
class Lot:
    """One encumbrance."""

    holder: str
    kind: int
    units: int
    until: int


@dataclass
class Record:
    """What was so at a record date."""

    units: dict[str, int]
    supply: int
    holders: int


@dataclass
class AssetModel:
    """Units, encumbrances and the memory of every record date; times are unix seconds."""

    maximum: int
    locked_until: int
    dates: list[int]
    circulation_ends_at: int = 0
    paused: bool = False
    units: dict[str, int] = field(default_factory=dict)
    frozen: dict[str, int] = field(default_factory=dict)
    lots: dict[int, Lot] = field(default_factory=dict)
    blocked: set[str] = field(default_factory=set)
    records: dict[int, Record] = field(default_factory=dict)
    made: int = 0

    def __post_init__(self) -> None:
        self.circulation_ends_at = self.dates[-1]

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

    def seizable(self, who: str) -> int:
        """Everything but what open orders hold."""
        orders = sum(lot.units for lot in self.lots.values() if lot.holder == who and lot.kind == ORDER)
        return self.of(who) - orders

    def tick(self, now: int) -> None:
        """A transaction is about to happen at `now`: remember the dates that have passed before it."""
        for number, moment in enumerate(self.dates, start=1):
            if moment < now and number not in self.records:
                self.records[number] = Record(dict(self.units), self.supply, self.holders)

    def obstacle(self, now: int, source: str, to: str, units: int) -> str | None:
        """Name of the error that a transfer at `now` must meet."""
        if self.paused:
            return "AssetIsPaused"
        if now > self.circulation_ends_at:
            return "AssetNotCirculating"
        if now <= self.locked_until:
            return "AssetLocked"
        if {source, to} & self.blocked:
            return "ParticipantIsBlocked"
        return "UnitsInsufficient" if units > self.free(source) else None

    # --- deeds -------------------------------------------------------------------------------------------------------

    def move(self, source: str | None, to: str | None, units: int) -> None:
        if source is not None:
            self.units[source] = self.of(source) - units
        if to is not None:
            self.units[to] = self.of(to) + units

    def encumber(self, holder: str, kind: int, units: int, until: int) -> int:
        self.made += 1
        self.lots[self.made] = Lot(holder, kind, units, until)
        return self.made

    def reduce(self, number: int, units: int) -> None:
        self.lots[number].units -= units
        if not self.lots[number].units:
            del self.lots[number]

    def seize(self, source: str, units: int, taken_by_lot: dict[int, int]) -> None:
        """Free first, then the frozen amount, then lots kind by kind. Which lot of a kind gives is the contract's choice."""
        missing = units - min(units, self.free(source))
        held = min(self.frozen.get(source, 0), self.of(source) - self.encumbered(source))
        if missing and held:
            self.frozen[source] -= min(held, missing)
            missing -= min(held, missing)
        for kind in EATEN:
            lots = {n: lot for n, lot in self.lots.items() if lot.holder == source and lot.kind == kind}
            due = min(missing, sum(lot.units for lot in lots.values()))
            given = {n: taken for n, taken in taken_by_lot.items() if n in lots}
            assert sum(given.values()) == due, f"kind {kind} gave {given}, not {due}"
            for number, taken in given.items():
                self.reduce(number, taken)
            missing -= due
        assert missing == 0

    def replace(self, source: str, to: str) -> None:
        for lot in self.lots.values():
            if lot.holder == source:
                lot.holder = to
        for record in self.records.values():
            record.units[to] = record.units.get(to, 0) + record.units.pop(source, 0)
        self.frozen[to] = self.frozen.get(to, 0) + self.frozen.pop(source, 0)
        self.move(source, to, self.of(source))


@dataclass
class Replay:
    """The same ledger rebuilt from the events alone."""

    units: dict[str, int] = field(default_factory=dict)
    lots: dict[int, tuple[str, int]] = field(default_factory=dict)
    frozen: dict[str, int] = field(default_factory=dict)

    def read(self, receipt: Receipt) -> None:
        for name, _, e in receipt.logs:
            if name == "Transfer":
                self.units[e["from"]] = self.units.get(e["from"], 0) - e.value
                self.units[e.to] = self.units.get(e.to, 0) + e.value
            elif name == "UnitsEncumbered":
                self.lots[e.id] = (e.holder, e.units)
            elif name == "EncumbranceReduced":
                self.lots[e.id] = (self.lots[e.id][0], e.left)
            elif name == "Frozen":
                self.frozen[e.account] = e.amount
            elif name == "HolderReplaced":
                self.lots = {n: (e.to if h == e["from"] else h, units) for n, (h, units) in self.lots.items()}

    @property
    def supply(self) -> int:
        return -self.units.get(NO_ADDRESS, 0)

    def free(self, who: str) -> int:
        encumbered = sum(units for holder, units in self.lots.values() if holder == who)
        return max(0, self.units.get(who, 0) - encumbered - self.frozen.get(who, 0))
