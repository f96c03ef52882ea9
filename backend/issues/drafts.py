"""An issuer's side: draft by form or file, documents, signature and submission, recall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backend.core import files
from backend.core.context import Context
from backend.core.errors import Invalid, NotFound, Problem
from backend.core.files import StoredFile
from backend.core.ids import bytes32_of, new_id
from backend.core.journal import record
from backend.core.pagination import Page, PageRequest
from backend.core.permissions import Permission
from backend.identity import service as identity
from backend.issues import repository
from backend.issues.decision import DecisionInvalid, decision_hash, read_decision_yaml, validate_decision
from backend.issues.decision_terms import Decision
from backend.issues.errors import DocumentMissing, IssueNotEditable, IssuerDiffers, IssueUnknown, NotDeployable
from backend.issues.models import Issue, IssueDocument, IssueRemark, IssueVersion
from backend.issues.states import EDITABLE, ISSUE_MOVES, IssueState

DOCUMENTS_MAX = 10
TITLE_MAX = 300


@dataclass(frozen=True, slots=True)
class Draft:
    """An issue with what is wrong with it now, its documents, remarks and signed versions."""

    issue: Issue
    problems: list[Problem]
    documents: list[tuple[str, StoredFile]]
    remarks: list[IssueRemark]
    versions: list[IssueVersion]


def create(ctx: Context, content: dict[str, Any]) -> Draft:
    """Begin a draft; invalid content is kept and its problems are told."""
    ctx.require(Permission.ISSUE_DRAFT)
    owner = identity.own(ctx)
    year = ctx.now().year
    number = identity.next_number(ctx, f"KPT-{year}")
    row = Issue(
        id=new_id(),
        number=number,
        chain_id_hash=bytes32_of(number),
        participant_id=owner.id,
        title=_title(content),
        content=content,
        created_at=ctx.now(),
    )
    ctx.session.add(row)
    ctx.session.flush()
    record(ctx, action="issues.draft.created", entity="issue", entity_id=row.id, details={"number": number})
    return draft(ctx, row)


def create_from_file(ctx: Context, data: bytes) -> Draft:
    """Begin a draft from a decision in YAML."""
    return create(ctx, _plain(read_decision_yaml(data)))


def save(ctx: Context, issue_id: str, content: dict[str, Any]) -> Draft:
    """Keep the content as typed."""
    ctx.require(Permission.ISSUE_DRAFT)
    row = _own_editable(ctx, issue_id)
    row.content, row.title = content, _title(content)
    ctx.session.add(row)
    ctx.session.flush()
    return draft(ctx, row)


def attach(ctx: Context, issue_id: str, name: str, data: bytes) -> IssueDocument:
    """Add or replace a document under the name that the decision lists."""
    ctx.require(Permission.ISSUE_DRAFT)
    row, name = _own_editable(ctx, issue_id), files.safe_name(name)
    present = {one.name: one for one in repository.documents(ctx, row.id)}
    if name not in present and len(present) >= DOCUMENTS_MAX:
        raise Invalid("Не больше десяти документов.", "At most ten documents.", field="file")
    stored = files.store(ctx, row.id, name, data)
    if name in present:
        ctx.session.delete(present[name])
        ctx.session.flush()
    document = IssueDocument(file_id=stored.id, issue_id=row.id, name=stored.name)
    ctx.session.add(document)
    ctx.session.flush()
    return document


def submit(ctx: Context, issue_id: str) -> Draft:
    """Sign the present content by its hash (simple signature, 63-ФЗ ст. 9) and hand it to the moderators."""
    ctx.require(Permission.ISSUE_SUBMIT)
    ctx.require_step_up()
    row = _own_editable(ctx, issue_id)
    decision = validate_decision(row.content)
    _check_submission(ctx, row, decision)
    row.version += 1
    row.decision_hash = decision_hash(decision)
    row.state = ISSUE_MOVES.check(row.state, IssueState.MODERATION)
    row.submitted_at = ctx.now()
    row.first_moderator = row.second_moderator = row.proposal_id = None
    version = IssueVersion(
        issue_id=row.id,
        version=row.version,
        content=row.content,
        decision_hash=row.decision_hash,
        signed_by=ctx.actor.user_id or "",
        at=ctx.now(),
    )
    ctx.session.add_all([row, version])
    ctx.session.flush()
    details = {"version": row.version, "decision_hash": row.decision_hash}
    record(ctx, action="issues.submitted", entity="issue", entity_id=row.id, details=details)
    return draft(ctx, row)


def recall(ctx: Context, issue_id: str) -> Draft:
    """Take the decision back before it is in the register."""
    ctx.require(Permission.ISSUE_SUBMIT)
    row = own_issue(ctx, issue_id)
    row.state = ISSUE_MOVES.check(row.state, IssueState.RECALLED)
    ctx.session.add(row)
    ctx.session.flush()
    record(ctx, action="issues.recalled", entity="issue", entity_id=row.id)
    return draft(ctx, row)


def my_issues(ctx: Context, request: PageRequest) -> Page[Issue]:
    """Issues of the asker's organisation."""
    ctx.require(Permission.ISSUE_DRAFT)
    return repository.own(ctx, request)


def raised_kopeks(ctx: Context) -> int:
    """What investors have paid for all issues of the asker's organisation in primary sales."""
    ctx.require(Permission.ISSUE_DRAFT)
    return repository.raised_kopeks(ctx)


def my_draft(ctx: Context, issue_id: str) -> Draft:
    """One own issue."""
    ctx.require(Permission.ISSUE_DRAFT)
    return draft(ctx, own_issue(ctx, issue_id))


def own_issue(ctx: Context, issue_id: str) -> Issue:
    """An issue of the asker's organisation, locked; raises :class:`IssueUnknown`."""
    row = repository.locked(ctx, issue_id)
    if row is None or ctx.actor.participant_id is None or row.participant_id != ctx.actor.participant_id:
        raise IssueUnknown
    return row


def document(ctx: Context, issue_id: str, name: str) -> tuple[StoredFile, bytes]:
    """A document: published for everybody; before that for the issuer and the moderators."""
    row = ctx.session.get(Issue, issue_id)
    if row is None:
        raise IssueUnknown
    mine = ctx.actor.participant_id == row.participant_id
    if row.state != IssueState.DEPLOYED and not mine:
        ctx.require(Permission.ISSUE_READ_ALL)
    found = next((one for one in repository.documents(ctx, row.id) if one.name == name), None)
    if found is None:
        raise NotFound
    return files.load(ctx, found.file_id)


def draft(ctx: Context, row: Issue) -> Draft:
    """Everything about an issue; the caller has checked the right to see it."""
    problems: list[Problem] = []
    if row.state in EDITABLE:
        problems = problems_of(row.content)
    listed = [(one.name, ctx.session.get_one(StoredFile, one.file_id)) for one in repository.documents(ctx, row.id)]
    return Draft(row, problems, listed, repository.remarks(ctx, row.id), repository.versions(ctx, row.id))


def problems_of(content: dict[str, Any]) -> list[Problem]:
    """What is wrong with a decision; empty when it may be signed."""
    try:
        validate_decision(content)
    except DecisionInvalid as error:
        return error.problems
    return []


def _check_submission(ctx: Context, row: Issue, decision: Decision) -> None:
    profile = identity.profile(ctx, identity.participant(ctx, row.participant_id))
    if decision.issuer.inn != profile["inn"] or decision.issuer.ogrn != profile.get("ogrn"):
        raise IssuerDiffers(field="issuer.inn")
    if decision.price_kopeks is None or decision.nominal_kopeks is None:
        raise NotDeployable(field="price")
    present = {one.name for one in repository.documents(ctx, row.id)}
    missing = [name for name in decision.documents if name not in present]
    if missing:
        ru, en = f"Нет документов: {', '.join(missing)}.", f"Documents are missing: {', '.join(missing)}."
        raise DocumentMissing(ru, en, field="documents")


def _own_editable(ctx: Context, issue_id: str) -> Issue:
    row = own_issue(ctx, issue_id)
    if row.state not in EDITABLE:
        raise IssueNotEditable
    return row


def _title(content: dict[str, Any]) -> str:
    title = content.get("title")
    return title[:TITLE_MAX] if isinstance(title, str) and title.strip() else "Без названия"


def _plain(content: Any) -> Any:
    # YAML may give dates; the stored content is JSON, with dates as their ISO text.
    if isinstance(content, dict):
        return {str(key): _plain(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_plain(value) for value in content]
    return content.isoformat() if hasattr(content, "isoformat") else content
