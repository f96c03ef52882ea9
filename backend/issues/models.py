"""Tables of issues: what the issuer wrote and who looked at it. What happened on chain is in chain_issues and its kin."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from backend.core.db import JsonColumn, UtcDateTime
from backend.issues.states import IssueState


class Issue(SQLModel, table=True):
    """A decision and its way to the register. ``content`` is as typed; ``decision_hash`` is of the signed version."""

    __tablename__ = "issues"

    id: str = Field(primary_key=True)
    number: str = Field(unique=True)
    chain_id_hash: str = Field(unique=True)
    participant_id: str = Field(index=True)
    title: str
    content: dict[str, Any] = Field(sa_type=JsonColumn)
    state: IssueState = Field(default=IssueState.DRAFT, index=True)
    version: int = 0
    decision_hash: str | None = Field(default=None, index=True)
    first_moderator: str | None = None
    second_moderator: str | None = None
    proposal_id: int | None = None
    reject_reason: str | None = None
    rejected_by: str | None = None
    error_ru: str | None = None
    error_en: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    submitted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    published_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class IssueVersion(SQLModel, table=True):
    """A version as the issuer signed it."""

    __tablename__ = "issue_versions"

    issue_id: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    content: dict[str, Any] = Field(sa_type=JsonColumn)
    decision_hash: str
    signed_by: str
    at: datetime = Field(sa_type=UtcDateTime)


class IssueDocument(SQLModel, table=True):
    """A document of the issue; ``name`` is the one that the decision lists."""

    __tablename__ = "issue_documents"
    __table_args__ = (UniqueConstraint("issue_id", "name", name="uq_issue_documents_name"),)

    file_id: str = Field(primary_key=True)
    issue_id: str = Field(index=True)
    name: str


class IssueRemark(SQLModel, table=True):
    """A moderator's remark to a field of a version."""

    __tablename__ = "issue_remarks"

    id: str = Field(primary_key=True)
    issue_id: str = Field(index=True)
    version: int
    field: str
    text: str
    officer_id: str
    at: datetime = Field(sa_type=UtcDateTime)
