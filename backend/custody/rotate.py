"""``python -m backend.custody.rotate``: wrap every data key by the new key-encryption key, while everything runs.

1. Put the new key where ``KAPITAL_KEK_FILE`` points and the old one where ``KAPITAL_KEK_PREVIOUS_FILE`` points; restart web and worker one
   after the other: both keys open, the new one wraps what is sealed from now on.
2. Run this command. It goes bundle by bundle, each in a transaction of its own, may be stopped at any moment and run again.
3. When it says that nothing is left, take ``KAPITAL_KEK_PREVIOUS_FILE`` away.

``--check`` only tells by which keys the data keys are wrapped. Exit code 1: something is left, with the reason and the owner on the screen.
"""

from __future__ import annotations

import argparse
import sys

from sqlalchemy import Engine

from backend.core import vault
from backend.core.clock import clock_of
from backend.core.context import Actor, Context
from backend.core.db import unit_of_work
from backend.core.journal import record
from backend.settings import Settings, get_settings
from indexer.db import create_database_engine


def rotate(engine: Engine, settings: Settings, *, bundle: int = 200) -> tuple[int, list[str]]:
    """How many data keys were wrapped anew, and the owners of those that don't open."""
    done, broken, after = 0, list[str](), ""
    while True:
        with unit_of_work(engine) as session:
            wrapped = vault.rewrap_some(session, settings, after=after, limit=bundle)
            done, broken, after = done + wrapped.count, broken + wrapped.broken, wrapped.last
            if not wrapped.last:
                break
    if done:
        with unit_of_work(engine) as session:
            ctx = Context(session, clock_of(settings.clock), Actor.system("rotation"), settings)
            name = vault.kek_id(vault.load_kek(settings))
            details = {"wrapped": done, "broken": len(broken)}
            record(ctx, action="custody.kek.rotated", entity="kek", entity_id=name, details=details)
    return done, broken


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m backend.custody.rotate", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--check", action="store_true", help="only tell by which keys the data keys are wrapped")
    asked = parser.parse_args(arguments)
    settings = get_settings()
    engine = create_database_engine(settings.database_url)
    try:
        done, broken = (0, []) if asked.check else rotate(engine, settings)
        with unit_of_work(engine, write=False) as session:
            counts = vault.wrapped_by(session)
    except vault.VaultError as error:
        sys.stderr.write(f"{error.message_en}\n")
        return 1
    finally:
        engine.dispose()
    present = vault.kek_id(vault.load_kek(settings))
    sys.stdout.write(f"wrapped anew: {done}\n")
    for name, count in sorted(counts.items()):
        sys.stdout.write(f"{name}{' (present)' if name == present else ''}: {count}\n")
    for owner in broken:
        sys.stderr.write(f"does not open, left as it is: {owner}\n")
    return int(bool(broken) or set(counts) - {present} != set())


if __name__ == "__main__":
    sys.exit(main())
