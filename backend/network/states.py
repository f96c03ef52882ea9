"""States of permissioning: what is wanted, what each node has done about it, and what was found when they were compared."""

from __future__ import annotations

from enum import StrEnum

from backend.core.states import StateMachine


class Kind(StrEnum):
    """What an entry admits. A validator is admitted by the votes of the others, not by a list."""

    ACCOUNT = "ACCOUNT"
    NODE = "NODE"
    VALIDATOR = "VALIDATOR"


class Action(StrEnum):
    """Admit or remove."""

    ADD = "ADD"
    REMOVE = "REMOVE"


class ChangeState(StrEnum):
    """Life of a wanted change."""

    PROPOSED = "PROPOSED"
    """A vote on a validator that a second administrator must approve; nothing was told to a node."""
    OPEN = "OPEN"
    """On its way to the nodes; retried until every one has it."""
    CLOSING = "CLOSING"
    """The vote was carried: the nodes are told to forget it, or they would repeat it after the next change."""
    WITHDRAWING = "WITHDRAWING"
    """Given up while nodes were voting: they are told to forget it."""
    DONE = "DONE"
    """Every node has it."""
    CANCELLED = "CANCELLED"
    """Refused by the second administrator, or given up."""
    SUPERSEDED = "SUPERSEDED"
    """A later change of the same entry took its place before every node had this one."""


class DeliveryState(StrEnum):
    """What became of a change at one node."""

    PENDING = "PENDING"
    DONE = "DONE"
    FAILED = "FAILED"
    """The last attempt failed, the reason stands beside it; it is tried again."""
    CLEARED = "CLEARED"
    """The node has forgotten a vote that is over."""


class AlarmKind(StrEnum):
    """Why a person must look."""

    DRIFT = "DRIFT"
    """A node's lists differ from the wanted ones."""
    UNREACHABLE = "UNREACHABLE"
    """A node told nothing when it was asked for its lists."""
    FOREIGN_SENDER = "FOREIGN_SENDER"
    """A block holds a transaction of an account that was not wanted at that block."""


LIVE = frozenset({ChangeState.OPEN, ChangeState.CLOSING, ChangeState.WITHDRAWING})

CHANGE_MOVES = StateMachine(
    {
        ChangeState.PROPOSED: {ChangeState.OPEN, ChangeState.CANCELLED},
        ChangeState.OPEN: {
            ChangeState.DONE, ChangeState.CLOSING, ChangeState.WITHDRAWING, ChangeState.SUPERSEDED,
        },
        ChangeState.CLOSING: {ChangeState.DONE},
        ChangeState.WITHDRAWING: {ChangeState.CANCELLED, ChangeState.CLOSING},
    }
)  # fmt: skip
