"""The unit of work: one transaction, opened at the edge, committed there or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON
from sqlmodel import Session

from indexer.db import UtcDateTime

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

__all__ = ["JsonColumn", "Session", "UtcDateTime", "insert_if_absent", "unit_of_work"]

JsonColumn = JSON


@contextmanager
def unit_of_work(engine: Engine) -> Iterator[Session]:
    """Commit when the block ends well, roll back when it raises."""
    with Session(engine, expire_on_commit=False) as session:
        try:
            yield session
            session.commit()
        except BaseException:
            session.rollback()
            raise


def insert_if_absent(session: Session, row: Any, key: Any) -> bool:
    """Add ``row`` unless its primary key ``key`` is taken; True when added."""
    if session.get(type(row), key) is not None:
        return False
    session.add(row)
    session.flush()
    return True
