"""Life of an intent: what was wanted, until the chain has done it or it is known that it never will."""

from enum import StrEnum

from backend.core.states import StateMachine


class IntentState(StrEnum):
    """States of an intent; each move is committed before the next one begins."""

    ACCEPTED = "ACCEPTED"
    """The call is stored; nothing is signed."""
    NONCE_GIVEN = "NONCE_GIVEN"
    """The wallet's next number belongs to this call for ever."""
    SIGNED = "SIGNED"
    """Bytes and hash are stored; nothing has left the process."""
    SENT = "SENT"
    """A node has been given the bytes at least once."""
    MINED = "MINED"
    """A node says that a block holds it; the indexer, which tells whether the contract carried it out, has not verified that block yet."""
    CONFIRMED = "CONFIRMED"
    """The indexer has verified and mirrored the block that holds it, and it succeeded."""
    REVERTED = "REVERTED"
    """The same, but the contract refused it; nothing changed on chain."""
    FAILED = "FAILED"
    """It will never be carried out: refused by simulation before a nonce was given, or its number was spent by an explicit cancel, or by a
    foreign transaction and an administrator has decided so."""


FINAL = frozenset({IntentState.CONFIRMED, IntentState.REVERTED, IntentState.FAILED})
IN_FLIGHT = frozenset({IntentState.NONCE_GIVEN, IntentState.SIGNED, IntentState.SENT})
OPEN = frozenset(IntentState) - FINAL

_SETTLED = {IntentState.CONFIRMED, IntentState.REVERTED, IntentState.FAILED}

# Back to ACCEPTED only by an administrator's decision, when the mirror shows that a foreign transaction has the number.
_ANEW = {IntentState.ACCEPTED}

MACHINE = StateMachine(
    {
        IntentState.ACCEPTED: {IntentState.NONCE_GIVEN, IntentState.FAILED},
        IntentState.NONCE_GIVEN: {IntentState.SIGNED, IntentState.FAILED} | _ANEW,
        IntentState.SIGNED: {IntentState.SENT, IntentState.MINED} | _SETTLED | _ANEW,
        IntentState.SENT: {IntentState.MINED} | _SETTLED | _ANEW,
        # A node that lost its newest blocks in a crash is given the same bytes again.
        IntentState.MINED: {IntentState.SENT} | _SETTLED | _ANEW,
    }
)
