"""Every mirrored block searched for senders that were not wanted at that block.

Besu's account list is local: it is asked when a node takes a transaction and when it builds a block, never when it checks the block of
another. A validator with another list can bring any sender in, and only the blocks show it. A sender counts as wanted at a block when it was
admitted at a lower height and not removed before the block's time. Wallets wait until nodes admit them, so nobody is early.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlmodel import col, select

from backend.core.context import Context
from backend.core.errors import NotFound
from backend.core.events import emit
from backend.core.journal import record
from backend.core.permissions import Permission
from backend.network import lists, repository
from backend.network.models import NetworkAlarm, NetworkChange
from backend.network.states import Action, AlarmKind
from indexer.models import ChainBlock, ChainTransaction

BLOCKS_AT_ONCE = 500


def look(ctx: Context) -> int:
    """The next blocks after those that were looked at; the number of alarms raised."""
    job = repository.job(ctx, locked=True)
    height = repository.height(ctx)
    if job is None or job.looked_up_to >= height:
        return 0
    last = min(height, job.looked_up_to + BLOCKS_AT_ONCE)
    found = _transactions(ctx, job.looked_up_to, last)
    history = _history(ctx, {sender for _, _, _, sender in found})
    raised = 0
    for number, at, tx_hash, sender in found:
        if not wanted_at(history.get(sender, ()), number, at):
            raised += _raise(ctx, number, tx_hash, sender)
    job.looked_up_to = last
    ctx.session.add(job)
    ctx.session.flush()
    return raised


def wanted_at(history: Sequence[NetworkChange], number: int, at: datetime) -> bool:
    """Whether a sender was wanted at a block, by the changes of its entry from the oldest on."""
    wanted = False
    for change in history:
        if change.action == Action.ADD and change.after_block < number:
            wanted = True
        elif change.action == Action.REMOVE and change.requested_at <= at:
            wanted = False
    return wanted


def acknowledge(ctx: Context, alarm_id: str, reason: str) -> NetworkAlarm:
    """A person has looked at a foreign sender; why it may be closed stands in the journal."""
    ctx.require(Permission.NETWORK_MANAGE)
    ctx.require_step_up()
    alarm = ctx.session.get(NetworkAlarm, alarm_id)
    if alarm is None or alarm.kind != AlarmKind.FOREIGN_SENDER:
        raise NotFound
    why = lists.checked_reason(reason)
    if alarm.closed_at is None:
        alarm.closed_at, alarm.closed_by = repository.wall(), ctx.actor.author
        ctx.session.add(alarm)
        details = {"tx": alarm.subject, "sender": alarm.sender, "reason": why}
        record(ctx, action="network.alarm.closed", entity="network", entity_id=alarm.id, details=details)
    return alarm


def _transactions(ctx: Context, after: int, last: int) -> list[tuple[int, datetime, str, str]]:
    rows = ChainTransaction
    statement = (
        select(rows.block_number, rows.at, rows.hash, rows.sender)
        .where(rows.block_number > after, rows.block_number <= last)
        .order_by(col(rows.block_number), col(rows.tx_index))
    )
    return list(ctx.session.exec(statement).all())


def _history(ctx: Context, senders: Iterable[str]) -> dict[str, list[NetworkChange]]:
    found: dict[str, list[NetworkChange]] = {}
    for one in repository.changes_of_accounts(ctx, set(senders)):
        found.setdefault(one.value, []).append(one)
    return found


def _raise(ctx: Context, number: int, tx_hash: str, sender: str) -> int:
    if repository.alarm_of(ctx, AlarmKind.FOREIGN_SENDER, tx_hash) is not None:
        return 0
    block_hash = ctx.session.exec(select(ChainBlock.hash).where(ChainBlock.number == number)).one()
    alarm = repository.add_alarm(
        ctx, AlarmKind.FOREIGN_SENDER, tx_hash, block_number=number, block_hash=block_hash, sender=sender
    )
    details = {"block": number, "block_hash": block_hash, "tx": tx_hash, "sender": sender}
    record(ctx, action="network.alarm.raised", entity="network", entity_id=alarm.id, details=details)
    emit(ctx, "network.alarm", payload={"kind": AlarmKind.FOREIGN_SENDER.value, "subject": tx_hash, "block": number})
    return 1
