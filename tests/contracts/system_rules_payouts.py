"""What may happen in a life to payouts: declared, funded, distributed, cancelled, late, tendered into."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.contracts.market import (
    EARLY_PUT,
    EXECUTING,
    FUNDED,
    ISSUE_CIRCULATION,
    PRICE,
)
from tests.contracts.system import (
    DAY,
    TREASURER,
)
from tests.contracts.system_life import Deed
from tests.contracts.system_rules_people import chance, few, officers
from tests.contracts.system_rules_units import UnitRules

rates = st.sampled_from([5_178_000_000, 333_333_333, 500_000, 1_499_999, PRICE * 1_000_000])


class PayoutRules(UnitRules):
    """Issuer, operator, holders and anybody in payouts."""

    # --- payouts -----------------------------------------------------------------------------------------------------

    @precondition(lambda self: any(s.issue_state == ISSUE_CIRCULATION for s in self.world.placement.sales.values()))
    @rule(
        data=chance,
        kind=st.sampled_from([4, 4, 0, 0, 1, 2, 3]),
        rounding=st.integers(0, 1),
        micro=rates,
        late=st.integers(0, 2),
    )
    def declare(self, data: Any, kind: int, rounding: int, micro: int, late: int) -> None:
        known = [issue for issue, s in self.world.placement.sales.items() if s.issue_state == ISSUE_CIRCULATION]
        issue = data.draw(st.sampled_from(known))
        sale = self.world.placement.sales[issue]
        ahead = [n for n, moment in enumerate(sale.token.dates, start=1) if moment > self.now] or [1]
        record = len(sale.token.dates) if kind == 2 else data.draw(st.sampled_from(ahead))
        due_at, ref = sale.token.dates[record - 1] + late * DAY, self.fresh("run")
        who = data.draw(st.sampled_from([self.people.issuer, self.people.operator]))
        facts = (kind, rounding, record, micro, due_at, ref)
        deed: Deed = lambda w: w.payouts.declare(w.placement.sales[issue], who, *facts)  # noqa: E731  # as above
        self.act(deed, self.system.payouts.declare, sale.token.address, *facts, sender=who)

    def run(self, data: Any, *states: int) -> int | None:
        known = [n for n, one in enumerate(self.world.payouts.runs, start=1) if one.state in states]
        return data.draw(st.sampled_from(known)) if known else None

    @precondition(lambda self: any(one.state in {1, 6, 7} for one in self.world.payouts.runs))
    @rule(data=chance, change=st.sampled_from([0, 0, 0, -1, 12_345]), early=st.sampled_from([False, False, True]))
    def fund(self, data: Any, change: int, early: bool) -> None:
        number = self.run(data, 1, 6, 7) or 1
        run = self.world.payouts.runs[number - 1]
        token, issuer = run.token, self.people.issuer
        recorded = max(token.dates[run.record - 1], token.ends_at if run.redeems_all else 0)
        if early and self.now < recorded:
            kopeks = PRICE
        else:
            self.jump(recorded + 1)
            kopeks = max(0, self.world.payouts.required(run) + change)
            self.credit(issuer, kopeks)
        deed: Deed = lambda w: w.payouts.fund(number, issuer, kopeks)  # noqa: E731  # as above
        self.act(deed, self.system.payouts.fund, number, kopeks, sender=issuer)

    @precondition(lambda self: any(one.state in {FUNDED, EXECUTING} for one in self.world.payouts.runs))
    @rule(data=chance, everybody=st.booleans(), taxed=st.sampled_from([0, 0, 1_300, 3_000, 3_001]))
    def pay(self, data: Any, everybody: bool, taxed: int) -> None:
        number = self.run(data, FUNDED, EXECUTING) or 1
        run = self.world.payouts.runs[number - 1]
        self.jump(run.due_at)
        owed = self.unpaid(run)
        holders = owed if everybody else data.draw(st.lists(st.sampled_from([*owed, *self.seats]), max_size=3))
        payouts = self.world.payouts
        taxes = [run.gross(payouts.units_of(run, who)) * taxed // 10_000 for who in holders]
        deed: Deed = lambda w: w.payouts.distribute(number, holders, taxes)  # noqa: E731  # as above
        self.act(deed, self.system.payouts.distribute, number, holders, taxes, sender=self.people.stranger)

    @precondition(lambda self: self.world.payouts.runs)
    @rule(data=chance, by_operator=st.booleans(), act=st.sampled_from(["cancel", "overdue", "overdue", "defaulted"]))
    def end_run_otherwise(self, data: Any, by_operator: bool, act: str) -> None:
        number, room = data.draw(st.integers(1, len(self.world.payouts.runs))), self.system.payouts
        who = self.people.operator if by_operator else self.people.issuer
        if act == "cancel":
            self.act(lambda w: w.payouts.cancel(number, who), room.cancel, number, sender=who)
        elif act == "overdue":
            self.act(lambda w: w.payouts.mark_overdue(number), room.markOverdue, number, sender=self.people.stranger)
        else:
            self.jump(self.world.payouts.runs[number - 1].grace_ends_at + data.draw(st.integers(0, 1)))
            self.act(
                lambda w: w.payouts.mark_defaulted(number), room.markDefaulted, number, sender=self.people.stranger
            )

    @precondition(lambda self: any(one.kind == EARLY_PUT for one in self.world.payouts.runs))
    @rule(data=chance, units=few, back=st.sampled_from([False, False, True]))
    def tender(self, data: Any, units: int, back: bool) -> None:
        puts = [n for n, one in enumerate(self.world.payouts.runs, start=1) if one.kind == EARLY_PUT]
        number, room = data.draw(st.sampled_from(puts)), self.system.payouts
        who = self.holder(data, self.world.payouts.runs[number - 1].token.address)
        if back:
            holder = self.anybody(data)
            deed: Deed = lambda w: w.payouts.return_tender(number, who, holder)  # noqa: E731  # as above
            self.act(deed, room.returnTender, number, holder, sender=who)
        else:
            self.act(lambda w: w.payouts.tender(number, who, units), room.tender, number, units, sender=who)

    @rule(bps=st.sampled_from([1_300, 3_000]), days=st.integers(1, 14), tax=st.booleans(), how=officers)
    def set_rules_of_payouts(self, bps: int, days: int, tax: bool, how: str) -> None:
        room, account = self.system.payouts, self.people.tax_account

        def change(w: Any) -> None:
            if tax:
                w.payouts.tax_account, w.payouts.share_bps = account, bps
            else:
                w.payouts.grace = days * DAY

        if tax:
            self.eyes(TREASURER, change, room, room.setTaxRule, account, bps, how=how)
        else:
            self.eyes(TREASURER, change, room, room.setGrace, days * DAY, how=how)

    @rule(number=st.integers(0, 2))
    def close_issue(self, number: int) -> None:
        issue = self.sale(number)[0]
        self.act(lambda w: w.close_issue(issue), self.system.registry.close, issue, sender=self.people.stranger)
