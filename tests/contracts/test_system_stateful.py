"""Random lives of the whole system, compared after every step with a plain model and with the replay of the events.

All eleven invariants of docs/contracts.md are looked at: as sums over the model (which the chain was just found equal to), by witnesses
of each transaction's events (`system_life.witness`), and by the winding-up at the end of each life (`system_end`).

`FUZZ_LIVES` sets how many lives are tried (a few by default), `FUZZ_SEED` where chance begins; both are printed by `make fuzz`.
"""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test

from tests.contracts.market import (
    DECLARED,
    OFFER_OPEN,
)
from tests.contracts.system import (
    DAY,
    FREE,
    LIMIT,
    TREASURER,
    System,
)
from tests.contracts.system_life import DOCUMENT, FULL_LOOK, REASON, TALLY
from tests.contracts.system_rules_payouts import PayoutRules
from tests.contracts.system_rules_people import chance, some

LIVES = int(os.environ.get("FUZZ_LIVES", "3"))
STEPS = int(os.environ.get("FUZZ_STEPS", "30"))
SEED = os.environ.get("FUZZ_SEED")
LONG = "FUZZ_LIVES" in os.environ
PHASES = (Phase.explicit, Phase.generate, *([Phase.shrink] if LONG else []))
# What even the shortest run must have got through to.
ALWAYS_TRIED = {"credit", "order", "close", "settle", "declare", "fund", "distribute"}


class SystemRules(PayoutRules):
    """A life from its beginning to its end."""

    @initialize(
        access_class=st.sampled_from([LIMIT, LIMIT, FREE]),
        allocation=st.integers(0, 2),
        burns=st.booleans(),
        units=st.tuples(some, some, some, some),
        circulating=st.sampled_from([True, True, True, False]),
    )
    def begin(self, access_class: int, allocation: int, burns: bool, units: Any, circulating: bool) -> None:
        self.issue(*self.terms(access_class, allocation, burns, 0, 200))
        for seat, wanted in enumerate(units):
            self.place(0, seat, wanted)
        if circulating:
            self.finish_sale(0)

    # --- those who may not -------------------------------------------------------------------------------------------

    @rule(data=chance)
    def stranger_tries(self, data: Any) -> None:
        people, system = self.people, self.system
        who, (_, token) = self.anybody(data), self.token(data)
        doors: list[tuple[Any, tuple[Any, ...]]] = [
            (system.rubles.pay, (people.alice, people.bob, 1, True)),
            (system.rubles.credit, (who, 1, DOCUMENT)),
            (system.rubles.unfreeze, (who, 1, DOCUMENT)),
            (system.participants.replace, (people.alice, who)),
            (system.participants.reserveLimit, (people.bob, 1)),
            (token.issueUnits, (who, 1)),
            (token.redeem, ([people.alice], [1])),
            (token.forcedBurn, (people.alice, 1, REASON, DOCUMENT)),
            (token.endCirculation, (1,)),
        ]
        function, facts = data.draw(st.sampled_from(doors))
        self.act(lambda w: w.role(who, TREASURER), function, *facts, sender=who)

    # --- time --------------------------------------------------------------------------------------------------------

    @rule(days=st.integers(1, 3))
    def days_pass(self, days: int) -> None:
        self.jump(self.now + days * DAY)

    @rule(data=chance, beside=st.integers(-2, 1))
    def jump_beside_something(self, data: Any, beside: int) -> None:
        moments = [moment for token in self.world.tokens.values() for moment in (*token.dates, token.locked_until)]
        moments += [
            moment for sale in self.world.placement.sales.values() for moment in (sale.ends_at, sale.crediting_at)
        ]
        moments += [run.due_at for run in self.world.payouts.runs if run.state == DECLARED]
        moments += [one.expires_at for one in self.world.exchange.offers if one.state == OFFER_OPEN]
        ahead = sorted({moment + beside for moment in moments if moment + beside > self.now})[:2]
        if ahead:
            self.jump(data.draw(st.sampled_from(ahead)))

    # --- comparison --------------------------------------------------------------------------------------------------

    @invariant()
    def everybody_says_the_same(self) -> None:
        self.steps += 1
        self.compare(everything=self.steps % FULL_LOOK == 0)

    def teardown(self) -> None:
        try:
            if self.world.tokens:
                self.wind_up()
        finally:
            super().teardown()


def lives(system: System) -> type[SystemRules]:
    """The machine that hypothesis makes anew for each example."""

    class Life(SystemRules):
        def __init__(self) -> None:
            super().__init__(system)

    return Life


def test_the_system_lives_as_its_model_says(system: System) -> None:
    chosen = settings(
        max_examples=LIVES,
        stateful_step_count=STEPS,
        deadline=None,
        phases=PHASES,
        derandomize=SEED is None,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    machine = lives(system)
    run_state_machine_as_test(seed(int(SEED))(machine) if SEED else machine, settings=chosen)
    for act in sorted({name for name, _ in TALLY}):
        outcomes = {outcome: count for (name, outcome), count in TALLY.items() if name == act}
        print(f"fuzz: {act}: {outcomes}")
    assert {name for name, outcome in TALLY if outcome == "done"} >= ALWAYS_TRIED
