"""Random lives of an asset, compared after every step with a clerk's ledger and with the replay of the events.

Invariants 1, 2, 4, 5 and 11 of the contracts: units add up to the supply, encumbered never exceeds units, nothing locked, blocked or
frozen leaves without force, `unitsAt` is what the ledger remembers at every record date, the events alone rebuild the state.
`ASSET_EXAMPLES` sets how many lives are tried (4 by default, thousands for a night), `ASSET_SEED` where chance begins.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from tests.contracts import tokens
from tests.contracts.asset_model import AssetModel, Replay
from tests.contracts.evm import Function, Receipt, refused
from tests.contracts.system import ARREST, DAY, FREEZE, LOCKUP, ORDER, PLEDGE, YEAR, System, account
from tests.contracts.tokens import BASIS, BOARD, make_token

EXAMPLES = int(os.environ.get("ASSET_EXAMPLES", "4"))
SEED = os.environ.get("ASSET_SEED")
# A failure is made smaller only where there is time for it: each try is a life on a real node.
PHASES = (Phase.explicit, Phase.generate, *([Phase.shrink] if "ASSET_EXAMPLES" in os.environ else []))
MAXIMUM = 300

holders = st.integers(0, 2)
amounts = st.integers(0, 130)
some = st.integers(1, 60)


class AssetLife(RuleBasedStateMachine):
    """One asset with three holders (whose addresses may be replaced), a venue and the board."""

    def __init__(self, system: System) -> None:
        super().__init__()
        self.system, self.evm = system, system.evm
        self.snapshot = self.evm.rpc("evm_snapshot")
        people = system.people
        self.seats = [people.alice, people.bob, people.carol]
        self.everyone = list(self.seats)
        start = self.now = self.evm.now()
        dates = [start + days * DAY for days in (20, 40, 60, 300)]
        terms: dict[str, Any] = {"maximumUnits": MAXIMUM, "lockedUntil": start + 5 * DAY, "recordDates": dates}
        self.maturity = start + YEAR
        self.token = make_token(system, alice=0, maturity=self.maturity, **terms)
        self.model = AssetModel(maximum=MAXIMUM, locked_until=start + 5 * DAY, dates=dates)
        self.replay = Replay()
        self.do(self.token.issueUnits, self.seats[0], 100, sender=people.venue)
        self.model.move(None, self.seats[0], 100)
        self.do(self.token.issueUnits, self.seats[1], 50, sender=people.venue)
        self.model.move(None, self.seats[1], 50)

    def teardown(self) -> None:
        self.evm.rpc("evm_revert", self.snapshot)

    def do(self, function: Function, *args: Any, sender: str) -> Receipt:
        """Send a transaction one second after the last, and replay its events."""
        self.at_next_second()
        receipt: Receipt = function(*args, sender=sender)
        self.replay.read(receipt)
        return receipt

    def at_next_second(self) -> None:
        self.now = max(self.now, self.evm.now()) + 1
        self.evm.next_at(self.now)
        self.model.tick(self.now)

    def expect(self, error: str | None) -> AbstractContextManager[None]:
        return refused(error) if error else nullcontext()

    # --- holders -----------------------------------------------------------------------------------------------------

    @rule(source=holders, to=holders, units=amounts)
    def transfer(self, source: int, to: int, units: int) -> None:
        sender, receiver = self.seats[source], self.seats[to]
        self.at_next_second()
        error = self.model.obstacle(self.now, sender, receiver, units)
        with self.expect(error):
            self.replay.read(self.token.transfer(receiver, units, sender=sender))
        if not error:
            self.model.move(sender, receiver, units)

    @rule(source=holders, units=some, kind=st.sampled_from([ORDER, PLEDGE, LOCKUP, ARREST, FREEZE]))
    def encumber(self, source: int, units: int, kind: int) -> None:
        holder, people = self.seats[source], self.system.people
        by = {ORDER: people.venue, LOCKUP: holder, FREEZE: people.compliance1}.get(kind, BOARD)
        until = self.now + 7 * DAY
        error = "UnitsInsufficient" if units > self.model.free(holder) else None
        self.at_next_second()
        with self.expect(error):
            self.replay.read(self.token.encumber(holder, kind, units, until, BASIS, sender=by))
        if not error:
            self.model.encumber(holder, kind, units, until)

    @precondition(lambda self: self.model.lots)
    @rule(data=st.data(), units=some)
    def release(self, data: st.DataObject, units: int) -> None:
        number = data.draw(st.sampled_from(sorted(self.model.lots)))
        lot = self.model.lots[number]
        by = self.system.people.venue if lot.kind == ORDER else BOARD
        function = self.token.unfreeze if lot.kind == FREEZE else self.token.release
        self.at_next_second()
        early = lot.kind == LOCKUP and self.now <= lot.until
        error = "EncumbranceNotReleasable" if early else "EncumbranceTooSmall" if units > lot.units else None
        with self.expect(error):
            self.replay.read(function(number, units, sender=by))
        if not error:
            self.model.reduce(number, units)

    # --- venues ------------------------------------------------------------------------------------------------------

    @rule(to=holders, units=amounts)
    def issue(self, to: int, units: int) -> None:
        receiver, model = self.seats[to], self.model
        self.at_next_second()
        error = None
        if model.paused:
            error = "AssetIsPaused"
        elif self.now >= self.maturity:
            error = "AssetMatured"
        elif self.now > model.circulation_ends_at:
            error = "AssetNotCirculating"
        elif model.supply + units > MAXIMUM:
            error = "AssetMaximum"
        elif receiver in model.blocked:
            error = "ParticipantIsBlocked"
        with self.expect(error):
            self.replay.read(self.token.issueUnits(receiver, units, sender=self.system.people.venue))
        if not error:
            model.move(None, receiver, units)

    @precondition(lambda self: any(lot.kind == ORDER for lot in self.model.lots.values()))
    @rule(data=st.data(), to=holders, units=some)
    def deliver(self, data: st.DataObject, to: int, units: int) -> None:
        number = data.draw(st.sampled_from([n for n, lot in self.model.lots.items() if lot.kind == ORDER]))
        lot, receiver = self.model.lots[number], self.seats[to]
        self.at_next_second()
        error: str | None = "EncumbranceTooSmall"
        if units <= lot.units:
            self.model.lots[number].units -= units  # as the rules see it: the units are free, then they move
            error = self.model.obstacle(self.now, lot.holder, receiver, units)
            self.model.lots[number].units += units
        with self.expect(error):
            self.replay.read(self.token.deliver(number, receiver, units, sender=self.system.people.venue))
        if not error:
            self.model.reduce(number, units)
            self.model.move(lot.holder, receiver, units)

    @rule(source=holders, units=some)
    def redeem(self, source: int, units: int) -> None:
        error = "AssetIsPaused" if self.model.paused else None
        self.forced(self.token.redeem, [self.seats[source]], [units], source=source, units=units, first=error)

    # --- powers ------------------------------------------------------------------------------------------------------

    @rule(source=holders, to=holders, units=some)
    def force(self, source: int, to: int, units: int) -> None:
        sender, receiver = self.seats[source], self.seats[to]
        first = (
            "ReceiverInvalid" if source == to else "ParticipantIsBlocked" if receiver in self.model.blocked else None
        )
        function = self.token.overload("forcedTransfer(address,address,uint64,bool,bytes32,bytes32)")
        reasons = (tokens.REASON, tokens.DOCUMENT)
        arguments = (sender, receiver, units, False, *reasons)
        self.forced(function, *arguments, source=source, units=units, first=first or self.ended(), to=receiver)

    @rule(source=holders, units=some)
    def burn(self, source: int, units: int) -> None:
        arguments = (self.seats[source], units, tokens.REASON, tokens.DOCUMENT)
        self.forced(self.token.forcedBurn, *arguments, source=source, units=units, first=self.ended())

    def ended(self) -> str | None:
        return "AssetNotCirculating" if self.now + 1 > self.model.circulation_ends_at else None

    def forced(
        self, function: Function, *args: Any, source: int, units: int, first: str | None, to: str | None = None
    ) -> None:
        """A move that eats encumbrances. `first` is the error that comes before the question of units."""
        holder = self.seats[source]
        error = first or ("UnitsInsufficient" if units > self.model.seizable(holder) else None)
        by = self.system.people.venue if function.abi["name"] == "redeem" else BOARD
        self.at_next_second()
        with self.expect(error):
            receipt = function(*args, sender=by)
        if not error:
            self.replay.read(receipt)
            self.model.seize(holder, units, {e.id: e.units for e in receipt.events("EncumbranceReduced")})
            self.model.move(holder, to, units)

    @rule(source=holders, units=st.integers(0, 120))
    def freeze_amount(self, source: int, units: int) -> None:
        holder = self.seats[source]
        lower = units < self.model.frozen.get(holder, 0)
        by = BOARD if lower else self.system.people.compliance1
        self.do(self.token.setFrozenTokens, holder, units, sender=by)
        self.model.frozen[holder] = units

    @rule()
    def pause_or_resume(self) -> None:
        self.do(self.token.setPaused, not self.model.paused, sender=BOARD)
        self.model.paused = not self.model.paused

    @rule(who=holders)
    def block_or_unblock(self, who: int) -> None:
        holder, room = self.seats[who], self.system.participants
        self.at_next_second()
        if holder in self.model.blocked:
            room.unblock(holder, sender=BOARD)
        else:
            room.block_(holder, tokens.REASON, tokens.DOCUMENT, sender=self.system.people.compliance1)
        self.model.blocked ^= {holder}

    @rule(who=holders)
    def replace(self, who: int) -> None:
        old, new = self.seats[who], account(f"seat {len(self.everyone)}")
        if any(lot.holder == old and lot.kind == ORDER for lot in self.model.lots.values()):
            return
        self.at_next_second()
        self.system.participants.replace(old, new, sender=BOARD)
        self.do(self.token.replaceHolder, old, new, sender=BOARD)
        self.model.replace(old, new)
        if old in self.model.blocked:
            self.model.blocked ^= {old, new}
        self.seats[who] = new
        self.everyone.append(new)

    @rule(days=st.integers(1, 30))
    def append_record_date(self, days: int) -> None:
        if len(self.model.dates) < 12:
            moment = self.now + days * DAY
            self.do(self.token.appendRecordDate, moment, sender=BOARD)
            self.model.dates.append(moment)

    # --- time --------------------------------------------------------------------------------------------------------

    @rule(days=st.integers(1, 25))
    def days_pass(self, days: int) -> None:
        self.jump(self.now + days * DAY)

    @rule(beside=st.integers(-2, 1))
    def jump_beside_a_record_date(self, beside: int) -> None:
        coming = [moment for moment in self.model.dates if moment + beside > self.now]
        if coming:
            self.jump(min(coming) + beside)

    def jump(self, moment: int) -> None:
        self.evm.travel(moment)
        self.now = moment
        self.model.tick(moment)

    # --- comparison --------------------------------------------------------------------------------------------------

    @invariant()
    def holdings_are_those_of_the_ledger_and_of_the_events(self) -> None:
        token, model = self.token, self.model
        for who in self.everyone:
            units = model.of(who)
            assert token.balanceOf(who) == units == self.replay.units.get(who, 0)
            assert token.freeUnits(who) == model.free(who) == self.replay.free(who)
            assert token.encumberedUnits(who) == units - model.free(who)
            assert model.encumbered(who) <= units
        assert token.totalSupply() == model.supply == self.replay.supply <= MAXIMUM
        assert token.holderCount() == model.holders

    @invariant()
    def record_dates_are_remembered(self) -> None:
        for number, record in self.model.records.items():
            units = self.token.unitsAtBatch(self.everyone, number)
            assert units == [record.units.get(who, 0) for who in self.everyone], f"record date {number}"
            assert sum(units) == self.token.supplyAt(number) == record.supply
            assert self.token.holdersAt(number) == record.holders


def test_an_asset_lives_as_its_ledger_says(system: System) -> None:
    tokens.prepare(system)

    class Life(AssetLife):
        """The machine that hypothesis makes anew for each example."""

        def __init__(self) -> None:
            super().__init__(system)

    run_state_machine_as_test(
        seed(int(SEED))(Life) if SEED else Life,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=40,
            deadline=None,
            phases=PHASES,
            derandomize=SEED is None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
