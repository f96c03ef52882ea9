"""Lists come in pages; every list can be searched, sorted and had as a file by the same request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

T = TypeVar("T")
S = TypeVar("S")
FileKind = Literal["csv", "xlsx"]
MAXIMUM_SIZE = 200
FILE_SIZE = 100_000
"""Rows of a file; a longer list gives the first of them and says so in its last line."""
COUNTED_TO = 100_000
"""Longer lists are told to be longer: to count all of a chain's blocks takes seconds, and nobody pages so far."""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """``sort`` is a field name, with ``-`` in front for descending; ``q`` a text to look for; ``file``: as a file of that kind, without pages."""

    page: int = 1
    size: int = 25
    sort: str | None = None
    q: str | None = None
    file: FileKind | None = None
    whole: bool = False
    """Every row, however many: for what is reckoned from the list."""

    @property
    def limit(self) -> int | None:
        """Rows to read; None for all."""
        if self.whole:
            return None
        return FILE_SIZE if self.file else max(1, min(self.size, MAXIMUM_SIZE))

    @property
    def offset(self) -> int:
        """Rows to pass over."""
        return 0 if self.file or self.limit is None else (max(self.page, 1) - 1) * self.limit

    def of(self, found: Sequence[T]) -> Page[T]:
        """The page of a list that is in hand whole."""
        end = None if self.limit is None else self.offset + self.limit
        size = len(found) if self.limit is None else self.limit
        return Page(found[self.offset : end], len(found), max(self.page, 1), size)


EVERYTHING = PageRequest(whole=True)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list and how long the whole is; ``more``: longer than the ``total`` that was counted."""

    items: Sequence[T]
    total: int
    page: int = 1
    size: int = 25
    more: bool = False

    @property
    def pages(self) -> int:
        """Number of pages, at least one."""
        return max(1, -(-self.total // max(self.size, 1)))

    def of(self, items: Sequence[S]) -> Page[S]:
        """The same page of what its items were turned into."""
        return Page(items, self.total, self.page, self.size, self.more)


def ordered(statement: Select[Any], request: PageRequest, columns: dict[str, Any], default: str) -> Select[Any]:
    """Sort by an allowed column; an unknown name falls back to the default."""
    wanted = request.sort or default
    name = wanted.lstrip("-")
    if name not in columns:
        wanted, name = default, default.lstrip("-")
    column = columns[name]
    return statement.order_by(column.desc() if wanted.startswith("-") else column.asc())


def paginate(session: Session, statement: Select[Any], request: PageRequest) -> Page[Any]:
    """Run the statement for one page; the items are scalars when one entity is selected, rows otherwise."""
    result = session.execute(statement.limit(request.limit).offset(request.offset))
    items = list(result.scalars() if len(statement.column_descriptions) == 1 else result)
    if request.limit is None:
        return request.of(items)
    counted = statement.order_by(None).limit(COUNTED_TO + 1).subquery()
    total = session.execute(select(func.count()).select_from(counted)).scalar_one()
    return Page(items, min(total, COUNTED_TO), max(request.page, 1), request.limit, more=total > COUNTED_TO)
