"""Who may do what: one enum of permissions (``scope:resource:action``), one table of roles.

Scope ``own`` means records of the user's own participant; ``all`` means everybody's. A test walks every route with every role and
compares the answers with docs/permissions.md, which is generated from this table.
"""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """Roles of people; those with a counterpart on chain are in :data:`CHAIN_ROLES`."""

    INVESTOR = "investor"
    ISSUER_EDITOR = "issuer_editor"
    ISSUER_SIGNER = "issuer_signer"
    KYC_OFFICER = "kyc_officer"
    COMPLIANCE_OFFICER = "compliance_officer"
    MODERATOR = "moderator"
    TREASURER = "treasurer"
    REGISTRAR = "registrar"
    CORPORATE_ACTIONS = "corporate_actions"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    REGULATOR = "regulator"


class Permission(StrEnum):
    """``scope:resource:action``."""

    CASE_SUBMIT = "own:case:submit"
    CASE_READ = "all:case:read"
    CASE_REVIEW = "all:case:review"
    CASE_DECIDE = "all:case:decide"
    PARTICIPANT_READ = "all:participant:read"
    PARTICIPANT_ADMIT = "all:participant:admit"
    PARTICIPANT_BLOCK = "all:participant:block"
    PARTICIPANT_UNBLOCK = "all:participant:unblock"
    WATCHLIST_MANAGE = "all:watchlist:manage"
    ISSUE_DRAFT = "own:issue:draft"
    ISSUE_SUBMIT = "own:issue:submit"
    ISSUE_READ_ALL = "all:issue:read"
    ISSUE_MODERATE = "all:issue:moderate"
    ISSUE_APPROVE = "all:issue:approve"
    PLACEMENT_MANAGE = "all:placement:manage"
    PLACEMENT_ALLOCATE = "own:placement:allocate"
    CATALOGUE_READ = "all:catalogue:read"
    ORDER_PLACE = "own:order:place"
    ORDER_READ_ALL = "all:order:read"
    ORDER_CANCEL = "all:order:cancel"
    OFFER_MAKE = "own:offer:make"
    ASSET_TRANSFER = "own:asset:transfer"
    HOLDING_READ = "own:holding:read"
    HOLDER_READ_OWN_ISSUE = "own:holder:read"
    HOLDER_READ_ALL = "all:holder:read"
    CASH_READ = "own:cash:read"
    CASH_WITHDRAW = "own:cash:withdraw"
    CASH_READ_ALL = "all:cash:read"
    CASH_MANAGE = "all:cash:manage"
    PAYOUT_FUND = "own:payout:fund"
    PAYOUT_READ_OWN = "own:payout:read"
    PAYOUT_READ_ALL = "all:payout:read"
    PAYOUT_MANAGE = "all:payout:manage"
    PAYOUT_CHECK = "all:payout:check"
    REGISTRAR_ACT = "all:registrar:act"
    USER_READ = "all:user:read"
    USER_MANAGE = "all:user:manage"
    TASK_READ = "all:task:read"
    JOURNAL_READ = "all:journal:read"
    EXPLORER_READ = "all:explorer:read"
    INTEGRITY_CHECK = "all:integrity:check"
    REPORT_OWN = "own:report:read"
    REPORT_READ = "all:report:read"
    REPORT_MAKE = "all:report:make"
    SETTINGS_READ = "all:settings:read"
    SETTINGS_MANAGE = "all:settings:manage"
    OUTBOX_READ = "all:outbox:read"
    OUTBOX_MANAGE = "all:outbox:manage"
    NETWORK_READ = "all:network:read"
    NETWORK_MANAGE = "all:network:manage"
    NOTIFICATION_READ = "own:notification:read"


_P = Permission
_OFFICE = {
    _P.PARTICIPANT_READ, _P.ISSUE_READ_ALL, _P.TASK_READ, _P.EXPLORER_READ, _P.CATALOGUE_READ, _P.NOTIFICATION_READ,
    _P.SETTINGS_READ, _P.PAYOUT_READ_ALL, _P.ORDER_READ_ALL, _P.HOLDER_READ_ALL, _P.OUTBOX_READ,
}  # fmt: skip
_READERS = {
    _P.PARTICIPANT_READ, _P.ISSUE_READ_ALL, _P.EXPLORER_READ, _P.CATALOGUE_READ, _P.JOURNAL_READ, _P.INTEGRITY_CHECK,
    _P.HOLDER_READ_ALL, _P.CASH_READ_ALL, _P.PAYOUT_READ_ALL, _P.ORDER_READ_ALL, _P.REPORT_READ, _P.NOTIFICATION_READ,
    _P.SETTINGS_READ, _P.NETWORK_READ,
}  # fmt: skip
_ISSUER = {
    _P.CASE_SUBMIT, _P.ISSUE_DRAFT, _P.CATALOGUE_READ, _P.HOLDER_READ_OWN_ISSUE, _P.CASH_READ, _P.PAYOUT_READ_OWN,
    _P.REPORT_OWN, _P.NOTIFICATION_READ, _P.EXPLORER_READ, _P.HOLDING_READ,
}  # fmt: skip

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.INVESTOR: frozenset({
        _P.CASE_SUBMIT, _P.CATALOGUE_READ, _P.ORDER_PLACE, _P.OFFER_MAKE, _P.ASSET_TRANSFER, _P.HOLDING_READ, _P.CASH_READ,
        _P.CASH_WITHDRAW, _P.PAYOUT_READ_OWN, _P.REPORT_OWN, _P.NOTIFICATION_READ, _P.EXPLORER_READ,
    }),
    Role.ISSUER_EDITOR: frozenset(_ISSUER),
    Role.ISSUER_SIGNER: frozenset(
        _ISSUER | {_P.ISSUE_SUBMIT, _P.PAYOUT_FUND, _P.CASH_WITHDRAW, _P.PLACEMENT_ALLOCATE, _P.OFFER_MAKE, _P.ASSET_TRANSFER}
    ),
    Role.KYC_OFFICER: frozenset(_OFFICE | {_P.CASE_READ, _P.CASE_REVIEW}),
    Role.COMPLIANCE_OFFICER: frozenset(
        _OFFICE
        | {
            _P.CASE_READ, _P.CASE_REVIEW, _P.CASE_DECIDE, _P.PARTICIPANT_ADMIT, _P.PARTICIPANT_BLOCK, _P.PARTICIPANT_UNBLOCK,
            _P.WATCHLIST_MANAGE, _P.ORDER_CANCEL, _P.CASH_READ_ALL, _P.NETWORK_READ,
        }
    ),
    Role.MODERATOR: frozenset(_OFFICE | {_P.ISSUE_MODERATE, _P.ISSUE_APPROVE, _P.PLACEMENT_MANAGE}),
    Role.TREASURER: frozenset(_OFFICE | {_P.CASH_READ_ALL, _P.CASH_MANAGE}),
    Role.REGISTRAR: frozenset(_OFFICE | {_P.REGISTRAR_ACT, _P.REPORT_READ, _P.REPORT_MAKE}),
    Role.CORPORATE_ACTIONS: frozenset(_OFFICE | {_P.PAYOUT_MANAGE, _P.PAYOUT_CHECK, _P.PLACEMENT_MANAGE, _P.CASH_READ_ALL}),
    Role.ADMINISTRATOR: frozenset(
        _OFFICE
        | {
            _P.USER_READ, _P.USER_MANAGE, _P.SETTINGS_MANAGE, _P.OUTBOX_MANAGE, _P.JOURNAL_READ, _P.INTEGRITY_CHECK,
            _P.NETWORK_READ, _P.NETWORK_MANAGE,
        }
    ),
    Role.AUDITOR: frozenset(_READERS),
    Role.REGULATOR: frozenset(_READERS),
}  # fmt: skip

# Number of the role in the AccessManager (contracts/libraries/Roles.sol).
CHAIN_ROLES: dict[Role, int] = {
    Role.ADMINISTRATOR: 1,
    Role.COMPLIANCE_OFFICER: 2,
    Role.MODERATOR: 3,
    Role.REGISTRAR: 4,
    Role.TREASURER: 5,
    Role.CORPORATE_ACTIONS: 7,
}

OFFICER_ROLES: frozenset[Role] = frozenset(
    {
        Role.KYC_OFFICER,
        Role.COMPLIANCE_OFFICER,
        Role.MODERATOR,
        Role.TREASURER,
        Role.REGISTRAR,
        Role.CORPORATE_ACTIONS,
        Role.ADMINISTRATOR,
    }
)


def permissions_of(roles: frozenset[Role]) -> frozenset[Permission]:
    """The union of what the roles allow."""
    return frozenset().union(*(ROLE_PERMISSIONS[role] for role in roles)) if roles else frozenset()
