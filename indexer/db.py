"""Engines and sessions: SQLite (WAL) as the embedded default, PostgreSQL through psycopg 3 in production.

A write transaction takes SQLite's write lock at its BEGIN (``BEGIN IMMEDIATE``): two writers queue up instead of failing at
their first statement with a stale snapshot. Nothing is built at import; one process makes one engine and hands it around.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, DateTime, Dialect, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.types import TypeDecorator
from sqlmodel import Session, SQLModel

__all__ = [
    "NAMING_CONVENTION",
    "Session",
    "UtcDateTime",
    "create_database_engine",
    "is_sqlite",
    "metadata",
    "session_scope",
]

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""Names of constraints, fixed so that a migration can drop what another one made, on both databases."""

metadata = SQLModel.metadata
metadata.naming_convention = NAMING_CONVENTION

_WRITE_OPTION = "kapital_write"
_BUSY_TIMEOUT_MS = 20_000


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC time in Python, ``timestamptz`` in PostgreSQL, UTC text in SQLite.

    Raises ValueError for a naive time: nobody can say which moment it means.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Check and convert a time on its way into the database."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone can't be stored: {value!r}")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give a time back as aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def is_sqlite(bind: Engine | Connection) -> bool:
    """Whether the embedded database is in use."""
    return bind.dialect.name == "sqlite"


def create_database_engine(database_url: str, *, pool_size: int = 10) -> Engine:
    """Build the engine for an address; makes the folder of a SQLite file. The caller disposes of it.

    Errors name the statement without its values, so that a log of one holds no personal data.
    """
    url = _with_driver(make_url(database_url))
    if url.get_backend_name() != "sqlite":
        return create_engine(url, hide_parameters=True, pool_pre_ping=True, pool_size=pool_size, max_overflow=pool_size)
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": _BUSY_TIMEOUT_MS / 1000})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


@contextmanager
def session_scope(engine: Engine, *, write: bool = True) -> Iterator[Session]:
    """One session, one transaction: begins with the first statement, commits at the end of the block, rolls back on an error.

    ``write=False`` is for reading only: SQLite then takes no write lock and sees one consistent snapshot.
    """
    bound = engine.execution_options(**{_WRITE_OPTION: write})
    with Session(bound, expire_on_commit=False) as session, session.begin():
        yield session


def _with_driver(url: URL) -> URL:
    return url.set(drivername="postgresql+psycopg") if url.drivername in ("postgresql", "postgres") else url


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late; _begin_sqlite sends it
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", f"busy_timeout={_BUSY_TIMEOUT_MS}", "foreign_keys=ON", "synchronous=FULL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get(_WRITE_OPTION, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
