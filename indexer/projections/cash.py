"""Rubles: the nominal account, mirrored as accounts and as statement entries."""

from collections.abc import Callable

from indexer.models import (
    ChainBankRef,
    ChainCashTotals,
    ChainEscrow,
    ChainRubleAccount,
    ChainRubleEntry,
    ChainWithdrawal,
)
from indexer.projections.store import Store
from indexer.sync.facts import Fact

_TOTALS = 1
_UINT64 = 2**64 - 1
_PARTS = ("free", "held", "in_transit", "frozen")


def apply(store: Store, fact: Fact) -> None:
    """Apply one event of Rubles."""
    EVENTS[fact.key](store, fact)


def _credited(store: Store, fact: Fact) -> None:
    args = fact.args
    account, kopeks = args["account"], args["kopeks"]
    _entry(store, fact, account, "CREDIT", {_free(args): kopeks}, reference=args["bankRef"])
    _totals(store, fact, credited=kopeks)
    _bank_ref(store, fact, account, kopeks, "CREDIT", to_frozen=args["toFrozen"])


def _held(store: Store, fact: Fact) -> None:
    args = fact.args
    _entry(store, fact, args["account"], "HOLD", {"free": -args["kopeks"], "held": args["kopeks"]}, venue=args["venue"])
    _escrow(store, fact, args["venue"], args["kopeks"])


def _released(store: Store, fact: Fact) -> None:
    args = fact.args
    deltas = {"held": -args["kopeks"], _free(args): args["kopeks"]}
    _entry(store, fact, args["account"], "RELEASE", deltas, venue=args["venue"])
    _escrow(store, fact, args["venue"], -args["kopeks"])


def _paid(store: Store, fact: Fact) -> None:
    args = fact.args
    payer, receiver, venue, kopeks = args["from"], args["to"], args["venue"], args["kopeks"]
    source = "held" if args["fromHeld"] else "free"
    _entry(store, fact, payer, "PAID_OUT", {source: -kopeks}, counterparty=receiver, venue=venue)
    _entry(store, fact, receiver, "PAID_IN", {_free(args): kopeks}, counterparty=payer, venue=venue)
    if args["fromHeld"]:
        _escrow(store, fact, venue, -kopeks)


def _paid_batch(store: Store, fact: Fact) -> None:
    """Many payments in one event, each packed: receiver << 96 | to frozen << 64 | kopeks. One entry a receiver."""
    payer, venue = fact.args["from"], fact.args["venue"]
    receivers: dict[str, dict[str, int]] = {}
    total = 0
    for packed in fact.args["payments"]:
        kopeks = packed & _UINT64
        part = "frozen" if packed >> 64 & 1 else "free"
        deltas = receivers.setdefault(f"0x{packed >> 96:040x}", {})
        deltas[part] = deltas.get(part, 0) + kopeks
        total += kopeks
    _entry(store, fact, payer, "PAID_OUT", {"held": -total}, venue=venue)
    for receiver, deltas in receivers.items():
        _entry(store, fact, receiver, "PAID_IN", deltas, counterparty=payer, venue=venue)
    _escrow(store, fact, venue, -total)


def _frozen(store: Store, fact: Fact) -> None:
    args = fact.args
    deltas = {"free": -args["kopeks"], "frozen": args["kopeks"]}
    _entry(store, fact, args["account"], "FREEZE", deltas, reference=args["basis"])


def _unfrozen(store: Store, fact: Fact) -> None:
    args = fact.args
    deltas = {"frozen": -args["kopeks"], "free": args["kopeks"]}
    _entry(store, fact, args["account"], "UNFREEZE", deltas, reference=args["basis"])


def _moved(store: Store, fact: Fact) -> None:
    moved = fact.args["moved"]
    parts = {"free": moved["free"], "held": moved["held"], "in_transit": moved["inTransit"], "frozen": moved["frozen"]}
    old, heir = fact.args["from"], fact.args["to"]
    _entry(store, fact, old, "MOVED_OUT", {part: -kopeks for part, kopeks in parts.items()}, counterparty=heir)
    _entry(store, fact, heir, "MOVED_IN", parts, counterparty=old)


def _withdrawal_requested(store: Store, fact: Fact) -> None:
    args = fact.args
    deltas = {"free": -args["kopeks"], "in_transit": args["kopeks"]}
    _entry(store, fact, args["account"], "WITHDRAWAL_REQUEST", deltas, reference=args["id"])
    store.put(
        ChainWithdrawal,
        id=args["id"],
        account=args["account"],
        kopeks=args["kopeks"],
        details_hash=args["detailsHash"],
        state="REQUESTED",
        requested_block=fact.block_number,
        requested_tx=fact.tx_hash,
        requested_at=fact.at,
    )


def _withdrawal_confirmed(store: Store, fact: Fact) -> None:
    args = fact.args
    _entry(store, fact, args["account"], "WITHDRAWAL_CONFIRM", {"in_transit": -args["kopeks"]}, reference=args["id"])
    _totals(store, fact, paid_out=args["kopeks"])
    _bank_ref(store, fact, args["account"], args["kopeks"], "WITHDRAWAL", to_frozen=False)
    _close_withdrawal(store, fact, "CONFIRMED", bank_ref=args["bankRef"])


def _withdrawal_cancelled(store: Store, fact: Fact) -> None:
    # of a blocked account the sum is frozen by the RublesFrozen that follows
    args = fact.args
    deltas = {"in_transit": -args["kopeks"], "free": args["kopeks"]}
    _entry(store, fact, args["account"], "WITHDRAWAL_CANCEL", deltas, reference=args["id"])
    _close_withdrawal(store, fact, "CANCELLED", reason=args["reason"])


def _free(args: dict[str, object]) -> str:
    return "frozen" if args["toFrozen"] else "free"


def _entry(
    store: Store,
    fact: Fact,
    account: str,
    kind: str,
    deltas: dict[str, int],
    *,
    counterparty: str | None = None,
    venue: str | None = None,
    reference: str | None = None,
) -> None:
    """One line of an account's statement and the account after it."""
    row = store.find(ChainRubleAccount, account) or {}
    after = {f"{part}_kopeks": row.get(f"{part}_kopeks", 0) + deltas.get(part, 0) for part in _PARTS}
    store.put(ChainRubleAccount, address=account, **after, block_number=fact.block_number)
    store.put(
        ChainRubleEntry,
        **fact.place,
        account=account,
        kind=kind,
        at=fact.at,
        **{f"{part}_delta": deltas.get(part, 0) for part in _PARTS},
        counterparty=counterparty,
        venue=venue,
        reference=reference,
        tx_hash=fact.tx_hash,
    )


def _escrow(store: Store, fact: Fact, venue: str, kopeks: int) -> None:
    row = store.find(ChainEscrow, venue) or {"kopeks": 0}
    store.put(ChainEscrow, venue=venue, kopeks=row["kopeks"] + kopeks, block_number=fact.block_number)


def _totals(store: Store, fact: Fact, *, credited: int = 0, paid_out: int = 0) -> None:
    row = store.find(ChainCashTotals, _TOTALS) or {"credited_kopeks": 0, "paid_out_kopeks": 0}
    store.put(
        ChainCashTotals,
        id=_TOTALS,
        credited_kopeks=row["credited_kopeks"] + credited,
        paid_out_kopeks=row["paid_out_kopeks"] + paid_out,
        block_number=fact.block_number,
    )


def _bank_ref(store: Store, fact: Fact, account: str, kopeks: int, use: str, *, to_frozen: bool) -> None:
    store.put(
        ChainBankRef,
        bank_ref=fact.args["bankRef"],
        use=use,
        account=account,
        kopeks=kopeks,
        to_frozen=to_frozen,
        **fact.place,
        tx_hash=fact.tx_hash,
        at=fact.at,
    )


def _close_withdrawal(store: Store, fact: Fact, state: str, **values: str) -> None:
    store.change(
        ChainWithdrawal,
        fact,
        (fact.args["id"],),
        state=state,
        closed_block=fact.block_number,
        closed_tx=fact.tx_hash,
        closed_at=fact.at,
        **values,
    )


EVENTS: dict[str, Callable[[Store, Fact], None]] = {
    "Rubles.RublesCredited": _credited,
    "Rubles.RublesHeld": _held,
    "Rubles.RublesReleased": _released,
    "Rubles.RublesPaid": _paid,
    "Rubles.RublesPaidBatch": _paid_batch,
    "Rubles.RublesFrozen": _frozen,
    "Rubles.RublesUnfrozen": _unfrozen,
    "Rubles.RublesMoved": _moved,
    "Rubles.WithdrawalRequested": _withdrawal_requested,
    "Rubles.WithdrawalConfirmed": _withdrawal_confirmed,
    "Rubles.WithdrawalCancelled": _withdrawal_cancelled,
}
