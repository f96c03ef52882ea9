"""Tables of permissioning: the wanted lists with their history, what each node has done, what comparisons found.

Moments are the computer's time: they are compared with the time of blocks, which the nodes take from their clocks.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Enum, Index
from sqlmodel import Field, SQLModel

from backend.core.db import JsonColumn, UtcDateTime
from backend.network.states import Action, AlarmKind, ChangeState, DeliveryState, Kind


def _words(kind: type[StrEnum]) -> Enum:
    """Words as text: a new word needs no change of the tables."""
    return Enum(kind, native_enum=False, length=16)


class NetworkEntry(SQLModel, table=True):
    """An account or node, wanted or not any more. ``value`` is the lower-case address or the enode as Besu prints it.

    ``effective_at``: since when the nodes admit it (see ``backend.network.fanout``); only then its wallet may send.
    """

    __tablename__ = "network_entries"

    kind: Kind = Field(sa_type=_words(Kind), primary_key=True)
    value: str = Field(primary_key=True)
    wanted: bool = Field(index=True)
    label: str = ""
    change_id: str = Field(index=True)
    since: datetime = Field(sa_type=UtcDateTime)
    effective_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class NetworkChange(SQLModel, table=True):
    """Who wanted what, when and why. ``after_block``: the mirror's height then; -1 for what the network began with."""

    __tablename__ = "network_changes"
    __table_args__ = (
        Index("ix_network_changes_entry", "kind", "value"),
        Index("ix_network_changes_state", "state", "requested_at"),
    )

    id: str = Field(primary_key=True)
    kind: Kind = Field(sa_type=_words(Kind))
    action: Action = Field(sa_type=_words(Action))
    value: str
    label: str = ""
    reason: str
    state: ChangeState = Field(sa_type=_words(ChangeState))
    requested_by: str
    requested_at: datetime = Field(sa_type=UtcDateTime)
    approved_by: str | None = None
    approved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    after_block: int = Field(sa_type=BigInteger)
    journal_seq: int | None = Field(default=None, sa_type=BigInteger)


class NetworkDelivery(SQLModel, table=True):
    """One change at one node. ``reason`` is a code of ``backend.network.answers``, ``detail`` the node's own words."""

    __tablename__ = "network_deliveries"
    __table_args__ = (Index("ix_network_deliveries_due", "state", "next_at"),)

    change_id: str = Field(primary_key=True)
    node: str = Field(primary_key=True)
    state: DeliveryState = Field(sa_type=_words(DeliveryState))
    attempts: int = 0
    reason: str | None = None
    detail: str | None = None
    next_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)


class NetworkRepair(SQLModel, table=True):
    """A wish to make one node's lists the wanted ones; what was done about it."""

    __tablename__ = "network_repairs"

    id: str = Field(primary_key=True)
    node: str = Field(index=True)
    state: DeliveryState = Field(sa_type=_words(DeliveryState), index=True)
    requested_by: str
    requested_at: datetime = Field(sa_type=UtcDateTime)
    journal_seq: int | None = Field(default=None, sa_type=BigInteger)
    added: int = 0
    removed: int = 0
    attempts: int = 0
    reason: str | None = None
    detail: str | None = None
    next_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class NetworkNodeState(SQLModel, table=True):
    """What the last comparison found at a node. The lists hold entries that differ; empty when the node is right."""

    __tablename__ = "network_node_states"

    node: str = Field(primary_key=True)
    checked_at: datetime = Field(sa_type=UtcDateTime)
    reachable: bool
    reason: str | None = None
    detail: str | None = None
    accounts_missing: list[str] = Field(default_factory=list, sa_type=JsonColumn)
    accounts_extra: list[str] = Field(default_factory=list, sa_type=JsonColumn)
    nodes_missing: list[str] = Field(default_factory=list, sa_type=JsonColumn)
    nodes_extra: list[str] = Field(default_factory=list, sa_type=JsonColumn)

    @property
    def differs(self) -> bool:
        """Whether any list differs."""
        return bool(self.accounts_missing or self.accounts_extra or self.nodes_missing or self.nodes_extra)


class NetworkCheck(SQLModel, table=True):
    """A comparison of all nodes whose outcome was another than the one before it, or that a person asked for."""

    __tablename__ = "network_checks"

    id: str = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    nodes: int
    unreachable: int
    missing: int
    extra: int


class NetworkAlarm(SQLModel, table=True):
    """Something that a person must look at. ``subject``: a node, or the hash of a transaction; open until ``closed_at``."""

    __tablename__ = "network_alarms"
    __table_args__ = (Index("ix_network_alarms_subject", "kind", "subject"),)

    id: str = Field(primary_key=True)
    kind: AlarmKind = Field(sa_type=_words(AlarmKind))
    subject: str
    raised_at: datetime = Field(sa_type=UtcDateTime, index=True)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    closed_by: str | None = None
    block_number: int | None = Field(default=None, sa_type=BigInteger)
    block_hash: str | None = None
    sender: str | None = Field(default=None, index=True)
    details: dict[str, Any] = Field(default_factory=dict, sa_type=JsonColumn)


class NetworkJob(SQLModel, table=True):
    """The one row of the jobs: who works now, up to which block senders were looked at, when nodes were compared.

    One worker at a time: two that add the same account to a node at once make its file unreadable at the next start.
    """

    __tablename__ = "network_job"

    id: int = Field(default=1, primary_key=True)
    owner: str | None = None
    until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    looked_up_to: int = Field(default=-1, sa_type=BigInteger)
    checked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    seeded_at: datetime = Field(sa_type=UtcDateTime)
