"""Read what became of what was sent: the node's word for the window (MINED), the verified mirror for the verdict."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlmodel import col

from backend.custody import refusals, work
from backend.custody.models import Intent
from backend.custody.node import NodeDownError, NodeRefusedError
from backend.custody.states import IntentState
from indexer.models import ChainCursor, ChainTransaction

if TYPE_CHECKING:
    from backend.core.context import Context
    from backend.custody.outbox import NodeLike, Unit

_WAITING = (IntentState.SIGNED, IntentState.SENT, IntentState.MINED)
_AT_ONCE = 1000
_BLOCKS = 50


class Settler:
    """Final states come from the mirror alone. ``_seen`` is the last block of the node that was looked at."""

    def __init__(self, unit: Unit, node: NodeLike, *, reading: Unit | None = None) -> None:
        self._unit = unit
        self._reading = reading or unit
        self._node = node
        self._seen: int | None = None

    def settle(self) -> int:
        """Move what the mirror shows to CONFIRMED, REVERTED, or FAILED where the cancel was mined instead."""
        with self._reading() as ctx:
            found = _mirrored(ctx)
            cancelled = _cancelled(ctx)
        if not found and not cancelled:
            return 0
        now = work.wall()
        done = [_confirmed(row, now) for row in found if row.status == 1]
        reverted = [_reverted(row, self._why(row), now) for row in found if row.status != 1]
        moved = {"updated_at": now, "settled_at": now}
        given_up = [{"id": one, **_GIVEN_UP, "block_number": block, **moved} for one, block in cancelled]
        with self._unit() as ctx:
            work.write(ctx.session, done)
            work.write(ctx.session, reverted)
            work.write(ctx.session, given_up)
        return len(found) + len(cancelled)

    def watch(self) -> None:
        """Look from here on: called before anything is sent, so that no block with it is passed over."""
        if self._seen is None:
            self._seen = self._node.block_number()

    def note_mined(self) -> int:
        """Mark what the node's new blocks hold, so that the wallets' windows move without waiting for the mirror."""
        with self._reading() as ctx:
            waits = ctx.session.connection().execute(select(func.count()).where(_sent())).scalar_one()
            mirrored = ctx.session.connection().execute(select(ChainCursor.height)).scalar()  # type: ignore[call-overload]  # a column
        if not waits:
            self._seen = None
            return 0
        head = self._node.block_number()
        if self._seen is None or self._seen > head:
            self._seen = min(head, mirrored if mirrored is not None else head)
        moves = 0
        for number in range(self._seen + 1, min(head, self._seen + _BLOCKS) + 1):
            mined = self._node.mined(number)
            if mined:
                with self._unit() as ctx:
                    moves += work.write_mined(ctx.session, number, mined)
            self._seen = number
        return moves

    def _why(self, row: Any) -> str | None:
        """Revert data: of the mirror, else of the same call run again on the block before."""
        if row.revert_data:
            return str(row.revert_data)
        try:
            block = hex(max(row.block_number - 1, 0))
            self._node.simulate(sender=row.wallet, to=row.address, data=row.data, block=block)
        except NodeRefusedError as refused:
            return refused.data
        except NodeDownError:
            return None
        return None


_GIVEN_UP = {
    "state": IntentState.FAILED,
    "error_code": "Cancelled",
    "error_ru": "Операция отменена оператором до исполнения.",
    "error_en": "The operator cancelled the operation before it was carried out.",
}


def _sent() -> Any:
    return col(Intent.state).in_((IntentState.SIGNED, IntentState.SENT))


def _mirrored(ctx: Context) -> list[Any]:
    statement = (
        select(
            col(Intent.id),
            col(Intent.wallet),
            col(Intent.address),
            col(Intent.data),
            col(ChainTransaction.block_number),
            col(ChainTransaction.status),
            col(ChainTransaction.revert_data),
        )
        .join(ChainTransaction, col(ChainTransaction.hash) == col(Intent.tx_hash))
        .where(col(Intent.state).in_(_WAITING))
        .limit(_AT_ONCE)
    )
    return list(ctx.session.connection().execute(statement))


def _cancelled(ctx: Context) -> list[tuple[str, int]]:
    statement = (
        select(col(Intent.id), col(ChainTransaction.block_number))
        .join(ChainTransaction, col(ChainTransaction.hash) == col(Intent.cancel_hash))
        .where(col(Intent.state).in_((IntentState.NONCE_GIVEN, *_WAITING)))
        .limit(_AT_ONCE)
    )
    return [(one, block) for one, block in ctx.session.connection().execute(statement)]


def _confirmed(row: Any, now: datetime) -> dict[str, Any]:
    moved = {"state": IntentState.CONFIRMED, "updated_at": now, "settled_at": now}
    return {"id": row.id, **moved, "block_number": row.block_number, "mined_ok": True}


def _reverted(row: Any, data: str | None, now: datetime) -> dict[str, Any]:
    refusal = refusals.explain(data)
    words = {"error_code": refusal.code, "error_ru": refusal.ru, "error_en": refusal.en}
    moved = {"state": IntentState.REVERTED, "updated_at": now, "settled_at": now}
    return {"id": row.id, **moved, "block_number": row.block_number, "mined_ok": False, **words}
