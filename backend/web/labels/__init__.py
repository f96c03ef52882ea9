"""States in the user's words, with a colour. A domain adds its table in a file here and a line in :data:`TABLES`.

In a template: ``{{ ui.badge("intent", intent.state) }}``.
"""

from __future__ import annotations

from backend.web.labels import (
    accounts,
    audit,
    cash,
    identity,
    intents,
    issues,
    journal,
    network,
    orders,
    payouts,
    registrar,
    reports,
    rules,
)
from backend.web.labels.base import Label

__all__ = ["TABLES", "Label", "label"]

TABLES: dict[str, dict[str, Label]] = {
    **accounts.LABELS,
    **intents.LABELS,
    **cash.LABELS,
    **identity.LABELS,
    **issues.LABELS,
    **orders.LABELS,
    **payouts.LABELS,
    **audit.LABELS,
    **journal.LABELS,
    **reports.LABELS,
    **registrar.LABELS,
    **network.LABELS,
    **rules.LABELS,
}


def label(kind: str, state: str) -> Label:
    """Words and colour of a state; an unknown one is shown as it is."""
    return TABLES.get(kind, {}).get(str(state), Label(str(state), "secondary"))
