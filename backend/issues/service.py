"""What other packages may call, in one place."""

from __future__ import annotations

from backend.issues.catalogue import (
    Holder,
    IssuePage,
    Listing,
    catalogue,
    holders,
    issue_page,
    listing,
    placed_now,
    preview,
    state_of,
)
from backend.issues.decision import validate_decision
from backend.issues.decision_terms import Decision
from backend.issues.drafts import (
    Draft,
    attach,
    create,
    create_from_file,
    document,
    my_draft,
    my_issues,
    own_issue,
    problems_of,
    raised_kopeks,
    recall,
    save,
    submit,
)
from backend.issues.models import Issue
from backend.issues.moderation import CheckItem, approve, checklist, open_issue, queue, reject, remark
from backend.issues.repository import (
    by_asset,
    by_chain_id,
    chain_issue,
    chain_placement,
    deployed,
    holdings_at,
)
from backend.issues.schedule import CashFlow, PaymentKind, PlannedPayment, planned_payments
from backend.issues.states import IssueState, LifeState

__all__ = [
    "CashFlow",
    "CheckItem",
    "Decision",
    "Draft",
    "Holder",
    "Issue",
    "IssuePage",
    "IssueState",
    "LifeState",
    "Listing",
    "PaymentKind",
    "PlannedPayment",
    "approve",
    "attach",
    "by_asset",
    "by_chain_id",
    "catalogue",
    "chain_issue",
    "chain_placement",
    "checklist",
    "create",
    "create_from_file",
    "deployed",
    "document",
    "holders",
    "holdings_at",
    "issue_page",
    "listing",
    "my_draft",
    "my_issues",
    "open_issue",
    "own_issue",
    "placed_now",
    "planned_payments",
    "preview",
    "problems_of",
    "queue",
    "raised_kopeks",
    "recall",
    "reject",
    "remark",
    "save",
    "state_of",
    "submit",
    "validate_decision",
]
