"""Powers of those who sign for an organisation: by what, until when (ГК РФ ст. 53, 185, 186).

The powers named in the application are the first; compliance enters later ones (a new director, a prolonged power of attorney) with the
document's hash. The last entered counts. When they have ended, nothing new is signed in the organisation's name; what it owns and is owed stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlmodel import col, select

from backend.core import vault
from backend.core.clock import to_msk
from backend.core.context import Context
from backend.core.errors import Invalid
from backend.core.ids import new_id
from backend.core.journal import record
from backend.core.pagination import Page, PageRequest
from backend.core.permissions import Permission
from backend.identity import repository
from backend.identity.errors import PowersEnded
from backend.identity.models import Participant, SignerPower
from backend.identity.schemas import Signer
from backend.identity.states import ApplicantKind

TEXT_MAX = 300


@dataclass(frozen=True, slots=True)
class Powers:
    """Who signs for an organisation; ``valid_until`` is the last day, None: no end is set."""

    name: str
    position: str
    basis: str
    valid_until: date | None
    document_hash: str | None

    def ended(self, today: date) -> bool:
        """Whether the last day has passed."""
        return self.valid_until is not None and self.valid_until < today


def of_application(ctx: Context, row: Participant, signer: Signer) -> None:
    """Enter the powers that the approved application names."""
    _enter(ctx, row, Powers(signer.full_name, signer.position, signer.basis, signer.valid_until, None))


def renew(ctx: Context, participant_id: str, powers: Powers) -> None:
    """Enter new powers; compliance. Raises Invalid naming the field."""
    ctx.require(Permission.PARTICIPANT_ADMIT)
    row = repository.participant(ctx, participant_id)
    if row.kind != ApplicantKind.ORGANISATION.value:
        raise Invalid("Полномочия бывают у организации.", "Only an organisation has signers.", field="name")
    for field in ("name", "position", "basis"):
        text: str = getattr(powers, field)
        if not text.strip() or len(text) > TEXT_MAX:
            raise Invalid("Заполните поле.", "Fill in this field.", field=field)
    if powers.ended(to_msk(ctx.now()).date()):
        raise Invalid("Этот срок уже прошёл.", "This day has passed.", field="valid_until")
    _enter(ctx, row, powers)
    record(ctx, action="identity.participant.powers_renewed", entity="participant", entity_id=row.id)


def powers_of(ctx: Context, row: Participant) -> Powers | None:
    """The powers in force or ended last; None for a person."""
    statement = select(SignerPower).where(SignerPower.participant_id == row.id)
    found = ctx.session.exec(
        statement.order_by(col(SignerPower.at).desc(), col(SignerPower.id).desc()).limit(1)
    ).first()
    if found is None:
        return None
    sealed = vault.unseal_dict(ctx, row.id, found.sealed)
    return Powers(sealed["name"], sealed["position"], sealed["basis"], found.valid_until, found.document_hash)


def require_powers(ctx: Context, row: Participant) -> None:
    """Raises :class:`PowersEnded` when nobody may sign for the organisation any more."""
    powers = powers_of(ctx, row)
    if powers is not None and powers.ended(to_msk(ctx.now()).date()):
        raise PowersEnded


def signers(ctx: Context, request: PageRequest) -> Page[Participant]:
    """Organisations of the register, those whose powers end first at the top."""
    ctx.require(Permission.PARTICIPANT_READ)
    return repository.organisations_by_powers(ctx, request)


def _enter(ctx: Context, row: Participant, powers: Powers) -> None:
    content = {"name": powers.name.strip(), "position": powers.position.strip(), "basis": powers.basis.strip()}
    entered = SignerPower(
        id=new_id(),
        participant_id=row.id,
        sealed=vault.seal(ctx, row.id, content),
        valid_until=powers.valid_until,
        document_hash=powers.document_hash,
        by=ctx.actor.author,
        at=ctx.now(),
    )
    row.powers_until = powers.valid_until
    ctx.session.add_all([entered, row])
    ctx.session.flush()
