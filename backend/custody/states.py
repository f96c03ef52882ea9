"""Life of an intent: what was wanted, until the chain has done it or it is known that it never will."""

from enum import StrEnum

from backend.core.states import StateMachine


class IntentState(StrEnum):
    """States of an intent; each move is a database transaction of its own."""

    ACCEPTED = "ACCEPTED"
    """The call is stored; nothing is signed."""
    NONCE_GIVEN = "NONCE_GIVEN"
    """The wallet's next number belongs to this call for ever."""
    SIGNED = "SIGNED"
    """Bytes and hash are stored; nothing has left the process."""
    SENT = "SENT"
    """A node has been given the bytes at least once."""
    CONFIRMED = "CONFIRMED"
    """The indexer has verified and mirrored the block that holds it, and it succeeded."""
    REVERTED = "REVERTED"
    """The same, but the contract refused it; nothing changed on chain."""
    FAILED = "FAILED"
    """Refused by simulation before a nonce was given; it will never be sent."""


FINAL = frozenset({IntentState.CONFIRMED, IntentState.REVERTED, IntentState.FAILED})

MACHINE = StateMachine(
    {
        IntentState.ACCEPTED: {IntentState.NONCE_GIVEN, IntentState.FAILED},
        IntentState.NONCE_GIVEN: {IntentState.SIGNED},
        IntentState.SIGNED: {IntentState.SENT, IntentState.CONFIRMED, IntentState.REVERTED},
        IntentState.SENT: {IntentState.CONFIRMED, IntentState.REVERTED},
    }
)
