"""States of an issue on the way to the register, and the words for those that the chain knows."""

from enum import StrEnum

from backend.core.states import StateMachine


class IssueState(StrEnum):
    """Before the register. From DEPLOYED on, :class:`LifeState` tells where the issue is."""

    DRAFT = "DRAFT"
    """Being written; everything typed is kept."""
    MODERATION = "MODERATION"
    """Signed by the issuer, with the moderators."""
    REMARKS = "REMARKS"
    """Sent back with remarks."""
    APPROVED = "APPROVED"
    """One moderator has approved: the proposal to deploy waits for another."""
    DEPLOYING = "DEPLOYING"
    """Both have approved; the token is being deployed."""
    DEPLOYED = "DEPLOYED"
    """In the register."""
    REJECTED = "REJECTED"
    """Refused with a reason; a proposal that one moderator had made is withdrawn from the chain."""
    RECALLED = "RECALLED"
    """Taken back by the issuer."""


ISSUE_MOVES = StateMachine(
    {
        IssueState.DRAFT: {IssueState.MODERATION, IssueState.RECALLED},
        IssueState.MODERATION: {IssueState.REMARKS, IssueState.REJECTED, IssueState.APPROVED, IssueState.RECALLED},
        IssueState.REMARKS: {IssueState.MODERATION, IssueState.RECALLED},
        IssueState.APPROVED: {IssueState.DEPLOYING, IssueState.MODERATION, IssueState.REJECTED},
        IssueState.DEPLOYING: {IssueState.DEPLOYED, IssueState.APPROVED},
        # The chain executed a second approval before it heard of the refusal: the register decides.
        IssueState.REJECTED: {IssueState.DEPLOYING},
    }
)
EDITABLE = frozenset({IssueState.DRAFT, IssueState.REMARKS})


class LifeState(StrEnum):
    """Where a deployed issue is, joined from the mirror and the clock."""

    SCHEDULED = "SCHEDULED"
    PLACEMENT = "PLACEMENT"
    SUSPENDED = "SUSPENDED"
    ALLOCATION = "ALLOCATION"
    SETTLEMENT = "SETTLEMENT"
    FAILED_MINIMUM = "FAILED_MINIMUM"
    CANCELLED = "CANCELLED"
    CIRCULATION = "CIRCULATION"
    LOCKED = "LOCKED"
    REDEMPTION = "REDEMPTION"
    OVERDUE = "OVERDUE"
    DEFAULT = "DEFAULT"
    REDEEMED = "REDEEMED"
    CLOSED = "CLOSED"
