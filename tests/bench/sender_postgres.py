"""The sender's benchmark on a PostgreSQL server of its own, every commit durable: ``make bench-sender POSTGRES=1``."""

from __future__ import annotations

import sys

from scripts import bench_sender
from tests.bench.postgres import own_database

if __name__ == "__main__":
    with own_database("-c shared_buffers=256MB") as database_url:
        sys.exit(bench_sender.main(["--database-url", database_url, *sys.argv[1:]]))
