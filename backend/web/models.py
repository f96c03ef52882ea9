"""Tables of the edge."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from backend.core.db import UtcDateTime


class RequestKey(SQLModel, table=True):
    """A request that was carried out once. A repeat with the same key and body gets the stored answer.

    ``body`` is sealed with the data key of the user: an answer may show personal data. None after a long-gone answer.
    """

    __tablename__ = "request_keys"

    owner: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    fingerprint: str
    status: int | None = None
    location: str | None = None
    media_type: str | None = None
    body: bytes | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)


class KeptForm(SQLModel, table=True):
    """A form that came after its session had ended. ``sealed`` holds its texts; ``csrf_token`` tells whose session it was."""

    __tablename__ = "kept_forms"

    key: str = Field(primary_key=True)
    page: str
    csrf_token: str
    files: bool
    sealed: bytes
    created_at: datetime = Field(sa_type=UtcDateTime, index=True)
