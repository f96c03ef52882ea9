"""Issues: drafts of the issuer, moderation by two, the catalogue, holders."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, File, UploadFile
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import Response

from backend.core.context import Context
from backend.issues import service as issues
from backend.issues.service import Draft, Issue, IssuePage, IssueState
from backend.issues.service import Listing as ListedIssue
from backend.web.api.identity_out import ProblemOut
from backend.web.api.money import PageOut, page_out, rubles
from backend.web.deps import Ctx, Listing
from backend.web.routing import api_router

router = api_router("/issues", "issues")
catalogue = api_router("/catalogue", "catalogue")


class Body(BaseModel):
    """Base of request bodies."""

    model_config = ConfigDict(extra="forbid")


class DecisionBody(Body):
    """The decision as typed; see examples/decisions. Invalid content is kept and its problems are told."""

    decision: dict[str, Any]


class RemarkBody(Body):
    """A remark to a field."""

    field: str = Field(max_length=120)
    text: str = Field(max_length=2000)


class RemarksBody(Body):
    """What to correct."""

    remarks: list[RemarkBody] = Field(max_length=100)


class ReasonBody(Body):
    """Why."""

    reason: str = Field(max_length=2000)


class IssueShort(BaseModel):
    """An issue in a list."""

    id: str
    number: str
    title: str
    state: str
    version: int
    decision_hash: str | None
    created_at: datetime


class IssueOut(IssueShort):
    """An issue whole, as its issuer and the moderators see it."""

    decision: dict[str, Any]
    problems: list[ProblemOut]
    documents: list[dict[str, Any]]
    remarks: list[dict[str, Any]]
    versions: list[dict[str, Any]]
    reject_reason: str | None
    error: str | None
    proposal_id: int | None


class PaymentOut(BaseModel):
    """A planned payment of one unit; amounts in rubles, null until an index is fixed."""

    number: int
    kind: str
    payment_date: date
    record_at: datetime | None
    income: str | None
    principal: str | None


class CatalogueOut(BaseModel):
    """An issue in the register."""

    id: str
    number: str
    title: str
    state: str
    issuer: str | None = None
    access_class: str
    nominal: str
    price: str
    maximum_units: int
    demand_units: int
    issued_units: int
    supply_units: int
    placement_starts: datetime | None
    placement_ends: datetime | None
    asset: str | None
    decision_hash: str | None


class IssuePageOut(CatalogueOut):
    """An issue in the register, whole."""

    decision: dict[str, Any]
    payments: list[PaymentOut]
    documents: list[dict[str, Any]]
    deployed_tx: str | None


class FlowOut(BaseModel):
    """A line of the cash-flow preview, before tax; negative is paid by the investor."""

    day: date
    kind: str
    income: str | None
    principal: str | None
    total: str | None


class HolderOut(BaseModel):
    """A line of the list of holders."""

    wallet: str
    units: int
    number: str | None
    name: str | None


def _short(ctx: Context, row: Issue) -> IssueShort:
    return IssueShort(
        id=row.id,
        number=row.number,
        title=row.title,
        state=issues.state_of(ctx, row),
        version=row.version,
        decision_hash=row.decision_hash,
        created_at=row.created_at,
    )


def _out(ctx: Context, draft: Draft) -> IssueOut:
    row = draft.issue
    return IssueOut(
        **_short(ctx, row).model_dump(),
        decision=row.content,
        problems=[ProblemOut(field=one.field, code=one.code, message=one.text(ctx.lang)) for one in draft.problems],
        documents=_documents(draft.documents),
        remarks=[{"field": one.field, "text": one.text, "version": one.version} for one in draft.remarks],
        versions=[{"version": one.version, "decision_hash": one.decision_hash, "at": one.at} for one in draft.versions],
        reject_reason=row.reject_reason,
        error=row.error_ru if ctx.lang == "ru" else row.error_en,
        proposal_id=row.proposal_id,
    )


def _documents(found: list[tuple[str, Any]]) -> list[dict[str, Any]]:
    return [{"name": name, "sha256": one.sha256, "size_bytes": one.size_bytes} for name, one in found]


def _micro(value: int | None) -> str | None:
    return None if value is None else rubles(round(value / 1_000_000))


def _catalogue(listed: ListedIssue) -> CatalogueOut:
    sale, chain, decision = listed.placement, listed.chain, listed.decision
    return CatalogueOut(
        id=listed.issue.id,
        number=listed.issue.number,
        title=listed.issue.title,
        state=listed.state,
        access_class=decision.access_class.value,
        nominal=rubles(decision.nominal_kopeks or 0),
        price=rubles(decision.price_kopeks or 0),
        maximum_units=decision.units.maximum,
        demand_units=sale.demand_units if sale else 0,
        issued_units=sale.issued_units if sale else 0,
        supply_units=chain.supply_units if chain else 0,
        placement_starts=sale.starts_at_at if sale else None,
        placement_ends=sale.ends_at_at if sale else None,
        asset=chain.asset if chain else None,
        decision_hash=listed.issue.decision_hash,
    )


def _page(page: IssuePage) -> IssuePageOut:
    short = _catalogue(page).model_dump()
    short["issuer"] = page.issuer_name
    return IssuePageOut(
        **short,
        decision=page.issue.content,
        payments=[
            PaymentOut(
                number=one.number,
                kind=one.kind.value,
                payment_date=one.payment_date,
                record_at=one.record_at,
                income=_micro(one.income_micro),
                principal=_micro(one.principal_micro),
            )
            for one in page.payments
        ],
        documents=_documents(page.documents),
        deployed_tx=page.chain.deployed_tx if page.chain else None,
    )


# --- issuer ----------------------------------------------------------------------------------------------------------


@router.post("", status_code=201, summary="Begin a draft")
def create(ctx: Ctx, body: DecisionBody) -> IssueOut:
    """Kept even when it has problems."""
    return _out(ctx, issues.create(ctx, body.decision))


@router.post("/from-file", status_code=201, summary="Begin a draft from a decision file")
def create_from_file(ctx: Ctx, file: Annotated[UploadFile, File()]) -> IssueOut:
    """YAML, at most 64 KiB."""
    return _out(ctx, issues.create_from_file(ctx, file.file.read()))


@router.get("/mine", summary="My issues")
def mine(ctx: Ctx, listing: Listing) -> PageOut[IssueShort]:
    """Latest first."""
    return page_out(issues.my_issues(ctx, listing), lambda row: _short(ctx, row))


@router.get("/mine/{issue_id}", summary="One of my issues")
def my_issue(ctx: Ctx, issue_id: str) -> IssueOut:
    """With problems, documents, remarks and versions."""
    return _out(ctx, issues.my_draft(ctx, issue_id))


@router.put("/{issue_id}", summary="Save the draft")
def save(ctx: Ctx, issue_id: str, body: DecisionBody) -> IssueOut:
    """As typed."""
    return _out(ctx, issues.save(ctx, issue_id, body.decision))


@router.post("/{issue_id}/documents/{name}", status_code=201, summary="Attach a document")
def attach(ctx: Ctx, issue_id: str, name: str, file: Annotated[UploadFile, File()]) -> dict[str, str]:
    """Under the name that the decision lists."""
    stored = issues.attach(ctx, issue_id, name, file.file.read())
    return {"name": stored.name, "file_id": stored.file_id}


@router.get("/{issue_id}/documents/{name}", summary="A document", response_class=Response)
def document(ctx: Ctx, issue_id: str, name: str) -> Response:
    """Published for everybody once the issue is in the register."""
    stored, data = issues.document(ctx, issue_id, name)
    return Response(data, media_type=stored.media_type)


@router.post("/{issue_id}/submit", summary="Sign and hand to the moderators")
def submit(ctx: Ctx, issue_id: str) -> IssueOut:
    """422 lists every wrong field; needs a fresh second factor."""
    return _out(ctx, issues.submit(ctx, issue_id))


@router.post("/{issue_id}/recall", summary="Take back")
def recall(ctx: Ctx, issue_id: str) -> IssueOut:
    """Before it is in the register."""
    return _out(ctx, issues.recall(ctx, issue_id))


# --- moderators ------------------------------------------------------------------------------------------------------


@router.get("", summary="Issues of all issuers")
def queue(ctx: Ctx, listing: Listing, state: IssueState | None = None) -> PageOut[IssueShort]:
    """Drafts left out."""
    return page_out(issues.queue(ctx, listing, state), lambda row: _short(ctx, row))


@router.get("/{issue_id}", summary="One issue")
def one_issue(ctx: Ctx, issue_id: str) -> IssueOut:
    """For officers and auditors."""
    return _out(ctx, issues.open_issue(ctx, issue_id))


@router.get("/{issue_id}/checklist", summary="Checklist of moderation")
def checklist(ctx: Ctx, issue_id: str) -> list[dict[str, Any]]:
    """``ok`` null: a person must look."""
    row = issues.open_issue(ctx, issue_id).issue
    items = issues.checklist(ctx, row)
    return [{"code": one.code, "ok": one.ok, "text": one.ru if ctx.lang == "ru" else one.en} for one in items]


@router.post("/{issue_id}/remarks", summary="Send back with remarks")
def remark(ctx: Ctx, issue_id: str, body: RemarksBody) -> IssueOut:
    """The issuer answers with a new version."""
    return _out(ctx, issues.remark(ctx, issue_id, [(one.field, one.text) for one in body.remarks]))


@router.post("/{issue_id}/reject", summary="Refuse")
def reject(ctx: Ctx, issue_id: str, body: ReasonBody) -> IssueOut:
    """For good."""
    return _out(ctx, issues.reject(ctx, issue_id, body.reason))


@router.post("/{issue_id}/approve", summary="Approve")
def approve(ctx: Ctx, issue_id: str) -> IssueOut:
    """First: propose the deployment. Second, by another moderator: deploy. Needs a fresh second factor."""
    return _out(ctx, issues.approve(ctx, issue_id))


@router.get("/{issue_id}/holders", summary="Holders at a moment")
def holders(ctx: Ctx, issue_id: str, at: AwareDatetime | None = None) -> list[HolderOut]:
    """For officers, auditors and the issue's own issuer."""
    found = issues.holders(ctx, issue_id, at)
    return [HolderOut(wallet=one.wallet, units=one.units, number=one.number, name=one.name) for one in found]


# --- everybody -------------------------------------------------------------------------------------------------------


@catalogue.get("", summary="Catalogue")
def catalogue_list(ctx: Ctx, listing: Listing) -> PageOut[CatalogueOut]:
    """Issues in the register."""
    return page_out(issues.catalogue(ctx, listing), _catalogue)


@catalogue.get("/{issue_id}", summary="An issue")
def catalogue_page(ctx: Ctx, issue_id: str) -> IssuePageOut:
    """Terms, payments, documents, facts on chain."""
    return _page(issues.issue_page(ctx, issue_id))


@catalogue.get("/{issue_id}/preview", summary="Cash flow of a purchase")
def preview(ctx: Ctx, issue_id: str, units: int) -> list[FlowOut]:
    """Before tax."""
    return [
        FlowOut(
            day=one.day,
            kind=one.kind,
            income=None if one.income_kopeks is None else rubles(one.income_kopeks),
            principal=None if one.principal_kopeks is None else rubles(one.principal_kopeks),
            total=None if one.total_kopeks is None else rubles(one.total_kopeks),
        )
        for one in issues.preview(ctx, issue_id, units)
    ]


ROUTERS: list[APIRouter] = [router, catalogue]
