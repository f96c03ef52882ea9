"""A PostgreSQL server of a benchmark's own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.factories.postgres import new_database, run_cluster, server_programs


@contextmanager
def own_database(options: str) -> Iterator[str]:
    """Address of an empty database on a server started with these options, gone afterwards; ends the program when none is installed."""
    programs = server_programs()
    if programs is None:
        raise SystemExit("no PostgreSQL server on this machine: apt-get install postgresql")
    with (
        tempfile.TemporaryDirectory(prefix="kapital-bench-") as folder,
        closing(run_cluster(programs, Path(folder), options)) as cluster,
        closing(new_database(next(cluster))) as database,
    ):
        yield next(database)
