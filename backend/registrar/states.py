"""Kinds and states of the registrar's acts."""

from __future__ import annotations

from enum import StrEnum


class ActKind(StrEnum):
    """What is done to the register without its owner's will."""

    COURT_TRANSFER = "COURT_TRANSFER"
    """Units pass to another by an act of a court or a bailiff (259-ФЗ ст. 6)."""
    ARREST = "ARREST"
    """Units stay with their owner, who can't dispose of them."""
    RELEASE = "RELEASE"
    """An arrest or a pledge ends, wholly or in part."""
    INHERITANCE = "INHERITANCE"
    """Units pass to an heir by a certificate of inheritance; the access class isn't asked for."""
    REPLACEMENT = "REPLACEMENT"
    """The participant's address is replaced by a new one, with units, rubles, encumbrances and history."""
    CORRECTION = "CORRECTION"
    """An erroneous entry is undone by a reverse one; nothing is deleted."""


TRANSFERS = frozenset({ActKind.COURT_TRANSFER, ActKind.INHERITANCE, ActKind.CORRECTION})


class StepState(StrEnum):
    """Where one call of an act is."""

    SENDING = "SENDING"
    """The proposal is on its way to the chain."""
    REFUSED = "REFUSED"
    """The chain refused the proposal."""
    WAITING = "WAITING"
    """The second registrar has to approve."""
    EXECUTED = "EXECUTED"
    """Approved and carried out in one transaction."""
    CANCELLED = "CANCELLED"
    """A registrar withdrew the proposal."""
    EXPIRED = "EXPIRED"
    """Nobody approved in time."""


OVER = frozenset({StepState.REFUSED, StepState.CANCELLED, StepState.EXPIRED})
"""Ended without effect: the call may be proposed again."""
