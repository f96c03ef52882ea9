"""What every page of the explorer needs: names, the block that a reader asks for, safe numbers from the address."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Annotated

from fastapi import Query

from backend.audit import service as audit
from backend.core.clock import MSK
from backend.core.context import Context
from backend.core.errors import Invalid
from backend.web.portals.audit.words import Names
from indexer.models import ChainLog

Block = Annotated[str | None, Query(max_length=20)]
Moment = Annotated[str | None, Query(max_length=32)]
Text = Annotated[str | None, Query(max_length=100)]


def names_for(ctx: Context, addresses: Collection[str]) -> Names:
    """Names of addresses, and of every issue of the register."""
    issues = {
        row.issue.issue_id: (row.issue.asset, row.number or row.issue.symbol) for row in audit.tokens(ctx)
    }  # fmt: skip
    return Names(audit.names_of(ctx, addresses), issues)


def addresses_in(logs: Collection[ChainLog]) -> set[str]:
    """Addresses that events mention, and the contracts that sent them."""
    found = {log.address for log in logs}
    for log in logs:
        found |= {one for one in _texts(log.args) if len(one) == len("0x") + 40 and one.startswith("0x")}
    return found


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for one in value.values() for text in _texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    return []


def chosen_block(ctx: Context, block: str | None, at: str | None) -> int | None:
    """The block that a reader asks for by number, or by a moment in Moscow time; None for the last one."""
    if at:
        return audit.block_at(ctx, moment_of(at))
    return number_of(block, "block")


def number_of(text: str | None, field: str) -> int | None:
    """A block number as typed; raises Invalid for anything else."""
    if not text or not text.strip():
        return None
    plain = text.strip().replace("\u00a0", "").replace(" ", "")
    if not plain.isdigit() or len(plain) > 18:
        raise Invalid("Нужен номер блока.", "A block number is needed.", field=field)
    return int(plain)


def moment_of(text: str) -> datetime:
    """A moment as the browser's field gives it, Moscow time; a day alone means its end."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid("Нужны дата и время.", "Date and time are needed.", field="at") from error
    if len(text) == len("2026-01-01"):
        found = found.replace(hour=23, minute=59, second=59)
    return found if found.tzinfo else found.replace(tzinfo=MSK)
