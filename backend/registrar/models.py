"""Tables of the registrar's desk."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from backend.core.db import JsonColumn, UtcDateTime
from backend.registrar.states import ActKind


class RegistrarAct(SQLModel, table=True):
    """One act and the calls that carry it out, each ``[contract, address or null, function, arguments, words]``.

    ``basis`` (who issued the document, its number and date) is sealed: it may name people. The document's SHA-256 goes to the chain.
    """

    __tablename__ = "registrar_acts"

    id: str = Field(primary_key=True)
    number: str = Field(unique=True)
    kind: ActKind = Field(index=True)
    participant_id: str = Field(index=True)
    receiver_id: str | None = Field(default=None, index=True)
    asset: str | None = Field(default=None, index=True)
    units: int | None = Field(default=None, sa_type=BigInteger)
    encumbrance_id: int | None = Field(default=None, sa_type=BigInteger)
    corrected_tx: str | None = None
    new_wallet: str | None = Field(default=None, unique=True)
    basis: bytes
    file_id: str
    document_hash: str
    calls: list[Any] = Field(default_factory=list, sa_type=JsonColumn)
    proposed_by: str | None = None
    at: datetime = Field(sa_type=UtcDateTime)
