"""What a deployment consists of, as data: the rooms in the order of the deployer's nonces, roles, rules of four eyes, parameters.

Addresses are known before anything is sent, for a contract's address follows from its creator and nonce; so the contracts can take
each other's address as immutables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import rlp
from eth_utils import function_signature_to_4byte_selector, keccak, to_canonical_address, to_checksum_address

ADMIN_ROLE = 0
ROLES = {
    "ADMINISTRATOR": 1,
    "COMPLIANCE": 2,
    "MODERATOR": 3,
    "REGISTRAR": 4,
    "TREASURER": 5,
    "VENUE": 6,
    "OPERATOR": 7,
    "FOUR_EYES": 8,
}
TWO_OFFICERS = ("ADMINISTRATOR", "COMPLIANCE", "MODERATOR", "REGISTRAR", "TREASURER")
VENUES = ("Placement", "Exchange", "Payouts")

# The constructor's arguments of each contract, by the names of other contracts; "deployer" is the deployer's address.
ROOMS: dict[str, tuple[str, ...]] = {
    "AccessManager": ("deployer",),
    "FourEyes": ("AccessManager", "IssueRegistry"),
    "Participants": ("AccessManager",),
    "Rubles": ("AccessManager", "Participants"),
    "IssueRegistry": ("AccessManager", "Participants", "Placement"),
    "Placement": ("AccessManager", "Participants", "Rubles", "IssueRegistry"),
    "Exchange": ("AccessManager", "Participants", "Rubles", "IssueRegistry"),
    "Payouts": ("AccessManager", "Participants", "Rubles", "IssueRegistry"),
    "Anchors": ("AccessManager",),
}

ASSETS = "assets"  # the rule holds for every token of the register
NO_ADDRESS = "0x" + "0" * 40
TERMS = "(bytes32,address,bytes32,string,string,uint64,uint64,uint8,uint40,uint40,uint8,bool,uint40[])"
SALE = "(uint64,uint64,uint64,uint64,uint40,uint40,uint40,uint8)"

# What needs two officers, and of which role.
RULES: tuple[tuple[str, str, str], ...] = (
    ("AccessManager", "grantRole(uint64,address,uint32)", "ADMINISTRATOR"),
    ("AccessManager", "revokeRole(uint64,address)", "ADMINISTRATOR"),
    ("FourEyes", "setRule(address,bytes4,uint64)", "ADMINISTRATOR"),
    ("Participants", "unblock(address)", "COMPLIANCE"),
    ("Participants", "setLimit(uint40,uint64)", "COMPLIANCE"),
    ("Participants", "replace(address,address)", "REGISTRAR"),
    ("Rubles", "moveAll(address,address)", "REGISTRAR"),
    ("Rubles", "unfreeze(address,uint64,bytes32)", "COMPLIANCE"),
    ("IssueRegistry", f"deploy({TERMS},{SALE})", "MODERATOR"),
    ("Payouts", "setTaxRule(address,uint16)", "TREASURER"),
    ("Payouts", "setGrace(uint40)", "TREASURER"),
    (ASSETS, "forcedTransfer(address,address,uint64,bool,bytes32,bytes32)", "REGISTRAR"),
    (ASSETS, "forcedTransfer(address,address,uint256)", "REGISTRAR"),
    (ASSETS, "forcedBurn(address,uint64,bytes32,bytes32)", "REGISTRAR"),
    (ASSETS, "replaceHolder(address,address)", "REGISTRAR"),
    (ASSETS, "setPaused(bool)", "REGISTRAR"),
    (ASSETS, "appendRecordDate(uint40)", "REGISTRAR"),
    (ASSETS, "encumber(address,uint8,uint64,uint40,bytes32)", "REGISTRAR"),
    (ASSETS, "release(uint256,uint64)", "REGISTRAR"),
    (ASSETS, "unfreeze(uint256,uint64)", "COMPLIANCE"),
    (ASSETS, "setFrozenTokens(address,uint256)", "COMPLIANCE"),
    (ASSETS, "setDocument(bytes32,string,bytes32)", "MODERATOR"),
    (ASSETS, "removeDocument(bytes32)", "MODERATOR"),
)


class PlanInvalidError(Exception):
    """The officers, the tax account or the deployer don't fit the rules of a deployment."""


@dataclass(frozen=True)
class Parameters:
    """Figures set at deployment; later only four eyes change them."""

    # Bank of Russia's ordinance in force since 01.01.2026 Moscow time: 600 000 rubles a calendar year
    limit_from: int = int(datetime(2025, 12, 31, 21, tzinfo=UTC).timestamp())
    limit_kopeks: int = 600_000_00
    # a technical default lasts ten working days (Bank of Russia's practice for bonds), at most two weeks without holidays
    grace_seconds: int = 14 * 86_400
    # НК РФ ст. 224 п. 3: the highest rate of personal income tax, of non-residents
    maximum_withheld_bps: int = 3_000
    system_admitted_until: int = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp())


@dataclass(frozen=True)
class Plan:
    """Everything that decides the end state of a deployment."""

    deployer: str
    officers: Mapping[str, Sequence[str]]
    tax_account: str
    parameters: Parameters = field(default_factory=Parameters)

    def __post_init__(self) -> None:
        """Refuse what could not work: a lone officer, a deployer who is one, one person in two seats of a role."""
        unknown = self.officers.keys() - (ROLES.keys() - {"VENUE", "FOUR_EYES"})
        if unknown:
            raise PlanInvalidError(f"officers cannot hold {', '.join(sorted(unknown))}")
        for role in TWO_OFFICERS:
            if len({who.lower() for who in self.officers.get(role, ())}) < 2:
                raise PlanInvalidError(f"{role}: four eyes need two different officers")
        if not self.officers.get("OPERATOR"):
            raise PlanInvalidError("OPERATOR: no account named")
        everyone = {who.lower() for holders in self.officers.values() for who in holders}
        if self.deployer.lower() in everyone | {self.tax_account.lower()}:
            raise PlanInvalidError(
                "the deployer must hold nothing after the deployment, so it is nobody else's account"
            )

    def addresses(self) -> dict[str, str]:
        """Address of each contract: it follows from the deployer's nonces 0, 1, 2 …"""
        return {name: address_at(self.deployer, nonce) for nonce, name in enumerate(ROOMS)}

    def arguments(self, room: str) -> list[str]:
        """Constructor arguments of a contract."""
        known = {"deployer": to_checksum_address(self.deployer), **self.addresses()}
        return [str(known[name]) for name in ROOMS[room]]

    def grants(self) -> list[tuple[int, str]]:
        """(role, holder) of everyone who holds a role in the end."""
        at = self.addresses()
        venues = [(ROLES["VENUE"], at[name]) for name in VENUES]
        eyes = [(ROLES["FOUR_EYES"], at["FourEyes"]), (ADMIN_ROLE, at["FourEyes"])]
        officers = [(ROLES[role], to_checksum_address(who)) for role, them in self.officers.items() for who in them]
        return venues + eyes + [(role, str(who)) for role, who in officers]

    def rules(self) -> list[tuple[str, bytes, int]]:
        """(target, selector, role) of each rule of FourEyes."""
        at: dict[str, Any] = {ASSETS: NO_ADDRESS, **self.addresses()}
        return [
            (str(at[room]), function_signature_to_4byte_selector(signature), ROLES[role])
            for room, signature, role in RULES
        ]


def address_at(creator: str, nonce: int) -> str:
    """Address of the contract that `creator` makes with `nonce`."""
    packed: bytes = rlp.encode([to_canonical_address(creator), nonce])
    return str(to_checksum_address(keccak(packed)[12:]))
