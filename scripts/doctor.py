"""``make doctor``: is a running network and platform in order? Green and red lines, each red one with the next step.

make doctor                                   the installation in var/local (else var/demo), or that of the KAPITAL_… environment
make doctor ARGS="--dir var/pilot"            another folder of `make up` or `make demo`
make doctor ARGS="--json"                     for programs

Nothing is changed. Exit code 0: all is well; 1: something is red; 2: there is nothing to look at.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import select

from backend.core.db import unit_of_work
from backend.core.errors import DomainError
from indexer.db import create_database_engine
from indexer.models import ChainCursor
from scripts.doctoring import nodes, platform
from scripts.doctoring.findings import Finding, as_json, as_text, bad, ill
from scripts.doctoring.house import House, NoInstallationError, open_house

FOLDERS = (Path("var/local"), Path("var/demo"))


def examine(house: House) -> Iterator[Finding]:
    """Every finding, in the order in which a person would look."""
    engine = create_database_engine(house.settings.database_url)
    try:
        yield from _with_database(house, engine)
    except SQLAlchemyError as error:
        step = "does KAPITAL_DATABASE_URL name the database, and does it run?"
        yield bad("database", f"can't be read: {str(error).splitlines()[0]}", step)
        findings, _ = nodes.look(house, None)
        yield from findings
    finally:
        engine.dispose()
    yield platform.portals(house)
    yield platform.processes(house)
    yield from platform.disk(house)


def _with_database(house: House, engine: Engine) -> Iterator[Finding]:
    revision = platform.revisions(engine)
    with unit_of_work(engine, write=False) as session:
        cursor = session.exec(select(ChainCursor)).first()
        found = [revision]
        findings, told = nodes.look(house, cursor)
        found += findings
        found += nodes.lists(house, session, told)
        found.append(platform.mirror(house, cursor, told))
        found.append(platform.comparison(session, house.settings))
        found.append(platform.outbox(session))
        found += platform.keys(session, house.settings)
    yield from found


def folder_of(chosen: Path | None) -> Path | None:
    """The folder that was named, else the environment's installation (None), else one of the usual folders."""
    if chosen is not None:
        return chosen.resolve()
    if "KAPITAL_DATABASE_URL" in os.environ:
        return None
    return next((one.resolve() for one in FOLDERS if (one / "kek.hex").exists()), FOLDERS[0].resolve())


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="make doctor", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dir", type=Path, help="folder of the installation")
    parser.add_argument("--network", type=Path, help="folder of the Besu network (make network)")
    parser.add_argument("--json", action="store_true", help="machine-readable")
    options = parser.parse_args(arguments)
    try:
        network = options.network.resolve() if options.network else None
        house = open_house(folder_of(options.dir), network)
    except (NoInstallationError, DomainError) as error:
        print(error.message_en if isinstance(error, DomainError) else error, file=sys.stderr)
        return 2
    except ValidationError as error:
        print("\n".join(f"{one['loc']}: {one['msg']}" for one in error.errors()), file=sys.stderr)
        return 2
    findings = list(examine(house))
    print(as_json(findings) if options.json else as_text(findings, colour=sys.stdout.isatty()))
    return 1 if ill(findings) else 0


if __name__ == "__main__":
    sys.exit(main())
