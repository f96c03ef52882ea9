"""States of a payment run and of a line of it (domain paper, «Выплата»)."""

from enum import StrEnum

from backend.core.states import StateMachine


class RunState(StrEnum):
    """Life of a run."""

    PLANNED = "PLANNED"
    """In the schedule; the record date lies ahead."""
    ANNOUNCED = "ANNOUNCED"
    """Early redemption declared ahead of its record date: the issuer's call, or a put whose window takes units."""
    RECORD_FIXED = "RECORD_FIXED"
    """The register of holders is fixed and never taken anew."""
    CALCULATED = "CALCULATED"
    """Sums and taxes are known; waits for an officer's check."""
    CHECKED = "CHECKED"
    """Checked; the declaration is on its way to the chain."""
    AWAIT_FUNDING = "AWAIT_FUNDING"
    """Declared; the issuer must give the whole sum."""
    FUNDED = "FUNDED"
    """The sum is in escrow; waits for the due time."""
    EXECUTING = "EXECUTING"
    """Holders are being paid in batches."""
    PARTIAL = "PARTIAL"
    """Some batches were refused; an officer looks at them."""
    DONE = "DONE"
    """Everybody is paid, as the chain says."""
    OVERDUE = "OVERDUE"
    """The due day is over and the sum is not there; grace runs."""
    DEFAULT = "DEFAULT"
    """Grace is over."""
    CANCELLED = "CANCELLED"
    """Taken back before the first batch."""


RUN_MOVES = StateMachine(
    {
        RunState.PLANNED: {RunState.ANNOUNCED, RunState.RECORD_FIXED, RunState.CANCELLED},
        RunState.ANNOUNCED: {RunState.RECORD_FIXED, RunState.DONE, RunState.CANCELLED},
        RunState.RECORD_FIXED: {RunState.CALCULATED, RunState.CANCELLED},
        RunState.CALCULATED: {RunState.CALCULATED, RunState.CHECKED, RunState.CANCELLED},
        RunState.CHECKED: {RunState.AWAIT_FUNDING, RunState.CALCULATED, RunState.CANCELLED},
        RunState.AWAIT_FUNDING: {RunState.FUNDED, RunState.OVERDUE, RunState.CANCELLED},
        RunState.FUNDED: {RunState.EXECUTING, RunState.DONE, RunState.PARTIAL, RunState.CANCELLED},
        RunState.EXECUTING: {RunState.DONE, RunState.PARTIAL},
        RunState.PARTIAL: {RunState.EXECUTING, RunState.DONE},
        RunState.OVERDUE: {RunState.FUNDED, RunState.DEFAULT, RunState.CANCELLED},
        RunState.DEFAULT: {RunState.FUNDED, RunState.CANCELLED},
    }
)

FINAL = frozenset({RunState.DONE, RunState.CANCELLED})
UNPAID = frozenset({RunState.OVERDUE, RunState.DEFAULT, RunState.CANCELLED})
BEFORE_DECLARATION = frozenset({RunState.PLANNED, RunState.RECORD_FIXED, RunState.CALCULATED})
EARLY = frozenset({"EARLY_CALL", "EARLY_PUT"})
"""Kinds of early redemption, declared before their record date."""
CALCULABLE = frozenset({RunState.RECORD_FIXED, RunState.CALCULATED})
FUNDABLE = frozenset({RunState.AWAIT_FUNDING, RunState.OVERDUE, RunState.DEFAULT})
FOLLOWED = frozenset(
    {
        RunState.ANNOUNCED,
        RunState.RECORD_FIXED,
        RunState.CALCULATED,
        RunState.CHECKED,
        RunState.AWAIT_FUNDING,
        RunState.FUNDED,
        RunState.EXECUTING,
        RunState.PARTIAL,
        RunState.OVERDUE,
        RunState.DEFAULT,
    }
)
"""States in which the mirror decides what comes next."""

CHAIN_PATH: dict[str, tuple[RunState, ...]] = {
    "DECLARED": (RunState.AWAIT_FUNDING,),
    "OVERDUE": (RunState.AWAIT_FUNDING, RunState.OVERDUE),
    "DEFAULTED": (RunState.AWAIT_FUNDING, RunState.OVERDUE, RunState.DEFAULT),
    "FUNDED": (RunState.AWAIT_FUNDING, RunState.FUNDED),
    "EXECUTING": (RunState.AWAIT_FUNDING, RunState.FUNDED, RunState.EXECUTING),
    "DONE": (RunState.AWAIT_FUNDING, RunState.FUNDED, RunState.EXECUTING, RunState.DONE),
    "CANCELLED": (RunState.AWAIT_FUNDING, RunState.CANCELLED),
}
"""The way to a state of the contract: several facts may arrive between two looks, and each is told."""


class Part(StrEnum):
    """What a run pays. Income and nominal of one day are two runs: tax is on the first only."""

    INCOME = "INCOME"
    PRINCIPAL = "PRINCIPAL"


class LineState(StrEnum):
    """Where the payment of one holder is."""

    DUE = "DUE"
    """In the fixed register; the sum isn't calculated yet."""
    TAXED = "TAXED"
    """Sum and tax are calculated."""
    SENT = "SENT"
    """The batch is on its way to the chain."""
    HELD = "HELD"
    """Paid into frozen rubles: the holder is blocked."""
    CONFIRMED = "CONFIRMED"
    """Paid into free rubles."""
