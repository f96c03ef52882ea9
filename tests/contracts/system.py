"""The system under test: accounts of every role, the nine rooms deployed at predicted addresses, helpers for what tests do often."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_utils import keccak

from scripts.deployment import Deployment
from scripts.deployment_plan import ROLES, ROOMS, Plan
from tests.contracts import compiled
from tests.contracts.evm import Contract, Evm, Receipt, deploy

START = int(datetime(2030, 1, 15, 9, 0, tzinfo=UTC).timestamp())  # noon in Moscow
DAY = 86_400
YEAR = 365 * DAY
ADMITTED_UNTIL = START + 5 * YEAR

ADMIN_ROLE, ADMINISTRATOR, COMPLIANCE, MODERATOR, REGISTRAR, TREASURER, VENUE, OPERATOR, FOUR_EYES = range(9)
FREE, LIMIT, TEST, QUAL = 1, 2, 4, 8
PERSON, SOLE_TRADER, ORGANISATION, NOMINEE, SYSTEM_ACCOUNT = range(1, 6)
ACTIVE, BLOCKED, REPLACED = 1, 2, 3
ORDER, PLEDGE, LOCKUP, ARREST, FREEZE = range(5)

NO_ADDRESS = "0x" + "0" * 40
NO_HASH = b"\0" * 32


def digest(text: str) -> bytes:
    """A 32-byte value from words: document hashes, references, reasons."""
    return hashlib.sha256(text.encode()).digest()


def account(name: str) -> str:
    """Address of the test account of that name; the same on each run."""
    return str(Account.from_key(digest(f"test account {name}")).address)


class People:
    """Addresses of the officers and users of the tests."""

    deployer = account("deployer")
    admin1, admin2 = account("admin1"), account("admin2")
    compliance1, compliance2 = account("compliance1"), account("compliance2")
    moderator1, moderator2 = account("moderator1"), account("moderator2")
    registrar1, registrar2 = account("registrar1"), account("registrar2")
    treasurer1, treasurer2 = account("treasurer1"), account("treasurer2")
    operator = account("operator")
    tax_account = account("tax account")
    issuer = account("issuer")
    alice, bob, carol, dave = account("alice"), account("bob"), account("carol"), account("dave")
    stranger = account("stranger")
    venue, venue2 = account("venue"), account("venue2")  # hold VENUE after system.make_venue()

    @property
    def officers(self) -> dict[int, list[str]]:
        """Role -> who holds it after deployment."""
        return {
            ADMINISTRATOR: [self.admin1, self.admin2],
            COMPLIANCE: [self.compliance1, self.compliance2],
            MODERATOR: [self.moderator1, self.moderator2],
            REGISTRAR: [self.registrar1, self.registrar2],
            TREASURER: [self.treasurer1, self.treasurer2],
            OPERATOR: [self.operator],
        }

    def pair(self, role: int) -> tuple[str, str]:
        """Two officers of a role."""
        first, second = self.officers[role]
        return first, second


class System:
    """The deployed rooms and the acts that most tests begin with."""

    def __init__(self, evm: Evm, people: People, rooms: Mapping[str, Contract]) -> None:
        self.evm, self.people, self._rooms = evm, people, dict(rooms)

    def contract(self, name: str) -> Contract:
        """A room by its contract's name."""
        return self._rooms[name]

    @property
    def manager(self) -> Contract:
        return self.contract("AccessManager")

    @property
    def participants(self) -> Contract:
        return self.contract("Participants")

    @property
    def rubles(self) -> Contract:
        return self.contract("Rubles")

    @property
    def registry(self) -> Contract:
        return self.contract("IssueRegistry")

    @property
    def placement(self) -> Contract:
        return self.contract("Placement")

    @property
    def exchange(self) -> Contract:
        return self.contract("Exchange")

    @property
    def payouts(self) -> Contract:
        return self.contract("Payouts")

    def four_eyes(self, target: Contract, method: str, *args: Any, by: tuple[str, str]) -> Receipt:
        """Propose by the first officer, approve by the second; the receipt is the approval's (with the events of the action)."""
        eyes = self.contract("FourEyes")
        data = getattr(target, method).data(*args)
        expiry = self.evm.now() + DAY
        proposed = eyes.propose(target, data, digest("reason"), digest("document"), expiry, sender=by[0])
        receipt: Receipt = eyes.approve(proposed.event("ActionProposed").id, data, sender=by[1])
        return receipt

    def admit(
        self, *who: str, kind: int = PERSON, classes: int = FREE, until: int = ADMITTED_UNTIL, profile: str = "profile"
    ) -> Receipt:
        """Admit participants in one batch by a COMPLIANCE officer."""
        many = len(who)
        columns = [list(who), [kind] * many, [classes] * many, [until] * many, [digest(profile + w) for w in who]]
        receipt: Receipt = self.participants.admit(*columns, sender=self.people.compliance1)
        return receipt

    def block(self, who: str) -> Receipt:
        """Block a participant by one COMPLIANCE officer."""
        sender = self.people.compliance1
        receipt: Receipt = self.participants.block_(who, digest("reason"), digest("document"), sender=sender)
        return receipt

    def unblock(self, who: str) -> Receipt:
        """Unblock by four eyes."""
        return self.four_eyes(self.participants, "unblock", who, by=self.people.pair(COMPLIANCE))

    def credit(self, who: str, kopeks: int, reference: str | None = None) -> Receipt:
        """Rubles that came by bank."""
        ref = digest(reference or f"bank {who} {kopeks} {self.evm.rpc('eth_blockNumber')}")
        receipt: Receipt = self.rubles.credit(who, kopeks, ref, sender=self.people.treasurer1)
        return receipt

    def make_venue(self, *accounts: str) -> None:
        """Give plain test accounts (people.venue by default) the role VENUE, by four eyes of the administrators."""
        for who in accounts or (self.people.venue,):
            self.four_eyes(self.manager, "grantRole", VENUE, who, 0, by=self.people.pair(ADMINISTRATOR))

    def terms(self, number: str = "ЦФА-1", **changes: Any) -> dict[str, Any]:
        """Terms of an ordinary issue: nominal 1 000.00 rubles, 1 000 units, FREE, no lock-up, matures in a year, three record dates."""
        now = self.evm.now()
        terms: dict[str, Any] = {
            "issueId": keccak(text=number),
            "issuer": self.people.issuer,
            "decisionHash": digest(f"decision {number}"),
            "name": f"Выпуск {number}",
            "symbol": number,
            "nominalKopeks": 100_000,
            "maximumUnits": 1_000,
            "accessClass": FREE,
            "lockedUntil": 0,
            "maturity": now + YEAR,
            "transferMode": 0,
            "burnOnIssuerAcquire": False,
            "recordDates": [now + 90 * DAY, now + 180 * DAY, now + 360 * DAY],
        }
        unknown = changes.keys() - terms.keys()
        if unknown:
            raise KeyError(f"no such terms: {unknown}")
        return {**terms, **changes}

    def placement_terms(self, **changes: Any) -> dict[str, Any]:
        """Terms of an ordinary sale: at nominal, open from now for ten days, settled from then on, FIFO."""
        now = self.evm.now()
        terms: dict[str, Any] = {
            "priceKopeks": 100_000,
            "minimumUnits": 1,
            "orderMin": 1,
            "orderMax": 1_000,
            "startsAt": now,
            "endsAt": now + 10 * DAY,
            "creditingAt": now + 10 * DAY,
            "allocation": 0,
        }
        unknown = changes.keys() - terms.keys()
        if unknown:
            raise KeyError(f"no such placement terms: {unknown}")
        return {**terms, **changes}

    def issue(self, number: str = "ЦФА-1", sale: Mapping[str, Any] | None = None, **changes: Any) -> Contract:
        """Register an issue by four eyes of the moderators; its token. `changes` alter the terms, `sale` the placement's.

        The issuer is admitted (as an organisation of every class) if it isn't yet.
        """
        terms = self.terms(number, **changes)
        if self.participants.participant(terms["issuer"]).status == 0:
            self.admit(terms["issuer"], kind=ORGANISATION, classes=FREE | LIMIT | TEST | QUAL)
        placement = self.placement_terms(**(sale or {}))
        done = self.four_eyes(self.registry, "deploy", terms, placement, by=self.people.pair(MODERATOR))
        return self.asset(done.event("IssueDeployed").asset)

    def asset(self, address: str) -> Contract:
        """The token at an address."""
        return Contract(self.evm, "DigitalAsset", address, compiled.artifact("DigitalAsset")["abi"])

    def new_asset(self, number: str = "ЦФА-1", **changes: Any) -> Contract:
        """A token deployed by hand, unknown to the registry: for tests of the token alone."""
        made = compiled.artifact("DigitalAsset")
        terms = self.terms(number, **changes)
        return deploy(
            self.evm, "DigitalAsset", made, self.manager, self.participants, terms, sender=self.people.deployer
        )


def build_system(evm: Evm, people: People, artifacts: Path) -> System:
    """Deploy everything by the program that deploys for real. `artifacts` is an empty folder for the compiled contracts."""
    evm.travel(START)
    for room in ROOMS:
        (artifacts / f"{room}.json").write_text(json.dumps(compiled.artifact(room)), encoding="utf-8")
    key = "0x" + digest("test account deployer").hex()
    Deployment(evm.web3, key, plan_of(people), artifacts).run()
    return attach_system(evm, people)


def plan_of(people: People) -> Plan:
    """The deployment of the tests."""
    officers = {name: people.officers[role] for name, role in ROLES.items() if role in people.officers}
    return Plan(people.deployer, officers, people.tax_account)


def attach_system(evm: Evm, people: People) -> System:
    """The system that is deployed on the node already."""
    plan = plan_of(people)
    rooms = {room: Contract(evm, room, plan.addresses()[room], compiled.artifact(room)["abi"]) for room in ROOMS}
    return System(evm, people, rooms)
