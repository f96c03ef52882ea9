"""Names of the contracts' enum members, in the order of their numbers (tests compare them with contracts/interfaces)."""

PARTICIPANT_STATUS = ("NONE", "ACTIVE", "BLOCKED", "REPLACED")
PARTICIPANT_KIND = ("NONE", "PERSON", "SOLE_TRADER", "ORGANISATION", "NOMINEE", "SYSTEM")
PROPOSAL_STATE = ("NONE", "PROPOSED", "EXECUTED", "CANCELLED")
ISSUE_STATE = ("NONE", "PLACEMENT", "FAILED", "CIRCULATION", "REDEEMED", "CLOSED")
TRANSFER_MODE = ("FREE_BETWEEN_PARTICIPANTS", "VENUES_ONLY")
ALLOCATION = ("FIFO", "PRO_RATA", "ISSUER_CHOICE")
ENCUMBRANCE_KIND = ("ORDER", "PLEDGE", "LOCKUP", "ARREST", "FREEZE")
WITHDRAWAL_STATE = ("NONE", "REQUESTED", "CONFIRMED", "CANCELLED")
PLACEMENT_STATE = ("NONE", "OPEN", "SUSPENDED", "SETTLING", "REFUNDING", "COMPLETED", "FAILED")
ORDER_STATE = ("NONE", "OPEN", "RECALLED", "CANCELLED", "SETTLED", "REFUNDED")
OFFER_STATE = ("NONE", "OPEN", "FILLED", "WITHDRAWN", "EXPIRED")
RUN_KIND = ("COUPON", "AMORTISATION", "REDEMPTION", "EARLY_CALL", "EARLY_PUT")
RUN_ROUNDING = ("PER_UNIT", "PER_HOLDER")
RUN_STATE = ("NONE", "DECLARED", "FUNDED", "EXECUTING", "DONE", "CANCELLED", "OVERDUE", "DEFAULTED")
ANCHOR_KIND = ("JOURNAL", "DOCUMENTS", "REGISTERS")

ROLES = {
    0: "ADMIN_ROLE",
    1: "ADMINISTRATOR",
    2: "COMPLIANCE",
    3: "MODERATOR",
    4: "REGISTRAR",
    5: "TREASURER",
    6: "VENUE",
    7: "OPERATOR",
    8: "FOUR_EYES",
}
"""Role numbers of the AccessManager (contracts/libraries/Roles.sol; 0 is OpenZeppelin's own)."""


def role_name(role: int) -> str:
    """Name of a role; its number when nobody has named it."""
    return ROLES.get(role, str(role))
