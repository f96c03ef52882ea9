"""Payouts: runs, payments, tenders, rules."""

from collections.abc import Callable
from typing import Any

from indexer.chain.enums import RUN_KIND, RUN_ROUNDING
from indexer.models import ChainPayoutRule, ChainRun, ChainRunPayment, ChainTender, moment
from indexer.projections.store import Store
from indexer.sync.facts import Fact

_MAXIMUM = 2**64 - 1  # mask of a packed figure


def apply(store: Store, fact: Fact) -> None:
    """Apply one event of Payouts."""
    EVENTS[fact.key](store, fact)


def _declared(store: Store, fact: Fact) -> None:
    args = fact.args
    store.put(
        ChainRun,
        id=args["id"],
        ref=args["ref"],
        asset=args["asset"],
        kind=RUN_KIND[args["kind"]],
        rounding=RUN_ROUNDING[args["rounding"]],
        record_date=args["recordDate"],
        micro_kopeks_per_unit=args["microKopeksPerUnit"],
        due_at=args["dueAt"],
        due_at_at=moment(args["dueAt"]),
        state="DECLARED",
        declared_by=args["declaredBy"],
        declared_block=fact.block_number,
        declared_tx=fact.tx_hash,
        declared_at=fact.at,
    )


def _funded(store: Store, fact: Fact) -> None:
    args = fact.args
    run = store.get(ChainRun, fact, args["id"])
    _change(
        store,
        fact,
        state="FUNDED",
        funded_kopeks=run["funded_kopeks"] + args["kopeks"],
        units_due=args["unitsDue"],
        funded_block=fact.block_number,
        funded_tx=fact.tx_hash,
        funded_at=fact.at,
    )


def _holders_paid(store: Store, fact: Fact) -> None:
    """One log a batch; a payment packs units, gross, withheld (64 bits each) and whether it went to frozen rubles."""
    args = fact.args
    run = store.get(ChainRun, fact, args["id"])
    totals = {key: run[key] for key in ("units_paid", "kopeks_paid", "withheld_kopeks", "holders_paid")}
    for holder, payment in zip(args["holders"], args["payments"], strict=True):
        units, gross, withheld = (payment >> shift & _MAXIMUM for shift in (192, 128, 64))
        store.put(
            ChainRunPayment,
            run_id=args["id"],
            holder=holder,
            units=units,
            gross_kopeks=gross,
            withheld_kopeks=withheld,
            to_frozen=bool(payment & 1),
            **fact.place,
            tx_hash=fact.tx_hash,
            at=fact.at,
        )
        totals["units_paid"] += units
        totals["kopeks_paid"] += gross
        totals["withheld_kopeks"] += withheld
        totals["holders_paid"] += 1
        if run["kind"] == "EARLY_PUT" and store.find(ChainTender, args["id"], holder):
            store.change(ChainTender, fact, (args["id"], holder), state="REDEEMED")
    _change(store, fact, state="EXECUTING", **totals)


def _completed(store: Store, fact: Fact) -> None:
    args = fact.args
    _change(
        store,
        fact,
        state="DONE",
        units_paid=args["unitsPaid"],
        kopeks_paid=args["kopeksPaid"],
        returned_kopeks=args["returnedKopeks"],
        **_closing(fact),
    )


def _cancelled(store: Store, fact: Fact) -> None:
    _change(store, fact, state="CANCELLED", returned_kopeks=fact.args["returnedKopeks"], **_closing(fact))


def _overdue(store: Store, fact: Fact) -> None:
    _change(store, fact, state="OVERDUE", grace_ends_at=fact.args["graceEndsAt"])


def _defaulted(store: Store, fact: Fact) -> None:
    _change(store, fact, state="DEFAULTED")


def _tendered(store: Store, fact: Fact) -> None:
    args = fact.args
    _tender(store, fact, units=args["units"], encumbrance_id=args["encumbranceId"], state="TENDERED")


def _tender_returned(store: Store, fact: Fact) -> None:
    row = store.get(ChainTender, fact, fact.args["id"], fact.args["holder"])
    _tender(store, fact, units=0, encumbrance_id=row["encumbrance_id"], state="RETURNED")


def _tender(store: Store, fact: Fact, *, units: int, encumbrance_id: int, state: str) -> None:
    """``units`` are all that the holder has in the run now: a second tender takes the place of the first."""
    run_id, holder = fact.args["id"], fact.args["holder"]
    before = store.find(ChainTender, run_id, holder) or {"units": 0}
    run = store.get(ChainRun, fact, run_id)
    store.put(
        ChainTender,
        run_id=run_id,
        holder=holder,
        encumbrance_id=encumbrance_id,
        units=units,
        state=state,
        block_number=fact.block_number,
        tx_hash=fact.tx_hash,
        at=fact.at,
    )
    _change(store, fact, units_tendered=run["units_tendered"] + units - before["units"])


def _tax_rule(store: Store, fact: Fact) -> None:
    args = fact.args
    _rule(store, fact, rule="TAX", tax_account=args["taxAccount"], maximum_withheld_bps=args["maximumWithheldBps"])


def _grace(store: Store, fact: Fact) -> None:
    _rule(store, fact, rule="GRACE", grace_seconds=fact.args["graceSeconds"])


def _rule(store: Store, fact: Fact, **values: Any) -> None:
    store.put(ChainPayoutRule, **fact.place, **values, tx_hash=fact.tx_hash, at=fact.at)


def _change(store: Store, fact: Fact, **values: Any) -> None:
    store.change(ChainRun, fact, (fact.args["id"],), **values)


def _closing(fact: Fact) -> dict[str, Any]:
    return {"closed_block": fact.block_number, "closed_tx": fact.tx_hash, "closed_at": fact.at}


EVENTS: dict[str, Callable[[Store, Fact], None]] = {
    "Payouts.RunDeclared": _declared,
    "Payouts.RunFunded": _funded,
    "Payouts.HoldersPaid": _holders_paid,
    "Payouts.RunCompleted": _completed,
    "Payouts.RunCancelled": _cancelled,
    "Payouts.RunOverdue": _overdue,
    "Payouts.RunDefaulted": _defaulted,
    "Payouts.UnitsTendered": _tendered,
    "Payouts.TenderReturned": _tender_returned,
    "Payouts.TaxRuleSet": _tax_rule,
    "Payouts.GraceSet": _grace,
}
