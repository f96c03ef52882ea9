"""What other packages may call, in one place."""

from __future__ import annotations

from backend.identity.cases import CaseView, attach, detach, mine, own_file, save, start, submit, withdraw
from backend.identity.models import Case, Participant
from backend.identity.participants import (
    admit_system,
    block,
    chain_row,
    display_name,
    ensure_system_participant,
    own,
    profile,
    propose_unblock,
    register,
    require_trading,
    update,
)
from backend.identity.powers import Powers, powers_of, signers
from backend.identity.powers import renew as renew_powers
from backend.identity.repository import (
    history_of,
    next_number,
    participant,
    participant_by_number,
    participant_by_wallet,
    participants_by_wallets,
    wallets_of,
)
from backend.identity.retention import erase_on
from backend.identity.retention import hold as hold_case
from backend.identity.retention import release as release_case
from backend.identity.review import Ask, approve, ask, file_of_case, open_case, queue, reject
from backend.identity.screening import ImportResult, import_list
from backend.identity.states import ApplicantKind, CaseState, ParticipantStatus, RejectReason
from backend.identity.tasks import Task, waiting
from backend.identity.tasks import approve as approve_task
from backend.identity.tasks import cancel as cancel_task

__all__ = [
    "ApplicantKind",
    "Ask",
    "Case",
    "CaseState",
    "CaseView",
    "ImportResult",
    "Participant",
    "ParticipantStatus",
    "Powers",
    "RejectReason",
    "Task",
    "admit_system",
    "approve",
    "approve_task",
    "ask",
    "attach",
    "block",
    "cancel_task",
    "chain_row",
    "detach",
    "display_name",
    "ensure_system_participant",
    "erase_on",
    "file_of_case",
    "history_of",
    "hold_case",
    "import_list",
    "mine",
    "next_number",
    "open_case",
    "own",
    "own_file",
    "participant",
    "participant_by_number",
    "participant_by_wallet",
    "participants_by_wallets",
    "powers_of",
    "profile",
    "propose_unblock",
    "queue",
    "register",
    "reject",
    "release_case",
    "renew_powers",
    "require_trading",
    "save",
    "signers",
    "start",
    "submit",
    "update",
    "waiting",
    "wallets_of",
    "withdraw",
]
