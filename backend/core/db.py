"""The unit of work: one transaction, opened at the edge, committed there or not at all."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from sqlalchemy import JSON
from sqlmodel import Session

from indexer.db import UtcDateTime, session_scope

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

__all__ = ["JsonColumn", "Session", "UtcDateTime", "unit_of_work"]

JsonColumn = JSON


def unit_of_work(engine: Engine, *, write: bool = True) -> AbstractContextManager[Session]:
    """Commit when the block ends well, roll back when it raises. ``write=False`` reads one snapshot and takes no lock."""
    return session_scope(engine, write=write)
