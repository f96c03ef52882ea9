"""The state of all contracts read through their views, for the keys that a model names; one call for everything."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tests.contracts import compiled
from tests.contracts.evm import Contract, Function, decode_all, deploy
from tests.contracts.model_world import Key
from tests.contracts.system import System

Question = tuple[Function, tuple[Any, ...]]


class ChainState:
    """Asks; the helper contract is deployed once."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.each = deploy(system.evm, "Each", compiled.artifact("Each"), sender=system.people.deployer)
        self.tokens: dict[str, Contract] = {}

    def token(self, address: str) -> Contract:
        if address not in self.tokens:
            self.tokens[address] = self.system.asset(address)
        return self.tokens[address]

    def read(self, keys: Iterable[Key]) -> dict[Key, Any]:
        """The chain's answer for each key, shaped like that of a model."""
        wanted = list(keys)
        asked = [QUESTIONS[str(key[0])](self, *key[1:]) for key in wanted]
        flat = [question for questions, _ in asked for question in questions]
        answers = iter(self._ask(flat))
        return {
            key: shape(*[next(answers) for _ in questions])
            for key, (questions, shape) in zip(wanted, asked, strict=True)
        }

    def _ask(self, questions: list[Question]) -> list[Any]:
        targets = [function.address for function, _ in questions]
        done, raw = self.each.ask(targets, [function.data(*args) for function, args in questions]).values()
        assert all(done), [q for q, fine in zip(questions, done, strict=True) if not fine]
        answers = []
        for (function, _), answer in zip(questions, raw, strict=True):
            values = decode_all(function.abi["outputs"], answer)
            answers.append(values[0] if len(values) == 1 else tuple(values))
        return answers


Asked = tuple[list[Question], Callable[..., Any]]


def same(value: Any) -> Any:
    """The answer as it is; a tuple instead of a structure."""
    return tuple(value.values()) if isinstance(value, dict) else value


def pick(*names: str) -> Callable[[Any], tuple[Any, ...]]:
    """These members of a structure."""
    return lambda facts: tuple(facts[name] for name in names)


def of_room(room: str, function: str, shape: Callable[..., Any] = same) -> Callable[..., Asked]:
    """A question to a room with the rest of the key as arguments."""
    return lambda state, *args: ([(getattr(state.system.contract(room), function), args)], shape)


def of_token(*functions: str, shape: Callable[..., Any]) -> Callable[..., Asked]:
    """Questions to a token with the rest of the key as arguments."""

    def asked(state: ChainState, address: str, *args: Any) -> Asked:
        token = state.token(address)
        return [(getattr(token, function), args) for function in functions], shape

    return asked


def cash(state: ChainState) -> Asked:
    """The three totals of the nominal account."""
    rubles = state.system.rubles
    return [(rubles.totalSupply, ()), (rubles.creditedTotal, ()), (rubles.paidOutTotal, ())], as_tuple


def units_at(state: ChainState, address: str, number: int, who: str) -> Asked:
    """Units of a holder at a record date."""
    return [(state.token(address).unitsAt, (who, number))], same


def as_tuple(*values: Any) -> tuple[Any, ...]:
    """Several answers together."""
    return values


def ordered_run(facts: Any) -> tuple[Any, ...]:
    """A run in the order of the model."""
    terms = pick("asset", "kind", "rounding", "recordDate", "dueAt", "microKopeksPerUnit", "state")(facts)
    return (*terms, *pick("escrowKopeks", "unitsDue", "unitsPaid", "kopeksPaid")(facts))


OFFER = ("asset", "seller", "buyer", "units", "priceKopeks", "minimumUnits", "expiresAt", "state", "encumbranceId")

QUESTIONS: dict[str, Callable[..., Asked]] = {
    "participants": of_room("Participants", "count"),
    "participant": of_room("Participants", "participant"),
    "account": of_room("Rubles", "accountOf"),
    "escrow": of_room("Rubles", "escrowOf"),
    "withdrawal": of_room("Rubles", "withdrawal"),
    "cash": cash,
    "proposal": of_room("FourEyes", "proposal", pick("proposer", "role", "state")),
    "issue": of_room("IssueRegistry", "issue", pick("state", "asset", "issuer")),
    "sale": of_room("Placement", "sale", pick("state", "demand", "issued", "orderCount")),
    "order": of_room("Placement", "orderOf", pick("investor", "units", "state", "allocated")),
    "offer": of_room("Exchange", "offerOf", pick(*OFFER)),
    "run": of_room("Payouts", "run", ordered_run),
    "paid": of_room("Payouts", "paid"),
    "tender": of_room("Payouts", "tenderOf"),
    "units": of_token("balanceOf", "freeUnits", "encumberedUnits", "getFrozenTokens", shape=as_tuple),
    "asset": of_token("totalSupply", "holderCount", "paused", "circulationEndsAt", "recordDateCount", shape=as_tuple),
    "lot": of_token("encumbrance", shape=pick("holder", "units", "kind", "until", "by")),
    "record": of_token("supplyAt", "holdersAt", shape=as_tuple),
    "unitsAt": units_at,
}
