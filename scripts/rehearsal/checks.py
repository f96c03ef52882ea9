"""Is the restored installation the one that was backed up? Digests, comparison with the contracts, proofs, sealed data, documents."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from backend.core import vault
from backend.core.db import unit_of_work
from backend.settings import Settings
from indexer.db import create_database_engine
from indexer.models import ChainBlockDigest, ChainCursor
from scripts.stack.home import ROOT


@dataclass(frozen=True, slots=True)
class Outcome:
    """One check: what was looked at, whether it is as it must be, and what was found."""

    name: str
    good: bool
    told: str


@dataclass(frozen=True, slots=True)
class Mirror:
    """How far a database has read the chain."""

    height: int
    hash: str
    timestamp: int
    digest: str


def mirror_of(url: str) -> Mirror:
    """The cursor of a database."""
    engine = create_database_engine(url)
    try:
        with unit_of_work(engine, write=False) as session:
            row = session.execute(select(ChainCursor)).scalar_one()
            return Mirror(row.height, row.hash, row.timestamp, row.digest)
    finally:
        engine.dispose()


def digest_at(url: str, height: int) -> str | None:
    """Running digest of a database after a block."""
    engine = create_database_engine(url)
    try:
        with unit_of_work(engine, write=False) as session:
            found = session.get(ChainBlockDigest, height)
            return found.digest if found else None
    finally:
        engine.dispose()


def same_digest(running_url: str, restored_url: str) -> Outcome:
    """The restored database and the running one agree on everything up to the block of the backup."""
    found = mirror_of(restored_url)
    wanted = digest_at(running_url, found.height)
    return Outcome("digest", wanted == found.digest, f"block {found.height}: {found.digest}, running: {wanted}")


def by_indexer(environment: dict[str, str]) -> Iterator[Outcome]:
    """SQL against the contracts, every stored block proved again and against the node, derived rows derived again."""
    for name, arguments in (("contracts", ["verify"]), ("proofs", ["verify", "--from", "0"]), ("rebuild", ["rebuild"])):
        command = [sys.executable, "-m", "indexer", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
        )
        last = (done.stdout.strip() or done.stderr.strip()).splitlines()[-1:] or ["it said nothing"]
        yield Outcome(name, done.returncode == 0, last[0])


def keys_open(url: str, kek_file: Path) -> Outcome:
    """The restored key-encryption key is the one that every sealed data key is wrapped by."""
    settings = Settings(database_url=url, kek_file=kek_file)
    present = vault.kek_id(vault.load_kek(settings))
    engine = create_database_engine(url)
    try:
        with unit_of_work(engine, write=False) as session:
            counts = vault.wrapped_by(session)
    finally:
        engine.dispose()
    return Outcome("keys", set(counts) <= {present}, f"{sum(counts.values())} data keys wrapped by {present}")


def same_files(source: Path, restored: Path) -> Outcome:
    """Every document of the backup is whole; those that came after it aren't counted."""
    names = [one.relative_to(restored) for one in restored.rglob("*") if one.is_file()]
    broken = [
        str(name) for name in names if (source / name).exists() and _digest(source / name) != _digest(restored / name)
    ]
    return Outcome(
        "documents", not broken, f"{len(names)} files" + (f", broken: {', '.join(broken)}" if broken else "")
    )


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
