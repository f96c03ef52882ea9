"""Rows of derived tables while blocks are applied: read once, changed in memory, written together.

What a block changed goes into the running digest in the order in which the block first touched it, so the digest depends neither on the
size of chunks nor on the database. Numbers that a stranger may put into an event (a price, a rate) are cut to 63 bits here; the exact
value stays in the log.

Rows stay in memory from one transaction to the next (`rebind`): there is one writer, and it forgets everything when a transaction fails.
"""

import hashlib
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Integer, Table, and_, select
from sqlmodel import Session, SQLModel

from indexer.canonical import json_bytes
from indexer.chain.errors import ProofFailed
from indexer.models import ChainIssue
from indexer.models.fields import BIGINT_MAX
from indexer.sync.bulk import insert_rows, upsert_rows
from indexer.sync.facts import Fact, Row

Model = type[SQLModel]
Key = tuple[Any, ...]

MAX_KEPT = 20_000
"""Rows kept in memory between transactions, some 30 MiB; more are forgotten together and read again when wanted."""
SMALL_TABLE = 2_000
"""A table of no more rows is read as a whole when the first of them is wanted: one question instead of one for each row."""


@dataclass(frozen=True)
class Layout:
    """What is asked of a table for every row, looked up once: its columns' defaults, which are numbers, and its key.

    ``history``: the key is the place of an event (or a block), so a row is new, is written once and never asked for again.
    """

    table: Table
    defaults: Row
    numbers: tuple[str, ...]
    key: tuple[str, ...]
    history: bool


@cache
def layout(model: Model) -> Layout:
    """Layout of a derived table; a column without a default begins as None."""
    table: Table = model.__table__  # type: ignore[attr-defined]  # SQLModel sets it
    fields, names = model.model_fields, [column.name for column in table.columns]
    defaults = {name: None if fields[name].is_required() else fields[name].get_default() for name in names}
    numbers = tuple(column.name for column in table.columns if isinstance(column.type, BigInteger | Integer))
    key = tuple(column.name for column in table.primary_key)
    return Layout(table, defaults, numbers, key, history="log_index" in key or key == ("block_number",))


@dataclass
class Pages:
    """What is known of one table: rows as they are now, and which of them the database doesn't have yet.

    ``whole``: a key that isn't among the rows isn't in the table either; None when nothing was asked of it yet.
    """

    shape: Layout
    whole: bool | None = None
    rows: dict[Key, Row | None] = field(default_factory=dict)
    unsaved: dict[Key, Row] = field(default_factory=dict)


class Store:
    """The derived tables; within one database transaction at a time."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._pages: dict[Model, Pages] = {}
        self._in_block: dict[tuple[str, Key], Row] = {}
        self._issue_ids: dict[str, str] = {}

    def rebind(self, session: Session) -> None:
        """Go on in the next transaction, which must have been begun after the last one was committed."""
        self._session = session

    def find(self, model: Model, *key: Any) -> Row | None:
        """The row with that primary key, None when there is none. Don't change it; use `put` or `change`."""
        pages = self._of(model)
        if pages.whole is None:
            self._look_over(pages)
        if key in pages.rows:
            return pages.rows[key]
        if pages.whole:
            return None
        table = pages.shape.table
        wanted = and_(*(column == value for column, value in zip(table.primary_key, key, strict=True)))
        row = self._session.connection().execute(select(table).where(wanted)).mappings().one_or_none()
        pages.rows[key] = dict(row) if row is not None else None
        return pages.rows[key]

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
        pages = self._of(model)
        self._remember(pages, {**pages.shape.defaults, **values}, len(pages.shape.defaults))

    def change(self, model: Model, fact: Fact, key: Key, **values: Any) -> Row:
        """Change columns of a row that must exist; returns the row."""
        before = self.get(model, fact, *key)
        row = {**before, **values}
        self._remember(self._of(model), row, len(before))
        return row

    def select(self, model: Model, **equals: Any) -> list[Row]:
        """All rows with these values, pending changes included, in the order of their keys."""
        self._save(self._of(model))
        table = self._of(model).shape.table
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
        """End a block: its changes become part of the digest, and the next block's list begins."""
        # columns in the order of the table, objects within a column by name
        rows = [[name, *row.values()] for (name, _), row in self._in_block.items()]
        self._in_block.clear()
        state = hashlib.sha256(bytes.fromhex(digest[2:] + block_hash[2:]))
        state.update(json_bytes(rows, by_name=True))
        return "0x" + state.hexdigest()

    def outside_digest(self, model: Model, **values: Any) -> None:
        """`put` a row that speaks of the digest itself and so can't be part of it; between blocks."""
        self.put(model, **values)
        self._in_block.clear()

    def flush(self) -> None:
        """Write everything that has changed since the last flush."""
        for pages in self._pages.values():
            self._save(pages)
        if sum(len(pages.rows) for pages in self._pages.values()) > MAX_KEPT:
            for pages in self._pages.values():
                pages.rows.clear()
                pages.whole = False

    def _look_over(self, pages: Pages) -> None:
        """Read a small table as a whole. What is in memory already is newer."""
        shape = pages.shape
        if shape.history:
            pages.whole = False
            return
        few = select(shape.table).limit(SMALL_TABLE + 1)
        found = self._session.connection().execute(few).mappings().all()
        pages.whole = len(found) <= SMALL_TABLE
        if pages.whole:
            stored = {tuple([row[name] for name in shape.key]): dict(row) for row in found}
            pages.rows = {**stored, **pages.rows}

    def _save(self, pages: Pages) -> None:
        if pages.unsaved:
            write = insert_rows if pages.shape.history else upsert_rows
            write(self._session.connection(), pages.shape.table, list(pages.unsaved.values()))
            pages.unsaved.clear()

    def _remember(self, pages: Pages, row: Row, width: int) -> None:
        shape = pages.shape
        if len(row) != width:
            unknown = row.keys() - shape.defaults.keys()
            raise TypeError(f"{shape.table.name} has no column {', '.join(sorted(unknown))}")
        for name in shape.numbers:
            value = row[name]
            if value is None or (value.__class__ is int and -BIGINT_MAX <= value <= BIGINT_MAX):
                continue
            row[name] = max(-BIGINT_MAX, min(int(value), BIGINT_MAX))
        key = tuple([row[name] for name in shape.key])
        pages.unsaved[key] = self._in_block[shape.table.name, key] = row
        if not shape.history:
            pages.rows[key] = row

    def _of(self, model: Model) -> Pages:
        pages = self._pages.get(model)
        if pages is None:
            pages = self._pages[model] = Pages(layout(model))
        return pages
