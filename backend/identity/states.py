"""States of an application and of a participant, and the moves between them (115-ФЗ ст. 7; rules of the system)."""

from enum import StrEnum

from backend.core.states import StateMachine


class CaseState(StrEnum):
    """Life of an application."""

    DRAFT = "DRAFT"
    """Being filled in; everything typed is kept, right or wrong."""
    SUBMITTED = "SUBMITTED"
    """Handed in; nothing is checked yet."""
    IN_REVIEW = "IN_REVIEW"
    """Automatic checks are done; an officer looks at it."""
    NEED_INFO = "NEED_INFO"
    """Remarks were made; the applicant answers and hands in again."""
    ADMITTING = "ADMITTING"
    """Approved; the admission is on its way to the chain."""
    APPROVED = "APPROVED"
    """Admitted on chain."""
    REJECTED = "REJECTED"
    """Refused with reasons; the applicant may correct it and apply again."""
    WITHDRAWN = "WITHDRAWN"
    """Taken back by the applicant."""


CASE_MOVES = StateMachine(
    {
        CaseState.DRAFT: {CaseState.SUBMITTED, CaseState.WITHDRAWN},
        CaseState.SUBMITTED: {CaseState.IN_REVIEW},
        CaseState.IN_REVIEW: {CaseState.NEED_INFO, CaseState.ADMITTING, CaseState.REJECTED, CaseState.WITHDRAWN},
        CaseState.NEED_INFO: {CaseState.SUBMITTED, CaseState.WITHDRAWN},
        CaseState.ADMITTING: {CaseState.APPROVED, CaseState.IN_REVIEW},
        CaseState.REJECTED: {CaseState.SUBMITTED},
    }
)
EDITABLE = frozenset({CaseState.DRAFT, CaseState.NEED_INFO, CaseState.REJECTED})
OPEN = EDITABLE | {CaseState.SUBMITTED, CaseState.IN_REVIEW, CaseState.ADMITTING}


class ApplicantKind(StrEnum):
    """Who applies; decides which fields are asked."""

    PERSON = "PERSON"
    SOLE_TRADER = "SOLE_TRADER"
    ORGANISATION = "ORGANISATION"


class ParticipantStatus(StrEnum):
    """What the operator says of a participant; what the chain says is in chain_participants."""

    ADMITTING = "ADMITTING"
    """Wallet made, admission not yet on chain."""
    ACTIVE = "ACTIVE"
    """Admitted."""
    BLOCKED = "BLOCKED"
    """Blocked by an officer; every operation is refused, money and units are frozen where they are."""
    TERMINATED = "TERMINATED"
    """The relation has ended."""


class RejectReason(StrEnum):
    """Why an application is refused."""

    NOT_IDENTIFIED = "NOT_IDENTIFIED"
    DOCUMENTS = "DOCUMENTS"
    POWERS = "POWERS"
    WATCHLIST = "WATCHLIST"
    SUSPICION = "SUSPICION"
    OTHER = "OTHER"


REJECT_WORDS: dict[RejectReason, tuple[str, str]] = {
    RejectReason.NOT_IDENTIFIED: ("Личность или организация не подтверждена", "Identity is not confirmed"),
    RejectReason.DOCUMENTS: ("Документы нечитаемы или недействительны", "Documents are unreadable or not valid"),
    RejectReason.POWERS: ("Полномочия представителя не подтверждены", "Powers of the signer are not confirmed"),
    RejectReason.WATCHLIST: ("Запрет по перечням 115-ФЗ", "Listed under 115-ФЗ"),
    RejectReason.SUSPICION: ("Подозрение по правилам внутреннего контроля", "Suspicion under internal control rules"),
    RejectReason.OTHER: ("Другая причина", "Another reason"),
}
