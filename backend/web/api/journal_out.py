"""Answers about the journal and the integrity of the mirror."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from backend.audit.service import Integrity, Proof
from backend.core.journal import JournalEntry
from indexer.models import ChainAnchor


class FromRow(BaseModel):
    """Fields as the row has them."""

    model_config = ConfigDict(from_attributes=True)


class EntryOut(FromRow):
    """A journal entry."""

    seq: int
    at: datetime
    recorded_at: datetime
    actor_id: str | None
    actor: str
    author: str
    """Name of the actor as it is now; the entry itself keeps identifiers."""
    action: str
    entity: str
    entity_id: str
    details: dict[str, Any]
    prev_hash: str
    hash: str


class AnchorOut(FromRow):
    """A root on chain."""

    sequence: int
    root: str
    previous: str
    first_entry: int
    last_entry: int
    block_number: int
    tx_hash: str
    at: datetime


class ProofOut(BaseModel):
    """Proof of an entry: hash ``leaf`` with the sisters of ``path`` gives ``root``."""

    entry: EntryOut
    anchor: AnchorOut
    leaf: str
    index: int
    size: int
    path: list[str]
    root: str
    valid: bool


class JournalCheckOut(BaseModel):
    """``first_broken`` null: every hash fits."""

    entries: int
    head: str | None
    first_broken: int | None


class ReconciliationOut(FromRow):
    """A comparison of the mirror with the contracts in one block: values compared and differing, counts by table, what differed."""

    id: int
    at: datetime
    block_number: int
    block_hash: str
    compared: int
    mismatches: int
    counts: dict[str, Any]
    details: list[Any]


class ChainAlarmOut(FromRow):
    """The indexer stopped or saw something that a person must look at: which block, which check, what it found."""

    id: int
    at: datetime
    block_number: int
    check: str
    detail: str


class IntegrityOut(BaseModel):
    """State of the mirror and the journal."""

    healthy: bool
    height: int | None
    block_hash: str | None
    digest: str | None
    chain_id: int | None
    lag_blocks: int
    updated_ago_s: int | None
    missing_blocks: int
    unproven_blocks: int
    undecoded_logs: int
    journal_entries: int
    journal_head: str | None
    entries_to_anchor: int
    anchor: AnchorOut | None
    reconciliations: list[ReconciliationOut]
    alarms: list[ChainAlarmOut]
    alarm_count: int
    validators: list[dict[str, Any]]


def entry_out(row: JournalEntry, author: str) -> EntryOut:
    """The answer about a journal entry and who wrote it."""
    return EntryOut(**row.model_dump(), author=author)


def anchor_out(row: ChainAnchor) -> AnchorOut:
    """The answer about an anchor."""
    return AnchorOut.model_validate(row)


def proof_out(proof: Proof, author: str) -> ProofOut:
    """The answer about a proof."""
    return ProofOut(
        entry=entry_out(proof.entry, author),
        anchor=anchor_out(proof.anchor),
        leaf=proof.leaf,
        index=proof.index,
        size=proof.size,
        path=proof.path,
        root=proof.root,
        valid=proof.valid,
    )


def integrity_out(found: Integrity) -> IntegrityOut:
    """The answer about the mirror."""
    cursor = found.cursor
    return IntegrityOut(
        healthy=found.healthy,
        height=cursor.height if cursor else None,
        block_hash=cursor.hash if cursor else None,
        digest=cursor.digest if cursor else None,
        chain_id=cursor.chain_id if cursor else None,
        lag_blocks=found.lag_blocks,
        updated_ago_s=found.updated_ago_s,
        missing_blocks=found.missing_blocks,
        unproven_blocks=found.unproven_blocks,
        undecoded_logs=found.undecoded_logs,
        journal_entries=found.journal_entries,
        journal_head=found.journal_head,
        entries_to_anchor=found.entries_to_anchor,
        anchor=anchor_out(found.anchor) if found.anchor else None,
        reconciliations=[ReconciliationOut.model_validate(row) for row in found.reconciliations],
        alarms=[ChainAlarmOut.model_validate(row) for row in found.alarms],
        alarm_count=found.alarm_count,
        validators=[
            {"address": one.address, "blocks": one.blocks, "last_block": one.last_block} for one in found.validators
        ],
    )
