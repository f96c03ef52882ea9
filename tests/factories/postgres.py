"""A private PostgreSQL cluster for a test session: a temporary folder, a unix socket, no port.

`pg_url` is its address (of an empty database), `database_url` runs a test once on SQLite and once on PostgreSQL, each time on an
empty database of its own. Without the server programs a test is skipped with the command that installs them; with CI=true it fails.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

USER = "kapital"
INSTALL = "PostgreSQL's server programs are missing; install them with: apt-get install -y postgresql"


@pytest.fixture(scope="session")
def pg_url() -> Iterator[str]:
    """Address of a cluster that lives as long as the test session."""
    programs = server_programs()
    if programs is None:
        if os.environ.get("CI") == "true":
            pytest.fail(INSTALL)
        pytest.skip(INSTALL)
    folder = Path(tempfile.mkdtemp(prefix="kpt-pg-", dir="/tmp"))
    try:
        yield from run_cluster(programs, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Address of an empty database: SQLite, then PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'kapital.db'}"
        return
    yield from new_database(request.getfixturevalue("pg_url"))


def new_database(pg_url: str) -> Iterator[str]:
    """Make an empty database in the cluster and drop it at the end."""
    name = f"t{uuid.uuid4().hex[:12]}"
    admin = create_engine(pg_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(pg_url).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


def server_programs() -> Path | None:
    """Folder of initdb and pg_ctl, None when they are not installed."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    found = shutil.which("initdb")
    return Path(found).parent if found and shutil.which("pg_ctl") else None


QUICK = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"
"""For tests: nothing has to outlive the machine."""


def run_cluster(programs: Path, folder: Path, options: str = QUICK) -> Iterator[str]:
    """Start a cluster in a folder, yield its address, stop it."""
    step_down = as_postgres(folder)
    data = folder / "data"
    initdb = [
        str(programs / "initdb"),
        "-D",
        str(data),
        "-U",
        USER,
        "--auth=trust",
        "--no-sync",
        "-E",
        "UTF8",
        "--locale=C",
    ]
    start = [
        str(programs / "pg_ctl"),
        "-D",
        str(data),
        "-w",
        "-o",
        f"-k {folder} -h '' -c max_connections=60 {options}",
        "-l",
        str(folder / "log"),
    ]
    run([*step_down, *initdb], folder)
    run([*step_down, *start, "start"], folder)
    try:
        yield f"postgresql+psycopg://{USER}@/postgres?host={folder}"
    finally:
        run([*step_down, str(programs / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop"], folder)


def run(command: list[str], folder: Path) -> None:
    """Run a program of the server; its words become the failure's message. Its server keeps no pipe of ours open."""
    with (folder / "output").open("w+") as output:
        done = subprocess.run(command, cwd=folder, stdout=output, stderr=output, check=False, timeout=60)
        if done.returncode:
            output.seek(0)
            raise RuntimeError(f"{command[-1]}: {output.read()}")


def as_postgres(folder: Path) -> list[str]:
    """The server refuses to run as root: step down to its own user, who then owns the folder."""
    if os.geteuid() != 0:
        return []
    user = pwd.getpwnam("postgres")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]
