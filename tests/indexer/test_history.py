"""What is stored can be asked and checked again: holdings at a block or a moment by index, history by its own proofs."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, delete, select, text, update
from sqlmodel import col

from indexer.chain.client import RpcClient
from indexer.db import is_sqlite, session_scope
from indexer.main import main
from indexer.models import ChainAlarm, ChainBlock, ChainHoldingHistory, ChainLog, ChainTransaction
from indexer.models.holdings import holdings_at
from indexer.sync.reconciler import snapshot
from indexer.sync.stored import Recheck, recheck
from tests.indexer.conftest import Told, index_all

EPOCH = 30_000


def as_dict(rows: list[ChainHoldingHistory]) -> dict[tuple[str, str], int]:
    return {(row.asset, row.holder): row.units for row in rows}


def by_reading_everything(rows: list[ChainHoldingHistory], column: str, limit: int) -> dict[tuple[str, str], int]:
    """The slow and obvious way."""
    last = {(row.asset, row.holder): row.units for row in rows if getattr(row, column) <= limit}
    return {key: units for key, units in last.items() if units}


def test_holdings_at_any_block_and_moment_are_those_of_the_whole_history(told: Told, engine: Engine) -> None:
    index_all(told.settings(str(engine.url)), engine)
    asset, alice = told.story.bond.address.lower(), told.story.system.people.alice.lower()
    with session_scope(engine, write=False) as session:
        order = (col(ChainHoldingHistory.block_number), col(ChainHoldingHistory.log_index))
        rows = list(session.execute(select(ChainHoldingHistory).order_by(*order)).scalars())
        places = sorted({(row.block_number, row.timestamp) for row in rows})
        assert len(places) > 20
        for block, timestamp in places[:: len(places) // 8]:
            connection = session.connection()
            for question, limit in (({"block": block}, block), ({"timestamp": timestamp}, timestamp)):
                column = "block_number" if "block" in question else "timestamp"
                every = by_reading_everything(rows, column, limit)
                of_asset = session.execute(holdings_at(connection, asset=asset, **question)).scalars().all()
                assert as_dict(of_asset) == {key: units for key, units in every.items() if key[0] == asset}
                hers = session.execute(holdings_at(connection, holder=alice, **question)).scalars().all()
                assert as_dict(hers) == {key: units for key, units in every.items() if key[1] == alice}


def explained(engine: Engine, **question: Any) -> str:
    """The plan of the database, told not to prefer reading a small table whole."""
    with engine.connect() as connection:
        statement = holdings_at(connection, **question).compile(engine, compile_kwargs={"literal_binds": True})
        if not is_sqlite(engine):
            connection.execute(text("SET enable_seqscan = off"))
        prefix = "EXPLAIN QUERY PLAN " if is_sqlite(engine) else "EXPLAIN "
        plan = connection.exec_driver_sql(prefix + str(statement).replace("%", "%%")).all()
    return "\n".join(" ".join(map(str, row)) for row in plan)


@pytest.mark.parametrize("moment", [{"block": 50}, {"timestamp": 2_000_000_000}], ids=["block", "moment"])
@pytest.mark.parametrize("whose", [{"asset": "0x" + "1" * 40}, {"holder": "0x" + "2" * 40}], ids=["asset", "holder"])
def test_who_held_what_is_answered_by_index_not_by_scan(
    engine: Engine, moment: dict[str, int], whose: dict[str, str]
) -> None:
    plan = explained(engine, **whose, **moment)
    assert "Seq Scan" not in plan, plan
    assert "SCAN" not in plan.replace("USE TEMP B-TREE", ""), plan
    index = "ix_chain_holding_history_time" if "timestamp" in moment else "chain_holding_history"
    assert index in plan, plan


def test_a_question_that_is_none_is_refused(engine: Engine) -> None:
    with engine.connect() as connection:
        for wrong in ({"asset": "0x"}, {"block": 1}, {"asset": "0x", "block": 1, "timestamp": 1}):
            with pytest.raises(ValueError, match="ask for"):
                holdings_at(connection, **wrong)  # type: ignore[arg-type]  # the point


# --- checking history again ------------------------------------------------------------------------------------------


def checked(told: Told, engine: Engine, first: int = 0, last: int = 10**9) -> Recheck:
    indexer = index_all(told.settings(str(engine.url)), engine)
    with snapshot(engine) as session, RpcClient(told.url) as client:
        return recheck(session, indexer.book, first, last, EPOCH, client)


def test_untouched_history_has_no_fault(told: Told, engine: Engine) -> None:
    found = checked(told, engine)
    assert found.faults == []
    assert found.blocks == found.last + 1 > 200
    assert found.transactions > 150
    assert found.logs > 200


FAULTS: list[tuple[str, Any, str]] = [
    ("another sender", update(ChainTransaction).values(sender="0x" + "6" * 40), "signer"),
    ("a sum in a log", update(ChainLog).values(data="0x" + "0" * 64), "receiptsRoot"),
    ("a decoded value", update(ChainLog).values(args={"kopeks": 1}), "decoding"),
    ("a status", update(ChainTransaction).values(status=0), "receiptsRoot"),
    ("a number of seals", update(ChainBlock).values(seals_count=4), "block row"),
    ("a lost log", delete(ChainLog), "receiptsRoot"),
    ("a lost block", delete(ChainBlock), "gap"),
]


@pytest.mark.parametrize(
    ("statement", "check"), [(one, two) for _, one, two in FAULTS], ids=[one for one, _, _ in FAULTS]
)
def test_a_changed_row_is_found_with_its_block_and_check(
    told: Told, sqlite_engine: Engine, statement: Any, check: str
) -> None:
    index_all(told.settings(str(sqlite_engine.url)), sqlite_engine)
    with session_scope(sqlite_engine) as session:
        spoilt = session.execute(select(ChainLog.block_number).order_by(ChainLog.block_number.desc())).scalars().first()  # type: ignore[call-overload,attr-defined]
        column = "number" if statement.table.name == "chain_blocks" else "block_number"
        session.execute(statement.where(statement.table.c[column] == spoilt))
    found = checked(told, sqlite_engine)
    assert check in {fault.check for fault in found.faults}
    assert {fault.block_number for fault in found.faults} <= {spoilt, spoilt + 1}


def test_the_command_checks_a_range_and_alarms(
    told: Told, sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = told.settings(str(sqlite_engine.url))
    index_all(settings, sqlite_engine)
    for name, value in settings.model_dump(exclude_none=True).items():
        monkeypatch.setenv(f"KAPITAL_{name.upper()}", str(value))
    assert main(["verify", "--from", "10", "--to", "40"]) == 0
    assert "blocks 10 to 40: 31 blocks" in capsys.readouterr().out
    with session_scope(sqlite_engine) as session:
        session.execute(update(ChainTransaction).where(col(ChainTransaction.block_number) == 20).values(sender="0x"))
    assert main(["verify", "--from", "10"]) == 1
    assert "block 20: signer" in capsys.readouterr().out
    with session_scope(sqlite_engine, write=False) as session:
        alarm = session.execute(select(ChainAlarm)).scalar_one()
        assert (alarm.block_number, alarm.check) == (20, "signer")
    assert main(["verify", "--from", "100000"]) == 2
