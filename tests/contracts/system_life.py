"""The thread of a random life of the whole system: every act is thought through by the model first, then sent, then compared three ways.

An act is a pair: what the model does, and the transaction. The model either carries it out or names the error that the contracts must
refuse with; afterwards the chain's views and the replay of the events must both say what the model says.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine

from tests.contracts import compiled
from tests.contracts.chain_state import ChainState
from tests.contracts.event_replay import ADMISSION, Replay
from tests.contracts.evm import Contract, Function, Receipt, Refused
from tests.contracts.market import PRICE
from tests.contracts.model_markets import Sale
from tests.contracts.model_participants import Denied, Person
from tests.contracts.model_token import Token
from tests.contracts.model_world import Key, World
from tests.contracts.system import (
    DAY,
    FREE,
    LIMIT,
    MODERATOR,
    NO_ADDRESS,
    ORGANISATION,
    PERSON,
    QUAL,
    START,
    SYSTEM_ACCOUNT,
    TEST,
    System,
    digest,
)

REASON, DOCUMENT = digest("court order"), digest("scan of the order")
BEFORE_NEW_YEAR = 309 * DAY  # after the day of deployment: a life sees the year turn
EVERY = FREE | LIMIT | TEST | QUAL
FULL_LOOK = 12  # steps between two comparisons of everything; what changed is compared at once

Deed = Callable[[World], Any]
TALLY: Counter[tuple[str, str]] = Counter()
"""How often each act was done, and how often it met which refusal: a fuzzer that is always refused tries nothing."""


class SystemLife(RuleBasedStateMachine):
    """Four investors (whose addresses may be replaced), an issuer, the officers; no rule of its own."""

    def __init__(self, system: System) -> None:
        super().__init__()
        self.system, self.evm, self.people = system, system.evm, system.people
        self.snapshot = self.evm.rpc("evm_snapshot")
        self.evm.travel(max(self.evm.now() + 1, START + BEFORE_NEW_YEAR))
        self.now = self.evm.now()
        self.evm.learn(compiled.artifact("DigitalAsset")["abi"])
        self.chain, self.replay, self.world = ChainState(system), Replay(system), World.beside(system)
        self.seen: dict[Key, Any] = {}
        self.steps = self.serial = 0
        self.seats = [self.people.alice, self.people.bob, self.people.carol, self.people.dave]
        self.lineage: list[tuple[str, str]] = []
        self.admit_everybody()

    def teardown(self) -> None:
        self.evm.rpc("evm_revert", self.snapshot)

    def admit_everybody(self) -> None:
        tax = self.people.tax_account
        card = self.system.participants.participant(tax)
        if card.status:
            self.world.participants.cards[tax] = Person(*card.values())
            self.replay.people[tax] = dict(zip(ADMISSION, card.values(), strict=True))
        else:
            self.admit(tax, SYSTEM_ACCOUNT, FREE)
        self.admit(self.people.issuer, ORGANISATION, EVERY)
        alice, bob, carol, dave = self.seats
        for who, kind, classes in (
            (alice, PERSON, FREE | LIMIT),
            (bob, PERSON, FREE | LIMIT),
            (carol, PERSON, EVERY),
            (dave, ORGANISATION, EVERY),
        ):
            self.admit(who, kind, classes)
            self.credit(who, 700 * PRICE)

    # --- acting ------------------------------------------------------------------------------------------------------

    def act(self, deed: Deed, function: Function, *args: Any, sender: str) -> Receipt | None:
        """Think, send, compare; None when it was refused as the model said."""
        self.now = max(self.now, self.evm.now()) + 1
        self.evm.next_at(self.now)
        self.world.at(self.now)
        self.replay.time(self.now)
        trial, expected = copy.deepcopy(self.world), None
        try:
            deed(trial)
        except Denied as denial:
            expected = str(denial)
        what = f"{function.abi['name']}{args} by {sender} at {self.now}"
        try:
            receipt: Receipt = function(*args, sender=sender)
        except Refused as refusal:
            if refusal.name != expected:
                raise AssertionError(f"{what}: refused with {refusal}, the model says {expected}") from refusal
            TALLY[function.abi["name"], refusal.name] += 1
            return None
        assert expected is None, f"{what}: passed, the model says {expected}"
        TALLY[function.abi["name"], "done"] += 1
        self.world = trial
        self.replay.read(receipt)
        self.witness(receipt)
        return receipt

    def eyes(self, role: int, deed: Deed, target: Contract, function: Function, *args: Any, how: str = "right") -> None:
        """Two officers; `how` is right, or what is wrong with them: same, wrong approver, wrong proposer."""
        first, second = self.world.officers[role]
        stranger = self.world.officers[role % 5 + 1][0]
        proposer = stranger if how == "wrong proposer" else first
        approver = {"same": first, "wrong approver": stranger}.get(how, second)
        room, data = self.system.contract("FourEyes"), function.data(*args)
        facts = (target, data, REASON, DOCUMENT, self.now + DAY)
        if self.act(lambda w: w.propose(proposer, role), room.propose, *facts, sender=proposer):
            number = self.world.proposed
            both: Deed = lambda w: (w.approve(number, approver), deed(w))  # noqa: E731  # one line beside its call reads best
            self.act(both, room.approve, number, data, sender=approver)

    def jump(self, moment: int) -> None:
        """Move time; nothing happens."""
        if moment > self.now:
            self.evm.travel(moment)
            self.now = moment
            self.world.at(self.now)
            self.replay.time(self.now)

    def fresh(self, word: str) -> bytes:
        """A reference that nobody has used."""
        self.serial += 1
        return digest(f"{word} {self.serial}")

    # --- acts that several rules need --------------------------------------------------------------------------------

    def admit(self, who: str, kind: int, classes: int, days: int = 2_000) -> None:
        until, room = self.now + days * DAY, self.system.participants
        columns = ([who], [kind], [classes], [until], [DOCUMENT])
        sender = self.people.compliance1
        self.act(lambda w: w.participants.admit(who, kind, classes, until), room.admit, *columns, sender=sender)

    def credit(self, who: str, kopeks: int, ref: bytes | None = None) -> None:
        ref = ref or self.fresh("bank")
        deed: Deed = lambda w: w.rubles.credit(who, kopeks, ref)  # noqa: E731  # as above
        self.act(deed, self.system.rubles.credit, who, kopeks, ref, sender=self.people.treasurer1)

    def issue(self, terms: dict[str, Any], sale: dict[str, Any]) -> None:
        """Put an issue into the register by two moderators."""
        known = len(self.world.placement.sales)
        facts = self.system.terms(f"ЦФА-{known + 1}", **terms)
        deal = self.system.placement_terms(**sale)
        room = self.system.registry
        self.eyes(MODERATOR, lambda _: None, room, room.deploy, facts, deal)
        address = self.system.registry.issue(facts["issueId"]).asset
        token = Token(
            self.world.participants,
            address,
            self.people.issuer,
            facts["maximumUnits"],
            facts["accessClass"],
            facts["lockedUntil"],
            facts["maturity"],
            facts["transferMode"] == 1,
            facts["burnOnIssuerAcquire"],
            list(facts["recordDates"]),
        )
        self.world.tokens[address] = token
        self.world.placement.sales[facts["issueId"]] = Sale(token, *deal.values())

    def replace(self, seat: int) -> None:
        """A new address for a participant; what can't be moved yet stays with the old one."""
        old, new = self.seats[seat], "0x" + self.fresh("address").hex()[:40]
        new = str(self.evm.web3.to_checksum_address(new))
        room, registrar = self.system.participants, 4
        self.eyes(registrar, lambda w: w.participants.replace(old, new), room, room.replace, old, new)
        if self.world.participants.of(new).status:
            self.seats[seat] = new
            self.lineage.append((old, new))
            self.move_along()

    def move_along(self) -> None:
        """Move rubles and units of every replaced address to its successor, the oldest first."""
        rubles, registrar = self.system.rubles, 4
        for old, new in self.lineage:
            heir = self.seats[self.seat_of(new)]
            if any(vars(self.world.rubles.of(old)).values()):
                self.eyes(
                    registrar, lambda w, o=old, n=heir: w.rubles.move_all(o, n), rubles, rubles.moveAll, old, heir
                )
            for address in self.world.tokens:
                self.move_units(address, old, new)

    def move_units(self, address: str, old: str, new: str) -> None:
        token, contract = self.world.tokens[address], self.chain.token(address)
        before = [one for one, heir in self.lineage if heir == old]
        waiting = any(token.of(one) and one not in token.moved_on for one in before)
        if old not in token.moved_on and (token.of(old) or old in token.heirs) and not waiting:
            deed: Deed = lambda w: w.tokens[address].replace(old, new)  # noqa: E731  # as above
            self.eyes(4, deed, contract, contract.replaceHolder, old, new)

    def seat_of(self, who: str) -> int:
        """The seat of the participant who acts under this address or has acted so."""
        number = self.world.participants.of(who).number
        return [self.world.participants.of(one).number for one in self.seats].index(number)

    # --- witnesses: what must be so whatever the model says ----------------------------------------------------------

    def witness(self, receipt: Receipt) -> None:
        """Invariants 3, 4, 9 and 10, from the events of one transaction."""
        forced = {e.address for e in receipt.logs if e.name in {"UnitsForced", "HolderReplaced"}}
        cards = self.world.participants
        for name, address, e in receipt.logs:
            if name == "Transfer" and address not in forced and e.to != NO_ADDRESS:
                token = self.world.tokens[address]
                assert cards.obstacle(e.to, token.access_class) is None, f"3: units reached {e.to}"
                if e["from"] != NO_ADDRESS:
                    assert cards.obstacle(e["from"]) is None, f"4: units left {e['from']}"
                    assert not token.paused
                    assert token.locked_until < receipt.timestamp <= token.ends_at
            if name == "LimitReserved" or (name == "LimitCommitted" and not e.reserved):
                card = self.replay.people[e.who]
                limit = cards.rule_now()[1]
                assert card["classes"] & QUAL or card["net"] + card["reserved"] <= limit, f"9: {e.who} overdrew"
            if name == "ActionExecuted":
                proposer, role, _ = self.replay.proposals[e.id]
                pair = {proposer, e.approver}
                assert len(pair) == 2, "10: one officer"
                assert pair <= set(self.world.officers[role]), "10: officers of another role"

    def compare(self, *, everything: bool) -> None:
        """Model, chain and replay say the same; what changed since the last look, or all of it."""
        state = self.world.state()
        told = self.replay.state()
        assert told == state, f"11: the events tell otherwise (model, events): {differences(state, told)}"
        keys = [key for key in state if everything or self.seen.get(key) != state[key]]
        chain = self.chain.read(keys)
        wanted = {key: state[key] for key in keys}
        assert chain == wanted, f"the chain differs (model, chain): {differences(wanted, chain)}"
        self.seen = state
        self.world.check()


def differences(left: dict[Key, Any], right: dict[Key, Any]) -> dict[Key, tuple[Any, Any]]:
    """Where two states differ."""
    keys = [key for key in {**left, **right} if left.get(key) != right.get(key)]
    return {key: (left.get(key), right.get(key)) for key in keys}
