"""The indexer on the real contracts: what SQL says is what the contracts say, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, func, select, text
from sqlmodel import col

from indexer.chain.abi import contract_names, events_of
from indexer.chain.client import RpcClient
from indexer.db import session_scope
from indexer.main import main
from indexer.models import (
    DERIVED,
    ChainAlarm,
    ChainBlock,
    ChainEncumbrance,
    ChainHolding,
    ChainHoldingHistory,
    ChainLog,
    ChainOrder,
    ChainPlacement,
    ChainProposal,
    ChainReconciliation,
    ChainRecordDate,
    ChainRubleAccount,
    ChainRubleEntry,
    ChainRun,
    ChainTender,
    ChainTransaction,
    ChainTransfer,
)
from indexer.projections import APPLIED
from indexer.projections.projector import rebuild
from indexer.sync.checkpoint import load_cursor
from indexer.sync.reconciler import reconcile
from tests.indexer.conftest import Told, index_all

UNTRACKED = {
    "AccessManager": None,  # labels, delays and schedules that the platform doesn't use
    "DigitalAsset": {
        "Approval",
        "ForcedTransfer",
        "UnitsForced",
    },  # the last two are read beside the Transfer they explain
    "IssueRegistry": set(),
}


def test_sql_agrees_with_every_contract_on_both_databases(told: Told, engine: Engine) -> None:
    indexer = index_all(told.settings(str(engine.url)), engine)
    with RpcClient(told.url) as client:
        report = reconcile(engine, client, indexer.book)
    assert report.mismatches == []
    assert report.compared > 100
    assert all(report.counts.values())
    with session_scope(engine, write=False) as session:
        kept = session.execute(select(ChainReconciliation)).scalar_one()
        assert (kept.block_number, kept.mismatches) == (indexer.cursor.height, 0)
        assert session.execute(select(ChainAlarm)).first() is None


def test_the_story_touches_every_derived_table(told: Told, sqlite_engine: Engine) -> None:
    index_all(told.settings(str(sqlite_engine.url)), sqlite_engine)
    with session_scope(sqlite_engine, write=False) as session:
        empty = [
            model.__name__ for model in DERIVED if not session.execute(select(func.count()).select_from(model)).scalar()
        ]
    assert empty == []


def test_every_event_of_the_contracts_has_a_projection_or_a_reason() -> None:
    missing = [
        f"{contract}.{event.name}"
        for contract in contract_names()
        for event in events_of(contract).values()
        if f"{contract}.{event.name}" not in APPLIED
        and UNTRACKED.get(contract, set()) is not None
        and event.name not in (UNTRACKED.get(contract) or set())
    ]
    assert missing == []
    known = {f"{contract}.{event.name}" for contract in contract_names() for event in events_of(contract).values()}
    assert set(APPLIED) <= known


def test_the_digest_depends_neither_on_chunks_nor_on_the_database(
    told: Told, engine: Engine, sqlite_engine: Engine
) -> None:
    whole = index_all(told.settings(str(engine.url), chunk_blocks=400), engine).cursor
    small = index_all(told.settings(str(sqlite_engine.url), chunk_blocks=7), sqlite_engine).cursor
    assert whole == small


def test_rebuilding_from_raw_facts_gives_the_same_digest_and_rows(told: Told, engine: Engine) -> None:
    index_all(told.settings(str(engine.url)), engine)
    before = contents(engine)
    settings = told.settings(str(engine.url))
    indexer = index_all(settings, engine)
    with session_scope(engine) as session:
        cursor, digest = rebuild(session, indexer.book)
    assert digest == cursor.digest
    assert contents(engine) == before


def test_rebuilding_repairs_a_derived_row_that_somebody_changed(told: Told, sqlite_engine: Engine) -> None:
    indexer = index_all(told.settings(str(sqlite_engine.url)), sqlite_engine)
    before = contents(sqlite_engine)
    with sqlite_engine.begin() as connection:
        connection.execute(text("UPDATE chain_ruble_accounts SET free_kopeks = free_kopeks + 1"))
    with RpcClient(told.url) as client:
        report = reconcile(sqlite_engine, client, indexer.book)
    assert {mismatch["table"] for mismatch in report.mismatches} == {"chain_ruble_accounts", "sum of accounts"}
    with session_scope(sqlite_engine) as session:
        rebuild(session, indexer.book)
    assert contents(sqlite_engine) == before


def test_the_register_of_holders_at_each_record_date_is_the_contracts(told: Told, sqlite_engine: Engine) -> None:
    index_all(told.settings(str(sqlite_engine.url)), sqlite_engine)
    story = told.story
    people = story.system.people
    checked = 0
    with session_scope(sqlite_engine, write=False) as session:
        asset = story.bond.address.lower()
        dates = session.execute(select(ChainRecordDate).where(col(ChainRecordDate.asset) == asset)).scalars().all()
        for date in dates:
            for holder in (people.alice, people.bob):
                at_date = (
                    select(ChainHoldingHistory.units)
                    .where(
                        col(ChainHoldingHistory.asset) == asset,
                        col(ChainHoldingHistory.holder) == holder.lower(),
                        col(ChainHoldingHistory.timestamp) <= date.timestamp,
                    )
                    .order_by(col(ChainHoldingHistory.block_number).desc(), col(ChainHoldingHistory.log_index).desc())
                    .limit(1)
                )
                assert (session.execute(at_date).scalar() or 0) == story.bond.unitsAt(holder, date.number)
                checked += 1
    assert checked >= 6


def test_kinds_of_moves_are_told_apart(told: Told, sqlite_engine: Engine) -> None:
    index_all(told.settings(str(sqlite_engine.url)), sqlite_engine)
    with session_scope(sqlite_engine, write=False) as session:
        kinds = set(session.execute(select(ChainTransfer.kind).distinct()).scalars())
        forced = session.execute(select(ChainTransfer).where(col(ChainTransfer.kind) == "FORCED")).scalar_one()
        assert forced.units == 46
        assert forced.document_hash
        states = set(session.execute(select(ChainOrder.state).distinct()).scalars())
        assert states == {"SETTLED", "REFUNDED", "RECALLED", "CANCELLED"}
        assert set(session.execute(select(ChainPlacement.state).distinct()).scalars()) == {"COMPLETED", "FAILED"}
        assert set(session.execute(select(ChainRun.state).distinct()).scalars()) == {"DONE", "CANCELLED"}
        assert set(session.execute(select(ChainTender.state)).scalars()) == {"REDEEMED", "RETURNED"}
        assert set(session.execute(select(ChainProposal.state).distinct()).scalars()) == {"EXECUTED", "CANCELLED"}
        open_now = (
            session.execute(select(ChainEncumbrance).where(col(ChainEncumbrance.state) == "OPEN")).scalars().all()
        )
        assert all(row.units_left for row in open_now)
    assert kinds == {"ISSUE", "TRANSFER", "DELIVERY", "REDEMPTION", "FORCED", "FORCED_BURN", "REPLACEMENT"}


def test_a_replaced_holder_keeps_nothing_and_the_heir_has_all_of_it(told: Told, sqlite_engine: Engine) -> None:
    index_all(told.settings(str(sqlite_engine.url)), sqlite_engine)
    asset, old = told.story.bond.address.lower(), told.story.replaced.lower()
    with session_scope(sqlite_engine, write=False) as session:
        row = session.get(ChainHolding, (asset, old))
        assert row is not None
        assert (row.units, row.encumbered_units, row.frozen_units) == (0, 0, 0)
        account = session.get(ChainRubleAccount, old)
        assert account is not None
        assert account.free_kopeks + account.frozen_kopeks == 0


def test_entries_of_an_account_add_up_to_its_balance(told: Told, sqlite_engine: Engine) -> None:
    index_all(told.settings(str(sqlite_engine.url)), sqlite_engine)
    parts = ("free", "held", "in_transit", "frozen")
    with session_scope(sqlite_engine, write=False) as session:
        accounts = session.execute(select(ChainRubleAccount)).scalars().all()
        assert len(accounts) >= 5
        for account in accounts:
            mine = col(ChainRubleEntry.account) == account.address
            entries = session.execute(select(ChainRubleEntry).where(mine)).scalars().all()
            for part in parts:
                total = sum(getattr(entry, f"{part}_delta") for entry in entries)
                assert total == getattr(account, f"{part}_kopeks")


def test_a_refused_transaction_is_kept_with_the_contracts_reason(told: Told, sqlite_engine: Engine) -> None:
    index_all(told.settings(str(sqlite_engine.url)), sqlite_engine)
    with session_scope(sqlite_engine, write=False) as session:
        refused = session.execute(select(ChainTransaction).where(col(ChainTransaction.status) == 0)).scalar_one()
        assert refused.revert_data is not None
        from indexer.chain.abi import errors_of

        assert errors_of("DigitalAsset")[refused.revert_data[:10]].name == "AssetIsPaused"


def test_every_block_is_proven_and_nothing_stays_undecoded(told: Told, sqlite_engine: Engine) -> None:
    indexer = index_all(told.settings(str(sqlite_engine.url)), sqlite_engine)
    assert indexer.cursor.undecoded == 0
    with session_scope(sqlite_engine, write=False) as session:
        blocks = session.execute(select(ChainBlock)).scalars().all()
        assert len(blocks) == indexer.cursor.height + 1
        assert all(block.proven_hash and block.proven_transactions and block.proven_receipts for block in blocks)
        logs = session.execute(select(func.count()).select_from(ChainLog)).scalar_one()
        assert logs == sum(block.log_count for block in blocks)


def test_the_commands_say_by_their_exit_code_what_they_found(
    told: Told, sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = told.settings(str(sqlite_engine.url))
    index_all(settings, sqlite_engine)
    for name, value in settings.model_dump(exclude_none=True).items():
        monkeypatch.setenv(f"KAPITAL_{name.upper()}", str(value))
    assert main(["verify"]) == 0
    assert ", 0 mismatches" in capsys.readouterr().out
    assert main(["rebuild"]) == 0
    with sqlite_engine.begin() as connection:
        connection.execute(text("UPDATE chain_holdings SET units = units + 1 WHERE units > 0"))
    assert main(["verify"]) == 1
    assert "MISMATCH chain_holdings" in capsys.readouterr().out
    with session_scope(sqlite_engine, write=False) as session:
        assert load_cursor(session).height > 200


def contents(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """Every derived row."""
    with engine.connect() as connection:
        return {
            model.__tablename__: sorted(
                (tuple(map(str, row)) for row in connection.execute(select(model.__table__))), key=str
            )
            for model in DERIVED
        }
