"""Rows of permissioning."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, or_, update
from sqlmodel import col, select

from backend.core.context import Context
from backend.core.ids import new_id
from backend.core.pagination import Page, PageRequest, ordered, paginate
from backend.custody.models import Intent, Wallet
from backend.custody.states import IntentState
from backend.network.models import (
    NetworkAlarm,
    NetworkChange,
    NetworkCheck,
    NetworkDelivery,
    NetworkEntry,
    NetworkJob,
    NetworkNodeState,
    NetworkRepair,
)
from backend.network.states import LIVE, Action, AlarmKind, ChangeState, DeliveryState, Kind
from indexer.models import ChainCursor

PART = 500
WAITING = (DeliveryState.PENDING, DeliveryState.FAILED)


def wall() -> datetime:
    """The computer's time."""
    return datetime.now(UTC)


def parts(values: Iterable[str]) -> Iterator[Sequence[str]]:
    """Pieces that fit into one statement."""
    listed = sorted(values)
    return (listed[start : start + PART] for start in range(0, len(listed), PART))


def height(ctx: Context) -> int:
    """How far the mirror is; -1 before the first block."""
    found = ctx.session.exec(select(ChainCursor.height)).first()
    return -1 if found is None else found


# --- job -------------------------------------------------------------------------------------------------------------


def job(ctx: Context, *, locked: bool = False) -> NetworkJob | None:
    """The row of the jobs."""
    statement = select(NetworkJob).where(NetworkJob.id == 1)
    return ctx.session.exec(statement.with_for_update() if locked else statement).first()


def take_lease(ctx: Context, owner: str, lasts: timedelta) -> bool:
    """Whether this worker may work now; the lease of one that died ends by itself."""
    row = job(ctx, locked=True)
    now = wall()
    if row is None or (row.owner not in (None, owner) and row.until is not None and now < row.until < now + 2 * lasts):
        return False
    row.owner, row.until = owner, now + lasts
    ctx.session.add(row)
    return True


# --- lists -----------------------------------------------------------------------------------------------------------


def entry(ctx: Context, kind: Kind, value: str) -> NetworkEntry | None:
    """One entry, locked until the transaction ends."""
    rows = NetworkEntry
    return ctx.session.exec(select(rows).where(rows.kind == kind, rows.value == value).with_for_update()).first()


def entries(ctx: Context, kind: Kind, request: PageRequest, *, wanted: bool | None = True) -> Page[NetworkEntry]:
    """Entries of a kind; ``q`` looks in value and purpose."""
    statement = select(NetworkEntry).where(NetworkEntry.kind == kind)
    if wanted is not None:
        statement = statement.where(col(NetworkEntry.wanted).is_(wanted))
    if request.q:
        text = request.q.strip()
        found = or_(col(NetworkEntry.value).contains(text.lower()), col(NetworkEntry.label).contains(text))
        statement = statement.where(found)
    columns = {"since": col(NetworkEntry.since), "value": col(NetworkEntry.value), "label": col(NetworkEntry.label)}
    return paginate(ctx.session, ordered(statement, request, columns, "-since"), request)


def wanted_values(ctx: Context, kind: Kind) -> list[str]:
    """Everything of a kind that the nodes shall have."""
    statement = select(NetworkEntry.value).where(NetworkEntry.kind == kind, col(NetworkEntry.wanted).is_(True))
    return list(ctx.session.exec(statement))


def count(ctx: Context, kind: Kind) -> int:
    """How many entries of a kind are wanted."""
    statement = select(func.count()).select_from(NetworkEntry)
    return ctx.session.exec(statement.where(NetworkEntry.kind == kind, col(NetworkEntry.wanted).is_(True))).one()


def new_wallets(ctx: Context, limit: int | None) -> list[Wallet]:
    """Wallets that no list has ever named, the oldest first."""
    named = select(NetworkEntry.value).where(
        NetworkEntry.kind == Kind.ACCOUNT, NetworkEntry.value == col(Wallet.address)
    )
    statement = select(Wallet).where(~named.exists(), col(Wallet.retired_at).is_(None))
    statement = statement.order_by(col(Wallet.created_at), col(Wallet.address))
    return list(ctx.session.exec(statement if limit is None else statement.limit(limit)))


def wallet(ctx: Context, address: str) -> Wallet | None:
    """The wallet of an address, when custody has its key."""
    return ctx.session.get(Wallet, address)


def retired_wallets(ctx: Context) -> list[Wallet]:
    """Wallets that were replaced or given up and are still admitted."""
    statement = (
        select(Wallet)
        .join(NetworkEntry, col(NetworkEntry.value) == col(Wallet.address))
        .where(NetworkEntry.kind == Kind.ACCOUNT, col(NetworkEntry.wanted).is_(True))
        .where(col(Wallet.retired_at).is_not(None))
    )
    return list(ctx.session.exec(statement.order_by(col(Wallet.retired_at))))


def waiting_wallets(ctx: Context, limit: int) -> set[str]:
    """Wallets with a new call that the nodes don't admit yet."""
    admitted = select(NetworkEntry.value).where(
        NetworkEntry.kind == Kind.ACCOUNT,
        NetworkEntry.value == col(Intent.wallet),
        col(NetworkEntry.wanted).is_(True),
        col(NetworkEntry.effective_at).is_not(None),
    )
    statement = select(Intent.wallet).where(Intent.state == IntentState.ACCEPTED, ~admitted.exists()).distinct()
    return set(ctx.session.exec(statement.limit(limit)))


# --- changes ---------------------------------------------------------------------------------------------------------


def change(ctx: Context, change_id: str, *, locked: bool = False) -> NetworkChange | None:
    """One change."""
    statement = select(NetworkChange).where(NetworkChange.id == change_id)
    return ctx.session.exec(statement.with_for_update() if locked else statement).first()


def changes(
    ctx: Context, request: PageRequest, *, kind: Kind | None = None, unfinished: bool = False
) -> Page[NetworkChange]:
    """History, the latest first; ``q`` looks in value, purpose and reason."""
    statement = select(NetworkChange)
    if kind is not None:
        statement = statement.where(NetworkChange.kind == kind)
    if unfinished:
        statement = statement.where(col(NetworkChange.state).in_((ChangeState.PROPOSED, *LIVE)))
    if request.q:
        text = request.q.strip()
        columns = (col(NetworkChange.value), col(NetworkChange.label), col(NetworkChange.reason))
        statement = statement.where(or_(*(one.contains(text) for one in columns)))
    columns_by_name = {"at": col(NetworkChange.requested_at), "value": col(NetworkChange.value)}
    return paginate(ctx.session, ordered(statement, request, columns_by_name, "-at"), request)


def open_changes(ctx: Context, kind: Kind, value: str, *states: ChangeState) -> list[NetworkChange]:
    """Changes of an entry in these states."""
    rows = NetworkChange
    statement = select(rows).where(rows.kind == kind, rows.value == value, col(rows.state).in_(states))
    return list(ctx.session.exec(statement.with_for_update()))


def live_ids(ctx: Context, *, votes: bool) -> list[str]:
    """Changes on their way: votes on validators, or those of the lists."""
    of_kind = col(NetworkChange.kind) == Kind.VALIDATOR if votes else col(NetworkChange.kind) != Kind.VALIDATOR
    return list(ctx.session.exec(select(NetworkChange.id).where(col(NetworkChange.state).in_(tuple(LIVE)), of_kind)))


def changes_of_accounts(ctx: Context, accounts: Collection[str]) -> list[NetworkChange]:
    """History of accounts, the oldest first; a change that was superseded counted as long as it stood."""
    found: list[NetworkChange] = []
    for part in parts(accounts):
        rows = NetworkChange
        statement = select(rows).where(rows.kind == Kind.ACCOUNT, col(rows.value).in_(part))
        found += ctx.session.exec(statement.order_by(col(rows.requested_at), col(rows.id)))
    return found


# --- deliveries ------------------------------------------------------------------------------------------------------


def deliveries(ctx: Context, change_ids: Iterable[str]) -> list[NetworkDelivery]:
    """Rows of changes, by node."""
    found: list[NetworkDelivery] = []
    for part in parts(change_ids):
        statement = select(NetworkDelivery).where(col(NetworkDelivery.change_id).in_(part))
        found += ctx.session.exec(statement.order_by(col(NetworkDelivery.node)))
    return found


def add_deliveries(ctx: Context, change_ids: Iterable[str], nodes: Iterable[str]) -> None:
    """Rows that are missing."""
    wanted = list(change_ids)
    present = {(one.change_id, one.node) for one in deliveries(ctx, wanted)}
    now = wall()
    fresh = {"state": DeliveryState.PENDING, "attempts": 0, "next_at": now, "updated_at": now}
    rows = [{"change_id": one, "node": node, **fresh} for one in wanted for node in nodes if (one, node) not in present]
    if rows:
        ctx.session.flush()
        ctx.session.connection().execute(insert(NetworkDelivery), rows)


def due(ctx: Context, node: str, limit: int) -> list[tuple[str, Kind, Action, str]]:
    """Changes of lists that a node shall be told now: change, kind, action, value; the earliest wanted first."""
    rows, told = NetworkChange, NetworkDelivery
    statement = (
        select(rows.id, rows.kind, rows.action, rows.value)
        .join(told, col(told.change_id) == col(rows.id))
        .where(told.node == node, col(told.state).in_(WAITING), told.next_at <= wall())
        .where(rows.state == ChangeState.OPEN, rows.kind != Kind.VALIDATOR)
        .order_by(col(rows.requested_at), col(rows.id))
    )
    return [
        (one, Kind(kind), Action(action), value)
        for one, kind, action, value in ctx.session.exec(statement.limit(limit))
    ]


def undelivered(ctx: Context, node: str) -> set[tuple[Kind, str]]:
    """Entries that a node is still to be told: no drift yet."""
    rows, told = NetworkChange, NetworkDelivery
    statement = (
        select(rows.kind, rows.value)
        .join(told, col(told.change_id) == col(rows.id))
        .where(told.node == node, col(told.state).in_(WAITING), rows.state == ChangeState.OPEN)
    )
    return {(Kind(kind), value) for kind, value in ctx.session.exec(statement)}


def write_delivery(ctx: Context, change_id: str, node: str, **values: Any) -> None:
    """Columns of one row; an attempt is counted."""
    table = NetworkDelivery
    statement = update(table).where(col(table.change_id) == change_id, col(table.node) == node)
    ctx.session.connection().execute(statement.values(attempts=col(table.attempts) + 1, updated_at=wall(), **values))


def delivery_counts(ctx: Context) -> list[tuple[str, DeliveryState, int]]:
    """Rows of changes on their way: node, state, how many."""
    rows, told = NetworkChange, NetworkDelivery
    statement = (
        select(told.node, told.state, func.count())
        .join(rows, col(told.change_id) == col(rows.id))
        .where(col(rows.state).in_(tuple(LIVE)))
        .group_by(col(told.node), col(told.state))
    )
    return [(node, DeliveryState(state), many) for node, state, many in ctx.session.exec(statement)]


# --- comparisons -----------------------------------------------------------------------------------------------------


def node_states(ctx: Context) -> dict[str, NetworkNodeState]:
    """What the last comparison found, by node."""
    return {one.node: one for one in ctx.session.exec(select(NetworkNodeState))}


def last_check(ctx: Context) -> NetworkCheck | None:
    """The latest outcome."""
    return ctx.session.exec(select(NetworkCheck).order_by(col(NetworkCheck.at).desc()).limit(1)).first()


def checks(ctx: Context, limit: int = 20) -> list[NetworkCheck]:
    """Outcomes, the latest first."""
    return list(ctx.session.exec(select(NetworkCheck).order_by(col(NetworkCheck.at).desc()).limit(limit)))


def repairs(ctx: Context, *, waiting: bool, limit: int = 20) -> list[NetworkRepair]:
    """Repairs: those to be done now, or the latest."""
    statement = select(NetworkRepair)
    if waiting:
        statement = statement.where(col(NetworkRepair.state).in_(WAITING), NetworkRepair.next_at <= wall())
        return list(ctx.session.exec(statement.order_by(col(NetworkRepair.requested_at)).limit(limit)))
    return list(ctx.session.exec(statement.order_by(col(NetworkRepair.requested_at).desc()).limit(limit)))


def repair_waiting(ctx: Context, node: str) -> NetworkRepair | None:
    """A repair of the node that isn't done."""
    statement = select(NetworkRepair).where(NetworkRepair.node == node, col(NetworkRepair.state).in_(WAITING))
    return ctx.session.exec(statement).first()


# --- alarms ----------------------------------------------------------------------------------------------------------


def alarms(ctx: Context, *, open_only: bool = False, limit: int = 100) -> list[NetworkAlarm]:
    """Alarms, the latest first."""
    statement = select(NetworkAlarm)
    if open_only:
        statement = statement.where(col(NetworkAlarm.closed_at).is_(None))
    return list(ctx.session.exec(statement.order_by(col(NetworkAlarm.raised_at).desc()).limit(limit)))


def open_alarm(ctx: Context, kind: AlarmKind, subject: str) -> NetworkAlarm | None:
    """The open alarm of a subject."""
    rows = NetworkAlarm
    statement = select(rows).where(rows.kind == kind, rows.subject == subject, col(rows.closed_at).is_(None))
    return ctx.session.exec(statement).first()


def alarm_of(ctx: Context, kind: AlarmKind, subject: str) -> NetworkAlarm | None:
    """The latest alarm of a subject, open or closed."""
    rows = NetworkAlarm
    statement = select(rows).where(rows.kind == kind, rows.subject == subject).order_by(col(rows.raised_at).desc())
    return ctx.session.exec(statement.limit(1)).first()


def add_alarm(ctx: Context, kind: AlarmKind, subject: str, **values: Any) -> NetworkAlarm:
    """A new alarm."""
    row = NetworkAlarm(id=new_id(), kind=kind, subject=subject, raised_at=wall(), **values)
    ctx.session.add(row)
    ctx.session.flush()
    return row


def alarm_counts(ctx: Context) -> dict[AlarmKind, int]:
    """Open alarms by kind."""
    statement = select(NetworkAlarm.kind, func.count()).where(col(NetworkAlarm.closed_at).is_(None))
    return {AlarmKind(kind): many for kind, many in ctx.session.exec(statement.group_by(col(NetworkAlarm.kind)))}


def foreign_senders(ctx: Context) -> int:
    """How many transactions of senders outside the list were ever found."""
    statement = select(func.count()).select_from(NetworkAlarm)
    return ctx.session.exec(statement.where(NetworkAlarm.kind == AlarmKind.FOREIGN_SENDER)).one()
