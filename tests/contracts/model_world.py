"""The whole system as plain Python: the rooms' models together, four eyes, and a state that can be compared with the chain's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.contracts.market import CANCELLED, ISSUE_CLOSED, ISSUE_FAILED, ISSUE_REDEEMED
from tests.contracts.model_markets import Exchange, Placement
from tests.contracts.model_participants import Participants, need
from tests.contracts.model_payouts import Payouts
from tests.contracts.model_rubles import Rubles
from tests.contracts.model_token import Token
from tests.contracts.system import NO_ADDRESS, System

Key = tuple[Any, ...]
EXECUTED = 2
PROPOSED = 1


@dataclass
class Proposal:
    """A proposal of four eyes."""

    proposer: str
    role: int
    state: int = PROPOSED


@dataclass
class World:
    """Everything at one moment."""

    participants: Participants
    rubles: Rubles
    placement: Placement
    exchange: Exchange
    payouts: Payouts
    officers: Mapping[int, list[str]]
    tokens: dict[str, Token] = field(default_factory=dict)
    proposals: dict[int, Proposal] = field(default_factory=dict)
    proposed: int = 0

    @classmethod
    def beside(cls, system: System) -> World:
        """A model that begins where the deployed system stands."""
        room, payouts, operators = system.participants, system.payouts, {system.people.operator}
        rule = room.limitRule()
        cards = Participants(room.count(), (rule["from"], rule.kopeks, rule.nextFrom, rule.nextKopeks))
        rubles = Rubles(cards)
        return cls(
            participants=cards,
            rubles=rubles,
            placement=Placement(cards, rubles, system.placement.address, operators),
            exchange=Exchange(cards, rubles, system.exchange.address),
            payouts=Payouts(
                cards,
                rubles,
                payouts.address,
                operators,
                payouts.taxAccount(),
                payouts.maximumWithheldBps(),
                payouts.graceSeconds(),
            ),
            officers=system.people.officers,
            proposed=system.contract("FourEyes").count(),
        )

    def at(self, now: int) -> None:
        """The next transaction happens at `now`."""
        self.participants.now = now
        for token in self.tokens.values():
            token.tick()

    # --- four eyes ---------------------------------------------------------------------------------------------------

    def propose(self, who: str, role: int) -> None:
        need(who in self.officers[role], "RoleRequired")
        self.proposed += 1
        self.proposals[self.proposed] = Proposal(who, role)

    def approve(self, number: int, who: str) -> None:
        one = self.proposals[number]
        need(one.state == PROPOSED, "ActionNotProposed")
        need(who in self.officers[one.role], "RoleRequired")
        need(who != one.proposer, "ActionSameOfficer")
        one.state = EXECUTED

    def role(self, who: str, role: int) -> None:
        """What one officer may do alone."""
        need(who in self.officers[role], "RoleRequired")

    # --- register ----------------------------------------------------------------------------------------------------

    def close_issue(self, issue: bytes) -> None:
        sale = self.placement.sales[issue]
        over = sale.issue_state == ISSUE_REDEEMED and sale.token.supply == 0
        need(over or sale.issue_state == ISSUE_FAILED, "IssueWrongState")
        sale.issue_state = ISSUE_CLOSED

    # --- comparison --------------------------------------------------------------------------------------------------

    def state(self) -> dict[Key, Any]:
        """Everything that the views of the contracts can tell, by key."""
        found: dict[Key, Any] = {
            ("participants",): self.participants.count,
            ("cash",): (self.rubles.credited - self.rubles.paid_out, self.rubles.credited, self.rubles.paid_out),
        }
        for who, card in self.participants.cards.items():
            found["participant", who] = tuple(vars(card).values())
            found["account", who] = tuple(vars(self.rubles.of(who)).values())
        for venue in (self.placement.address, self.exchange.address, self.payouts.address):
            found["escrow", venue] = self.rubles.escrow(venue)
        for number, (who, kopeks, state) in self.rubles.withdrawals.items():
            found["withdrawal", number] = (who, kopeks, state)
        for number, proposal in self.proposals.items():
            found["proposal", number] = (proposal.proposer, proposal.role, proposal.state)
        for issue, sale in self.placement.sales.items():
            found["issue", issue] = (sale.issue_state, sale.token.address, sale.token.issuer)
            found["sale", issue] = (sale.state, sale.demand, sale.issued, len(sale.orders))
            for number, order in enumerate(sale.orders, start=1):
                found["order", issue, number] = (order.investor, order.units, order.state, order.allocated)
        for number, offer in enumerate(self.exchange.offers, start=1):
            facts = (offer.token.address, offer.seller, offer.buyer, offer.units, offer.price)
            found["offer", number] = (*facts, offer.minimum, offer.expires_at, offer.state, offer.lot)
        for token in self.tokens.values():
            found |= self._of_token(token)
        return found | self._of_runs()

    def _of_token(self, token: Token) -> dict[Key, Any]:
        at = token.address
        found: dict[Key, Any] = {
            ("asset", at): (token.supply, token.holders, token.paused, token.ends_at, len(token.dates)),
        }
        for who in self.participants.cards:
            free = token.free(who)
            found["units", at, who] = (token.of(who), free, token.of(who) - free, token.frozen.get(who, 0))
        for number in range(1, token.made + 1):
            lot = token.lots.get(number)
            facts = (lot.holder, lot.units, lot.kind, lot.until, lot.by) if lot else (NO_ADDRESS, 0, 0, 0, NO_ADDRESS)
            found["lot", at, number] = facts
        for number, record in token.records.items():
            found["record", at, number] = (record.supply, record.holders)
            for who in self.participants.cards:
                found["unitsAt", at, number, who] = record.units.get(who, 0)
        return found

    def _of_runs(self) -> dict[Key, Any]:
        found: dict[Key, Any] = {}
        for number, run in enumerate(self.payouts.runs, start=1):
            terms = (run.token.address, run.kind, run.rounding, run.record, run.due_at, run.micro)
            sums = (run.escrow, run.units_due, run.units_paid, run.kopeks_paid)
            found["run", number] = (*terms, run.state, *sums)
            for who, card in self.participants.cards.items():
                found["paid", number, who] = card.number in run.marked
                found["tender", number, who] = run.tenders[who].units if who in run.tenders else 0
        return found

    # --- what must hold by itself ------------------------------------------------------------------------------------

    def check(self) -> None:
        """Invariants 1, 2, 6, 7 and 8, as sums over the model that the chain has just been found equal to."""
        cash = self.rubles
        everything = sum(sum(vars(money).values()) for money in cash.accounts.values())
        assert everything == cash.credited - cash.paid_out, "6: rubles do not add up"
        owed = sum(sale.demand * sale.price for sale in self.placement.sales.values())
        assert cash.escrow(self.placement.address) == owed, "6: escrow of Placement"
        assert cash.escrow(self.payouts.address) == sum(run.escrow for run in self.payouts.runs), "6: escrow of Payouts"
        assert cash.escrow(self.exchange.address) == 0, "6: escrow of Exchange"
        for token in self.tokens.values():
            assert 0 <= token.supply <= token.maximum, "1: more units than the maximum"
            assert all(token.encumbered(who) <= units for who, units in token.units.items()), "2: over-encumbered"
            assert all(sum(r.units.values()) == r.supply for r in token.records.values()), "5: history adds up"
        for sale in self.placement.sales.values():
            assert sale.issued <= sale.token.maximum
            assert sale.demand > 0 or sale.state not in {3, 4}, "7: a closed sale without open orders is over"
            assert sale.demand == 0 or sale.state not in {5, 6}, "7: a finished sale keeps an order"
        for run in self.payouts.runs:
            assert run.units_paid <= max(run.units_due, run.units_paid if run.redeems_all else 0), "8: paid twice"
            assert run.state != CANCELLED or run.escrow == 0, "7: a cancelled run keeps money"
