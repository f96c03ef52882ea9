"""Rows of derived tables while blocks are applied: read once, changed in memory, written together.

What a block changed goes into the running digest in a fixed order, so the digest depends neither on the size of chunks nor on the
database. Numbers that a stranger may put into an event (a price, a rate) are cut to 63 bits here; the exact value stays in the log.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Integer, Table, and_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

from indexer.chain.errors import ProofFailed
from indexer.db import is_sqlite
from indexer.models import ChainIssue
from indexer.models.fields import BIGINT_MAX
from indexer.sync.facts import Fact, Row

Model = type[SQLModel]
Key = tuple[Any, ...]


class Store:
    """The derived tables within one database transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._rows: dict[tuple[str, Key], Row | None] = {}
        self._tables: dict[str, Table] = {}
        self._in_block: set[tuple[str, Key]] = set()
        self._unsaved: set[tuple[str, Key]] = set()
        self._issue_ids: dict[str, str] = {}

    def find(self, model: Model, *key: Any) -> Row | None:
        """The row with that primary key, None when there is none. Don't change it; use `put` or `change`."""
        table = self._table(model)
        place = (table.name, key)
        if place not in self._rows:
            wanted = and_(*(column == value for column, value in zip(table.primary_key, key, strict=True)))
            row = self._session.connection().execute(select(table).where(wanted)).mappings().one_or_none()
            self._rows[place] = dict(row) if row is not None else None
        return self._rows[place]

    def get(self, model: Model, fact: Fact, *key: Any) -> Row:
        """Like `find`, but a missing row is a contradiction of the facts: ProofFailed."""
        row = self.find(model, *key)
        if row is None:
            raise ProofFailed(
                "projection", fact.block_number, f"{fact.key} of log {fact.log_index}: no {model.__name__} {key}"
            )
        return row

    def put(self, model: Model, **values: Any) -> None:
        """Write a whole row, new or in place of an old one; columns not named are None or their default."""
        table = self._table(model)
        row = {
            column.name: _fitting(column.type, values.pop(column.name, _default(model, column.name)))
            for column in table.columns
        }
        if values:
            raise TypeError(f"{table.name} has no column {', '.join(values)}")
        self._remember(table, row)

    def change(self, model: Model, fact: Fact, key: Key, **values: Any) -> Row:
        """Change columns of a row that must exist; returns the row."""
        table = self._table(model)
        row = dict(self.get(model, fact, *key))
        for name, value in values.items():
            row[name] = _fitting(table.columns[name].type, value)
        self._remember(table, row)
        return row

    def select(self, model: Model, **equals: Any) -> list[Row]:
        """All rows with these values, pending changes included, in the order of their keys."""
        self.flush()
        table = self._table(model)
        wanted = and_(*(table.columns[name] == value for name, value in equals.items()))
        found = self._session.connection().execute(select(table).where(wanted).order_by(*table.primary_key)).mappings()
        return [dict(row) for row in found]

    def issue_of_asset(self, fact: Fact) -> Row:
        """The row of chain_issues that belongs to the asset which emitted the fact."""
        issue_id = self._issue_ids.get(fact.address)
        if issue_id is None:
            found = self.select(ChainIssue, asset=fact.address)
            if not found:
                raise ProofFailed("projection", fact.block_number, f"{fact.key}: no issue of asset {fact.address}")
            issue_id = self._issue_ids[fact.address] = found[0]["issue_id"]
        return self.get(ChainIssue, fact, issue_id)

    def seal(self, digest: str, block_hash: str) -> str:
        """End a block: its changes become part of the digest."""
        state = hashlib.sha256(bytes.fromhex(digest[2:] + block_hash[2:]))
        for name, key in sorted(self._in_block, key=lambda place: (place[0], _canonical(place[1]))):
            state.update(_canonical([name, self._rows[name, key]]).encode())
        return "0x" + state.hexdigest()

    def forget_block(self) -> None:
        """Begin the next block's list of changes."""
        self._in_block.clear()

    def flush(self) -> None:
        """Write everything that has changed since the last flush."""
        names = sorted({name for name, _ in self._unsaved})
        for name in names:
            keys = sorted((key for table, key in self._unsaved if table == name), key=_canonical)
            self._upsert(self._tables[name], [row for key in keys if (row := self._rows[name, key])])
        self._unsaved.clear()

    def _remember(self, table: Table, row: Row) -> None:
        place = (table.name, tuple(row[column.name] for column in table.primary_key))
        self._rows[place] = row
        self._in_block.add(place)
        self._unsaved.add(place)

    def _upsert(self, table: Table, rows: Sequence[Row]) -> None:
        connection = self._session.connection()
        dialect = sqlite if is_sqlite(connection) else postgresql
        statement = dialect.insert(table)
        others = {column.name: statement.excluded[column.name] for column in table.columns if not column.primary_key}
        statement = statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=others)
        connection.execute(statement, list(rows))

    def _table(self, model: Model) -> Table:
        table: Table = model.__table__  # type: ignore[attr-defined]  # SQLModel sets it
        self._tables[table.name] = table
        return table


def _fitting(kind: Any, value: Any) -> Any:
    if isinstance(kind, BigInteger | Integer) and isinstance(value, int) and not isinstance(value, bool):
        return max(-BIGINT_MAX, min(value, BIGINT_MAX))
    return value


def _default(model: Model, column: str) -> Any:
    field = model.model_fields[column]
    return None if field.is_required() else field.get_default()


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)
