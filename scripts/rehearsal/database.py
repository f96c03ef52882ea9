"""A consistent copy of the database while others write to it, and the copy put back in another place."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import uuid
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url

ARCHIVE = "kapital.dump"
COPY = "kapital.db"


class BackupFailedError(RuntimeError):
    """A copy could not be made or put back; the message is the program's own."""


@dataclass(frozen=True, slots=True)
class Restored:
    """Address of the restored database; ``drop`` names what must be dropped on the server when the rehearsal ends."""

    url: str
    drop: str | None = None


def back_up(url: str, folder: Path) -> Path:
    """Write the copy into the folder. SQLite: its online backup; PostgreSQL: pg_dump, one snapshot. Raises BackupFailedError."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        target = folder / COPY
        with (
            closing(sqlite3.connect(f"file:{parsed.database}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(target)) as copy,
        ):
            source.backup(copy)
        target.chmod(0o600)
        return target
    target = folder / ARCHIVE
    _run("pg_dump", parsed, "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")
    target.chmod(0o600)
    return target


def restore(copy: Path, folder: Path, url: str) -> Restored:
    """Put the copy back: SQLite into the folder, PostgreSQL into a new database of the same server. Raises BackupFailedError."""
    if copy.name == COPY:
        shutil.copy2(copy, folder / COPY)
        return Restored(f"sqlite:///{folder / COPY}")
    name = f"kapital_rehearsal_{uuid.uuid4().hex[:12]}"
    _on_server(url, f'CREATE DATABASE "{name}"')
    target = make_url(url).set(database=name)
    _run("pg_restore", target, "--no-owner", "--no-privileges", "--exit-on-error", f"--dbname={name}", str(copy))
    return Restored(target.render_as_string(hide_password=False), name)


def drop(restored: Restored) -> None:
    """Remove the rehearsal's database from the server; a file stays with its folder."""
    if restored.drop is not None:
        url = make_url(restored.url).set(database="postgres").render_as_string(hide_password=False)
        _on_server(url, f'DROP DATABASE "{restored.drop}" WITH (FORCE)')


def _on_server(url: str, statement: str) -> None:
    address = make_url(url).set(drivername="postgresql+psycopg")
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def _run(name: str, url: URL, *arguments: str) -> None:
    program = _program(name)
    query = {key: value if isinstance(value, str) else value[0] for key, value in url.query.items()}
    given = {
        "PGHOST": url.host or query.get("host"),
        "PGPORT": str(url.port) if url.port else query.get("port"),
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
    }
    environment = {
        **os.environ,
        **{key: str(value) for key, value in given.items() if value},
    }  # no password on a command line
    done = subprocess.run([program, *arguments], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackupFailedError(f"{name}: {done.stderr.strip()[-2000:]}")


def _program(name: str) -> Path:
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    found = installed[0] if installed else shutil.which(name)
    if found is None:
        raise BackupFailedError(f"{name} is missing; install it with: apt-get install -y postgresql-client")
    return Path(found)
