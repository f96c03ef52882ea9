"""The register of participants: admission, change of classes, blocking, and who stands behind a number or an address."""

from __future__ import annotations

import hashlib
import os
from datetime import datetime
from typing import Any

from sqlmodel import col, select

from backend.accounts import service as accounts
from backend.core import vault
from backend.core.context import Context
from backend.core.errors import Invalid
from backend.core.events import emit
from backend.core.ids import bytes32_of, new_id
from backend.core.journal import record
from backend.core.pagination import Page, PageRequest
from backend.core.permissions import Permission, Role
from backend.custody import service as custody
from backend.custody.errors import WalletMissing
from backend.custody.importing import import_wallet
from backend.custody.models import Intent
from backend.custody.states import IntentState
from backend.identity import powers, repository
from backend.identity.errors import ParticipantNotActive
from backend.identity.models import Case, Participant, ParticipantNote
from backend.identity.schemas import AnyForm, OrganisationForm
from backend.identity.states import CASE_MOVES, CaseState, ParticipantStatus
from indexer.models import ChainParticipant

CHAIN_KIND = {"PERSON": 1, "SOLE_TRADER": 2, "ORGANISATION": 3, "NOMINEE": 4, "SYSTEM": 5}
PREFIX = {"investor": "KPT-INV", "issuer": "KPT-ISS", "system": "KPT-SYS"}
ADMIT_REF = "identity.admit"
UPDATE_REF = "identity.update"
BLOCK_REF = "identity.block"
UNBLOCK_REF = "identity.unblock"
CLASS_BITS = {"FREE": 1, "LIMIT": 2, "TEST": 4, "QUAL": 8}


def admit(ctx: Context, case: Case, form: AnyForm, classes: int, admitted_until: datetime) -> Participant:
    """Make the participant of an approved application (or reuse it after a refused attempt) and promise the admission."""
    row = ctx.session.get(Participant, case.participant_id) if case.participant_id else None
    if row is None:
        row = _new(ctx, case.kind.value, case.portal, profile_of(form))
        row.case_id = case.id
        row.inn_digest = case.inn_digest
        case.participant_id = row.id
        if getattr(form, "tax_resident", True) is False:
            row.tax_status = "non_resident"
        if isinstance(form, OrganisationForm):
            powers.of_application(ctx, row, form.signer)
    if case.kind.value != "PERSON":
        row.tax_status = "self_taxed"
    ctx.session.add_all([row, case])
    ctx.session.flush()
    attempt = _attempt(ctx, ADMIT_REF, row.id)
    _promise_admission(ctx, row, classes, admitted_until, f"admit:{case.id}:{case.version}:{attempt}")
    _note(ctx, row.id, "admission_requested", {"classes": classes, "until": admitted_until.isoformat()})
    return row


def profile_of(form: AnyForm) -> dict[str, Any]:
    """What the register keeps of an application: name, numbers, bank details."""
    base: dict[str, Any] = {
        "bank": form.bank.model_dump(),
        "inn": form.inn,
        "address": form.address,
        "phone": form.phone,
    }
    if isinstance(form, OrganisationForm):
        return {**base, "name": form.short_name, "full_name": form.full_name, "ogrn": form.ogrn}
    ogrn = getattr(form, "ogrnip", None)
    return {**base, "name": form.full_name, "full_name": form.full_name, "ogrn": ogrn}


def ensure_system_participant(ctx: Context, name: str, secret: bytes | None = None) -> Participant:
    """The operator's own account, such as TAX (withheld tax); made once, admitted by :func:`admit_system`.

    ``secret``: its private key, when that was made before.
    """
    found = repository.participant_by_number(ctx, f"KPT-SYS-{name}")
    if found is not None:
        return found
    return _new(ctx, "SYSTEM", "system", {"name": name, "full_name": name}, number=f"KPT-SYS-{name}", secret=secret)


def admit_system(ctx: Context, name: str, admitted_until: datetime) -> Participant:
    """Admit the operator's own account on chain; COMPLIANCE."""
    ctx.require(Permission.PARTICIPANT_ADMIT)
    check_term(ctx, admitted_until)
    row = ensure_system_participant(ctx, name)
    _promise_admission(ctx, row, 1, admitted_until, f"admit:{row.id}:{_attempt(ctx, ADMIT_REF, row.id)}")
    return row


def on_admitted(ctx: Context, intent: Intent) -> None:
    """The chain answered: roles and a letter, or back to the officer with the refusal."""
    row = repository.participant(ctx, intent.ref_id)
    case = ctx.session.get(Case, row.case_id) if row.case_id else None
    if intent.state != IntentState.CONFIRMED:
        if case is not None:
            case.state = CASE_MOVES.check(case.state, CaseState.IN_REVIEW)
            ctx.session.add(case)
        _note(ctx, row.id, "admission_refused", {"error": intent.error_code})
        return
    row.status = ParticipantStatus.ACTIVE
    ctx.session.add(row)
    _note(ctx, row.id, "admitted", {"tx": intent.tx_hash})
    if case is None:
        return
    case.state = CASE_MOVES.check(case.state, CaseState.APPROVED)
    ctx.session.add(case)
    accounts.link_participant(ctx, case.user_id, row.id)
    roles = [Role.INVESTOR] if case.portal == "investor" else [Role.ISSUER_SIGNER, Role.ISSUER_EDITOR]
    for role in roles:
        accounts.put_role(ctx, case.user_id, role, grant=True)
    emit(ctx, "identity.case.approved", user_id=case.user_id, participant_id=row.id, payload={"number": row.number})


def update(ctx: Context, participant_id: str, classes: list[str], admitted_until: datetime, basis: str) -> Intent:
    """New classes or term (qualification, renewal); COMPLIANCE, with the basis in words."""
    ctx.require(Permission.PARTICIPANT_ADMIT)
    if not basis.strip():
        raise Invalid("Укажите основание.", "State the basis.", field="basis")
    row = repository.participant(ctx, participant_id)
    bits = class_bits(classes)
    check_term(ctx, admitted_until)
    _note(ctx, row.id, "change_requested", {"classes": bits, "basis": basis, "until": admitted_until.isoformat()})
    return custody.request_call(
        ctx,
        wallet=_officer_wallet(ctx),
        contract="Participants",
        function="update",
        args=[row.wallet, bits, int(admitted_until.timestamp()), _profile_hash(ctx, row)],
        idempotency_key=f"update:{row.id}:{bits}:{int(admitted_until.timestamp())}:{_attempt(ctx, UPDATE_REF, row.id)}",
        ref_kind=UPDATE_REF,
        ref_id=row.id,
        summary=f"Изменить допуск {row.number}",
    )


def block(ctx: Context, participant_id: str, reason: str, document_hash: str) -> Intent:
    """Block at once by one officer: refused here from this moment, on chain with the next block."""
    ctx.require(Permission.PARTICIPANT_BLOCK)
    if not reason.strip():
        raise Invalid("Укажите основание блокировки.", "State the reason.", field="reason")
    row = repository.participant(ctx, participant_id)
    row.status = ParticipantStatus.BLOCKED
    ctx.session.add(row)
    note = _note(ctx, row.id, "blocked", {"reason": reason})
    emit(ctx, "identity.participant.blocked", participant_id=row.id)
    return custody.request_call(
        ctx,
        wallet=_officer_wallet(ctx),
        contract="Participants",
        function="block_",
        args=[row.wallet, bytes32_of(reason), _hash_word(document_hash or hashlib.sha256(reason.encode()).hexdigest())],
        idempotency_key=f"block:{row.id}:{note}",
        ref_kind=BLOCK_REF,
        ref_id=row.id,
        summary=f"Заблокировать {row.number}",
    )


def propose_unblock(ctx: Context, participant_id: str, reason: str, document_hash: str) -> Intent:
    """Ask a second compliance officer to unblock."""
    ctx.require(Permission.PARTICIPANT_UNBLOCK)
    row = repository.participant(ctx, participant_id)
    note = _note(ctx, row.id, "unblock_proposed", {"reason": reason})
    return custody.four_eyes_propose(
        ctx,
        wallet=_officer_wallet(ctx),
        contract="Participants",
        function="unblock",
        args=[row.wallet],
        reason=reason,
        document_hash=_hash_word(document_hash),
        idempotency_key=f"unblock:{row.id}:{note}",
        ref_kind=UNBLOCK_REF,
        ref_id=row.id,
        summary=f"Разблокировать {row.number}",
    )


def follow_chain(ctx: Context) -> None:
    """Tick: whom the chain shows active is active here: after an unblock, or an account of the operator that the deployment admitted."""
    statement = (
        select(Participant)
        .join(ChainParticipant, col(ChainParticipant.address) == col(Participant.wallet))
        .where(ChainParticipant.status == "ACTIVE", Participant.status != ParticipantStatus.ACTIVE)
    )
    for row in ctx.session.exec(statement):
        if row.status == ParticipantStatus.ADMITTING and row.case_id is None:
            row.status = ParticipantStatus.ACTIVE
            ctx.session.add(row)
        elif row.status == ParticipantStatus.BLOCKED and _block_was_mirrored(ctx, row):
            row.status = ParticipantStatus.ACTIVE
            ctx.session.add(row)
            _note(ctx, row.id, "unblocked", {})
            emit(ctx, "identity.participant.unblocked", participant_id=row.id)


def _block_was_mirrored(ctx: Context, row: Participant) -> bool:
    # Active on chain means unblocked only after the block was there: a block that is under way or was refused stays in force here.
    blocks = custody.intents_of(ctx, BLOCK_REF, row.id)
    return bool(blocks) and blocks[-1].handled and blocks[-1].state == IntentState.CONFIRMED


def class_bits(classes: list[str]) -> int:
    """Access classes as the chain keeps them; FREE is always among them. Raises Invalid for none or an unknown one."""
    if not classes or any(one not in CLASS_BITS for one in classes):
        raise Invalid("Выберите классы доступа.", "Choose access classes.", field="classes")
    return sum(CLASS_BITS[one] for one in set(classes) | {"FREE"})


def check_term(ctx: Context, admitted_until: datetime) -> None:
    """Raise Invalid for an admission that would have ended already."""
    if admitted_until <= ctx.now():
        raise Invalid("Срок допуска уже прошёл.", "The admission would have ended already.", field="admitted_until")


def register(ctx: Context, request: PageRequest, portal: str | None = None) -> Page[Participant]:
    """The register of participants."""
    ctx.require(Permission.PARTICIPANT_READ)
    return repository.participants(ctx, request, portal)


def own(ctx: Context) -> Participant:
    """The asker's participant; raises :class:`ParticipantNotActive` before admission."""
    if ctx.actor.participant_id is None:
        raise ParticipantNotActive
    return repository.participant(ctx, ctx.actor.participant_id)


def require_trading(ctx: Context) -> Participant:
    """The asker's participant when it may act now by the register here and on chain."""
    row = own(ctx)
    chain = chain_row(ctx, row)
    if row.status != ParticipantStatus.ACTIVE or chain is None or chain.status != "ACTIVE":
        raise ParticipantNotActive
    if chain.admitted_until < int(ctx.now().timestamp()):
        raise ParticipantNotActive
    powers.require_powers(ctx, row)
    return row


def chain_row(ctx: Context, row: Participant) -> ChainParticipant | None:
    """What the chain says of a participant."""
    return ctx.session.get(ChainParticipant, row.wallet)


def profile(ctx: Context, row: Participant) -> dict[str, Any]:
    """Name, numbers and bank details, opened."""
    return vault.unseal_dict(ctx, row.id, row.profile)


def display_name(ctx: Context, participant_id: str) -> str:
    """Name of a participant for those who may see it."""
    return str(profile(ctx, repository.participant(ctx, participant_id))["name"])


def _new(
    ctx: Context,
    kind: str,
    portal: str,
    content: dict[str, Any],
    number: str | None = None,
    secret: bytes | None = None,
) -> Participant:
    participant_id = new_id()
    if secret is not None:
        import_wallet(ctx, "participant", participant_id, secret)
    row = Participant(
        id=participant_id,
        number=number or repository.next_number(ctx, PREFIX[portal]),
        kind=kind,
        portal=portal,
        status=ParticipantStatus.ADMITTING,
        wallet=custody.create_wallet(ctx, "participant", participant_id),
        profile=vault.seal(ctx, participant_id, content),
        profile_salt=vault.seal(ctx, participant_id, os.urandom(32)),
        created_at=ctx.now(),
    )
    ctx.session.add(row)
    ctx.session.flush()
    return row


def _promise_admission(ctx: Context, row: Participant, classes: int, until: datetime, key: str) -> Intent:
    kind = CHAIN_KIND[row.kind]
    return custody.request_call(
        ctx,
        wallet=_officer_wallet(ctx),
        contract="Participants",
        function="admit",
        args=[[row.wallet], [kind], [classes], [int(until.timestamp())], [_profile_hash(ctx, row)]],
        idempotency_key=key,
        ref_kind=ADMIT_REF,
        ref_id=row.id,
        summary=f"Допустить {row.number}",
    )


def _attempt(ctx: Context, ref_kind: str, participant_id: str) -> int:
    # Answered promises are behind us: the same wish may be promised anew.
    return len([one for one in custody.intents_of(ctx, ref_kind, participant_id) if one.handled])


def _profile_hash(ctx: Context, row: Participant) -> str:
    salt = vault.unseal(ctx, row.id, row.profile_salt)
    return "0x" + hashlib.sha256(salt + vault.unseal(ctx, row.id, row.profile)).hexdigest()


def _hash_word(text: str) -> str:
    word = text.strip().lower().removeprefix("0x")
    if len(word) != 64 or any(c not in "0123456789abcdef" for c in word):
        ru, en = "Нужна сумма SHA-256 документа: 64 знака.", "The document's SHA-256 is needed: 64 digits."
        raise Invalid(ru, en, field="document_hash")
    return "0x" + word


def _officer_wallet(ctx: Context) -> str:
    if ctx.actor.wallet is None:
        raise WalletMissing
    return ctx.actor.wallet


def _note(ctx: Context, participant_id: str, what: str, details: dict[str, Any]) -> str:
    row = ParticipantNote(
        id=new_id(), participant_id=participant_id, what=what, details=details, by=ctx.actor.author, at=ctx.now()
    )
    ctx.session.add(row)
    ctx.session.flush()
    record(ctx, action=f"identity.participant.{what}", entity="participant", entity_id=participant_id)
    return row.id
