"""Registers and statements: what is given out, to whom, and how it is checked."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from backend.audit import events, merkle, repository
from backend.audit.certificates import certificate
from backend.audit.journal import leaf_of
from backend.core.context import Context
from backend.core.errors import Forbidden
from backend.core.pagination import PageRequest
from backend.core.permissions import Role
from backend.identity import service as identity
from backend.reports import service as reports
from backend.reports.errors import DocumentUnknown, PeriodInvalid
from backend.reports.service import MADE, FileKind, RegisterKind
from indexer.models import ChainAnchor, ChainParticipant, ChainRubleEntry, ChainTransfer
from tests.backend.payouts.market import ASSET, DAY, Market, make_market
from tests.factories.chain import address, word


@pytest.fixture
def market(ctx_for: Any) -> Market:
    market = make_market(ctx_for)
    chain, wallet = market.chain, market.people["person"].wallet
    place = {**chain.place(), "tx_hash": chain.tx_hash, "at": chain.at}
    issue = {"asset": ASSET, "from_address": address(0), "to_address": wallet, "units": 137, "kind": "ISSUE"}
    market.ctx.session.add(ChainTransfer(**place, **issue))
    for kind, free in {"CREDIT": 200_000_00, "PAID_OUT": -137_000_00}.items():
        place = {**chain.place(), "tx_hash": chain.tx_hash, "at": chain.at}
        market.ctx.session.add(ChainRubleEntry(**place, account=wallet, kind=kind, free_delta=free))
    market.ctx.session.flush()
    market.clock.moment += DAY / 24
    return market


@pytest.fixture
def registrar(market: Market, ctx_for: Any) -> Context:
    return replace(ctx_for(Role.REGISTRAR), clock=market.clock)


def test_a_statement_says_what_the_chain_says(market: Market, ctx_for: Any) -> None:
    person = market.as_holder(ctx_for, "person")
    made = reports.make_statement(person)
    content = json.loads(reports.document_json(person, made.number))
    assert [(one["issue"], one["units"], one["total"]) for one in content["holdings"]] == [
        (market.issue.number, 137, "137000.00")
    ]
    assert (content["rubles"]["opening"], content["rubles"]["closing"]) == ("0.00", "63000.00")
    assert [one["units"] for one in content["operations"]] == [137]
    assert reports.document_pdf(person, made.number).startswith(b"%PDF-")


def test_a_statement_of_the_past_does_not_know_the_present(market: Market, ctx_for: Any) -> None:
    person = market.as_holder(ctx_for, "person")
    then = market.clock.moment
    market.at(then + DAY)
    market.chain.hold(ASSET, market.people["person"].wallet, 7)
    made = reports.make_statement(person, until=then)
    content = json.loads(reports.document_json(person, made.number))
    assert content["holdings"][0]["units"] == 137


def test_anybody_can_check_a_statement_without_learning_whose_it_is(market: Market, ctx_for: Any) -> None:
    person = market.as_holder(ctx_for, "person")
    made = reports.make_statement(person)
    digest = hashlib.sha256(reports.document_json(person, made.number)).hexdigest()
    stranger = ctx_for()
    found = reports.verify(stranger, made.number.lower(), digest)
    assert found.matches is True
    assert not hasattr(found, "participant_id")
    assert reports.verify(stranger, made.number, "00" * 32).matches is False
    with pytest.raises(DocumentUnknown):
        reports.verify(stranger, "KPT-DOC-999999")


def test_a_statement_is_for_its_owner_and_the_registrar(market: Market, registrar: Context, ctx_for: Any) -> None:
    made = reports.make_statement(registrar, number=market.people["person"].number)
    assert reports.document_json(market.as_holder(ctx_for, "person"), made.number)
    with pytest.raises(DocumentUnknown):
        reports.document_json(market.as_holder(ctx_for, "foreigner"), made.number)
    with pytest.raises(Forbidden):
        reports.make_statement(market.as_holder(ctx_for, "person"), number=market.people["foreigner"].number)
    assert reports.my_documents(market.as_holder(ctx_for, "person"), PageRequest()).total == 1


def test_a_statement_remembers_what_was_held_under_a_replaced_address(market: Market, ctx_for: Any) -> None:
    row, new, then = market.people["person"], address(0x4E3), market.clock.moment
    old = row.wallet
    market.at(then + DAY)
    chain = market.ctx.session.get_one(ChainParticipant, old)
    chain.status, chain.replaced_by = "REPLACED", new
    market.chain.participant(new, chain.number)
    market.chain.hold(ASSET, old, 0)
    market.chain.hold(ASSET, new, 137)
    place = {**market.chain.place(), "tx_hash": market.chain.tx_hash, "at": market.chain.at}
    moved = {"asset": ASSET, "from_address": old, "to_address": new, "units": 137, "kind": "REPLACEMENT"}
    market.ctx.session.add(ChainTransfer(**place, **moved))
    for account, kind, free in ((old, "MOVED_OUT", -63_000_00), (new, "MOVED_IN", 63_000_00)):
        place = {**market.chain.place(), "tx_hash": market.chain.tx_hash, "at": market.chain.at}
        market.ctx.session.add(ChainRubleEntry(**place, account=account, kind=kind, free_delta=free))
    row.wallet = new
    market.ctx.session.flush()
    person = market.as_holder(ctx_for, "person")
    for until in (then, None):
        content = json.loads(reports.document_json(person, reports.make_statement(person, until=until).number))
        assert [one["units"] for one in content["holdings"]] == [137]
        assert content["rubles"]["closing"] == "63000.00"
        assert [one["units"] for one in content["operations"]] == [137]
    assert identity.participants_by_wallets(market.ctx, [old, new]) == {old: row, new: row}
    assert identity.participant_by_wallet(market.ctx, old) == row


def test_what_is_not_over_yet_is_not_certified(market: Market, registrar: Context, ctx_for: Any) -> None:
    ahead = market.clock.moment + timedelta(seconds=1)
    with pytest.raises(PeriodInvalid) as refused:
        reports.make_statement(market.as_holder(ctx_for, "person"), until=ahead)
    assert (refused.value.code, refused.value.field) == ("period_not_over", "until")
    with pytest.raises(PeriodInvalid):
        reports.register(registrar, RegisterKind.HOLDERS, until=ahead)
    assert reports.make_statement(market.as_holder(ctx_for, "person"), until=market.clock.moment)


def test_both_files_of_a_statement_are_known_again_and_a_changed_one_is_not(market: Market, ctx_for: Any) -> None:
    person, stranger = market.as_holder(ctx_for, "person"), ctx_for()
    made = reports.make_statement(person)
    copy, paper = reports.document_json(person, made.number), reports.document_pdf(person, made.number)
    assert reports.check_file(stranger, copy)[1] is FileKind.COPY
    assert reports.check_file(stranger, copy, made.number)[1] is FileKind.COPY
    assert reports.check_file(stranger, paper, made.number)[1] is FileKind.PAPER
    found, kind = reports.check_file(stranger, paper + b"\n", made.number)
    assert (found.matches, kind) == (False, None)
    with pytest.raises(DocumentUnknown):
        reports.check_file(stranger, copy + b" ")


def test_a_certificate_is_signed_and_leads_to_the_root_on_chain(market: Market, ctx_for: Any) -> None:
    person = market.as_holder(ctx_for, "person")
    made = reports.make_statement(person)
    found = reports.verify(ctx_for(), made.number)
    events.ensure_key(market.ctx)
    before = certificate(ctx_for(), found.attested, action=MADE, entity_id=found.document_id)
    assert before.place is not None
    assert before.place.anchor is None
    seq = before.place.seq
    leaves = [leaf_of(one) for one in repository.entry_hashes(market.ctx, 1, seq)]
    market.ctx.session.add(
        ChainAnchor(
            kind="JOURNAL", sequence=1, root="0x" + merkle.root(leaves).hex(), previous=word(0), first_entry=1,
            last_entry=seq, block_number=market.chain.number, tx_hash=word(1), at=market.clock.moment,
        )
    )  # fmt: skip
    market.ctx.session.flush()
    after = certificate(ctx_for(), found.attested, action=MADE, entity_id=found.document_id)
    assert after.place is not None
    assert after.place.valid is True
    text = json.dumps(after.as_dict(), ensure_ascii=False)
    assert market.people["person"].number not in text
    assert "Иван" not in text
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(str(after.public_key)))
    key.verify(bytes.fromhex(str(after.signature)), events.canonical(after.content))
    assert after.content["sha256"] == made.sha256


@pytest.mark.parametrize("kind", list(RegisterKind))
def test_every_register_can_be_listed(market: Market, registrar: Context, kind: RegisterKind) -> None:
    market.tick()
    table = reports.register(registrar, kind)
    assert table.titles
    assert all(len(row) == len(table.titles) for row in table.rows)
    counts = {"participants": 4, "issues": 1, "deals": 0, "holders": 3, "payouts": 0}
    assert len(table.rows) == counts[kind]


def test_registers_hold_no_names(market: Market, registrar: Context) -> None:
    for kind in RegisterKind:
        text = json.dumps(reports.register(registrar, kind).rows, ensure_ascii=False)
        assert "Иван" not in text


def test_an_investor_gets_no_register(market: Market, ctx_for: Any) -> None:
    with pytest.raises(Forbidden):
        reports.register(market.as_holder(ctx_for, "person"), RegisterKind.HOLDERS)


def test_a_period_that_ends_before_it_begins_is_refused(market: Market, registrar: Context) -> None:
    with pytest.raises(PeriodInvalid):
        reports.register(registrar, RegisterKind.DEALS, market.clock.moment, market.clock.moment - DAY)


def test_a_month_is_frozen_once_when_it_is_over(market: Market, registrar: Context) -> None:
    reports.freeze_month(market.ctx)
    assert not reports.snapshots(registrar), "December is not over"
    market.at(datetime(2026, 12, 31, 20, 59, 59, tzinfo=UTC))
    market.chain.hold(ASSET, market.people["company"].wallet, 40)
    market.at(datetime(2026, 12, 31, 21, 0, 1, tzinfo=UTC))
    market.chain.hold(ASSET, market.people["company"].wallet, 50)
    reports.freeze_month(market.ctx)
    reports.freeze_month(market.ctx)
    found = reports.snapshots(registrar)
    assert [(one.month, one.kind) for one in found] == [
        ("2026-12", kind) for kind in ("deals", "holders", "issues", "participants")
    ]
    row, table = reports.snapshot_table(registrar, "2026-12", "holders")
    assert [line[3] for line in table.rows] == [137, 60, 40], "as of the last second of the month in Moscow"
    assert row.sha256 == hashlib.sha256(row.content).hexdigest()
