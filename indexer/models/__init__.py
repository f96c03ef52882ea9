"""Tables of the indexer: raw facts and, one file a domain, the ``chain_*`` tables derived from them.

They are written by the indexer alone; everybody else reads. Importing this package registers all of them in `indexer.db.metadata`.
"""

from indexer.models.access import ChainFourEyesRule, ChainProposal, ChainRoleEvent, ChainRoleMember
from indexer.models.audit import ChainAnchor
from indexer.models.cash import (
    ChainBankRef,
    ChainCashTotals,
    ChainEscrow,
    ChainRubleAccount,
    ChainRubleEntry,
    ChainWithdrawal,
)
from indexer.models.fields import ZERO_ADDRESS, ZERO_HASH, checksum, moment
from indexer.models.identity import ChainLimitRule, ChainParticipant, ChainParticipantEvent
from indexer.models.issues import (
    ChainDocument,
    ChainEncumbrance,
    ChainHolding,
    ChainHoldingHistory,
    ChainIssue,
    ChainIssueEvent,
    ChainRecordDate,
    ChainSupplyHistory,
    ChainTransfer,
)
from indexer.models.payouts import ChainPayoutRule, ChainRun, ChainRunPayment, ChainTender
from indexer.models.raw import (
    ChainAlarm,
    ChainBlock,
    ChainBlockDigest,
    ChainCursor,
    ChainLog,
    ChainReconciliation,
    ChainTransaction,
)
from indexer.models.settlement import ChainOffer, ChainOrder, ChainPlacement, ChainTrade

DERIVED = (
    ChainBlockDigest,
    ChainParticipant,
    ChainParticipantEvent,
    ChainLimitRule,
    ChainRoleMember,
    ChainRoleEvent,
    ChainProposal,
    ChainFourEyesRule,
    ChainIssue,
    ChainIssueEvent,
    ChainRecordDate,
    ChainHolding,
    ChainHoldingHistory,
    ChainTransfer,
    ChainEncumbrance,
    ChainDocument,
    ChainSupplyHistory,
    ChainRubleAccount,
    ChainRubleEntry,
    ChainBankRef,
    ChainWithdrawal,
    ChainEscrow,
    ChainCashTotals,
    ChainPlacement,
    ChainOrder,
    ChainOffer,
    ChainTrade,
    ChainRun,
    ChainRunPayment,
    ChainTender,
    ChainPayoutRule,
    ChainAnchor,
)
"""Tables that `python -m indexer rebuild` empties and derives again from the raw facts."""

SCHEMA_VERSION = 2
"""Raised when derived tables or the running digest change their meaning: an older database must be rebuilt first."""

__all__ = [
    "DERIVED",
    "SCHEMA_VERSION",
    "ZERO_ADDRESS",
    "ZERO_HASH",
    "ChainAlarm",
    "ChainAnchor",
    "ChainBankRef",
    "ChainBlock",
    "ChainBlockDigest",
    "ChainCashTotals",
    "ChainCursor",
    "ChainDocument",
    "ChainEncumbrance",
    "ChainEscrow",
    "ChainFourEyesRule",
    "ChainHolding",
    "ChainHoldingHistory",
    "ChainIssue",
    "ChainIssueEvent",
    "ChainLimitRule",
    "ChainLog",
    "ChainOffer",
    "ChainOrder",
    "ChainParticipant",
    "ChainParticipantEvent",
    "ChainPayoutRule",
    "ChainPlacement",
    "ChainProposal",
    "ChainReconciliation",
    "ChainRecordDate",
    "ChainRoleEvent",
    "ChainRoleMember",
    "ChainRubleAccount",
    "ChainRubleEntry",
    "ChainRun",
    "ChainRunPayment",
    "ChainSupplyHistory",
    "ChainTender",
    "ChainTrade",
    "ChainTransaction",
    "ChainTransfer",
    "ChainWithdrawal",
    "checksum",
    "moment",
]
