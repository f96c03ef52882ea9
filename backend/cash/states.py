"""States of a deposit and of a withdrawal."""

from enum import StrEnum

from backend.core.states import StateMachine


class DepositState(StrEnum):
    """Life of an incoming payment."""

    QUEUED = "QUEUED"
    """Nobody could be named with certainty; a treasurer decides."""
    CREDITING = "CREDITING"
    """The owner is known; the credit is on its way to the chain."""
    CREDITED = "CREDITED"
    """In the owner's rubles."""
    RETURN_ORDERED = "RETURN_ORDERED"
    """To be sent back to the payer; waits for the bank's debit."""
    RETURNED = "RETURNED"
    """Sent back."""


DEPOSIT_MOVES = StateMachine(
    {
        DepositState.QUEUED: {DepositState.CREDITING, DepositState.RETURN_ORDERED},
        DepositState.CREDITING: {DepositState.CREDITED, DepositState.QUEUED},
        DepositState.RETURN_ORDERED: {DepositState.RETURNED},
    }
)


class WithdrawalState(StrEnum):
    """Life of a payment out."""

    REQUESTED = "REQUESTED"
    """Asked for; the rubles move into transit on chain."""
    REFUSED = "REFUSED"
    """The chain refused; nothing moved."""
    IN_TRANSIT = "IN_TRANSIT"
    """In transit; the treasurer pays through the bank."""
    CONFIRMING = "CONFIRMING"
    """The bank has paid; the burn is on its way to the chain."""
    PAID = "PAID"
    """Paid and burnt."""
    CANCELLING = "CANCELLING"
    """The bank returned it; the rubles go back."""
    CANCELLED = "CANCELLED"
    """Back in free rubles."""


WITHDRAWAL_MOVES = StateMachine(
    {
        WithdrawalState.REQUESTED: {WithdrawalState.IN_TRANSIT, WithdrawalState.REFUSED},
        WithdrawalState.IN_TRANSIT: {WithdrawalState.CONFIRMING, WithdrawalState.CANCELLING},
        WithdrawalState.CONFIRMING: {WithdrawalState.PAID, WithdrawalState.IN_TRANSIT},
        WithdrawalState.CANCELLING: {WithdrawalState.CANCELLED, WithdrawalState.IN_TRANSIT},
    }
)
