"""What a wallet may sign: only our contracts, only the functions of its owner's kind and role (how much: :mod:`backend.custody.limits`).

The contracts enforce the same rights; this list stands before the key, so that neither a fault in a domain nor a row slipped into the
database makes a wallet sign something else. It is asked twice: when a call is accepted, with the roles of whoever asks, and again when it is
signed, with the owner's kind alone. The lists are data; a test compares them with the functions of the committed ABIs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlmodel import select

from backend.core.context import Context
from backend.core.permissions import Role
from backend.custody import calls
from backend.custody.errors import CallNotAllowed
from backend.custody.models import Wallet
from indexer.models import ChainIssue

Calls = frozenset[tuple[str, str]]

ASSET = "DigitalAsset"


def _calls(**contracts: str) -> Calls:
    return frozenset((contract, one) for contract, names in contracts.items() for one in names.split())


PARTICIPANT = _calls(
    Rubles="requestWithdrawal",
    Placement="order recall allocate",
    Exchange="offer accept withdraw",
    DigitalAsset="transfer",
    Payouts="declare fund cancel tender",
)
"""Investors and issuers; which of the two it is, the contracts know."""

OPERATOR = _calls(
    Anchors="anchor",
    Placement="close settle cancelOrder",
    Exchange="expire",
    IssueRegistry="advance close",
    Payouts="declare fund distribute cancel markOverdue markDefaulted returnTender",
)
"""The operator's service wallet carries out what is decided."""

_PROPOSALS = _calls(FourEyes="propose approve cancel")

BY_ROLE: dict[Role, Calls] = {
    Role.COMPLIANCE_OFFICER: _PROPOSALS
    | _calls(Participants="admit update block_", Placement="cancelOrder", Rubles="freeze"),
    Role.MODERATOR: _PROPOSALS | _calls(Placement="suspend cancelOrder close", IssueRegistry="advance close"),
    Role.TREASURER: _PROPOSALS | _calls(Rubles="credit confirmWithdrawal cancelWithdrawal"),
    Role.REGISTRAR: _PROPOSALS,
    Role.CORPORATE_ACTIONS: OPERATOR | _calls(Placement="suspend"),
    Role.ADMINISTRATOR: _PROPOSALS,
    Role.KYC_OFFICER: frozenset(),
}

PROPOSABLE = _calls(
    AccessManager="grantRole revokeRole",
    FourEyes="setRule",
    Participants="unblock setLimit replace",
    Rubles="moveAll unfreeze",
    IssueRegistry="deploy",
    Payouts="setTaxRule setGrace",
    DigitalAsset="forcedTransfer forcedBurn replaceHolder setPaused appendRecordDate encumber release unfreeze setFrozenTokens setDocument "
    "removeDocument",
)
"""What two officers may decide together (docs/contracts.md)."""

BY_KIND: dict[str, Calls] = {
    "participant": PARTICIPANT,
    # An address made beforehand for an owner whose old one is replaced: it signs nothing before it is the owner's.
    "successor": frozenset(),
    "officer": frozenset().union(*BY_ROLE.values()),
    "system": OPERATOR,
}


def check_request(ctx: Context, wallet: Wallet, contract: str, function: str, target: str, args: list[Any]) -> None:
    """Raise :class:`CallNotAllowed` when the owner of the wallet may not make this call."""
    name = function.partition("(")[0]
    allowed = BY_KIND.get(wallet.owner_kind, frozenset())
    if wallet.owner_kind == "officer" and not ctx.actor.is_system:
        allowed = of_roles(ctx.actor.roles)
    if (contract, name) not in allowed or not is_ours(ctx, contract, target):
        raise CallNotAllowed
    if (contract, name) == ("FourEyes", "propose"):
        _check_proposed(ctx, str(args[0]), str(args[1]))


def of_roles(roles: Iterable[Role]) -> Calls:
    """Everything that the roles may call."""
    return frozenset().union(*(BY_ROLE.get(role, frozenset()) for role in roles))


def is_ours(ctx: Context, contract: str, target: str) -> bool:
    """Whether the address is that contract of the deployment, or a token of the register."""
    if contract != ASSET:
        return target.lower() == calls.address_of(ctx.settings, contract)
    return ctx.session.exec(select(ChainIssue.issue_id).where(ChainIssue.asset == target.lower())).first() is not None


class Permits:
    """The same before a signature, from the stored row alone: the bytes must be the call that the row names. Remembers addresses for a round."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._ours: dict[tuple[str, str], bool] = {}

    def allows(self, owner_kind: str, contract: str, function: str, target: str, data: str) -> bool:
        """Whether a wallet of this kind of owner may sign it."""
        if (contract, function.partition("(")[0]) not in BY_KIND.get(owner_kind, frozenset()):
            return False
        place = (contract, target)
        if place not in self._ours:
            self._ours[place] = is_ours(self._ctx, contract, target)
        return self._ours[place] and data[2:10] == calls.function_of(contract, function)[0].hex()


def _check_proposed(ctx: Context, target: str, data: str) -> None:
    for contract in sorted({one for one, _ in PROPOSABLE}):
        if is_ours(ctx, contract, target):
            found = calls.decode_call(contract, data)
            if found is not None and (contract, found[0]) in PROPOSABLE:
                return
    raise CallNotAllowed
