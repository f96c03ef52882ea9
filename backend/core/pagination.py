"""Lists come in pages; every list can be searched, sorted and exported by the same request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

T = TypeVar("T")
S = TypeVar("S")
MAXIMUM_SIZE = 200
EXPORT_SIZE = 100_000
COUNTED_TO = 100_000
"""Longer lists are told to be longer: to count all of a chain's blocks takes seconds, and nobody pages so far."""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """``sort`` is a field name, with ``-`` in front for descending; ``q`` a text to look for."""

    page: int = 1
    size: int = 25
    sort: str | None = None
    q: str | None = None
    export: bool = False

    @property
    def limit(self) -> int:
        """Rows to read."""
        return EXPORT_SIZE if self.export else max(1, min(self.size, MAXIMUM_SIZE))

    @property
    def offset(self) -> int:
        """Rows to pass over."""
        return 0 if self.export else (max(self.page, 1) - 1) * self.limit


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
    counted = statement.order_by(None).limit(COUNTED_TO + 1).subquery()
    total = session.execute(select(func.count()).select_from(counted)).scalar_one()
    result = session.execute(statement.limit(request.limit).offset(request.offset))
    items = result.scalars().all() if len(statement.column_descriptions) == 1 else result.all()
    page = max(request.page, 1)
    return Page(list(items), min(total, COUNTED_TO), page, request.limit, more=total > COUNTED_TO)
