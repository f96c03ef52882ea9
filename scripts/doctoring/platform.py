"""The platform: database and revisions, the mirror, its comparison with the contracts, the outbox, keys, portals, processes, disk."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlmodel import col, select

from backend.core import vault
from backend.core.clock import SystemClock
from backend.core.context import Actor, Context
from backend.core.db import Session
from backend.core.errors import DomainError
from backend.custody.keys.base import Held
from backend.custody.keys.chosen import KeyStores
from backend.custody.models import Intent, Wallet
from backend.custody.states import OPEN
from backend.migrate import FOLDER
from backend.settings import Settings
from indexer.models import ChainAlarm, ChainCursor, ChainReconciliation
from scripts.doctoring.findings import Finding, bad, good, nothing
from scripts.doctoring.house import House
from scripts.doctoring.nodes import Told

LAG_BLOCKS = 10
LAG_S = 120.0
STUCK = timedelta(minutes=5)
FREE_BYTES = 1024**3
FREE_SHARE = 0.05
CLOCK_S = 2.0


def revisions(engine: Engine) -> Finding:
    """Whether the tables are those of this code."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    wanted = set(ScriptDirectory.from_config(config).get_heads())
    with engine.connect() as connection:
        present = set(MigrationContext.configure(connection).get_current_heads())
    if present == wanted:
        return good("database", f"opens, revision {', '.join(sorted(present))}")
    text = f"revision {', '.join(sorted(present)) or 'none'}, this code wants {', '.join(sorted(wanted))}"
    return bad("database", text, "stop the processes, take a backup, run `python -m backend.migrate`")


def mirror(house: House, cursor: ChainCursor | None, told: list[Told]) -> Finding:
    """How far the indexer is behind the nodes."""
    if cursor is None:
        return bad(
            "indexer",
            "nothing was mirrored yet",
            f"is the indexer running? {house.log_of('indexer')} tells why it stops; start it: {house.start}",
        )
    head = max((one.head for one in told if one.head is not None), default=None)
    lag = max((head if head is not None else cursor.head_seen) - cursor.height, 0)
    if lag > LAG_BLOCKS:
        age = (datetime.now(UTC) - cursor.updated_at).total_seconds()
        text = f"{lag} blocks behind ({cursor.height} of {head or cursor.head_seen}), last written {age:.0f} s ago"
        step = f"is the indexer running? {house.log_of('indexer')} and {house.portal('/audit/integrity')} tell what stopped it; start it: {house.start}"
        return bad("indexer", text, step)
    if cursor.undecoded_logs:
        return good("indexer", f"at {cursor.height}, {lag} behind; {cursor.undecoded_logs} events of other contracts")
    return good("indexer", f"at {cursor.height}, {lag} behind")


def comparison(session: Session, settings: Settings) -> Finding:
    """The last comparison of SQL with the contracts, and alarms after it."""
    last = session.exec(select(ChainReconciliation).order_by(col(ChainReconciliation.at).desc()).limit(1)).first()
    if last is None:
        return bad(
            "reconciliation",
            "SQL was never compared with the contracts",
            "let the indexer catch up, or run `python -m indexer verify`",
        )
    if last.mismatches:
        text = f"{last.mismatches} of {last.compared} values differ at block {last.block_number}"
        return bad(
            "reconciliation",
            text,
            "believe the contracts: `python -m indexer rebuild`, then compare again; page /audit/integrity lists them",
        )
    alarm = session.exec(
        select(ChainAlarm).where(ChainAlarm.at > last.at).order_by(col(ChainAlarm.at).desc()).limit(1)
    ).first()
    if alarm is not None:
        return bad(
            "reconciliation",
            f"alarm of the indexer at block {alarm.block_number}: {alarm.check}",
            "page /audit/integrity tells what was found; the runbooks tell what to do",
        )
    age = (datetime.now(UTC) - last.at).total_seconds()
    pause = settings.reconcile_interval_s
    if pause and age > max(10 * pause, 600):
        return bad("reconciliation", f"the last comparison is {age:.0f} s old", "is the indexer running?")
    return good("reconciliation", f"{last.compared} values agreed at block {last.block_number}")


def outbox(session: Session) -> Finding:
    """Stopped wallets, and calls that wait too long."""
    stopped = list(session.exec(select(Wallet).where(col(Wallet.stopped_reason).is_not(None))))
    if stopped:
        one = stopped[0]
        return bad(
            "outbox",
            f"{len(stopped)} wallets are stopped, e.g. {one.address}: {one.stopped_reason}",
            "find out who used the key, then resume the wallet in the back office",
        )
    before = datetime.now(UTC) - STUCK
    stuck = list(
        session.exec(
            select(Intent.id).where(col(Intent.state).in_(tuple(OPEN)), Intent.created_at < before).limit(1000)
        )
    )
    if stuck:
        return bad(
            "outbox",
            f"{len(stuck)} calls wait for more than five minutes",
            "is the worker running? does the node admit the wallets (`python -m backend.network drift`)?",
        )
    return good("outbox", "nothing waits too long, no wallet is stopped")


def keys(session: Session, settings: Settings) -> Iterator[Finding]:
    """Each key store opens and signs with the right key: the oldest and the newest wallet of each sign a text that is no transaction."""
    ctx = Context(session=session, clock=SystemClock(), actor=Actor.system("doctor"), settings=settings)
    wallets = list(
        session.exec(select(Wallet).where(col(Wallet.retired_at).is_(None)).order_by(col(Wallet.created_at)))
    )
    if not wallets:
        yield nothing("key store", "there is no wallet yet")
        return
    stores = KeyStores(settings)
    for name in sorted({one.store for one in wallets}):
        mine = [one for one in wallets if one.store == name]
        tried = [mine[0], mine[-1]] if len(mine) > 1 else mine
        try:
            held = [(Held(one.address, one.key_ref, one.sealed_key), b"kapital doctor") for one in tried]
            signed = stores.named(name).sign_many(ctx, held)
        except DomainError as error:
            yield bad("key store", f"{name}: {error.message_en}", _key_step(error))
            continue
        wrong = next((one for one in signed if isinstance(one, DomainError)), None)
        if wrong is not None:
            yield bad("key store", f"{name}: {wrong.message_en}", _key_step(wrong))
        else:
            yield good("key store", f"{name}: {len(mine)} keys, the oldest and the newest sign")


def _key_step(error: DomainError) -> str:
    if isinstance(error, vault.VaultError):
        return "give the key-encryption key of this database (KAPITAL_KEK_FILE); after a rotation also KAPITAL_KEK_PREVIOUS_FILE"
    return "is the device or the signer reachable, and is its PIN or address right?"


def portals(house: House) -> Finding:
    """The web process answers, its clock is ours."""
    settings = house.settings
    try:
        answer = httpx.get(f"{settings.public_url}/healthz", timeout=5.0, trust_env=False)
    except httpx.HTTPError as error:
        return bad(
            "portals",
            f"{settings.public_url} gives no answer ({type(error).__name__})",
            f"is the web process running? {house.log_of('web')} tells why it ended; start it: {house.start}",
        )
    if answer.status_code != httpx.codes.OK:
        return bad("portals", f"{settings.public_url} answers {answer.status_code}", f"{house.log_of('web')} tells why")
    stamp = answer.headers.get("date")
    skew = parsedate_to_datetime(stamp).timestamp() - time.time() if stamp else 0.0
    if abs(skew) > CLOCK_S:
        return bad("portals", f"the clock of {settings.public_url} differs by {skew:+.0f} s", "set the clocks by NTP")
    return good("portals", f"{settings.public_url} answers")


def processes(house: House) -> Finding:
    """What the script of the installation started still runs."""
    if not house.pids:
        return nothing("processes", "started by others: not known here")
    dead = [name for name, pid in house.pids.items() if pid is None or not _alive(pid)]
    if dead:
        return bad(
            "processes",
            f"not running: {', '.join(dead)}",
            f"start it again: {house.start}; {house.log_of('NAME')} tells why it ended",
        )
    return good("processes", f"{', '.join(house.pids)} run")


def disk(house: House) -> Iterator[Finding]:
    """Room where the installation writes."""
    places: dict[str, Path] = {"files": house.settings.files_dir}
    url = make_url(house.settings.database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        places["database"] = Path(url.database)
    if house.folder is not None:
        places["installation"] = house.folder
    if house.network is not None:
        places["nodes"] = house.network.folder
    seen: set[int] = set()
    for name, place in places.items():
        present = next(one for one in (place.absolute(), *place.absolute().parents) if one.exists())
        device = present.stat().st_dev
        if device in seen:
            continue
        seen.add(device)
        usage = shutil.disk_usage(present)
        text = f"{usage.free / 1024**3:.1f} GiB free of {usage.total / 1024**3:.0f} ({name})"
        if usage.free < FREE_BYTES or usage.free < FREE_SHARE * usage.total:
            yield bad("disk", text, "free some room before a node or the database stops: docs/runbooks")
        else:
            yield good("disk", text)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
