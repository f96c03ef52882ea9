"""Many rows into a table at once, through one interface on both databases: `insert_rows` for new rows, `upsert_rows` for changed ones.

PostgreSQL gets COPY, straight into the table or (to replace rows) into a temporary one that is merged; SQLite gets executemany on its
own driver. Both go around SQLAlchemy's compiler, which costs more than the database itself. Small batches aren't worth a merge:
they are sent as one statement for many rows.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache, lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Connection, Table, Text
from sqlalchemy.dialects import postgresql, sqlite

from indexer.canonical import json_bytes
from indexer.db import UtcDateTime, is_sqlite

Row = dict[str, Any]
Encoder = Callable[[Any], Any]

_SMALL = 50
"""Rows below which a temporary table costs more than it saves."""


def insert_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Add new rows. Raises IntegrityError's driver cousin when one is there already: the caller's transaction is lost then."""
    if not rows:
        return
    if is_sqlite(connection):
        _executemany(connection, _sqlite_insert(table), table, rows)
    elif len(rows) < _SMALL:
        connection.execute(table.insert(), list(rows))
    else:
        _copy(connection, table, table.name, rows)


def upsert_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Add rows, or replace those with the same primary key. No key may occur twice."""
    if not rows:
        return
    if is_sqlite(connection):
        _executemany(connection, _sqlite_upsert(table), table, rows)
    elif len(rows) < _SMALL:
        connection.execute(_upsert(table), list(rows))
    else:
        temporary = f"fresh_{table.name}"
        create, merge, clear = _merging(table, temporary)
        connection.exec_driver_sql(create)
        _copy(connection, table, temporary, rows)
        connection.exec_driver_sql(merge)
        connection.exec_driver_sql(clear)


# --- SQLite ----------------------------------------------------------------------------------------------------------


def _executemany(connection: Connection, statement: str, table: Table, rows: Sequence[Row]) -> None:
    encoders = _sqlite_encoders(table)
    values = [[row[name] if encode is None else encode(row[name]) for name, encode in encoders] for row in rows]
    connection.exec_driver_sql(statement, [tuple(one) for one in values])


@cache
def _sqlite_insert(table: Table) -> str:
    marks = ", ".join("?" * len(table.columns))
    return f"INSERT INTO {table.name} ({_names(table)}) VALUES ({marks})"  # noqa: S608 - names of our own tables


@cache
def _sqlite_upsert(table: Table) -> str:
    return f"{_sqlite_insert(table)} {_on_conflict(table)}"


@cache
def _sqlite_encoders(table: Table) -> list[tuple[str, Encoder | None]]:
    """How SQLAlchemy itself would write each column: None for values that the driver takes as they are."""
    dialect = sqlite.dialect()
    found: list[tuple[str, Encoder | None]] = []
    for column in table.columns:
        special = isinstance(column.type, UtcDateTime | JSON)
        processor = column.type.dialect_impl(dialect).bind_processor(dialect) if special else None
        encode = lru_cache(maxsize=256)(processor) if processor and isinstance(column.type, UtcDateTime) else processor
        found.append((column.name, encode))
    return found


# --- PostgreSQL ------------------------------------------------------------------------------------------------------


def _copy(connection: Connection, table: Table, into: str, rows: Sequence[Row]) -> None:
    pick, line, special = _copy_line(table)
    lines: list[str] = []
    for row in rows:
        values = list(pick(row))
        for place, encode in special:
            values[place] = encode(values[place])
        if None in values:
            raise ValueError(f"a column of {table.name} that can't be NULL is: {row}")
        lines.append(line % tuple(values))
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {into} ({_names(table)}) FROM STDIN") as copy:
        copy.write("".join(lines))


@cache
def _copy_line(table: Table) -> tuple[Callable[[Row], tuple[Any, ...]], str, list[tuple[int, Encoder]]]:
    """A row as a line for COPY: its values in order, the format of the line, and which values aren't written as they are.

    Tab between, newline after, backslash before what means something, \\N for NULL. Numbers, addresses and hashes that can't be NULL are
    written as they are, by the format alone.
    """
    special = [(place, encode) for place, column in enumerate(table.columns) if (encode := _copy_encoder(column))]
    line = "\t".join(["%s"] * len(table.columns)) + "\n"
    return itemgetter(*[column.name for column in table.columns]), line, special


def _copy_encoder(column: Column[Any]) -> Encoder | None:
    kind = column.type
    if isinstance(kind, JSON):
        return _json_text
    if isinstance(kind, UtcDateTime):
        return _time_text
    if isinstance(kind, Boolean):
        return _flag_text
    if isinstance(kind, Text) or getattr(kind, "length", None) not in {None, 42, 66}:
        return _free_text
    return _plain_text if column.nullable else None


def _plain_text(value: Any) -> str:
    """What may be NULL, but needs no backslash."""
    return "\\N" if value is None else str(value)


def _free_text(value: str | None) -> str:
    if value is None:
        return "\\N"
    if value.isalnum():
        return value
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _json_text(value: Any) -> str:
    # an absent JSON value is written as SQLAlchemy writes it: the JSON null
    return json_bytes(value).decode().replace("\\", "\\\\")


def _time_text(value: datetime | None) -> str:
    return "\\N" if value is None else _moment_text(value)


@lru_cache(maxsize=256)
def _moment_text(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError(f"a time without a zone can't be stored: {value!r}")
    return value.isoformat()


def _flag_text(value: bool | None) -> str:
    return "\\N" if value is None else "t" if value else "f"


@cache
def _merging(table: Table, temporary: str) -> tuple[str, str, str]:
    """Statements that make the temporary table (once a connection), merge it and empty it."""
    create = f"CREATE TEMPORARY TABLE IF NOT EXISTS {temporary} (LIKE {table.name}) ON COMMIT DELETE ROWS"
    names = _names(table)
    merge = f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {temporary} {_on_conflict(table)}"  # noqa: S608 - our own
    return create, merge, f"DELETE FROM {temporary}"  # noqa: S608 - our own name


@cache
def _upsert(table: Table) -> Any:
    statement = postgresql.insert(table)
    others = {column.name: statement.excluded[column.name] for column in table.columns if not column.primary_key}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=others)


# --- both ------------------------------------------------------------------------------------------------------------


@cache
def _names(table: Table) -> str:
    return ", ".join(_quoted(column.name) for column in table.columns)


def _on_conflict(table: Table) -> str:
    keys = ", ".join(_quoted(column.name) for column in table.primary_key)
    others = ", ".join(
        f"{_quoted(column.name)} = excluded.{_quoted(column.name)}"
        for column in table.columns
        if not column.primary_key
    )
    return f"ON CONFLICT ({keys}) DO UPDATE SET {others}"


def _quoted(name: str) -> str:
    return f'"{name}"'
