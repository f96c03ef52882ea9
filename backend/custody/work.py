"""What the sender reads and writes: plain columns, many rows a statement, and the fence in front of every write.

A write goes through :func:`owned` first: it locks the wallets and tells which of them this worker still has, so a worker that was overtaken
writes nothing. Wallets are locked before intents, and in the order of their addresses, everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, case, func, or_, select, update
from sqlmodel import col

from backend.core.context import Context
from backend.core.db import Session
from backend.core.events import emit
from backend.core.journal import record
from backend.custody.models import Intent, Wallet
from backend.custody.states import IN_FLIGHT, IntentState

LEASE = timedelta(seconds=15)
RESEND_AFTER = timedelta(seconds=6)
"""Three blocks of the network: what a full pool holds waits longer than one."""
MINED_RESEND_AFTER = timedelta(seconds=10)
LOOK_BACK_PART = 5
"""A round looks after one in so many of what it may take up that was mined and isn't mirrored."""
CLOCK_FAULT = timedelta(seconds=5)
"""How far the clocks of two workers may differ. A lease that ends later than any can is of a wrong clock and binds nobody."""
_VALUES = 500
_TABLE = Intent.__table__  # type: ignore[attr-defined]  # SQLModel doesn't declare it
_WALLETS = Wallet.__table__  # type: ignore[attr-defined]  # the same


def wall() -> datetime:
    """The computer's time, for leases and waits. It may jump: the fence, not the clock, keeps two workers apart."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Work:
    """An intent in the sender's hands."""

    id: str
    wallet: str
    state: IntentState
    contract: str
    function: str
    address: str
    data: str
    nonce: int | None
    gas: int | None
    raw: str | None
    tx_hash: str | None
    cancel_raw: str | None
    cancel_hash: str | None
    shown_hash: str | None
    sends: int
    sent_at: datetime | None

    @property
    def bytes_to_send(self) -> str | None:
        """The cancel where there is one, else the call."""
        return self.cancel_raw or self.raw

    @property
    def hashes(self) -> list[str]:
        """Every hash that was ever signed under this number."""
        return [one for one in (self.tx_hash, self.cancel_hash) if one is not None]


_COLUMNS = [col(getattr(Intent, name)) for name in Work.__slots__]


@dataclass(slots=True)
class Lease:
    """A wallet that this worker has: its fence, and the number that comes next."""

    fence: int
    next_nonce: int


@dataclass(slots=True)
class Claim:
    """What a round works on."""

    leases: dict[str, Lease]
    items: list[Work]
    fresh: set[str] = field(default_factory=set)
    """Intents that were given their number in this round, just after the node was asked for the wallet's count."""

    def of(self, *states: IntentState) -> list[Work]:
        """Items in these states, as they stand now."""
        return [item for item in self.items if item.state in states]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is taken up and is on its way at once (``KAPITAL_SENDER_…``)."""

    window: int = 100
    in_flight: int = 2500
    batch: int = 500


def claim(ctx: Context, worker: str, limits: Limits, held: Iterable[str], *, look_back: bool = True) -> Claim:
    """Lease wallets that have something to do and list it: what is on its way first, then new calls in the order of their acceptance.

    What was MINED long ago and isn't mirrored is looked after when there is nothing else to do, or with ``look_back``: a mirror that is
    behind must not slow down what is new.
    """
    now = wall()
    session = ctx.session
    counted = select(col(Intent.wallet), func.count()).where(_in_flight()).group_by(col(Intent.wallet))
    on_way: dict[str, int] = dict(_rows(session, counted))
    items = _listed(session, _mine(worker, now), _due(now), limits.batch)
    room = min(limits.batch, limits.in_flight - sum(on_way.values()))
    if room > 0:
        full = {wallet for wallet, count in on_way.items() if count >= limits.window}
        closed = full | set(held)
        new = and_(col(Intent.state) == IntentState.ACCEPTED, col(Intent.wallet).not_in(closed))
        items += _within_windows(_listed(session, _mine(worker, now), new, room), on_way, limits.window)
    if look_back or not items:
        part = -(-limits.batch // LOOK_BACK_PART)
        items = _listed(session, _mine(worker, now), _mined_long_ago(now), part, col(Intent.updated_at)) + items
    leases = _lease(session, worker, now, {item.wallet for item in items}) if items else {}
    return Claim(leases, [item for item in items if item.wallet in leases])


def owned(session: Session, worker: str, leases: Mapping[str, Lease]) -> dict[str, int]:
    """Next numbers of the wallets that are still this worker's, locked until the transaction ends."""
    found: dict[str, int] = {}
    for part in _parts(sorted(leases)):
        statement = (
            select(col(Wallet.address), col(Wallet.fence), col(Wallet.next_nonce))
            .where(
                col(Wallet.address).in_(part), col(Wallet.lease_owner) == worker, col(Wallet.stopped_reason).is_(None)
            )
            .order_by(col(Wallet.address))
            .with_for_update()
        )
        found.update(
            (address, nonce) for address, fence, nonce in _rows(session, statement) if leases[address].fence == fence
        )
    return found


def still(session: Session, items: Sequence[Work], *states: IntentState) -> set[str]:
    """Which of the intents are in these states in the database, locked until the transaction ends."""
    found: set[str] = set()
    for part in _parts([item.id for item in items]):
        statement = select(col(Intent.id)).where(col(Intent.id).in_(part), col(Intent.state).in_(states))
        found.update(one for (one,) in _rows(session, statement.order_by(col(Intent.id)).with_for_update()))
    return found


def write(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Update intents by id; every row has the same columns beside ``id``. What is the same in all of them goes in one statement."""
    if not rows:
        return
    same = {name: value for name, value in rows[0].items() if all(row[name] == value for row in rows)}
    same.pop("id", None)
    if same:
        for part in _parts([row["id"] for row in rows]):
            session.connection().execute(update(_TABLE).where(_TABLE.c.id.in_(part)).values(same))
    names = [name for name in rows[0] if name not in same and name != "id"]
    if names:
        bound: dict[str, Any] = {name: bindparam(f"b_{name}") for name in names}
        statement = update(_TABLE).where(_TABLE.c.id == bindparam("b_id")).values(bound)
        session.connection().execute(statement, [{f"b_{name}": row[name] for name in (*names, "id")} for row in rows])


def write_next_nonces(session: Session, nonces: Mapping[str, int]) -> None:
    """Store the next number of each wallet."""
    statement = (
        update(_WALLETS).where(_WALLETS.c.address == bindparam("b_wallet")).values(next_nonce=bindparam("b_next"))
    )
    session.connection().execute(
        statement, [{"b_wallet": wallet, "b_next": number} for wallet, number in nonces.items()]
    )


def write_mined(session: Session, number: int, mined: Sequence[str]) -> int:
    """Mark what a node says a block holds; how many of the hashes were ours and waiting."""
    waiting: list[str] = []
    for part in _parts(sorted(mined)):
        statement = select(col(Intent.id)).where(
            col(Intent.tx_hash).in_(part), col(Intent.state).in_((IntentState.SIGNED, IntentState.SENT))
        )
        waiting += [one for (one,) in _rows(session, statement.order_by(col(Intent.id)).with_for_update())]
    now = wall()
    state = {"state": IntentState.MINED, "block_number": number, "updated_at": now, "mined_at": now}
    write(session, [{"id": one, **state} for one in waiting])
    return len(waiting)


def release(session: Session, worker: str) -> None:
    """Give back every wallet of a worker that ends."""
    session.connection().execute(update(_WALLETS).where(_WALLETS.c.lease_owner == worker).values(lease_owner=None))


def stop(ctx: Context, address: str, reason: str, details: dict[str, Any]) -> None:
    """Nothing more is signed or sent for a wallet until a person has looked: journal, event and page say so."""
    wallet = ctx.session.get_one(Wallet, address)
    if wallet.stopped_reason is not None:
        return
    wallet.stopped_reason, wallet.stopped_at = reason, wall()
    ctx.session.add(wallet)
    record(
        ctx, action="custody.wallet.stopped", entity="wallet", entity_id=address, details={"reason": reason, **details}
    )
    emit(ctx, "custody.wallet.stopped", payload={"wallet": address})


# --- queries ---------------------------------------------------------------------------------------------------------


def _in_flight() -> ColumnElement[bool]:
    return col(Intent.state).in_(tuple(IN_FLIGHT))


def _due(now: datetime) -> ColumnElement[bool]:
    """On its way and waiting for us, or not heard of for a while."""
    return or_(
        col(Intent.state).in_((IntentState.NONCE_GIVEN, IntentState.SIGNED)),
        and_(col(Intent.state) == IntentState.SENT, _long_ago(col(Intent.updated_at), now, RESEND_AFTER)),
    )


def _mined_long_ago(now: datetime) -> ColumnElement[bool]:
    return and_(col(Intent.state) == IntentState.MINED, _long_ago(col(Intent.updated_at), now, MINED_RESEND_AFTER))


def _mine(worker: str, now: datetime) -> ColumnElement[bool]:
    over = or_(col(Wallet.lease_until) < now, col(Wallet.lease_until) > now + LEASE + CLOCK_FAULT)
    free = or_(col(Wallet.lease_owner).is_(None), col(Wallet.lease_owner) == worker, over)
    return and_(col(Wallet.stopped_reason).is_(None), free)


def _long_ago(moment: Any, now: datetime, wait: timedelta) -> ColumnElement[bool]:
    # A moment ahead of the clock was written by a clock that was wrong, before or now: it must not hold anything up.
    return or_(moment < now - wait, moment > now + CLOCK_FAULT)


def _listed(
    session: Session, mine: ColumnElement[bool], wanted: ColumnElement[bool], limit: int, first: Any = None
) -> list[Work]:
    """The first by ``first``; numbers of a wallet are given in the order of acceptance, so that order serves the others."""
    statement = select(*_COLUMNS).join(Wallet, col(Wallet.address) == col(Intent.wallet)).where(mine, wanted)
    order = col(Intent.created_at) if first is None else first
    return [Work(*row) for row in _rows(session, statement.order_by(order, col(Intent.id)).limit(limit))]


def _within_windows(items: list[Work], on_way: Mapping[str, int], window: int) -> list[Work]:
    counts = dict(on_way)
    taken: list[Work] = []
    for item in items:
        counts[item.wallet] = counts.get(item.wallet, 0) + 1
        if counts[item.wallet] <= window:
            taken.append(item)
    return taken


def _lease(session: Session, worker: str, now: datetime, addresses: set[str]) -> dict[str, Lease]:
    leases: dict[str, Lease] = {}
    for part in _parts(sorted(addresses)):
        statement = select(col(Wallet.address), col(Wallet.lease_owner), col(Wallet.fence), col(Wallet.next_nonce))
        statement = statement.where(col(Wallet.address).in_(part), _mine(worker, now)).order_by(col(Wallet.address))
        for address, owner, fence, nonce in _rows(session, statement.with_for_update(skip_locked=True, of=Wallet)):
            leases[address] = Lease(fence if owner == worker else fence + 1, nonce)
    for part in _parts(sorted(leases)):
        values = {"lease_owner": worker, "lease_until": now + LEASE, "fence": _fence_for(worker)}
        session.connection().execute(update(_WALLETS).where(_WALLETS.c.address.in_(part)).values(values))
    return leases


def _fence_for(worker: str) -> ColumnElement[int]:
    """The fence goes up with every change of hands."""
    return case((_WALLETS.c.lease_owner == worker, _WALLETS.c.fence), else_=_WALLETS.c.fence + 1)


def _rows(session: Session, statement: Any) -> Iterator[Any]:
    return iter(session.connection().execute(statement))


def _parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    return (values[start : start + _VALUES] for start in range(0, len(values), _VALUES))
