"""A certificate: what the operator attests, its signature, and the proof that the journal of that moment is anchored on chain.

Anybody may have it, so the journal's entry itself is not in it: only its number, its hash and the way from it to the anchored root.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlmodel import col, select

from backend.audit import events
from backend.audit import journal as proofs
from backend.audit.errors import NotAnchored
from backend.core.context import Context
from backend.core.journal import JournalEntry
from indexer.models import ChainAnchor, ChainCursor


@dataclass(frozen=True, slots=True)
class JournalPlace:
    """Where the act stands in the journal; ``path`` (RFC 6962) leads from ``leaf`` to ``root`` once a root covers the entry."""

    seq: int
    hash: str
    anchor: ChainAnchor | None = None
    leaf: str = ""
    index: int = 0
    size: int = 0
    path: tuple[str, ...] = ()
    root: str = ""
    valid: bool | None = None


@dataclass(frozen=True, slots=True)
class Certificate:
    """``content`` is what is signed (its canonical JSON, Ed25519, RFC 8032); without a key there is no signature yet."""

    content: dict[str, Any]
    signature: str | None
    public_key: str | None
    place: JournalPlace | None

    def as_dict(self) -> dict[str, Any]:
        """The certificate as a file."""
        return {
            "content": self.content,
            "signature": {"algorithm": "Ed25519", "public_key": self.public_key, "signature": self.signature},
            "journal": _place_dict(self.place) if self.place else None,
        }


def certificate(ctx: Context, content: dict[str, Any], *, action: str, entity_id: str) -> Certificate:
    """Attest ``content`` about the record of an act. Open to everybody: the caller chooses what may be told."""
    place = journal_place(ctx, action=action, entity_id=entity_id)
    cursor = ctx.session.get(ChainCursor, 1)
    told = {
        **content,
        "operator": ctx.settings.operator_name,
        "chain_id": cursor.chain_id if cursor else None,
        "journal_entry": place.seq if place else None,
        "journal_entry_hash": place.hash if place else None,
    }
    if events.published_key(ctx) is None:
        return Certificate(told, None, None, place)
    signature, public = events.sign(ctx, events.canonical(told))
    return Certificate(told, signature, public, place)


def journal_place(ctx: Context, *, action: str, entity_id: str) -> JournalPlace | None:
    """The first entry of an act on a record, with its proof when it is anchored."""
    statement = select(JournalEntry).where(JournalEntry.action == action, JournalEntry.entity_id == entity_id)
    entry = ctx.session.exec(statement.order_by(col(JournalEntry.seq)).limit(1)).first()
    if entry is None:
        return None
    try:
        proof = proofs.proof(ctx.as_system("certificates"), entry.seq)
    except NotAnchored:
        return JournalPlace(entry.seq, entry.hash)
    return JournalPlace(
        entry.seq,
        entry.hash,
        anchor=proof.anchor,
        leaf=proof.leaf,
        index=proof.index,
        size=proof.size,
        path=tuple(proof.path),
        root=proof.root,
        valid=proof.valid,
    )


def _place_dict(place: JournalPlace) -> dict[str, Any]:
    found: dict[str, Any] = {"seq": place.seq, "hash": place.hash, "anchor": None}
    if place.anchor is not None:
        found["anchor"] = {
            "sequence": place.anchor.sequence,
            "root": place.anchor.root,
            "block_number": place.anchor.block_number,
            "tx_hash": place.anchor.tx_hash,
            "at": place.anchor.at.isoformat(),
        }
        found["proof"] = {
            "leaf": place.leaf, "index": place.index, "size": place.size, "path": list(place.path), "root": place.root
        }  # fmt: skip
    return found
