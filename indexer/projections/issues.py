"""IssueRegistry and DigitalAsset: issues, holders, encumbrances, record dates, documents."""

from collections.abc import Callable
from typing import Any

from indexer.chain.enums import ENCUMBRANCE_KIND, ISSUE_STATE, TRANSFER_MODE
from indexer.models import (
    ZERO_ADDRESS,
    ZERO_HASH,
    ChainDocument,
    ChainEncumbrance,
    ChainHolding,
    ChainHoldingHistory,
    ChainIssue,
    ChainIssueEvent,
    ChainRecordDate,
    ChainSupplyHistory,
    ChainTransfer,
    moment,
)
from indexer.projections.store import Store
from indexer.sync.facts import Fact, Row


def apply(store: Store, fact: Fact) -> None:
    """Apply one event of the registry or of an asset."""
    EVENTS[fact.key](store, fact)


# --- the register of issues ------------------------------------------------------------------------------------------


def _created(store: Store, fact: Fact) -> None:
    terms = fact.args["terms"]
    store.put(
        ChainIssue,
        issue_id=fact.args["issueId"],
        asset=fact.address,
        issuer=terms["issuer"],
        decision_hash=terms["decisionHash"],
        state="NONE",
        name=terms["name"],
        symbol=terms["symbol"],
        nominal_kopeks=terms["nominalKopeks"],
        maximum_units=terms["maximumUnits"],
        access_class=terms["accessClass"],
        locked_until=terms["lockedUntil"],
        maturity=terms["maturity"],
        maturity_at=moment(terms["maturity"]),
        transfer_mode=TRANSFER_MODE[terms["transferMode"]],
        burn_on_issuer_acquire=terms["burnOnIssuerAcquire"],
        circulation_ends_at=0,
        paused=False,
        deployed_block=fact.block_number,
        deployed_tx=fact.tx_hash,
        deployed_at=fact.at,
        block_number=fact.block_number,
    )


def _deployed(store: Store, fact: Fact) -> None:
    issue = store.get(ChainIssue, fact, fact.args["issueId"])
    # the state event may stand before or after this one
    if issue["state"] == "NONE":
        store.change(ChainIssue, fact, (issue["issue_id"],), state="PLACEMENT", block_number=fact.block_number)
    _issue_event(store, fact, issue)


def _state_changed(store: Store, fact: Fact) -> None:
    before, after = ISSUE_STATE[fact.args["from"]], ISSUE_STATE[fact.args["to"]]
    issue = store.change(ChainIssue, fact, (fact.args["issueId"],), state=after, block_number=fact.block_number)
    _issue_event(store, fact, issue, state_from=before, state_to=after)


def _paused(store: Store, fact: Fact) -> None:
    _change_issue(store, fact, str(fact.args["paused"]).lower(), paused=fact.args["paused"])


def _circulation_ends(store: Store, fact: Fact) -> None:
    _change_issue(store, fact, str(fact.args["at"]), circulation_ends_at=fact.args["at"])


def _change_issue(store: Store, fact: Fact, value: str, **values: Any) -> None:
    issue = _issue_of(store, fact)
    store.change(ChainIssue, fact, (issue["issue_id"],), **values, block_number=fact.block_number)
    _issue_event(store, fact, issue, value=value)


def _issue_event(store: Store, fact: Fact, issue: Row, **values: Any) -> None:
    store.put(
        ChainIssueEvent,
        **fact.place,
        issue_id=issue["issue_id"],
        asset=issue["asset"],
        event=fact.event,
        tx_hash=fact.tx_hash,
        at=fact.at,
        **values,
    )


def _record_date_set(store: Store, fact: Fact) -> None:
    store.put(
        ChainRecordDate,
        asset=fact.address,
        number=fact.args["number"],
        timestamp=fact.args["at"],
        at=moment(fact.args["at"]),
        block_number=fact.block_number,
    )


def _issue_of(store: Store, fact: Fact) -> Row:
    return store.issue_of_asset(fact)


# --- units -----------------------------------------------------------------------------------------------------------


def _transferred(store: Store, fact: Fact) -> None:
    args = fact.args
    sender, receiver, units = args["from"], args["to"], args["value"]
    kind, reason, document = _kind(fact)
    store.put(
        ChainTransfer,
        **fact.place,
        asset=fact.address,
        from_address=sender,
        to_address=receiver,
        units=units,
        kind=kind,
        reason=reason,
        document_hash=document,
        tx_hash=fact.tx_hash,
        at=fact.at,
    )
    if units == 0:
        return
    holders = 0
    if sender != ZERO_ADDRESS:
        holders -= _move(store, fact, sender, units=-units)
    if receiver != ZERO_ADDRESS:
        holders += _move(store, fact, receiver, units=units)
    supply = units * (sender == ZERO_ADDRESS) - units * (receiver == ZERO_ADDRESS)
    _supply(store, fact, supply, holders)


def _kind(fact: Fact) -> tuple[str, str | None, str | None]:
    """Why units moved: what else happened in the same transaction to the same units."""
    sender, receiver = fact.args["from"], fact.args["to"]
    if sender == ZERO_ADDRESS:
        return "ISSUE", None, None
    for other in fact.neighbours:
        if (
            other.address == fact.address
            and other.event in {"UnitsForced", "HolderReplaced"}
            and _same_units(fact, other)
        ):
            if other.event == "HolderReplaced":
                return "REPLACEMENT", None, None
            forced = "FORCED_BURN" if receiver == ZERO_ADDRESS else "FORCED"
            return forced, other.args["reason"], other.args["documentHash"]
    if receiver == ZERO_ADDRESS:
        paid = any(other.event == "HoldersPaid" and sender in other.args["holders"] for other in fact.neighbours)
        return ("REDEMPTION" if paid else "BURN"), None, None
    deal = any(
        other.event == "OfferAccepted" and other.args["asset"] == fact.address and other.args["buyer"] == receiver
        for other in fact.neighbours
    )
    return ("DELIVERY" if deal else "TRANSFER"), None, None


def _same_units(fact: Fact, other: Fact) -> bool:
    mine, theirs = fact.args, other.args
    return bool(mine["from"] == theirs["from"] and mine["to"] == theirs["to"] and mine["value"] == theirs["units"])


def _move(store: Store, fact: Fact, holder: str, **deltas: int) -> int:
    """Change units, encumbered or frozen of a holder; returns by how many the number of holders changes, without its sign."""
    row = store.find(ChainHolding, fact.address, holder) or {"units": 0, "encumbered_units": 0, "frozen_units": 0}
    before = row["units"]
    units = before + deltas.get("units", 0)
    encumbered = row["encumbered_units"] + deltas.get("encumbered", 0)
    frozen = deltas.get("frozen", row["frozen_units"])
    values = {
        "units": units,
        "encumbered_units": encumbered,
        "frozen_units": frozen,
        "free_units": max(0, units - encumbered - frozen),
    }
    store.put(ChainHolding, asset=fact.address, holder=holder, **values, block_number=fact.block_number)
    store.put(
        ChainHoldingHistory,
        asset=fact.address,
        holder=holder,
        **fact.place,
        timestamp=fact.timestamp,
        at=fact.at,
        **values,
    )
    return int((before == 0) != (units == 0))


def _supply(store: Store, fact: Fact, units: int, holders: int) -> None:
    if not units and not holders:
        return
    issue = _issue_of(store, fact)
    supply, count = issue["supply_units"] + units, issue["holders_count"] + holders
    store.change(
        ChainIssue,
        fact,
        (issue["issue_id"],),
        supply_units=supply,
        holders_count=count,
        block_number=fact.block_number,
    )
    store.put(
        ChainSupplyHistory,
        asset=fact.address,
        **fact.place,
        timestamp=fact.timestamp,
        at=fact.at,
        supply_units=supply,
        holders_count=count,
    )


# --- encumbrances ----------------------------------------------------------------------------------------------------


def _encumbered(store: Store, fact: Fact) -> None:
    args = fact.args
    store.put(
        ChainEncumbrance,
        asset=fact.address,
        id=args["id"],
        holder=args["holder"],
        kind=ENCUMBRANCE_KIND[args["kind"]],
        units=args["units"],
        units_left=args["units"],
        until=args["until"],
        until_at=moment(args["until"]),
        basis=args["basis"],
        by_address=args["by"],
        state="OPEN",
        created_block=fact.block_number,
        created_tx=fact.tx_hash,
        created_at=fact.at,
        block_number=fact.block_number,
    )
    _move(store, fact, args["holder"], encumbered=args["units"])


def _reduced(store: Store, fact: Fact) -> None:
    args = fact.args
    store.change(
        ChainEncumbrance,
        fact,
        (fact.address, args["id"]),
        units_left=args["left"],
        state="OPEN" if args["left"] else "CLOSED",
        block_number=fact.block_number,
    )
    _move(store, fact, args["holder"], encumbered=-args["units"])


def _frozen(store: Store, fact: Fact) -> None:
    # ERC-7943: a standing amount, not a change, and possibly more than the account has
    _move(store, fact, fact.args["account"], frozen=fact.args["amount"])


def _replaced(store: Store, fact: Fact) -> None:
    """Units moved by their own Transfer; encumbrances follow the holder without an event of their own."""
    old, heir = fact.args["from"], fact.args["to"]
    moved = 0
    for row in store.select(ChainEncumbrance, asset=fact.address, holder=old, state="OPEN"):
        store.change(ChainEncumbrance, fact, (row["asset"], row["id"]), holder=heir, block_number=fact.block_number)
        moved += row["units_left"]
    if moved:
        _move(store, fact, old, encumbered=-moved)
        _move(store, fact, heir, encumbered=moved)


# --- documents -------------------------------------------------------------------------------------------------------


def _document(*, removed: bool) -> Callable[[Store, Fact], None]:
    def write(store: Store, fact: Fact) -> None:
        store.put(
            ChainDocument,
            asset=fact.address,
            name=fact.args["name"],
            uri=fact.args["uri"],
            document_hash=fact.args.get("documentHash", ZERO_HASH),
            removed=removed,
            block_number=fact.block_number,
            tx_hash=fact.tx_hash,
            at=fact.at,
        )

    return write


EVENTS: dict[str, Callable[[Store, Fact], None]] = {
    "IssueRegistry.IssueDeployed": _deployed,
    "IssueRegistry.IssueStateChanged": _state_changed,
    "DigitalAsset.AssetCreated": _created,
    "DigitalAsset.AssetPaused": _paused,
    "DigitalAsset.CirculationEnds": _circulation_ends,
    "DigitalAsset.RecordDateSet": _record_date_set,
    "DigitalAsset.Transfer": _transferred,
    "DigitalAsset.UnitsEncumbered": _encumbered,
    "DigitalAsset.EncumbranceReduced": _reduced,
    "DigitalAsset.Frozen": _frozen,
    "DigitalAsset.HolderReplaced": _replaced,
    "DigitalAsset.DocumentUpdated": _document(removed=False),
    "DigitalAsset.DocumentRemoved": _document(removed=True),
}
