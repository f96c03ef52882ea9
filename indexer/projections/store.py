"""Rows of derived tables while blocks are applied: read once, changed in memory, written together.

What a block changed goes into the running digest in a fixed order, so the digest depends neither on the size of chunks nor on the
database. Numbers that a stranger may put into an event (a price, a rate) are cut to 63 bits here; the exact value stays in the log.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import groupby
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


@dataclass(frozen=True)
class Layout:
    """What is asked of a table for every row, looked up once: its columns' defaults, which are numbers, and its key."""

    table: Table
    defaults: Row
    numbers: frozenset[str]
    key: tuple[str, ...]


@cache
def layout(model: Model) -> Layout:
    """Layout of a derived table; a column without a default begins as None."""
    table: Table = model.__table__  # type: ignore[attr-defined]  # SQLModel sets it
    fields, names = model.model_fields, [column.name for column in table.columns]
    defaults = {name: None if fields[name].is_required() else fields[name].get_default() for name in names}
    numbers = frozenset(column.name for column in table.columns if isinstance(column.type, BigInteger | Integer))
    return Layout(table, defaults, numbers, tuple(column.name for column in table.primary_key))


class Store:
    """The derived tables within one database transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._rows: dict[tuple[str, Key], Row | None] = {}
        self._layouts: dict[str, Layout] = {}
        self._in_block: set[tuple[str, Key]] = set()
        self._unsaved: set[tuple[str, Key]] = set()
        self._issue_ids: dict[str, str] = {}

    def find(self, model: Model, *key: Any) -> Row | None:
        """The row with that primary key, None when there is none. Don't change it; use `put` or `change`."""
        table = self._layout(model).table
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
        shape = self._layout(model)
        self._remember(shape, {**shape.defaults, **_fitting(shape, values)})

    def change(self, model: Model, fact: Fact, key: Key, **values: Any) -> Row:
        """Change columns of a row that must exist; returns the row."""
        shape = self._layout(model)
        row = {**self.get(model, fact, *key), **_fitting(shape, values)}
        self._remember(shape, row)
        return row

    def select(self, model: Model, **equals: Any) -> list[Row]:
        """All rows with these values, pending changes included, in the order of their keys."""
        self.flush()
        table = self._layout(model).table
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
        for name, key in sorted(self._in_block, key=_in_order):
            state.update(_canonical([name, self._rows[name, key]]).encode())
        return "0x" + state.hexdigest()

    def forget_block(self) -> None:
        """Begin the next block's list of changes."""
        self._in_block.clear()

    def flush(self) -> None:
        """Write everything that has changed since the last flush."""
        for name, places in groupby(sorted(self._unsaved, key=_in_order), key=lambda place: place[0]):
            self._upsert(self._layouts[name].table, [row for place in places if (row := self._rows[place])])
        self._unsaved.clear()

    def _remember(self, shape: Layout, row: Row) -> None:
        place = (shape.table.name, tuple(row[name] for name in shape.key))
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

    def _layout(self, model: Model) -> Layout:
        shape = layout(model)
        self._layouts[shape.table.name] = shape
        return shape


def _fitting(shape: Layout, values: Row) -> Row:
    """The values as the table can hold them. Raises TypeError for a column that it doesn't have."""
    unknown = values.keys() - shape.defaults.keys()
    if unknown:
        raise TypeError(f"{shape.table.name} has no column {', '.join(sorted(unknown))}")
    return {name: _bounded(value) if name in shape.numbers else value for name, value in values.items()}


def _bounded(value: Any) -> Any:
    return value if value is None else max(-BIGINT_MAX, min(int(value), BIGINT_MAX))


def _in_order(place: tuple[str, Key]) -> tuple[str, ...]:
    """The same order everywhere, whatever a key is made of."""
    return (place[0], *map(str, place[1]))


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)
