"""Acts: what is asked is checked against the mirror, then proposed to the second registrar on chain, call by call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backend.core import files, vault
from backend.core.context import Context
from backend.core.errors import Invalid
from backend.core.files import StoredFile
from backend.core.ids import new_id
from backend.core.journal import record
from backend.core.pagination import Page, PageRequest
from backend.core.permissions import Permission
from backend.custody import service as custody
from backend.custody.errors import WalletMissing
from backend.custody.models import Intent
from backend.custody.states import IntentState
from backend.custody.succession import prepare_successor
from backend.identity import service as identity
from backend.identity.service import Participant
from backend.registrar import calls, repository
from backend.registrar.errors import ActInvalid, ActUnknown
from backend.registrar.models import RegistrarAct
from backend.registrar.states import OVER, ActKind, StepState
from indexer.models import ChainProposal

ACT_REF = "registrar.act"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a registrar asks for; numbers are those of participants, ``units`` whole units of the asset."""

    kind: ActKind
    number: str
    basis: str
    filename: str
    document: bytes
    asset: str = ""
    units: int = 0
    receiver: str = ""
    bypass_class: bool = False
    encumbrance_id: int = 0
    corrected_tx: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One call of an act and where it is."""

    place: int
    words: str
    intent: Intent
    proposal: ChainProposal | None
    state: StepState


@dataclass(frozen=True, slots=True)
class ActView:
    """An act with its steps; ``state`` is the one of the first step that is not carried out."""

    act: RegistrarAct
    subject: Participant
    receiver: Participant | None
    steps: list[Step]

    @property
    def state(self) -> StepState:
        """Where the act is as a whole."""
        return next((one.state for one in self.steps if one.state != StepState.EXECUTED), StepState.EXECUTED)


def propose(ctx: Context, wish: Wish) -> RegistrarAct:
    """Check an act, keep its document, and put every call of it before the second registrar."""
    ctx.require(Permission.REGISTRAR_ACT)
    ctx.require_step_up()
    if len(wish.basis.strip()) < 5:
        raise Invalid(
            "Укажите документ: кто выдал, номер, дата.", "Name the document: issuer, number, date.", field="basis"
        )
    act_id = new_id()
    subject = _participant(ctx, wish.number, "number")
    receiver = _participant(ctx, wish.receiver, "receiver") if wish.receiver else None
    planned = calls.Plan(ctx, wish.kind, subject, receiver)
    if wish.kind == ActKind.REPLACEMENT:
        planned.check_replaceable()
    else:
        planned.check_units(wish.asset, wish.units, wish.encumbrance_id, wish.corrected_tx, bypass=wish.bypass_class)
    stored = files.store(ctx, subject.id, wish.filename, wish.document)
    new_wallet = prepare_successor(ctx, act_id) if wish.kind == ActKind.REPLACEMENT else None
    row = RegistrarAct(
        id=act_id,
        number=identity.next_number(ctx, "KPT-ACT"),
        kind=wish.kind,
        participant_id=subject.id,
        receiver_id=receiver.id if receiver else None,
        asset=planned.asset,
        units=wish.units or None,
        encumbrance_id=wish.encumbrance_id or None,
        corrected_tx=wish.corrected_tx.strip().lower() or None,
        new_wallet=new_wallet,
        basis=vault.seal(ctx, subject.id, wish.basis.strip().encode()),
        file_id=stored.id,
        document_hash=stored.sha256,
        calls=planned.calls(stored.sha256, new_wallet),
        proposed_by=ctx.actor.user_id,
        at=ctx.now(),
    )
    ctx.session.add(row)
    ctx.session.flush()
    for place in range(len(row.calls)):
        _send(ctx, row, place, attempt=0)
    details = {"number": row.number, "kind": row.kind.value, "document": row.document_hash, "calls": len(row.calls)}
    record(ctx, action="registrar.act_proposed", entity="registrar_act", entity_id=row.id, details=details)
    return row


def propose_again(ctx: Context, act_id: str) -> ActView:
    """Put the calls that were refused, withdrawn or not approved in time before the second registrar once more."""
    ctx.require(Permission.REGISTRAR_ACT)
    ctx.require_step_up()
    seen = view(ctx, act_id)
    ended = [one for one in seen.steps if one.state in OVER]
    if not ended:
        raise ActInvalid(
            "Повторять нечего: все шаги исполнены или ждут.", "Nothing to repeat: every step is done or waits."
        )
    for one in ended:
        attempt = int(one.intent.idempotency_key.rsplit(":", 1)[1]) + 1
        _send(ctx, seen.act, one.place, attempt)
    record(ctx, action="registrar.act_repeated", entity="registrar_act", entity_id=act_id)
    return view(ctx, act_id)


def view(ctx: Context, act_id: str) -> ActView:
    """An act with its steps."""
    ctx.require_any(Permission.REGISTRAR_ACT, Permission.HOLDER_READ_ALL)
    row = repository.act(ctx, act_id)
    if row is None:
        raise ActUnknown
    return _view(ctx, row)


def listed(ctx: Context, request: PageRequest, kind: ActKind | None = None, number: str | None = None) -> Page[ActView]:
    """Acts, the latest first; of one participant when a number is given."""
    ctx.require_any(Permission.REGISTRAR_ACT, Permission.HOLDER_READ_ALL)
    of = _participant(ctx, number, "number").id if number else None
    page = repository.acts(ctx, request, kind, of)
    return page.of([_view(ctx, one) for one in page.items])


def basis_of(ctx: Context, act: RegistrarAct) -> str:
    """Which document justifies an act: it may name people, so for registrars and auditors only."""
    ctx.require_any(Permission.REGISTRAR_ACT, Permission.JOURNAL_READ)
    return vault.unseal(ctx, act.participant_id, act.basis).decode()


def document_of(ctx: Context, act_id: str) -> tuple[StoredFile, bytes]:
    """The document itself; the edge notes the reading."""
    ctx.require(Permission.REGISTRAR_ACT)
    row = repository.act(ctx, act_id)
    if row is None:
        raise ActUnknown
    return files.load(ctx, row.file_id)


def note_document_read(ctx: Context, act_id: str) -> None:
    """Write down who opened the document of an act."""
    record(ctx, action="registrar.document_read", entity="registrar_act", entity_id=act_id)


def act_of_proposal(ctx: Context, tx_hash: str) -> RegistrarAct | None:
    """The act whose call a proposal carries, by the transaction that made the proposal."""
    found = repository.intent_of_tx(ctx, tx_hash, ACT_REF)
    return repository.act(ctx, found.ref_id) if found is not None else None


def _send(ctx: Context, row: RegistrarAct, place: int, attempt: int) -> Intent:
    contract, address, function, args, words = row.calls[place]
    if ctx.actor.wallet is None:
        raise WalletMissing
    return custody.four_eyes_propose(
        ctx,
        wallet=ctx.actor.wallet,
        contract=contract,
        address=address,
        function=function,
        args=args,
        reason=calls.REASONS[row.kind],
        document_hash=row.document_hash,
        idempotency_key=f"act:{row.id}:{place}:{attempt}",
        ref_kind=ACT_REF,
        ref_id=row.id,
        summary=words,
    )


def _view(ctx: Context, row: RegistrarAct) -> ActView:
    latest: dict[int, Intent] = {}
    for one in custody.intents_of(ctx, ACT_REF, row.id):
        latest[int(one.idempotency_key.split(":")[2])] = one  # the last attempt of a place wins
    receiver = identity.participant(ctx, row.receiver_id) if row.receiver_id else None
    steps = [_step(ctx, place, row, intent) for place, intent in sorted(latest.items())]
    return ActView(row, identity.participant(ctx, row.participant_id), receiver, steps)


def _step(ctx: Context, place: int, row: RegistrarAct, intent: Intent) -> Step:
    words: Any = row.calls[place][4]
    proposal = repository.proposal_of_tx(ctx, intent.tx_hash) if intent.tx_hash else None
    return Step(place, words, intent, proposal, _state(ctx, intent, proposal))


def _state(ctx: Context, intent: Intent, proposal: ChainProposal | None) -> StepState:
    if proposal is None:
        failed = intent.state in {IntentState.FAILED, IntentState.REVERTED}
        return StepState.REFUSED if failed else StepState.SENDING
    if proposal.state != "PROPOSED":
        return StepState(proposal.state)
    late = proposal.expires_at < int(ctx.now().timestamp())
    return StepState.EXPIRED if late else StepState.WAITING


def _participant(ctx: Context, number: str, field: str) -> Participant:
    found = identity.participant_by_number(ctx, number.strip().upper())
    if found is None or found.portal == "system":
        raise ActInvalid("Участник с таким номером не найден.", "No participant of this number.", field=field)
    return found
