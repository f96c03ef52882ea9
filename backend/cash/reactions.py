"""What follows when the chain has answered."""

from __future__ import annotations

from collections.abc import Callable

from backend.cash import deposits, withdrawals
from backend.core.context import Context
from backend.custody.models import Intent

REACTIONS: dict[str, Callable[[Context, Intent], None]] = {
    deposits.CREDIT_REF: deposits.on_credited,
    withdrawals.REQUEST_REF: withdrawals.on_requested,
    withdrawals.CONFIRM_REF: withdrawals.on_confirmed,
    withdrawals.CANCEL_REF: withdrawals.on_cancelled,
}
TICKS: list[Callable[[Context], None]] = []
