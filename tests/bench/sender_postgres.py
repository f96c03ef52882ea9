"""The sender's benchmark on a PostgreSQL server of its own, every commit durable: ``make bench-sender POSTGRES=1``."""

from __future__ import annotations

import sys
import tempfile
from contextlib import closing
from pathlib import Path

from scripts import bench_sender
from tests.factories.postgres import new_database, run_cluster, server_programs

if __name__ == "__main__":
    programs = server_programs()
    if programs is None:
        raise SystemExit("no PostgreSQL server on this machine: apt-get install postgresql")
    with (
        tempfile.TemporaryDirectory(prefix="kapital-bench-") as folder,
        closing(run_cluster(programs, Path(folder), "-c shared_buffers=256MB")) as cluster,
        closing(new_database(next(cluster))) as database,
    ):
        sys.exit(bench_sender.main(["--database-url", next(database), *sys.argv[1:]]))
