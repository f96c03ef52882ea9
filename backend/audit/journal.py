"""The journal for auditors, and the proof that an entry stood in it when its root was anchored on chain."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from backend.accounts import service as accounts
from backend.audit import merkle, repository
from backend.audit.errors import EntryUnknown, NotAnchored
from backend.audit.repository import JournalFilter
from backend.core.context import Context
from backend.core.journal import JournalEntry, JournalHead, entry_hash
from backend.core.pagination import Page, PageRequest
from backend.core.permissions import Permission
from indexer.models import ChainAnchor


@dataclass(frozen=True, slots=True)
class Proof:
    """Merkle proof of an entry (RFC 6962); ``valid`` when it leads to the root that stands on chain."""

    entry: JournalEntry
    anchor: ChainAnchor
    leaf: str
    index: int
    size: int
    path: list[str]
    root: str

    @property
    def valid(self) -> bool:
        """Content, path and anchored root agree."""
        sisters = [bytes.fromhex(one) for one in self.path]
        found = merkle.root_from(bytes.fromhex(self.leaf), self.index, self.size, sisters).hex()
        return entry_hash(self.entry) == self.entry.hash and "0x" + found == self.anchor.root


def entries(ctx: Context, wanted: JournalFilter, request: PageRequest) -> Page[JournalEntry]:
    """Entries, the latest first; ``q`` looks in action, record, and name of the author."""
    ctx.require(Permission.JOURNAL_READ)
    authors = accounts.users_named(ctx, request.q) if request.q else []
    return repository.journal_entries(ctx, wanted, request, authors)


def last_entry(ctx: Context) -> int:
    """Number of the latest entry; they go without gaps."""
    ctx.require(Permission.JOURNAL_READ)
    head = ctx.session.get(JournalHead, 1)
    return head.seq if head else 0


def authors_of(ctx: Context, entries: Iterable[JournalEntry]) -> dict[int, str]:
    """Who did it, in words, by the number of the entry: the name of a user as it is now, or of a process; empty before sign-in."""
    ctx.require(Permission.JOURNAL_READ)
    found = list(entries)
    names = accounts.names_of(ctx, {one.actor_id for one in found if one.actor_id})
    return {one.seq: names.get(one.actor_id or "", one.actor) for one in found}


def entry(ctx: Context, seq: int) -> JournalEntry:
    """One entry; raises :class:`EntryUnknown`."""
    ctx.require(Permission.JOURNAL_READ)
    found = ctx.session.get(JournalEntry, seq)
    if found is None:
        raise EntryUnknown
    return found


def anchors(ctx: Context) -> list[ChainAnchor]:
    """Anchored roots, the latest first."""
    ctx.require_any(Permission.JOURNAL_READ, Permission.INTEGRITY_CHECK)
    return repository.anchors(ctx)


def proof(ctx: Context, seq: int) -> Proof:
    """Proof of an entry against the root that covers it; raises :class:`NotAnchored` before that."""
    ctx.require(Permission.JOURNAL_READ)
    wanted = entry(ctx, seq)
    anchor = repository.anchor_of(ctx, seq)
    if anchor is None:
        raise NotAnchored
    leaves = [leaf_of(one) for one in repository.entry_hashes(ctx, anchor.first_entry, anchor.last_entry)]
    index = seq - anchor.first_entry
    return Proof(
        entry=wanted,
        anchor=anchor,
        leaf=leaf_of(wanted.hash).hex(),
        index=index,
        size=len(leaves),
        path=[one.hex() for one in merkle.path(leaves, index)],
        root="0x" + merkle.root(leaves).hex(),
    )


def leaf_of(digest: str) -> bytes:
    """Leaf of an entry: the hashed hash."""
    return merkle.leaf(bytes.fromhex(digest))
