"""Registers frozen at the end of each month (Moscow), with their SHA-256: what the regulator asks for later is then beyond doubt."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from backend.core.clock import MSK, block_at, to_msk
from backend.core.context import Context
from backend.core.errors import NotFound
from backend.core.ids import new_id
from backend.core.journal import record
from backend.core.permissions import Permission
from backend.reports import repository
from backend.reports.models import RegisterSnapshot
from backend.reports.registers import MAKERS, Period, RegisterKind, Table

FROZEN = (RegisterKind.PARTICIPANTS, RegisterKind.ISSUES, RegisterKind.HOLDERS, RegisterKind.DEALS)


def freeze_month(ctx: Context) -> None:
    """Tick: once the mirror is beyond the end of a month, freeze that month's registers."""
    cursor = repository.cursor(ctx)
    if cursor is None or cursor.height == 0:
        return
    end = to_msk(datetime.fromtimestamp(cursor.timestamp, UTC)).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    first_block = block_at(ctx.session, end.astimezone(UTC))
    last_second = end - timedelta(seconds=1)
    month = last_second.strftime("%Y-%m")
    if first_block is None or first_block.number == 0 or repository.snapshot(ctx, month, FROZEN[-1].value) is not None:
        return
    start = last_second.astimezone(MSK).replace(day=1, hour=0, minute=0, second=0)
    period = Period(start.astimezone(UTC), last_second.astimezone(UTC))
    for kind in FROZEN:
        _freeze(ctx, month, kind, MAKERS[kind](ctx, period))


def snapshots(ctx: Context) -> Sequence[RegisterSnapshot]:
    """Frozen registers, the latest first."""
    ctx.require_any(Permission.REPORT_READ, Permission.REPORT_MAKE)
    return repository.snapshots(ctx)


def snapshot_table(ctx: Context, month: str, kind: str) -> tuple[RegisterSnapshot, Table]:
    """A frozen register."""
    ctx.require_any(Permission.REPORT_READ, Permission.REPORT_MAKE)
    row = repository.snapshot(ctx, month, kind)
    if row is None:
        raise NotFound
    content = json.loads(row.content)
    return row, Table(content["name"], content["titles"], content["rows"])


def _freeze(ctx: Context, month: str, kind: RegisterKind, table: Table) -> None:
    content = {"name": table.name, "month": month, "titles": table.titles, "rows": table.rows}
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    row = RegisterSnapshot(
        id=new_id(),
        month=month,
        kind=kind.value,
        rows=len(table.rows),
        sha256=hashlib.sha256(text).hexdigest(),
        content=text,
        made_at=ctx.now(),
    )
    ctx.session.add(row)
    ctx.session.flush()
    details = {"month": month, "kind": kind.value, "rows": row.rows, "sha256": row.sha256}
    record(ctx, action="reports.register_frozen", entity="register_snapshot", entity_id=row.id, details=details)
