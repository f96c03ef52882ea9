"""The journal: order is proved, a change is found, roots go to the chain."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update

from backend.audit import anchoring, merkle
from backend.audit import service as audit
from backend.audit.errors import NotAnchored
from backend.core import journal
from backend.core.context import Context
from backend.core.errors import Forbidden
from backend.core.journal import JournalEntry
from backend.core.pagination import PageRequest
from backend.core.permissions import Role
from backend.custody import service as custody
from indexer.models import ChainAnchor
from tests.factories.chain import word, write_deployment


@pytest.fixture
def ctx(ctx_for: Any) -> Context:
    made: Context = ctx_for(system="worker")
    write_deployment(made.settings)
    settings = made.settings.model_copy(update={"anchor_every_entries": 5})
    return replace(made, settings=settings)


def write(ctx: Context, count: int) -> int:
    for number in range(count):
        last = journal.record(ctx, action="test.done", entity="thing", entity_id=str(number))
    return last.seq


def anchored(ctx: Context) -> ChainAnchor:
    (promise,) = [one for one in custody.intents_of(ctx, anchoring.ANCHOR_REF, "1") if not one.handled]
    kind, root, first, last = promise.args
    row = ChainAnchor(
        kind="JOURNAL", sequence=1, root=root, previous=word(0), first_entry=first, last_entry=last, block_number=1,
        tx_hash=word(3), at=datetime.now(UTC),
    )  # fmt: skip
    assert kind == 0
    promise.handled = True
    ctx.session.add_all([row, promise])
    ctx.session.flush()
    return row


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13])
def test_every_leaf_of_a_tree_can_be_proved(size: int) -> None:
    leaves = [merkle.leaf(bytes([place])) for place in range(size)]
    root = merkle.root(leaves)
    for place in range(size):
        assert merkle.root_from(leaves[place], place, size, merkle.path(leaves, place)) == root
        if size > 1:
            assert merkle.root_from(leaves[place - 1], place, size, merkle.path(leaves, place)) != root


def test_roots_are_those_of_rfc_6962() -> None:
    # RFC 6962 2.1.3 by hand: one leaf is its own hash; two are the hash of 0x01 and both
    one, two = merkle.leaf(b""), merkle.leaf(b"\x00")
    assert one.hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert merkle.root([one, two]).hex() == "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"


def test_few_entries_wait_and_many_are_anchored_once(ctx: Context) -> None:
    seq = write(ctx, 1)
    if seq < 5:
        anchoring.anchor_journal(ctx)
        assert not custody.intents_of(ctx, anchoring.ANCHOR_REF, "1")
    last = write(ctx, 5)
    anchoring.anchor_journal(ctx)
    anchoring.anchor_journal(ctx)
    (promise,) = custody.intents_of(ctx, anchoring.ANCHOR_REF, "1")
    assert (promise.contract, promise.function, promise.args[2:]) == ("Anchors", "anchor", [1, last])


def test_a_lone_entry_is_anchored_after_its_time(ctx: Context) -> None:
    write(ctx, 1)
    old = datetime.now(UTC) - timedelta(hours=2)
    ctx.session.execute(update(JournalEntry).values(recorded_at=old))
    ctx.session.expire_all()
    anchoring.anchor_journal(ctx)
    assert custody.intents_of(ctx, anchoring.ANCHOR_REF, "1")


def test_an_entry_is_proved_against_the_root_on_chain(ctx: Context, ctx_for: Any) -> None:
    auditor = ctx_for(Role.AUDITOR)
    last = write(ctx, 7)
    anchoring.anchor_journal(ctx)
    with pytest.raises(NotAnchored):
        audit.proof(auditor, last)
    anchored(ctx)
    for seq in (1, 3, last):
        proof = audit.proof(auditor, seq)
        assert proof.valid
        assert proof.root == proof.anchor.root


def test_a_changed_entry_is_found(ctx: Context, ctx_for: Any) -> None:
    auditor = ctx_for(Role.AUDITOR)
    last = write(ctx, 7)
    anchoring.anchor_journal(ctx)
    anchored(ctx)
    assert audit.verify_journal(auditor).first_broken is None
    ctx.session.execute(update(JournalEntry).where(JournalEntry.seq == last - 1).values(actor="кто-то другой"))
    ctx.session.expire_all()
    assert audit.verify_journal(auditor).first_broken == last - 1
    assert not audit.proof(auditor, last - 1).valid
    assert audit.proof(auditor, last).valid


@pytest.mark.parametrize("at_once", [1, 3, 2_000])
def test_entries_cut_off_at_the_end_are_missed(
    ctx: Context, ctx_for: Any, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(journal, "READ_AT_ONCE", at_once)
    auditor = ctx_for(Role.AUDITOR)
    last = write(ctx, 7)
    assert audit.verify_journal(auditor).first_broken is None
    ctx.session.execute(delete(JournalEntry).where(JournalEntry.seq > last - 2))
    ctx.session.expire_all()
    assert audit.verify_journal(auditor).first_broken == last - 1


def test_a_last_entry_with_a_hash_made_to_fit_is_found(ctx: Context, ctx_for: Any) -> None:
    auditor = ctx_for(Role.AUDITOR)
    last = write(ctx, 3)
    entry = ctx.session.get_one(JournalEntry, last)
    entry.actor = "кто-то другой"
    entry.hash = journal.entry_hash(entry)
    ctx.session.flush()
    assert audit.verify_journal(auditor).first_broken == last


def test_the_journal_is_for_auditors(ctx: Context, ctx_for: Any) -> None:
    write(ctx, 3)
    found = audit.entries(ctx_for(Role.AUDITOR), audit.JournalFilter(action="test."), PageRequest())
    assert [one.entity_id for one in found.items] == ["2", "1", "0"]
    with pytest.raises(Forbidden):
        audit.entries(ctx_for(Role.INVESTOR), audit.JournalFilter(), PageRequest())
