"""Rows written in bulk come back as they were, on both databases, in small and in large batches."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, select

from indexer.models import ChainDocument, ChainLog, ChainTransaction
from indexer.sync.bulk import insert_rows, upsert_rows

NOON = datetime(2026, 5, 17, 12, 0, 0, 1, tzinfo=UTC)
NASTY = ["", "\\", "\\N", "\\.", "a\tb", "a\nb", "\r\n", "None", "%s", "'\"", "Выпуск ЦФА-1", "\\\\t", "0xabc"]


def document(number: int, uri: str, *, removed: bool = False) -> dict[str, Any]:
    word = f"0x{number:064x}"
    return {
        "asset": "0x" + "a" * 40,
        "name": word,
        "uri": uri,
        "document_hash": word,
        "removed": removed,
        "block_number": number,
        "tx_hash": word,
        "at": NOON,
    }


def stored(engine: Engine, model: Any) -> list[dict[str, Any]]:
    table = model.__table__
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()]


@pytest.mark.parametrize("count", [1, 200])
def test_any_text_comes_back_and_a_second_writing_replaces_it(engine: Engine, count: int) -> None:
    table = ChainDocument.__table__  # type: ignore[attr-defined]  # SQLModel sets it
    first = [document(number, NASTY[number % len(NASTY)]) for number in range(count)]
    second = [document(number, f"{number}\\\t", removed=True) for number in range(0, count, 2)]
    with engine.begin() as connection:
        insert_rows(connection, table, first)
        assert stored_in(connection, table) == first
        upsert_rows(connection, table, second)
        upsert_rows(connection, table, [])
    wanted = {row["name"]: row for row in [*first, *second]}
    assert stored(engine, ChainDocument) == list(wanted.values())


def stored_in(connection: Any, table: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()]


def test_any_json_and_any_text_come_back(engine: Engine) -> None:
    args: list[Any] = [None, [], "\\", ""]
    args += [
        {"a": n, "\\k": s, "l": [None, True, 2**150, -5], "n": {"x": s + "\u2028\x01"}} for n in range(5) for s in NASTY
    ]
    uris = [text + chr(odd) for text in NASTY for odd in (9, 10, 13, 92, 0x400, 0x1F600, 127, 1)]
    logs = [
        {
            "block_number": 1,
            "log_index": number,
            "tx_hash": "0x" + "1" * 64,
            "tx_index": 0,
            "address": "0x" + "2" * 40,
            "topics": ["0x" + "3" * 64],
            "data": "0x",
            "at": NOON,
            "contract": None if number % 2 else "Rubles",
            "event": None,
            "args": one,
        }
        for number, one in enumerate(args)
    ]
    documents = [document(number, uri) for number, uri in enumerate(uris)]
    with engine.begin() as connection:
        for model, rows in ((ChainLog, logs), (ChainDocument, documents)):
            table = model.__table__  # type: ignore[attr-defined]  # SQLModel sets it
            insert_rows(connection, table, rows)
    assert stored(engine, ChainLog) == logs
    assert stored(engine, ChainDocument) == documents


@pytest.mark.parametrize("count", [1, 60])
def test_a_missing_value_is_refused_not_written_as_a_word(engine: Engine, count: int) -> None:
    table = ChainTransaction.__table__  # type: ignore[attr-defined]  # SQLModel sets it
    row = dict.fromkeys([column.name for column in table.columns])
    with pytest.raises(Exception, match=r"NULL|null"), engine.begin() as connection:
        insert_rows(connection, table, [row] * count)
