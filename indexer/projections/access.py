"""AccessManager and FourEyes: roles, proposals, rules."""

from collections.abc import Callable

from indexer.chain.abi import ASSET, contract_names, functions_of
from indexer.chain.enums import role_name
from indexer.models import (
    ZERO_ADDRESS,
    ChainFourEyesRule,
    ChainIssue,
    ChainProposal,
    ChainRoleEvent,
    ChainRoleMember,
    moment,
)
from indexer.projections.store import Store
from indexer.sync.facts import Fact

_SELECTOR = 10


def apply(store: Store, fact: Fact) -> None:
    """Apply one event of AccessManager or FourEyes."""
    EVENTS[fact.key](store, fact)


def _granted(store: Store, fact: Fact) -> None:
    _member(store, fact, active=True)


def _revoked(store: Store, fact: Fact) -> None:
    _member(store, fact, active=False)


def _member(store: Store, fact: Fact, *, active: bool) -> None:
    role, account = fact.args["roleId"], fact.args["account"]
    store.put(
        ChainRoleMember,
        role=str(role),
        account=account,
        role_name=role_name(role),
        active=active,
        since_block=fact.block_number,
        since_at=fact.at,
    )
    store.put(
        ChainRoleEvent,
        **fact.place,
        role=str(role),
        role_name=role_name(role),
        account=account,
        granted=active,
        tx_hash=fact.tx_hash,
        sender=fact.sender,
        at=fact.at,
    )


def _rule_set(store: Store, fact: Fact) -> None:
    args = fact.args
    store.put(
        ChainFourEyesRule,
        target=args["target"],
        selector=args["selector"],
        role=str(args["role"]),
        role_name=role_name(args["role"]),
        function=_function_name(args["selector"]),
        block_number=fact.block_number,
        at=fact.at,
    )


def _proposed(store: Store, fact: Fact) -> None:
    args = fact.args
    selector = args["data"][:_SELECTOR]
    store.put(
        ChainProposal,
        id=args["id"],
        proposer=args["proposer"],
        target=args["target"],
        target_name=_target_name(store, args["target"], selector),
        role=str(args["role"]),
        role_name=role_name(args["role"]),
        selector=selector,
        function=_function_name(selector),
        data=args["data"],
        reason=args["reason"],
        document_hash=args["documentHash"],
        expires_at=args["expiresAt"],
        expires_at_at=moment(args["expiresAt"]),
        state="PROPOSED",
        proposed_block=fact.block_number,
        proposed_tx=fact.tx_hash,
        proposed_at=fact.at,
    )


def _executed(store: Store, fact: Fact) -> None:
    _closed(store, fact, "EXECUTED", fact.args["approver"], fact.args["result"])


def _cancelled(store: Store, fact: Fact) -> None:
    _closed(store, fact, "CANCELLED", fact.args["officer"], None)


def _closed(store: Store, fact: Fact, state: str, officer: str, result: str | None) -> None:
    store.change(
        ChainProposal,
        fact,
        (fact.args["id"],),
        state=state,
        officer=officer,
        result=result,
        closed_block=fact.block_number,
        closed_tx=fact.tx_hash,
        closed_at=fact.at,
    )


def _function_name(selector: str) -> str | None:
    for contract in contract_names():
        function = functions_of(contract).get(selector)
        if function:
            return function.name
    return None


def _target_name(store: Store, target: str, selector: str) -> str | None:
    """Contract that is meant: an asset by its address, else the one contract whose rule names this target."""
    if store.select(ChainIssue, asset=target):
        return ASSET
    if target == ZERO_ADDRESS:
        return None
    owners = [name for name in contract_names() if selector in functions_of(name)]
    return owners[0] if len(owners) == 1 else None


EVENTS: dict[str, Callable[[Store, Fact], None]] = {
    "AccessManager.RoleGranted": _granted,
    "AccessManager.RoleRevoked": _revoked,
    "FourEyes.RuleSet": _rule_set,
    "FourEyes.ActionProposed": _proposed,
    "FourEyes.ActionExecuted": _executed,
    "FourEyes.ActionCancelled": _cancelled,
}
