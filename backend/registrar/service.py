"""What other packages may call, in one place."""

from __future__ import annotations

from backend.registrar.acts import (
    ACT_REF,
    ActView,
    Step,
    Wish,
    act_of_proposal,
    basis_of,
    document_of,
    listed,
    note_document_read,
    propose,
    propose_again,
    view,
)
from backend.registrar.models import RegistrarAct
from backend.registrar.repository import encumbrances, holdings, issue_of
from backend.registrar.states import TRANSFERS, ActKind, StepState

__all__ = [
    "ACT_REF",
    "TRANSFERS",
    "ActKind",
    "ActView",
    "RegistrarAct",
    "Step",
    "StepState",
    "Wish",
    "act_of_proposal",
    "basis_of",
    "document_of",
    "encumbrances",
    "holdings",
    "issue_of",
    "listed",
    "note_document_read",
    "propose",
    "propose_again",
    "view",
]
